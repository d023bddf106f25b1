"""Promises about digits on forms: whatever lines are around it, a single written digit is read."""

from collections.abc import Callable

import handwriting
import numpy as np
import pytest
from conftest import png
from PIL import Image, ImageDraw

from net.forms import MOST_PARTS, digit_on_form
from net.recognizer import Recognizer

WIDTH, HEIGHT = 900, 360
INK = "#20242c"


def written(page: Image.Image, digit: int, left: float, top: float, side: float, seed: int = 0) -> None:
    """Write ``digit`` on ``page`` in a square of ``side`` pixels."""
    mask = handwriting.render(handwriting.by_hand(digit, seed), round(side), 0.08, "black", "#0000").getchannel("A")
    page.paste(Image.new("RGB", mask.size, "#1c2c70"), (round(left), round(top)), mask)


def lines(page: Image.Image, across: list[float], down: list[float], width: int = 4) -> None:
    """Draw horizontal lines at ``across`` and vertical lines at ``down``, as a grid."""
    pencil = ImageDraw.Draw(page)
    for y in across:
        pencil.line([(down[0], y), (down[-1], y)], INK, width)
    for x in down:
        pencil.line([(x, across[0]), (x, across[-1])], INK, width)


def row_of_boxes(page: Image.Image, digits: list[int], seed: int) -> None:
    down = [40 + 117 * step for step in range(8)]
    lines(page, [110, 250], down, 6)
    for place, digit in enumerate(digits, digits[0] % 4 if digits else 0):
        written(page, digit, down[place] + 4, 122, 116, seed)


def table(page: Image.Image, digits: list[int], seed: int) -> None:
    across, down = [15, 95, 175, 255, 335], [30, 240, 450, 660, 870]
    lines(page, across, down)
    for place, digit in enumerate(digits):
        written(page, digit, down[digit % 4] + 65, across[(digit + seed + place) % 4] + 3, 76, seed)


def comb(page: Image.Image, digits: list[int], seed: int) -> None:
    pencil = ImageDraw.Draw(page)
    pencil.line([(30, 250), (870, 250)], INK, 4)
    for tooth in range(8):
        pencil.line([(30 + 120 * tooth, 205), (30 + 120 * tooth, 250)], INK, 4)
    for place, digit in enumerate(digits, digits[0] % 6 if digits else 0):
        written(page, digit, 35 + 120 * place, 137, 110, seed)


def dotted_line(page: Image.Image, digits: list[int], seed: int) -> None:
    pencil = ImageDraw.Draw(page)
    pencil.text((30, 225), "Quantity", INK, font_size=30)
    for dot in range(190, 880, 11):
        pencil.ellipse((dot, 252, dot + 4, 256), INK)
    for place, digit in enumerate(digits):
        written(page, digit, 400 + 30 * seed + 130 * place, 110, 150, seed)


def label_and_box(page: Image.Image, digits: list[int], seed: int) -> None:
    ImageDraw.Draw(page).text((30, 165), "How many children?", INK, font_size=30)
    lines(page, [110, 250], [620, 620 + 140 * max(1, len(digits))], 4)
    for place, digit in enumerate(digits):
        written(page, digit, 635 + 120 * place, 120, 115 - 5 * seed, seed)


FORMS = [row_of_boxes, table, comb, dotted_line, label_and_box]
Form = Callable[[Image.Image, list[int], int], None]


def filled_in(form: Form, digits: list[int], seed: int = 0) -> bytes:
    """A picture of ``form`` with ``digits`` written on it."""
    page = Image.new("RGB", (WIDTH, HEIGHT), "#f4f2ea")
    form(page, digits, seed)
    return png(page)


@pytest.mark.parametrize("form", FORMS)
def test_the_digit_on_a_form_is_read(recognizer: Recognizer, form: Form):
    read = {
        (digit, seed): recognizer.recognize(filled_in(form, [digit], seed)) for digit in range(10) for seed in range(2)
    }
    assert not [written for written, prediction in read.items() if prediction.digit != written[0]]
    assert len([written for written, prediction in read.items() if not prediction.certain]) <= 2


@pytest.mark.parametrize("form", FORMS)
def test_of_two_digits_on_a_form_none_is_certain(recognizer: Recognizer, form: Form):
    pairs = [(digit, (digit + 3) % 10) for digit in range(10)]
    assert not [pair for pair in pairs if recognizer.recognize(filled_in(form, list(pair))).certain]


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_nobody_has_written_on_is_no_certain_digit(recognizer: Recognizer, form: Form):
    assert not recognizer.recognize(filled_in(form, [])).certain


@pytest.mark.parametrize("far", [2, 3, 8, 12])
def test_a_pattern_of_thousands_of_dots_is_no_form_for_each_is_compared_with_all(far: int):
    dots = np.zeros((390, 799), bool)
    dots[4:-4:far, 4:-4:far] = True
    assert dots.sum() > MOST_PARTS
    assert digit_on_form(dots) is None
    dots[:, 200:] = False
    dots[100:300, 300:420] = dots[320, 20:780] = True
    dots[:, :200] = False
    assert digit_on_form(dots) is not None
