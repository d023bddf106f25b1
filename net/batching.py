"""Pictures that wait for the network at the same time go through it together."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

MAX_BATCH = 16  # pictures in a pass; a larger one costs more than two halves, whose maps stay in the processor's caches


class DeadlineError(Exception):
    """The picture's turn came too late for anybody to be waiting still."""


@dataclass(eq=False)
class Job:
    """Pictures of one caller, and what became of them."""

    pictures: Tensor
    deadline: float
    outcome: Tensor | BaseException | None = None


class Batched:
    """A function of pictures that several threads may call at once: whoever's turn it is takes the others' along.

    No thread of its own is needed, so that a picture that comes alone is not held up.
    """

    def __init__(self, forward: Callable[[Tensor], Tensor], observe: Callable[[int], object] | None = None) -> None:
        """``forward`` takes float [N, 1, 28, 28] and returns float [N, ...]; ``observe`` is told each pass's N."""
        self.forward = forward
        self.observe = observe
        self.waiting: deque[Job] = deque()
        self.turn = threading.Lock()

    def __call__(self, pictures: Tensor, deadline: float = float("inf")) -> Tensor:
        """What ``forward`` makes of ``pictures``, float [N, 1, 28, 28], unless time.monotonic() is past ``deadline``.

        Raises DeadlineError, and whatever ``forward`` raises.
        """
        job = Job(pictures, deadline)
        self.waiting.append(job)
        with self.turn:
            while job.outcome is None:
                self.run(self.next_jobs())
        if isinstance(job.outcome, BaseException):
            raise job.outcome
        return job.outcome

    def next_jobs(self) -> list[Job]:
        """Those longest waiting, as many as go into one pass; what is past its deadline is dropped."""
        jobs: list[Job] = []
        count = 0
        while self.waiting and (not jobs or count + len(self.waiting[0].pictures) <= MAX_BATCH):
            job = self.waiting.popleft()
            if time.monotonic() > job.deadline:
                job.outcome = DeadlineError()
                continue
            jobs.append(job)
            count += len(job.pictures)
        return jobs

    def run(self, jobs: list[Job]) -> None:
        """All ``jobs`` together, in passes of at most `MAX_BATCH` pictures; where one fails, it has failed for each."""
        if not jobs:
            return
        try:
            together = torch.cat([job.pictures for job in jobs])
            outcomes = torch.cat([self.forward_pass(some) for some in together.split(MAX_BATCH)])
            outcomes = outcomes.split([len(job.pictures) for job in jobs])
        except BaseException as error:  # else the others would wait for ever
            for job in jobs:
                job.outcome = error
            return
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.outcome = outcome

    def forward_pass(self, pictures: Tensor) -> Tensor:
        """What ``forward`` makes of ``pictures``, float [N, 1, 28, 28], of which there are at most `MAX_BATCH`."""
        outcome = self.forward(pictures)
        if self.observe:
            self.observe(len(pictures))
        return outcome
