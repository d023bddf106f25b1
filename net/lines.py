"""Straight lines that touch the digit: an underline, or the printed line that it was written on.

A line that stands apart is told by its shape (net/parts.py). Where a stroke runs into it, both are one part, and a 7 on
a line looks like a 2. But a line is longer than all else is wide and high, and reaches beyond it to both sides, as no
stroke of a digit does: not the foot of a 1, nor the base of a 2, which begins where the rest of the 2 ends.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from net.arrays import BoolArray
from net.boxes import Box, bounds
from net.components import runs_of

# Fractions of the line's length.
END = 0.05  # at either end, where there is nothing but the line
STEEPEST = 0.35  # it rises or falls by no more
BENT = 0.04  # it deviates from straight by no more
COVERED = 0.95  # of it, and of a frame's outermost lines, is ink, at least
FRAME_ENDS = 0.5  # of a frame's innermost lines is ink
LEAST_UPON = 0.25  # is the height of what stands on it, at least
LEAST_ACROSS = 0.1  # likewise, where it goes on beyond the picture

# Fractions of that height.
THICKEST = 0.2  # it is no thicker
BEYOND = 0.1  # beyond what stands on it, to either side, at least
BEYOND_ACROSS = 0.15  # likewise, where it goes on beyond the picture
LOW = 0.3  # above the bottom of what stands on it, at most; a line across the picture may be anywhere

THICKER = 1.5  # times the line's thickness, at least, where a stroke runs into it
SWELLS = 1.2  # likewise, plus a pixel, where one begins to run into it
CLOSE = 3  # times its thickness above it, at most, is what runs into it
SOFT = 0.5  # of its thickness is its soft edge on either side
MOST_LINES = 2  # are taken out of one picture; more are a pattern, or stripes of light
MOST_ENDS = 6  # of lines, or of what else there is, at one side; more are grain
SHORTEST = 20  # pixels
LEAST_WIDTH = 0.8  # of its height is the width of ink that may have such a line


def lines_touching(ink: BoolArray, *, across: bool) -> BoolArray | None:
    """The lines in ``ink``, bool [H, W] and cropped, that a digit stands on: bool [H, W]; None if there are none.

    They are low on the ink. But if the ink reaches ``across`` the picture, from rim to rim, they may be anywhere, be
    longer relative to what stands on them, and end at a frame, which then is one of them. Their soft edges are
    included, but not the columns where a stroke runs into a line.
    """
    top, bottom, left, right = box_within_frame(ink) if across else (0, len(ink), 0, ink.shape[1])
    lines = np.zeros((bottom - top, right - left), bool)
    for _ in range(MOST_LINES):
        line = lowest_line(ink[top:bottom, left:right] & ~lines, across=across)
        if line is None:
            break
        lines |= line
    if not lines.any():
        return None
    return np.pad(lines, ((top, len(ink) - bottom), (left, ink.shape[1] - right)), constant_values=True)


def box_within_frame(ink: BoolArray) -> Box:
    """The box of ``ink``, bool [H, W] and cropped, within the frame around it; all of it if there is none."""
    thickness = []
    for turns in (0, 2, 1, 3):  # above and below, at the right and at the left
        covered = np.rot90(ink, turns).mean(axis=1)
        thickness.append(int((covered > FRAME_ENDS).argmin()) if covered[0] > COVERED else 0)
    above, below, right, left = thickness if all(thickness) else (0, 0, 0, 0)
    return Box(above, len(ink) - below, left, ink.shape[1] - right)


def lowest_line(ink: BoolArray, *, across: bool) -> BoolArray | None:
    """The lowest line from side to side of ``ink``, bool [H, W], that is not a stroke: bool [H, W], or None."""
    if ink.shape[1] < max(SHORTEST, LEAST_WIDTH * ink.shape[0]):
        return None
    end = max(2, round(END * ink.shape[1]))
    ends = [runs_across(side) for side in (ink[:, :end], ink[:, -end:])]
    if not all(0 < len(runs) <= MOST_ENDS for runs in ends):
        return None
    runs = VerticalRuns(ink)
    for left, right in itertools.product(reversed(ends[0]), reversed(ends[1])):
        line = line_between(runs, left, right, end)
        if line is not None and is_no_stroke(line & ink, ink & ~line, across=across):
            return line
    return None


@dataclass(frozen=True)
class Run:
    """Where a line ends, at one side of the ink."""

    middle: float  # row
    thickness: int


def runs_across(side: BoolArray) -> list[Run]:
    """The runs of rows that are mostly set in ``side``, bool [H, columns], from the top down."""
    _, starts, ends = runs_of((side.mean(axis=1) > 0.5)[None])
    return [Run((start + end - 1) / 2, end - start) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


class VerticalRuns:
    """The runs of ink in each column of ``ink``, bool [H, W]."""

    def __init__(self, ink: BoolArray) -> None:
        height = len(ink)
        rows = np.arange(height, dtype=np.int16)[:, None]
        # For each pixel, int16 [H, W]: the row of the nearest ink or paper above or below, or its own.
        self.ink_above = np.maximum.accumulate(np.where(ink, rows, -1), axis=0)
        self.ink_below = np.minimum.accumulate(np.where(ink, rows, height)[::-1], axis=0)[::-1]
        self.paper_above = np.maximum.accumulate(np.where(ink, -1, rows), axis=0)
        self.paper_below = np.minimum.accumulate(np.where(ink, height, rows)[::-1], axis=0)[::-1]
        self.height, self.width = ink.shape

    def nearest(self, along: NDArray[np.float64], reach: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First and last row of the run that is nearest to the row ``along``, [W], in each column: int [W] both.

        Where none is within ``reach`` rows, the last comes before the first.
        """
        rows, columns = np.rint(along).astype(int).clip(0, self.height - 1), np.arange(self.width)
        above, below = self.ink_above[rows, columns], self.ink_below[rows, columns]
        nearest = np.where((above >= 0) & (rows - above <= below - rows), above, below).clip(0, self.height - 1)
        first, last = self.paper_above[nearest, columns] + 1, self.paper_below[nearest, columns] - 1
        is_near = np.abs(nearest - rows) <= reach
        return np.where(is_near, first, self.height), np.where(is_near, last, -1)


