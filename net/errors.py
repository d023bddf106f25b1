"""Why no digit could be read from what was given, and why nothing could be written."""

import errno

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # a full disk; a quota reached; a limit on file size reached


class NoDigitError(Exception):
    """No digit could be read from what was given; the message says why and what to do, in one sentence."""


class UnreadableImageError(NoDigitError):
    """The bytes are not a picture in a format that is read here, or are damaged."""


class TooManyPixelsError(NoDigitError):
    """The picture has more pixels than is safe to decode."""


class BlankImageError(NoDigitError):
    """Nothing on the picture stands out from its paper."""
