"""Users' corrections: pictures with the digit that they should have been read as, kept in SQLite.

Each is kept with what had been predicted and by which weights. Once `Corrections.add` has returned, a correction
survives a kill -9 or a power cut: the write-ahead log is on disk by then.
"""

import errno
import hashlib
import os
import sqlite3
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from net.errors import NO_ROOM

FILE = "corrections.sqlite3"
MAX_ROWS = 100_000
MAX_BYTES = 1024**3  # of all pictures together
BUSY_SECONDS = 10  # how long one process waits for another's write
RETRY_SECONDS = 0.01
# SQLite's codes for what `NO_ROOM` stands for.
NO_ROOM_IN_SQLITE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)

SCHEMA = """
CREATE TABLE IF NOT EXISTS corrections (
    key BLOB PRIMARY KEY,       -- SHA-256 of the label and the picture: the same correction is kept once
    label INTEGER NOT NULL,     -- what it is
    picture BLOB NOT NULL,      -- the file, without its metadata; strokes are drawn into one
    suffix TEXT NOT NULL,
    predicted INTEGER NOT NULL, -- what it had been read as
    confidence REAL NOT NULL,
    weights TEXT,               -- SHA-256 of the weights that did
    received TEXT NOT NULL      -- UTC, ISO 8601
)
"""
# Kept up to date by SQLite: to sum up all for each new one takes longer the more there are, while others wait.
TOTALS = (
    "CREATE TABLE totals AS SELECT count(*) AS rows, coalesce(sum(length(picture)), 0) AS bytes FROM corrections",
    """CREATE TRIGGER totals_after_insert AFTER INSERT ON corrections
    BEGIN UPDATE totals SET rows = rows + 1, bytes = bytes + length(new.picture); END""",
    """CREATE TRIGGER totals_after_delete AFTER DELETE ON corrections
    BEGIN UPDATE totals SET rows = rows - 1, bytes = bytes - length(old.picture); END""",
)
SUFFIXES = ((b"\x89PNG", "png"), (b"\xff\xd8", "jpg"), (b"GIF8", "gif"), (b"BM", "bmp"), (b"RIFF", "webp"))


class StorageFullError(OSError):
    """There is no room to keep another correction, or to write out those that are kept."""


class BusyError(OSError):
    """Others were writing for so long that this was not done."""


class QuotaReachedError(StorageFullError):
    """The limit on corrections is reached, however much room the disk has."""


@dataclass(frozen=True)
class Correction:
    """What a user said of a picture."""

    picture: bytes  # a whole file in one of the formats that net/decoding.py reads
    label: int  # 0 to 9, the right digit
    predicted: int  # 0 to 9, the digit it was read as
    confidence: float  # 0 to 1, of that prediction
    weights: str | None  # SHA-256 of the weights that predicted it

    @property
    def key(self) -> bytes:
        """What identifies it: the picture and the label alone."""
        return key_of(self.picture, self.label)

    @property
    def contradicted(self) -> list[bytes]:
        """The keys of all corrections of the same picture to another digit."""
        return [key_of(self.picture, label) for label in range(10) if label != self.label]


def key_of(picture: bytes, label: int) -> bytes:
    """The SHA-256 of the label and the picture."""
    return hashlib.sha256(bytes([label]) + picture).digest()