def line_between(runs: VerticalRuns, left: Run, right: Run, end: int) -> BoolArray | None:
    """The line from its end ``left`` to its end ``right``, seen in ``end`` columns each: bool [H, W], or None.

    Its soft edges are included, but not the columns where a stroke runs into it.
    """
    thickness = (left.thickness + right.thickness) / 2
    slope = (right.middle - left.middle) / (runs.width - end)
    if abs(slope) > STEEPEST:
        return None
    columns = np.arange(runs.width)
    along = straight = left.middle + slope * (columns - (end - 1) / 2)
    for reach in (BENT * runs.width, thickness / 2):  # how it bends is known once it has been followed
        first, last = runs.nearest(along, reach)
        is_there = first <= last
        is_thin = is_there & (last - first < THICKER * thickness)
        if is_there.mean() < COVERED or np.count_nonzero(is_thin) < 2 * end:
            return None
        along = np.polynomial.Polynomial.fit(columns[is_thin], (first + last)[is_thin] / 2, 2)(columns)
    if np.abs(along - straight).max() > BENT * runs.width:
        return None
    rows, edge = np.arange(runs.height)[:, None], round(SOFT * thickness)
    return (rows >= first - edge) & (rows <= last + edge) & is_thin


def is_no_stroke(line: BoolArray, rest: BoolArray, *, across: bool) -> bool:
    """Whether ``line``, bool [H, W], is longer than the ``rest``, bool [H, W], and reaches beyond it to both sides.

    Its ends must be bare: the base of a 2 begins where its stroke comes down. It must be thin, and low if it does not
    go ``across`` the picture, and carry something high enough to be a digit.
    """
    width, rows = line.shape[1], np.arange(len(line))[:, None]
    thickness = np.median(line.sum(axis=0))
    upon = rest & (rest.sum(axis=0) > thickness)
    if not upon.any():
        return False
    top, bottom, left, right = bounds(upon)
    height = bottom - top
    if width <= max(height, right - left) or height < (LEAST_ACROSS if across else LEAST_UPON) * width:
        return False
    if thickness > THICKEST * height:
        return False
    highest = np.where(line.any(axis=0), line.argmax(axis=0), 0)
    close = rest & (rows < highest) & (rows >= highest - CLOSE * thickness)
    swells = line.sum(axis=0) > SWELLS * thickness + 1
    covered = np.flatnonzero(close.any(axis=0) | upon.any(axis=0) | swells)
    if min(covered[0], width - 1 - covered[-1]) < (BEYOND_ACROSS if across else BEYOND) * height:
        return False
    lowest = np.flatnonzero(line[:, left:right].any(axis=1))
    return across or bool(lowest.size and lowest[0] >= bottom - LOW * height)
