"""Several processes that answer at the same sockets: each is started anew when it dies, and all end together."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from tempfile import TemporaryDirectory

from prometheus_client.multiprocess import mark_process_dead

from net.serving import metrics

SOCKETS = "DIGITS_SOCKETS"  # environment variable: the file descriptors of the sockets that a child inherits
READY = "DIGITS_READY"  # likewise, of the pipe that it tells its readiness through
LIFELINE = "DIGITS_LIFELINE"  # likewise, of a pipe that ends when the parent does
LIVES_LONG = 5.0  # seconds; a process that dies sooner has something wrong with it
LOOK_SECONDS = 0.1  # between two looks at who has died
MOST_EARLY_DEATHS = 3  # in a row


def inherited_sockets() -> list[socket.socket]:
    """Those that the parent process listens at; none where this process is nobody's child."""
    return [socket.socket(fileno=int(number)) for number in os.environ.get(SOCKETS, "").split(",") if number]


def tell_ready() -> None:
    """Tell the parent process that requests are answered."""
    os.write(int(os.environ[READY]), b".")


def end_with_parent() -> None:
    """Have this process told to stop once its parent is gone, however that came about."""

    def wait() -> None:
        os.read(int(os.environ[LIFELINE]), 1)  # nothing is ever written to it
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


class Supervisor:
    """Runs one command as several processes."""

    def __init__(self, command: list[str], listeners: list[socket.socket], count: int) -> None:
        self.command = command
        self.listeners = listeners
        self.count = count
        self.children: dict[int, tuple[subprocess.Popen[bytes], float]] = {}
        self.stops_wanted = self.stops_told = 0
        self.early_deaths = 0

    @property
    def is_stopping(self) -> bool:
        return self.stops_wanted > 0

    def run(self, ready: Callable[[], None]) -> int:
        """Start the processes, call ``ready`` once all answer, and stay until told to stop; the exit status."""
        with TemporaryDirectory(prefix="digits-metrics-") as folder:
            os.environ[metrics.FOLDER] = folder
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self.on_stop)
            signal.signal(signal.SIGHUP, lambda *_: self.tell_all(signal.SIGHUP))
            self.readable, self.writable = os.pipe()
            self.lifeline, self.our_end = os.pipe()
            for _ in range(self.count):
                self.start()
            if self.wait_until_ready():
                ready()
            return self.supervise(folder)

    def wait_until_ready(self) -> bool:
        """Whether every process has told that it is ready, and none died before."""
        told = 0
        os.set_blocking(self.readable, False)
        while told < self.count and not self.is_stopping:
            if any(child.poll() is not None for child, _ in self.children.values()):
                return False
            try:
                told += len(os.read(self.readable, self.count))
            except BlockingIOError:
                time.sleep(LOOK_SECONDS)
        return told >= self.count

    def start(self) -> None:
        """Start one process more."""
        descriptors = [listener.fileno() for listener in self.listeners]
        # Until it can take SIGHUP for what it means, a process would die of it; it gets it once it can.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
        child = subprocess.Popen(
            self.command,
            pass_fds=[*descriptors, self.writable, self.lifeline],
            env={
                **os.environ,
                SOCKETS: ",".join(map(str, descriptors)),
                READY: str(self.writable),
                LIFELINE: str(self.lifeline),
            },
        )
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])
        self.children[child.pid] = (child, time.monotonic())

    def supervise(self, folder: str) -> int:
        """Start anew what dies, until told to stop or there is no hope; the exit status."""
        status = 0
        while self.children:
            while self.stops_told < self.stops_wanted:
                self.stops_told += 1
                self.stop()
            for child, started in list(self.children.values()):
                if child.poll() is None:
                    continue
                del self.children[child.pid]
                mark_process_dead(child.pid, folder)
                if self.is_stopping:
                    status = max(status, int(child.returncode > 0))
                    continue
                self.early_deaths = self.early_deaths + 1 if time.monotonic() - started < LIVES_LONG else 0
                if self.early_deaths < MOST_EARLY_DEATHS:
                    self.start()
                    continue
                print("The server's processes die as soon as they are started.", file=sys.stderr)
                status = 1
                self.on_stop()
            time.sleep(LOOK_SECONDS)
        return status

    def on_stop(self, *_: object) -> None:
        """Note that all are to stop; the processes are told between two looks, when none is being started."""
        self.stops_wanted += 1

    def stop(self) -> None:
        """Have all processes finish what they are at, and end.

        The sockets are left to them: while this process holds them too, connections would wait that nobody answers.
        """
        for listener in self.listeners:
            listener.close()
        self.tell_all(signal.SIGTERM)

    def tell_all(self, number: int) -> None:
        """Send the signal ``number`` to each process."""
        for child, _ in list(self.children.values()):
            child.send_signal(number)
