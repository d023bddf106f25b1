"""Makes the probabilities mean what they say, and finds from which on they can be relied on."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

RELIABLE = 0.999  # of the digits that are called certain, this fraction must be right


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature that ``logits`` [N, 10] must be divided by for the least cross-entropy with ``labels``.

    Source: C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On calibration of modern neural networks",
    ICML 2017. Fitted in the logarithm, so that it stays positive.
    """
    logits, labels = logits.detach().cpu().double(), labels.cpu()
    log_temperature = torch.zeros((), dtype=torch.double, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_temperature], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(logits / log_temperature.exp(), labels)
        loss.backward()
        return loss

    optimizer.step(closure)
    return log_temperature.exp().item()


def calibrated(logits: Tensor, temperature: float) -> Tensor:
    """Probabilities, double [N, 10] on the CPU, of ``logits`` [N, 10]."""
    return (logits.detach().cpu().double() / temperature).softmax(1)


def certainty_threshold(probabilities: Tensor, labels: Tensor) -> float:
    """The least confidence above which `RELIABLE` of the predictions are right.

    ``probabilities``, float [N, 10], and their ``labels`` [N] must not have been trained on.
    """
    confidence, predicted = probabilities.cpu().max(1)
    confidence, order = confidence.sort(descending=True)
    wrong = (predicted != labels.cpu())[order].cumsum(0)
    reliable = wrong <= (1 - RELIABLE) * torch.arange(1, len(order) + 1)
    last = int(reliable.nonzero().max()) if reliable.any() else -1
    # Just under the last reliable one where all are.
    return confidence[last + 1].item() if last + 1 < len(confidence) else confidence[-1].item() * 0.999


@dataclass(frozen=True)
class CalibrationBin:
    """What was predicted with a confidence above ``low`` and up to ``high``."""

    low: float
    high: float
    count: int
    confidence: float  # mean
    accuracy: float


def calibration_bins(probabilities: Tensor, labels: Tensor, bins: int = 15) -> list[CalibrationBin]:
    """``probabilities``, float [N, 10], of the digits ``labels`` [N], grouped by equal ranges of confidence."""
    confidence, predicted = probabilities.cpu().double().max(1)
    right = (predicted == labels.cpu()).double()
    which = (confidence * bins).ceil().long().clamp(1, bins) - 1
    groups = []
    for number in range(bins):
        mine = which == number
        count = int(mine.sum())
        means = (confidence[mine].mean().item(), right[mine].mean().item()) if count else (0.0, 0.0)
        groups.append(CalibrationBin(number / bins, (number + 1) / bins, count, *means))
    return groups


def expected_calibration_error(probabilities: Tensor, labels: Tensor) -> float:
    """Mean distance, 0 to 1, between confidence and accuracy over equal ranges of confidence.

    ``probabilities`` is float [N, 10], ``labels`` [N]. Source: as for `fit_temperature`.
    """
    groups = calibration_bins(probabilities, labels)
    return sum(group.count * abs(group.confidence - group.accuracy) for group in groups) / len(labels)
