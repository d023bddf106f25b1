"""Uniform random numbers, by which everything drawn here is varied."""

import torch
from torch import Tensor


def uniform(low: float, high: float, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Random numbers from ``low`` to ``high``, float32 ``shape``, on the device of ``generator``."""
    return torch.rand(shape, generator=generator, device=generator.device) * (high - low) + low
