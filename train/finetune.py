"""Fine-tunes finished weights on users' corrections, without unlearning MNIST.

The corrections are mixed with a part of MNIST, augmented as usual. The new weights are then interpolated with the old
ones: the result is the point nearest to the new weights that reads MNIST's validation digits no worse than the old
ones did, chance aside: so few of the 5,000 are misread that one more or less says nothing.

Source of the interpolation: M. Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022, arXiv:2109.01903.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from train.commands import UsageError
from train.metrics import compute_logits, is_right, probabilities_of_right
from train.mnist import Digits
from train.recipe import Recipe
from train.speedups import Speedups
from train.training import EpochResult, Training

RECIPE = replace(Recipe(), epochs=2, lr=1.5e-4, warmup=0.1)
MNIST_DIGITS = 20_000  # of MNIST, with which an epoch's corrections are mixed
CORRECTIONS_SHARE = 0.08  # of the digits given to an epoch, at least; the corrections are repeated to reach it
WORTH = 0.5  # corrections: the gain in the sum of their probabilities that is worth new weights, if no more are read
ALPHAS = tuple(tenths / 10 for tenths in range(10, 0, -1))  # of the way from the old weights to the new ones

StateDict = dict[str, Tensor]


@dataclass(frozen=True)
class FineTuned:
    """The result of fine-tuning; accuracies are fractions of digits read right.

    ``alpha`` is how far it went from the old weights to the new: 0 if every step made validation worse. ``surer`` is by
    how much the probabilities of the right digits of all corrections rose, together and not calibrated.
    """

    alpha: float
    validation_before: float
    validation_after: float
    corrections_before: float
    corrections_after: float
    surer: float
    misread_at_first: list[int]  # the validation digits that the weights misread before any correction, by index

    @property
    def is_worth_it(self) -> bool:
        """Whether the weights changed, and read more of the corrections, or all, or as many and more surely.

        Else a single wrong label, which no weights can learn, would cost the user all that the others taught.
        """
        reads_more = self.corrections_after > self.corrections_before or self.corrections_after == 1
        is_surer = self.corrections_after == self.corrections_before and self.surer >= WORTH
        return self.alpha > 0 and (reads_more or is_surer)


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
        """Go as far towards the new weights as ``validation`` allows; the averaged network then holds the result.

        It is compared with the digits ``misread_at_first``, if given: losses that chance explains must not add up over
        several rounds.
        """
        network = self.training.averaged_network
        after = {name: tensor.clone() for name, tensor in network.state_dict().items()}

        def measured(alpha: float) -> tuple[Tensor, Tensor, float]:
            network.load_state_dict(interpolated(self.before, after, alpha))
            validation_right = is_right(compute_logits(network, validation.images), validation.labels)
            logits, labels = compute_logits(network, self.corrections.images), self.corrections.labels
            return validation_right, is_right(logits, labels), probabilities_of_right(logits, labels).sum().item()

        validation_before, corrections_before, likely_before = measured(0)
        at_first = validation_before
        if misread_at_first is not None:
            at_first = torch.ones_like(validation_before)
            at_first[misread_at_first] = False
        for alpha in (*ALPHAS, 0):
            validation_after, corrections_after, likely_after = measured(alpha)
            if is_no_worse(at_first, validation_after):
                break
        parts = (validation_before, validation_after, corrections_before, corrections_after)
        shares = (right.float().mean().item() for right in parts)
        misread = (~at_first).nonzero().flatten().tolist()
        return FineTuned(alpha, *shares, surer=likely_after - likely_before, misread_at_first=misread)


def misread_before_corrections(card: dict[str, Any], validation: Digits) -> list[int] | None:
    """The digits of ``validation`` that weights with this ``card`` misread before any correction, by index.

    None if they have had no correction. Raises UsageError if these were learned with other validation digits.
    """
    misread = card.get("misread_at_first")
    if misread is None:
        return None
    count = card.get("validation_digits", len(validation))  # cards of earlier versions do not have it
    if count != len(validation) or max(misread, default=0) >= count:
        raise UsageError(
            "These weights were first corrected with other validation digits; name the same MNIST with --data."
        )
    return misread


def is_no_worse(before: Tensor, after: Tensor) -> bool:
    """Whether ``after`` is right no less often than ``before``, both bool [N], but for what chance would explain.

    Chance explains one standard deviation of the losses minus the gains, if each change were a coin toss. Source:
    Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
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
