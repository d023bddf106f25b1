"""What happens in the server, counted, in Prometheus' text format.

Several processes count together where the environment names a folder in PROMETHEUS_MULTIPROC_DIR, as `--processes`
sees to; then /metrics of any of them tells of all.
"""

import functools
import logging
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from net.batching import MAX_BATCH
from net.recognizer import Prediction

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SLOT = "DIGITS_SLOT"  # environment variable: which of the processes that count together this is
STARTED = "DIGITS_STARTED"  # likewise: the time, by time.time(), when the first of them was started
STAGE_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)  # seconds
REQUEST_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds
PASS_BUCKETS = (1, 2, 4, 8, MAX_BATCH)  # pictures

log = logging.getLogger("metrics")

if SLOT in os.environ:
    # Whoever takes the slot of one that has died counts on in its files; those named after processes would stay.
    values.ValueClass = values.MultiProcessValue(lambda: os.environ[SLOT])


def harmless(count: Callable[..., None]) -> Callable[..., None]:
    """``count``, but what keeps it from counting, such as a full disk, keeps no answer from anybody."""

    @functools.wraps(count)
    def counted(*what: Any) -> None:
        try:
            count(*what)
        except Exception:
            log.exception("Something could not be counted.")

    return counted


class Metrics:
    """One application's counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.queue_now: Callable[[], int] = lambda: 0
        here = {"registry": self.registry}
        self.requests = Counter("digits_requests", "Requests answered.", ["route", "status"], **here)
        self.seconds = Histogram(
            "digits_request_seconds",
            "From a request's arrival at the application to its answer.",
            ["route"],
            buckets=REQUEST_BUCKETS,
            **here,
        )
        stages = Histogram(
            "digits_stage_seconds",
            "Reading one picture: decode, ink, forward (with the wait for it).",
            ["stage"],
            buckets=STAGE_BUCKETS,
            **here,
        )
        self.decode, self.ink, self.forward = (stages.labels(stage) for stage in ("decode", "ink", "forward"))
        self.passes = Histogram(
            "digits_batch_size",
            "Looks that went through the network in one pass; most pictures need a single look.",
            buckets=PASS_BUCKETS,
            **here,
        )
        self.predictions = Counter("digits_predictions", "Digits read.", ["digit", "certain"], **here)
        self.queue = Gauge(
            "digits_queue_length", "Requests that wait for a thread.", multiprocess_mode="livesum", **here
        )
        self.started = Gauge(
            "digits_start_time_seconds", "When the server started, in Unix time.", multiprocess_mode="min", **here
        )
        self.started.set(float(os.environ.get(STARTED, time.time())))

    def watch_queue(self, length: Callable[[], int]) -> None:
        """Tell ``length()`` as how many requests wait."""
        self.queue_now = length

    @harmless
    def count_request(self, route: str, status: int, seconds: float | None) -> None:
        """One request at ``route``, a rule of the router's or what stands for none, took so many ``seconds``.

        None stands for one that was refused before it reached the application.
        """
        self.queue.set(self.queue_now())
        self.requests.labels(route, str(status)).inc()
        if seconds is not None:
            self.seconds.labels(route).observe(seconds)

    @harmless
    def count_prediction(self, prediction: Prediction) -> None:
        """One picture was read."""
        self.predictions.labels(str(prediction.digit), "true" if prediction.certain else "false").inc()
        self.decode.observe(prediction.stages.decode)
        self.ink.observe(prediction.stages.ink)
        self.forward.observe(prediction.stages.forward)

    @harmless
    def count_pass(self, pictures: int) -> None:
        """So many ``pictures`` went through the network together."""
        self.passes.observe(pictures)

    def text(self, sha256: str) -> bytes:
        """All of it, and which weights are loaded, as Prometheus reads it."""
        self.queue.set(self.queue_now())
        registry = self.registry
        if FOLDER in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        weights = CollectorRegistry()
        weights.register(Weights(sha256))
        return generate_latest(registry) + generate_latest(weights)


class Weights:
    """A collector that tells which weights answer."""

    def __init__(self, sha256: str) -> None:
        self.sha256 = sha256

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The one measurement, always 1, whose label says it."""
        family = GaugeMetricFamily("digits_weights_info", "The SHA-256 of the loaded weights.", labels=["sha256"])
        family.add_metric([self.sha256], 1)
        yield family
