"""Connected components of a small mask, with nothing but NumPy."""

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

    labels = np.zeros(mask.shape, np.int32)
    runs_above: list[tuple[int, int, int]] = []
    runs: list[tuple[int, int, int]] = []
    last_row = -1
    for row, start, end in runs_of(mask):
        if row != last_row:
            runs_above = runs if row == last_row + 1 else []
            runs, last_row = [], row
        touching = {root(label) for left, right, label in runs_above if left <= end and right >= start}
        label = min(touching, default=len(parents))
        if not touching:
            parents.append(label)
        for other in touching:
            parents[other] = label
        labels[row, start:end] = label
        runs.append((start, end, label))
    roots = np.array([root(label) for label in range(len(parents))])
    return np.unique(roots, return_inverse=True)[1].astype(np.int32)[labels]


def runs_of(mask: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Row, first column and column after the last of each run of set pixels, from the top left on."""
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges > 0)
    ends = np.nonzero(edges < 0)[1]
    return list(zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True))
