"""Compares our server's requests per second with those of frameworks people would use instead.

    python tests/bench/peers.py

Each app in tests/bench/peers/ is written as its framework's documentation shows, with our weights and PyTorch's default
settings. They prepare a picture as such apps do: grey, resized to 28 x 28. Ours also looks for the ink. The frameworks
are installed into an environment of their own, which uses this one's PyTorch; it is created in a temporary folder. All
get the same drawing of 280 x 280 pixels as the multipart field `image`, except Gradio, which takes uploads and JSON,
and answers through a stream.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import venv
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from load import DRAWING, HOME, WARM_UP, Measured, load, raw_post, serving

PEERS = {
    "flask": "Flask's development server",
    "fastapi": "FastAPI under uvicorn",
    "litserve": "LitServe",
    "gradio": "Gradio's sketchpad",
}
PACKAGES = ("flask", "fastapi", "uvicorn[standard]", "python-multipart", "litserve", "gradio")
CLIENTS = (1, 32)
SECONDS = 5.0
ROUNDS = 3  # all are measured in each, as the machine's speed varies over time
START_SECONDS = 120.0
BOUNDARY = "a-boundary-that-no-picture-holds"
PROCESSES = (1, 2)  # of our server
Row = tuple[str, int]  # of the table: the server's name and the number of clients
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def multipart() -> bytes:
    """The request that `curl -F image=@drawing.png` sends."""
    return raw_post("/predict", form_of("image"), MULTIPART)


def form_of(field: str) -> bytes:
    """A multipart form with the drawing in ``field``."""
    head = f'Content-Disposition: form-data; name="{field}"; filename="drawing.png"\r\nContent-Type: image/png\r\n\r\n'
    return f"--{BOUNDARY}\r\n{head}".encode() + DRAWING + f"\r\n--{BOUNDARY}--\r\n".encode()


def make_environment(folder: Path) -> Path:
    """Install the frameworks into ``folder``; returns its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
    theirs = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    Path(theirs, "torch.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


@contextmanager
def running(python: Path, peer: str, request: bytes) -> Iterator[tuple[str, int]]:
    """Run ``peer``; yields its address once it answers ``request``."""
    address = ("127.0.0.1", free_port())
    process = subprocess.Popen(
        [python, str(HOME / "tests" / "bench" / "peers" / f"{peer}_app.py"), str(address[1])],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"},
    )
    try:
        wait_for(address, request)
        yield address
    finally:
        process.send_signal(signal.SIGINT)  # on which those with child processes end them too
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def free_port() -> int:
    """A TCP port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for(address: tuple[str, int], request: bytes) -> None:
    """Wait until ``request`` is answered with 200 at ``address``. Raises TimeoutError."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(address, timeout=10) as connection:
                connection.sendall(request)
                if connection.recv(12)[9:] == b"200":
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise TimeoutError(f"nobody answers at {address}")


def load_gradio(address: tuple[str, int]) -> Measured:
    """Measure one client of Gradio's API, which uploads the drawing, asks, and reads the answer from a stream."""
    measured = Measured(1, SECONDS)
    begins = time.perf_counter() + WARM_UP
    while (started := time.perf_counter()) < begins + SECONDS:
        (path,) = json.loads(http(address, "POST", "/gradio_api/upload", form_of("files"), MULTIPART))
        drawing = {"path": path, "meta": {"_type": "gradio.FileData"}}
        given = {"data": [{"background": None, "layers": [], "composite": drawing}]}
        event = json.loads(http(address, "POST", "/gradio_api/call/predict", json.dumps(given).encode()))["event_id"]
        answer = http(address, "GET", f"/gradio_api/call/predict/{event}")
        if started < begins:
            continue
        if b"event: complete" in answer:
            measured.milliseconds.append((time.perf_counter() - started) * 1000)
        else:
            measured.errors += 1
    measured.seconds = time.perf_counter() - begins
    return measured


def http(
    address: tuple[str, int], method: str, path: str, body: bytes = b"", content_type: str = "application/json"
) -> bytes:
    """The body of the answer to a request."""
    connection = HTTPConnection(*address, timeout=30)
    connection.request(method, path, body, {"Content-Type": content_type})
    try:
        return connection.getresponse().read()
    finally:
        connection.close()


def versions(python: Path) -> str:
    """The versions of the installed frameworks."""
    names = [package.partition("[")[0] for package in PACKAGES]
    program = f"import importlib.metadata as m; print(*(f'{{name}} {{m.version(name)}}' for name in {names}), sep=', ')"
    return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def measure_peer(python: Path, peer: str) -> list[Measured]:
    """The results of ``peer`` with each number of clients."""
    if peer == "gradio":
        with running(python, peer, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") as address:
            return [load_gradio(address)]
    with running(python, peer, multipart()) as address:
        return [load(address, multipart(), clients, SECONDS) for clients in CLIENTS]


def measure_ours(processes: int) -> list[Measured]:
    """The results of our server, with each number of clients."""
    with serving("--processes", str(processes)) as address:
        return [load(address, multipart(), clients, SECONDS) for clients in CLIENTS]


def main() -> None:
    """Print the table and the comparison with the best peer."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    rounds: dict[Row, list[Measured]] = defaultdict(list)
    with TemporaryDirectory(prefix="peers-") as folder:
        python = make_environment(Path(folder))
        print(versions(python), flush=True)
        contenders = {name: partial(measure_peer, python, peer) for peer, name in PEERS.items()}
        contenders |= {ours(processes): partial(measure_ours, processes) for processes in PROCESSES}
        for number in range(ROUNDS):
            for name, measure in contenders.items():
                print(f"round {number + 1} of {ROUNDS}: {name}", file=sys.stderr, flush=True)
                for measured in measure():
                    rounds[name, measured.clients].append(measured)
    print_table(rounds)
    for clients in CLIENTS:
        print_standing(rounds, clients)


def ours(processes: int) -> str:
    """Our server's name in the table."""
    return f"ours, --processes {processes}"


def print_table(rounds: dict[Row, list[Measured]]) -> None:
    """Print the medians over the rounds."""
    print("| | clients | requests a second | median | 99th percentile | errors |")
    print("| --- | --- | --- | --- | --- | --- |")
    for (name, clients), each in rounds.items():
        rate, middle, cut = (median(column) for column in zip(*map(figures, each), strict=True))
        errors = sum(one.errors for one in each)
        print(f"| {name} | {clients} | {rate:.0f} | {middle:.1f} ms | {cut:.1f} ms | {errors} |")


def print_standing(rounds: dict[Row, list[Measured]], clients: int) -> None:
    """Print our requests per second and median time as multiples of those of the peer with the most requests."""
    asked = [name for name in PEERS.values() if (name, clients) in rounds]
    best = max(asked, key=lambda name: rate(rounds, name, clients))
    for name in map(ours, PROCESSES):
        pairs = zip(rounds[name, clients], rounds[best, clients], strict=True)
        ratios = [(one.rate / other.rate, one.median / other.median) for one, other in pairs]
        times, of_median = (median(column) for column in zip(*ratios, strict=True))
        print(f"{clients} clients, {name}: {times:.2f} times the requests of {best}, {of_median:.2f} times its median")


def rate(rounds: dict[Row, list[Measured]], name: str, clients: int) -> float:
    """Requests per second: the median over the rounds."""
    return median(one.rate for one in rounds[name, clients])


def figures(measured: Measured) -> tuple[float, float, float]:
    """Requests per second, the median time and the 99th percentile."""
    return measured.rate, measured.median, measured.percentile


if __name__ == "__main__":
    main()
