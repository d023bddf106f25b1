"""The training loop: whole tensors on the device, one `step` per batch, one state on disk per epoch."""

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from net.checkpoint import replace_file, serialized
from net.lenet import NONE, LeNet, to_pictures
from train.allographs import Allographs
from train.augment import Augment
from train.averaging import ExponentialAverage
from train.commands import CommandError
from train.devices import device_name, processor_name
from train.metrics import accuracy, compute_logits, fraction_right
from train.mnist import Digits
from train.outliers import Outliers
from train.progress import EpochProgress
from train.ranks import MOST_RANKS, Ranks
from train.recipe import Augmentation, Habits, Recipe
from train.speedups import Speedups

RISE = 25  # times the learning rate grows from the first step to the top
STATE_HOLDS = {"recipe", "speedups", "digits", "network", "averaged", "optimizer", "schedule", "history",
               "resumed_elsewhere"}  # fmt: skip
OTHER_VERSION = "The interrupted run is from another version of this program; start over without --resume."
NOVELTY_WEIGHT = 0.2  # of the loss on "a digit or none"; that on "which digit" has 1


class DivergedError(CommandError):
    """The loss is no longer a number."""


class StateError(CommandError):
    """There is no training state to go on from, or it is damaged, or another version's."""


@dataclass
class EpochResult:
    """The results of one epoch: means over its training batches, and the averaged weights' on validation."""

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


