"""How strong the ink on a picture is, given its difference from the paper, and which of it is the digit's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from net.arrays import BoolArray, Float32Array, UInt8Array
from net.boxes import Box, bounds, edges
from net.cells import CELLS, cell_side, cells_near, in_pixels, strongest_of_cells
from net.components import runs_of
from net.errors import BlankImageError
from net.forms import digit_on_form, may_be_form
from net.frames import inside_frame
from net.levels import LEAST_CONTRAST, full_from, otsu_threshold, quantile
from net.morphology import dilated
from net.paper import Difference
from net.parts import (
    SURE_INK,
    Parts,
    highest_by_itself,
    largest_part,
    page_within,
    parts_of_ink,
    standing_alone,
    touch_opposite_sides,
)

PAPER_NOISE = 0.99  # the fraction of the paper's own pixels that must not count as ink
WITH_EDGES = 3  # pixels, the square that adds a stroke's soft edges to it
LEAST_LINE_ENDS = 5  # at the rim, of lines that are printed across a picture


@dataclass(frozen=True)
class InkInBox:
    """The ink in the box around all ink on a picture. Strengths are float [H, W] from 0 to 1."""

    difference: Difference  # that it was found in
    strength: Float32Array  # of what is taken for the digit's
    alone: tuple[Float32Array, ...]  # of what stands alone or in a frame, if that differs
    # Of what stands alone by its pixels on a form, or is the highest part by itself.
    last_resorts: tuple[Float32Array, ...]
    top: int  # rows of paper over the box
    left: int  # columns of paper to the left of it
    is_whole: bool  # whether all of the picture's ink is taken for the digit's
    width_of_lines: int  # pixels, of the lines that run across the picture; 0 if there are none
    cells: UInt8Array  # [rows, columns], the greatest difference from the paper in each cell of the picture
    # In pixels of the difference that was given.
    page: Box | None  # what seems to be a page that lies on something, not ink
    pen: Box | None  # what may be a 1, or a pen that lies beside a fainter digit


class Window:
    """The box around all ink of a picture, and a cell of paper around it."""

    def __init__(self, difference: Difference, parts: Parts, cell: int, full: int) -> None:
        """``difference`` is the whole picture's, ``full`` its `full_strength`; its ``parts`` are in cells."""
        pixels = difference.pixels
        near_ink = cells_near(parts.labels > 0, cell)
        self.parts = parts
        self.cell = cell
        self.bounds = bounds(near_ink)
        box = self.bounds.enlarged(cell)
        self.top, self.left = box.top, box.left  # rows and columns of the picture before it
        self.pixels = pixels[box.slices]
        self.near_ink = self.pixels_of(near_ink)
        self.full = full
        self.noise = noise_of_paper(difference.counts - np.bincount(self.pixels[self.near_ink], minlength=256))

    def near(self, chosen: BoolArray) -> BoolArray:
        """The pixels, bool [H, W], on and beside the parts that are ``chosen``, bool [count + 1]."""
        if chosen[1:].all():
            return self.near_ink
        return self.pixels_of(cells_near(chosen[self.parts.labels], self.cell))

    def pixels_of(self, cells: BoolArray) -> BoolArray:
        """The pixels, bool [H, W], of the picture's ``cells``, bool [rows, columns]."""
        return in_pixels(cells[self.bounds.slices], self.cell, self.pixels.shape)

    def ink_at(self, mask: BoolArray, full: int | None = None) -> Float32Array:
        """`strength_at` the ``mask``; what is surely ink must not vanish where the paper is very noisy."""
        full = self.full if full is None else full
        return strength_at(mask, self.pixels, min(self.noise, self.parts.sure * full / 2), full)


def ink_in_box(difference: Difference) -> InkInBox:
    """The ink on a picture, and which of it may be the digit's, given the ``difference`` from its paper.

    Ink is at its full strength where a stroke is darkest, and begins where it exceeds the paper's own noise away from
    all ink. Raises BlankImageError.
    """
    full = full_strength(difference.counts, difference.first_of_ink)
    pixels = difference.pixels
    cell = cell_side(pixels)
    cells = strongest_of_cells(pixels, cell)
    parts = parts_of_ink(cells / full, cell)
    # Away from all ink there is nothing to find: the rest of the work is only for the box around it.
    window = Window(difference, parts, cell, full)
    near_digit = window.near(parts.of_digit)
    stands_alone = standing_alone(parts.labels)
    on_form = on_form_in(window)
    largest = largest_part(parts.labels)
    may_have_lines = touch_opposite_sides(parts.labels) or parts.sure > SURE_INK
    return InkInBox(
        difference=difference,
        strength=window.ink_at(near_digit),
        # On a form, by cells, one of two digits may be joined to a line, and the other seem to stand alone.
        alone=() if on_form else alone_in(window, near_digit, stands_alone),
        last_resorts=on_form or highest_in(window, stands_alone),
        top=window.top,
        left=window.left,
        is_whole=bool(parts.of_digit[1:].all()) and parts.sure == SURE_INK,
        width_of_lines=width_of_lines(pixels, SURE_INK * full) if may_have_lines else 0,
        cells=cells,
        page=page_in(pixels, SURE_INK * full, cell) if largest.may_hold_page else None,
        pen=largest.box.enlarged(cell) if largest.may_be_pen else None,
    )


