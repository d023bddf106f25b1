"""Properties that must hold for any random request, drawing or picture; for one, that it gets an answer."""

import contextlib
import math
import threading
import time
from collections import defaultdict
from pathlib import Path

import fuzz
import handwriting
import numpy as np
import pytest
import torch
from conftest import as_mnist, encode, png, start_server
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from net import strokes
from net.batching import Batched, DeadlineError, Job
from net.errors import NoDigitError
from net.recognizer import Recognizer
from net.serving import gate

steady = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def test_requests_with_something_wrong_in_them_get_answers_of_the_contract(tmp_path: Path):
    """A short run of tests/fuzz.py, without its check of memory, which needs more requests than these."""
    server = start_server(tmp_path, *fuzz.FLAGS)
    fuzzing = fuzz.Fuzzing(server.port, server.process.pid, server.log, seed=0, folder=tmp_path)
    fuzzing.run(range(250), is_quiet=True)
    assert fuzzing.complaints == []
    assert {"200", "422 unreadable_image", "400 bad_request", "408 timeout"} <= set(fuzzing.counts), "all must occur"
    assert server.stop() == 0


# ---------------------------------------------------------------------------------------------- strokes

numbers = st.one_of(st.integers(), st.floats(), st.sampled_from([5e-324, -5e-324, 1e-308, 1e6, -1e6, 10**400, True]))
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.text()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
nearly_strokes = st.lists(st.lists(st.lists(numbers | json_values, max_size=4), max_size=6), max_size=4)


@settings(steady, max_examples=200)
@given(json_values | nearly_strokes)
@example([[[0, 0], [5e-324, 0]]])
@example([[[0, 0], [1e-320, 3e-310]]])
@example([[[1e6, 1e6], [1e6 - 1e-10, 1e6]]])
def test_any_json_value_is_drawn_or_refused(value: object):
    try:
        parsed = strokes.parse(value)
    except NoDigitError:
        return
    for fewer, _ in strokes.looks(parsed):
        assert_is_of_mnists_kind(strokes.draw(fewer))
    as_mnist(strokes.to_png(parsed))


def assert_is_of_mnists_kind(seen: np.ndarray) -> None:
    assert (seen.dtype, seen.shape, seen.max()) == (np.uint8, (28, 28), 255)


# ---------------------------------------------------------------------------------------------- pictures


@settings(steady, max_examples=300)
@given(st.binary(max_size=300), st.sampled_from(fuzz.good_pictures()), st.randoms(use_true_random=False))
def test_any_bytes_are_read_or_refused(data: bytes, picture: bytes, rng):
    for given_bytes in (data, picture[:40] + data, fuzz.mutated(picture, rng), fuzz.bad_picture(rng)):
        read_or_refused(given_bytes)


def read_or_refused(data: bytes) -> None:
    with contextlib.suppress(NoDigitError):
        assert_is_of_mnists_kind(as_mnist(data))


MODES = {"1": 1, "L": 1, "LA": 2, "P": 1, "RGB": 3, "RGBA": 4, "I;16": 2}
sides = st.one_of(st.integers(1, 12), st.integers(1, 90), st.sampled_from([1, 400, 401, 2000]))


