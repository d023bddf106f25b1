"""The server's start: it opens what it was told to use, or says in one sentence why it cannot."""

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from net.checkpoint import RUN_SUFFIX, CheckpointError, card_of
from net.corrections import Corrections
from net.latest import LatestRecognizer
from net.serving import sockets, terminal
from net.serving.gate import read_token
from net.serving.metrics import FOLDER, Metrics
from net.standard_output import print_no_more

log = logging.getLogger("server")
EVERY_ADDRESS = ("0.0.0.0", "::")  # of this machine


class StartError(Exception):
    """Why the server cannot start, in one sentence."""


def token_in(file: Path) -> str:
    """The token that ``file`` holds. Raises StartError."""
    try:
        return read_token(file)
    except (OSError, ValueError) as error:
        raise StartError(f"The token in '{file}' cannot be used: {reason(error)}.") from error


def new_metrics() -> Metrics:
    """The metrics of this process. Raises StartError if they belong in a folder that cannot be used."""
    try:
        return Metrics()
    except OSError as error:
        folder = os.environ.get(FOLDER)
        raise StartError(
            f"Measurements cannot be kept in '{folder}' ({reason(error)}); set {FOLDER} to another."
        ) from error


def folder_for_corrections(given: Path | None, usual: Path) -> Path | None:
    """The folder to keep corrections in: ``given``, else the ``usual`` one, or None if that cannot be written to.

    Raises StartError if the ``given`` one cannot be used.
    """
    folder = given or usual
    try:
        Corrections(folder).require_folder()
    except OSError as error:
        if given:
            raise StartError(
                f"Corrections cannot be kept in '{given}' ({reason(error)}); choose another folder."
            ) from error
        log.warning("No corrections are accepted: %s. Choose another folder with --corrections.", error)
        return None
    return folder


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen at ``port`` of ``host``. Raises StartError."""
    try:
        return sockets.listen(host, port)
    except (OSError, ValueError) as error:
        raise StartError(
            f"Cannot listen at {host}:{port} ({reason(error)}); choose another address or port."
        ) from error


def announcement(host: str, port: int) -> Callable[[], None]:
    """A function that prints where the server answers, as an address that a browser on this machine can open."""
    name = "localhost" if host in EVERY_ADDRESS else f"[{host}]" if ":" in host else host
    others = " and at this machine's addresses" if host in EVERY_ADDRESS else ""
    line = f"Reading digits at http://{name}:{port}/{others} (Ctrl-C stops)"

    def announce() -> None:
        try:
            print(line, flush=True)
        except OSError:  # nobody reads the pipe, or the disk is full: HTTP clients do not need this line
            print_no_more()

    return announce


def reason(error: Exception) -> str:
    """The reason of ``error``, as part of a sentence."""
    return getattr(error, "strerror", None) or str(error).rstrip(".")


def is_trained(checkpoint: Path) -> bool:
    """Whether there are finished weights at ``checkpoint``. Raises CheckpointError if that cannot be determined."""
    try:
        return checkpoint.exists() and not card_of(checkpoint).get("interrupted")
    except OSError as error:
        raise CheckpointError(f"The checkpoint '{checkpoint}' could not be read ({reason(error)})") from error


def train(checkpoint: Path, home: Path) -> int:
    """Train to ``checkpoint``, or resume a run that was interrupted there; return the exit status.

    ``home`` is the folder with the package `train`, which runs in its own process: serving needs no torchvision.
    """
    command = [sys.executable, "-m", "train", "--out", str(checkpoint.resolve())]
    if checkpoint.with_suffix(RUN_SUFFIX).exists():
        command.append("--resume")
    return terminal.run_to_end(command, home)


def follow(latest: LatestRecognizer, watch: bool, stop: threading.Event) -> None:
    """Reload the weights at SIGHUP, if the system has it, and, with ``watch``, as they change, until ``stop`` is set.

    SIGHUP also comes when the terminal that started this process is closed: then it ends. The threads are not daemons,
    so exit waits for them: PyTorch would abort the process if it ended while loading.
    """

    def on_hang_up(*_: object) -> None:
        if terminal.is_lost():
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            threading.Thread(target=latest.reload).start()

    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, on_hang_up)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])
    if watch:
        threading.Thread(target=latest.watch, args=(stop,)).start()
