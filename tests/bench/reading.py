"""The cost of reading one picture: milliseconds on one thread, and memory.

python tests/bench/reading.py

The floor in the table is what every reader needs: decoding the file and the network's forward pass, as the server runs
it. There is one canvas of each digit, since possible rings and underlines take extra work: the table has their mean and
the slowest.
"""

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from statistics import mean, median

HOME = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(HOME), str(HOME / "tests")]

import handwriting  # noqa: E402
import hard_pictures  # noqa: E402
import torch  # noqa: E402

from net.decoding import decode  # noqa: E402
from net.recognizer import Recognizer  # noqa: E402


def milliseconds(work: Callable[[], object], times: int) -> float:
    """The median time of ``work``."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1000)
    return median(taken)


def canvas(strokes: list[handwriting.Stroke]) -> bytes:
    """A PNG of ``strokes`` on a drawing pad."""
    file = BytesIO()
    handwriting.render(strokes, 280).convert("RGB").save(file, "PNG")
    return file.getvalue()


def photograph(*hardships: str) -> bytes:
    """A JPEG file of a 7 with all of ``hardships``."""
    shot = hard_pictures.Shot(random.Random(7))
    for hardship in hardships:
        hard_pictures.HARDSHIPS[hardship](shot)
    return hard_pictures.develop(shot, 7)


def memory_for(data: bytes) -> float:
    """The peak memory in MB for reading ``data``, above that of a process that has read a small picture.

    It is read from /proc, so only on Linux: the peak that `getrusage` reports starts at the parent process's.
    """
    told = subprocess.run([sys.executable, "-c", CHILD], input=data, capture_output=True, cwd=HOME, check=True)
    return float(told.stdout)


CHILD = """
import re, sys
from pathlib import Path
from net.recognizer import Recognizer

peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
recognizer, data = Recognizer(), sys.stdin.buffer.read()
recognizer.recognize(Path("tests/data/0.png").read_bytes())
before = peak()
recognizer.recognize(data)
print(peak() - before)
"""


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    torch.set_num_threads(1)
    recognizer = Recognizer()
    strokes = [handwriting.by_hand(digit) for digit in range(10)]
    canvases = [canvas(of_digit) for of_digit in strokes]
    even, shaded = (photograph(*hardships) for hardships in (("huge",), ("huge", "shadow")))
    blank = torch.zeros(1, 1, 28, 28)

    with torch.inference_mode():
        forward = milliseconds(lambda: recognizer.network(blank), 300)
    print(f"{'the forward pass alone':<36}{forward:7.2f} ms")
    folded = milliseconds(lambda: recognizer.batched_probabilities(blank), 300)
    print(f"{'the same as it is served, folded':<36}{folded:7.2f} ms")
    for name, given, times in (
        ("strokes", strokes, 100),
        ("canvases of 280 x 280, PNG", canvases, 100),
        ("a photograph of 4000 x 3000, JPEG", [even], 20),
        ("the same with a shadow on it", [shaded], 20),
    ):
        taken = [milliseconds(lambda: recognizer.recognize(one), times) for one in given]  # noqa: B023 - called at once
        line = f"{name:<36}{mean(taken):7.2f} ms"
        if len(taken) > 1:
            line += f", {max(taken):.2f} at most, of a {taken.index(max(taken))}"
        if given is not strokes:
            floor = folded + mean(milliseconds(lambda: decode(one), times) for one in given)  # noqa: B023
            line += f"; {mean(taken) / floor:.1f} times the floor of {floor:.2f}"
            line += f"; {memory_for(given[0]):.0f} MB more than the start took"
        print(line)


if __name__ == "__main__":
    main()
