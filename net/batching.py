"""Pictures that wait for the network at the same time go through it together."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

MAX_BATCH = 16  # pictures in a pass; a larger one is slower than its two halves, whose maps fit the processor's caches


class DeadlineError(Exception):
    """The pictures' turn came after their deadline: nobody waits for them any more."""


@dataclass(eq=False)
class Job:
    """One caller's pictures, and their outcome."""

    pictures: Tensor
    deadline: float
    outcome: Tensor | BaseException | None = None


class Batched:
    """A function of pictures that several threads may call at once: the one whose turn it is runs the others' jobs too.

    It needs no thread of its own, so a picture that arrives alone is not delayed.
    """

    def __init__(self, forward: Callable[[Tensor], Tensor], observe: Callable[[int], object] | None = None) -> None:
        """``forward`` takes float [N, 1, 28, 28] and returns float [N, ...]; ``observe`` is told each pass's N."""
        self.forward = forward
        self.observe = observe
        self.waiting: deque[Job] = deque()
        self.turn = threading.Lock()

    def __call__(self, pictures: Tensor, deadline: float = float("inf")) -> Tensor:
        """``forward`` of ``pictures``, float [N, 1, 28, 28].

        Raises DeadlineError if their turn comes after ``deadline``, by time.monotonic(), and whatever ``forward``
        raises.
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
        """The longest-waiting jobs, as many as fit into one pass; those past their deadline get a DeadlineError."""
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
        """Run all ``jobs`` together, in passes of up to `MAX_BATCH` pictures; if one fails, each job gets its error."""
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
        """``forward`` of ``pictures``, float [N, 1, 28, 28], at most `MAX_BATCH` of them."""
        outcome = self.forward(pictures)
        if self.observe:
            self.observe(len(pictures))
        return outcome
