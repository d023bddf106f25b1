"""What differs from a picture's paper, without what is no digit's: lines, boxes, stains, shadows, specks, grain."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from net.arrays import BoolArray, UInt8Array
from net.boxes import Box, rim
from net.cells import cell_side, cells_near, in_pixels, strongest_of_cells
from net.components import label_components
from net.levels import LEAST_CONTRAST, otsu_threshold, quantile
from net.morphology import medians, opened
from net.paper import Difference
from net.parts import crosses

MOST_STRONG = 0.5  # of a picture lies near the strongest ink; else that is paper as well
STRONGER = 4  # times, at most, the stronger part of the ink is taken for all of it
FAINTER = 0.25  # times the strongest ink's area is covered by what is fainter, at least, where that is something else
SOFTEST = 3  # cells beside the strongest ink's own in which its edge may still fade: more is another ink
FADED = 0.5  # of its strength is left beside the strongest ink, at least, where that fades
SPECKLED = 0.15  # of a picture shows ink where specks lie all over it
MOST_LEFT = 0.5  # of that, at most, is no speck
GRAINY = 0.7  # of a picture shows ink where that is the paper's grain
GRAIN = 2.0  # pixels, of a Gaussian that takes it away and leaves a pencil's strokes


def cleaned(difference: Difference, cells: UInt8Array) -> list[Difference]:
    """``difference`` without what is fainter than the digit, without specks, or without grain: where it shows such.

    ``cells``, uint8 [rows, columns], are the strongest of its pixels.

    Not on a picture so small that a cell is one pixel: its strokes may be as thin as specks, and are hardly wider than
    their faint edges.
    """
    cell = cell_side(difference.pixels)
    if cell == 1:
        return []
    ways = (without_fainter, without_specks, without_grain)
    return [left for way in ways if (left := way(difference, cells, cell))]


def without_fainter(difference: Difference, cells: UInt8Array, cell: int) -> Difference | None:
    """``difference`` without what is fainter than its strongest ink, as stains and stripes of shadow are.

    None where there is no such, or where ink fades. ``cells``, uint8 [rows, columns], are the strongest of its pixels.
    """
    levels = strongest_ink(difference.counts, lambda level: leaves_most_bare(cells >= level, cell))
    left = levels and near_strongest(difference, cells, *levels, cell)
    return None if left is None or fades(cells, *levels, cell) else left


def without_what_crosses(difference: Difference, cells: UInt8Array) -> Difference | None:
    """The strongest ink of ``difference`` that does not go across the picture, where what does is fainter; or None.

    Printed lines may hold more ink than one small digit on them. ``cells``, uint8 [rows, columns], are the strongest of
    its pixels.
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
    """``difference`` as far as it lies within a cell of its ``strongest`` ink, less the level of the fainter.

    That level is their median; what is left is stretched to 255. None where next to nothing is fainter, from the level
    on at which ink ``begins``; see `strongest_ink`.
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
    """Whether the ``strongest`` ink goes over into fainter, as that of a pen does which runs dry.

    Of ``cells``, uint8 [rows, columns], those from the level that it ``begins`` at are ink; see `strongest_ink`. What
    crosses strong ink, as a stain does, is far fainter beside it; and what lies all over a picture reaches its rim.
    """
    strong = cells >= strongest
    labels = label_components(cells >= begins)
    with_fainter = labels == np.bincount(labels[strong]).argmax()
    if rim(with_fainter).any():
        return False
    near = cells_near(strong, cell)
    beside = with_fainter & ~near & cells_near(near, cell)
    before = strong & cells_near(cells_near(cells_near(beside, cell), cell), cell)
    return bool(before.any() and np.median(cells[beside]) > FADED * np.median(cells[before]))


def strongest_ink(counts: NDArray[np.int64], is_strongest: Callable[[int], bool]) -> tuple[int, int] | None:
    """The levels at which ink begins, and the strongest of it, given how many pixels differ by 0 to 255.

    Otsu's threshold parts the stronger from the fainter, and these again, until a level ``is_strongest``; None where
    none is. What ends up fainter than where ink begins is taken for the paper's.
    """
    begins = LEAST_CONTRAST
    for _ in range(STRONGER):
        stronger = otsu_threshold(np.where(np.arange(256) < begins, 0, counts))
        if is_strongest(stronger):
            return begins, stronger
        begins = stronger
    return None


def leaves_most_bare(strong: BoolArray, cell: int) -> bool:
    """Whether the cells ``strong``, bool [rows, columns], with what is beside them, leave most of a picture bare."""
    return bool(cells_near(strong, cell).mean() < MOST_STRONG)


def without_specks(difference: Difference, cells: UInt8Array, cell: int) -> Difference | None:
    """``difference`` as the medians of 3 x 3 pixels have it, where they are rid of specks all over it; or None.

    ``cells``, uint8 [rows, columns], are the strongest of its pixels.
    """
    speckled = (cells >= difference.first_of_ink).mean()
    if speckled < SPECKLED:
        return None
    pixels = medians(difference.pixels)
    left = (strongest_of_cells(pixels, cell) >= difference.first_of_ink).mean()
    return Difference(Image.fromarray(pixels)) if left < MOST_LEFT * speckled else None


def without_grain(difference: Difference, cells: UInt8Array, cell: int) -> Difference | None:
    """The strongest of ``difference`` once it is blurred, where grain covers all of it, as cardboard's does; or None.

    ``cells``, uint8 [rows, columns], are the strongest of its pixels.
    """
    if (cells >= difference.first_of_ink).mean() < GRAINY:
        return None
    blurred = Difference(difference.image.filter(ImageFilter.GaussianBlur(GRAIN)))
    cells = strongest_of_cells(blurred.pixels, cell)
    levels = strongest_ink(blurred.counts, lambda level: leaves_most_bare(cells >= level, cell))
    return levels and near_strongest(blurred, cells, *levels, cell)


def without_thin_lines(difference: Difference, thickest: int) -> Difference:
    """``difference``, less the lines that are up to ``thickest`` pixels wide: a pen writes broader ones."""
    width = thickest + 1 + thickest % 2
    return Difference(Image.fromarray(opened(difference.pixels, width)))


def without_box(difference: Difference, box: Box) -> Difference:
    """``difference``, less what is in ``box`` and up to a cell around it."""
    cell = cell_side(difference.pixels)
    top, bottom, left, right = box
    image = difference.image.copy()
    image.paste(0, (left - cell, top - cell, right + cell, bottom + cell))
    return Difference(image)
