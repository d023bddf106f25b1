"""The headers of every response: the request's ID, the security policy, and the allowed origins (CORS)."""

import re
import secrets
from collections.abc import Collection

REQUEST_ID = "[A-Za-z0-9_.-]{1,64}"
PAGE_POLICY = "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'"
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"


def new_or_given_id(given: str | None) -> str:
    """The ID of a request: the ``given`` one if it is harmless, else a new one."""
    return given if given and re.fullmatch(REQUEST_ID, given) else secrets.token_hex(8)


def of_answer(
    request_id: str, content_type: str, origin: str | None, origins: Collection[str]
) -> list[tuple[str, str]]:
    """The headers of the response to the request ``request_id``.

    ``origin`` is that of the page that sent the request; ``origins`` are those allowed to.
    """
    headers = [
        ("X-Request-ID", request_id),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Content-Security-Policy", PAGE_POLICY if content_type.startswith("text/html") else DATA_POLICY),
    ]
    if origins:
        headers.append(("Vary", "Origin"))
    if origin in origins:
        headers += [
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Methods", "GET, POST"),
            ("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Request-ID"),
            ("Access-Control-Expose-Headers", "X-Request-ID, Retry-After, Allow"),
        ]
    return headers
