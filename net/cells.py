"""Squares of pixels, fifty to a hundred along a picture's longer side, by which parts of the ink are told apart."""

import numpy as np

from net.arrays import BoolArray, UInt8Array

CELLS = 100  # along the longer side, at most, and more than half of that where there are as many pixels


def cell_side(pixels: UInt8Array) -> int:
    """How many pixels of ``pixels``, uint8 [H, W], a cell is wide and high."""
    return -(-max(pixels.shape) // CELLS)


def strongest_of_cells(difference: UInt8Array, cell: int) -> UInt8Array:
    """The maximum, uint8 [rows, columns], of each square of ``cell`` by ``cell`` pixels.

    They are those of ``difference``, uint8 [H, W]; at the right and at the bottom squares may be smaller.
    """
    height, width = difference.shape
    padded = np.zeros((height + -height % cell, width + -width % cell), np.uint8)
    padded[:height, :width] = difference
    of_rows = np.maximum.reduce([padded[offset::cell] for offset in range(cell)])
    return np.maximum.reduce([of_rows[:, offset::cell] for offset in range(cell)])


def cells_near(cells: BoolArray, cell: int) -> BoolArray:
    """``cells``, bool [rows, columns], of ``cell`` by ``cell`` pixels, and those beside them, where a stroke ends.

    Where a cell is one pixel, edges are two of them wide.
    """
    near = cells  # by hand: of so few, `net.morphology.dilated` would take four times as long
    for _ in range(1 if cell > 1 else 2):
        rows = near.copy()
        rows[1:] |= near[:-1]
        rows[:-1] |= near[1:]
        near = rows.copy()
        near[:, 1:] |= rows[:, :-1]
        near[:, :-1] |= rows[:, 1:]
    return near


def in_pixels(cells: BoolArray, cell: int, shape: tuple[int, int]) -> BoolArray:
    """The pixels, bool ``shape``, of ``cells``, bool [rows, columns]."""
    return cells.repeat(cell, axis=0)[: shape[0]].repeat(cell, axis=1)[:, : shape[1]]
