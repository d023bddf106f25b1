"""Command-line values: parsed, or refused with a sentence on what is accepted; and quoted for a shell."""

import argparse
import math
import os
import shlex
import subprocess
from collections.abc import Callable

LARGEST_WHOLE = 10**9
LARGEST, SMALLEST = 1e100, 1e-100  # a change of unit, or a division, cannot overflow a float


def whole_number(least: int, below: int = LARGEST_WHOLE) -> Callable[[str], int]:
    """A parser of whole numbers from ``least`` up to, but not including, ``below``."""
    takes = f"must be a whole number from {least} to {below - 1:,}"

    def read(text: str) -> int:
        digits = text.lstrip("0")[: len(str(below)) + 1] or "0"  # int() refuses thousands of digits
        if not (text.isdecimal() and least <= int(digits) < below):
            raise argparse.ArgumentTypeError(f"{takes}, not '{text}'")
        return int(digits)

    return read


few = whole_number(1, below=1025)  # threads or processes


def positive_number(text: str) -> float:
    """A number from `SMALLEST` to `LARGEST`."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not SMALLEST <= number <= LARGEST:
        raise argparse.ArgumentTypeError(f"must be a number from {SMALLEST:g} to {LARGEST:g}, not '{text}'")
    return number


def as_argument(text: str) -> str:
    """``text`` quoted as one argument for this system's shell."""
    return subprocess.list2cmdline([text]) if os.name == "nt" else shlex.quote(text)
