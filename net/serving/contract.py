"""The errors that the server answers with: one JSON form, a code for programs, a sentence for people."""

import json
from http import HTTPStatus

STATUS = {
    "no_image": 400,
    "bad_json": 400,
    "bad_data_url": 400,
    "bad_strokes": 400,
    "bad_digit": 400,
    "bad_label": 400,
    "too_many_images": 400,
    "bad_request": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "timeout": 408,
    "too_large": 413,
    "unsupported_type": 415,
    "unreadable_image": 422,
    "blank_image": 422,
    "too_many_requests": 429,
    "headers_too_large": 431,
    "internal": 500,
    "overloaded": 503,
    "storage_full": 507,
}
JSON = "application/json"
RETRY_AFTER, AUTHENTICATE = "Retry-After", "WWW-Authenticate"
HEADERS_OF = {"overloaded": (RETRY_AFTER,), "too_many_requests": (RETRY_AFTER,), "unauthorized": (AUTHENTICATE,)}
RETRY_SECONDS = 1  # sent as Retry-After unless another time is known

NOT_FOUND = "There is nothing at this address; the drawing pad is at /, and everything else is listed at /api."
INTERNAL = "Something went wrong in the server, not with your request; you can send it again."
NOT_HTTP = "The request is not valid HTTP/1.1; send it with an HTTP client."
HEADERS_TOO_LARGE = "The request's headers are too large; send fewer or shorter ones."
TOO_SLOW = "The request took too long to arrive; use a faster connection, or send a smaller picture."
DISK_FULL = "The server's disk is full; whoever runs this server must make room on it."
OVERLOADED = "The server is too busy right now; send the request again a little later."
NO_TIME = "There was no time left for this picture; send fewer in one request, or smaller ones."


def too_large(max_body: int) -> str:
    """The message on a body of more than ``max_body`` bytes."""
    return f"The request is larger than {max_body / 1024 / 1024:g} MiB; send a smaller picture."


def status_line(code: str) -> str:
    """The HTTP status line of the error ``code``, such as 404 Not Found."""
    return f"{STATUS[code]} {HTTPStatus(STATUS[code]).phrase}"


def headers_of(code: str, retry_after: int = RETRY_SECONDS) -> dict[str, str]:
    """The headers of the error ``code``, besides those of every answer; ``retry_after`` is in seconds."""
    values = {RETRY_AFTER: str(retry_after), AUTHENTICATE: "Bearer"}
    return {"Content-Type": JSON, **{name: values[name] for name in HEADERS_OF.get(code, ())}}


def error_of(code: str, message: str) -> dict[str, object]:
    """The contract's JSON object for an error."""
    return {"error": {"code": code, "message": message}}


def error_body(code: str, message: str) -> str:
    """The JSON object of `error_of`, as a line of text."""
    return json_line(error_of(code, message))


def json_line(answer: object) -> str:
    """``answer`` as JSON with a newline at its end, so that a terminal's prompt does not stick to it."""
    return json.dumps(answer) + "\n"
