"""Connected components of a small mask, and where what it shows lies, with nothing but NumPy."""

import numpy as np
from numpy.typing import NDArray


def label_components(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Number the parts of ``mask``, bool [H, W], that hang together, diagonals included.

    Returns int32 [H, W]: 0 outside the mask, 1 to the count of parts inside. Runs of set pixels are joined
    with the runs that they touch in the row above by union-find, so the cost grows with the runs.
    """
    parents = [0]

    def root(label: int) -> int:
        while parents[label] != label:
            parents[label] = parents[parents[label]]
            label = parents[label]
        return label

    labels = []
    runs_above: list[tuple[int, int, int]] = []
    runs: list[tuple[int, int, int]] = []
    last_row = -1
    rows, starts, ends = runs_of(mask)
    for row, start, end in zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True):
        if row != last_row:
            runs_above = runs if row == last_row + 1 else []
            runs, last_row = [], row
        label = None
        for left, right, above in runs_above:
            if left <= end and right >= start:
                other = root(above)
                if label is None:
                    label = other
                parents[max(label, other)] = label = min(label, other)
        if label is None:
            label = len(parents)
            parents.append(label)
        labels.append(label)
        runs.append((start, end, label))
    roots = np.array([root(label) for label in range(len(parents))])
    numbers = np.unique(roots, return_inverse=True)[1].astype(np.int32)
    numbered = np.zeros(mask.shape, np.int32)
    numbered[mask] = numbers[labels].repeat(ends - starts)  # both go from the top left on
    return numbered


def runs_of(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Row, first column and column after the last of each run of set pixels, from the top left on."""
    framed = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
    framed[:, 1:-1] = mask
    edges = framed[:, 1:] - framed[:, :-1]
    rows, starts = np.nonzero(edges > 0)
    return rows, starts, np.nonzero(edges < 0)[1]


def bounds(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of what is set in ``mask``, bool [H, W], the ends exclusive."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
