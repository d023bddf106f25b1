"""Promises of net/strokes.py: strokes become what MNIST would have made of them."""

import handwriting
import numpy as np
import pytest

from net import strokes
from net.boxes import bounds
from net.errors import BlankImageError
from net.fitting import BOX, SIDE


@pytest.mark.parametrize("scale", [0.001, 1, 500, 100_000])
@pytest.mark.parametrize("place", [(0, 0), (-3, 8)])
def test_unit_and_place_make_no_difference(scale: float, place: tuple[float, float]):
    drawn = handwriting.by_hand(4)
    moved = [[[(x + place[0]) * scale, (y + place[1]) * scale] for x, y in stroke] for stroke in drawn]
    difference = strokes.draw(strokes.parse(moved)).astype(int) - strokes.draw(drawn)
    assert np.abs(difference).sum() < 0.02 * strokes.draw(drawn).sum()


def test_the_digit_fills_mnists_box():
    for digit in range(10):
        seen = strokes.draw(handwriting.by_hand(digit))
        top, bottom, left, right = bounds(seen > 0)
        assert seen.shape == (SIDE, SIDE)
        assert seen.max() == 255
        assert max(bottom - top, right - left) == BOX


def test_pressure_and_time_in_a_point_are_left_aside():
    plain = [[[0, 0], [1, 5]], [[2, 2], [3, 2]]]
    with_more = [[[*point, 0.7, 1234] for point in stroke] for stroke in plain]
    assert np.array_equal(strokes.draw(strokes.parse(plain)), strokes.draw(strokes.parse(with_more)))


def test_a_tap_is_a_dot():
    seen = strokes.draw(strokes.parse([[[3, 3]]]))
    top, bottom, left, right = bounds(seen > 0)
    assert seen.max() == 255
    assert max(bottom - top, right - left) <= 4, "no larger than a pen, and not taken for a small 0"


@pytest.mark.parametrize(
    "given",
    [
        "strokes", "", 7, True, {"x": 1}, {}, [""], [{}], [1, 2], [[1, 2]], [[["a", "b"]]], [[[1]]], [[[None, 1]]],
        [[[float("nan"), 1]]], [[[float("inf"), 1]]], [[[1e300, 1]]], [[[0, 0]] * (strokes.MAX_POINTS + 1)],
    ],
    ids=str,
)  # fmt: skip
def test_what_are_no_strokes_is_refused(given: object):
    with pytest.raises(strokes.StrokesError):
        strokes.parse(given)


@pytest.mark.parametrize("given", [[], [[]], [[], []]])
def test_strokes_without_a_point_are_blank(given: list):
    with pytest.raises(BlankImageError):
        strokes.parse(given)
