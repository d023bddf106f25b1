"""What one of several processes does with what its supervisor, `net.serving.processes`, left it.

Imports nothing of ours, so that it is at hand in no time.
"""

import os
import signal
import socket
import threading

# Environment variables.
SOCKETS = "DIGITS_SOCKETS"  # the file descriptors of the sockets that a process inherits
READY = "DIGITS_READY"  # likewise, of the pipe through which it reports that it is ready
LIFELINE = "DIGITS_LIFELINE"  # likewise, of a pipe that closes when the supervisor ends


def inherited_sockets() -> list[socket.socket]:
    """The listening sockets of the supervisor that started this process; none if no supervisor did."""
    return [socket.socket(fileno=int(number)) for number in os.environ.get(SOCKETS, "").split(",") if number]


def tell_ready() -> None:
    """Tell the supervisor that this process answers requests."""
    os.write(int(os.environ[READY]), b"%d\n" % os.getpid())


def end_with_supervisor() -> None:
    """Have this process get SIGTERM once its supervisor is gone, for whatever reason."""

    def wait() -> None:
        os.read(int(os.environ[LIFELINE]), 1)  # nothing is ever written to it
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()
