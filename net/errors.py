"""Why no digit could be had from what was given."""


class InkError(Exception):
    """No digit could be had from the picture; the message says why and what to do, in one sentence."""


class UnreadableImageError(InkError):
    """The bytes are no picture in a format that is read here, or they are damaged."""


class TooManyPixelsError(InkError):
    """The picture has more pixels than is safe to decode."""


class BlankImageError(InkError):
    """Nothing on the picture stands out from its paper."""
