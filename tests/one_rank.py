"""Saves what one rank computes in a training step; tests/test_ranks.py starts several ranks with torchrun.

torchrun --nproc_per_node=2 tests/one_rank.py OUT
"""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from train import ranks
from train.mnist import Digits
from train.recipe import Augmentation, Recipe, without
from train.speedups import Speedups
from train.training import Training

BATCH = 32
PLAIN = without(without(Recipe(batch_size=BATCH), "augmentation"), "dropout")


class Watched(Training):
    """Keeps the last step's batch, gradients and buffers."""

    def step(self, pictures: torch.Tensor, labels: torch.Tensor, *count) -> tuple[torch.Tensor, torch.Tensor]:
        self.given = (pictures, labels)
        done = super().step(pictures, labels, *count)
        self.gradients = {name: parameter.grad.clone() for name, parameter in self.network.named_parameters()}
        self.statistics = {name: buffer.clone() for name, buffer in self.network.named_buffers()}
        return done


def main() -> None:
    """Take a step on distinct digits, one on identical digits with augmentation, and one with dropout."""
    cpu = torch.device("cpu")
    mine, _ = ranks.join("cpu")
    different = torch.randint(256, (BATCH, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    plain = Watched(PLAIN, cpu, BATCH, Speedups(), mine)
    next(plain.steps(Digits(different, torch.arange(BATCH) % 10), 1))
    varied = Watched(Recipe(batch_size=BATCH, augmentation=Augmentation(as_scanned=0)), cpu, BATCH, Speedups(), mine)
    next(varied.steps(Digits(different[:1].expand(BATCH, -1, -1), torch.full((BATCH,), 3)), 1))
    forgetful = Watched(without(Recipe(batch_size=BATCH), "augmentation"), cpu, BATCH, Speedups(), mine)
    kept = []
    dropout = next(module for module in forgetful.network.modules() if isinstance(module, torch.nn.Dropout))
    dropout.register_forward_pre_hook(lambda _, given: given[0] * 0 + 1)  # a blank map would seem to be left out
    dropout.register_forward_hook(lambda _, __, left: kept.append(left > 0))
    next(forgetful.steps(Digits(different, torch.arange(BATCH) % 10), 1))
    told = {
        "pictures": plain.given[0],
        "gradients": plain.gradients,
        "statistics": plain.statistics,
        "varied": varied.given[0],
        "kept": kept[0],
    }
    torch.save(told, Path(sys.argv[1]) / f"rank{mine.rank}-of-{mine.count}.pt")
    mine.leave()


if __name__ == "__main__":
    main()
