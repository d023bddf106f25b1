"""Uniform random numbers, which everything drawn here is made various by."""

import torch
from torch import Tensor


def uniform(low: float, high: float, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Float32 ``shape``, from ``low`` to ``high``, on the device of ``generator``."""
    return torch.rand(shape, generator=generator, device=generator.device) * (high - low) + low
