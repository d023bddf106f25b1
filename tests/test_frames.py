"""Promises of net/frames.py: a frame around a digit is told from it, and no stroke of a digit is taken for a frame."""

import handwriting
import numpy as np
import pytest
import schools

from net.boxes import bounds
from net.frames import inside_frame

RING = handwriting.arc(0.5, 0.5, 0.37, 0.37, 0, 370)
OPEN_RING = handwriting.arc(0.5, 0.5, 0.37, 0.37, 40, 385)
BOX = [(0.1, 0.13), (0.9, 0.13), (0.9, 0.87), (0.1, 0.87), (0.1, 0.13)]


def mask_of(strokes: list[handwriting.Stroke]) -> np.ndarray:
    return np.asarray(handwriting.render(strokes, 200, 0.045).convert("L")) < 128


@pytest.mark.parametrize("frame", [RING, OPEN_RING, BOX], ids=["ring", "open ring", "box"])
@pytest.mark.parametrize("digit", range(10))
def test_a_digit_is_told_from_the_frame_that_it_touches(digit: int, frame: handwriting.Stroke):
    digit_alone, frame_alone = mask_of(handwriting.by_hand(digit, unrest=0)), mask_of([frame])
    ink = digit_alone | frame_alone
    found = inside_frame(ink)
    assert found
    assert np.mean(found[0][digit_alone & ~frame_alone]) > 0.9
    assert np.mean(found[0][frame_alone & ~digit_alone]) < 0.15


def test_the_soft_edge_of_a_frame_is_not_with_the_digit():
    (places,) = inside_frame(mask_of([handwriting.arc(0.5, 0.5, 0.12, 0.12, 0, 300), RING]))
    top, bottom, left, right = bounds(places)
    assert min(top, left) > 50
    assert max(bottom, right) < 150


def test_nothing_is_left_of_a_frame_that_bulges():
    chords = [[(0.34, 0.115), (0.66, 0.115)], [(0.34, 0.885), (0.66, 0.885)]]
    digit = handwriting.arc(0.5, 0.5, 0.12, 0.12, 0, 300)
    digit_alone, frame_alone = mask_of([digit]), mask_of([RING, *chords])
    found = inside_frame(digit_alone | frame_alone)
    assert found
    assert found[0][digit_alone].all()
    assert not found[0][frame_alone].any()


@pytest.mark.parametrize("habit", schools.HABITS)
def test_no_stroke_of_a_digit_is_a_frame(habit: str):
    for seed in range(40):
        assert inside_frame(np.asarray(schools.drawing(habit, seed).convert("L")) < 128) == [], seed


NO_FRAMES = {
    "a ring with a wide gap": handwriting.arc(0.5, 0.5, 0.37, 0.37, 40, 340),
    "a triangle": [(0.5, 0.02), (0.98, 0.9), (0.02, 0.9), (0.5, 0.02)],
    "a bow": handwriting.arc(0.5, 0.5, 0.37, 0.37, 0, 180),
}


@pytest.mark.parametrize("frame", NO_FRAMES)
def test_what_does_not_go_around_is_no_frame(frame: str):
    digit = handwriting.arc(0.5, 0.55, 0.1, 0.15, 0, 300)
    assert inside_frame(mask_of([digit, RING]))
    assert inside_frame(mask_of([digit, NO_FRAMES[frame]])) == []


def test_a_frame_full_of_ink_holds_no_digit():
    blot = mask_of([[(0.5, 0.4), (0.5, 0.6)]])
    for _ in range(45):
        blot[1:-1, 1:-1] |= blot[:-2, 1:-1] | blot[2:, 1:-1] | blot[1:-1, :-2] | blot[1:-1, 2:]
    assert inside_frame(mask_of([RING]) | blot) == []


@pytest.mark.parametrize(("lean", "is_slash"), [(0.0, False), (0.03, False), (0.07, True), (0.2, True)])
def test_one_stroke_that_leans_over_may_be_the_slash_of_a_zero(lean: float, is_slash: bool):
    found = inside_frame(mask_of([RING, [(0.5 - lean, 0.75), (0.5 + lean, 0.25)]]))
    assert (found == []) == is_slash


def test_a_frame_with_next_to_nothing_in_it_holds_no_digit():
    dot = [(0.5, 0.5), (0.52, 0.5)]
    for frame in (RING, BOX):
        assert inside_frame(mask_of([frame])) == []
        assert inside_frame(mask_of([frame, dot])) == []


def test_no_size_or_kind_of_ink_is_an_error():
    chance = np.random.default_rng(0)
    for height, width in ((1, 1), (1, 30), (30, 1), (20, 20), (21, 60), (40, 40), (60, 200)):
        for covered in (0, 0.1, 0.5, 0.95, 1):
            ink = chance.random((height, width)) < covered
            assert all(places.shape == ink.shape for places in inside_frame(ink))
