"""Cells, squares of pixels by which parts of the ink are told apart: 50 to 100 along a picture's longer side."""

import numpy as np

from net.arrays import BoolArray, UInt8Array

CELLS = 100  # along the longer side, at most; more than half of that if there are as many pixels


def cell_side(pixels: UInt8Array) -> int:
    """The side of a cell, in pixels, for a picture of ``pixels``, uint8 [H, W]."""
    return -(-max(pixels.shape) // CELLS)


def strongest_of_cells(difference: UInt8Array, cell: int) -> UInt8Array:
    """The maxima of ``difference``, uint8 [H, W], in squares of ``cell`` by ``cell`` pixels: uint8 [rows, columns].

    Squares at the right and at the bottom may be smaller.
    """
    height, width = difference.shape
    padded = np.zeros((height + -height % cell, width + -width % cell), np.uint8)
    padded[:height, :width] = difference
    of_rows = np.maximum.reduce([padded[offset::cell] for offset in range(cell)])
    return np.maximum.reduce([of_rows[:, offset::cell] for offset in range(cell)])


def cells_near(cells: BoolArray, cell: int) -> BoolArray:
    """``cells``, bool [rows, columns], of ``cell`` by ``cell`` pixels, and their neighbours, which hold soft edges.

    Where a cell is one pixel, edges are two cells wide.
    """
    near = cells  # by hand: for so few, `net.morphology.dilated` would take four times as long
    for _ in range(1 if cell > 1 else 2):
        rows = near.copy()
        rows[1:] |= near[:-1]
        rows[:-1] |= near[1:]
        near = rows.copy()
        near[:, 1:] |= rows[:, :-1]
        near[:, :-1] |= rows[:, 1:]
    return near


def in_pixels(cells: BoolArray, cell: int, shape: tuple[int, int]) -> BoolArray:
    """``cells``, bool [rows, columns], as a mask of pixels, bool ``shape``."""
    return cells.repeat(cell, axis=0)[: shape[0]].repeat(cell, axis=1)[:, : shape[1]]
