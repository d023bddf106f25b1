"""What the terminal shows while an epoch runs."""

import sys
from contextlib import suppress

import torch
from torch import Tensor
from tqdm import tqdm

REFRESHES_AN_EPOCH = 50  # each copies two numbers from the device


class Bar(tqdm):
    """A bar that Ctrl-C may interrupt while it is being made."""

    def __del__(self) -> None:
        with suppress(AttributeError):  # what was not made yet need not be closed
            super().__del__()


class EpochProgress:
    """A bar with the epoch's mean loss and accuracy so far and the time left.

    The numbers are shown when they have arrived from the device; training never waits for them.
    """

    def __init__(self, epoch: int, epochs: int, steps: int, *, visible: bool = True) -> None:
        self.bar = Bar(
            total=steps,
            desc=f"epoch {epoch}/{epochs}",
            unit="batch",
            leave=False,
            dynamic_ncols=True,
            file=sys.stderr,
            disable=not visible,
        )
        self.every = max(1, steps // REFRESHES_AN_EPOCH)
        self.steps = 0
        self.sums: Tensor | None = None
        self.on_its_way: Arrival | None = None
        self.loss = 0.0  # the mean so far, as it was last shown

    def __enter__(self) -> "EpochProgress":
        return self

    def __exit__(self, *exception: object) -> None:
        self.bar.close()

    def update(self, loss: Tensor, correct: Tensor) -> None:
        """Count one step with its mean ``loss`` and its fraction ``correct``, both scalars on any device."""
        both = torch.stack([loss, correct])
        self.sums = both if self.sums is None else self.sums + both
        self.steps += 1
        if self.on_its_way is None and self.steps % self.every == 0:
            self.on_its_way = Arrival(self.sums / self.steps)
        if self.on_its_way is not None and self.on_its_way.is_here():
            self.loss, accuracy_so_far = self.on_its_way.values.tolist()
            self.on_its_way = None
            self.bar.set_postfix(loss=f"{self.loss:.4f}", accuracy=f"{accuracy_so_far:.2%}", refresh=False)
        self.bar.update()

    def means(self) -> Tensor:
        """Mean loss and mean accuracy, float [2], over the steps so far."""
        return self.sums / self.steps


class Arrival:
    """A tensor on its way to the host; nothing waits for it."""

    def __init__(self, values: Tensor) -> None:
        self.values = values.to("cpu", non_blocking=values.is_cuda)
        self.copied: torch.cuda.Event | None = None
        if values.is_cuda:
            self.copied = torch.cuda.Event()
            self.copied.record()

    def is_here(self) -> bool:
        """Whether ``values`` may be read."""
        return self.copied is None or self.copied.query()
