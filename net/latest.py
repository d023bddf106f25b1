"""A recogniser that follows the weights at a path, which may be replaced while it is in use."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from net import checkpoint
from net.checkpoint import SHIPPED, CheckpointError
from net.recognizer import Recognizer, lack_of_calibration

LOOK_EVERY = 1.0  # seconds
CARD_FOLLOWS_WITHIN = 5.0  # seconds; weights are renamed into place just before the card that describes them

Stamp = tuple[tuple[int, int, int] | None, ...]
log = logging.getLogger("weights")


class LatestRecognizer:
    """Holds a `Recognizer`. Whoever takes `current` has the whole old weights or the whole new ones."""

    def __init__(self, path: Path = SHIPPED) -> None:
        """Raises checkpoint.CheckpointError."""
        self.path = path
        self.observe: Callable[[int], object] = lambda count: None  # noqa: ARG005
        self.stamp = stamp_of(path)  # before the weights are read: they may be replaced meanwhile
        self.current = self.load()
        self.lock = threading.Lock()

    def load(self) -> Recognizer:
        """A recogniser of the weights there now; `observe` is told of its passes. Raises checkpoint.CheckpointError."""
        recognizer = Recognizer(self.path, lambda count: self.observe(count))
        if lack := lack_of_calibration(self.path, recognizer.card):
            log.warning(lack)
        return recognizer

    def reload(self) -> None:
        """Load the weights anew; if that fails, keep using the old ones."""
        with self.lock:
            self.stamp = stamp_of(self.path)  # files that cannot be loaded are not tried again until they change
            try:
                self.current = self.load()
            except Exception as error:  # whatever it is, the old weights can still answer
                is_known = isinstance(error, CheckpointError | OSError)
                log.error("%s; the previous weights stay in use.", error, exc_info=not is_known)
            else:
                log.info("loaded weights %s", self.current.card["sha256"])

    def watch(self, stop: threading.Event) -> None:
        """Reload whenever the files change, until ``stop`` is set."""
        changed_at = None
        while not stop.wait(LOOK_EVERY):
            if stamp_of(self.path) == self.stamp:
                changed_at = None
                continue
            changed_at = changed_at or time.monotonic()
            if is_described(self.path) or time.monotonic() - changed_at > CARD_FOLLOWS_WITHIN:
                self.reload()
                changed_at = None


def is_described(path: Path) -> bool:
    """Whether the checkpoint ``path`` exists and its card describes it."""
    try:
        return bool(checkpoint.card_of(path))
    except OSError:
        return False


def stamp_of(path: Path) -> Stamp:
    """What changes when the checkpoint ``path`` or its card is replaced."""
    stamps: list[tuple[int, int, int] | None] = []
    for file in (path, checkpoint.card_path(path)):
        try:
            status = file.stat()
        except OSError:
            stamps.append(None)
        else:
            stamps.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(stamps)
