"""What the server does before it answers: opens what it was told to use, or says in one sentence why it cannot."""

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
    """Measurements of this process. Raises StartError where they belong into a folder that cannot be used."""
    try:
        return Metrics()
    except OSError as error:
        folder = os.environ.get(FOLDER)
        raise StartError(f"Measurements cannot be kept in '{folder}' ({reason(error)}); {FOLDER} names it.") from error


def folder_for_corrections(given: Path | None, usual: Path) -> Path | None:
    """The folder to keep corrections in: ``given``, else the ``usual`` one, or none where that cannot be written to.

    Raises StartError where the one that was ``given`` cannot be used.
    """
    folder = given or usual
    try:
        Corrections(folder).require_folder()
    except OSError as error:
        if given:
            raise StartError(
                f"Corrections cannot be kept in '{given}' ({reason(error)}); name another folder."
            ) from error
        log.warning("No corrections are taken: %s. --corrections names another folder.", error)
        return None
    return folder


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen there. Raises StartError."""
    try:
        return sockets.listen(host, port)
    except (OSError, ValueError) as error:
        raise StartError(f"Cannot listen at {host}:{port} ({reason(error)}); choose another.") from error


def announcement(host: str, port: int) -> Callable[[], None]:
    """What prints that the server answers there, at an address that a browser on this machine can open."""
    name = "localhost" if host in EVERY_ADDRESS else f"[{host}]" if ":" in host else host
    others = " and at this machine's addresses" if host in EVERY_ADDRESS else ""
    line = f"Reading digits at http://{name}:{port}/{others} (Ctrl-C stops)"

    def announce() -> None:
        try:
            print(line, flush=True)
        except OSError:  # nobody reads the pipe, or the disk is full: who asks over HTTP need not read this
            print_no_more()

    return announce


def reason(error: Exception) -> str:
    """Why, in words that fit into a sentence."""
    return getattr(error, "strerror", None) or str(error).rstrip(".")


def is_trained(checkpoint: Path) -> bool:
    """Whether finished weights lie at ``checkpoint``. Raises CheckpointError where that cannot be known."""
    try:
        return checkpoint.exists() and not card_of(checkpoint).get("interrupted")
    except OSError as error:
        raise CheckpointError(f"The checkpoint '{checkpoint}' could not be read ({reason(error)})") from error


def train(checkpoint: Path, home: Path) -> int:
    """Train to ``checkpoint``, or go on with a run that was broken off there; the exit status.

    ``home`` is the folder that has the package `train`. It runs in a process of its own: serving needs no torchvision.
    """
    command = [sys.executable, "-m", "train", "--out", str(checkpoint.resolve())]
    if checkpoint.with_suffix(RUN_SUFFIX).exists():
        command.append("--resume")
    return terminal.run_to_end(command, home)


def follow(latest: LatestRecognizer, watch: bool, stop: threading.Event) -> None:
    """Take new weights at SIGHUP, where the system has it, and until ``stop`` with ``watch`` as soon as they are there.

    That signal also comes when the terminal is closed that this was started from: then it ends. Threads are waited for
    at the end, since PyTorch would abort the process in the middle of loading.
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
