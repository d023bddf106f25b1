"""How much the server's memory grows over a hundred thousand requests.

    python tests/bench/memory.py
    python tests/bench/memory.py --requests 1000000

Starts server.py on a free port and keeps sending it the ten pictures of tests/data, the strokes of a 7, no strokes, no
picture, and requests for its pages, all at once and each over its own connection. Prints the resident memory of the
process after each tenth of the requests.
"""

import argparse
import selectors
import sys
from pathlib import Path

from load import HOME, Client, raw_post, started
from PIL import Image

sys.path.insert(0, str(HOME / "tests"))
from fuzz import resident

SEVEN = b'{"strokes": [[[20, 15], [80, 15], [45, 90]], [[35, 52], [70, 50]]]}'
PAGES = ("/", "/api", "/static/main.js", "/healthz")
PARTS = 10  # of the run; memory is measured after each


def one_of_each() -> list[tuple[bytes, int]]:
    """One request of each kind, and the expected status of its answer."""
    files = sorted((HOME / "tests" / "data").iterdir())
    return [
        *((raw_post("/predict", file.read_bytes(), media_type(file)), 200) for file in files),
        (raw_post("/predict", SEVEN, "application/json"), 200),
        (raw_post("/predict", b'{"strokes": []}', "application/json"), 422),
        (raw_post("/predict", b"no picture", "image/png"), 422),
        *((f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 200) for path in PAGES),
    ]


def media_type(file: Path) -> str:
    """A picture's media type."""
    with Image.open(file) as image:
        return Image.MIME[image.format]


def ask(clients: dict[Client, int], count: int) -> int:
    """Have all ``clients`` repeat their requests until ``count`` answers have come; how many were not as expected.

    ``clients`` maps each client to the status that it expects.
    """
    wrong = 0
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
            client.send()
        left, under_way = count, len(clients)
        while under_way:
            for key, _ in selector.select():
                status = key.data.receive()
                if status is None:
                    continue
                left -= 1
                wrong += status != clients[key.data]
                if status and left >= under_way:
                    key.data.send()
                else:
                    under_way -= 1
                    selector.unregister(key.fileobj)
    return wrong


def main() -> int:
    """Print the table; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=100_000, metavar="N", help="(default: %(default)s)")
    options, arguments = parser.parse_known_args()  # the rest go to the server
    wrong = 0
    with started(*arguments) as (server, address):
        clients = {Client(address, request): status for request, status in one_of_each()}
        print(f"| requests | MiB |\n| --- | --- |\n| 0 | {resident(server.pid):.1f} |", flush=True)
        for part in range(1, PARTS + 1):
            wrong += ask(clients, options.requests // PARTS)
            print(f"| {part * (options.requests // PARTS):,} | {resident(server.pid):.1f} |", flush=True)
    print(f"\n{wrong} answered otherwise than they should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
