"""The exponential moving average of the weights: what a run evaluates and ships."""

from copy import deepcopy
from typing import Any

import torch
from torch import nn


class ExponentialAverage:
    """Follows a network, batch normalisation's statistics included.

    The window widens as updates come in: without that, a short run's average would still be half made of the random
    weights that it started from. It has its full length after 13 half-lives; until then, the past counts half after
    about a thirteenth of the updates so far. PyTorch's AveragedModel reads its count back from the device twice per
    update; here the count is a Python number, and nothing waits.

    Source: B. Polyak and A. Juditsky, "Acceleration of stochastic approximation by averaging", SIAM Journal
    on Control and Optimization 30(4), 1992; exponential as in D. Kingma and J. Ba, "Adam", ICLR 2015, 7.2.
    """

    def __init__(self, followed: nn.Module, half_life: float) -> None:
        """``half_life``: updates, at most, after which a weight of the past counts half; 0 averages nothing."""
        self.network = deepcopy(followed).requires_grad_(requires_grad=False)
        self.least_weight = 1 - 0.5 ** (1 / half_life) if half_life else 1.0
        self.updates = 0
        # Lists of tensors that are changed in place, so that one call per kind updates them all.
        ours, theirs = (list(module.state_dict().values()) for module in (self.network, followed))
        self.floats = [tensor for tensor in ours if tensor.is_floating_point()]
        self.followed_floats = [tensor for tensor in theirs if tensor.is_floating_point()]
        self.counts = [tensor for tensor in ours if not tensor.is_floating_point()]
        self.followed_counts = [tensor for tensor in theirs if not tensor.is_floating_point()]

    @torch.no_grad()
    def update(self) -> None:
        """Update the average with the followed network's current weights."""
        weight = max(self.least_weight, 9 / (10 + self.updates)) if self.updates else 1.0
        torch._foreach_lerp_(self.floats, self.followed_floats, weight)
        torch._foreach_copy_(self.counts, self.followed_counts)
        self.updates += 1

    def state_dict(self) -> dict[str, Any]:
        """All that `load_state_dict` needs."""
        return {"network": self.network.state_dict(), "updates": self.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self.network.load_state_dict(state["network"])
        self.updates = state["updates"]
