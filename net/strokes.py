"""Strokes of a pen, as points -> the ink that MNIST's pencils would have left.

The points tell what a drawing pad's pixels do not: where the pen went, however thick it was. Drawn at the width of
MNIST's own strokes, a loop that a thick pen has closed is open again. Drawn with a fine line, an underline or a frame
that a thick pen has joined to the digit is separate again.
"""

import itertools
import math
from collections.abc import Callable
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from net.arrays import BoolArray, UInt8Array
from net.boxes import bounds
from net.cells import CELLS
from net.components import label_components
from net.errors import BlankImageError, NoDigitError
from net.fitting import BOX, normalize, place_by_centre_of_mass
from net.frames import LEANS_A_LITTLE, leaning_of_stroke
from net.lines import BENT, BEYOND, LEAST_UPON, LOW, MOST_LINES, STEEPEST
from net.parts import FRAMED, highest_by_itself, parts_of_digit, standing_alone

MAX_POINTS = 20_000  # of all strokes together; a hand leaves a few hundred
FARTHEST = 1e6  # of a coordinate from zero, in whatever unit
PEN = 0.13  # of the digit's longer side, as MNIST's own strokes: 2.6 of its 20 pixels
FINE_PEN = 0.06  # likewise, where that would close a loop
FINE = 10  # pixels drawn for one of MNIST's
GAP = 0.04  # of the longer side of all strokes; strokes that are closer are connected
NEAR = 0.15  # likewise; what was left out but is closer may be the digit's after all
OPEN = 0.25  # of that side, at most, is the gap between where a frame ends and where it passed before
SEALED = 3  # cells, the width of its line: across the corners of a thinner one, paper would be connected
BESIDE_LINE = 17  # cells, likewise, with what is near it on both sides
WITHIN = 0.65  # of what it surrounds lies in it; strokes may run out of it
SPECK = 0.2  # of the largest part of that, at most, is a stray tap beside it
PICTURE_BOX = 200  # pixels, of the digit on a picture made of strokes
PICTURE_MARGIN = 40  # pixels, around it

Stroke = list[tuple[float, float]]
Strokes = list[Stroke]


class StrokesError(NoDigitError):
    """What was given is not a list of strokes; the message says what to send, in one sentence."""


def parse(given: Any) -> Strokes:
    """Strokes out of a JSON value: a list of strokes, each a list of points, each [x, y, ...], y down, in any unit.

    What follows x and y in a point, such as pressure or time, is ignored. Raises StrokesError, or BlankImageError if
    there is no point at all.
    """
    try:
        if not (isinstance(given, list) and all(isinstance(stroke, list) for stroke in given)):
            raise TypeError
        strokes = [[(coordinate(point[0]), coordinate(point[1])) for point in stroke] for stroke in given]
    except (TypeError, ValueError, LookupError, OverflowError):
        raise StrokesError("The strokes are not lists of points; send [[[x, y], [x, y], ...], ...].") from None
    points = [point for stroke in strokes for point in stroke]
    if len(points) > MAX_POINTS:
        raise StrokesError(f"The strokes have more than {MAX_POINTS:,} points; send fewer.")
    if not all(math.isfinite(value) and abs(value) <= FARTHEST for point in points for value in point):
        raise StrokesError("The strokes have a coordinate that is not a number, or is too large; send plain numbers.")
    if not points:
        raise BlankImageError("The strokes have no points; draw one digit.")
    return [stroke for stroke in strokes if stroke]


def coordinate(value: Any) -> float:
    """``value`` as a float. Raises TypeError if it is not a number, even if it is the text of one, or OverflowError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


class StrokesLook(NamedTuple):
    """Strokes that may be the digit."""

    strokes: Strokes
    is_rival: bool = False  # the other looks may be a piece of it; it is not to be believed by itself


def looks(strokes: Strokes) -> list[StrokesLook]:
    """What may be the digit among ``strokes``, which have a point at least: a rival, if any, then the likeliest first.

    The likeliest has all strokes but specks, underlines and a frame; the next, if these are not connected, only those
    that stand alone, without what is far away; the last, only the highest part of these, without a full stop or a stray
    mark near it. A rival has all strokes: what was left out may be a 2's base, or a 0 of which only the slash is
    left. See `net.parts`, and `net.lines` and `net.frames` for what touches the digit.
    """
    digit, may_be_slash = without_frame(without_underlines(strokes))
    own = parts_among(digit)
    has_rival = may_be_slash or are_near_others(own[0], among=strokes)
    return [*([StrokesLook(strokes, is_rival=True)] if has_rival else []), *map(StrokesLook, own)]


def likeliest(strokes: Strokes) -> Strokes:
    """All of ``strokes`` that are taken for the digit's: those of the first of their `looks` that is no rival."""
    return next(look.strokes for look in looks(strokes) if not look.is_rival)


