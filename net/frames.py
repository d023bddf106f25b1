"""A ring or a frame around a digit that touches it, or all but touches it.

A frame that stands apart is told by its shape (net/parts.py). One that is connected to the digit is the rim of all that
cannot be reached from outside: no digit is as round or square, but for a 0, which has nothing inside it.
"""

import math

import numpy as np

from net.arrays import BoolArray
from net.boxes import bounds
from net.components import label_components, rows_of_three
from net.morphology import dilated, eroded
from net.parts import FRAMED, SLASH, spread_of

FILLED = 0.7  # of its box, at least, is filled by a ring or frame with what it surrounds; a circle fills 0.79
ROWS_OF_THREE = 0.1  # of its rows, at least, cross the frame, what is in it, and the frame again
WHOLE = 0.93  # of a frame's outer half, at least, is ink
MOST_INK = 0.36  # of the area inside it, at most
UNEVEN = 1.3  # times a frame's usual thickness is its thickness where it is thickest
GAP = 1.5  # times its thickness may be a gap in it: not every ring is closed
ONE_STROKE = 1.6  # times as thick as the frame, at most, is what may be one stroke
OFF_MIDDLE = 0.15  # of its height or width, at most, is from its middle to the digit; an end of a 0's stroke is farther
LEANS_A_LITTLE = 0.2  # columns per row, at least, is the lean of a 0's slash that touches its rim
SMALLEST = 20  # pixels, the height or width of a frame


def inside_frame(ink: BoolArray) -> list[BoolArray]:
    """Masks, bool [H, W] each, of where the digit may be that a frame surrounds and joins in ``ink``, bool [H, W].

    Empty if there is no frame, if next to nothing is in it, or if it may be a 0 with its slash, or with ends that pass
    each other. The first mask leaves out the frame; if the digit touches that, a second also keeps the ink right above
    and below the digit: a 2's base may lie on the frame.
    """
    if not ink.any():
        return []
    top, bottom, left, right = around = bounds(ink)
    box = ink[around.slices]
    if min(box.shape) < SMALLEST or not has_rows_of_three(box):
        return []
    thick = thickness(box)
    reach = round(UNEVEN * thick)
    solid = closed_and_filled(box, round(GAP * thick))
    if np.count_nonzero(solid) < FILLED * box.size:
        return []
    half = max(1, round(thick / 2))
    if box[solid & ~inset(solid, half)].mean() < WHOLE:
        return []
    inner = inset(solid, reach)
    inner &= ~remnants(box & inner, inner, half)
    digit = box & inner
    if not 0 < np.count_nonzero(digit) < MOST_INK * np.count_nonzero(inner):
        return []
    highest, lowest, leftmost, rightmost = bounds(digit)
    if lowest - highest < FRAMED * len(box) or is_off_middle(digit) or may_be_slash(digit, thick):
        return []
    # Strokes that run into the frame are followed into it; away from them there is only the frame's soft edge.
    near, close = (dilated(digit, width) for width in (2 * reach + 1, reach + 1))
    alone = (inner & near) | (solid & close)
    band = np.zeros_like(box)
    band[max(0, highest - reach) : lowest + reach, leftmost:rightmost] = True
    outside = (top, len(ink) - bottom), (left, ink.shape[1] - right)
    return [np.pad(places, outside) for places in ((alone, band) if touches(digit, inner) else (alone,))]


def remnants(ink: BoolArray, inner: BoolArray, reach: int) -> BoolArray:
    """The parts of ``ink`` wholly within ``reach`` pixels of the rim of its frame's ``inner`` part: bool [H, W] all.

    They are what is left of the frame where it bulges.
    """
    labels = label_components(ink)
    is_digit = np.bincount(labels[inset(inner, reach)], minlength=labels.max() + 1) > 0
    return ink & ~is_digit[labels]


def closed_and_filled(ink: BoolArray, gap: int) -> BoolArray:
    """``ink``, bool [H, W], with all that it surrounds filled, across gaps in it of up to ``gap`` pixels."""
    bridged = dilated(np.pad(ink, gap + 1), gap + 1)
    outside = label_components(~bridged)
    filled = eroded(outside != outside[0, 0], gap + 1)
    return filled[gap + 1 : -gap - 1, gap + 1 : -gap - 1]


def touches(digit: BoolArray, inner: BoolArray) -> bool:
    """Whether ``digit``, bool [H, W], reaches the rim of the ``inner`` part of its frame, bool [H, W]."""
    return bool((digit & ~inset(inner, 1)).any())


def inset(mask: BoolArray, by: int) -> BoolArray:
    """``mask``, bool [H, W], eroded by so many pixels on every side; beyond the picture nothing counts as set."""
    return eroded(np.pad(mask, by + 1), 2 * by + 1)[by + 1 : -by - 1, by + 1 : -by - 1]


def is_off_middle(digit: BoolArray) -> bool:
    """Whether ``digit``, bool [H, W], lies wholly to one side of its frame, which fills the array."""
    spans = zip(bounds(digit)[::2], bounds(digit)[1::2], digit.shape, strict=True)
    return any(max(first - side / 2, side / 2 - last) > OFF_MIDDLE * side for first, last, side in spans)


def may_be_slash(digit: BoolArray, thick: float) -> bool:
    """Whether ``digit``, bool [H, W], is one straight stroke, about as ``thick`` as the frame, and leans over."""
    leaning = leaning_of_stroke(digit, thick)
    return leaning is not None and leaning > LEANS_A_LITTLE


def leaning_of_stroke(digit: BoolArray, thick: float) -> float | None:
    """How many columns per row ``digit``, bool [H, W], leans over; None if it is not one straight stroke.

    A stroke is about as ``thick`` as the frame, in pixels.
    """
    along, across, leaning = spread_of(digit)
    widest = max(SLASH * along, ONE_STROKE * thick / math.sqrt(12))  # a line's standard deviation across it
    return leaning if across < widest else None


def has_rows_of_three(ink: BoolArray) -> bool:
    """Whether as many rows of ``ink``, bool [H, W], cross three strokes as where a frame has something in it.

    A 0 or an 8 has none; this spares work that takes as long as all else that is done to a drawing.
    """
    return rows_of_three(ink) >= ROWS_OF_THREE


def thickness(ink: BoolArray) -> float:
    """The thickness, in pixels, of the outermost strokes of ``ink``, bool [H, W], cropped: a median over four sides."""
    runs = []
    for turns in range(4):
        side = np.rot90(ink, turns)
        middle = side[len(side) // 3 : -(len(side) // 3)]
        first = middle.argmax(axis=1)
        columns = np.arange(side.shape[1])
        ends = np.where(~middle & (columns > first[:, None]), columns, side.shape[1]).min(axis=1)
        runs.append(ends - first)
    return float(np.median(np.concatenate(runs)))
