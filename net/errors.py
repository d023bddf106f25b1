"""Why no digit could be read from what was given, and why nothing could be written."""

import errno
from typing import TypeVar

Error = TypeVar("Error", bound=Exception)

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # a full disk; a quota reached; a limit on file size reached


class NoDigitError(Exception):
    """No digit could be read from what was given; the message says why and what to do, in one sentence."""


class UnreadableImageError(NoDigitError):
    """The bytes are not a picture in a format that is read here, or are damaged."""


class TooManyPixelsError(NoDigitError):
    """The picture has more pixels than is safe to decode."""


class BlankImageError(NoDigitError):
    """Nothing on the picture stands out from its paper."""


def detached(error: Error) -> Error:
    """``error`` without its traceback and its causes, for whoever keeps it.

    They would hold all that was at hand when it was raised, such as the picture and the list that the error is kept in:
    until the garbage collector finds that cycle, some time.
    """
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error
