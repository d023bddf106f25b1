"""The difference from a picture's paper without what is no digit's: lines, boxes, stains, shadows, specks, grain."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from net.arrays import BoolArray, UInt8Array
from net.boxes import Box
from net.cells import cell_side, cells_near, in_pixels, strongest_of_cells
from net.fading import faded_into
from net.levels import LEAST_CONTRAST, otsu_threshold, quantile
from net.morphology import medians, opened
from net.paper import Difference
from net.parts import crosses

MOST_STRONG = 0.5  # of a picture is near the strongest ink; if more is, that is paper as well
STRONGER = 4  # times, at most, the ink is narrowed down to its stronger part
FAINTER = 0.25  # of the strongest ink's area, at least, is covered by fainter ink that is something else
SOFTEST = 3  # cells beyond those near the strongest ink in which its edge may fade; farther away is another ink
SPECKLED = 0.15  # of a picture shows ink where specks lie all over it
MOST_LEFT = 0.5  # of that, at most, is left once the specks are removed
GRAINY = 0.7  # of a picture shows ink where that is the paper's grain
GRAIN = 2.0  # pixels, the radius of a Gaussian blur that removes it and leaves a pencil's strokes


def cleaned(difference: Difference, cells: UInt8Array) -> list[Difference]:
    """``difference`` without what is fainter than the digit, without specks, and without grain: each if it has any.

    ``cells``, uint8 [rows, columns], are its `strongest_of_cells`. Empty for a picture so small that a cell is one
    pixel: its strokes may be as thin as specks, and are hardly wider than their faint edges.
    """
    cell = cell_side(difference.pixels)
    if cell == 1:
        return []
    ways = (without_fainter, without_specks, without_grain)
    return [left for way in ways if (left := way(difference, cells, cell))]


def without_fainter(difference: Difference, cells: UInt8Array, cell: int) -> Difference | None:
    """``difference`` without what is fainter than its strongest ink, such as stains and stripes of shadow.

    None if there is nothing such, or if the ink itself fades. ``cells``, uint8 [rows, columns], are its
    `strongest_of_cells`.
    """
    levels = strongest_ink(difference.counts, lambda level: leaves_most_bare(cells >= level, cell))
    left = levels and near_strongest(difference, cells, *levels, cell)
    return None if left is None or fades(cells, *levels, cell) else left


def without_what_crosses(difference: Difference, cells: UInt8Array) -> Difference | None:
    """The strongest ink of ``difference``, if it does not cross the picture and fainter ink does; else None.

    Printed lines may hold more ink than one small digit on them. ``cells``, uint8 [rows, columns], are the
    `strongest_of_cells` of ``difference``.
    """
    cell = cell_side(difference.pixels)
    if cell == 1 or not crosses(cells >= LEAST_CONTRAST):
        return None
    levels = strongest_ink(difference.counts, lambda level: not crosses(cells >= level))
    if levels is None or levels[0] == LEAST_CONTRAST or fades(cells, *levels, cell):
        return None
    return near_strongest(difference, cells, *levels, cell)


def near_strongest(
    difference: Difference, cells: UInt8Array, begins: int, strongest: int, cell: int
) -> Difference | None:
    """``difference`` within a cell of its ``strongest`` ink, less the median of the fainter ink, and stretched to 255.

    Fainter ink has the levels from ``begins`` up to ``strongest``; see `strongest_ink`. None if there is next to none
    of it beyond the soft edges of the strongest.
    """
    strong, ink = cells >= strongest, cells >= begins
    least = FAINTER * np.count_nonzero(strong)
    if np.count_nonzero(ink & ~strong) <= least:  # as in nearly all drawings
        return None
    near = cells_near(strong, cell)
    with_edges = near
    for _ in range(SOFTEST):
        with_edges = cells_near(with_edges, cell)
    if np.count_nonzero(ink & ~with_edges) <= least:
        return None
    level = quantile(np.where(np.arange(256) < begins, 0, difference.counts)[:strongest], 0.5)
    image = difference.image.point([max(0, each - level) * 255 // (255 - level) for each in range(256)])
    return Difference(Image.fromarray(np.asarray(image) * in_pixels(near, cell, difference.pixels.shape)))


def fades(cells: UInt8Array, begins: int, strongest: int, cell: int) -> bool:
    """Whether the ``strongest`` ink fades into fainter ink, which begins at the level ``begins``; see `strongest_ink`.

    ``cells``, uint8 [rows, columns], are the `strongest_of_cells`.
    """
    return faded_into(cells, cells >= strongest, begins, cell) is not None


def strongest_ink(counts: NDArray[np.int64], is_strongest: Callable[[int], bool]) -> tuple[int, int] | None:
    """The levels at which ink and the strongest ink begin, given how many pixels differ by 0 to 255; or None.

    Otsu's threshold splits off the stronger ink, again and again, until ``is_strongest`` accepts it; None if it never
    does. What is fainter than where ink begins is taken for paper.
    """
    begins = LEAST_CONTRAST
    for _ in range(STRONGER):
        stronger = otsu_threshold(np.where(np.arange(256) < begins, 0, counts))
        if is_strongest(stronger):
            return begins, stronger
        begins = stronger
    return None


def leaves_most_bare(strong: BoolArray, cell: int) -> bool:
    """Whether the cells ``strong``, bool [rows, columns], and their neighbours leave most of a picture bare."""
    return bool(cells_near(strong, cell).mean() < MOST_STRONG)


def without_specks(difference: Difference, cells: UInt8Array, cell: int) -> Difference | None:
    """``difference`` after a 3 x 3 median filter, if that removes specks that cover the picture; else None.

    ``cells``, uint8 [rows, columns], are its `strongest_of_cells`.
    """
    speckled = (cells >= difference.first_of_ink).mean()
    if speckled < SPECKLED:
        return None
    pixels = medians(difference.pixels)
    left = (strongest_of_cells(pixels, cell) >= difference.first_of_ink).mean()
    return Difference(Image.fromarray(pixels)) if left < MOST_LEFT * speckled else None


def without_grain(difference: Difference, cells: UInt8Array, cell: int) -> Difference | None:
    """The strongest ink of ``difference`` after a blur, if grain covers the picture, as cardboard's does; else None.

    ``cells``, uint8 [rows, columns], are the `strongest_of_cells` of ``difference``.
    """
    if (cells >= difference.first_of_ink).mean() < GRAINY:
        return None
    blurred = Difference(difference.image.filter(ImageFilter.GaussianBlur(GRAIN)))
    cells = strongest_of_cells(blurred.pixels, cell)
    levels = strongest_ink(blurred.counts, lambda level: leaves_most_bare(cells >= level, cell))
    return levels and near_strongest(blurred, cells, *levels, cell)


def without_thin_lines(difference: Difference, thickest: int) -> Difference:
    """``difference`` without lines up to ``thickest`` pixels wide, or one more: a pen writes broader ones."""
    width = thickest + 1 + thickest % 2
    return Difference(Image.fromarray(opened(difference.pixels, width)))


def without_box(difference: Difference, box: Box) -> Difference:
    """``difference`` without what is in ``box`` and up to a cell around it."""
    cell = cell_side(difference.pixels)
    top, bottom, left, right = box
    image = difference.image.copy()
    image.paste(0, (left - cell, top - cell, right + cell, bottom + cell))
    return Difference(image)
