"""Shared fixtures and helpers: a small generated MNIST, running servers, a browser, and skips."""

import io
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from torch import get_num_threads, set_num_threads

HOME = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HOME), str(HOME / "tests")]

import handwriting  # noqa: E402

from net.arrays import UInt8Array  # noqa: E402
from net.decoding import MAX_PIXELS  # noqa: E402
from net.recognizer import Recognizer, prepare  # noqa: E402

if TYPE_CHECKING:  # the other tests run without Playwright
    from playwright.sync_api import Browser, Page

set_num_threads(1)  # as a server does that is made in this process: so a file alone computes as among all the others
LINE_TIMEOUT = 60  # seconds
LONGEST_RUN = 1800  # seconds, after which a command has failed; fine-tuning takes a few minutes on a busy machine


def png(image: Image.Image) -> bytes:
    """``image`` as the bytes of a PNG file."""
    return encode(image, "PNG")


def encode(image: Image.Image, image_format: str, **options) -> bytes:
    """``image`` as the bytes of a file in ``image_format``."""
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def as_mnist(data: bytes, max_pixels: int = MAX_PIXELS) -> UInt8Array:
    """A picture file, prepared as MNIST prepared its digits: uint8 [28, 28], 0 for paper to 255 for ink.

    If it seems to show more than a digit, this is the look at what stands alone: of two, nearly always the right one.
    """
    return [look.pixels for look in prepare(data, max_pixels).looks if not look.is_last_resort][-1]


def a_four(**how) -> Image.Image:
    """A handwritten 4; ``how`` is passed to `handwriting.render`."""
    return handwriting.render(handwriting.by_hand(4, seed=3), **how)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """The difference of two 28 x 28 pictures, relative to the ink of ``one``, at the best shift by at most a pixel.

    MNIST's digits were shifted by whole pixels, so half a pixel's difference may become a whole one.
    """
    one, other = one.astype(float), other.astype(float)
    moved = [np.roll(other, (down, right), axis=(0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return round(min(np.abs(one - each).sum() for each in moved) / one.sum(), 4)


@pytest.fixture(scope="session")
def four() -> np.ndarray:
    """`a_four`, prepared as MNIST's digits were."""
    return as_mnist(png(a_four()))


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run Python in the repository, as a user would."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=HOME,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_RUN,
    )


def run_here(main: Callable[[], int], *arguments: str) -> subprocess.CompletedProcess:
    """Run a command's ``main`` in this process, which has imported PyTorch already; a new one takes seconds to do so.

    A warning, which a new process would print, is an error. Signals and PyTorch's threads are left as they were.
    """
    out, err, interrupted, threads = io.StringIO(), io.StringIO(), signal.getsignal(signal.SIGINT), get_num_threads()
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(action="error", category=UserWarning):
        patch.setattr(sys, "argv", ["", *arguments])
        try:
            with redirect_stdout(out), redirect_stderr(err):
                status = main()
        except SystemExit as ended:
            status = ended.code
        finally:
            signal.signal(signal.SIGINT, interrupted)
            set_num_threads(threads)
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def mnist_root() -> Path:
    """The real MNIST's root folder."""
    root = os.environ.get("MNIST_ROOT")
    if not root or not (Path(root) / "MNIST" / "raw").is_dir():
        pytest.skip("needs the real MNIST: set MNIST_ROOT to the folder that `python -m train` downloaded it to (data)")
    return Path(root)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium."""
    found = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    if not any(found):
        pytest.skip("needs Chromium on the PATH: apt-get install chromium, or your system's package of it")
    return next(path for path in found if path)


@pytest.fixture(scope="session")
def small_mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 training and 100 test digits; see `write_mnist`."""
    root = tmp_path_factory.mktemp("small-mnist")
    write_mnist(root, training=600, test=100)
    return root


def write_mnist(root: Path, training: int, test: int) -> None:
    """Make ``root`` a torchvision root with so many generated digits, in MNIST's file format."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, count, first_seed in (("train", training, 100), ("t10k", test, 900)):
        labels = np.arange(count, dtype=np.uint8) % 10
        images = np.stack(
            [
                as_mnist(png(handwriting.render(handwriting.by_hand(int(label), first_seed + n), 60, 0.08)))
                for n, label in enumerate(labels)
            ]
        )
        (raw / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 2051, count, 28, 28) + images.tobytes())
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, count) + labels.tobytes())


def write_fewer(root: Path, mnist: Path, training: int) -> None:
    """Make ``root`` a torchvision root with the test digits of ``mnist`` and the first ``training`` of the others."""
    shutil.copytree(mnist, root, dirs_exist_ok=True)
    for name, header, size in (("images-idx3", 16, 28 * 28), ("labels-idx1", 8, 1)):
        path = root / "MNIST" / "raw" / f"train-{name}-ubyte"
        content = path.read_bytes()
        path.write_bytes(content[:4] + struct.pack(">I", training) + content[8 : header + size * training])


@dataclass
class RunningServer:
    """A started server.py."""

    process: subprocess.Popen
    url: str
    log: Path

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rpartition(":")[2])

    def stop(self) -> int:
        self.process.terminate()
        status = self.process.wait(LINE_TIMEOUT)
        self.process.stdout.close()
        return status


def start_server(folder: Path, *arguments: str, home: Path = HOME, **environment: str) -> RunningServer:
    """Start ``home``'s server.py, on a free port unless ``arguments`` name one, and wait until it says it is ready."""
    log = folder / "server.log"
    if "--port" not in arguments:
        arguments = (*arguments, "--port", "0")
    if home == HOME and not {"--corrections", "--no-corrections"} & set(arguments):
        arguments = (*arguments, "--corrections", str(folder / "corrections"))
    with log.open("a") as stderr:
        process = subprocess.Popen(
            [sys.executable, str(home / "server.py"), *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    for line in process.stdout:
        if address := re.search(r"http://\S+", line):
            return RunningServer(process, address[0], log)
    raise AssertionError(f"server.py ended with {process.wait()}: {log.read_text()}")


def free_port() -> int:
    """A TCP port that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def children(parent: int) -> set[int]:
    """The process ids of ``parent``'s living children."""
    if not Path("/proc/self").exists():
        pytest.skip("needs Linux, where /proc tells a process's children")
    found: set[int] = set()
    for task in Path(f"/proc/{parent}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # the thread has just ended
            found.update(map(int, (task / "children").read_text().split()))
    return found


@contextmanager
def started(folder: Path, *arguments: str, **environment: str) -> Iterator[RunningServer]:
    """A server for one test, killed at its end, whether it passes or fails."""
    running = start_server(folder, *arguments, **environment)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        running.process.stdout.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A running server.py with the shipped weights."""
    running = start_server(tmp_path_factory.mktemp("server"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    """A recognizer with the shipped weights."""
    return Recognizer()


@pytest.fixture(scope="module")
def browser(chromium: str) -> "Iterator[Browser]":
    """A running Chromium."""
    from on_page import launched

    with launched(chromium) as browser:
        yield browser


@pytest.fixture
def open_page(browser: "Browser", server: RunningServer) -> "Iterator[Callable[..., Page]]":
    """Opens the page in a new window; at the end, none may have had an error or a request to another server."""
    from on_page import opened

    with opened(browser, server.url) as open_page:
        yield open_page


@pytest.fixture
def page(open_page: "Callable[..., Page]") -> "Page":
    """The page, in a desktop-sized window."""
    return open_page()
