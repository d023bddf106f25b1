"""Several processes that train one network together, as torchrun starts them; each is called a rank.

Every rank holds the whole network and sees its own share of each batch. Gradients are averaged by
DistributedDataParallel, and batch normalisation takes its statistics over the shares of all ranks, so that
N ranks do what one would do with the same batch.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from train.devices import DeviceError

BY_TORCHRUN = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE")  # what it tells each process
MOST_RANKS = 1024  # as each draws from a seed of its own


@dataclass(frozen=True)
class Ranks:
    """Which of ``count`` processes this is. One process alone is rank 0 of 1, and the methods then change nothing."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this rank is the one that prints and writes."""
        return self.rank == 0

    def share_of(self, batch: Tensor) -> Tensor:
        """This rank's part of ``batch`` [N, ...]; N must be a multiple of ``count``."""
        return batch.chunk(self.count)[self.rank]

    def number_of(self, of_all: int) -> int:
        """This rank's share of the number ``of_all``; all ranks' shares add up to it."""
        return of_all * (self.rank + 1) // self.count - of_all * self.rank // self.count

    def joined(self, network: nn.Module, device: torch.device) -> nn.Module:
        """``network``, on ``device`` and made by `synchronized`, with its gradients averaged over all ranks."""
        if self.count == 1:
            return network
        device_ids = [device.index] if device.type == "cuda" else None
        with warnings.catch_warnings():
            # The argument has a new name, which older PyTorch does not know.
            warnings.filterwarnings("ignore", ".*broadcast_buffers", FutureWarning)
            # The statistics of batch normalisation are the same on all ranks anyway.
            return DistributedDataParallel(network, device_ids=device_ids, broadcast_buffers=False)

    def synchronized(self, network: nn.Module) -> nn.Module:
        """``network`` itself, with its batch normalisation replaced by one over all ranks."""
        if self.count == 1:
            return network
        for parent in list(network.modules()):
            for name, child in parent.named_children():
                if isinstance(child, nn.BatchNorm2d):
                    synchronized = SynchronizedBatchNorm2d(child.num_features)
                    synchronized.load_state_dict(child.state_dict())
                    setattr(parent, name, synchronized)
        return network

    def mean(self, value: Tensor) -> Tensor:
        """The mean of ``value`` over all ranks."""
        if self.count == 1:
            return value
        total = value.clone()
        dist.all_reduce(total)
        return total / self.count

    def agree(self, choice: Any) -> Any:
        """What rank 0 chose, so that ranks which measured differently still do the same."""
        if self.count == 1:
            return choice
        choices = [choice]
        dist.broadcast_object_list(choices)
        return choices[0]

    @contextmanager
    def one_before_others(self) -> Iterator[None]:
        """Let the first rank alone do what is inside, then the others."""
        if self.count > 1 and not self.is_first:
            dist.barrier()
        yield
        if self.count > 1 and self.is_first:
            dist.barrier()

    def leave(self) -> None:
        """Tell the others that this rank is done."""
        if self.count > 1 and dist.is_initialized():
            dist.destroy_process_group()


def join(kind: str) -> tuple[Ranks, int]:
    """This process's rank among those that torchrun started on devices of ``kind``, and its device's number here.

    Rank 0 of 1 if torchrun started nothing. Raises DeviceError, on every rank of a machine alike, if they cannot train
    together, for example with too few devices.
    """
    if is_alone():
        return Ranks(), 0
    try:
        count, _, local_rank, local_count = (int(os.environ[name]) for name in BY_TORCHRUN)
    except (KeyError, ValueError):
        raise DeviceError(
            f"{', '.join(BY_TORCHRUN)} must all be set to numbers; start the processes with torchrun."
        ) from None
    if kind == "cuda":
        if local_count > torch.cuda.device_count():
            raise DeviceError(
                f"There are {torch.cuda.device_count()} GPUs for the {local_count} processes; start fewer, "
                "or add --device cpu."
            )
        torch.cuda.set_device(local_rank)
        meet("nccl", device_id=torch.device("cuda", local_rank))
    elif kind == "cpu":
        # torchrun allows each process one thread, whatever the machine has.
        torch.set_num_threads(max(1, usable_cores() // local_count))
        meet("gloo")
    else:
        raise DeviceError(f"Several processes cannot train together on {kind}; add --device cpu.")
    return Ranks(dist.get_rank(), count), local_rank


def is_first_here() -> bool:
    """Whether this process is alone, or the first of those that torchrun started on this machine."""
    return is_alone() or os.environ.get("LOCAL_RANK", "0") == "0"


def is_alone() -> bool:
    """Whether torchrun started no other process with this one."""
    return os.environ.get("WORLD_SIZE", "1") == "1"


def usable_cores() -> int:
    """How many cores this process may use: a cluster gives each job its own."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def meet(backend: str, **options: Any) -> None:
    """Connect this process to the others, and wait for them.

    Raises DeviceError if it is not told where they are, or they are not there, or their port is another program's.
    """
    try:
        dist.init_process_group(backend, **options)
    except (ValueError, dist.DistError) as error:
        why = str(error).partition("\n")[0].rstrip(".")
        raise DeviceError(f"The processes cannot find one another ({why}); start them with torchrun.") from error


def is_broken_connection(error: RuntimeError) -> bool:
    """Whether ``error`` only says that another rank is gone."""
    return isinstance(error, dist.DistError) or "gloo" in str(error)


class SynchronizedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation over the shares of all ranks, on any device; PyTorch's own needs a GPU, and waits for it.

    Source: S. Ioffe and C. Szegedy, "Batch normalization", ICML 2015, algorithm 1.
    """

    def forward(self, maps: Tensor) -> Tensor:
        """``maps``, float [N, C, H, W], normalised; N must be the same on every rank."""
        if not self.training:
            return super().forward(maps)
        values = maps.to(self.running_mean.dtype)  # bfloat16 is too coarse to sum in
        count = values[:, 0].numel() * dist.get_world_size()
        mean = SumOverRanks.apply(values.sum((0, 2, 3))) / count
        centred = values - mean.view(1, -1, 1, 1)
        variance = SumOverRanks.apply(centred.square().sum((0, 2, 3))) / count
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)).to(maps.dtype)


class SumOverRanks(torch.autograd.Function):
    """The sum of a tensor over all ranks. As each rank's loss depends on it, its gradient is a sum too."""

    @staticmethod
    def forward(_context: object, tensor: Tensor) -> Tensor:
        total = tensor.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_context: object, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        dist.all_reduce(total)
        return total
