"""Several processes that serve the same sockets: each is restarted when it dies, and all end together."""

import logging
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from prometheus_client.multiprocess import mark_process_dead

from net.serving import metrics, supervised, terminal

try:
    import fcntl
except ImportError:  # Windows, where several processes cannot listen at one socket either
    fcntl = None

log = logging.getLogger("processes")
SHARED_MEMORY = Path("/dev/shm")  # where metrics are kept, if it has room: to write to them on a full disk is fatal
LEAST_ROOM = 16 * 1024**2  # bytes
FOLDERS = "digits-metrics-"  # how the names of the shared metrics folders begin
LOCK = "lock"  # in such a folder
LIVES_LONG = 5.0  # seconds of answering; to die sooner is an early death
LOOK_SECONDS = 0.1  # between two checks for dead processes
MOST_EARLY_DEATHS = 3  # in a row; then the server gives up or, if others answer, starts the next one later
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)  # seconds until the next start then, more after each early death
PATIENCE = 10.0  # seconds beyond those that processes have to end, before they are killed
MOST_TOLD = 65536  # bytes read from the readiness pipe at a time; it holds no more


def folder_to_measure_in() -> Path:
    """Where to make the shared metrics folder: in shared memory, or on disk if that is not writable or has no room."""
    is_usable = os.access(SHARED_MEMORY, os.W_OK) and shutil.disk_usage(SHARED_MEMORY).free > LEAST_ROOM
    return SHARED_MEMORY if is_usable else Path(gettempdir())


def remove_left_behind() -> None:
    """Remove the metrics folders of supervisors that were killed before they could do so."""
    for lock in [*SHARED_MEMORY.glob(f"{FOLDERS}*/{LOCK}"), *Path(gettempdir()).glob(f"{FOLDERS}*/{LOCK}")]:
        with suppress(OSError):
            if lock.parent.lstat().st_uid != os.getuid():  # another user's lock may be anything, even an endless pipe
                continue
            with lock.open() as held:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while one of its processes lives
                shutil.rmtree(lock.parent)


@dataclass
class Child:
    """One of several processes."""

    process: subprocess.Popen[bytes]
    slot: int  # from 0 up; no two living processes have the same
    ready_at: float | None = None  # when, by time.monotonic(), it began to answer

    @property
    def lives_long(self) -> bool:
        """Whether it has answered for so long (`LIVES_LONG`) that its death would not be an early one."""
        return self.ready_at is not None and time.monotonic() - self.ready_at > LIVES_LONG


