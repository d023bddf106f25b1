"""A ring or a frame around a digit that touches it, or all but touches it.

What stands apart is told by its shape (net/parts.py). Where ring and digit hang together, the ring is the rim of all
that cannot be reached from outside: that is as round or square as no digit but a 0, which has nothing inside it.
"""

import math

import numpy as np

from net.arrays import BoolArray
from net.boxes import bounds
from net.components import label_components, rows_of_three
from net.morphology import dilated, eroded
from net.parts import FRAMED, SLASH, spread_of

FILLED = 0.7  # of the box around it is filled by a ring, a frame and what they surround; a circle fills 0.79
ROWS_OF_THREE = 0.1  # of its rows, at least, run through the frame, what is in it, and the frame again
WHOLE = 0.93  # of a frame's outer half is ink
MOST_INK = 0.36  # of what is in it, at most
UNEVEN = 1.3  # times as thick as it is on most sides is a frame where it is thickest
GAP = 1.5  # times as thick as it is may be a gap in it: not every ring is closed
ONE_STROKE = 1.6  # times as thick as the frame is what may be one stroke
OFF_MIDDLE = 0.15  # of its height or width is what it frames off its middle, at most; an end of a 0's stroke is farther
LEANS_A_LITTLE = 0.2  # columns for each row, at least, does the slash of a 0 lean over that touches its rim
SMALLEST = 20  # pixels, the height or width of a frame


def inside_frame(ink: BoolArray) -> list[BoolArray]:
    """Where in ``ink``, bool [H, W], the digit may be that a frame surrounds and hangs together with: bool [H, W] each.

    Nowhere if there is no frame, if there is next to nothing in it, or if it may be a 0 with its slash, or with ends
    that pass each other. Else where the frame is not; and, as the base of a 2 may lie on the frame, also with what
    there is of it above and below.
    """
    if not ink.any():
        return []
    top, bottom, left, right = around = bounds(ink)
    box = ink[around.slices]
    if min(box.shape) < SMALLEST or seen_from_sides(box) > 1 - FILLED or not has_rows_of_three(box):
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
    # Where strokes run into the frame they are followed into it; away from them there is but the frame's soft edge.
    near, close = (dilated(digit, width) for width in (2 * reach + 1, reach + 1))
    alone = (inner & near) | (solid & close)
    band = np.zeros_like(box)
    band[max(0, highest - reach) : lowest + reach, leftmost:rightmost] = True
    outside = (top, len(ink) - bottom), (left, ink.shape[1] - right)
    return [np.pad(places, outside) for places in ((alone, band) if touches(digit, inner) else (alone,))]


def remnants(ink: BoolArray, inner: BoolArray, reach: int) -> BoolArray:
    """The parts of the ``ink`` in the ``inner`` part of its frame, bool [H, W] all, that lie but so near to its rim.

    They are what is left of the frame where it bulges.
    """
    labels = label_components(ink)
    is_digit = np.bincount(labels[inset(inner, reach)], minlength=labels.max() + 1) > 0
    return ink & ~is_digit[labels]


def closed_and_filled(ink: BoolArray, gap: int) -> BoolArray:
    """``ink``, bool [H, W], with what it surrounds, whether there are gaps of so many pixels in it or not."""
    bridged = dilated(np.pad(ink, gap + 1), gap + 1)
    outside = label_components(~bridged)
    filled = eroded(outside != outside[0, 0], gap + 1)
    return filled[gap + 1 : -gap - 1, gap + 1 : -gap - 1]


def touches(digit: BoolArray, inner: BoolArray) -> bool:
    """Whether ``digit``, bool [H, W], reaches the rim of the ``inner`` part of its frame, bool [H, W]."""
    return bool((digit & ~inset(inner, 1)).any())


def inset(mask: BoolArray, by: int) -> BoolArray:
    """``mask``, bool [H, W], less so many pixels on every side; nothing is set beyond the picture's rim."""
    return eroded(np.pad(mask, by + 1), 2 * by + 1)[by + 1 : -by - 1, by + 1 : -by - 1]


def is_off_middle(digit: BoolArray) -> bool:
    """Whether ``digit``, bool [H, W], lies wholly to one side of the frame, which is as high and wide as that."""
    spans = zip(bounds(digit)[::2], bounds(digit)[1::2], digit.shape, strict=True)
    return any(max(first - side / 2, side / 2 - last) > OFF_MIDDLE * side for first, last, side in spans)


def may_be_slash(digit: BoolArray, thick: float) -> bool:
    """Whether ``digit``, bool [H, W], is one straight stroke, about as ``thick`` as the frame, and leans over."""
    leaning = leaning_of_stroke(digit, thick)
    return leaning is not None and leaning > LEANS_A_LITTLE


def leaning_of_stroke(digit: BoolArray, thick: float) -> float | None:
    """How many columns for each row ``digit``, bool [H, W], leans over; None where it is no straight stroke.

    A stroke is about as ``thick`` as the frame, in pixels.
    """
    along, across, leaning = spread_of(digit)
    widest = max(SLASH * along, ONE_STROKE * thick / math.sqrt(12))  # a line's standard deviation across it
    return leaning if across < widest else None


def seen_from_sides(ink: BoolArray) -> float:
    """The fraction of the picture ``ink``, bool [H, W], that is paper before the first ink from left or right."""
    left, right = (side.argmax(axis=1) for side in (ink, ink[:, ::-1]))
    return float((left + right).mean() / ink.shape[1])


def has_rows_of_three(ink: BoolArray) -> bool:
    """Whether there are as many rows of three strokes in ``ink``, bool [H, W], as where a frame has something in it.

    A 0 has none, nor has an 8; the rest of the work would take as long as all else that is done to a drawing.
    """
    return rows_of_three(ink) >= ROWS_OF_THREE


def thickness(ink: BoolArray) -> float:
    """How thick the outermost strokes of ``ink``, bool [H, W] and cropped to it, are: a median over four sides."""
    runs = []
    for turns in range(4):
        side = np.rot90(ink, turns)
        middle = side[len(side) // 3 : -(len(side) // 3)]
        first = middle.argmax(axis=1)
        columns = np.arange(side.shape[1])
        ends = np.where(~middle & (columns > first[:, None]), columns, side.shape[1]).min(axis=1)
        runs.append(ends - first)
    return float(np.median(np.concatenate(runs)))
