"""What the commands share: exit statuses, and argument types whose errors say in a sentence what they take."""

import sys
from collections.abc import Callable

from net.arguments import whole_number
from net.standard_output import print_no_more

FAILURE = 1
USAGE_ERROR = 2
INTERRUPTED = 130  # as shells report a program that Ctrl-C ended


class CommandError(Exception):
    """A command cannot go on: the message says why, in one sentence."""

    status = FAILURE  # that it exits with


class UsageError(CommandError):
    """The command line asks for something impossible."""

    status = USAGE_ERROR


def print_any_text() -> None:
    """Have characters that standard output cannot encode, for example in file names, printed as escapes."""
    sys.stdout.reconfigure(errors="backslashreplace")


def exit_status_of(main: Callable[[], object]) -> int:
    """Run ``main``; return 0, or the status of its error, of Ctrl-C, or of a reader like ``head`` that has left."""
    print_any_text()
    try:
        main()
        sys.stdout.flush()
    except CommandError as error:
        print(error, file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        print_no_more()
        return FAILURE
    return 0


def batch_too_large(digits: int) -> str:
    """The message on a batch larger than the number of ``digits`` to train on."""
    return f"--batch-size must be at most {digits}, the number of digits to train on."


count = whole_number(1)
batch_size = whole_number(2)  # batch normalisation needs two
seed = whole_number(0, below=2**32)  # PyTorch is given multiples, by epoch and by rank
