"""What the shipped weights read, and what they are uncertain of: generated pictures, read as the server reads them."""

import itertools
import math
import random
from collections.abc import Callable, Iterable
from functools import partial
from io import BytesIO

import handwriting
import hard_pictures
import lines
import no_digits
import numpy as np
import pen_digits
import pytest
import schools
from conftest import png
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from net.decoding import decode
from net.errors import BlankImageError
from net.fitting import WIDENED
from net.ink import PARTS_LEFT_OUT
from net.recognizer import Look, Recognizer, prepare, with_stretched
from net.strokes import draw as drawn_as_mnist


@pytest.mark.parametrize("habit", schools.HABITS)
def test_the_habits_of_other_schools_are_read(recognizer: Recognizer, habit: str):
    digit, _ = schools.HABITS[habit]
    predictions = [recognizer.recognize(png(schools.drawing(habit, seed))) for seed in range(60)]
    read = [prediction.digit for prediction in predictions]
    assert read.count(digit) >= 0.95 * len(read), read
    assert sum(prediction.certain for prediction in predictions) >= 0.9 * len(predictions)


@pytest.mark.parametrize("line", lines.LINES)
def test_dashed_dotted_and_hollow_digits_are_read_or_doubted(recognizer: Recognizer, line: str):
    drawn = [
        (digit, recognizer.recognize(png(lines.drawing(line, digit, seed)))) for digit in range(10) for seed in range(6)
    ]
    assert sum(prediction.digit == digit for digit, prediction in drawn) >= 0.8 * len(drawn)
    assert [digit for digit, prediction in drawn if prediction.certain and prediction.digit != digit] == []


@pytest.mark.parametrize("hardship", hard_pictures.HARDSHIPS)
def test_hurried_photographs_are_read(recognizer: Recognizer, hardship: str):
    wrong = [
        (digit, seed)
        for digit in range(10)
        for seed in range(1 if hardship == "huge" else 3)
        if recognizer.recognize(hard_pictures.photograph(digit, hardship, seed)).digit != digit
    ]
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize(
    ("hardship", "seeds"),
    [
        ("glare", range(15, 20)),
        ("blinds", (18, 21, 39)),
        ("leaves", (2, 3, 7)),
        ("sticky-note", (17, 31, 33, 35)),
        ("cardboard", (21, 23, 25, 29)),
    ],
)
def test_neither_light_nor_paper_hides_a_digit(recognizer: Recognizer, hardship: str, seeds: Iterable[int]):
    wrong = [
        (digit, seed)
        for digit in range(10)
        for seed in seeds
        if recognizer.recognize(hard_pictures.photograph(digit, hardship, seed)).digit != digit
    ]
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize(("digit", "seed"), [(1, 5006), (7, 5012), (0, 5055), (7, 5047)])
def test_a_stain_across_a_digit_is_told_by_its_faintness(recognizer: Recognizer, digit: int, seed: int):
    assert recognizer.recognize(hard_pictures.photograph(digit, "stain", seed)).digit == digit


def test_soft_edges_of_a_small_scan_that_was_enlarged_are_its_ink(recognizer: Recognizer):
    for digit in range(10):
        for seed in range(12):
            drawn = handwriting.render(handwriting.by_hand(digit, seed), 60, 0.1).convert("L")
            small = drawn.resize((12, 12), Image.Resampling.BOX)
            prediction = recognizer.recognize(png(small.resize((240, 240), Image.Resampling.BICUBIC)))
            assert (prediction.digit, set(prediction.preparation)) == (digit, set()), seed


def test_a_small_bright_pad_on_a_dark_screen_is_no_glare(recognizer: Recognizer):
    noise = np.random.default_rng(0).normal(0, 3, (360, 420))
    wrong = []
    for digit in range(10):
        screen = Image.new("L", (420, 360), 60)
        screen.paste(250, (60, 60, 222, 222))
        screen.paste(handwriting.render(handwriting.by_hand(digit), 129).convert("L"), (76, 76))
        photographed = (np.asarray(screen) + noise).clip(0, 255).astype(np.uint8)
        if recognizer.recognize(png(Image.fromarray(photographed))).digit != digit:
            wrong.append(digit)
    assert wrong == []


def test_a_digit_that_touches_a_line_of_a_calendar_is_read(recognizer: Recognizer):
    wrong = [digit for digit in range(10) if recognizer.recognize(png(in_calendar(digit))).digit != digit]
    assert wrong == []


def test_ink_that_fades_is_the_digit_s_to_its_end(recognizer: Recognizer):
    left = np.linspace(1, 0.4, 480)[:, None]  # the strength of the ink, from top to bottom
    predictions = []
    for digit, seed in itertools.product(range(10), range(4)):
        page = Image.new("L", (640, 480))
        page.paste(
            ImageOps.invert(handwriting.render(handwriting.by_hand(digit, seed), 440, 0.07).convert("L")), (100, 20)
        )
        faded = Image.fromarray((235 - 200 * left * np.asarray(page) / 255).astype(np.uint8))
        predictions.append((digit, recognizer.recognize(png(faded))))
    wrong = [(digit, prediction.digit) for digit, prediction in predictions if prediction.digit != digit]
    assert len(wrong) <= 1, wrong
    assert sum(prediction.certain for _, prediction in predictions) >= 38


@pytest.mark.parametrize(("least", "most_wrong", "most_doubted"), [(0.4, 1, 4), (0.25, 4, 10)])
def test_ink_that_fades_on_the_way_of_a_pen_is_the_digit_s_to_its_end(
    recognizer: Recognizer, least: float, most_wrong: int, most_doubted: int
):
    predictions = [
        (digit, recognizer.recognize(png(drawn_by_dry_pen(digit, seed, least))))
        for digit, seed in itertools.product(range(10), range(6))
    ]
    wrong = [(digit, prediction.digit) for digit, prediction in predictions if prediction.digit != digit]
    assert len(wrong) <= most_wrong, wrong
    assert not any(prediction.certain and prediction.digit != digit for digit, prediction in predictions)
    assert sum(not prediction.certain for _, prediction in predictions) <= most_doubted


