"""The folded network that is served answers as the trained network does."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from net.folded import FoldedLeNet, as_served
from net.lenet import LeNet
from net.recognizer import Recognizer


@pytest.mark.parametrize("lowest_scale", [0.0, -1.0], ids=["positive scales", "scales of both signs"])
@pytest.mark.parametrize("pictures", [1, 5])
def test_folding_changes_no_answer(lowest_scale: float, pictures: int):
    torch.manual_seed(0)
    network = LeNet()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):  # as after training
            nn.init.uniform_(module.weight, lowest_scale, 1)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
    network.eval()
    given = torch.rand(pictures, 1, 28, 28)
    expected = network(given, open_set=True)
    assert expected.std() > 0.01
    torch.testing.assert_close(FoldedLeNet(network)(given), expected.detach(), rtol=1e-4, atol=1e-4)


def test_the_shipped_weights_are_served_folded():
    assert isinstance(Recognizer().logits_of, FoldedLeNet)


def with_other_nonlinearities(network: LeNet) -> None:
    for part in (network.c1[0], network.s2, network.c3[0], network.s4, network.c5):
        part[2] = nn.GELU()


def with_one_more_convolution(network: LeNet) -> None:
    first, second = network.c3
    network.c3 = nn.Sequential(first, nn.Conv2d(64, 64, 3, padding=1, bias=False), second)


def with_one_more_layer_first(network: LeNet) -> None:
    network.c1 = nn.Sequential(nn.Identity(), *network.c1)


def with_a_deeper_convolution(network: LeNet) -> None:
    network.c3[0] = nn.Sequential(*network.c3[0], nn.Dropout(0.1))


def without_a_layer_before_the_output(network: LeNet) -> None:
    network.f6 = nn.Flatten()
    network.output = nn.Linear(256, 10)


@pytest.mark.parametrize(
    "change",
    [
        with_other_nonlinearities,
        with_one_more_convolution,
        with_one_more_layer_first,
        with_a_deeper_convolution,
        without_a_layer_before_the_output,
    ],
)
def test_a_changed_network_is_served_as_it_answers(change: Callable[[LeNet], None]):
    torch.manual_seed(0)
    network = LeNet()
    change(network)
    network.eval()
    given = torch.rand(5, 1, 28, 28)
    expected = network(given, open_set=True).detach()
    torch.testing.assert_close(as_served(network)(given).detach(), expected, rtol=1e-4, atol=1e-4)
