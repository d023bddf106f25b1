"""The folded network that is served answers as the trained network does."""

import pytest
import torch
from torch import nn

from net.folded import FoldedLeNet
from net.lenet import LeNet


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