def test_a_smear_that_touches_a_digit_is_no_part_of_it(recognizer: Recognizer):
    wrong = []
    for digit, seed in itertools.product(range(10), range(4)):
        page = handwriting.render(handwriting.by_hand(digit, seed), 280, 0.05).convert("L")
        smear = Image.new("L", page.size, 255)
        draw = ImageDraw.Draw(smear)
        draw.line([(90, 238), (250, 232)], 185, 24)
        both = ImageChops.darker(page, smear.filter(ImageFilter.GaussianBlur(3)))
        if recognizer.recognize(png(both)).digit != digit:
            wrong.append((digit, seed))
    assert len(wrong) <= 1, wrong


def test_a_picture_cut_out_closely_is_looked_at_whole_and_said_to_be_so():
    picture = Image.new("L", (200, 200), 255)
    draw = ImageDraw.Draw(picture)
    draw.line([(40, 60), (60, 20), (100, 7), (140, 20), (155, 60), (130, 110), (50, 192)], 0, 14, joint="curve")
    draw.line([(0, 192), (200, 192)], 0, 14)  # the base of a 2, or a ruled line
    without_line, whole = (look.preparation for look in prepare(png(picture)).looks[:2])
    assert (without_line, whole) == ({PARTS_LEFT_OUT}, set())


@pytest.mark.parametrize("where", ["words before it", "a palette above it"])
def test_what_is_flat_and_beside_or_far_above_is_no_part_of_a_digit(recognizer: Recognizer, where: str):
    wrong = []
    for digit in range(10):
        page = Image.new("L", (640, 480), 255)
        page.paste(handwriting.render(handwriting.by_hand(digit, 3), 240, 0.07).convert("L"), (260, 180))
        draw = ImageDraw.Draw(page)
        if where == "words before it":
            ends = ImageOps.invert(page).getbbox()[0] - 20
            for left in range(ends - 117, ends, 9):  # so close that the letters count as one part
                draw.rectangle((left, 300 - 4 * (left % 5), left + 7, 324), fill=0)
        else:
            for left in range(360, 480, 24):
                draw.rectangle((left, 120, left + 22, 142), fill=(left % 7) * 25)
        prediction = recognizer.recognize(png(page))
        if not (prediction.digit == digit and prediction.certain):
            wrong.append(digit)
    assert wrong == []


def in_calendar(digit: int) -> Image.Image:
    """``digit`` on the lower line of a calendar's cell, with a printed word in another."""
    ink = Image.new("L", (640, 480))
    draw = ImageDraw.Draw(ink)
    for x in (163, 363, 563):
        draw.line([(x, 0), (x, 480)], 150, 3)
    for y in (103, 303):
        draw.line([(0, y), (640, y)], 150, 3)
    draw.rectangle((20, 14, 62, 30), fill=180)
    strokes = handwriting.by_hand(digit, 3)
    lowest = max(y for stroke in strokes for _, y in stroke)
    for stroke in strokes:
        handwriting.trace(draw, [(230 + 170 * x, 300 + 170 * (y - lowest)) for x, y in stroke], 5)
    return ImageOps.invert(ink)


@pytest.mark.parametrize("print_lines", [hard_pictures.ruled_paper, hard_pictures.squared_paper])
def test_a_pencil_on_lined_paper_is_read(recognizer: Recognizer, print_lines: Callable[[hard_pictures.Shot], None]):
    wrong = []
    for digit in range(10):
        for seed in range(3):
            shot = hard_pictures.Shot(random.Random(f"{digit}/{seed}"))
            hard_pictures.pencil(shot)
            print_lines(shot)
            if recognizer.recognize(hard_pictures.develop(shot, digit)).digit != digit:
                wrong.append((digit, seed))
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize("light", [hard_pictures.yellow_light, hard_pictures.shadow])
@pytest.mark.parametrize("pen", [0.15, 0.21])
def test_a_marker_on_a_large_photograph_is_read(
    recognizer: Recognizer, light: Callable[[hard_pictures.Shot], None], pen: float
):
    wrong = []
    for digit in range(10):
        for seed in range(3):
            shot = hard_pictures.Shot(random.Random(f"{digit}/{seed}"), 1600, 1200, pen=0.33 * pen, digit_height=0.33)
            light(shot)
            if recognizer.recognize(hard_pictures.develop(shot, digit)).digit != digit:
                wrong.append((digit, seed))
    assert len(wrong) <= 1, wrong


CHALK_ON_SLATE = {"ink": (235, 235, 230), "paper": (45, 60, 50)}


@pytest.mark.parametrize("tones", [{}, CHALK_ON_SLATE], ids=["ink", "chalk"])
def test_a_photograph_cut_down_to_a_bold_digit_is_read(recognizer: Recognizer, tones: dict):
    wrong = []
    for digit in range(10):
        for seed in range(3):
            shot = hard_pictures.Shot(random.Random(f"{digit}/{seed}"), **tones)
            hard_pictures.cut_out(shot)
            prediction = recognizer.recognize(hard_pictures.develop(shot, digit))
            if prediction.digit != digit:
                wrong.append((digit, seed))
                assert not prediction.certain
    assert len(wrong) <= 1, wrong


def test_a_page_that_lies_in_the_shadow_but_for_a_strip_is_read(recognizer: Recognizer):
    wrong = []
    for digit in range(10):
        for depth in (0.45, 0.55, 0.65):
            shot = hard_pictures.Shot(random.Random(f"{digit}/{depth}"), digit_height=0.4, quality=30)
            shot.after_ink.append(partial(in_shadow_but_for_a_strip, depth))
            if recognizer.recognize(hard_pictures.develop(shot, digit)).digit != digit:
                wrong.append((digit, depth))
    assert len(wrong) <= 1, wrong


def in_shadow_but_for_a_strip(depth: float, page: hard_pictures.Page) -> hard_pictures.Page:
    _, y = hard_pictures.coordinates(page)
    return np.where((y > 0.3)[..., None], page, page * depth)


def test_an_underlined_digit_is_read_without_doubt(recognizer: Recognizer):
    doubted = []
    for digit in range(10):
        for seed in range(3):
            shot = hard_pictures.Shot(random.Random(f"{digit}/{seed}"))
            hard_pictures.underlined(shot)
            prediction = recognizer.recognize(hard_pictures.develop(shot, digit))
            if prediction.digit != digit or not prediction.certain:
                doubted.append((digit, seed, prediction.digit))
    assert len(doubted) <= 1, doubted