class Corrections:
    """The corrections in a folder, created with the first one; for several threads and processes at once."""

    def __init__(self, folder: Path, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> None:
        self.path = folder / FILE
        self.max_rows = max_rows
        self.max_bytes = max_bytes

    def require_folder(self) -> None:
        """Raise OSError unless the file, if there is one, and the nearest existing folder above it are writable.

        The folder counts even if there is a file: the write-ahead log is made beside it.
        """
        nearest = next(folder for folder in self.path.absolute().parents if folder.exists())
        if not nearest.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(nearest))
        for folder in (nearest, self.path):
            if folder.exists() and not os.access(folder, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))

    def add(self, correction: Correction) -> bool:
        """Keep ``correction``, in place of an earlier one of the same picture; returns whether it was new.

        Raises OSError if the disk refuses: StorageFullError if there is no room; and BusyError.
        """
        with told_as_os_error():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.opened() as database:
                database.execute("BEGIN IMMEDIATE")
                if database.execute("SELECT 1 FROM corrections WHERE key = ?", (correction.key,)).fetchone():
                    return False
                database.executemany(
                    "DELETE FROM corrections WHERE key = ?", [(key,) for key in correction.contradicted]
                )
                rows, size = totals(database)
                if rows >= self.max_rows or size + len(correction.picture) > self.max_bytes:
                    raise QuotaReachedError
                database.execute(
                    "INSERT INTO corrections VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        correction.key,
                        correction.label,
                        correction.picture,
                        suffix_of(correction.picture),
                        correction.predicted,
                        correction.confidence,
                        correction.weights,
                        datetime.now(UTC).isoformat(timespec="seconds"),
                    ),
                )
                database.commit()
        return True

    def __iter__(self) -> Iterator[tuple[str, int, bytes]]:
        """Name, label and picture of each, the oldest first. Raises OSError where they cannot be read."""
        if not self.path.exists():
            return
        with told_as_os_error(), self.opened_to_read() as database:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'corrections'").fetchone():
                return  # whoever created the file was killed before creating the table
            rows = database.execute("SELECT hex(key), suffix, label, picture FROM corrections ORDER BY rowid")
            for key, suffix, label, picture in rows:
                yield f"{key[:16].lower()}.{suffix}", label, picture

    def write_zip(self, file: BinaryIO) -> None:
        """Write all into a ZIP file in torchvision's ImageFolder layout: <label>/<name>.

        Raises OSError where the disk refuses: StorageFullError where there is no room.
        """
        with told_as_os_error(), zipfile.ZipFile(file, "w") as archive:  # stored: pictures are compressed already
            for name, label, picture in self:
                archive.writestr(f"{label}/{name}", picture)

    @contextmanager
    def opened_to_read(self) -> Iterator[sqlite3.Connection]:
        """A connection for this thread alone, even where nothing may be written."""
        if all(os.access(folder, os.W_OK) for folder in (self.path, self.path.parent)):
            with self.opened() as database:
                yield database
            return
        log = self.path.with_name(f"{FILE}-wal")  # without one, SQLite would create it even to read
        address = f"{self.path.absolute().as_uri()}?mode=ro{'' if log.exists() else '&immutable=1'}"
        with closing(sqlite3.connect(address, timeout=BUSY_SECONDS, uri=True)) as database:
            yield database

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """A connection for this thread alone."""
        with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)) as database:
            use_write_ahead_log(database)
            database.execute("PRAGMA synchronous = FULL")
            database.execute("PRAGMA fullfsync = ON")  # else a Mac leaves it in the disk's cache; no effect elsewhere
            database.execute(SCHEMA)
            yield database


def totals(database: sqlite3.Connection) -> tuple[int, int]:
    """The number of corrections in ``database``, in a write transaction, and the bytes of all their pictures."""
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'totals'").fetchone():
        for statement in TOTALS:
            database.execute(statement)
    return database.execute("SELECT rows, bytes FROM totals").fetchone()


@contextmanager
def told_as_os_error() -> Iterator[None]:
    """Turn errors of SQLite and of the system within into StorageFullError, BusyError, or else OSError."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0)
        if code in NO_ROOM_IN_SQLITE:
            raise StorageFullError(str(error)) from error
        if plain_code(code) == sqlite3.SQLITE_BUSY:
            raise BusyError(str(error)) from error
        raise OSError(str(error)) from error
    except OSError as error:
        if error.errno in NO_ROOM:
            raise StorageFullError(str(error)) from error
        raise


def plain_code(code: int) -> int:
    """SQLite's error ``code`` without the bits that extended codes add."""
    return code & 0xFF


def use_write_ahead_log(database: sqlite3.Connection) -> None:
    """Switch ``database`` to a write-ahead log, for whoever opens it from now on.

    While another connection does the same, SQLite refuses at once, whatever its timeout.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if plain_code(error.sqlite_errorcode) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)
        else:
            return


def suffix_of(picture: bytes) -> str:
    """The ending that the file name of ``picture`` should have."""
    return next((suffix for start, suffix in SUFFIXES if picture.startswith(start)), "png")
