"""Retrains the novelty layer, which tells what is no digit, when the other layers are done.

It sees more outliers than the network was trained with, and more kinds of them (`train/novelty_outliers.py`): three for
every ten digits instead of one. It also sees new variations of the digits, and 1s as straight as a mouse draws them,
so as not to take these for wedges. It is fitted from scratch; the maps that it is given stay as they are, and with them
the logits of the ten digits.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from net.lenet import NONE, LeNet, to_pictures
from train.allographs import straight_ones
from train.augment import Augment
from train.minimize import minimize
from train.mnist import Digits
from train.novelty_outliers import NoveltyOutliers
from train.training import Training

OUTLIERS = 0.3  # of the digits' number
STRAIGHT_ONES = 0.05  # likewise
RIDGE = 1e-3  # L2 penalty on the weights, which grow without bound if the two classes are separable
STEPS = 200  # of L-BFGS, at most
BATCH = 500  # pictures; bounds memory. Another value changes the random variations


def relearn_novelty(training: Training, digits: Digits) -> None:
    """Fit the novelty layer to varied ``digits`` and new outliers, by logistic regression.

    It is that of the averaged network of ``training``, which has ended.
    """
    network = training.averaged_network
    generator = training.generator_of(len(training.history) + 1)
    digits = training.with_allographs(digits, generator) + straight_ones(round(STRAIGHT_ONES * len(digits)), generator)
    features, is_none = features_of(network.eval(), digits, training.augment, generator)
    mean, deviation = features.mean(0), features.std(0) + 1e-3
    features = (features - mean) / deviation
    layer = network.novelty
    weight = torch.zeros_like(mean, requires_grad=True)
    bias = mean.new_zeros((), requires_grad=True)

    def loss() -> Tensor:
        return F.binary_cross_entropy_with_logits(features @ weight + bias, is_none) + RIDGE * weight.square().sum()

    minimize(loss, [weight, bias], STEPS)
    with torch.no_grad():
        layer.weight.copy_((weight / deviation)[None])
        layer.bias.copy_((bias - (weight / deviation) @ mean)[None])


@torch.no_grad()
def features_of(network: LeNet, digits: Digits, augment: Augment, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The novelty layer's inputs, float [N, 256], and targets, float [N]: 1 for what is no digit, else 0."""
    outliers = NoveltyOutliers(generator.device)(digits, round(OUTLIERS * len(digits)), generator)
    shown = digits + outliers
    seen: list[Tensor] = []
    hook = network.novelty.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    try:
        order = torch.randperm(len(shown), generator=generator, device=generator.device)
        for batch in tqdm(order.split(BATCH), desc="not a digit", unit="batch", leave=False):
            labels = shown.labels[batch]
            network(augment(to_pictures(shown.images[batch]), labels, generator), open_set=True)
    finally:
        hook.remove()
    return torch.cat(seen), (shown.labels[order] == NONE).float()
