"""Sends thousands of faulty requests: each must get an answer that the contract allows, and harm nothing.

    python tests/fuzz.py --requests 20000 --seed 0
    python tests/fuzz.py --seed 0 --only 1234      # sends one of them again

Starts server.py on a free port. Each request depends only on the seed and its number. Some are valid HTTP with faulty
content, sent over one kept-alive connection; in others the HTTP itself is broken, each on a connection of its own.
A request that gets a wrong answer, or none, is saved for sending again: nc 127.0.0.1 8080 < fuzz-0-1234.request
"""

import argparse
import base64
import contextlib
import functools
import io
import json
import random
import re
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from tqdm import tqdm

HOME = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HOME), str(HOME / "tests")]

import handwriting  # noqa: E402

from net.serving.contract import STATUS  # noqa: E402

PATIENCE = 20.0  # seconds until an answer; it may queue behind pictures of 50 million pixels
MOST_PENDING = 48  # connections at a time that wait for an answer or the end
GOOD_EVERY = 200  # requests between good ones
MOST_GROWTH = 48.0  # MiB of resident memory after the warm-up
WARM_UP = 0.2  # of the requests; memory is measured after each such share
FLAGS = ("--header-seconds", "1", "--body-seconds", "1.5")
KINDS_OF_TEXT = ("text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml", "text/plain")
SIGNS_OF_A_BUG = re.compile(r"Traceback|uncaptured|Exception", re.ASCII)
MEDIA_TYPES = ("image/png", "image/jpeg", "image/gif", "image/bmp", "image/webp", "image/x", "image/", "IMAGE/PNG")
SPECIAL_NUMBERS = (0, 1, 2, 27, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1)


# ---------------------------------------------------------------------------------------------- pictures


