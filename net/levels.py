"""Levels of pixels, from 0 to 255, and how many pixels are at each."""

import numpy as np
from numpy.typing import NDArray

FULL_INK = 0.9  # the fraction of the ink's pixels that are no darker than what counts as full strength
LEAST_INK = 0.002  # of a picture's pixels are ink, at least
LEAST_CONTRAST = 25  # of 255; paper's own grain and JPEG's ripples stay under it


def grey_of(colour: NDArray[np.float64]) -> float:
    """How light ``colour``, float [3], is, from 0 to 255."""
    return float(colour @ (0.299, 0.587, 0.114))  # as Pillow's mode L


def quantile(counts: NDArray[np.int64], fraction: float) -> int:
    """The least level up to which ``fraction`` lies of what ``counts``, int [256], has at each level."""
    cumulative = counts.cumsum()
    return int(cumulative.searchsorted(fraction * cumulative[-1]))


def full_from(counts: NDArray[np.int64], first: int) -> int:
    """The level at which ink is at its full strength, if it begins at ``first``.

    ``counts``, int [256], are how many pixels are at each level.
    """
    return first + quantile(counts[first:], FULL_INK)


def otsu_threshold(counts: NDArray[np.int64]) -> int:
    """Otsu's threshold: the first level of the upper of the two groups that best split ``counts``, int [256].

    Source: N. Otsu, "A threshold selection method from gray-level histograms", IEEE Transactions on Systems, Man, and
    Cybernetics 9(1), 1979.
    """
    below = counts.cumsum()[:-1]
    above = counts.sum() - below
    sum_below = (counts * np.arange(256)).cumsum()
    distance = sum_below[:-1] / np.maximum(below, 1) - (sum_below[-1] - sum_below[:-1]) / np.maximum(above, 1)
    return int((below * above * distance**2).argmax()) + 1
