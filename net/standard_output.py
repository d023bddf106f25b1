"""Standard output, whose reader may be gone, as `head` is once it has seen enough."""

import os
import sys


def print_no_more() -> None:
    """Discard what is still to be printed, as nobody reads it; else Python would complain when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
