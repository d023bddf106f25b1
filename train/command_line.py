"""What the commands have in common: exit statuses, and kinds of values, refused in a sentence on what they take."""

import argparse
import sys
from collections.abc import Callable

FAILURE = 1
USAGE_ERROR = 2
INTERRUPTED = 130  # as shells report a program that Ctrl-C ended


def unless_interrupted(main: Callable[[], int]) -> int:
    """The exit status of ``main``, or of Ctrl-C."""
    try:
        return main()
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return INTERRUPTED


def count(text: str) -> int:
    """A whole number from 1 up."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"it takes a whole number from 1 up, not '{text}'")
    return int(text)


def batch_size(text: str) -> int:
    """A whole number from 2 up, for batch normalisation cannot do with one."""
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"it takes a whole number from 2 up, not '{text}'")
    return int(text)


def seed(text: str) -> int:
    """A whole number from 0 up that PyTorch takes for a seed, times epochs and ranks."""
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"it takes a whole number from 0 to below 2^32, not '{text}'")
    return int(text)


def rate(text: str) -> float:
    """A positive finite number."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"it takes a number above 0, not '{text}'")
    return value
