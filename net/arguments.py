"""Kinds of values on a command line, refused in a sentence that says what is taken."""

import argparse
import math
from collections.abc import Callable

LARGEST = 1e100  # number on a command line, so that it is still one in a smaller unit


def whole_number(least: int, below: int | None = None) -> Callable[[str], int]:
    """What reads a whole number from ``least`` up, and ``below`` another where one is given."""
    takes = f"it takes a whole number from {least} {'up' if below is None else f'to below {below:,}'}"

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least or (below is not None and int(text) >= below):
            raise argparse.ArgumentTypeError(f"{takes}, not '{text}'")
        return int(text)

    return read


def positive_number(text: str) -> float:
    """A number above 0, and at most `LARGEST`."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= LARGEST:
        raise argparse.ArgumentTypeError(f"it takes a number above 0, up to {LARGEST:g}, not '{text}'")
    return number