def alone_in(window: Window, near_digit: BoolArray, stands_alone: BoolArray | None) -> tuple[Float32Array, ...]:
    """What a frame surrounds in ``window``, or else what ``stands_alone``, if that is not what was taken already."""
    parts = window.parts
    if framed := inside_frame((window.pixels > parts.sure * window.full) & near_digit):
        return tuple(window.ink_at(mask) for mask in framed)
    if stands_alone is None or (stands_alone == parts.of_digit).all():
        return ()
    near_alone = window.near(stands_alone)
    counts = np.bincount(window.pixels[near_alone], minlength=256)
    try:
        full_alone = full_strength(counts, otsu_threshold(counts))
    except BlankImageError:  # it may be faint next to the other ink
        return ()
    return (window.ink_at(near_alone, full_alone),)


def on_form_in(window: Window) -> tuple[Float32Array, ...]:
    """What stands alone in ``window``, told by its pixels, if its ink may be a form."""
    parts = window.parts
    if window.cell == 1 or not may_be_form(parts.of_digit[parts.labels]):
        return ()
    digit = digit_on_form(window.pixels > parts.sure * window.full)
    return () if digit is None else (window.ink_at(dilated(digit, WITH_EDGES)),)


def highest_in(window: Window, stands_alone: BoolArray | None) -> tuple[Float32Array, ...]:
    """The highest part of what ``stands_alone``, bool [count + 1], if that may be the digit by itself."""
    highest = None if stands_alone is None else highest_by_itself(window.parts.labels, stands_alone)
    return () if highest is None else (window.ink_at(window.near(highest)),)


def noise_of_paper(counts: NDArray[np.int64]) -> int:
    """The difference up to which paper is noise, given how many of its own pixels differ by 0 to 255."""
    return quantile(counts, PAPER_NOISE) if counts.any() else 0


def width_of_lines(pixels: UInt8Array, begins: float) -> int:
    """The width, in pixels, of the lines that are printed across a picture; 0 if there are none.

    Of its ``pixels``, uint8 [H, W], those above ``begins`` are ink. Lines reach the rim, where nobody writes, with more
    ends than a closely cropped digit has.
    """
    rim = [edge[None] > begins for edge in edges(pixels)]
    runs = np.concatenate([ends - starts for _, starts, ends in map(runs_of, rim)])
    if runs.size < LEAST_LINE_ENDS:
        return 0
    width = int(np.median(runs))  # not the mean: lines along the rim make long runs
    return width if width <= max(pixels.shape) / CELLS + 1 else 0


def page_in(pixels: UInt8Array, sure: float, cell: int) -> Box | None:
    """The box where ``pixels``, uint8 [H, W], exceed ``sure`` because of a page, not ink; told by cells; or None."""
    page = page_within(255 - strongest_of_cells(255 - pixels, cell) > sure)
    return page and page.enlarged(cell)


def strength_at(mask: BoolArray, pixels: UInt8Array, begins: float, full: int) -> Float32Array:
    """The strength of the ink that ``pixels``, uint8 [H, W], show at ``mask``, bool [H, W]: float [H, W] from 0 to 1.

    It is 0 up to the difference ``begins`` from the paper, and 1 from ``full`` on.
    """
    strengths = ((np.arange(256) - begins) / max(1, full - begins)).clip(0, 1).astype(np.float32)
    return strengths.take(pixels) * mask


def full_strength(counts: NDArray[np.int64], first_of_ink: int) -> int:
    """The difference from the paper at which ink covers it, given how many pixels differ by 0 to 255.

    Raises BlankImageError.
    """
    full = full_from(counts, first_of_ink)
    if full < LEAST_CONTRAST:
        raise BlankImageError("The picture has no ink on it; draw or write one digit.")
    return full
