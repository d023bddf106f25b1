"""What the terminal shows while an epoch runs."""

import sys

import torch
from torch import Tensor
from tqdm import tqdm

REFRESHES_AN_EPOCH = 50  # reading the loss makes an accelerator wait, so it is not read at every step


class EpochProgress:
    """A bar with the epoch's loss and accuracy so far and the time left; also their means at its end."""

    def __init__(self, epoch: int, epochs: int, steps: int) -> None:
        self.bar = tqdm(
            total=steps,
            desc=f"epoch {epoch}/{epochs}",
            unit="batch",
            leave=False,
            dynamic_ncols=True,
            file=sys.stderr,
        )
        self.every = max(1, steps // REFRESHES_AN_EPOCH)
        self.sums: Tensor | None = None

    def __enter__(self) -> "EpochProgress":
        return self

    def __exit__(self, *exception: object) -> None:
        self.bar.close()

    def update(self, loss: Tensor, correct: Tensor) -> None:
        """Count one step with its mean ``loss`` and its fraction ``correct``, both scalars on any device."""
        both = torch.stack([loss, correct])
        self.sums = both if self.sums is None else self.sums + both
        steps = self.bar.n + 1
        if steps % self.every == 0:
            loss_so_far, accuracy_so_far = (self.sums / steps).tolist()
            self.bar.set_postfix(loss=f"{loss_so_far:.4f}", accuracy=f"{accuracy_so_far:.2%}", refresh=False)
        self.bar.update()

    def means(self) -> tuple[float, float]:
        """Mean loss and mean accuracy over the steps so far."""
        loss, correct = (self.sums / max(1, self.bar.n)).tolist()
        return loss, correct