class Supervisor:
    """Runs one command as several processes."""

    def __init__(self, command: list[str], listeners: list[socket.socket], count: int, drain_seconds: float) -> None:
        """``count`` processes of ``command``, which may take ``drain_seconds`` to end once they are told to."""
        self.command = command
        self.listeners = listeners
        self.count = count
        self.drain_seconds = drain_seconds
        self.children: dict[int, Child] = {}
        self.stops_wanted = self.stops_told = 0
        self.early_deaths = 0
        self.next_start = 0.0  # when, by time.monotonic(), the next process may be started
        self.ends_by = math.inf  # likewise, when processes that have not ended are killed

    @property
    def is_stopping(self) -> bool:
        """Whether the processes are to end."""
        return self.stops_wanted > 0

    def run(self, ready: Callable[[], None]) -> int:
        """Start the processes, call ``ready`` once all answer, and run until told to stop; return the exit status.

        Once only, and in the main thread: it handles SIGTERM, SIGINT and SIGHUP, and names the processes' shared
        metrics folder in an environment variable.
        """
        remove_left_behind()
        with (
            TemporaryDirectory(prefix=FOLDERS, dir=folder_to_measure_in()) as folder,
            Path(folder, f"{LOCK}.new").open("w") as lock,
        ):
            fcntl.flock(lock, fcntl.LOCK_SH)
            Path(lock.name).rename(Path(folder, LOCK))  # locked already, so that nobody takes it for left behind
            self.lock = lock.fileno()
            os.environ[metrics.FOLDER] = folder
            os.environ[metrics.STARTED] = str(time.time())
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self.on_stop)
            signal.signal(signal.SIGHUP, self.on_hang_up)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])
            self.readable, self.writable = os.pipe()
            self.lifeline, _ = os.pipe()  # the other end closes with this process
            os.set_blocking(self.readable, False)
            self.start_missing()
            return self.supervise(folder, ready)

    def start_missing(self) -> None:
        """Start as many processes as are missing, unless it is too soon for another try."""
        while len(self.children) < self.count and time.monotonic() >= self.next_start:
            self.start()

    def start(self) -> None:
        """Start one more process."""
        Path(os.environ[metrics.FOLDER]).mkdir(mode=0o700, exist_ok=True)  # systemd clears up after users who log out
        descriptors = [listener.fileno() for listener in self.listeners]
        slot = min(set(range(self.count)) - {child.slot for child in self.children.values()})
        process = terminal.start(
            self.command,
            puts_off_hang_up=True,
            # The lock as well: the folder is in use until the last process has ended.
            pass_fds=[*descriptors, self.writable, self.lifeline, self.lock],
            env={
                **os.environ,
                supervised.SOCKETS: ",".join(map(str, descriptors)),
                supervised.READY: str(self.writable),
                supervised.LIFELINE: str(self.lifeline),
                metrics.SLOT: str(slot),
            },
        )
        self.children[process.pid] = Child(process, slot)

    def supervise(self, folder: str, ready: Callable[[], None]) -> int:
        """Restart processes that die, until told to stop or the server has failed; return the exit status.

        ``ready`` is called as soon as all answer.
        """
        has_failed, is_told = False, False
        while self.children:
            dead = [pid for pid, child in self.children.items() if child.process.poll() is not None]
            self.note_ready()
            if self.all_answer and not (is_told or dead):
                is_told = True
                ready()
            while self.stops_told < self.stops_wanted:
                self.stops_told += 1
                self.stop()
            for pid in dead:
                child = self.children.pop(pid)
                mark_process_dead(child.slot, folder)
                has_failed |= self.fails_by_death_of(child)
            if not self.is_stopping:
                self.start_missing()
            if time.monotonic() > self.ends_by:
                self.tell_all(signal.SIGKILL)
            time.sleep(LOOK_SECONDS)
        return int(has_failed)

    def fails_by_death_of(self, child: Child) -> bool:
        """Whether the server has failed, now that ``child`` has died; if so, all are to stop."""
        status = child.process.returncode
        if self.is_stopping:
            return status > 0 or status == -signal.SIGKILL
        log.warning("process %s ended with status %s; starting another.", child.process.pid, status)
        self.note_death(child)
        if self.early_deaths < MOST_EARLY_DEATHS or self.any_lives_long:
            return False
        print("The server's processes die as soon as they are started.", file=sys.stderr)
        self.on_stop()
        return True

    @property
    def any_lives_long(self) -> bool:
        """Whether any process has answered for long enough (`LIVES_LONG`)."""
        return any(child.lives_long for child in self.children.values())

    def note_death(self, child: Child) -> None:
        """Record the death of ``child``; after several early ones in a row, delay the next start more and more."""
        self.early_deaths = 0 if child.lives_long else self.early_deaths + 1
        too_many = self.early_deaths - MOST_EARLY_DEATHS
        pause = PAUSES[min(too_many, len(PAUSES) - 1)] if too_many >= 0 else 0.0
        self.next_start = time.monotonic() + pause
        if too_many == 0 and self.any_lives_long:
            print("A process of the server dies as soon as it is started; the others go on.", file=sys.stderr)

    @property
    def all_answer(self) -> bool:
        """Whether all ``count`` processes have reported that they answer."""
        return len(self.children) == self.count and all(child.ready_at for child in self.children.values())

    def note_ready(self) -> None:
        """Record which processes have reported that they answer since the last call."""
        with suppress(BlockingIOError):
            for pid in map(int, os.read(self.readable, MOST_TOLD).split()):
                if pid in self.children:
                    self.children[pid].ready_at = time.monotonic()

    def on_hang_up(self, *_: object) -> None:
        """Have the processes reload the weights, or stop if the terminal that they were started from is gone."""
        if terminal.is_lost():
            self.on_stop()
        else:
            self.tell_all(signal.SIGHUP)

    def on_stop(self, *_: object) -> None:
        """Record that all are to stop; `supervise` tells the processes, when none is being started."""
        self.stops_wanted += 1

    def stop(self) -> None:
        """Have all processes finish their requests, and end.

        The sockets are left to them: while this process held them too, new connections would wait unanswered.
        """
        for listener in self.listeners:
            listener.close()
        self.ends_by = min(self.ends_by, time.monotonic() + self.drain_seconds + PATIENCE)
        self.tell_all(signal.SIGTERM)

    def tell_all(self, number: int) -> None:
        """Send the signal ``number`` to each process."""
        for child in list(self.children.values()):
            child.process.send_signal(number)
