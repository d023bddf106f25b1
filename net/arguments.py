"""Values on a command line: read, or refused in a sentence on what is taken; and written, as a shell takes them."""

import argparse
import math
import os
import shlex
import subprocess
from collections.abc import Callable

LARGEST_WHOLE = 10**9
LARGEST, SMALLEST = 1e100, 1e-100  # neither another unit nor a division by them is too much for a number


def whole_number(least: int, below: int = LARGEST_WHOLE) -> Callable[[str], int]:
    """What reads a whole number from ``least`` to ``below`` another."""
    takes = f"it takes a whole number from {least} to {below - 1:,}"

    def read(text: str) -> int:
        digits = text.lstrip("0")[: len(str(below)) + 1] or "0"  # Python refuses to read thousands of them
        if not (text.isdecimal() and least <= int(digits) < below):
            raise argparse.ArgumentTypeError(f"{takes}, not '{text}'")
        return int(digits)

    return read


def positive_number(text: str) -> float:
    """A number from `SMALLEST` to `LARGEST`."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not SMALLEST <= number <= LARGEST:
        raise argparse.ArgumentTypeError(f"it takes a number from {SMALLEST:g} to {LARGEST:g}, not '{text}'")
    return number


def as_argument(text: str) -> str:
    """``text`` as one argument of a command that is typed into this system's shell."""
    return subprocess.list2cmdline([text]) if os.name == "nt" else shlex.quote(text)
