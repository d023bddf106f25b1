"""Promises of net/lines.py: lines are told from the digits that they touch, and no stroke is taken for a line."""

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


@pytest.mark.parametrize("habit", schools.HABITS)
def test_no_stroke_of_a_digit_is_a_line(habit: str):
    for seed in range(40):
        ink = cropped(np.asarray(schools.drawing(habit, seed).convert("L")) < 128)
        assert lines_touching(ink, across=False) is None, seed


def test_ink_of_any_size_and_kind_is_looked_at():
    chance = np.random.default_rng(0)
    for height, width in ((1, 1), (1, 30), (30, 1), (2, 2), (3, 60), (40, 40), (60, 200), (7, 19)):
        for covered in (0.1, 0.5, 0.95, 1):
            ink = chance.random((height, width)) <= covered
            ink[:, [0, -1]] = ink[[0, -1]] = True
            for across in (False, True):
                found = lines_touching(ink, across=across)
                assert found is None or found.shape == ink.shape
