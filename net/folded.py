"""The network as it is served: the same function in fewer steps.

At inference a batch normalisation scales and shifts by constants, which go into the convolution before it; through
a maximum pooling too, unless a scale is negative, for then the greatest becomes the smallest. C5, whose kernels are
as large as its maps, becomes a fully connected layer. Maps lie side by side in memory, as oneDNN's convolutions take
them. `python tests/bench/reading.py` prints what that saves.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from net.lenet import LeNet


class FoldedLeNet(nn.Module):
    """Answers what a `LeNet` in evaluation mode answers with ``open_set``, but for rounding."""

    def __init__(self, network: LeNet) -> None:
        super().__init__()
        self.c1, self.c1_pooled, self.s2 = folded_stage(network.c1, network.s2)
        self.c3, self.c3_pooled, self.s4 = folded_stage(network.c3, network.s4)
        self.c5 = fully_connected(fuse_conv_bn_eval(network.c5[0], network.c5[1]))
        self.f6 = network.f6[2]
        self.output = network.output
        self.novelty = network.novelty
        self.to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def forward(self, pictures: Tensor) -> Tensor:
        """Logits, float [N, 11], of ``pictures``, float [N, 1, 28, 28]."""
        maps = F.relu(self.c1(pictures.contiguous(memory_format=torch.channels_last)))
        maps = F.relu(self.s2(F.max_pool2d(self.c1_pooled(maps), 2)))
        maps = F.relu(self.c3(maps))
        maps = F.relu(self.s4(F.max_pool2d(self.c3_pooled(maps), 2)))
        features = F.relu(self.c5(maps.flatten(1)))
        return torch.cat([self.output(F.relu(self.f6(features))), self.novelty(features)], dim=1)


def folded_stage(convolutions: nn.Sequential, pooling: nn.Sequential) -> tuple[nn.Conv2d, nn.Conv2d, nn.Module]:
    """Both convolutions of a stage, and what is left to do once the second one's maps have been pooled."""
    first, normalisation, _ = convolutions[0]
    second, pooled_normalisation = convolutions[1], pooling[1]
    first = fuse_conv_bn_eval(first, normalisation)
    if (pooled_normalisation.weight < 0).any():
        return first, second, pooled_normalisation
    return first, fuse_conv_bn_eval(second, pooled_normalisation), nn.Identity()


def fully_connected(convolution: nn.Conv2d) -> nn.Linear:
    """What ``convolution`` does to maps that are no larger than its kernels."""
    layer = nn.Linear(convolution.weight[0].numel(), convolution.out_channels)
    layer.weight = nn.Parameter(convolution.weight.flatten(1))
    layer.bias = convolution.bias
    return layer
