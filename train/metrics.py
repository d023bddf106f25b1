"""How well logits fit labels."""

import torch
from torch import Tensor

from net.lenet import NONE, to_pictures

EVALUATION_BATCH = 1000  # pictures; bounds memory, changes nothing else


@torch.inference_mode()
def compute_logits(network: torch.nn.Module, images: Tensor) -> Tensor:
    """Logits, float [N, 11], of ``images``, uint8 [N, 28, 28], in evaluation mode."""
    was_training = network.training
    network.eval()
    logits = torch.cat([network(to_pictures(batch), open_set=True) for batch in images.split(EVALUATION_BATCH)])
    network.train(was_training)
    return logits


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """The fraction, 0 to 1, of the rows of ``logits`` [N, 11] whose largest digit logit is the label's [N].

    0 if there are no rows.
    """
    return int(is_right(logits, labels).sum()) / max(1, len(labels))


def is_right(logits: Tensor, labels: Tensor) -> Tensor:
    """Whether the largest digit logit in each row of ``logits`` [N, 11] is the label's [N]: bool [N]."""
    return logits[:, :NONE].argmax(1) == labels


def probabilities_of_right(logits: Tensor, labels: Tensor) -> Tensor:
    """The probability of the label [N] among the ten digits by ``logits`` [N, 11], not calibrated: float [N]."""
    return logits[:, :NONE].softmax(1).gather(1, labels[:, None]).flatten()


def fraction_right(logits: Tensor, labels: Tensor) -> Tensor:
    """The fraction, float [] from 0 to 1, of rows of ``logits`` [N, 11] with the right digit, or rightly with none.

    ``labels`` [N] are 0 to 9 or `NONE`.
    """
    return torch.where(labels == NONE, logits[:, NONE] > 0, is_right(logits, labels)).float().mean()


def per_digit_accuracy(logits: Tensor, labels: Tensor) -> list[float]:
    """For each digit, 0 to 9, the fraction of its pictures that ``logits`` [N, 11] get right."""
    return [accuracy(logits[labels == digit], labels[labels == digit]) for digit in range(10)]
