"""Promises of net/lines.py: lines are separated from the digits they touch, and no stroke is taken for a line."""

import handwriting
import numpy as np
import pytest
import schools

from net.boxes import bounds
from net.lines import lines_touching


def mask_of(strokes: list[handwriting.Stroke], pen: float = 0.05) -> np.ndarray:
    return np.asarray(handwriting.render(strokes, 200, pen).convert("L")) < 128


def cropped(mask: np.ndarray) -> np.ndarray:
    top, bottom, left, right = bounds(mask)
    return mask[top:bottom, left:right]


@pytest.mark.parametrize("pen", [0.02, 0.05, 0.09])
@pytest.mark.parametrize("fall", [-0.15, 0, 0.15])
@pytest.mark.parametrize("digit", [0, 1, 3, 4, 5, 6, 7, 8, 9])
def test_an_underline_is_told_from_the_digit_that_it_touches(digit: int, fall: float, pen: float):
    drawn = handwriting.by_hand(digit)
    bottom = max(y for stroke in drawn for _, y in stroke)
    line = [(0.02, bottom - fall / 2), (0.98, bottom + fall / 2)]
    digit_alone, line_alone = mask_of(drawn, pen), mask_of([line], pen)
    top, low, left, right = bounds(digit_alone | line_alone)
    found = lines_touching((digit_alone | line_alone)[top:low, left:right], across=False)
    of_digit, of_line = (mask[top:low, left:right] for mask in (digit_alone & ~line_alone, line_alone & ~digit_alone))
    assert found is not None
    assert np.mean(found[of_digit]) < 0.1
    assert np.mean(found[of_line]) > 0.8


DIGIT = handwriting.by_hand(5, unrest=0)
BOTTOM = max(y for stroke in DIGIT for _, y in stroke)
UNDERLINE = [(0.02, BOTTOM), (0.98, BOTTOM)]
SMALL_DIGIT = [[(0.5 + (x - 0.5) / 6, BOTTOM + (y - BOTTOM) / 6) for x, y in stroke] for stroke in DIGIT]


def found_in(strokes: list[handwriting.Stroke], pen: float = 0.03, *, across: bool = False) -> np.ndarray | None:
    return lines_touching(cropped(mask_of(strokes, pen)), across=across)


NO_LINES = {
    "bent": [[(0.02, BOTTOM), *handwriting.arc(0.5, BOTTOM, 0.48, 0.09, 180, 0), (0.98, BOTTOM)]],
    "steep": [[(0.02, BOTTOM + 0.25), (0.98, BOTTOM - 0.25)]],
    "flush with the digit": [[(min(x for stroke in DIGIT for x, _ in stroke), BOTTOM), (1.3, BOTTOM)]],
    "in the middle": [[(0.02, 0.5), (0.98, 0.5)]],
    "with a gap": [[(0.02, BOTTOM), (0.68, BOTTOM)], [(0.8, BOTTOM), (0.98, BOTTOM)]],
}


@pytest.mark.parametrize("line", NO_LINES)
def test_what_is_no_underline_is_left(line: str):
    assert found_in([*DIGIT, UNDERLINE]) is not None
    assert found_in([*DIGIT, *NO_LINES[line]]) is None


def test_a_bar_is_no_underline():
    with_line, with_bar = (cropped(mask_of(DIGIT, 0.03) | mask_of([UNDERLINE], pen)) for pen in (0.04, 0.14))
    assert lines_touching(with_line, across=False) is not None
    assert lines_touching(with_bar, across=False) is None


def test_a_speck_on_a_stroke_makes_no_line_of_it():
    assert found_in([*SMALL_DIGIT, UNDERLINE], 0.015) is None
    assert found_in([*SMALL_DIGIT, UNDERLINE], 0.015, across=True) is not None


FRAME = [(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98), (0.02, 0.02)]
LINES_ACROSS = {
    "one": [[(0.02, 0.5), (0.98, 0.5)]],
    "two": [[(0.02, 0.5), (0.98, 0.5)], [(0.02, 0.7), (0.98, 0.7)]],
    "from side to side of a frame": [UNDERLINE, FRAME],
}


@pytest.mark.parametrize("lines", LINES_ACROSS)
def test_lines_across_the_picture_may_be_two_and_anywhere(lines: str):
    drawn = LINES_ACROSS[lines]
    digit_alone, lines_alone = mask_of(DIGIT, 0.03), mask_of(drawn, 0.03)
    top, low, left, right = bounds(digit_alone | lines_alone)
    found = found_in([*DIGIT, *drawn], across=True)
    assert found is not None
    assert np.mean(found[(lines_alone & ~digit_alone)[top:low, left:right]]) > 0.8
    assert np.mean(found[(digit_alone & ~lines_alone)[top:low, left:right]]) < 0.1


def test_a_pattern_of_lines_is_left():
    assert found_in([*DIGIT, *([(0.02, y), (0.98, y)] for y in (0.3, 0.5, 0.7))], across=True) is None


@pytest.mark.parametrize("habit", schools.HABITS)
def test_no_stroke_of_a_digit_is_a_line(habit: str):
    for seed in range(40):
        ink = cropped(np.asarray(schools.drawing(habit, seed).convert("L")) < 128)
        assert lines_touching(ink, across=False) is None, seed


def test_no_size_or_kind_of_ink_is_an_error():
    chance = np.random.default_rng(0)
    for height, width in ((1, 1), (1, 30), (30, 1), (2, 2), (3, 60), (40, 40), (60, 200), (7, 19)):
        for covered in (0.1, 0.5, 0.95, 1):
            ink = chance.random((height, width)) <= covered
            ink[:, [0, -1]] = ink[[0, -1]] = True
            for across in (False, True):
                found = lines_touching(ink, across=across)
                assert found is None or found.shape == ink.shape
