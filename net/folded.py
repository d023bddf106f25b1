"""The network as it is served: the same function in fewer steps.

At inference a batch normalisation scales and shifts by constants, which are folded into the convolution before it, even
across a maximum pooling, unless a scale is negative: then the greatest becomes the smallest. C5, whose kernels are as
large as its maps, becomes a fully connected layer. Memory is channels last, as oneDNN's convolutions take it.
`python tests/bench/reading.py` prints what that saves. A network that was changed in ways which this module does not
follow, such as by one more convolution, is served as it is.
"""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from net.fitting import SIDE
from net.lenet import LeNet

Affine = tuple[Tensor, Tensor | None]  # weights and biases
ROUNDING = 1e-3  # of a logit, absolute and relative, by which folding may change it


class FoldedLeNet:
    """Computes what a `LeNet` in evaluation mode returns with ``open_set``, up to rounding."""

    def __init__(self, network: LeNet) -> None:
        c1, c1_pooled, self.s2 = folded_stage(network.c1, network.s2)
        c3, c3_pooled, self.s4 = folded_stage(network.c3, network.s4)
        self.c1, self.c1_pooled, self.c3, self.c3_pooled = map(affine, (c1, c1_pooled, c3, c3_pooled))
        self.c5 = affine(fully_connected(fuse_conv_bn_eval(network.c5[0], network.c5[1])))
        self.f6, self.output, self.novelty = map(affine, (network.f6[2], network.output, network.novelty))

    def __call__(self, pictures: Tensor) -> Tensor:
        """Logits, float [N, 11], of ``pictures``, float [N, 1, 28, 28]."""
        maps = F.conv2d(pictures, *self.c1).relu_()
        maps = self.s2(F.max_pool2d(F.conv2d(maps, *self.c1_pooled), 2)).relu_()
        maps = F.conv2d(maps, *self.c3).relu_()
        maps = self.s4(F.max_pool2d(F.conv2d(maps, *self.c3_pooled), 2)).relu_()
        features = F.linear(maps.flatten(1), *self.c5).relu_()
        hidden = F.linear(features, *self.f6).relu_()
        return torch.cat([F.linear(hidden, *self.output), F.linear(features, *self.novelty)], dim=1)


@torch.no_grad()
def as_served(network: LeNet) -> Callable[[Tensor], Tensor]:
    """What computes the logits of ``network``, float [N, 11], of pictures, float [N, 1, 28, 28].

    It is `FoldedLeNet`, or the network itself where folding would change an answer. ``network`` is in evaluation mode.
    """
    as_it_is = partial(network, open_set=True)
    noise = torch.rand(1, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    try:
        folded = FoldedLeNet(network)
        is_same = torch.allclose(folded(noise), as_it_is(noise), rtol=ROUNDING, atol=ROUNDING)
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):  # its layers are not where they were
        return as_it_is
    return folded if is_same else as_it_is


def affine(layer: nn.Conv2d | nn.Linear) -> Affine:
    """The weights and biases of ``layer``: with modules a pass takes a quarter longer."""
    weights = layer.weight.detach()
    if weights.dim() == 4:
        weights = weights.contiguous(memory_format=torch.channels_last)
    return weights, None if layer.bias is None else layer.bias.detach()


def folded_stage(convolutions: nn.Sequential, pooling: nn.Sequential) -> tuple[nn.Conv2d, nn.Conv2d, nn.Module]:
    """Both convolutions of a stage, normalisation folded in, and what is left to apply after pooling."""
    first, normalisation, _ = convolutions[0]
    second, pooled_normalisation = convolutions[1], pooling[1]
    first = fuse_conv_bn_eval(first, normalisation)
    if (pooled_normalisation.weight < 0).any():
        return first, second, pooled_normalisation
    return first, fuse_conv_bn_eval(second, pooled_normalisation), nn.Identity()


def fully_connected(convolution: nn.Conv2d) -> nn.Linear:
    """The linear layer that does what ``convolution`` does to maps of the size of its kernels."""
    layer = nn.Linear(convolution.weight[0].numel(), convolution.out_channels)
    layer.weight = nn.Parameter(convolution.weight.flatten(1))
    layer.bias = convolution.bias
    return layer
