"""Limits on what a body may contain, checked before it is parsed.

A few hostile megabytes can cost a parser minutes or gigabytes; real pictures come nowhere near these limits.
"""

import re

from net.strokes import MAX_POINTS

MOST_HEADER = 4096  # bytes of header before each part of a multipart form
MOST_PARTS = 5000  # of such a form; the number of pictures is limited by `Limits.images`
MOST_LINES = 500_000  # of a multipart form; a picture of 16 MiB has some hundred by chance
MOST_FIELDS = 1000  # of a URL-encoded form; pictures are limited likewise
MOST_ESCAPES = 10_000  # such as %20, in a short form; those of base64 do not count
BYTES_AN_ESCAPE = 16  # of a form's length; each so many allow one escape more
OF_BASE64 = {b"%2B": b"+", b"%2F": b"/", b"%3D": b"="}  # escapes in base64, and what they stand for
MOST_VALUES = 8 * MAX_POINTS  # of JSON: points of strokes may have pressure, time and more besides x and y
MOST_LISTS = 3 * MAX_POINTS  # likewise
MOST_OBJECTS = 1000  # likewise

CHARSET = r'(?:\s*;\s*charset="?[\w.-]+"?)?'
MULTIPART = re.compile(
    rf'multipart/form-data{CHARSET}\s*;\s*boundary=(?:"([^"\\]{{1,70}})"|([^\s;,"\\]{{1,70}})){CHARSET}\s*',
    re.ASCII | re.IGNORECASE,
)


def is_plain_multipart(body: bytes, content_type: str) -> bool:
    """Whether ``body`` is a multipart form with no more lines or parts, nor longer part headers, than pictures need.

    ``content_type`` is the whole header, which names the boundary.
    """
    named = MULTIPART.fullmatch(content_type)
    if not named or body.count(b"\r\n") > MOST_LINES:
        return False
    part = b"--" + (named[1] or named[2]).encode("latin-1", "replace") + b"\r\n"
    offset = body.find(part)
    for _ in range(MOST_PARTS + 1):
        if offset < 0:
            return True
        begin = offset + len(part)
        if body.find(b"\r\n\r\n", begin - 2, begin + MOST_HEADER) < 0:
            return False
        offset = body.find(part, begin)
    return False


def is_plain_json(body: bytes) -> bool:
    """Whether the JSON ``body`` holds no more values, lists and objects than pictures or strokes need."""
    return body.count(b",") <= MOST_VALUES and body.count(b"[") <= MOST_LISTS and body.count(b"{") <= MOST_OBJECTS


def with_plain_base64(body: bytes) -> bytes:
    """The URL-encoded form ``body`` with the escapes in base64 decoded: white pixels consist of nothing else.

    Each + will be parsed as a space, which base64 does not have.
    """
    for escaped, plain in OF_BASE64.items():
        body = body.replace(escaped, plain).replace(escaped.lower(), plain)
    return body


def is_plain_form(body: bytes) -> bool:
    """Whether the URL-encoded form ``body`` has no more fields and escapes than one with pictures needs."""
    is_short = body.count(b"&") + body.count(b";") < MOST_FIELDS
    return is_short and body.count(b"%") <= MOST_ESCAPES + len(body) // BYTES_AN_ESCAPE
