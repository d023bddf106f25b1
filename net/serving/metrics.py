"""The server's metrics, in Prometheus' text format.

Several processes share their metrics through the folder that PROMETHEUS_MULTIPROC_DIR names, which `--processes` sets;
/metrics of any of them then reports on all.
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
SLOT = "DIGITS_SLOT"  # environment variable: this process's number among those that share metrics
STARTED = "DIGITS_STARTED"  # likewise: when, by time.time(), the first of them was started
STAGE_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)  # seconds
REQUEST_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds
PASS_BUCKETS = (1, 2, 4, 8, MAX_BATCH)  # looks

log = logging.getLogger("metrics")

if SLOT in os.environ:
    # A process goes on with the files of the dead one whose slot it takes; files named after PIDs would accumulate.
    values.ValueClass = values.MultiProcessValue(lambda: os.environ[SLOT])


def harmless(count: Callable[..., None]) -> Callable[..., None]:
    """``count``, with its exceptions logged: a failure to count, as on a full disk, must not cost a response."""

    @functools.wraps(count)
    def counted(*what: Any) -> None:
        try:
            count(*what)
        except Exception:
            log.exception("Something could not be counted.")

    return counted


class Metrics:
    """The metrics of one application."""

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
        """Report ``length()`` as the number of waiting requests."""
        self.queue_now = length

    @harmless
    def count_request(self, route: str, status: int, seconds: float | None) -> None:
        """Count a request at ``route``, a router rule or "none", that took ``seconds``.

        ``seconds`` is None if it was refused before it reached the application.
        """
        self.queue.set(self.queue_now())
        self.requests.labels(route, str(status)).inc()
        if seconds is not None:
            self.seconds.labels(route).observe(seconds)

    @harmless
    def count_prediction(self, prediction: Prediction) -> None:
        """Count one picture that was read."""
        self.predictions.labels(str(prediction.digit), "true" if prediction.certain else "false").inc()
        self.decode.observe(prediction.stages.decode)
        self.ink.observe(prediction.stages.ink)
        self.forward.observe(prediction.stages.forward)

    @harmless
    def count_pass(self, looks: int) -> None:
        """Count a pass of so many ``looks`` through the network."""
        self.passes.observe(looks)

    def text(self, sha256: str) -> bytes:
        """All metrics, and which weights are loaded, in Prometheus' text format."""
        self.queue.set(self.queue_now())
        registry = self.registry
        if FOLDER in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        weights = CollectorRegistry()
        weights.register(Weights(sha256))
        return generate_latest(registry) + generate_latest(weights)


class Weights:
    """A collector that reports which weights are loaded."""

    def __init__(self, sha256: str) -> None:
        self.sha256 = sha256

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The one metric, always 1, whose label is the weights' SHA-256."""
        family = GaugeMetricFamily("digits_weights_info", "The SHA-256 of the loaded weights.", labels=["sha256"])
        family.add_metric([self.sha256], 1)
        yield family
