"""Going on from finished weights with what users said was right, without unlearning MNIST.

The corrections are shown among a part of MNIST, varied as ever. What that made of the weights is then taken as far
as it costs nothing: between the old weights and the new ones lies a straight way, and the farthest point on it is
kept that reads MNIST's validation digits no worse than the old ones did, chance aside: of 5,000 so few are misread that
one more or less says nothing.

Source of the straight way: M. Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022, arXiv:2109.01903.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from train.metrics import compute_logits, is_right
from train.mnist import Digits
from train.recipe import Recipe
from train.speedups import Speedups
from train.training import EpochResult, Training

RECIPE = replace(Recipe(), epochs=2, lr=1.5e-4, warmup=0.1)
MNIST_DIGITS = 20_000  # of MNIST that the corrections are shown among in an epoch
CORRECTIONS_SHARE = 0.08  # of the digits that an epoch is given, to vary and to mix with others, however few there are
ALPHAS = tuple(tenths / 10 for tenths in range(10, 0, -1))  # from the old weights to the new ones

StateDict = dict[str, Tensor]


@dataclass(frozen=True)
class FineTuned:
    """What came of it, in fractions of digits read right.

    ``alpha`` is how far it went from the old weights to the new: 0 where every step made validation worse.
    """

    alpha: float
    validation_before: float
    validation_after: float
    corrections_before: float
    corrections_after: float
    misread_at_first: list[int]  # the validation digits that the weights misread before any correction, by index

    @property
    def is_worth_it(self) -> bool:
        """Whether the new weights read more of the corrections, or all."""
        return self.alpha > 0 and (self.corrections_after > self.corrections_before or self.corrections_after == 1)


class FineTuning:
    """A short training that begins with finished weights."""

    def __init__(
        self, state_dict: StateDict, digits: Digits, corrections: Digits, speedups: Speedups, recipe: Recipe = RECIPE
    ) -> None:
        device = digits.images.device
        generator = torch.Generator(device).manual_seed(recipe.seed)
        few = torch.randperm(len(digits), generator=generator, device=device)[:MNIST_DIGITS]
        wanted = round(CORRECTIONS_SHARE / (1 - CORRECTIONS_SHARE) * len(few))
        repeated = torch.arange(max(wanted, len(corrections)), device=device) % len(corrections)
        self.shown = digits[few] + corrections[repeated]
        self.corrections = corrections
        self.before = {name: tensor.to(device) for name, tensor in state_dict.items()}
        recipe = replace(recipe, batch_size=min(recipe.batch_size, len(self.shown)))
        self.training = Training(recipe, device, len(self.shown), speedups)
        for network in (self.training.network, self.training.averaged_network):
            network.load_state_dict(self.before)

    def run(self, validation: Digits) -> Iterator[EpochResult]:
        """Train, an epoch at a time."""
        yield from self.training.run(self.shown, validation)

    def settle(self, validation: Digits, misread_at_first: list[int] | None = None) -> FineTuned:
        """Take the new weights as far as ``validation`` allows; the averaged network holds what was settled on.

        That is by those that were ``misread_at_first`` where there were corrections before: what chance explains must
        not add up.
        """
        network = self.training.averaged_network
        after = {name: tensor.clone() for name, tensor in network.state_dict().items()}

        def rights(alpha: float) -> tuple[Tensor, Tensor]:
            network.load_state_dict(interpolated(self.before, after, alpha))
            return tuple(
                is_right(compute_logits(network, part.images), part.labels) for part in (validation, self.corrections)
            )

        validation_before, corrections_before = at_first, _ = rights(0)
        if misread_at_first is not None:
            at_first = torch.ones_like(validation_before)
            at_first[misread_at_first] = False
        for alpha in (*ALPHAS, 0):
            validation_after, corrections_after = rights(alpha)
            if is_no_worse(at_first, validation_after):
                break
        parts = (validation_before, validation_after, corrections_before, corrections_after)
        shares = (right.float().mean().item() for right in parts)
        return FineTuned(alpha, *shares, misread_at_first=(~at_first).nonzero().flatten().tolist())


def is_no_worse(before: Tensor, after: Tensor) -> bool:
    """Whether ``after`` is right no less often than ``before``, bool [N] both, but for what chance would explain.

    That is one standard deviation of how many more would be lost than won, if each that changes did so by the toss of a
    coin. Source: Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12(2), 1947.
    """
    lost, won = int((before & ~after).sum()), int((after & ~before).sum())
    return lost - won <= math.sqrt(lost + won)


def interpolated(before: StateDict, after: StateDict, alpha: float) -> StateDict:
    """The weights that lie ``alpha``, from 0 to 1, along the straight line from ``before`` to ``after``."""
    return {
        name: torch.lerp(tensor, after[name], alpha) if tensor.is_floating_point() else after[name]
        for name, tensor in before.items()
    }
