"""Ink that fades gradually, as when a pen runs dry, told from stains and shadows, whose edges are sudden."""

import numpy as np
from numpy.typing import NDArray

from net.arrays import BoolArray
from net.boxes import rim
from net.cells import cells_near
from net.components import label_components
from net.morphology import dilated

NEARBY = 9  # cells, the side of the square around a cell in which the strongest ink is looked for
FADED = 0.5  # of that ink's strength, at least, is left where it fades
LEAST_FADING = 0.2  # of the cells where fainter ink begins, at least; others may be where a stroke ends beside itself


def faded_into(cells: NDArray[np.generic], strong: BoolArray, begins: float, cell: int) -> BoolArray | None:
    """The largest part of the ``strong`` ink, with the fainter ink that it fades into, bool [rows, columns]; or None.

    ``cells``, [rows, columns], are how strong the ink is in squares of ``cell`` by ``cell`` pixels; what is fainter
    than ``begins`` is paper. A stain across strong ink is far fainter right beside it; and what lies all over a picture
    reaches its rim.
    """
    labels = label_components(cells >= begins)
    with_fainter = labels == np.bincount(labels[strong]).argmax()
    near = cells_near(strong, cell)
    beside = with_fainter & ~near & cells_near(near, cell)
    if not beside.any() or rim(with_fainter).any():
        return None
    strongest_nearby = dilated(np.where(strong, cells, 0), NEARBY)
    are_fading = cells[beside] > FADED * strongest_nearby[beside]
    return with_fainter if are_fading.mean() > LEAST_FADING else None
