"""The terminal that the server was started from: whether it is gone, and what its signals do to child processes."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

WAS_THERE = os.isatty(0)


def is_lost() -> bool:
    """Whether the terminal that this process was started from has been closed since."""
    return WAS_THERE and not os.isatty(0)


def start(command: list[str], *, puts_off_hang_up: bool, **options: Any) -> subprocess.Popen[bytes]:
    """Start ``command`` with the Popen ``options``. SIGHUP ends it, or is blocked in it if ``puts_off_hang_up``."""
    if not hasattr(signal, "SIGHUP"):
        return subprocess.Popen(command, **options)
    how = signal.SIG_BLOCK if puts_off_hang_up else signal.SIG_UNBLOCK
    ours = signal.pthread_sigmask(how, [signal.SIGHUP])
    try:
        return subprocess.Popen(command, **options)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, ours)


def run_to_end(command: list[str], folder: Path) -> int:
    """Run ``command`` in ``folder``; return its exit status.

    Signals that would end this process end the command first, which knows what to save.
    """
    signal.signal(signal.SIGINT, lambda *_: None)  # a terminal sends it to the command as well
    process = start(command, puts_off_hang_up=False, cwd=folder)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    status = process.wait()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    return status if status >= 0 else 128 - status  # as shells report a process that a signal ended
