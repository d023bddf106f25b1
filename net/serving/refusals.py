"""Errors of the contract, as answers."""

import math
from typing import NoReturn

from bottle import HTTPResponse

from net import strokes
from net.errors import BlankImageError, NoDigitError, TooManyPixelsError, UnreadableImageError
from net.serving.contract import JSON, RETRY_SECONDS, STATUS, error_body

NO_DIGIT_CODES = {
    UnreadableImageError: "unreadable_image",
    TooManyPixelsError: "too_large",
    BlankImageError: "blank_image",
    strokes.StrokesError: "bad_strokes",
}


class Refusal(HTTPResponse):
    """An error of the contract, as an answer."""

    def __init__(self, code: str, message: str, retry_after: float = RETRY_SECONDS) -> None:
        """``retry_after``, in seconds, is said with ``overloaded`` and ``too_many_requests``."""
        super().__init__(error_body(code, message), STATUS[code], {"Content-Type": JSON})
        self.code, self.message = code, message
        if code in ("overloaded", "too_many_requests"):
            self.set_header("Retry-After", str(math.ceil(retry_after)))
        if code == "unauthorized":
            self.set_header("WWW-Authenticate", "Bearer")


def refuse(code: str, message: str) -> NoReturn:
    """Answer with an error of the contract."""
    raise Refusal(code, message)


def refusal_of(error: NoDigitError) -> Refusal:
    """What is answered to a picture, or to strokes, of which no digit could be had."""
    return Refusal(NO_DIGIT_CODES[type(error)], str(error))