class Training:
    """A run of ``recipe`` on ``device``: everything that changes from step to step, and how it changes.

    Each epoch's random numbers depend on the seed and its own number alone, so a run that is interrupted, and resumed
    from the last whole epoch, ends with the weights of one that never stopped: on the CPU, if its `surroundings` are
    unchanged. `resumed_elsewhere` tells whether these ever changed.
    """

    def __init__(
        self,
        recipe: Recipe,
        device: torch.device,
        digit_count: int,
        speedups: Speedups,
        ranks: Ranks = Ranks(),  # noqa: B008 - frozen
    ) -> None:
        """``digit_count``: how many digits it will be shown."""
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.device = device
        self.digit_count = digit_count
        self.speedups = speedups
        self.ranks = ranks
        self.network = ranks.synchronized(LeNet(recipe.dropout, recipe.thinner))
        self.network.to(device, memory_format=speedups.memory_format)
        self.forward = speedups.forward_of(ranks.joined(self.network, device))
        self.averaged = ExponentialAverage(self.network, recipe.ema_half_life * recipe.steps_an_epoch(digit_count))
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay, fused=True
        )
        self.schedule = learning_rate_schedule(self.optimizer, recipe, recipe.steps(digit_count))
        self.draw_allographs = Allographs(device)
        self.draw_outliers = Outliers(device)
        self.augment = Augment(recipe.augmentation, device, ranks)
        self.history: list[EpochResult] = []
        self.epochs_saved = 0
        self.resumed_elsewhere = False

    @property
    def surroundings(self) -> dict[str, Any]:
        """What the bits of the weights depend on besides recipe and speedups."""
        return {
            "torch": str(torch.__version__),  # its own type is refused where only weights are loaded
            "device": device_name(self.device),
            "processor": processor_name(),
            "cpu_capability": torch.backends.cpu.get_cpu_capability(),  # the instructions that PyTorch picked
            "processes": self.ranks.count,
            "threads": torch.get_num_threads(),
        }

    @property
    def averaged_network(self) -> LeNet:
        """The exponential moving average of the weights so far: what is evaluated and, in full width, shipped."""
        return self.averaged.network

    def run(self, digits: Digits, validation: Digits, state_path: Path | None = None) -> Iterator[EpochResult]:
        """Train until the recipe is done; yield the result of each epoch, after saving the state.

        The state is also saved before the first epoch, so that a full disk is noticed at once, unless another run's
        state is there, which is worth more. Raises DivergedError once a loss is not finite, at the latest at the
        epoch's end; the state of the epoch before stays.
        """
        is_first_state = state_path is not None and self.ranks.is_first and not state_path.exists()
        try:
            if is_first_state:
                for _ in range(2):  # twice: each later one is written beside the one before, and needs room for both
                    self.save_state(state_path)
            while len(self.history) < self.recipe.epochs:
                result = self.epoch(digits, validation)
                self.history.append(result)
                self.save_state(state_path)
                yield result
        finally:
            if is_first_state and not self.epochs_saved:  # there is nothing in it to resume
                state_path.unlink(missing_ok=True)

    def epoch(self, digits: Digits, validation: Digits) -> EpochResult:
        """Train on the digits once, except those that fill no whole batch, then evaluate on the validation digits."""
        started = time.perf_counter()
        number = len(self.history) + 1
        steps = self.recipe.steps_an_epoch(len(digits))
        with EpochProgress(number, self.recipe.epochs, steps, visible=self.ranks.is_first) as progress:
            for loss, correct in self.steps(digits, number):
                progress.update(loss, correct)
                if self.ranks.count == 1 and not math.isfinite(progress.loss):  # several ranks have to stop together
                    raise DivergedError(f"The loss is {progress.loss} in epoch {number}")
            train_loss, train_accuracy = self.ranks.mean(progress.means()).tolist()
        logits = compute_logits(self.averaged_network, validation.images)
        validation_loss = F.cross_entropy(logits[:, :NONE], validation.labels).item()
        for loss in (train_loss, validation_loss):  # only the second shows what the last step did
            if not math.isfinite(loss):
                raise DivergedError(f"The loss is {loss} in epoch {number}")
        return EpochResult(
            epoch=number,
            loss=train_loss,
            accuracy=train_accuracy,
            validation_loss=validation_loss,
            validation_accuracy=accuracy(logits, validation.labels),
            seconds=time.perf_counter() - started,
        )

    def steps(self, digits: Digits, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Train on ``digits`` once, with new allographs and outliers, in whole batches; yield what `step` returns.

        Digits that fill no whole batch are left out, others each time.
        """
        generator = self.generator_of(epoch)
        shown = self.with_allographs(digits, generator)
        shown += self.draw_outliers(digits, self.recipe.outliers_among(len(digits)), generator)
        order = torch.randperm(len(shown), generator=generator, device=self.device)  # the same on every rank
        rank_seed = generator.initial_seed() * MOST_RANKS + self.ranks.rank
        torch.manual_seed(rank_seed)  # dropout draws from here
        generator.manual_seed(rank_seed)
        size = self.recipe.batch_size
        for batch in order[: len(order) // size * size].split(size):
            share = self.ranks.share_of(batch)
            labels = shown.labels[share]
            pictures = self.augment(to_pictures(shown.images[share]), labels, generator)
            yield self.step(pictures, labels, self.digits_a_share(shown.labels[batch]))

    def with_allographs(self, digits: Digits, generator: torch.Generator) -> Digits:
        """``digits``, plus as many allographs as the recipe wants among them."""
        return digits + self.draw_allographs(self.recipe.allographs_among(len(digits)), generator)

    def digits_a_share(self, labels: Tensor) -> Tensor | None:
        """The mean number of digits per share of a batch with ``labels`` [N]; None if it is not shared.

        Dividing by it weights a batch's digits alike, though shares may differ in outliers. A batch without digits
        counts as one with a single digit, to avoid a division by zero.
        """
        return None if self.ranks.count == 1 else (labels != NONE).sum().clamp(min=1) / self.ranks.count

    def generator_of(self, epoch: int) -> torch.Generator:
        """A generator of random numbers that depend only on the run's seed and ``epoch``."""
        return torch.Generator(self.device).manual_seed(self.recipe.seed * 100_003 + epoch)

    def step(self, pictures: Tensor, labels: Tensor, digits_a_share: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Train on this rank's share of a batch, and update the average.

        ``digits_a_share``, float [], is how many digits the batch's shares hold on average, if there are several.
        Returns the loss, whose mean over the ranks is the batch's, and the fraction of the share that was got right.
        """
        self.network.train()
        pictures = pictures.contiguous(memory_format=self.speedups.memory_format)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.speedups.bf16):
            logits = self.forward(pictures, open_set=True)
        logits = logits.float()
        loss = open_set_loss(logits, labels, self.recipe.label_smoothing, digits_a_share)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        self.averaged.update()
        return loss.detach(), fraction_right(logits.detach(), labels)

    def save_state(self, path: Path | None) -> None:
        """Write all that `resume` needs, whole or not at all, if a ``path`` is given and this rank writes."""
        if path is None or not self.ranks.is_first:
            return
        state = {
            "recipe": asdict(self.recipe),
            "speedups": asdict(self.speedups),
            "digits": self.digit_count,
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "history": [asdict(result) for result in self.history],
            "surroundings": self.surroundings,
            "resumed_elsewhere": self.resumed_elsewhere,
        }
        if not self.history:  # as large as it will be with AdamW's two moments
            state["room"] = [torch.zeros_like(each) for each in self.network.parameters() for _ in range(2)]
        data = serialized(state)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, lambda beside: beside.write_bytes(data))
        self.epochs_saved = len(self.history)

    @classmethod
    def resume(cls, state: dict[str, Any], device: torch.device, digit_count: int, ranks: Ranks) -> "Training":
        """The run that wrote ``state``, ready for its next epoch.

        Raises StateError where it was begun on another number of digits, or by another version of this program.
        """
        if state["digits"] != digit_count:
            raise StateError("The interrupted run had another number of digits; name the same ones with --data.")
        training = cls(recipe_of(state), device, digit_count, Speedups(**state["speedups"]), ranks)
        try:
            training.network.load_state_dict(state["network"])
            training.averaged.load_state_dict(state["averaged"])
            training.optimizer.load_state_dict(state["optimizer"])
            training.schedule.load_state_dict(state["schedule"])
            training.history = [EpochResult(**result) for result in state["history"]]
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, TypeError, KeyError, ValueError, AttributeError) as error:
            raise StateError(OTHER_VERSION) from error
        training.epochs_saved = len(training.history)
        is_elsewhere = state.get("surroundings") != training.surroundings
        training.resumed_elsewhere = is_elsewhere or state["resumed_elsewhere"]
        return training


def open_set_loss(logits: Tensor, labels: Tensor, label_smoothing: float, digit_count: Tensor | None) -> Tensor:
    """The mean cross-entropy of the digits, plus the weighted one of telling them from what is none: float [].

    ``logits``, float [N, 11], are those of `LeNet` with ``open_set``, ``labels`` [N] are 0 to 9 or `NONE`. If given,
    ``digit_count``, float [], is what the digits' sum is divided by in place of their number. A single loss over eleven
    classes would take digits that are written in an unusual way for none.
    """
    is_none = labels == NONE
    of_digits = F.cross_entropy(
        logits[:, :NONE],
        labels.masked_fill(is_none, -1),
        ignore_index=-1,
        label_smoothing=label_smoothing,
        reduction="mean" if digit_count is None else "sum",
    )
    if digit_count is not None:
        of_digits = of_digits / digit_count
    of_digits = torch.where(is_none.all(), 0.0, of_digits)  # the mean over no digits is NaN
    return of_digits + NOVELTY_WEIGHT * F.binary_cross_entropy_with_logits(logits[:, NONE], is_none.float())


def learning_rate_schedule(
    optimizer: torch.optim.Optimizer, recipe: Recipe, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """The schedule of the learning rate over ``steps``.

    Source of the one cycle: L. Smith and N. Topin, "Super-convergence: very fast training of neural
    networks using large learning rates", 2017, arXiv:1708.07120.
    """
    if not recipe.one_cycle:
        return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1)
    steps = max(steps, 4)  # a run so short has no room for a cycle
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=recipe.lr,
        total_steps=steps,
        pct_start=max(recipe.warmup, 2 / steps),
        cycle_momentum=False,
        div_factor=RISE,
        final_div_factor=1 / (RISE * recipe.last_lr),
    )


def load_state(path: Path) -> dict[str, Any]:
    """What `Training.save_state` wrote. Raises StateError."""
    try:
        state = torch.load(BytesIO(path.read_bytes()), map_location="cpu", weights_only=True)
        if not state.keys() >= STATE_HOLDS:
            raise KeyError(*STATE_HOLDS - state.keys())
    except FileNotFoundError:
        raise StateError(f"There is no interrupted run at '{path}' to resume; start one without --resume.") from None
    except OSError as error:
        raise StateError(f"The interrupted run at '{path}' could not be read ({error.strerror}).") from error
    except Exception as error:  # torch raises a different one for each way a file can be damaged
        raise StateError(f"The interrupted run at '{path}' is damaged; start over without --resume.") from error
    if not has_known_settings(state):
        raise StateError(OTHER_VERSION)
    return state


def has_known_settings(state: dict[str, Any]) -> bool:
    """Whether the recipe and the speedups in ``state`` have all the fields that they have here, and no others."""
    try:
        known = asdict(recipe_of(state)), asdict(Speedups(**state["speedups"]))
    except (TypeError, KeyError, ValueError):
        return False
    return known == (state["recipe"], state["speedups"])  # a field that is missing there has its default here


def recipe_of(state: dict[str, Any]) -> Recipe:
    """The recipe that ``state`` was trained by."""
    settings = dict(state["recipe"])
    augmentation = dict(settings.pop("augmentation"))
    habits = Habits(**augmentation.pop("habits"))
    return Recipe(**settings, augmentation=Augmentation(**augmentation, habits=habits))
