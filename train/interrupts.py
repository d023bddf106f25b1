"""Handles Ctrl-C while PyTorch is imported, which takes a second or two, when there is nothing to save yet."""

import signal


def quiet_while_importing() -> None:
    """Have Ctrl-C end the process without a traceback, unless it is ignored, as in the background."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def heed_again() -> None:
    """Have Ctrl-C raise KeyboardInterrupt from now on, unless it is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
