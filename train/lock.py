"""One run at a time to each checkpoint: two would take turns in overwriting what either goes on from."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None


class InUseError(Exception):
    """Another run writes to the same place; the message says so in one sentence."""


@contextmanager
def alone_at(state_path: Path) -> Iterator[None]:
    """Keep other runs from ``state_path``, however this one ends, where the system can.

    Raises InUseError where another one is there, or OSError where the folder cannot be written to.
    """
    if fcntl is None:
        yield
        return
    path = state_path.with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUseError(f"Another run is training to '{state_path.parent}'; --out names another place.") from None
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
