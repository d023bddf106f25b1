"""Minimises a smooth function of a few numbers."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def minimize(loss: Callable[[], Tensor], parameters: Sequence[Tensor], steps: int = 100) -> None:
    """Minimise ``loss()``, float [], by changing in place the ``parameters`` that it depends on.

    Takes at most ``steps`` steps of full-batch L-BFGS.
    """
    optimizer = torch.optim.LBFGS(parameters, max_iter=steps, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)
