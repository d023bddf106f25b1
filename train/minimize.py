"""The least of a smooth function of a few numbers."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def minimize(loss: Callable[[], Tensor], parameters: Sequence[Tensor], steps: int = 100) -> None:
    """Bring ``loss()``, float [], to its least by changing the ``parameters`` that it depends on, in place.

    By at most so many ``steps`` of L-BFGS, over all of the data at each.
    """
    optimizer = torch.optim.LBFGS(parameters, max_iter=steps, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)
