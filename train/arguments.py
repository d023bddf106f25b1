"""Kinds of command-line values, each refused with a sentence that says what it takes."""

import argparse


def count(text: str) -> int:
    """A whole number from 1 up."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"it takes a whole number from 1 up, not '{text}'")
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
