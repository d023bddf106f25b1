"""What a body may hold at most, seen before it is taken apart.

Parsers take minutes, or gigabytes, over what a hostile hand makes of a few megabytes; nobody's pictures come near.
"""

import re

from net.strokes import MAX_POINTS

MOST_HEADER = 4096  # bytes, before each part of a multipart form
MOST_PARTS = 5000  # of such a form; how many pictures may come, their reader says
MOST_LINES = 500_000  # of a multipart form, in which a picture of 16 MiB has some hundred by chance
MOST_FIELDS = 1000  # of a URL-encoded form; here too their reader says how many pictures may come
MOST_ESCAPES = 10_000  # such as %20, in a form that is short; those of base64 do not count
BYTES_AN_ESCAPE = 16  # a longer one may have one more for each so many bytes
OF_BASE64 = {b"%2B": b"+", b"%2F": b"/", b"%3D": b"="}  # its escapes, and what they stand for
MOST_VALUES = 8 * MAX_POINTS  # of JSON: points of strokes have pressure, time and more besides x and y
MOST_LISTS = 3 * MAX_POINTS  # likewise
MOST_OBJECTS = 1000  # likewise

CHARSET = r'(?:\s*;\s*charset="?[\w.-]+"?)?'
MULTIPART = re.compile(
    rf'multipart/form-data{CHARSET}\s*;\s*boundary=(?:"([^"\\]{{1,70}})"|([^\s;,"\\]{{1,70}})){CHARSET}\s*',
    re.ASCII | re.IGNORECASE,
)


def is_plain_multipart(body: bytes, content_type: str) -> bool:
    """Whether ``body`` is a multipart form with no more parts, nor longer headers to them, than one of pictures has.

    What tells parts apart stands in ``content_type``, the whole header.
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
    """Whether ``body`` holds no more values than pictures or the strokes of a drawing do."""
    return body.count(b",") <= MOST_VALUES and body.count(b"[") <= MOST_LISTS and body.count(b"{") <= MOST_OBJECTS


def with_plain_base64(body: bytes) -> bytes:
    """A URL-encoded form, its ``body``, with base64 as it is: of white pixels that would be nothing but escapes.

    A plus sign means a space there, which base64 does not have.
    """
    for escaped, plain in OF_BASE64.items():
        body = body.replace(escaped, plain).replace(escaped.lower(), plain)
    return body


def is_plain_form(body: bytes) -> bool:
    """Whether ``body`` is a URL-encoded form with no more fields, nor escapes, than one with pictures in it has."""
    is_short = body.count(b"&") + body.count(b";") < MOST_FIELDS
    return is_short and body.count(b"%") <= MOST_ESCAPES + len(body) // BYTES_AN_ESCAPE
