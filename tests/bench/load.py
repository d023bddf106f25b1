"""The server under load: requests per second, times and errors with 1, 8, 32 and 128 clients.

    python tests/bench/load.py                     # one process
    python tests/bench/load.py --processes 2

Starts server.py on a free port. Each client holds one connection open and sends a drawing of 280 x 280 pixels as
soon as it has the answer to the one before. All clients run in one thread of this process, and take some processor time
from the server.
"""

import argparse
import math
import selectors
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent.parent
DRAWING = (HOME / "tests" / "data" / "0.png").read_bytes()
CLIENTS = (1, 8, 32, 128)
SECONDS = 5.0
WARM_UP = 1.0  # seconds


@dataclass
class Measured:
    """One run's results."""

    clients: int
    seconds: float
    milliseconds: list[float] = field(default_factory=list)  # of each request that was answered with 200
    errors: int = 0

    @property
    def rate(self) -> float:
        """Answers of status 200 per second."""
        return len(self.milliseconds) / self.seconds

    @property
    def median(self) -> float:
        """Milliseconds from sending a request to having read its answer; infinite without any."""
        return statistics.median(self.milliseconds or [math.inf])

    @property
    def percentile(self) -> float:
        """The 99th percentile likewise: what 99% of the answers took at most."""
        ordered = sorted(self.milliseconds) or [math.inf]
        return ordered[math.ceil(0.99 * len(ordered)) - 1]


class Client:
    """One connection, and the state of its current request."""

    def __init__(self, address: tuple[str, int], request: bytes) -> None:
        self.address, self.request = address, request
        self.connect()

    def connect(self) -> None:
        """Open a new connection."""
        self.socket = socket.create_connection(self.address, timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self) -> None:
        """Send the request."""
        self.answer, self.started = b"", time.perf_counter()
        self.socket.sendall(self.request)

    @property
    def must_reconnect(self) -> bool:
        """Whether the answer just received is the last on this connection."""
        head = self.answer.partition(b"\r\n\r\n")[0].lower()
        return not head.startswith(b"http/1.1") or b"\r\nconnection: close" in head

    def receive(self) -> int | None:
        """The answer's status once it is complete, None before; 0 if the connection broke."""
        try:
            read = self.socket.recv(1 << 16)
        except OSError:
            read = b""
        if not read:
            return 0
        self.answer += read
        head, end, body = self.answer.partition(b"\r\n\r\n")
        if not end or len(body) < length_of_body(head):
            return None
        return int(head[9:12])


def length_of_body(head: bytes) -> int:
    """The Content-Length in the header of an answer."""
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


def load(address: tuple[str, int], request: bytes, clients: int, seconds: float = SECONDS) -> Measured:
    """Measure ``clients`` clients that send ``request`` to ``address`` for ``seconds`` seconds, after a warm-up."""
    measured = Measured(clients, seconds)
    selector = selectors.DefaultSelector()
    for _ in range(clients):
        client = Client(address, request)
        selector.register(client.socket, selectors.EVENT_READ, client)
        client.send()
    begins = time.perf_counter() + WARM_UP
    while (now := time.perf_counter()) < begins + seconds:
        for key, _ in selector.select(timeout=0.1):
            client = key.data
            status = client.receive()
            if status is None:
                continue
            ended = time.perf_counter()
            if ended >= begins and status == 200:
                measured.milliseconds.append((ended - client.started) * 1000)
            elif ended >= begins:
                measured.errors += 1
            if client.must_reconnect:
                selector.unregister(client.socket)
                client.socket.close()
                client.connect()
                selector.register(client.socket, selectors.EVENT_READ, client)
            client.send()
    measured.seconds = now - begins
    for key in list(selector.get_map().values()):
        key.data.socket.close()
    return measured


def raw_post(path: str, body: bytes, content_type: str) -> bytes:
    """A POST request that keeps the connection alive."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[str, int]]:
    """Run server.py with ``arguments``; yields its address."""
    with started(*arguments) as (_, address):
        yield address


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], tuple[str, int]]]:
    """Run server.py with ``arguments``; yields the process and its address."""
    server = subprocess.Popen(
        [sys.executable, str(HOME / "server.py"), "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield server, ("127.0.0.1", int(server.stdout.readline().split("/ ")[0].rpartition(":")[2]))
    finally:
        server.terminate()
        server.wait()


def row(measured: Measured) -> str:
    """A row of the table."""
    return (
        f"| {measured.clients} | {measured.rate:.0f} | {measured.median:.1f} ms | {measured.percentile:.1f} ms "
        f"| {measured.errors} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description="Load the server with more and more clients.", epilog="All other arguments are given to server.py."
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each row (default: %(default)g)")
    options, arguments = parser.parse_known_args()  # the rest go to the server
    with serving(*arguments) as address:
        print("| clients | requests a second | median | 99th percentile | errors |\n| --- | --- | --- | --- | --- |")
        for clients in CLIENTS:
            print(row(load(address, raw_post("/predict", DRAWING, "image/png"), clients, options.seconds)), flush=True)


if __name__ == "__main__":
    main()
