"""The network: LeNet-5's arrangement with today's parts.

Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86(11), 1998, figure 2. The layers keep the names of that
figure. What differs, and why:

- C1 and C3, 5 x 5 convolutions, are two of 3 x 3 each: the same field of view, one more nonlinearity;
- batch normalisation and ReLU in place of a scaled tanh, maximum in place of trained averages;
- no border around the picture: MNIST's digits bring one, five pixels wide on average;
- more maps, because a processor of today has the time, and dropout, because they would overfit.

As in 1998, a subsampling layer scales, shifts and applies its nonlinearity after it has pooled, to a quarter of the
values; so the second convolutions of C1 and C3 have none of their own.
"""

import torch
from torch import Tensor, nn

NONE = 10  # the class of what is no digit, after those of the ten digits
MAPS = (16, 32, 64, 64, 256)  # of C1's two convolutions, of C3's two, and of C5's
DROPOUT = 0.4  # fraction of C5's maps that a training step drops


class LeNet(nn.Module):
    """28 x 28 x 1 in, 10 logits out, and an eleventh on request.

    Weights load in one line: ``LeNet().load_state_dict(torch.load(path, weights_only=True))``.
    """

    def __init__(self, dropout: float = DROPOUT, thinner: int = 1) -> None:
        """``thinner``, 1, 2, 4, 8 or 16, divides the number of maps: fewer learn sooner; train/widen.py restores it."""
        super().__init__()
        c1_first, c1, c3_first, c3, c5 = (maps // thinner for maps in MAPS)
        self.c1 = nn.Sequential(convolution(1, c1_first), nn.Conv2d(c1_first, c1, 3, bias=False))  # 28 x 28 -> 24 x 24
        self.s2 = subsampling(c1)  # -> 12 x 12
        self.c3 = nn.Sequential(convolution(c1, c3_first), nn.Conv2d(c3_first, c3, 3, bias=False))  # -> 8 x 8
        self.s4 = subsampling(c3)  # -> 4 x 4
        self.c5 = convolution(c3, c5, kernel_size=4)  # -> 1 x 1
        self.f6 = nn.Sequential(nn.Flatten(), nn.Dropout(dropout), nn.Linear(c5, 84), nn.ReLU())
        self.output = nn.Linear(84, 10)
        self.novelty = nn.Linear(c5, 1)

    def forward(self, pictures: Tensor, open_set: bool = False) -> Tensor:
        """Logits, float [N, 10], of ``pictures``, float [N, 1, 28, 28] with 0 for paper and 1 for ink.

        With ``open_set``, float [N, 11]: the last is the logarithm of the odds that it is none of the ten digits.
        """
        maps = self.s2(self.c1(pictures))
        maps = self.c5(self.s4(self.c3(maps)))
        logits = self.output(self.f6(maps))
        return torch.cat([logits, self.novelty(maps.flatten(1))], dim=1) if open_set else logits


def to_pictures(images: Tensor) -> Tensor:
    """uint8 [N, 28, 28] from 0 to 255 to what the network takes: float [N, 1, 28, 28] from 0 to 1."""
    return images.unsqueeze(1).float() / 255


def convolution(maps_in: int, maps_out: int, kernel_size: int = 3) -> nn.Sequential:
    """A convolution without padding, normalised and rectified."""
    # The normalisation's own shift makes a bias of the convolution redundant.
    return nn.Sequential(nn.Conv2d(maps_in, maps_out, kernel_size, bias=False), nn.BatchNorm2d(maps_out), nn.ReLU())


def subsampling(maps: int) -> nn.Sequential:
    """The greatest of each 2 x 2 pixels, normalised and rectified."""
    return nn.Sequential(nn.MaxPool2d(2), nn.BatchNorm2d(maps), nn.ReLU())
