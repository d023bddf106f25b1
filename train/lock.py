"""Allows one run at a time per checkpoint: two would keep overwriting each other's state."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from train.commands import CommandError

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None

CANNOT_LOCK = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)  # as some network file systems say


class InUseError(CommandError):
    """Another run writes to the same place; the message says so in one sentence."""


@contextmanager
def alone_at(weights: Path) -> Iterator[None]:
    """Lock ``weights`` against other runs, if the system can; the lock is released however this run ends.

    Raises InUseError if another run has it, or OSError if the folder cannot be written to.
    """
    if fcntl is None:
        yield
        return
    path = weights.with_suffix(".training.lock")
    made = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        if not take(file, path):
            raise InUseError(f"Another run is training to '{weights}'; choose another place with --out.")
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            with suppress(OSError):  # the one that holds what was written is not empty
                for folder in made:
                    folder.rmdir()


def take(file: TextIO, path: Path) -> bool:
    """Lock ``file``, which was opened at ``path``; return whether this run has the lock, or needs none."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in CANNOT_LOCK:
            return True
        raise
    # The run that had the lock may have ended in between, and removed the file.
    return path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat())
