"""Whether bf16 pays, found by measuring: it halves the time of a step on processors that have it and
multiplies it on those that emulate it."""

import time

import torch
import torch.nn.functional as F

from net.lenet import LeNet

WORTH_IT = 1.15  # times faster, to be worth eight bits of mantissa
BATCH = 128  # pictures
STEPS = 4


def bf16_pays(device: torch.device) -> bool:
    """Whether a training step with bf16 autocast is clearly faster than one without, on ``device``."""
    network = LeNet().to(device, memory_format=torch.channels_last)
    pictures = torch.rand(BATCH, 1, 28, 28, device=device)
    labels = torch.arange(BATCH, device=device) % 10

    def seconds(*, bf16: bool) -> float:
        fastest = float("inf")
        for _ in range(STEPS):
            started = time.perf_counter()
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16):
                logits = network(pictures)
            F.cross_entropy(logits.float(), labels).backward()
            synchronize(device)
            fastest = min(fastest, time.perf_counter() - started)
        return fastest

    return seconds(bf16=False) > WORTH_IT * seconds(bf16=True)


def synchronize(device: torch.device) -> None:
    """Wait until ``device`` has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
