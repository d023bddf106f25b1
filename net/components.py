"""Connected components of a small mask, with nothing but NumPy."""

import numpy as np
from numpy.typing import NDArray


def label_components(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Number the parts of ``mask``, bool [H, W], that hang together, diagonals included.

    Returns int32 [H, W]: 0 outside the mask, 1 to the count of parts inside. Runs of set pixels are joined
    with the runs that they touch in the row above by union-find, so the cost grows with the runs.
    """
    labels = np.zeros(mask.shape, np.int32)
    parents = [0]

    def root(label: int) -> int:
        while parents[label] != label:
            parents[label] = parents[parents[label]]
            label = parents[label]
        return label

    runs_above: list[tuple[int, int, int]] = []
    for y, row in enumerate(mask):
        edges = np.flatnonzero(np.diff(row, prepend=False, append=False)).tolist()
        runs = []
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            touching = {root(label) for left, right, label in runs_above if left <= end and right >= start}
            label = min(touching, default=len(parents))
            if not touching:
                parents.append(label)
            for other in touching:
                parents[other] = label
            labels[y, start:end] = label
            runs.append((start, end, label))
        runs_above = runs
    roots = np.array([root(label) for label in range(len(parents))])
    return np.unique(roots, return_inverse=True)[1].astype(np.int32)[labels]