def parts_among(strokes: Strokes) -> list[Strokes]:
    """The ``strokes`` taken for the digit's, those that stand alone, and the highest part of these if it may be all.

    Each comes only if it differs from the one before.
    """
    if len(strokes) == 1:
        return [strokes]
    labels, parts = parts_of(strokes, GAP)
    if labels.max() == 1:
        return [strokes]
    of_digit, alone = parts_of_digit(labels, by_strokes=True), standing_alone(labels)
    found = [of_digit]
    if alone is not None:
        if (alone != of_digit).any():
            found.append(alone)
        highest = highest_by_itself(labels, alone)
        if highest is not None:
            found.append(highest)
    return [[stroke for stroke, part in zip(strokes, parts, strict=True) if kept[part]] for kept in found]


def are_near_others(some: Strokes, among: Strokes) -> bool:
    """Whether ``some``, which are strokes ``among`` these, come within `NEAR` of the others."""
    if len(some) == len(among):
        return False
    _, parts = parts_of(among, NEAR)
    ids = set(map(id, some))
    are_some = [id(stroke) in ids for stroke in among]
    of_others = {part for part, is_one in zip(parts, are_some, strict=True) if not is_one}
    return any(part in of_others for part in itertools.compress(parts, are_some))


def parts_of(strokes: Strokes, gap: float) -> tuple[NDArray[np.int32], list[int]]:
    """The connected parts of ``strokes``, drawn, as `label_components` has them, and the part of each stroke.

    Strokes are connected if they are closer than ``gap``, a fraction of the longer side of them all.
    """
    labels = label_components(np.asarray(trace(strokes, CELLS, gap)) > 0)
    return labels, [int(labels[int(y), int(x)]) for (x, y), *_ in paths(strokes, CELLS, gap)]


def without_underlines(strokes: Strokes) -> Strokes:
    """``strokes`` without lines under all the others, as in `net.lines`, touching or not."""
    for _ in range(MOST_LINES):
        longest, others = largest_and_others(strokes, lambda stroke: extent_of(stroke)[0])
        if not others or not is_underline(longest, others):
            break
        strokes = others
    return strokes


def without_frame(strokes: Strokes) -> tuple[Strokes, bool]:
    """``strokes`` without a frame around all the others, as in `net.frames`, touching or not.

    And whether the others may be a 0's slash: if they are one upright stroke. One that leans over is a slash, and then
    nothing is left out.
    """
    largest, others = largest_and_others(strokes, lambda stroke: math.hypot(*extent_of(stroke)))
    digit = drawn_within(largest, others) if others else None
    if digit is None:
        return strokes, False
    leaning = leaning_of_stroke(without_specks(digit), 1)
    if leaning is not None and leaning > LEANS_A_LITTLE:
        return strokes, False
    return others, leaning is not None


def largest_and_others(strokes: Strokes, size: Callable[[Stroke], float]) -> tuple[Stroke, Strokes]:
    """The one of ``strokes`` whose ``size`` is greatest, and the others."""
    sizes = list(map(size, strokes))
    which = sizes.index(max(sizes))
    return strokes[which], strokes[:which] + strokes[which + 1 :]


def extent_of(stroke: Stroke) -> tuple[float, float]:
    """How wide and how high ``stroke`` is."""
    xs, ys = zip(*stroke, strict=True)
    return max(xs) - min(xs), max(ys) - min(ys)


def is_underline(stroke: Stroke, others: Strokes) -> bool:
    """Whether ``stroke`` is a line under ``others``: longer than they are wide and high, and beyond both sides."""
    line, *rest = map(np.array, paths([stroke, *others], CELLS, GAP))
    first, last = line[:, 0].min(), line[:, 0].max()
    (left, top), (right, bottom) = (extreme(np.concatenate(rest), axis=0) for extreme in (np.min, np.max))
    length, height = last - first, bottom - top
    if length <= max(right - left, height) or height < LEAST_UPON * length:
        return False
    middle = line.mean(axis=0)
    across, down = (line - middle).T
    slope = (across @ down) / (across @ across)
    is_straight = abs(slope) <= STEEPEST and np.abs(down - slope * across).max() <= BENT * length
    is_beyond = min(left - first, last - right) >= BEYOND * height
    is_low = middle[1] + slope * ((left + right) / 2 - middle[0]) >= bottom - LOW * height
    return bool(is_straight and is_beyond and is_low)


