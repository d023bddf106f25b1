"""The training loop: whole tensors on the device, one `step` a batch, one state on disk an epoch."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from net.checkpoint import replace_file
from net.lenet import LeNet
from train.augment import Augment
from train.mnist import Digits
from train.progress import EpochProgress
from train.recipe import Augmentation, Habits, Recipe

EVALUATION_BATCH = 1000  # pictures; bounds memory, changes nothing else


class DivergedError(Exception):
    """The loss is no longer a number."""


class StateError(Exception):
    """There is no training state to go on from, or it is damaged."""


def to_pictures(images: Tensor) -> Tensor:
    """uint8 [N, 28, 28] from 0 to 255 to what the network takes: float [N, 1, 28, 28] from 0 to 1."""
    return images.unsqueeze(1).float() / 255


@torch.inference_mode()
def compute_logits(network: torch.nn.Module, images: Tensor) -> Tensor:
    """Logits, float [N, 10], of ``images``, uint8 [N, 28, 28], in evaluation mode."""
    was_training = network.training
    network.eval()
    logits = torch.cat([network(to_pictures(batch)) for batch in images.split(EVALUATION_BATCH)])
    network.train(was_training)
    return logits


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """The fraction, 0 to 1, of ``logits`` [N, 10] whose largest stands at the label [N]."""
    return (logits.argmax(1) == labels).double().mean().item()


def exponential_average(decay: float) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    """How one more step enters the average, after the first, for `AveragedModel`.

    The window widens to its full length as steps come in: without that a short run's average would still
    be half made of the random weights that it started from.
    """

    def blend(average: Tensor, current: Tensor, steps: Tensor | int) -> Tensor:
        if not average.is_floating_point():
            return current
        return average.lerp(current, max(1 - decay, 9 / (10 + int(steps))))

    return blend


@dataclass
class EpochResult:
    """What one epoch came to: means over its training batches, and the averaged weights on validation."""

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


class Training:
    """A run of ``recipe`` on ``device``: everything that changes from step to step, and how it changes.

    Each epoch draws its random numbers from the seed and its own number alone, so a run that was broken
    off and resumed from the last whole epoch ends with the weights of one that never stopped.
    """

    def __init__(self, recipe: Recipe, device: torch.device, steps_an_epoch: int, *, bf16: bool) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.device = device
        self.bf16 = bf16
        # channels_last: what the convolutions of CPUs and of tensor cores are fastest with.
        self.network = LeNet().to(device, memory_format=torch.channels_last)
        self.averaged = AveragedModel(
            self.network,
            avg_fn=exponential_average(0.5 ** (1 / (recipe.ema_half_life * steps_an_epoch))),
            use_buffers=True,
        )
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay, fused=True
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            max_lr=recipe.lr,
            total_steps=recipe.epochs * steps_an_epoch,
            pct_start=recipe.warmup,
            cycle_momentum=False,
        )
        self.augment = Augment(recipe.augmentation, device)
        self.history: list[EpochResult] = []

    @property
    def averaged_network(self) -> LeNet:
        """The exponential moving average of the weights so far: what is evaluated and shipped."""
        return self.averaged.module

    def run(self, digits: Digits, validation: Digits, state_path: Path) -> Iterator[EpochResult]:
        """Train epoch after epoch until the recipe is done, saving the state after each.

        Raises DivergedError as soon as an epoch's loss is not finite; the state of the epoch before stays.
        """
        while len(self.history) < self.recipe.epochs:
            result = self.epoch(digits, validation)
            self.history.append(result)
            self.save_state(state_path)
            yield result

    def epoch(self, digits: Digits, validation: Digits) -> EpochResult:
        """Show every training digit once."""
        started = time.perf_counter()
        number = len(self.history) + 1
        epoch_seed = self.recipe.seed * 100_003 + number
        torch.manual_seed(epoch_seed)  # dropout draws from here
        generator = torch.Generator(self.device).manual_seed(epoch_seed)
        order = torch.randperm(len(digits), generator=generator, device=self.device)
        size = self.recipe.batch_size
        batches = order[: len(order) // size * size].split(size)
        with EpochProgress(number, self.recipe.epochs, len(batches)) as progress:
            for batch in batches:
                labels = digits.labels[batch]
                pictures = self.augment(to_pictures(digits.images[batch]), labels, generator)
                loss, correct = self.step(pictures, labels)
                progress.update(loss, correct)
            train_loss, train_accuracy = progress.means()
        if not torch.isfinite(torch.tensor(train_loss)):
            raise DivergedError(f"The loss is {train_loss} in epoch {number}")
        logits = compute_logits(self.averaged_network, validation.images)
        return EpochResult(
            epoch=number,
            loss=train_loss,
            accuracy=train_accuracy,
            validation_loss=F.cross_entropy(logits, validation.labels).item(),
            validation_accuracy=accuracy(logits, validation.labels),
            seconds=time.perf_counter() - started,
        )

    def step(self, pictures: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One batch forward, backward and into the average; its mean loss and the fraction it got right."""
        self.network.train()
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16):
            logits = self.network(pictures)
        logits = logits.float()
        loss = F.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        self.averaged.update_parameters(self.network)
        return loss.detach(), (logits.detach().argmax(1) == labels).float().mean()

    def save_state(self, path: Path) -> None:
        """Write all that `resume` needs, whole or not at all."""
        state = {
            "recipe": asdict(self.recipe),
            "bf16": self.bf16,
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "history": [asdict(result) for result in self.history],
        }
        # By way of memory: on a full disk torch.save itself raises something that is no OSError.
        buffer = BytesIO()
        torch.save(state, buffer)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, lambda beside: beside.write_bytes(buffer.getvalue()))

    @classmethod
    def resume(cls, state: dict[str, Any], device: torch.device, steps_an_epoch: int) -> "Training":
        """The run that wrote ``state``, ready for its next epoch."""
        training = cls(recipe_of(state), device, steps_an_epoch, bf16=state["bf16"])
        training.network.load_state_dict(state["network"])
        training.averaged.load_state_dict(state["averaged"])
        training.optimizer.load_state_dict(state["optimizer"])
        training.schedule.load_state_dict(state["schedule"])
        training.history = [EpochResult(**result) for result in state["history"]]
        return training


def load_state(path: Path) -> dict[str, Any]:
    """What `Training.save_state` wrote. Raises StateError."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        recipe_of(state)
    except FileNotFoundError:
        raise StateError(f"There is no broken-off run at '{path}' to resume; start one without --resume.") from None
    except Exception as error:  # torch raises a different one for each way a file can be damaged
        raise StateError(f"The broken-off run at '{path}' is damaged; start anew without --resume.") from error
    return state


def recipe_of(state: dict[str, Any]) -> Recipe:
    """The recipe that ``state`` was trained by."""
    settings = dict(state["recipe"])
    augmentation = dict(settings.pop("augmentation"))
    habits = Habits(**augmentation.pop("habits"))
    return Recipe(**settings, augmentation=Augmentation(**augmentation, habits=habits))
