"""Grey-scale morphology and medians of pictures, [H, W] or [H, W, channels], with nothing but NumPy.

Beyond a picture's edge, the pixels at the edge are repeated.
"""

from collections.abc import Callable

import numpy as np

from net.arrays import Pixels, UInt8Array


def dilated(pixels: Pixels, width: int) -> Pixels:
    """The greatest value within a square ``width`` pixels wide around each of ``pixels``."""
    return extremes(pixels, width, width // 2, np.maximum)


def eroded(pixels: Pixels, width: int) -> Pixels:
    """The least value within a square ``width`` pixels wide around each of ``pixels``.

    If ``width`` is even, the square reaches a pixel farther to one side, and that of `dilated` to the other: what is
    wide enough is not moved by one after the other.
    """
    return extremes(pixels, width, width - 1 - width // 2, np.minimum)


def opened(pixels: Pixels, width: int) -> Pixels:
    """``pixels`` without what is bright and narrower than ``width`` pixels."""
    return dilated(eroded(pixels, width), width)


def closed(pixels: Pixels, width: int) -> Pixels:
    """``pixels`` without what is dark and narrower than ``width`` pixels."""
    return eroded(dilated(pixels, width), width)


def extremes(pixels: Pixels, width: int, before: int, of_two: Callable[[Pixels, Pixels], Pixels]) -> Pixels:
    """The extreme by ``of_two``, maximum or minimum, of each square of ``width`` pixels.

    A square begins ``before`` pixels before the one whose value it gives, along both axes.
    """
    for axis in (0, 1):
        padding = [(before, width - 1 - before) if each == axis else (0, 0) for each in range(pixels.ndim)]
        extreme = np.moveaxis(np.pad(pixels, padding, mode="edge"), axis, 0)
        reach = 1
        while reach < width:  # each pass joins two windows that together reach up to twice as far
            step = min(reach, width - reach)
            extreme = of_two(extreme[:-step], extreme[step:])
            reach += step
        pixels = np.moveaxis(extreme, 0, axis)
    return pixels


def medians(pixels: UInt8Array) -> UInt8Array:
    """The median of each pixel and its eight neighbours, of ``pixels``, uint8 [H, W] or [H, W, channels].

    Once each column of three is sorted, it is the median of three values: the greatest of the three columns' least, the
    median of their medians, and the least of their greatest. Pillow's filter, which looks at one pixel after the other,
    is far slower. Source: J. L. Smith, "Implementing median filters in XC4000E FPGAs", Xcell 23, 1996.
    """
    framed = np.pad(pixels, [(1, 1), (1, 1), *[(0, 0)] * (pixels.ndim - 2)], mode="edge")
    least, middle, greatest = sorted_three(framed[:-2], framed[1:-1], framed[2:])
    beside = [(part[:, :-2], part[:, 1:-1], part[:, 2:]) for part in (least, middle, greatest)]
    return sorted_three(np.maximum.reduce(beside[0]), sorted_three(*beside[1])[1], np.minimum.reduce(beside[2]))[1]


def sorted_three(one: UInt8Array, two: UInt8Array, three: UInt8Array) -> tuple[UInt8Array, UInt8Array, UInt8Array]:
    """The least, the middle one and the greatest of three values, at each place."""
    less, more = np.minimum(one, two), np.maximum(one, two)
    return np.minimum(less, three), np.maximum(less, np.minimum(more, three)), np.maximum(more, three)