def drawn_within(stroke: Stroke, others: Strokes) -> BoolArray | None:
    """``others``, drawn finely, bool [H, W], if ``stroke`` goes around at least `WITHIN` of them; else None.

    Also None if they are no more than a dot in it, or follow its line, as when somebody mends a digit.
    """
    around, *within = paths([stroke, *others], CELLS, GAP)
    end = around[-1]
    begin = min(around[: len(around) // 2 + 1], key=lambda point: math.dist(point, end))
    if math.dist(begin, end) > OPEN * CELLS:
        return None
    outline, near_outline = (drawn_finely([[*around, begin]], width) for width in (SEALED, BESIDE_LINE))
    digit = drawn_finely(within)
    paper = label_components(~outline)
    surrounded = (paper != paper[0, 0]) & ~outline
    if not (digit & ~near_outline).any() or surrounded[digit].mean() < WITHIN:
        return None
    (height, _), (height_of_frame, _) = bounds(digit).size, bounds(outline).size
    return digit if height >= FRAMED * height_of_frame else None


def drawn_finely(lines: Strokes, width: int = 1) -> BoolArray:
    """The cells, bool [H, W], that ``lines``, each ``width`` cells wide, cover."""
    page = Image.new("1", (CELLS + 3,) * 2)
    pencil = ImageDraw.Draw(page)
    for line in lines:
        pencil.line(line, 1, width)
    return np.asarray(page)


def without_specks(digit: BoolArray) -> BoolArray:
    """``digit``, bool [H, W], drawn finely, without the parts that are small next to its largest."""
    labels = label_components(digit)
    areas = np.bincount(labels[digit])
    return digit & (areas > SPECK * areas.max())[labels]


def draw(strokes: Strokes) -> UInt8Array:
    """``strokes`` as MNIST would have them: uint8 [28, 28], 0 for paper to 255 for ink.

    But a mere dot is no larger than the pen: made as large as a digit, it would be a 0 whose hole has closed.
    """
    ink = np.asarray(trace(strokes, BOX * FINE, pen_for(strokes)), np.float32) / 255
    drawn = ink[bounds(ink > 0).slices]
    if len({point for stroke in strokes for point in stroke}) > 1:
        return normalize(drawn)
    dot = Image.fromarray(drawn).resize((round(BOX * PEN),) * 2, Image.Resampling.BOX)
    return np.rint(place_by_centre_of_mass(np.asarray(dot)) * 255).astype(np.uint8)


def pen_for(strokes: Strokes) -> float:
    """`PEN`, or `FINE_PEN` if `PEN` would close a loop of ``strokes``, such as a small one of an 8."""
    loops = loops_of(strokes, FINE_PEN)
    return FINE_PEN if loops and loops > loops_of(strokes, PEN) else PEN


def loops_of(strokes: Strokes, pen: float) -> int:
    """How many loops of ``strokes``, drawn by that ``pen``, have paper in them."""
    return int(label_components(np.asarray(trace(strokes, CELLS, pen)) == 0).max()) - 1


def to_png(strokes: Strokes) -> bytes:
    """``strokes`` as a picture, black on white, for whoever has no use for points: a whole PNG file."""
    page = ImageOps.expand(ImageOps.invert(trace(strokes, PICTURE_BOX)), PICTURE_MARGIN, 255)
    file = BytesIO()
    page.save(file, "PNG")
    return file.getvalue()


def trace(strokes: Strokes, box: int, pen: float = PEN) -> Image.Image:
    """The ink of ``strokes``, which have at least one point, on a square of ``box`` + 3 pixels: mode L, 255 for ink.

    The ink begins a pixel from the top and the left, and touches no side. Its longer side, the pen's width included, is
    ``box`` pixels, unless it is a mere dot. ``pen`` is the pen's width as a fraction of ``box``.
    """
    page = Image.new("L", (box + 3, box + 3))
    pencil = ImageDraw.Draw(page)
    width, around = max(1, round(box * pen)), box * pen / 2
    for path in paths(strokes, box, pen):
        pencil.line(path, 255, width)
        for x, y in path:
            pencil.ellipse((x - around, y - around, x + around, y + around), 255)
    return page


def paths(strokes: Strokes, box: int, pen: float) -> Strokes:
    """``strokes`` in pixels of the square that `trace` draws."""
    points = np.array([point for stroke in strokes for point in stroke])
    first, last = points.min(axis=0), points.max(axis=0)
    longer_side = max(last - first)
    unit = longer_side if longer_side > 0 else 1.0  # may be so small that one over it overflows
    placed = map(tuple, ((points - first) / unit * (box - box * pen) + box * pen / 2 + 1).tolist())
    return [[next(placed) for _ in stroke] for stroke in strokes]
