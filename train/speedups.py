"""Ways to make a training step faster on some devices, and slower on others, chosen by measuring.

python -m train.speedups          # a table of every combination on the fastest device that there is
"""

import argparse
import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import product
from types import MappingProxyType

from train import interrupts

if __name__ == "__main__":
    interrupts.quiet_while_importing()

import torch
import torch.nn.functional as F
from torch import nn

from net.lenet import LeNet
from train.commands import UsageError, exit_status_of
from train.devices import DEVICE_HELP, DEVICES, choose_device, synchronize
from train.recipe import Recipe

WORTH_IT = 1.15  # times faster, to be used: less could be noise
LEAST_TO_COMPILE = 60.0  # seconds of uncompiled steps; to try compiling takes some tens
STEPS = 5  # timed after the first, at most
LARGEST_ON_CPU = 256  # pictures in a step timed on a CPU, which gains nothing by more
ENOUGH = 0.5  # seconds of timed steps; one that takes so long is enough


class SpeedupError(UsageError):
    """A speedup that was asked for does not work here; the message says which in one sentence."""


def speedup(meaning: str) -> bool:
    """A field of `Speedups`, off by default, with its help text for the command line."""
    return field(default=False, metadata={"help": meaning})


@dataclass(frozen=True)
class Speedups:
    """Ways to compute the same step; the bits of the weights depend on them."""

    channels_last: bool = speedup("keep the maps of a pixel side by side in memory, which suits convolutions")
    bf16: bool = speedup("autocast to bfloat16: half the bytes, native on newer processors, emulated on older ones")
    compile: bool = speedup(
        "torch.compile: fewer, longer kernels, after some seconds of compiling; except on CUDA, only on request"
    )

    def __str__(self) -> str:
        return " ".join(field.name for field in fields(self) if getattr(self, field.name)) or "none"

    @property
    def memory_format(self) -> torch.memory_format:
        """The layout of weights and pictures."""
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def forward_of(self, network: nn.Module) -> nn.Module:
        """``network``, compiled if it is to be."""
        return torch.compile(network) if self.compile else network


def choose_speedups(
    device: torch.device,
    recipe: Recipe,
    steps: int,
    wanted: Mapping[str, bool | None] = MappingProxyType({}),
    *,
    alone: bool = True,
) -> Speedups:
    """The ``wanted`` speedups, by name, plus those left open there that pay off on ``device``.

    They are timed on steps of ``recipe``, of which there are to be so many ``steps``. Unless wanted, torch.compile is
    tried only on CUDA, if the run is so long that trying can pay off, and if this process is ``alone``, as else what is
    tried would not be what runs. Nor is channels_last tried on MPS, where many versions of PyTorch cannot train batch
    normalisation in that layout, or get its gradients wrong (pytorch/pytorch, issue 175189).
    """
    if device.type == "cpu":
        recipe = replace(recipe, batch_size=min(recipe.batch_size, LARGEST_ON_CPU))

    def time_of(speedups: Speedups) -> float:
        return time_step(device, speedups, recipe).best

    chosen = Speedups(**{name: bool(on) for name, on in wanted.items()})
    for name in ("bf16",) if device.type == "mps" else ("channels_last", "bf16"):
        tried = replace(chosen, **{name: True})
        if wanted.get(name) is None and time_of(chosen) > WORTH_IT * time_of(tried):
            chosen = tried
    if wanted.get("compile") is None and device.type == "cuda" and alone:
        plain, tried = time_of(chosen), replace(chosen, compile=True)
        if plain * steps > LEAST_TO_COMPILE and plain > WORTH_IT * time_of(tried):
            chosen = tried
    return chosen


def require(device: torch.device, speedups: Speedups, recipe: Recipe) -> None:
    """Raise SpeedupError if ``speedups`` include compiling and ``device`` cannot."""
    if speedups.compile and math.isinf(time_step(device, speedups, recipe).best):
        raise SpeedupError(
            "torch.compile does not work on this machine (on the CPU it needs a C++ compiler); train with --no-compile."
        )


@dataclass(frozen=True)
class StepTime:
    """Seconds that training steps take; infinite if this machine cannot run them."""

    first: float  # the first of all, including compilation
    best: float  # the shortest of those after it


def time_step(device: torch.device, speedups: Speedups, recipe: Recipe) -> StepTime:
    """How long a step of ``recipe`` takes on ``device`` with ``speedups``.

    It computes the same as `train.training.Training`, which then need not be compiled again.
    """
    batch_size = recipe.batch_size
    network = LeNet(recipe.dropout, recipe.thinner).to(device, memory_format=speedups.memory_format)
    forward = speedups.forward_of(network)
    pictures = torch.rand(batch_size, 1, 28, 28, device=device).contiguous(memory_format=speedups.memory_format)
    labels = torch.arange(batch_size, device=device) % 10
    seconds = []
    for _ in range(1 + STEPS):
        started = time.perf_counter()
        try:
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=speedups.bf16):
                logits = forward(pictures, open_set=True)
            F.cross_entropy(logits.float(), labels).backward()
        except Exception:
            # Without the C++ compiler that it needs, torch.compile raises whatever its many layers raise. And an
            # accelerator may lack an operation in bfloat16 or in another layout.
            if speedups == Speedups():
                raise
            return StepTime(math.inf, math.inf)
        synchronize(device)
        seconds.append(time.perf_counter() - started)
        if sum(seconds[1:]) > ENOUGH:
            break
    return StepTime(seconds[0], min(seconds[1:]))


def main() -> None:
    """Print how long a step takes with each combination. Raises DeviceError."""
    parser = argparse.ArgumentParser(
        prog="python -m train.speedups", allow_abbrev=False, description="Time a training step."
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help=DEVICE_HELP)
    parser.add_argument("--no-compile", action="store_true", help="leave out torch.compile, which takes a while")
    options = parser.parse_args()
    device = choose_device(options.device)
    recipe = Recipe()
    print(f"for steps of {recipe.batch_size} pictures on {device}: milliseconds of the fastest, seconds of the first")
    compilations = (False,) if options.no_compile else (False, True)
    for compiled, bf16, channels_last in product(compilations, (False, True), (False, True)):
        speedups = Speedups(channels_last=channels_last, bf16=bf16, compile=compiled)
        taken = time_step(device, speedups, recipe)
        print(f"{taken.best * 1000:8.1f}  {taken.first:6.1f}  {speedups}", flush=True)


if __name__ == "__main__":
    interrupts.heed_again()
    sys.exit(exit_status_of(main))