@functools.cache
def good_pictures() -> list[bytes]:
    """Small pictures of every format and mode, and the ten of tests/data."""
    pictures = [path.read_bytes() for path in sorted(handwriting.DATA.iterdir())]
    drawing = handwriting.render(handwriting.by_hand(5), 56)
    frames = [handwriting.render(handwriting.by_hand(digit), 40).convert("RGB") for digit in range(3)]
    exif = Image.Exif()
    exif[0x0112] = 8

    def add(image: Image.Image, image_format: str, **options: object) -> None:
        file = io.BytesIO()
        image.save(file, image_format, **options)
        pictures.append(file.getvalue())

    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        add(drawing.convert(mode), "PNG")
    add(drawing.convert("L").point(lambda tone: tone * 257, "I").convert("I;16"), "PNG")
    add(drawing.convert("P"), "PNG", transparency=3, dpi=(72, 72), exif=exif, icc_profile=b"no profile" * 20)
    add(frames[0], "PNG", save_all=True, append_images=frames[1:])
    for mode in ("L", "RGB", "CMYK"):
        add(drawing.convert(mode), "JPEG", exif=exif, progressive=mode == "L", comment=b"a comment")
        add(drawing.convert(mode), "JPEG", quality=30, restart_marker_blocks=2)
    add(drawing.convert("P"), "GIF", transparency=1)
    add(frames[0], "GIF", save_all=True, append_images=frames[1:], disposal=2, loop=0)
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        add(drawing.convert(mode), "BMP")
    add(drawing, "WEBP", lossless=True, exif=exif)
    add(drawing.convert("RGB"), "WEBP", quality=20)
    add(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    return pictures


def mutated(data: bytes, rng: random.Random) -> bytes:
    """``data`` after random mutations."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        data = rng.choice(MUTATIONS)(bytearray(data or b"\0"), rng)
    return data


def a_slice(data: bytearray, rng: random.Random, most: int = 400) -> slice:
    start = rng.randrange(len(data))
    return slice(start, start + rng.randint(1, most))


def flip_bits(data: bytearray, rng: random.Random) -> bytes:
    for _ in range(rng.choice((1, 1, 4, 32))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def flip_early(data: bytearray, rng: random.Random) -> bytes:
    data[rng.randrange(min(64, len(data)))] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
    return bytes(data)


def set_number(data: bytearray, rng: random.Random) -> bytes:
    code = rng.choice(("<H", ">H", "<I", ">I"))
    number = struct.pack(code, rng.choice(SPECIAL_NUMBERS) % (1 << 8 * struct.calcsize(code)))
    at = rng.randrange(min(len(data), rng.choice((32, 64, 1 << 20))))
    data[at : at + len(number)] = number
    return bytes(data)


def cut(data: bytearray, rng: random.Random) -> bytes:
    return bytes(data[: rng.randrange(len(data))])


def drop(data: bytearray, rng: random.Random) -> bytes:
    del data[a_slice(data, rng)]
    return bytes(data)


def double(data: bytearray, rng: random.Random) -> bytes:
    piece = bytes(data[a_slice(data, rng)])
    at = rng.randrange(len(data))
    return bytes(data[:at] + piece * rng.choice((1, 2, 20)) + data[at:])


def insert(data: bytearray, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return bytes(data[:at] + rng.randbytes(rng.randint(1, 40)) + data[at:])


def splice(data: bytearray, rng: random.Random) -> bytes:
    other = rng.choice(good_pictures())
    return bytes(data[: rng.randrange(len(data))]) + other[rng.randrange(len(other)) :]


MUTATIONS: list[Callable[[bytearray, random.Random], bytes]] = [
    flip_bits, flip_early, set_number, cut, drop, double, insert, splice,
]  # fmt: skip


def bad_picture(rng: random.Random) -> bytes:
    """A corrupted picture file, random bytes, or a file with another format's signature."""
    data = rng.choice(good_pictures())
    if data.startswith(b"\x89PNG") and rng.random() < 0.7:
        return bad_png(data, rng)
    how = rng.random()
    if how < 0.05:
        return rng.randbytes(rng.randint(0, 400))
    if how < 0.1:
        return rng.choice(good_pictures())[: rng.randint(2, 16)] + data[8:]  # another format's signature
    return mutated(data, rng)


def bad_png(data: bytes, rng: random.Random) -> bytes:
    """A corrupted PNG file with correct checksums, so that decoders get as far as the fault."""
    chunks = chunks_of(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(chunks))
        kind, content = chunks[at]
        how = rng.randrange(7)
        if how == 0 and len(chunks) > 1:
            del chunks[at]
        elif how == 1:
            chunks[rng.randrange(len(chunks)) : 0] = [(kind, content)] * rng.choice((1, 1, 50))
        elif how == 2:
            other = rng.randrange(len(chunks))
            chunks[at], chunks[other] = chunks[other], chunks[at]
        elif how == 3 and kind == b"IDAT":
            try:
                pixels = zlib.decompressobj().decompress(content, 1 << 20)
            except zlib.error:  # an earlier round has corrupted it
                pixels = content
            chunks[at] = kind, zlib.compress(mutated(pixels, rng))
        elif how == 4:
            kind = rng.choice(
                (b"tRNS", b"PLTE", b"iCCP", b"eXIf", b"zTXt", b"iTXt", b"gAMA", b"acTL", b"fcTL", b"fdAT")
            )
            content = rng.choice((b"", rng.randbytes(30), b"k\0\0" + zlib.compress(bytes(1 << 20))))
            chunks.insert(rng.randint(0, len(chunks)), (kind, content))
        elif how == 5:
            kind, header = chunks[0]
            chunks[0] = kind, set_number(bytearray(header or b"\0"), rng)
        else:
            chunks[at] = kind, mutated(content, rng)
    return data[:8] + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def chunks_of(png: bytes) -> list[tuple[bytes, bytes]]:
    """The type and content of each chunk of a valid PNG file."""
    chunks, at = [], 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        chunks.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += 12 + length
    return chunks


# ---------------------------------------------------------------------------------------------- bodies


@dataclass
class Body:
    """A request's body and its content type."""

    data: bytes
    content_type: str | None


def a_data_url(rng: random.Random) -> str:
    picture = bad_picture(rng) if rng.random() < 0.6 else rng.choice(good_pictures())
    encoded = base64.b64encode(picture).decode()
    if rng.random() < 0.3:
        encoded = mutated(encoded.encode(), rng).decode("latin-1")
    start = rng.choice((
        "data:image/png;base64,", "data:image/png;base64,", "data:image/jpeg;charset=utf-8;base64,",
        "DATA:IMAGE/PNG;BASE64,", "data:image/png,", "data:;base64,", "data:image/png;base64", "data:text/html;base64,",
        "data:image/" + "a" * 1000 + ";base64,", "data:image/png" + ";a=b" * 3000 + ";base64,", "http://x/", "\ud800",
    ))  # fmt: skip
    return start + encoded


def a_json_value(rng: random.Random, depth: int = 0) -> object:
    """A JSON value, or one that only Python writes, such as NaN."""
    how = rng.randrange(12 if depth < 4 else 9)
    if how < 9:
        return rng.choice((
            None, True, False, 0, -1, 7, 2**63, -(10**400), 1.5, 1e308, 5e-324, float("nan"), float("inf"), "", "7",
            "\0", "\ud800", "x" * 1000, "7", [], {}, "data:image/png;base64,", "__class__",
        ))  # fmt: skip
    if how < 11:
        return [a_json_value(rng, depth + 1) for _ in range(rng.randint(0, 5))]
    return {rng.choice(("image", "strokes", "images", "x", "")): a_json_value(rng, depth + 1) for _ in range(3)}


def strokes_or_so(rng: random.Random) -> object:
    """Mostly strokes, with extreme coordinates; else any JSON value."""
    if rng.random() < 0.3:
        return a_json_value(rng)

    scale, oddity = rng.choice((1, 300, 1e6, 1e-6, 1e-320)), rng.choice((0, 0, 0.1))

    def coordinate() -> object:
        if rng.random() < oddity:
            return a_json_value(rng, 4)
        return rng.choice((0, rng.uniform(-1, 1))) * scale

    strokes: list[object] = [
        [[coordinate() for _ in range(rng.choice((2, 2, 2, 3, 1, 0)))] for _ in range(rng.randint(0, 6))]
        for _ in range(rng.randint(0, 4))
    ]
    if rng.random() < 0.02:
        strokes.append([[0, 0]] * rng.choice((19_000, 20_001)))
    return strokes


def json_body(rng: random.Random) -> Body:
    fields: dict[str, object] = {}
    how = rng.randrange(8)
    if how < 3:
        fields["image"] = a_data_url(rng) if rng.random() < 0.8 else a_json_value(rng)
    elif how < 5:
        fields["strokes"] = strokes_or_so(rng)
    elif how < 6:
        fields["images"] = [
            a_data_url(rng) if rng.random() < 0.8 else a_json_value(rng) for _ in range(rng.choice((0, 1, 3, 9)))
        ]
        if rng.random() < 0.1:
            fields["images"] = rng.choice((a_json_value(rng), ["x"] * 257))
    else:
        fields = {name: a_json_value(rng) for name in rng.sample(("image", "images", "strokes", "label", "x"), 2)}
    if rng.random() < 0.5:
        fields["label"] = rng.choice((7, "7", 3, a_json_value(rng)))
    text = json.dumps(fields if rng.random() < 0.95 else a_json_value(rng), ensure_ascii=rng.random() < 0.7)
    data = text.encode(rng.choice(("utf-8", "utf-8", "utf-8", "utf-16", "utf-32-be", "utf-8-sig")), "surrogatepass")
    if rng.random() < 0.3:
        data = mutated(data, rng)
    if rng.random() < 0.05:
        data = rng.choice((
            b"[" * 200_000, b'{"image":' * 50_000, b'{"strokes": ' + b"[" * 90_000 + b"]" * 90_000 + b"}",
            b'{"strokes": [[[' + b"9" * 5000 + b", 1]]]}", b'{"image": 1e999999}', b"NaN", b"-Infinity", b"\xff\xfe",
            b'{"strokes": [[[1e400, -1e400]]]}', b'{"label": ' + b"7" * 5000 + b', "strokes": [[[1, 2]]]}',
            b'{"image": null, "image": "data:image/png;base64,AA=="}', b'{"strokes": [["12", "34"]]}', b'"', b" ", b"0",
        ))  # fmt: skip
    return Body(
        data, rng.choice(("application/json", "application/json", "application/json; charset=x", "APPLICATION/JSON"))
    )


def multipart_body(rng: random.Random) -> Body:
    boundary = rng.choice(("x", "x", "x", "----WebKitFormBoundary7MA4YWxk", "a" * 70, "a" * 300, "--", " x", "é", ""))
    parts = []
    for _ in range(rng.choice((1, 1, 2, 3, 0, 40))):
        name = rng.choice(("image", "image", "image", "label", "strokes", "", "image\0", "im\r\nage", 'im"age', "é"))
        disposition = rng.choice((
            f'form-data; name="{name}"; filename="7.png"', f'form-data; name="{name}"', f"form-data; name={name}",
            f'form-data; name="{name}"; filename=""', f'attachment; filename="{name}"', "form-data", "", ";;;=",
            f'form-data; name="{name}"; filename*=utf-8\'\'%ff', f'form-data; name="{name}"; name="label"',
        ))  # fmt: skip
        more = rng.choice((
            b"", b"", b"Content-Type: image/png\r\n", b"Content-Type: text/plain; charset=no-such\r\n",
            b"Content-Transfer-Encoding: base64\r\n", b"Content-Length: 3\r\n", b"Content-Length: -1\r\n",
            b"no colon\r\n",
            b"X: " + b"y" * 20_000 + b"\r\n", b"\xff\xfe: 1\r\n", b"Content-Type: multipart/mixed; boundary=z\r\n",
        ))  # fmt: skip
        content = rng.choice((
            lambda: bad_picture(rng), lambda: rng.choice(good_pictures()),
            lambda: a_data_url(rng).encode("utf-8", "replace"),
            lambda: b"7", lambda: b"", lambda: b"\r\n--" + boundary.encode(), lambda: rng.randbytes(50),
        ))()  # fmt: skip
        parts.append(
            b"--" + boundary.encode() + b"\r\nContent-Disposition: " + disposition.encode() + b"\r\n" + more
            + b"\r\n" + content + b"\r\n"
        )  # fmt: skip
    data = b"".join(parts) + b"--" + boundary.encode() + rng.choice((b"--\r\n", b"--\r\n", b"--", b"", b"\r\n", b"--x"))
    if rng.random() < 0.3:
        data = mutated(data, rng)
    content_type = rng.choice((
        f"multipart/form-data; boundary={boundary}", f'multipart/form-data; boundary="{boundary}"',
        "multipart/form-data",
        f"multipart/form-data; boundary={boundary}; charset=utf-16", "multipart/form-data; boundary=",
        f"multipart/mixed; boundary={boundary}", f"multipart/form-data; boundary={boundary}; charset=no-such",
    ))  # fmt: skip
    return Body(data, content_type.encode("ascii", "replace").decode())


def form_body(rng: random.Random) -> Body:
    url = a_data_url(rng).encode("utf-8", "replace").decode()
    data = rng.choice((
        lambda: urllib.parse.urlencode({"image": url, "label": "7"}), lambda: f"image={url}", lambda: "image=" * 2000,
        lambda: "&" * 20_000, lambda: "image=%ff%fe%zz", lambda: f"image=x&image={url}", lambda: "=", lambda: "image",
    ))().encode()  # fmt: skip
    if rng.random() < 0.3:
        data = mutated(data, rng)
    return Body(data, rng.choice(("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=é")))


def picture_body(rng: random.Random) -> Body:
    return Body(bad_picture(rng), rng.choice(MEDIA_TYPES))


def odd_body(rng: random.Random) -> Body:
    kinds = (
        None,
        "",
        ";",
        "/",
        "text/plain",
        "video/mp4",
        "image",
        "image/png;" * 100,
        "application/xml",
        "\x7f",
        "a/b/c",
    )
    return Body(rng.choice((b"", b"x", rng.choice(good_pictures()), rng.randbytes(2000))), rng.choice(kinds))


# ---------------------------------------------------------------------------------------------- requests


@dataclass
class Mutant:
    """One request as bytes; ``is_http`` if its framing is valid, so that the connection can be used again."""

    number: int
    kind: str
    data: bytes
    is_http: bool = True
    half_closes: bool = False  # the client closes its sending side after the request

    @property
    def is_head(self) -> bool:
        return self.data.lstrip()[:5].upper() == b"HEAD "


def mutant(seed: int, number: int) -> Mutant:
    """Request ``number`` for that ``seed``."""
    rng = random.Random(f"{seed}/{number}")
    kind, make = rng.choices(list(KINDS.items()), [weight for weight, _ in KINDS.values()])[0]
    made = make[1](rng)
    if isinstance(made, bytes):
        return Mutant(number, kind, made, is_http=False, half_closes=rng.random() < 0.3 or not made.strip())
    path = rng.choice(
        ("/predict", "/predict", "/predict?seen=1", "/explain", "/explain?digit=4", "/corrections?label=3")
    )
    return Mutant(number, kind, http("POST", path, made, odd_headers(rng) if rng.random() < 0.2 else []))


def http(method: str, path: str, body: Body, headers: list[tuple[str, str]] | None = None) -> bytes:
    """A well-formed request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers or [])]
    if body.content_type is not None:
        lines.append(f"Content-Type: {body.content_type}")
    lines.append(f"Content-Length: {len(body.data)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body.data


def odd_headers(rng: random.Random) -> list[tuple[str, str]]:
    """Unusual headers that HTTP allows."""
    return rng.sample(
        [
            ("X-Request-ID", rng.choice(("a-b.c", "x" * 65, "\x7f\xff", "a b", "<script>", ""))),
            ("Origin", rng.choice(("null", "http://evil.example", "http://[", "http://127.0.0.1", ""))),
            ("Authorization", rng.choice(("Bearer", "Bearer \xe9", "Basic eDp5", "x" * 5000))),
            ("Cookie", rng.choice(("a=b; " * 500, "=;=", '"', "\xff"))),
            ("Range", rng.choice(("bytes=0-", "bytes=-1", "bytes=9-1,3-", "x"))),
            ("If-Modified-Since", rng.choice(("Thu, 01 Jan 1970 00:00:00 GMT", "x", "Thu, 99 Xyz 99999 99:99:99 GMT"))),
            ("Accept", "a/b" * 500),
            ("X-Forwarded-For", rng.choice(("1.2.3.4", "x", "[::1]:1"))),
            ("Forwarded", rng.choice(("for=1.2.3.4", ";;=", 'for="'))),
            ("X-HTTP-Method-Override", "DELETE"),
            ("Accept-Encoding", "gzip;q=x"),
            ("Access-Control-Request-Method", "POST"),
        ],
        rng.randint(1, 4),
    )


def odd_address(rng: random.Random) -> bytes | Body:
    """A request with an unusual or unknown method or path."""
    method = rng.choice(
        ("GET", "GET", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "X", "POST")
    )
    path = rng.choice((
        "/", "/api", "/healthz", "/readyz", "/metrics", "/openapi.json", "/corrections.zip", "/predict", "/static/",
        "/static/main.js", "/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2f..%2fetc/passwd", "//",
        "/%",
        "/static//etc/passwd", "/static/main.js/..", "/static/%00", "/%ff%fe", "/" + "a" * 3000, "/a" * 2000, "*", "x",
        "/predict/", "/PREDICT", "/predict%00", "/predict;a=b", "/static/\\..\\server.py", "//evil.example/predict",
        "/static/.", "/healthz?" + "a=b&" * 1000, "/predict?seen=%ff", "/?%", "/?=&&=", "/healthz#x", "/.git/config",
        "/corrections?label=%d9%a3", "http://127.0.0.1/healthz", "http://evil.example:99999/", "/static/%0d%0aX:1",
    ))  # fmt: skip
    return http(method, path, Body(rng.choice((b"", b"", b"x")), None), odd_headers(rng))


def broken_http(rng: random.Random) -> bytes:
    """A request with broken HTTP, or with a wrong Content-Length."""
    body = rng.choice((picture_body, json_body, multipart_body))(rng)
    whole = http("POST", "/predict", body, odd_headers(rng) if rng.random() < 0.3 else [])
    head, _, content = whole.partition(b"\r\n\r\n")
    how = rng.randrange(9)
    if how == 0:
        return mutated(head, rng) + b"\r\n\r\n" + content
    if how == 1:
        return mutated(whole, rng)
    if how == 2:
        line = rng.choice((
            b"GET", b"", b"GET /", b"GET / HTTP/9.9", b"GET / HTTP/1.1 x", b"\0\0\0", b"GET  / HTTP/1.1",
            b"get / http/1.1",
            b"GET http://[ HTTP/1.1", b"GET /\xff HTTP/1.1", b"POST /predict HTTP/1.0",
            b"GET http://[::1%25x]/ HTTP/1.1",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0", b"GET " + b"/" * 70_000 + b" HTTP/1.1",
            b"GET / HTTP/1.1\nX: y", b"G\xc3\x89T / HTTP/1.1", b"GET //[ HTTP/1.1",
            b"GET http://\xe2\x84\x80/ HTTP/1.1",
        ))  # fmt: skip
        return line + head[head.index(b"\r\n") :] + b"\r\n\r\n" + content
    if how == 3:
        lie = rng.choice((
            b"-1", b"+5", b"0x10", b"1e3", b"", b" ", b"5, 5", b"5, 6", b"9" * 30, b"9" * 5000,
            b"%d" % (len(content) + 9),
            b"%d" % (len(content) // 2), b"0", b"99999999", b"\xd9\xa3", b"5\x00", b"1_0", b"16777217", b"16777216",
        ))  # fmt: skip
        return re.sub(rb"Content-Length: \d+", lambda _: b"Content-Length: " + lie, head) + b"\r\n\r\n" + content
    if how == 4:
        more = rng.choice((
            b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, gzip",
            b"Transfer-Encoding: \x0bchunked", b"Transfer-Encoding: identity", b"Content-Length: 3", b": x",
            b"no colon",
            b" folded: x", b"X\0: y", b"X : y", b"X: \x00", b"Expect: 100-continue", b"Expect: x",
            b"Connection: upgrade",
            b"Connection: close", b"Content_Length: 5", b"X: " + b"y" * 300_000, b"X: y\r\n" * 20_000,
            b"Host: a\r\nHost: b",
            b"Connection: keep-alive, close", b"Upgrade: h2c", b"HTTP2-Settings: x", b"Transfer-Encoding: ,",
            b"X: a\rb",
        ))  # fmt: skip
        return head + b"\r\n" + more + b"\r\n\r\n" + content
    if how == 5:
        return head[: rng.randrange(len(head))]
    if how == 6:
        return whole[: -rng.randint(1, max(1, len(content)))]
    head = re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", head)
    return head + b"\r\n\r\n" + chunked(content, rng)


def chunked(content: bytes, rng: random.Random) -> bytes:
    """``content`` in chunked encoding, perhaps with invalid chunks."""
    sent = b""
    while content:
        piece, content = content[: (size := rng.choice((1, 10, 1000, 8000)))], content[size:]
        sent += b"%x%s\r\n%s\r\n" % (len(piece), rng.choice((b"", b"", b";a=b", b';a="b"')), piece)
        if rng.random() < 0.05:
            sent += rng.choice((
                b"-1\r\n", b"g\r\n", b"\r\n", b"ffffffffffffffffff\r\nx", b"5\r\nab", b"5;=\r\n", b"0x5\r\n",
                b" 5\r\n", b"5 \r\n",
                b"1" * 20_000, b"0" * 5000 + b"5\r\nabcde\r\n", b"5\nabcde\n", b"3\r\nabcdef\r\n", b"0\r\n\r\n",
            ))  # fmt: skip
    return sent + rng.choice(
        (b"0\r\n\r\n", b"0\r\n\r\n", b"0\r\nTrailer: x\r\n\r\n", b"0\r\n", b"", b"0\r\n" + b"x" * 20_000)
    )


def two_at_once(rng: random.Random) -> bytes:
    """Several requests sent without waiting for answers (pipelined)."""
    return b"".join(http("POST", "/predict", picture_body(rng)) for _ in range(rng.randint(2, 4)))


KINDS: dict[str, tuple[int, Callable[[random.Random], bytes | Body]]] = {
    "picture": (40, picture_body),
    "JSON": (20, json_body),
    "multipart": (14, multipart_body),
    "form": (4, form_body),
    "odd type": (2, odd_body),
    "address": (6, odd_address),
    "broken HTTP": (12, broken_http),
    "pipelined": (2, two_at_once),
}


# ---------------------------------------------------------------------------------------------- answers


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The error's code; empty if there is no error."""
        try:
            return json.loads(self.body)["error"]["code"]
        except (ValueError, LookupError, TypeError):
            return ""


def take_answer(received: bytearray, is_head: bool) -> Answer | None:
    """Remove the first complete answer from ``received`` and return it; None while it is incomplete."""
    while True:
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return None
        line, *lines = received[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(line.split(" ")[1])
        if 100 <= status < 200:
            del received[: end + 4]
            continue
        is_bodiless = is_head or status in (204, 304)
        length = 0 if is_bodiless else int(headers.get("content-length", 0))
        if len(received) < end + 4 + length:
            return None
        body = bytes(received[end + 4 : end + 4 + length])
        del received[: end + 4 + length]
        return Answer(status, headers, body)


def complaint(answer: Answer, is_head: bool = False) -> str:
    """What is wrong with ``answer``, whatever was requested; empty if nothing is."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if answer.headers.get("x-content-type-options") != "nosniff":
        return "browsers may guess its type"
    if answer.status in (204, 304) or is_head:
        return "" if answer.status < 500 or answer.status == 503 else "an internal error"
    if "content-length" not in answer.headers:
        return "its length is not told"
    if answer.status == 200 and kind != "application/json":
        return "" if kind in (*KINDS_OF_TEXT, "application/zip") else f"an answer of type {kind!r}"
    try:
        given = json.loads(answer.body)
    except ValueError:
        return "its body is not JSON"
    if answer.status == 200:
        return complaint_of_good(given)
    return complaint_of_error(given, answer.status)


def complaint_of_error(given: object, status: int | None) -> str:
    """What is wrong with an error answer; ``status`` is None for the error of one picture of several."""
    try:
        code, message = given["error"]["code"], given["error"]["message"]
    except (TypeError, LookupError):
        return "an error, but not of the contract's form"
    if code == "internal":
        return "an internal error"
    if code not in STATUS or status not in (None, STATUS[code]):
        return f"{code} with {status}"
    return "" if message.endswith(".") and str(HOME) not in message and "\n" not in message else f"message: {message}"


def complaint_of_good(given: object) -> str:
    """What is wrong with a JSON answer of status 200."""
    if not isinstance(given, dict):
        return "JSON, but no object"
    if "predictions" in given:
        for one in given["predictions"]:
            wrong = complaint_of_error(one, None) if "error" in one else complaint_of_good(one)
            if wrong:
                return wrong
        return ""
    if "digit" not in given:
        return "" if {"status", "openapi", "label"} & set(given) else f"who asked for {sorted(given)}?"
    probabilities = given["probabilities"]
    is_sound = (
        len(probabilities) == 10
        and all(0 <= probability <= 1 for probability in probabilities)
        and abs(sum(probabilities) - 1) < 1e-4
        and given["confidence"] == max(probabilities) == probabilities[given["digit"]]
        and isinstance(given["certain"], bool)
    )
    return "" if is_sound else f"no sound prediction: {given}"


# ---------------------------------------------------------------------------------------------- the run


@dataclass
class Pending:
    """A separate connection for one request with broken HTTP."""

    mutant: Mutant
    connection: socket.socket
    since: float
    received: bytearray = field(default_factory=bytearray)
    answer: Answer | None = None


@dataclass
class Fuzzing:
    """A server's answers to the mutants, and what was wrong with them."""

    port: int
    pid: int
    log: Path
    seed: int
    folder: Path  # for requests with a wrong answer
    counts: Counter = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    kept_alive: socket.socket | None = None
    good: dict[Path, object] = field(default_factory=dict)
    memory: dict[int, float] = field(default_factory=dict)  # MiB, by the number of requests sent

    def run(self, numbers: range, is_quiet: bool = False) -> None:
        """Send the mutants of these ``numbers``, and check answers, log and memory."""
        log = self.log.open(encoding="utf-8", errors="replace")
        self.ask_good()
        every = max(1, round(len(numbers) * WARM_UP))
        with tqdm(numbers, unit=" requests", disable=is_quiet) as bar:
            for number in bar:
                if (sent := number - numbers.start) and sent % every == 0:
                    self.settle(0)
                    self.memory[sent] = resident(self.pid)
                one = mutant(self.seed, number)
                self.ask(one) if one.is_http else self.begin(one)
                if number % GOOD_EVERY == GOOD_EVERY - 1:
                    self.ask_good()
                if SIGNS_OF_A_BUG.search(written := log.read()):
                    self.complain(one, f"an exception in the log, at this request or one shortly before:\n{written}")
        self.settle(0)
        self.ask_good()
        self.memory[len(numbers)] = resident(self.pid)
        if SIGNS_OF_A_BUG.search(written := log.read()):
            self.complaints.append(f"an exception in the log:\n{written}")
        log.close()
        if self.kept_alive:
            self.kept_alive.close()

    def ask(self, one: Mutant) -> Answer | None:
        """Send ``one`` over the kept-alive connection, and check and return the answer."""
        self.kept_alive = self.kept_alive or self.connected()
        received = bytearray()
        answer = None
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # an answer may still have arrived
                self.kept_alive.sendall(one.data)
            while not answer:
                received += (more := self.kept_alive.recv(1 << 16))
                answer = take_answer(received, one.is_head)
                if not more and not answer:
                    raise ConnectionError("hung up without an answer")
        except OSError as error:
            self.complain(one, f"{type(error).__name__}: {error}")
            self.hang_up()
            return None
        self.judge(one, answer)
        if received:
            self.complain(one, f"more than one answer: {bytes(received[:200])!r}")
            self.hang_up()
        elif answer.headers.get("connection", "").lower() == "close":
            if answer.status == 200:
                self.complain(one, "hung up after a good request")
            self.hang_up()
        return answer

    def begin(self, one: Mutant) -> None:
        """Send ``one`` over a connection of its own; `settle` checks the outcome later."""
        connection = self.connected()
        try:
            connection.sendall(one.data)
            if one.half_closes:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError, OSError) as error:
            if isinstance(error, TimeoutError):
                self.complain(one, "the server takes nothing more")
        connection.setblocking(False)
        self.pending.append(Pending(one, connection, time.monotonic()))
        self.settle(MOST_PENDING)

    def settle(self, most: int) -> None:
        """Check the pending connections, until at most ``most`` are left."""
        is_first = True
        while self.pending and (is_first or len(self.pending) > most):
            ready, _, _ = select.select([one.connection for one in self.pending], [], [], 0 if is_first else 0.2)
            is_first = False
            for one in list(self.pending):
                if one.connection in ready and self.is_over(one):
                    one.connection.close()
                    self.pending.remove(one)
                elif time.monotonic() - one.since > PATIENCE:
                    self.complain(one.mutant, "neither an answer nor an end" if not one.answer else "not closed")
                    one.connection.close()
                    self.pending.remove(one)

    def is_over(self, one: Pending) -> bool:
        """Read and check what has arrived; whether no more is expected."""
        try:
            more = one.connection.recv(1 << 16)
        except BlockingIOError:
            return False
        except ConnectionError:
            more = b""
        one.received += more
        while answer := take_answer(one.received, one.mutant.is_head):
            self.judge(one.mutant, answer)
            one.answer = answer
        if more:
            return bool(one.answer) and one.answer.headers.get("connection", "").lower() != "close"
        if one.received:
            self.complain(one.mutant, f"half an answer: {bytes(one.received[:200])!r}")
        elif not one.answer:
            self.counts["closed without an answer"] += 1
            if not one.mutant.half_closes:
                self.complain(one.mutant, "hung up without an answer")
        return True

    def judge(self, one: Mutant, answer: Answer) -> None:
        self.counts[f"{answer.status} {answer.code}".strip()] += 1
        if wrong := complaint(answer, one.is_head):
            self.complain(one, f"{answer.status}: {wrong}")

    def complain(self, one: Mutant, what: str) -> None:
        """Record ``what`` is wrong, and save the request."""
        path = self.folder / f"fuzz-{self.seed}-{one.number}.request"
        path.write_bytes(one.data)
        self.complaints.append(f"{one.kind}, {path}: {what}")

    def ask_good(self) -> None:
        """Check that ten good pictures are read right, and as before."""
        for path in sorted(handwriting.DATA.iterdir()):
            one = Mutant(-1, "good", http("POST", "/predict", Body(path.read_bytes(), "image/png")))
            answer = self.ask(one)
            given = json.loads(answer.body) if answer else {}
            given.pop("milliseconds", None)
            if given.get("digit") != int(path.stem) or given != self.good.setdefault(path, given):
                self.complain(one, f"{path.name} was read as {given}")

    def connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def hang_up(self) -> None:
        if self.kept_alive:
            self.kept_alive.close()
        self.kept_alive = None

    @property
    def growth(self) -> float:
        """The growth of resident memory since the warm-up, in MiB."""
        first, *then = self.memory.values()
        return then[-1] - first if then else 0.0


def resident(pid: int) -> float:
    """The resident memory of the process ``pid`` in MiB; 0 on systems without /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="send this one alone")
    parser.add_argument("--save", type=Path, default=Path(), metavar="DIR", help="folder for requests that went wrong")
    options = parser.parse_args()
    numbers = range(options.requests) if options.only is None else range(options.only, options.only + 1)
    from conftest import start_server

    with tempfile.TemporaryDirectory() as folder:
        server = start_server(Path(folder), *FLAGS)
        fuzzing = Fuzzing(server.port, server.process.pid, server.log, options.seed, options.save)
        started = time.monotonic()
        try:
            fuzzing.run(numbers)
            if server.process.poll() is not None:
                fuzzing.complaints.append(f"the server ended with {server.process.returncode}")
        finally:
            if server.process.poll() is None:
                try:
                    status = server.stop()
                except subprocess.TimeoutExpired:
                    server.process.kill()
                    status = None
                if status != 0:
                    fuzzing.complaints.append(f"the server did not end well when told to: {status}")
    if fuzzing.growth > MOST_GROWTH:
        fuzzing.complaints.append(f"memory grew by {fuzzing.growth:.1f} MiB, more than {MOST_GROWTH:g}")
    for what, number in fuzzing.counts.most_common():
        print(f"{number:7} {what}")
    for sent, mebibytes in fuzzing.memory.items():
        print(f"{mebibytes:7.1f} MiB resident after {sent} requests")
    print(f"{len(numbers)} mutants in {time.monotonic() - started:.0f} s, {len(fuzzing.complaints)} complaints")
    for what in fuzzing.complaints:
        print(what)
    return 1 if fuzzing.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
