"""Which parts of the ink on a picture are the digit's: not specks, lines, the table's edge, words or a frame.

A digit may come in parts: the hat of a 5 may lie apart. So every part that could be the digit's is kept, and in case
that is too much, `standing_alone` tells what the digit would be without the rest. What fills a rectangle may be a page,
and a long straight stroke a pen. Which of these is the digit, the network knows better than any rule.

All lengths here are in cells: squares of pixels, 50 to 100 along the picture's longer side (net/cells.py).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from net.arrays import BoolArray, Float32Array
from net.boxes import Box, bounds, edges, rim
from net.cells import cells_near
from net.components import label_components
from net.fading import faded_into

REACHES_ACROSS = 0.6  # of the picture's width and height
SURE_INK = 0.4  # of full strength; fainter is the soft edge of a stroke, or noise
SURER_INK = (0.55, 0.7)  # likewise, where squared paper or its grain is as strong as that
FAINTEST = 0.2  # likewise, where a pen runs dry
MOSTLY_STRONG = 0.85  # of what is surely ink is stronger than that, where it was written on plain paper
SHRINKS = 0.5  # of the box around all ink on such paper, at most, is the box of a digit on it
LEAST_PART = 0.03  # of the largest part's area; the hat of a 5 has a tenth
LEAST_PART_AT_RIM = 0.5  # likewise, for a part that touches the rim
COVERS_RIM = 0.9  # of the picture's rim is covered by what the paper lies on
FILLS_BAND = 0.7  # of the box around it is filled by a band along the rim; a 7 whose roof lies there fills less
LEAST_WITHIN = 10  # cells; fewer within that are a speck
LEAST_PAGE = 0.02  # of the picture is filled by a page that lies on it
MOST_PAGE = 0.8  # of the picture is the box around it, so that pages within pages soon come to an end
HOLDS_PAGE = 0.4  # of the box around what may hold such a page is filled
MOST_SIDES_OF_PAGE = 2  # lie at the picture's rim; else it is what the page lies on
FILLS_PAGE = 0.4  # of the box around it is filled by such a page; what was written on it is not
SLENDER = 0.5  # of the length of a pen or a 1, at most, is its width

# What stands alone; where no unit is given, lengths are fractions of the digit's height.
LEAST_ALONE = 10  # cells; what is smaller is a speck or a pattern
FLAT = 0.45  # of its width, at most, is the height of a flat part
STRAIGHT = 0.1  # times as wide as long, at most, by the spread of its ink, is what was drawn along a ruler
RULER = 0.4  # of its height counts when the highest part is looked for, if it is so straight
LONG_RULER = 0.15  # likewise, if it reaches across the picture as well
LONGEST_STROKE = 1.3  # what is straight and longer is a line
NEAR = 0.2  # parts of one digit are no further apart
STACKED = 0.7  # likewise, where one lies over the other
MOST_BESIDE = 2  # parts of a digit lie beside its largest; more are words or a row of buttons
RIVAL = 0.5  # what is as high as that may be a digit as well
NEARLY_AS_HIGH = 0.6  # as the highest: a part that is higher may be a digit as well, or a piece of one
EMBRACED = 3  # parts that reach around the digit are a pattern that goes on beyond it
UNDERLINED = 0.3  # of an underline's length is the height of what stands on it, at least
FRAMED = 0.3  # of a frame's height is what it frames, at least
AS_HIGH = 0.85  # as the highest part, at least, is a frame: in a row of boxes, an empty one may be higher
FRAME = 0.35  # of the box around it is filled by a frame, at most
LEAST_VARIANCE = 1 / 12  # cells squared, down the rows: that of a part only one row high
SLASH = 0.25  # times as wide as long, at most, by the spread of its ink, is a 0's slash
LEANS = 0.4  # columns per row, at least, does it lean over; nearly every 1 is more upright


@dataclass(frozen=True)
class Parts:
    """The parts of what is surely ink."""

    labels: NDArray[np.int32]  # [rows, columns]; 0 is the paper, the parts are 1 to their count
    of_digit: BoolArray  # [count + 1]: which are taken for the digit's
    sure: float  # the fraction of full strength above which ink is sure


def touch_opposite_sides(labels: NDArray[np.int32]) -> bool:
    """Whether one of the parts ``labels``, int32 [rows, columns], goes from side to side, as lines and squares do."""
    top, bottom, left, right = edges(labels)
    opposite = ((top, bottom), (left, right))
    return any(one.any() and other.any() and np.intersect1d(one, other).any() for one, other in opposite)


def crosses(mask: BoolArray) -> bool:
    """Whether a part of ``mask``, bool [rows, columns], goes from one side of it to the opposite one."""
    may_cross = touch_opposite_sides(mask.astype(np.int32))  # as one part, quickly: most drawings touch no side
    return may_cross and touch_opposite_sides(label_components(mask))


def parts_of_ink(strengths: Float32Array, cell: int) -> Parts:
    """The parts of what is surely ink in ``strengths``, float [rows, columns], fractions of full strength.

    A cell is a square of ``cell`` by ``cell`` pixels. Where the digit's ink fades into fainter ink, that is sure, too.
    Ink that reaches across the picture, and shrinks to a part of it once only the stronger counts, is written on
    squares, lines or grain; then only the stronger is sure. But what is in one piece and off the rim may be a
    highlighter's, which is stronger where its strokes overlap.
    """
    parts = parts_surer_than(strengths, SURE_INK)
    of_digit = parts.of_digit[parts.labels]
    faded = faded_end(strengths, of_digit, cell)
    if faded is not None:
        labels = label_components(faded | (strengths > SURE_INK))
        return Parts(labels, parts_of_digit(labels), SURE_INK)
    height, width = bounds(of_digit).size
    is_high_or_wide = height >= REACHES_ACROSS * strengths.shape[0] or width >= REACHES_ACROSS * strengths.shape[1]
    may_be_highlighter = np.count_nonzero(parts.of_digit) == 1 and not rim(of_digit).any()
    is_mostly_strong = (strengths[of_digit] > max(SURER_INK)).mean() >= MOSTLY_STRONG
    if is_high_or_wide and not (may_be_highlighter or is_mostly_strong):
        for sure in SURER_INK:
            fewer = parts_surer_than(strengths, sure)
            if math.prod(bounds(fewer.of_digit[fewer.labels]).size) < SHRINKS * height * width:
                return fewer
    return parts


def faded_end(strengths: Float32Array, of_digit: BoolArray, cell: int) -> BoolArray | None:
    """The largest part of the ink ``of_digit``, bool [rows, columns], with the fainter ink that it fades into; or None.

    None if all that is fainter are the soft edges of strokes; see `parts_of_ink` for the rest.
    """
    with_edges = cells_near(cells_near(of_digit, cell), cell)
    if not ((strengths >= FAINTEST) & ~with_edges).any():  # as in nearly all drawings
        return None
    return faded_into(strengths, of_digit, FAINTEST, cell)


def parts_surer_than(strengths: Float32Array, sure: float) -> Parts:
    """The parts of what is stronger than ``sure``, as in `parts_of_ink`."""
    labels = label_components(strengths > sure)
    return Parts(labels, parts_of_digit(labels), sure)


def parts_of_digit(labels: NDArray[np.int32], *, by_strokes: bool = False) -> BoolArray:
    """Which of the parts ``labels``, int32 [rows, columns], may belong to the digit: bool [count + 1].

    A part may if its area is large next to the largest one's; one that touches the picture's rim must be larger,
    because shadows, edges of the paper and parts of neighbouring words lie there. A part that touches all four sides
    and has another within it is a frame, even around a small one if it is nearly all of the rim; but not around what
    may be a 0's slash. A band along a whole side of the picture, such as a scanner's black edge, is excluded if there
    is anything off the rim. So are underlines; they may be shorter ``by_strokes``, where no part is a piece of a
    stroke. Part 0 is the paper.
    """
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    if len(areas) == 2:  # as in most drawings
        return areas > 0
    sides = [np.bincount(side, minlength=len(areas)) for side in edges(labels)]
    of_rim = sum(sides)
    touched = sum(side > 0 for side in sides)
    least_within = np.where(of_rim > COVERS_RIM * of_rim.sum(), LEAST_WITHIN, LEAST_PART * areas)
    frames = (touched == 4) & ((areas * (touched == 0)).max() >= least_within)
    if frames.any():
        within = (touched == 0) & ~Shapes(labels).slashes
        areas[frames & ((areas * within).max() >= least_within)] = 0
    bands = np.any([side > COVERS_RIM * side.sum() for side in sides], axis=0) & (touched < 4) & (areas > 0)
    if bands.any() and (areas * (touched == 0)).max() >= LEAST_PART * areas.max():
        areas[bands & Shapes(labels).boxy] = 0
    of_digit = (areas >= areas.max() * np.where(touched > 0, LEAST_PART_AT_RIM, LEAST_PART)) & (areas > 0)
    if np.count_nonzero(of_digit) > 1:
        of_digit[Shapes(labels).underlines(of_digit, by_strokes)] = False
    return of_digit


@dataclass(frozen=True)
class Part:
    """One part of the ink, bool [rows, columns]."""

    cells: BoolArray
    area: int
    box: Box

    @property
    def size(self) -> tuple[int, int]:
        """Its height and its width."""
        return self.box.size

    @property
    def may_hold_page(self) -> bool:
        """Whether it covers more than strokes would."""
        return self.area > max(LEAST_PAGE * self.cells.size, HOLDS_PAGE * math.prod(self.size))

    @property
    def may_be_pen(self) -> bool:
        """Whether it is one straight stroke across the picture: a 1, or a pen beside a faint digit."""
        if max(self.size) < REACHES_ACROSS * min(self.cells.shape) or min(self.size) > SLENDER * max(self.size):
            return False
        along, across, _ = spread_of(self.cells)
        return across < STRAIGHT * along


def largest_part(labels: NDArray[np.int32]) -> Part:
    """The largest of the parts ``labels``, int32 [rows, columns], of which there is at least one."""
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    cells = labels == areas.argmax()
    return Part(cells, int(areas.max()), bounds(cells))


def page_within(solid: BoolArray) -> Box | None:
    """The box of a page, not ink, among the cells ``solid``, bool [rows, columns], that are wholly filled; or None.

    A page is the largest part of them, if that fills the box around it, all four corners included, as no digit does:
    the pad on a screen, say.
    """
    if not solid.any():
        return None
    page = largest_part(label_components(solid))
    top, bottom, left, right = page.box
    on_rim = (top == 0) + (left == 0) + (bottom == len(solid)) + (right == solid.shape[1])
    if on_rim > MOST_SIDES_OF_PAGE or min(page.size) < LEAST_ALONE or math.prod(page.size) > MOST_PAGE * solid.size:
        return None
    if page.area < max(LEAST_PAGE * solid.size, FILLS_PAGE * math.prod(page.size)):
        return None
    box = page.cells[page.box.slices]
    ends = slice(2), slice(-2, None)
    # Corners may be rounded, or written in.
    fills_corners = all(box[rows, columns].any() for rows in ends for columns in ends)
    return page.box if fills_corners else None


def standing_alone(labels: NDArray[np.int32]) -> BoolArray | None:
    """Which of the parts ``labels``, int32 [rows, columns], are the digit's if no other ink is: bool [count + 1].

    None if no single digit stands out, or if there is only one part.

    These parts lie off the rim, within a frame if there is one: the highest, and those that belong to it by their
    place. Another part at least half as high is kept as well: of two digits, neither may be left out.
    """
    if labels.max() < 2:
        return None
    shapes = Shapes(labels)
    digit, frame = shapes.highest_and_its_frame()
    if digit is None or shapes.heights[digit] < LEAST_ALONE:
        return None
    inside = shapes.within(frame) if frame else shapes.off_rim
    are_rivals = shapes.heights >= RIVAL * shapes.weighed_heights[digit]
    alone = inside & ~shapes.lines_near(digit) & (shapes.near(digit, inside) | are_rivals)
    alone[digit] = True
    embracing = shapes.embracing(digit) & ~alone
    embracing[frame] = False
    return None if np.count_nonzero(embracing) >= EMBRACED else alone


def highest_by_itself(labels: NDArray[np.int32], stands_alone: BoolArray) -> BoolArray | None:
    """The highest of the parts that ``stands_alone``, bool [count + 1], picks of ``labels``, int32 [rows, columns].

    None if it is the only one, or if another is nearly as high or lies within the box around it: an eye in a face.
    """
    shapes = Shapes(labels)
    heights = np.where(stands_alone, shapes.heights, 0)
    highest = np.arange(len(heights)) == heights.argmax()
    others = stands_alone & ~highest
    are_apart = shapes.gaps(int(heights.argmax())) >= 0
    are_lower = heights <= NEARLY_AS_HIGH * heights.max()
    return highest if others.any() and (are_apart & are_lower)[others].all() else None


class Shapes:
    """The place and the shape of each part: arrays [count + 1], whose element 0, the paper's, means nothing."""

    def __init__(self, labels: NDArray[np.int32]) -> None:
        rows, columns = np.nonzero(labels)
        owners = labels[rows, columns]
        count = int(labels.max()) + 1
        self.areas = np.bincount(owners, minlength=count)
        self.tops, self.lefts = np.full(count, labels.shape[0]), np.full(count, labels.shape[1])
        self.bottoms, self.rights = np.zeros(count, int), np.zeros(count, int)
        np.minimum.at(self.tops, owners, rows)
        np.minimum.at(self.lefts, owners, columns)
        np.maximum.at(self.bottoms, owners, rows + 1)
        np.maximum.at(self.rights, owners, columns + 1)
        self.heights, self.widths = self.bottoms - self.tops, self.rights - self.lefts
        self.flat = self.heights < FLAT * self.widths
        self.boxy = self.areas > FILLS_BAND * self.heights * self.widths
        self.off_rim = (self.tops > 0) & (self.lefts > 0) & (self.areas > 0)
        self.off_rim &= (self.bottoms < labels.shape[0]) & (self.rights < labels.shape[1])
        along, across, leanings = spreads(rows, columns, owners, self.areas)
        self.lengths = along * math.sqrt(12)  # a line's length over its standard deviation
        self.straight = across < STRAIGHT * along
        self.slashes = (across < SLASH * along) & (leanings > LEANS)
        is_long = self.lengths > REACHES_ACROSS * min(labels.shape)
        self.weighed_heights = self.heights * np.where(self.straight, np.where(is_long, LONG_RULER, RULER), 1)

    def highest_and_its_frame(self) -> tuple[int | None, int]:
        """The highest part off the rim that is neither flat nor a frame, and the frame around it, 0 if there is none.

        The part is None if there is no such part, or if there are frames within frames.
        """
        highest_first = np.argsort(-self.weighed_heights, kind="stable")
        candidates = highest_first[(self.off_rim & ~self.flat)[highest_first]].tolist()
        as_high = [part for part in candidates if self.heights[part] >= AS_HIGH * self.heights[candidates[0]]]
        frame = next(filter(self.is_frame, as_high), 0)
        if frame:
            within = self.within(frame)
            candidates = [part for part in candidates if within[part]]
        return (candidates[0] if candidates and not self.is_frame(candidates[0]) else None), frame

    def near(self, digit: int, inside: BoolArray) -> BoolArray:
        """Which parts are large enough and near enough to ``digit`` to be pieces of it: bool [count + 1].

        Those beside it are not if more than a few of them are ``inside``, bool [count + 1]: they are words.
        """
        reach = np.where(self.over_or_under(digit), STACKED, NEAR) * self.heights[digit]
        near = self.are_large_beside(digit) & (self.gaps(digit) <= reach)
        beside = near & (self.gaps(digit) > 0)
        return near & ~beside if np.count_nonzero(beside & inside) > MOST_BESIDE else near

    def lines_near(self, digit: int) -> BoolArray:
        """Which parts are too long and straight for a stroke of ``digit``, or are flat and no hat of a 5 on it."""
        height = self.heights[digit]
        are_below = (self.tops + self.bottoms) / 2 >= self.bottoms[digit]
        are_near = self.over_or_under(digit) & (self.gaps(digit) <= NEAR * height)
        may_be_hats = are_near & ~are_below & (self.widths <= height)
        return (self.flat & ~may_be_hats) | (self.straight & (self.lengths > LONGEST_STROKE * height))

    def embracing(self, digit: int) -> BoolArray:
        """Which parts have a box that overlaps that of ``digit``, and are no specks: bool [count + 1]."""
        return self.are_large_beside(digit) & (self.gaps(digit) < 0)

    def are_large_beside(self, digit: int) -> BoolArray:
        """Which parts are no specks next to ``digit``: bool [count + 1]."""
        return self.areas >= LEAST_PART * self.areas[digit]

    def underlines(self, among: BoolArray, by_strokes: bool) -> BoolArray:
        """Which of the parts ``among``, bool [count + 1], are straight lines under the others and longer than these.

        The others are those that are no flat lines. All together they are less wide than the line is long and, unless
        ``by_strokes``, less high: the base of a 2 may come apart where ink is faint, and no 1 has so long a foot.
        """
        lines = among & self.straight & self.flat  # one, or two where it is underlined twice
        others = among & ~lines
        if not others.any():
            return others
        bottom = self.bottoms[others].max()
        height, width = bottom - self.tops[others].min(), self.rights[others].max() - self.lefts[others].min()
        are_longer = self.widths > (width if by_strokes else max(width, height))
        return lines & (self.tops >= bottom) & are_longer & (height >= UNDERLINED * self.widths)

    def is_frame(self, part: int) -> bool:
        """Whether ``part`` is a thin line around another one off the rim that is high enough in it and no 0's slash."""
        is_thin = self.areas[part] < FRAME * self.heights[part] * self.widths[part]
        framed = self.within(part) & (self.heights >= FRAMED * self.heights[part]) & ~self.slashes
        return bool(is_thin and framed.any())

    def within(self, part: int) -> BoolArray:
        """Which parts off the rim lie in the box around ``part``, and do not reach its sides."""
        within = self.off_rim & (self.tops > self.tops[part]) & (self.bottoms < self.bottoms[part])
        return within & (self.lefts > self.lefts[part]) & (self.rights < self.rights[part])

    def over_or_under(self, part: int) -> BoolArray:
        """Which parts share columns with ``part``."""
        return (self.lefts < self.rights[part]) & (self.rights > self.lefts[part])

    def gaps(self, part: int) -> NDArray[np.int64]:
        """How far each part's box is from that of ``part``, the larger of down and across; below 0 if they overlap."""
        down = np.maximum(self.tops[part] - self.bottoms, self.tops - self.bottoms[part])
        across = np.maximum(self.lefts[part] - self.rights, self.lefts - self.rights[part])
        return np.maximum(down, across)


