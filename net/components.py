"""Connected components of a small mask, with nothing but NumPy."""

import numpy as np
from numpy.typing import NDArray

from net.arrays import BoolArray


def label_components(mask: BoolArray) -> NDArray[np.int32]:
    """Label the connected parts of ``mask``, bool [H, W], diagonals included, from the top left on.

    Returns int32 [H, W]: 0 outside the mask, 1 to the number of parts inside. Each run of set pixels becomes a child of
    the first that it touches in the row above; runs that touch several join their trees.
    """
    rows, starts, ends = runs_of(mask)
    above, below = touching_runs(rows, starts, ends, mask.shape[1])
    runs = np.arange(len(rows))
    roots = runs.copy()
    roots[below[::-1]] = above[::-1]
    while (roots[roots] != roots).any():
        roots = roots[roots]
    joins = roots[above] != roots[below]
    if joins.any():
        roots = joined(roots[above[joins]], roots[below[joins]], len(runs))[roots]
    labels = (roots == runs).cumsum()[roots]
    labelled = np.zeros(mask.shape, np.int32)
    labelled[mask] = labels.repeat(ends - starts)  # both go from the top left on
    return labelled


def touching_runs(
    rows: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The upper and the lower run of each pair that touches, diagonals included: indices, int [pairs] each.

    Runs are as `runs_of` a mask of ``width`` columns returns them; pairs are ordered by the upper one.
    """
    line = width + 2  # rows laid end to end this far apart have no runs that touch
    places = rows * line
    first = np.searchsorted(places + ends, places + line + starts)
    counts = np.searchsorted(places + starts, places + line + ends, side="right") - first
    above = np.arange(len(rows)).repeat(counts)
    return above, np.arange(len(above)) + (first - counts.cumsum() + counts).repeat(counts)


def joined(some: NDArray[np.int64], others: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The least index in the set of each of ``count`` things, int [count], once pairs are merged by union-find.

    ``some`` and ``others``, int [pairs] each, are the pairs.
    """
    parents = np.arange(count).tolist()

    def root(of: int) -> int:
        while parents[of] != of:
            parents[of] = of = parents[parents[of]]
        return of

    for one, other in set(zip(some.tolist(), others.tolist(), strict=True)):
        one, other = root(one), root(other)
        parents[max(one, other)] = min(one, other)
    return np.array([root(of) for of in range(count)])


def rows_of_three(mask: BoolArray) -> float:
    """The fraction of the rows of ``mask``, bool [H, W], that go through three strokes or more."""
    strokes = np.bincount(runs_of(mask)[0], minlength=len(mask))
    return float((strokes > 2).mean())


def runs_of(mask: BoolArray) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Row, first column and column after the last, int [runs] each, of each run of set pixels in ``mask``, bool [H, W].

    Runs are ordered from the top left on.
    """
    framed = np.zeros((mask.shape[0], mask.shape[1] + 2), bool)
    framed[:, 1:-1] = mask
    changes = np.flatnonzero(framed[:, 1:] != framed[:, :-1])  # where runs start and end, in turn
    rows, columns = np.divmod(changes, mask.shape[1] + 1)
    return rows[::2], columns[::2], columns[1::2]
