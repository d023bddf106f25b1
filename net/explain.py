"""What went on inside the network while it read a picture, and which pixels spoke for which digit."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from net.arrays import UInt8Array
from net.lenet import LeNet, to_pictures

STEPS = 48  # of the integral; its total is then mostly within half a logit
POWER = 4  # to which the evenly spaced places of the steps are raised


@dataclass(frozen=True)
class Layer:
    """What one layer made of the picture."""

    name: str  # LeNet's, as net/lenet.py has it
    maps: Tensor  # float [maps, height, width]; a fully connected layer's are 1 x 1
    filters: Tensor | None  # float [maps, height, width]: the filter of each map, where it can be shown


def layers(network: LeNet, seen: UInt8Array) -> list[Layer]:
    """The maps that each layer of ``network`` makes of ``seen``, uint8 [28, 28], from first to last.

    C1 and C3 are two convolutions each; their maps here are the first one's: those of the second are rectified only
    after pooling, and are S2's and S4's. Maps by which a thinner network was widened have blank filters, and are left
    out.
    """
    with torch.inference_mode():
        c1 = network.c1[0](to_pictures(torch.from_numpy(seen)[None]))
        s2 = network.s2(network.c1[1:](c1))
        c3 = network.c3[0](s2)
        s4 = network.s4(network.c3[1:](c3))
        c5 = network.c5(s4)
        f6 = network.f6(c5)
        logits = network.output(f6)
    first = network.c1[0][0]
    filters, used = first.weight.detach()[:, 0], used_maps(first)
    return [
        Layer("C1", c1[0, used], filters[used]),
        Layer("S2", s2[0, used_maps(network.c1[-1])], None),
        Layer("C3", c3[0, used_maps(network.c3[0][0])], None),
        Layer("S4", s4[0, used_maps(network.c3[-1])], None),
        Layer("C5", c5[0, used_maps(network.c5[0])], None),
        Layer("F6", f6[0, :, None, None], None),
        Layer("output", logits[0, :, None, None], None),
    ]


def used_maps(convolution: nn.Module) -> Tensor:
    """Which maps of ``convolution`` have a filter that is not blank, or all if every one is blank: bool [maps]."""
    used = convolution.weight.detach().flatten(1).any(1)
    return used if used.any() else ~used


def evidence(network: LeNet, seen: UInt8Array, digit: int, rather_than: int | None = None) -> Tensor:
    """How much each pixel of ``seen``, uint8 [28, 28], speaks for ``digit``: float [28, 28], negative if against it.

    The alternative is the digit ``rather_than``, or the average of the other nine. Blank paper counts 0, and all pixels
    add up to what the picture changes in the difference of logits, but for the integral's steps.

    Source: M. Sundararajan, A. Taly and Q. Yan, "Axiomatic attribution for deep networks", ICML 2017: integrated
    gradients along the straight path from blank paper to the picture.
    """
    weights = torch.full((10,), -1 / 9)
    if rather_than is not None:
        weights = torch.zeros(10)
        weights[rather_than] = -1
    weights[digit] = 1
    with torch.inference_mode(False), torch.enable_grad():
        picture = to_pictures(torch.from_numpy(seen)[None])
        # Closer steps where the ink is faint: there the logits change most.
        middles = (torch.arange(STEPS) + 0.5) / STEPS
        path = (middles.pow(POWER).view(-1, 1, 1, 1) * picture).requires_grad_()
        (gradient,) = torch.autograd.grad((network(path) * weights).sum(), path)
        lengths = POWER * middles.pow(POWER - 1) / STEPS
    return torch.einsum("nchw,n->hw", gradient, lengths) * picture[0, 0]
