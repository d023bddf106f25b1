"""Makes the probabilities mean what they say, and finds from which on they can be relied on."""

import torch
import torch.nn.functional as F
from torch import Tensor

RELIABLE = 0.999  # of the digits that are called certain, this fraction must be right


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature that ``logits`` [N, 10] must be divided by for the least cross-entropy with ``labels``.

    Source: C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On calibration of modern neural networks",
    ICML 2017. Fitted in the logarithm, so that it stays positive.
    """
    logits, labels = logits.detach().double().cpu(), labels.cpu()
    log_temperature = torch.zeros((), dtype=torch.double, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_temperature], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(logits / log_temperature.exp(), labels)
        loss.backward()
        return loss

    optimizer.step(closure)
    return log_temperature.exp().item()


def certainty_threshold(logits: Tensor, labels: Tensor, temperature: float) -> float:
    """The least confidence above which `RELIABLE` of the predictions are right.

    ``logits`` [N, 10] and ``labels`` [N] must not have been trained on.
    """
    confidence, predicted = (logits.detach().double() / temperature).softmax(1).max(1)
    confidence, order = confidence.sort(descending=True)
    wrong = (predicted != labels)[order].cumsum(0)
    reliable = wrong <= (1 - RELIABLE) * torch.arange(1, len(order) + 1, device=wrong.device)
    last = int(reliable.nonzero().max()) if reliable.any() else 0
    return confidence[last + 1].item() if last + 1 < len(confidence) else confidence[-1].item() * 0.999


def expected_calibration_error(logits: Tensor, labels: Tensor, temperature: float, bins: int = 15) -> float:
    """Mean distance, 0 to 1, between confidence and accuracy over ``bins`` equal ranges of confidence.

    Source: as for `fit_temperature`.
    """
    confidence, predicted = (logits.detach().double() / temperature).softmax(1).max(1)
    right = (predicted == labels).double()
    which = (confidence * bins).long().clamp(max=bins - 1)
    gaps = torch.zeros(bins, dtype=torch.double, device=which.device)
    return gaps.index_add(0, which, confidence - right).abs().sum().item() / len(labels)
