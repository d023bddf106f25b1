"""Calibrates the probabilities, and finds the confidence above which answers count as certain."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from net.recognizer import digit_probabilities
from train.minimize import minimize

# The least confident fraction of MNIST's validation digits is called uncertain, and whatever is no more confident.
# An error rate could not decide: of 5,000 digits five are mislabelled, and no more may be read wrong. It leaves 95% of
# pen drawings certain (README.md's results say how many of these are right, and how much of what is no digit is
# doubted). With a larger fraction, certain answers would be right more often, but fewer.
DOUBTFUL = 0.016
BINS = 15  # ranges of confidence, over which calibration is judged


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature that ``logits`` [N, 11] must be divided by for the least cross-entropy with ``labels``.

    Source: C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On calibration of modern neural networks",
    ICML 2017. Fitted in the logarithm, so that it stays positive.
    """
    logits, labels = logits.detach().cpu().double(), labels.cpu()
    log_temperature = torch.zeros((), dtype=torch.double, requires_grad=True)
    minimize(lambda: F.nll_loss(digit_probabilities(logits, log_temperature.exp()).log(), labels), [log_temperature])
    return log_temperature.exp().item()


def calibrated(logits: Tensor, temperature: float) -> Tensor:
    """Probabilities, double [N, 10] on the CPU, of ``logits`` [N, 11]."""
    return digit_probabilities(logits.detach().cpu(), temperature)


def certainty_threshold(probabilities: Tensor) -> float:
    """The confidence, 0 to 1, that all but the fraction `DOUBTFUL` of the answers exceed.

    ``probabilities``, float [N, 10], are of validation digits, which must not have been trained on.
    """
    return probabilities.cpu().max(1).values.quantile(DOUBTFUL).item()


def are_certain(probabilities: Tensor, certain_above: float) -> Tensor:
    """Whether each answer in ``probabilities``, float [N, 10], is more confident than ``certain_above``: bool [N]."""
    return probabilities.max(1).values > certain_above


@dataclass(frozen=True)
class CalibrationBin:
    """The predictions with a confidence above ``low`` and up to ``high``."""

    low: float
    high: float
    count: int
    confidence: float  # mean
    accuracy: float


def calibration_bins(probabilities: Tensor, labels: Tensor) -> list[CalibrationBin]:
    """The predictions in ``probabilities``, float [N, 10], for the digits ``labels`` [N], in `BINS` equal ranges."""
    confidence, predicted = probabilities.cpu().double().max(1)
    right = (predicted == labels.cpu()).double()
    which = (confidence * BINS).ceil().long().clamp(1, BINS) - 1
    counts = which.bincount(minlength=BINS)
    means = [which.bincount(each, BINS) / counts.clamp(min=1) for each in (confidence, right)]
    groups = zip(counts.tolist(), *(mean.tolist() for mean in means), strict=True)
    return [CalibrationBin(number / BINS, (number + 1) / BINS, *group) for number, group in enumerate(groups)]


def expected_calibration_error(probabilities: Tensor, labels: Tensor) -> float:
    """Mean distance, 0 to 1, between confidence and accuracy over equal ranges of confidence.

    ``probabilities`` is float [N, 10], ``labels`` [N]. Source: as for `fit_temperature`.
    """
    groups = calibration_bins(probabilities, labels)
    return sum(group.count * abs(group.confidence - group.accuracy) for group in groups) / len(labels)
