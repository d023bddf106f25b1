"""A digit on a form: in a table, a row of boxes or a comb, on a dotted line, beside a printed label.

Elsewhere parts of the ink are told apart by cells (net/parts.py), a hundredth of a picture wide or more; on a form the
digit comes closer than that to the lines. So if the ink is far wider than any digit, or a lattice, that is done by
pixels.
"""

import numpy as np
from numpy.typing import NDArray

from net.arrays import BoolArray
from net.boxes import bounds
from net.components import label_components, rows_of_three
from net.parts import FRAME, LEAST_ALONE, REACHES_ACROSS, Shapes, standing_alone

LONG = 2  # times as long as wide, at least, is a row of boxes, or a line with a label
MOST_PARTS = 1000  # more are grain or a pattern, and comparing all with all would take seconds
LATTICED = 0.5  # of a lattice's rows, or of its columns, at least, cross three lines or more


def may_be_form(ink: BoolArray) -> bool:
    """Whether ``ink``, bool [rows, columns], is far wider than a digit, or may be a lattice."""
    box = ink[bounds(ink).slices]
    is_column = len(box) >= LONG * box.shape[1]
    return is_wide(box) or (crosses_three_lines(box.T) and (is_column or crosses_three_lines(box)))


def is_wide(ink: BoolArray) -> bool:
    """Whether ``ink``, bool [H, W], is far wider than a digit."""
    height, width = bounds(ink).size
    return width >= LONG * height


def crosses_three_lines(ink: BoolArray) -> bool:
    """Whether at least half of the rows of ``ink``, bool [H, W], go through three strokes or more."""
    return rows_of_three(ink) >= LATTICED


def digit_on_form(ink: BoolArray) -> BoolArray | None:
    """The mask, bool [H, W], of the digit that stands alone in ``ink``, bool [H, W], of a form; None if none does."""
    labels = label_components(ink)
    if not 1 < labels.max() <= MOST_PARTS:
        return None
    within = within_lattice(labels)
    if within is not None:
        labels = label_components(within[labels])
        if labels.max() == 1:
            return labels > 0
    elif not is_wide(ink):
        return None
    alone = standing_alone(labels)
    return None if alone is None else alone[labels]


def within_lattice(labels: NDArray[np.int32]) -> BoolArray | None:
    """Which of the parts ``labels``, int32 [H, W], lie in the largest box: bool [count + 1]; None if no lattice."""
    shapes = Shapes(labels)
    boxes = shapes.heights * shapes.widths * (shapes.areas > 0)
    largest = int(boxes.argmax())
    within = shapes.within(largest) & (shapes.heights >= LEAST_ALONE)
    is_thin = shapes.areas[largest] < FRAME * boxes[largest]
    if not within.any() or not is_thin or boxes[largest] < REACHES_ACROSS**2 * labels.size:
        return None
    lattice = labels[shapes.tops[largest] : shapes.bottoms[largest], shapes.lefts[largest] : shapes.rights[largest]]
    lattice = lattice == largest
    return within if crosses_three_lines(lattice) or crosses_three_lines(lattice.T) else None
