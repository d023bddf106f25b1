"""The device that trains."""

import platform
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch

from train.commands import UsageError

DEVICES = ("auto", "cpu", "cuda", "mps")  # as they are called on the command line
DEVICE_HELP = "auto picks CUDA, else MPS, else the CPU (default: auto)"


class DeviceError(UsageError):
    """The device that was asked for is not there; the message says so in one sentence."""


def choose_device(name: str, number: int = 0) -> torch.device:
    """The device called ``name``; of several GPUs, the one with that ``number``.

    For ``auto`` that is CUDA, else MPS, else the CPU. Raises DeviceError.
    """
    available: dict[str, Callable[[], bool]] = {
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
        "cpu": lambda: True,
    }
    if name == "auto":
        name = next(kind for kind, is_available in available.items() if is_available())
    if not available[name]():
        raise DeviceError(
            f"There is no {name.upper()} device that this PyTorch ({torch.__version__}) can use; "
            "train on the CPU with --device cpu."
        )
    return torch.device(name, number) if name == "cuda" else torch.device(name)


def device_name(device: torch.device) -> str:
    """The name of ``device`` in a card."""
    return f"cuda ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else device.type


def processor_name() -> str:
    """The CPU's model name: the libraries under PyTorch pick their instructions by the model, each in its own way."""
    with suppress(OSError):
        told = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if told:
            return told[1]
    return platform.processor() or platform.machine()


def synchronize(device: torch.device) -> None:
    """Wait until ``device`` has finished all queued work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