@pytest.mark.parametrize("clutter", hard_pictures.CLUTTER)
def test_two_digits_are_not_read_as_one_whatever_lies_beside_them(recognizer: Recognizer, clutter: str):
    certain = []
    for digit in range(10):
        for other in (2, 5, 8):
            shot = hard_pictures.Shot(random.Random(f"{digit}/{other}"))
            hard_pictures.CLUTTER[clutter](shot)
            shot.pen /= 2
            if recognizer.recognize(hard_pictures.develop(shot, digit, other)).certain:
                certain.append((digit, other))
    assert len(certain) <= 1, certain


@pytest.mark.parametrize("colour", ["#3060d0", "#202020", "#d04040"])
@pytest.mark.parametrize("label", ["", "Clear\nthe pad"])
def test_a_digit_beside_a_filled_box_is_read(recognizer: Recognizer, colour: str, label: str):
    wrong = []
    for digit in range(10):
        page = Image.new("RGB", (700, 400), "white")
        page.paste(handwriting.render(handwriting.by_hand(digit, seed=4)), (60, 60))
        draw = ImageDraw.Draw(page)
        draw.rounded_rectangle((440, 90, 640, 260), 10, fill=colour)
        draw.text((470, 120), label, fill="white", font_size=30)
        prediction = recognizer.recognize(png(page))
        if prediction.digit != digit:
            wrong.append((digit, prediction.digit))
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize("height", [0.65, 0.9])
def test_a_pen_beside_a_faint_digit_is_no_certain_one(recognizer: Recognizer, height: float):
    read = []
    for digit in (0, 2, 3, 4, 5, 6, 7, 8, 9):
        page = Image.new("RGB", (560, 400), "#f0e8e8")
        faint = handwriting.render(handwriting.by_hand(digit, seed=2), ink="#909090", paper="#f0e8e8")
        page.paste(faint, (60, 60))
        ImageDraw.Draw(page).line((480, 20, 490, 20 + 400 * height), fill="#101010", width=12)
        prediction = recognizer.recognize(png(page))
        read.append((digit, prediction.digit))
        assert not (prediction.certain and prediction.digit == 1)
    assert sum(written == answer for written, answer in read) >= 8, read


def test_a_one_across_the_whole_page_is_certain(recognizer: Recognizer):
    page = Image.new("RGB", (300, 400), "#f0e8e8")
    ImageDraw.Draw(page).line((140, 40, 155, 360), fill="#101010", width=14)
    prediction = recognizer.recognize(png(page))
    assert (prediction.digit, prediction.certain) == (1, True)


@pytest.mark.parametrize("lean", [0, 25])
def test_a_fold_from_rim_to_rim_of_an_empty_page_is_no_certain_one(recognizer: Recognizer, lean: int):
    page = handwriting.lit_paper(300)
    ImageDraw.Draw(page).line((140, -5, 140 + lean, 305), fill="#8a7f60", width=4)
    assert not recognizer.recognize(png(page)).certain
    sideways = page.rotate(90)
    assert not recognizer.recognize(png(sideways)).certain


def test_a_one_that_was_cut_out_closely_is_certain(recognizer: Recognizer):
    page = handwriting.lit_paper(300)
    ImageDraw.Draw(page).line((140, 20, 150, 280), fill="#404040", width=14)
    prediction = recognizer.recognize(png(page.crop((128, 20, 162, 280))))
    assert (prediction.digit, prediction.certain) == (1, True)


def test_a_hollow_six_is_no_certain_zero_for_its_closed_loop(recognizer: Recognizer):
    read = [recognizer.recognize(png(lines.drawing("hollow", 6, seed))) for seed in range(20)]
    assert sum(prediction.digit == 6 for prediction in read) >= 18
    assert not any(prediction.certain and prediction.digit == 0 for prediction in read)


def test_ones_as_straight_as_a_mouse_draws_them_are_read_without_doubt(recognizer: Recognizer):
    doubted = []
    for lean in (-60, -40, -25, -15, 0, 15, 25, 40, 60):
        for pen in (6, 14, 24, 40):
            page = Image.new("RGB", (300, 400), "#f0e8e8")
            ImageDraw.Draw(page).line((150 - lean / 2, 40, 150 + lean / 2, 360), fill="#101010", width=pen)
            prediction = recognizer.recognize(png(page))
            assert prediction.digit == 1
            if not prediction.certain:
                doubted.append((lean, pen))
    assert len(doubted) <= 2, doubted


def test_light_ink_on_a_page_at_the_edge_of_the_picture_is_seen(recognizer: Recognizer):
    for digit in (2, 4, 9):
        for size in ((1237, 811), (1161, 777), (1237, 761)):
            picture = Image.new("RGB", size, "#3c3732")
            page = handwriting.render(handwriting.by_hand(digit, seed=3), size=640, ink="#c4c4c4").convert("RGB")
            picture.paste(page, (size[0] - page.width, size[1] - page.height))
            prediction = recognizer.recognize(png(picture))
            assert (prediction.digit, prediction.certain) == (digit, True), size


def test_a_zero_is_no_certain_one_for_a_slash_that_does_not_reach_its_rim(recognizer: Recognizer):
    certain_ones = []
    for wide in (0.2, 0.26, 0.33):
        for reach in (0.35, 0.5, 0.65):
            for pen in (0.035, 0.05, 0.065):
                across, up = 0.6 * wide * reach, 0.27 * reach
                slash = [(0.5 - across, 0.5 + up), (0.5 + across, 0.5 - up)]
                picture = handwriting.render([handwriting.arc(0.5, 0.5, wide, 0.36, -100, 262), slash], 280, pen)
                prediction = recognizer.recognize(png(picture.convert("RGB")))
                if prediction.certain and prediction.digit == 1:
                    certain_ones.append((wide, reach, pen))
    assert len(certain_ones) <= 1, certain_ones


def test_readings_that_contradict_each_other_are_no_certainty(recognizer: Recognizer):
    """A ring with a 1 in it may be a slashed 0 or a circled 1."""
    picture = handwriting.render([[(0.53, 0.35), (0.48, 0.65)]], 280, 0.05).convert("RGB")  # RGBA's 0 is transparent
    ImageDraw.Draw(picture).ellipse((40, 25, 240, 255), outline=0, width=14)
    prediction = recognizer.recognize(png(picture))
    assert not prediction.certain
    likeliest = sorted(range(10), key=prediction.probabilities.__getitem__)[-2:]
    assert set(likeliest) == {0, 1}, "both must be likely"


