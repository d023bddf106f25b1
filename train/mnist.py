"""MNIST as whole tensors: 47 MB of pixels need no loader."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torchvision.datasets import MNIST

from train.commands import CommandError

DEFAULT_ROOT = Path("data")
VALIDATION_FRACTION = 1 / 12  # 5,000 of 60,000
SPLIT_SEED = 1998  # the same split for every run, whatever the run's own seed, so that runs compare


class DataError(CommandError):
    """Data is missing or unusable; the message says why and what to do, in one sentence."""


@dataclass(frozen=True)
class Digits:
    """``images``, uint8 [N, 28, 28], 0 for paper and 255 for ink; ``labels``, int64 [N], 0 to 9 or `net.lenet.NONE`."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> "Digits":
        """The same digits on ``device``."""
        return Digits(self.images.to(device), self.labels.to(device))

    @classmethod
    def from_pictures(cls, pictures: Tensor, labels: Tensor) -> "Digits":
        """The digits on ``pictures``, float [N, 28, 28] from 0 (paper) to 1 (ink)."""
        return cls((pictures * 255).round().to(torch.uint8), labels)

    def __add__(self, other: "Digits") -> "Digits":
        return Digits(torch.cat([self.images, other.images]), torch.cat([self.labels, other.labels]))

    def __getitem__(self, index: Tensor) -> "Digits":
        return Digits(self.images[index], self.labels[index])


def root_folder(given: Path | None) -> Path:
    """The torchvision root to use: what the user gave, else ``MNIST_ROOT``, else ``data``."""
    return given or Path(os.environ.get("MNIST_ROOT") or DEFAULT_ROOT)


def load_training_digits(root: Path, held_out: float = VALIDATION_FRACTION) -> tuple[Digits, Digits]:
    """MNIST's 60,000 training digits: those to train on, and the fraction ``held_out`` to validate with."""
    digits = load(root, train=True)
    to_train_on, to_validate_with = split(len(digits), held_out)
    return digits[to_train_on], digits[to_validate_with]


def split(count: int, held_out: float = VALIDATION_FRACTION) -> tuple[Tensor, Tensor]:
    """The indices, int64, of the digits to train on and of the fraction ``held_out``, of ``count`` in all."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(SPLIT_SEED))
    first = round(count * held_out)
    return order[first:], order[:first]


def load_test_digits(root: Path) -> Digits:
    """MNIST's 10,000 test digits: for reporting, never for choosing."""
    return load(root, train=False)


def load(root: Path, *, train: bool) -> Digits:
    """MNIST's training or test digits, downloaded into ``root`` if they are missing.

    Raises DataError if they can be neither read nor downloaded.
    """
    damaged = DataError(f"The MNIST files in '{root}' are damaged; delete them to have them downloaded again.")
    try:
        was_there, was_complete = root.exists(), is_complete(root)
    except OSError as error:  # no permission to look into a folder, for example
        raise DataError(f"MNIST in '{root}' could not be read ({error.strerror}).") from error
    try:
        dataset = MNIST(str(root), train=train, download=True)
    except (OSError, RuntimeError, ValueError, EOFError, AssertionError, TypeError, KeyError) as error:
        if was_complete:
            if isinstance(error, OSError) and error.errno:
                raise DataError(f"MNIST in '{root}' could not be read ({error.strerror}).") from error
            raise damaged from error
        for folder in (root / "MNIST" / "raw", root / "MNIST", *([] if was_there else [root])):
            with suppress(OSError):  # it is not empty
                folder.rmdir()
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".: ")
        raise DataError(
            f"MNIST could not be downloaded into '{root}' ({reason}); "
            "with --data, name a folder that has it in MNIST/raw, or another to download it into."
        ) from error
    digits = Digits(dataset.data, dataset.targets)
    if digits.images.shape != (len(digits), 28, 28) or digits.labels.unique().tolist() != [*range(10)]:
        raise damaged
    return digits


def is_complete(root: Path) -> bool:
    """Whether all four files of MNIST lie in ``root``, whatever is in them."""
    names = [Path(url).stem for url, _ in MNIST.resources]
    return all((root / "MNIST" / "raw" / name).is_file() for name in names)