@settings(steady, max_examples=300)
@given(
    st.sampled_from(sorted(MODES)),
    sides,
    sides,
    st.randoms(use_true_random=False),
    st.sampled_from(["noise", "few", "two levels"]),
    st.sampled_from(["PNG", "PNG", "BMP", "WEBP", "GIF", "JPEG"]),
)
def test_any_small_picture_is_read_or_refused(mode: str, width: int, height: int, rng, content: str, image_format: str):
    height = min(height, 200_000 // width)
    size = width * height * MODES[mode]
    pixels = bytearray(rng.randbytes(size) if content == "noise" else bytes([rng.randrange(256)]) * size)
    if content == "few":
        for _ in range(rng.randint(1, 5)):
            pixels[rng.randrange(size)] = rng.randrange(256)
    elif content == "two levels":
        pixels[: rng.randrange(size)] = bytes([rng.randrange(256)]) * rng.randrange(size)
        del pixels[size:]
        pixels += bytes(size - len(pixels))
    if mode == "1":
        image = Image.frombytes("L", (width, height), bytes(pixels)).convert("1")
    else:
        image = Image.frombytes(mode, (width, height), bytes(pixels))
    if image_format != "PNG":
        image = image.convert("RGB")
    read_or_refused(encode(image, image_format))


@settings(steady, max_examples=60)
@given(
    digit=st.integers(0, 9),
    seed=st.integers(0, 10_000),
    pen=st.floats(0.035, 0.08),
    factor=st.integers(2, 5),
    margins=st.tuples(*[st.integers(0, 150)] * 4),
)
def test_colours_scale_and_paper_around_make_nearly_no_difference(
    recognizer: Recognizer, digit: int, seed: int, pen: float, factor: int, margins: tuple[int, int, int, int]
):
    drawing = handwriting.render(handwriting.by_hand(digit, seed), 140, pen).convert("RGB")
    before = recognizer.recognize(png(drawing)).probabilities
    scaled = drawing.resize((140 * factor, 140 * factor), Image.Resampling.NEAREST)
    for changed in (ImageOps.invert(drawing), scaled, ImageOps.expand(drawing, margins, "white")):
        after = recognizer.recognize(png(changed)).probabilities
        assert max(abs(one - other) for one, other in zip(before, after, strict=True)) < 0.1


# ---------------------------------------------------------------------------------------------- limits and passes


class Clock:
    """A clock that only the test advances."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@settings(steady, max_examples=200)
@given(
    st.floats(0.01, 1000),
    st.lists(st.tuples(st.floats(0, 30) | st.just(0.0), st.sampled_from(["10.0.0.1", "10.0.0.2"])), max_size=200),
)
def test_nobody_is_allowed_more_than_the_burst_and_the_rate(rate: float, asked: list[tuple[float, str]]):
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "time", clock)
        limit = gate.RateLimit(rate)
        allowed = defaultdict(list)
        for pause, address in asked:
            clock.now += pause
            if not limit.wait(address):
                allowed[address].append(clock.now)
            else:
                assert allowed[address], "the first must be allowed"
    for times in allowed.values():
        for first in range(len(times)):
            for last in range(first, len(times)):
                assert last - first + 1 <= limit.burst + rate * (times[last] - times[first]) + 1e-6


def test_who_shares_a_pass_that_is_interrupted_is_told_and_does_not_wait_for_ever():
    def forward(_: torch.Tensor) -> torch.Tensor:
        raise KeyboardInterrupt

    batched = Batched(forward)
    other = Job(torch.zeros(1, 1, 28, 28), math.inf)
    batched.waiting.append(other)
    with pytest.raises(KeyboardInterrupt):
        batched(torch.zeros(1, 1, 28, 28))
    assert isinstance(other.outcome, KeyboardInterrupt)


@settings(steady, max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 20), st.sampled_from(["good", "good", "good", "bad", "late"])), max_size=12))
def test_each_caller_gets_its_own_answer_whoever_shares_its_pass(calls: list[tuple[int, str]]):
    passes: list[torch.Tensor] = []

    def forward(pictures: torch.Tensor) -> torch.Tensor:
        passes.append(pictures)
        if (pictures < 0).any():
            raise ArithmeticError
        return pictures[:, 0, 0, :2] * 2

    batched = Batched(forward)
    outcomes: dict[int, object] = {}

    def call(number: int, size: int, kind: str) -> None:
        pictures = torch.zeros(size, 1, 28, 28)
        pictures[:, 0, 0, 0] = -1 if kind == "bad" else number
        pictures[:, 0, 0, 1] = torch.arange(size)
        try:
            outcomes[number] = batched(pictures, -1.0 if kind == "late" else math.inf)
        except (ArithmeticError, DeadlineError) as error:
            outcomes[number] = error

    threads = [threading.Thread(target=call, args=(number, *each)) for number, each in enumerate(calls)]
    with batched.turn:  # until all wait for it
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 60
        while len(batched.waiting) < len(calls) and time.monotonic() < deadline:
            time.sleep(0)
    for thread in threads:
        thread.join()
    for number, (size, kind) in enumerate(calls):
        outcome = outcomes[number]
        if kind == "late":
            assert isinstance(outcome, DeadlineError)
        elif kind == "bad":
            assert isinstance(outcome, ArithmeticError)
        elif isinstance(outcome, ArithmeticError):
            shared = next(one for one in passes if (one[:, 0, 0, 0] == number).any())
            assert (shared < 0).any(), "it may fail only with a bad one"
        else:
            assert outcome.tolist() == [[2.0 * number, 2.0 * each] for each in range(size)]