@pytest.mark.parametrize("kind", no_digits.KINDS)
def test_what_is_no_digit_is_doubted(recognizer: Recognizer, kind: str):
    certain = []
    for seed in range(40):
        try:
            prediction = recognizer.recognize(png(no_digits.no_digit(kind, seed)))
        except BlankImageError:
            continue
        if prediction.certain:
            certain.append((seed, prediction.digit, prediction.confidence))
    assert len(certain) <= 6, certain


def smiling_face(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse((40, 40, 240, 240), outline=0, width=14)
    for left in (100, 160):
        pen.ellipse((left, 100, left + 20, 120), 0)
    pen.arc((90, 110, 190, 200), 20, 160, 0, 12)


def rings(pen: ImageDraw.ImageDraw) -> None:
    for radius in (20, 50, 80, 110):
        pen.ellipse((140 - radius, 140 - radius, 140 + radius, 140 + radius), outline=0, width=10)


def heart(pen: ImageDraw.ImageDraw) -> None:
    pen.polygon([(140, 240), (50, 130), (90, 60), (140, 100), (190, 60), (230, 130)], 0)


@pytest.mark.parametrize("draw", [smiling_face, rings, heart])
def test_what_people_draw_to_try_it_is_no_certain_digit(
    recognizer: Recognizer, draw: Callable[[ImageDraw.ImageDraw], None]
):
    picture = Image.new("L", (280, 280), 255)
    draw(ImageDraw.Draw(picture))
    assert not recognizer.recognize(png(picture)).certain


def test_a_letter_is_no_confident_digit(recognizer: Recognizer):
    """More than `certain` being false: the page must not show a bar of 99%."""
    confidences = [recognizer.recognize(png(no_digits.no_digit("letter", seed))).confidence for seed in range(40)]
    assert sorted(confidences)[20] < 0.5


def test_neat_digits_are_certain(recognizer: Recognizer):
    predictions = [
        (digit, recognizer.recognize(png(handwriting.render(handwriting.by_hand(digit, seed), 280, 0.06))))
        for digit in range(10)
        for seed in range(10)
    ]
    assert all(prediction.digit == digit for digit, prediction in predictions)
    assert sum(prediction.certain for _, prediction in predictions) >= 95


@pytest.mark.parametrize("pen", [0.015, 0.03, 0.06, 0.1, 0.13])
def test_the_width_of_the_pen_makes_no_difference(recognizer: Recognizer, pen: float):
    wrong = [
        (digit, seed)
        for digit in range(10)
        for seed in range(5)
        if recognizer.recognize(png(handwriting.render(handwriting.by_hand(digit, seed), 280, pen))).digit != digit
    ]
    assert len(wrong) <= 1, wrong


BESIDE: dict[str, list[handwriting.Stroke]] = {
    "a tap far away": [[(1.5, -0.5)]],
    "an underline": [[(0.15, 0.97), (0.5, 0.99), (0.85, 0.98)]],
    "two underlines": [[(0.15, 0.97), (0.85, 0.98)], [(0.2, 1.05), (0.85, 1.06)]],
    "a frame": [handwriting.FRAME],
    "a ring": [handwriting.arc(0.5, 0.5, 0.5, 0.5, 0, 360)],
}


@pytest.mark.parametrize("beside", BESIDE)
def test_a_digit_is_read_whatever_was_drawn_beside_or_around_it(recognizer: Recognizer, beside: str):
    for digit in range(10):
        drawn = handwriting.by_hand(digit, seed=4)
        prediction = recognizer.recognize(drawn + BESIDE[beside])
        assert prediction.digit == digit
        assert "parts_left_out" in prediction.preparation
        assert recognizer.recognize(drawn).preparation == {"redrawn"}


@pytest.mark.parametrize(("begins", "ends"), [(0.0, 0.4), (0.2, 0.8), (0.5, 1.0)])
def test_a_digit_that_is_mended_by_drawing_over_it_is_read(recognizer: Recognizer, begins: float, ends: float):
    for digit, seed in itertools.product(range(10), range(6)):
        drawn = handwriting.by_hand(digit, seed)
        longest = max(drawn, key=len)
        over = [(x + 0.015, y + 0.01) for x, y in longest[round(begins * len(longest)) : round(ends * len(longest))]]
        assert recognizer.recognize([*drawn, over]).digit == digit, (digit, seed)


@pytest.mark.parametrize(("head", "foot"), [(0.08, 0.22), (0.09, 0.22), (0.1, 0.22), (0.11, 0.26)])
def test_no_pen_closes_the_small_loop_of_an_eight(recognizer: Recognizer, head: float, foot: float):
    ways = [math.pi * step / 20 for step in range(21)]
    small = [(0.5 + 0.04 * math.sin(2 * way), 0.5 - 2 * head * math.sin(way)) for way in ways]
    large = [(0.5 - 0.16 * math.sin(2 * way), 0.5 + 2 * foot * math.sin(way)) for way in ways]
    for lean in (0, 0.3):
        assert recognizer.recognize([[(x + lean * (0.5 - y), y) for x, y in [*small, *large]]]).digit == 8


def test_an_underline_that_touches_the_digit_on_the_pad_is_no_part_of_it(recognizer: Recognizer):
    doubted = []
    for digit, seed in itertools.product(range(10), range(3)):
        drawn = handwriting.by_hand(digit, seed)
        bottom = max(y for stroke in drawn for _, y in stroke)
        prediction = recognizer.recognize([*drawn, [(0.05, bottom), (0.5, bottom - 0.02), (0.95, bottom + 0.01)]])
        assert prediction.digit == digit
        assert "parts_left_out" in prediction.preparation
        doubted += [] if prediction.certain or digit == 7 else [(digit, seed)]  # a 7 on its line may be a 2
    assert len(doubted) <= 1, doubted


def tight_ring(left: float, top: float, right: float, bottom: float) -> handwriting.Stroke:
    radius = 0.53 * max(right - left, bottom - top)
    return handwriting.arc((left + right) / 2, (top + bottom) / 2, radius, radius, 30, 470)


def tight_box(left: float, top: float, right: float, bottom: float) -> handwriting.Stroke:
    left, right = (left + right) / 2 - 0.4, (left + right) / 2 + 0.4
    return [(left, top - 0.01), (right, top), (right, bottom), (left, bottom + 0.01), (left + 0.02, top)]


@pytest.mark.parametrize("around", [tight_ring, tight_box])
def test_what_goes_around_the_digit_on_the_pad_is_no_part_of_it_though_they_touch(
    recognizer: Recognizer, around: Callable[[float, float, float, float], handwriting.Stroke]
):
    for digit, seed in itertools.product(range(10), range(3)):
        drawn = handwriting.by_hand(digit, seed)
        xs, ys = zip(*itertools.chain.from_iterable(drawn), strict=True)
        prediction = recognizer.recognize([*drawn, around(min(xs), min(ys), max(xs), max(ys))])
        assert prediction.digit == digit
        assert prediction.certain or digit == 1, "a 1 may be the slash of a 0"
        assert "parts_left_out" in prediction.preparation


@pytest.mark.parametrize("way", ["strokes", "picture"])
@pytest.mark.parametrize(
    ("wide", "high", "told"), [(0.2, 0.7, "widened"), (0.24, 0.7, "widened"), (0.7, 0.35, "heightened")]
)
def test_narrow_and_flat_digits_are_read(recognizer: Recognizer, wide: float, high: float, told: str, way: str):
    read = []
    for digit, seed in itertools.product([0, *range(2, 10)], range(4)):
        drawn = handwriting.squeezed(handwriting.by_hand(digit, seed), wide, high)
        given = drawn if way == "strokes" else png(handwriting.render(drawn, 280, 0.05))
        assert told in {one for look in prepare(given).looks for one in look.preparation}
        read.append((digit, recognizer.recognize(given)))
    assert sum(prediction.digit == digit for digit, prediction in read) >= 0.9 * len(read)
    assert [digit for digit, prediction in read if prediction.certain and prediction.digit != digit] == []


def test_a_narrow_digit_on_a_note_that_lies_on_a_table_is_no_certain_one(recognizer: Recognizer):
    for digit, seed in itertools.product([0, 2, 3, 5, 6, 8, 9], range(6)):
        narrow = handwriting.squeezed(handwriting.by_hand(digit, seed), 0.13, 0.6)
        note = handwriting.render(narrow, 280, 0.03).convert("RGB")
        table = Image.new("RGB", (560, 560), "#6b4a2b")
        table.paste(note, (140, 140))
        prediction = recognizer.recognize(png(table))
        assert not (prediction.certain and prediction.digit == 1), (digit, seed)


@pytest.mark.parametrize("wide", [0.12, 0.2, 0.3])
def test_a_narrow_one_with_a_flag_is_no_seven(recognizer: Recognizer, wide: float):
    drawings = [handwriting.squeezed(schools.flagged_one(random.Random(seed)), wide, 0.7) for seed in range(10)]
    predictions = [recognizer.recognize(drawn) for drawn in drawings]
    assert {prediction.digit for prediction in predictions} == {1}
    assert sum(prediction.certain for prediction in predictions) >= 8


@pytest.mark.parametrize("way", ["strokes", "picture"])
def test_a_two_keeps_its_base_however_far_that_goes(recognizer: Recognizer, way: str):
    for start, end in itertools.product((0.16, 0.19, 0.22), (0.8, 0.9, 1.0)):
        curve = [*handwriting.arc(0.5, 0.3, 0.15, 0.14, -200, 30), (0.5, 0.55), (0.4, 0.65)]
        base = [(start, 0.75), (0.5, 0.74), (end, 0.76)]
        for drawn in ([curve + base], [[*curve, (start + 0.02, 0.74)], base]):
            given = drawn if way == "strokes" else png(handwriting.render(drawn, 280, 0.06))
            prediction = recognizer.recognize(given)
            assert (prediction.digit, prediction.certain) == (2, True), (start, end)


@pytest.mark.parametrize("way", ["strokes", "picture"])
def test_a_base_that_may_be_an_underline_is_not_left_out_with_certainty(recognizer: Recognizer, way: str):
    curve = [*handwriting.arc(0.5, 0.3, 0.15, 0.14, -200, 30), (0.5, 0.55), (0.4, 0.75)]
    for start, end in itertools.product((0.1, 0.2, 0.25), (0.8, 0.9, 1.0)):
        drawn = [curve, [(start, 0.75), (end, 0.755)]]
        prediction = recognizer.recognize(drawn if way == "strokes" else png(handwriting.render(drawn, 280, 0.06)))
        assert prediction.digit == 2 or not prediction.certain, (start, end)


@pytest.mark.parametrize("way", ["strokes", "picture"])
def test_an_upright_stroke_in_a_zero_is_no_certain_one(recognizer: Recognizer, way: str):
    ring = handwriting.arc(0.5, 0.5, 0.22, 0.34, -100, 262)
    for lean in (0, 0.02, 0.04):
        drawn = [ring, [(0.5 - lean, 0.8), (0.5 + lean, 0.2)]]
        prediction = recognizer.recognize(drawn if way == "strokes" else png(handwriting.render(drawn, 280, 0.05)))
        assert prediction.digit == 0 or not prediction.certain


def test_a_digit_cut_out_closely_keeps_its_base(recognizer: Recognizer):
    for start, end in itertools.product((0.1, 0.16, 0.22), (0.75, 0.85, 0.95)):
        curve = [*handwriting.arc(0.5, 0.3, 0.15, 0.14, -200, 30), (0.5, 0.55), (0.4, 0.7)]
        page = handwriting.render([curve, [(start, 0.72), (end, 0.71)]], 280, 0.05).convert("L")
        cut_out = page.crop(page.point(lambda grey: 255 * (grey < 128)).getbbox())
        prediction = recognizer.recognize(png(cut_out))
        assert prediction.digit == 2 or not prediction.certain, (start, end)


@pytest.mark.parametrize("paper", ["white", "#d8cfae"])
def test_a_digit_in_a_ring_that_all_but_touches_it_is_read(recognizer: Recognizer, paper: str):
    pen, gap = 0.02, 0.015  # of the picture's side
    wrong = []
    for digit, seed in itertools.product(range(10), range(3)):
        drawn = [[(0.2 + 0.6 * x, 0.2 + 0.6 * y) for x, y in stroke] for stroke in handwriting.by_hand(digit, seed)]
        xs, ys = zip(*itertools.chain.from_iterable(drawn), strict=True)
        middle = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
        radius = max(math.dist(point, middle) for stroke in drawn for point in stroke) + pen + gap
        ringed = [*drawn, handwriting.arc(*middle, radius, radius, 0, 360)]
        if recognizer.recognize(png(handwriting.render(ringed, 400, pen, paper=paper))).digit != digit:
            wrong.append((digit, seed))
    assert len(wrong) <= 1, wrong


def spiral(turn: float, inwards: float) -> handwriting.Stroke:
    """A ring drawn over ``turn`` degrees, whose radius shrinks by the fraction ``inwards``."""
    steps = int(turn / 10)
    return [
        (
            0.5 + 0.28 * (1 - inwards * step / steps) * math.cos(math.radians(200 - turn * step / steps)),
            0.5 - 0.32 * (1 - inwards * step / steps) * math.sin(math.radians(200 - turn * step / steps)),
        )
        for step in range(steps + 1)
    ]


def test_a_zero_whose_ends_pass_each_other_is_no_one_in_a_ring(recognizer: Recognizer):
    for turn, inwards, pen in itertools.product((390, 405, 420), (0.2, 0.25, 0.3), (0.025, 0.035)):
        prediction = recognizer.recognize(png(handwriting.render([spiral(turn, inwards)], 280, pen)))
        assert (prediction.digit, prediction.certain) == (0, True), (turn, inwards, pen)


def test_a_stray_tap_makes_no_one_of_a_slashed_zero(recognizer: Recognizer):
    ring = handwriting.arc(0.5, 0.5, 0.25, 0.36, -100, 262)
    for reach, tap in itertools.product((0.6, 0.8), ((0.5, 0.75), (0.42, 0.3), (0.6, 0.6))):
        slash = [(0.5 - 0.17 * reach, 0.5 + 0.28 * reach), (0.5 + 0.17 * reach, 0.5 - 0.28 * reach)]
        prediction = recognizer.recognize([ring, slash, [tap, (tap[0] + 0.004, tap[1])]])
        assert prediction.digit == 0 or not prediction.certain, (reach, tap)


def test_a_slashed_zero_cut_out_closely_is_no_certain_one(recognizer: Recognizer):
    for wide, reach in itertools.product((0.22, 0.3, 0.36), (0.45, 0.6)):
        slash = [(0.5 - 0.6 * wide * reach, 0.5 + 0.27 * reach), (0.5 + 0.6 * wide * reach, 0.5 - 0.27 * reach)]
        page = handwriting.render([handwriting.arc(0.5, 0.5, wide, 0.36, -100, 262), slash], 280, 0.05).convert("L")
        prediction = recognizer.recognize(png(page.crop(ImageOps.invert(page).getbbox())))
        assert prediction.digit == 0 or not prediction.certain, (wide, reach)


def test_a_wide_seven_on_a_small_picture_keeps_its_roof(recognizer: Recognizer):
    for left, right, tilt in itertools.product((1, 2), (26, 27), (0, 1)):
        page = Image.new("L", (28, 28))
        draw = ImageDraw.Draw(page)
        draw.line([(left, 7 + tilt), (right, 7)], 255, 2)
        draw.line([(right - 5, 8), (right - 13, 24)], 255, 2)
        prediction = recognizer.recognize(png(page))
        assert prediction.digit == 7 or not prediction.certain, (left, right, tilt)


def photographed(
    strokes_drawn: list[handwriting.Stroke], side: int, pen: float, paper: float, ink: float
) -> np.ndarray:
    """The strokes on even paper, float [side, side], from 0 to 255."""
    mask = np.asarray(handwriting.render(strokes_drawn, side, pen).convert("L"), float) / 255
    return ink + (paper - ink) * mask


def as_picture(page: np.ndarray) -> bytes:
    """A PNG file of ``page``, float [H, W], clipped to 0 to 255."""
    return png(Image.fromarray(page.clip(0, 255).astype(np.uint8)))


@pytest.mark.parametrize("digit", [2, 3, 5, 7])
def test_a_few_strokes_of_a_pencil_are_found_on_grainy_paper(recognizer: Recognizer, digit: int):
    chance = np.random.default_rng(digit)
    strokes_drawn = [[(0.35 + 0.3 * x, 0.4 + 0.3 * y) for x, y in stroke] for stroke in handwriting.by_hand(digit)]
    page = photographed(strokes_drawn, 400, 0.006, paper=205, ink=130)
    prediction = recognizer.recognize(as_picture(page + chance.normal(0, 5, page.shape)))
    assert prediction.digit == digit


APART = {
    "a 4 whose stem does not touch": [[(0.35, 0.12), (0.02, 0.55), (0.5, 0.52)], [(0.72, 0.1), (0.62, 0.92)]],
    "an 8 of two circles": [
        handwriting.arc(0.5, 0.4, 0.11, 0.13, 0, 365),
        handwriting.arc(0.48, 0.84, 0.13, 0.15, 0, 365),  # reaches the picture's edge
    ],
    "a 9 whose stem does not touch": [handwriting.arc(0.42, 0.3, 0.18, 0.18, -10, -372), [(0.7, 0.14), (0.66, 0.8)]],
    "a 9 whose stem begins low": [handwriting.arc(0.42, 0.3, 0.18, 0.18, -10, -372), [(0.7, 0.3), (0.66, 0.9)]],
}


@pytest.mark.parametrize("which", APART)
def test_a_digit_of_parts_that_stand_apart_is_the_whole(recognizer: Recognizer, which: str):
    for pen in (0.025, 0.04):
        prediction = recognizer.recognize(png(handwriting.render(APART[which], 280, pen)))
        assert str(prediction.digit) in which, pen


@pytest.mark.parametrize("way", ["strokes", "picture"])
def test_a_two_whose_base_stands_apart_is_no_certain_seven(recognizer: Recognizer, way: str):
    curve = [*handwriting.arc(0.5, 0.3, 0.19, 0.17, -200, 30), (0.55, 0.55), (0.34, 0.75)]
    for gap, end in itertools.product((0.05, 0.08, 0.1), (0.66, 0.72, 0.8)):
        drawn = [curve, [(0.3, 0.75 + gap), (end, 0.745 + gap)]]
        prediction = recognizer.recognize(drawn if way == "strokes" else png(handwriting.render(drawn, 280, 0.04)))
        assert prediction.digit == 2 or not prediction.certain, (gap, end)


def test_two_digits_on_the_pad_are_not_one(recognizer: Recognizer):
    for first, second in [(1, 2), (3, 4), (7, 5), (6, 9), (8, 0)]:
        beside = [[(x + 0.7, y) for x, y in stroke] for stroke in handwriting.by_hand(second)]
        assert not recognizer.recognize(handwriting.by_hand(first) + beside).certain


def highlighted(strokes: list[handwriting.Stroke], every: int) -> Image.Image:
    """The ``strokes`` in a highlighter's ink, set down anew after ``every`` few points; overlaps are darker."""
    page = Image.new("RGBA", (280, 280), "white")
    for stroke in strokes:
        for start in range(0, len(stroke) - 1, every):
            ink = handwriting.render([stroke[start : start + every + 1]], 280, 0.09, "#00ff66", "#0000")
            ink.putalpha(ink.getchannel("A").point(lambda opacity: opacity * 2 // 5))
            page.alpha_composite(ink)
    return page


@pytest.mark.parametrize("every", [4, 7])
def test_a_highlighter_s_overlaps_are_not_all_that_is_read(recognizer: Recognizer, every: int):
    for digit in range(10):
        prediction = recognizer.recognize(png(highlighted(handwriting.by_hand(digit), every)))
        assert (prediction.digit, prediction.certain) == (digit, True), digit


MARKS_BESIDE = {
    "a full stop": handwriting.arc(0.86, 0.84, 0.012, 0.012, 0, 500),
    "a tick": [(0.84, 0.76), (0.88, 0.84), (0.97, 0.66)],
    "a slip of the pen": [(0.06, 0.9), (0.12, 0.87)],
}


@pytest.mark.parametrize("mark", MARKS_BESIDE)
@pytest.mark.parametrize("way", ["strokes", "picture"])
def test_a_small_mark_beside_a_digit_leaves_no_doubt_about_it(recognizer: Recognizer, way: str, mark: str):
    for digit in range(10):
        drawn = [*handwriting.by_hand(digit), MARKS_BESIDE[mark]]
        prediction = recognizer.recognize(drawn if way == "strokes" else png(handwriting.render(drawn, 280, 0.04)))
        assert (prediction.digit, prediction.certain) == (digit, True), digit


def test_strokes_that_were_lifted_on_the_way_make_one_digit(recognizer: Recognizer):
    """Even if some strokes alone would be another digit: the upper half of a 2 is a 7."""
    for digit in range(10):
        for seed in range(3):
            dashes = lines.cut(handwriting.by_hand(digit, seed), random.Random(seed), 0.2, 0.6)
            prediction = recognizer.recognize(dashes)
            assert (prediction.digit, prediction.certain) == (digit, True)


@pytest.mark.parametrize("way", ["strokes", "picture"])
def test_a_slash_in_a_zero_is_no_one_in_a_ring(recognizer: Recognizer, way: str):
    def read(drawn: list[handwriting.Stroke]) -> int:
        return recognizer.recognize(drawn if way == "strokes" else png(handwriting.render(drawn).convert("RGB"))).digit

    ring = handwriting.arc(0.5, 0.5, 0.3, 0.36, -100, 262)
    assert read([ring, [(0.4, 0.64), (0.6, 0.36)]]) == 0
    assert read([handwriting.arc(0.5, 0.5, 0.36, 0.36, -100, 262), [(0.52, 0.3), (0.48, 0.68)]]) == 1


def test_people_s_strokes_are_read(recognizer: Recognizer):
    drawings = pen_digits.digits()
    right = sum(recognizer.recognize(drawn).digit == digit for digit, drawn in drawings)
    assert right >= 0.98 * len(drawings)


def test_a_photograph_of_twelve_megapixels_stays_small_in_memory():
    """The JPEG decoder scales it down, so that no step holds all of its pixels in colour."""
    image = decode(hard_pictures.photograph(3, "huge", 0))
    assert image.width * image.height * 3 < 16e6


@pytest.mark.parametrize(("mode", "size"), [("P", (7000, 7000)), ("RGBA", (1500, 33_000)), ("1", (7000, 7000))])
def test_a_small_file_of_fifty_megapixels_stays_small_in_memory(
    recognizer: Recognizer, mode: str, size: tuple[int, int]
):
    page = Image.new(mode, size, {"P": 0, "RGBA": (0, 0, 0, 0), "1": 1}[mode])
    if mode == "P":
        page.putpalette([255, 255, 255, 0, 0, 0])
    page.paste({"P": 1, "RGBA": (0, 0, 0, 255), "1": 0}[mode], (600, 1000, 800, 3000))
    file = BytesIO()
    page.save(file, "PNG", **({"transparency": 0} if mode == "P" else {}))
    image = decode(file.getvalue())
    assert image.width * image.height < 13e6
    assert recognizer.recognize(file.getvalue()).digit == 1


@pytest.mark.parametrize("digit", range(10))
def test_a_digit_far_away_is_found_on_grainy_paper(recognizer: Recognizer, digit: int):
    far_away = [[(0.4 + 0.05 * x, 0.55 + 0.05 * y) for x, y in stroke] for stroke in handwriting.by_hand(digit)]
    page = photographed(far_away, 1500, 0.004, paper=200, ink=60)
    page += np.random.default_rng(digit).normal(0, 12, page.shape)
    assert recognizer.recognize(as_picture(page)).digit == digit


@pytest.mark.parametrize("digit", range(10))
def test_chalk_is_read_on_a_board_that_was_wiped(recognizer: Recognizer, digit: int):
    chance = np.random.default_rng(digit)
    page = photographed(handwriting.by_hand(digit), 500, 0.06, paper=70, ink=200)
    wiped = Image.fromarray(chance.integers(0, 256, (12, 12)).astype(np.uint8)).resize(
        (500, 500), Image.Resampling.BICUBIC
    )
    page += (np.asarray(wiped, float) - 128) / 4 + chance.normal(0, 9, page.shape)
    assert recognizer.recognize(as_picture(page)).digit == digit


@pytest.mark.parametrize("squared", [False, True])
def test_a_small_digit_is_read_between_the_lines_of_a_page_of_them(recognizer: Recognizer, squared: bool):
    right = 0
    for digit in range(10):
        row = [[(0.45 + 0.1 * x, 0.45 + 0.09 * y) for x, y in stroke] for stroke in handwriting.by_hand(digit)]
        page = photographed(row, 800, 0.005, paper=235, ink=50)
        printed = Image.new("L", (800, 800), 235)
        draw = ImageDraw.Draw(printed)
        for line in range(38, 800, 80):
            draw.line([(0, line), (800, line + 9)], 140, 3)
            if squared:
                draw.line([(line, 0), (line + 9, 800)], 140, 3)
        page = np.minimum(page, np.asarray(printed, float)) + np.random.default_rng(digit).normal(0, 3, page.shape)
        right += recognizer.recognize(as_picture(page)).digit == digit
    assert right >= 9


@pytest.mark.parametrize("place", range(5))
def test_in_a_row_of_boxes_the_one_with_a_digit_is_looked_into(recognizer: Recognizer, place: int):
    for digit in range(10):
        page = Image.new("L", (900, 500), 255)
        page.paste(handwriting.render(handwriting.by_hand(digit), 160, 0.05).convert("L"), (32 + 170 * place, 170))
        draw = ImageDraw.Draw(page)
        for which, rise in enumerate((0, 6, 3, 8, 2)):
            draw.rectangle((40 + 170 * which, 155 - rise, 184 + 170 * which, 345 + rise), outline=60, width=3)
        prediction = recognizer.recognize(png(page))
        assert (prediction.digit, prediction.certain) == (digit, True), digit


@pytest.mark.parametrize("digit", range(10))
def test_the_dark_edge_of_a_scan_is_no_part_of_the_digit(recognizer: Recognizer, digit: int):
    page = Image.new("L", (620, 800), 250)
    page.paste(handwriting.render(handwriting.by_hand(digit), 200, 0.06).convert("L"), (210, 300))
    ImageDraw.Draw(page).polygon([(620, 0), (580, 0), (600, 800), (620, 800)], fill=20)
    prediction = recognizer.recognize(png(page))
    assert (prediction.digit, prediction.certain) == (digit, True)


@pytest.mark.parametrize("digit", [2, 3, 4, 5, 6, 7, 8, 9])
def test_the_dashed_frame_of_what_is_selected_in_a_note_is_no_part_of_it(recognizer: Recognizer, digit: int):
    note = Image.new("RGB", (450, 975), "#1c1c1e")
    draw = ImageDraw.Draw(note)
    for place in range(16, 975, 24):
        draw.line((place, 0, place, 975), fill="#3c3c40")
        draw.line((0, place, 450, place), fill="#3c3c40")
    ink = ImageOps.invert(handwriting.render(handwriting.by_hand(digit), 200, 0.07).convert("L"))
    note.paste("white", (137, 300), ink)
    for dash in range(0, 200, 8):
        for along in (300, 500):
            draw.line((137 + dash, along, 141 + dash, along), fill="#007aff", width=2)
        for along in (137, 337):
            draw.line((along, 300 + dash, along, 304 + dash), fill="#007aff", width=2)
    for x, y in [(137, 300), (237, 300), (337, 300), (137, 400), (337, 400), (137, 500), (237, 500), (337, 500)]:
        draw.ellipse((x - 6, y - 6, x + 6, y + 6), fill="#007aff", outline="white", width=2)
    draw.rectangle((0, 0, 450, 56), fill="#2c2c2e")
    draw.text((20, 16), "9:41", fill="white")
    draw.text((380, 16), "Done", fill="orange")
    draw.rounded_rectangle((45, 891, 405, 955), 20, fill="#2c2c2e", outline="#3c3c40")
    for which, tool in enumerate(("green", "yellow", "red", "blue", "black", "white")):
        draw.ellipse((72 + 54 * which, 907, 104 + 54 * which, 939), fill=tool)
    prediction = recognizer.recognize(png(note))
    assert (prediction.digit, prediction.certain) == (digit, True)


@pytest.mark.parametrize("digit", range(10))
def test_grain_in_the_dark_part_of_a_picture_is_no_ink(recognizer: Recognizer, digit: int):
    page = photographed(handwriting.by_hand(digit), 500, 0.04, paper=100, ink=45) * np.linspace(0.5, 1.1, 500)
    page += np.random.default_rng(digit).normal(0, 1, page.shape) * np.linspace(40, 4, 500)
    assert recognizer.recognize(as_picture(page)).digit == digit


@pytest.mark.parametrize("digit", range(10))
def test_dark_corners_of_a_thumbnail_are_no_ink(recognizer: Recognizer, digit: int):
    page = photographed(handwriting.by_hand(digit), 34, 0.08, paper=225, ink=60)
    y, x = np.mgrid[-1:1:34j, -1:1:34j]
    assert recognizer.recognize(as_picture(page * (1 - 0.22 * (x**2 + y**2)))).digit == digit


def test_what_is_narrow_by_the_last_resort_is_looked_at_as_wide_too():
    narrow = drawn_as_mnist(handwriting.squeezed(handwriting.by_hand(6), 0.3, 1))
    looks = [Look(drawn_as_mnist(handwriting.by_hand(8)), frozenset()), Look(narrow, frozenset(), is_last_resort=True)]
    *_, wide = with_stretched(looks)
    assert (wide.preparation, wide.is_last_resort) == ({WIDENED}, True)


def drawn_by_dry_pen(digit: int, seed: int, least: float) -> Image.Image:
    """``digit``, black on white, whose ink fades evenly along its strokes to ``least`` of its strength."""
    strokes = handwriting.by_hand(digit, seed)
    points = [(x, y) for stroke in strokes for begin, end in itertools.pairwise(stroke) for x, y in between(begin, end)]
    page = Image.new("L", (560, 560), 255)
    draw = ImageDraw.Draw(page)
    for number, (x, y) in enumerate(points):
        strength = 1 - (1 - least) * number / len(points)
        draw.ellipse((560 * x - 12, 560 * y - 12, 560 * x + 12, 560 * y + 12), round(255 * (1 - strength)))
    return page.resize((280, 280), Image.Resampling.BOX)


def between(begin: handwriting.Point, end: handwriting.Point) -> list[handwriting.Point]:
    """Points on the line from ``begin`` to ``end``, each two hundredths of a square's side apart, or less."""
    return [tuple(point) for point in np.linspace(begin, end, math.ceil(math.dist(begin, end) * 200) + 1).tolist()]
