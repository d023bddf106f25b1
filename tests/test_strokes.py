"""Promises of net/strokes.py: strokes are drawn as MNIST's digits were prepared."""

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
    assert max(bottom - top, right - left) <= 4, "a dot of the pen's size, not enlarged to a 0"


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


DIGIT = handwriting.by_hand(5, unrest=0)
LEFT, TOP, RIGHT, BOTTOM = (
    extreme(point[axis] for stroke in DIGIT for point in stroke) for extreme in (min, max) for axis in (0, 1)
)
UNDERLINE = [(0.02, BOTTOM), (0.98, BOTTOM)]


def digit_among(drawn: list[handwriting.Stroke]) -> list[handwriting.Stroke]:
    """The strokes of the first look that is no rival."""
    return next(look.strokes for look in strokes.looks(drawn) if not look.is_rival)


NO_UNDERLINES = {
    "bent": handwriting.arc(0.5, BOTTOM, 0.48, 0.09, 180, 0),
    "steep": [(0.02, BOTTOM + 0.25), (0.98, BOTTOM - 0.25)],
    "flush with the digit": [(LEFT, BOTTOM), (LEFT + 1, BOTTOM)],
    "in the middle": [(0.02, 0.5), (0.98, 0.5)],
    "shorter than the digit is high": [(0.25, BOTTOM), (0.75, BOTTOM)],
}


@pytest.mark.parametrize("line", NO_UNDERLINES)
def test_what_is_no_underline_is_left(line: str):
    assert digit_among([*DIGIT, UNDERLINE]) == DIGIT
    assert digit_among([*DIGIT, NO_UNDERLINES[line]]) == [*DIGIT, NO_UNDERLINES[line]]


def test_a_speck_on_a_stroke_makes_no_underline_of_it():
    speck = [(0.5, BOTTOM - 0.1), (0.5, BOTTOM)]
    assert digit_among([speck, UNDERLINE]) == [speck, UNDERLINE]


@pytest.mark.parametrize("scale", [1e-320, 1e-300, 1e-9, 1e5])
def test_an_underline_is_one_in_any_unit(scale: float):
    drawn = [[(x * scale, y * scale) for x, y in stroke] for stroke in [*DIGIT, UNDERLINE]]
    assert digit_among(drawn) == drawn[:-1]


@pytest.mark.parametrize("turn", [345, 360, 375, 420, 560, 720, 800])
def test_a_ring_may_go_round_more_than_once_or_all_but_once(turn: float):
    ring = handwriting.arc(0.5, 0.5, 0.4, 0.4, 30, 30 + turn)
    assert digit_among([*DIGIT, ring]) == DIGIT


NO_FRAMES = {
    "a bow": handwriting.arc(0.5, 0.5, 0.4, 0.4, 30, 330),
    "a ring around less than half of it": handwriting.arc(0.5, BOTTOM, 0.4, 0.4, 0, 360),
}


@pytest.mark.parametrize("stroke", NO_FRAMES)
def test_what_does_not_go_around_is_no_frame(stroke: str):
    assert digit_among([*DIGIT, NO_FRAMES[stroke]]) == [*DIGIT, NO_FRAMES[stroke]]


@pytest.mark.parametrize(
    "inside", [[(0.45, 0.5), (0.55, 0.5)], [(0.49, 0.49), (0.53, 0.51)], [(0.42, 0.62), (0.6, 0.36)]]
)
def test_a_dot_or_a_slash_in_a_ring_is_no_digit(inside: handwriting.Stroke):
    zero = handwriting.arc(0.5, 0.5, 0.3, 0.36, 0, 360)
    assert digit_among([zero, inside]) == [zero, inside]
