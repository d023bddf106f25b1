"""Standard output, whose reader may have gone, as `head` goes once it has seen enough."""

import os
import sys


def print_no_more() -> None:
    """Let what is still to be printed be lost, as nobody reads it; Python would complain of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
