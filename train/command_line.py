"""What the commands have in common: exit statuses, and kinds of values, refused in a sentence on what they take."""

import sys
from collections.abc import Callable

from net.arguments import whole_number
from net.standard_output import print_no_more

FAILURE = 1
USAGE_ERROR = 2
INTERRUPTED = 130  # as shells report a program that Ctrl-C ended


def print_any_text() -> None:
    """Have what a terminal or a file has no letters for, such as names of files, printed by their numbers."""
    sys.stdout.reconfigure(errors="backslashreplace")


def unless_interrupted(main: Callable[[], int]) -> int:
    """The exit status of ``main``, or of Ctrl-C, or of a reader like ``head`` that has seen enough."""
    print_any_text()
    try:
        status = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        print_no_more()
        return FAILURE
    return status


def batch_too_large(digits: int) -> str:
    """What to say of a batch of more than all ``digits`` that there are to train on."""
    return f"--batch-size must be at most {digits}, the number of digits to train on."


count = whole_number(1)
batch_size = whole_number(2)  # batch normalisation cannot do with one
threads = whole_number(1, below=1025)
seed = whole_number(0, below=2**32)  # PyTorch takes it times epochs and ranks