def spreads(
    rows: NDArray[np.int64], columns: NDArray[np.int64], owners: NDArray[np.int32], areas: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Each part's standard deviation along its longest axis and across it, and its lean: [count + 1] each.

    The lean is how many columns it leans over to either side per row. The cells are at ``rows`` and ``columns``,
    [cells], and belong to the parts ``owners``, [cells], whose ``areas`` are given.
    """
    count = np.maximum(areas, 1)
    down, right = (places - (np.bincount(owners, places, len(areas)) / count)[owners] for places in (rows, columns))
    of_rows, of_columns, of_both = (
        np.bincount(owners, product, len(areas)) / count for product in (down * down, right * right, down * right)
    )
    middle, deviation = (of_rows + of_columns) / 2, np.hypot((of_rows - of_columns) / 2, of_both)
    along, across = np.sqrt(middle + deviation), np.sqrt(np.maximum(middle - deviation, 0))
    return along, across, np.abs(of_both) / np.maximum(of_rows, LEAST_VARIANCE)


def spread_of(mask: BoolArray) -> tuple[float, float, float]:
    """`spreads` of all that is set in ``mask``, bool [H, W], as one part."""
    rows, columns = np.nonzero(mask)
    along, across, leaning = spreads(rows, columns, np.zeros(len(rows), np.int32), np.array([len(rows)]))
    return float(along[0]), float(across[0]), float(leaning[0])
