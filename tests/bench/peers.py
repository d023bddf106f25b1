"""How many requests our server answers, against what people would use instead.

    python tests/bench/peers.py

Each of tests/bench/peers/ is written as its framework's own documentation shows, with our weights and PyTorch as it
comes. They make of a picture what such apps do: grey, resized to 28 x 28. Ours looks for the ink besides. The
frameworks go into an environment of their own, which sees this one's PyTorch; it is made anew in a folder that is
removed at the end. All get the same drawing of 280 x 280 pixels as the multipart field `image`, but Gradio, which
takes uploads and JSON, and answers by a stream.
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
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

from load import DRAWING, HOME, Measured, load, raw_post, serving

PEERS = {
    "flask": "Flask's development server",
    "fastapi": "FastAPI under uvicorn",
    "litserve": "LitServe",
    "gradio": "Gradio's sketchpad",
}
PACKAGES = ("flask", "fastapi", "uvicorn[standard]", "python-multipart", "litserve", "gradio")
CLIENTS = (1, 32)
SECONDS = 5.0
START_SECONDS = 120.0
BOUNDARY = "a-boundary-that-no-picture-holds"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def multipart() -> bytes:
    """The request that `curl -F image=@drawing.png` sends."""
    return raw_post("/predict", form_of("image"), MULTIPART)


def form_of(field: str) -> bytes:
    """A multipart form with the drawing in it."""
    head = f'Content-Disposition: form-data; name="{field}"; filename="drawing.png"\r\nContent-Type: image/png\r\n\r\n'
    return f"--{BOUNDARY}\r\n{head}".encode() + DRAWING + f"\r\n--{BOUNDARY}--\r\n".encode()


def make_environment(folder: Path) -> Path:
    """Install the frameworks into ``folder``; its Python."""
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
    """The address of ``peer``, while it runs and answers ``request``."""
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
        process.send_signal(signal.SIGINT)  # some have processes of their own, which they end then
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def free_port() -> int:
    """A TCP port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for(address: tuple[str, int], request: bytes) -> None:
    """Return once ``request`` is answered well at ``address``. Raises TimeoutError."""
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


def load_gradio(address: tuple[str, int], clients: int) -> Measured:
    """Ask Gradio's API one after the other: upload the drawing, ask, and open the stream that the answer comes by."""
    measured = Measured(clients, SECONDS)
    ends = time.perf_counter() + SECONDS
    while (started := time.perf_counter()) < ends:
        (path,) = json.loads(http(address, "POST", "/gradio_api/upload", form_of("files"), MULTIPART))
        drawing = {"path": path, "meta": {"_type": "gradio.FileData"}}
        given = {"data": [{"background": None, "layers": [], "composite": drawing}]}
        event = json.loads(http(address, "POST", "/gradio_api/call/predict", json.dumps(given).encode()))["event_id"]
        answer = http(address, "GET", f"/gradio_api/call/predict/{event}")
        if b"event: complete" in answer:
            measured.milliseconds.append((time.perf_counter() - started) * 1000)
        else:
            measured.errors += 1
    return measured


def http(
    address: tuple[str, int], method: str, path: str, body: bytes = b"", content_type: str = "application/json"
) -> bytes:
    """The body of an answer."""
    connection = HTTPConnection(*address, timeout=30)
    connection.request(method, path, body, {"Content-Type": content_type})
    try:
        return connection.getresponse().read()
    finally:
        connection.close()


def print_row(name: str, measured: Measured) -> None:
    """A line of the table."""
    print(
        f"| {name} | {measured.clients} | {measured.rate:.0f} | {measured.median:.1f} ms "
        f"| {measured.percentile:.1f} ms | {measured.errors} |",
        flush=True,
    )


def main() -> None:
    """Print the table, and how we stand against the best of them."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    request = multipart()
    rates: dict[int, float] = {}
    medians: dict[int, float] = {}
    print(
        "| | clients | requests a second | median | 99th percentile | errors |\n| --- | --- | --- | --- | --- | --- |"
    )
    with TemporaryDirectory(prefix="peers-") as folder:
        python = make_environment(Path(folder))
        for peer, name in PEERS.items():
            first = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" if peer == "gradio" else request
            with running(python, peer, first) as address:
                for clients in CLIENTS if peer != "gradio" else (1,):
                    measured = load_gradio(address, 1) if peer == "gradio" else load(address, request, clients, SECONDS)
                    print_row(name, measured)
                    rates[clients] = max(rates.get(clients, 0), measured.rate)
                    medians[clients] = min(medians.get(clients, measured.median), measured.median)
    for processes in ("1", "2"):
        with serving("--processes", processes) as address:
            for clients in CLIENTS:
                measured = load(address, request, clients, SECONDS)
                print_row(f"ours, --processes {processes}", measured)
                print(
                    f"  {measured.rate / rates[clients]:.2f} times the best one's requests, "
                    f"{measured.median / medians[clients]:.2f} times its median",
                    file=sys.stderr,
                    flush=True,
                )


if __name__ == "__main__":
    main()
