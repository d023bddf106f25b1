"""Promises about limits: what is too large, too slow or too much is refused in time, and harms nobody else."""

import argparse
import base64
import gc
import http.client
import io
import json
import re
import select
import socket
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote_plus

import handwriting
import pytest
from conftest import HOME, LINE_TIMEOUT, RunningServer, encode, png, started
from PIL import Image
from test_corrections import called
from test_server import PICTURES, Answer, ask, data_url, post

import net.recognizer
import server as server_module
from net.arguments import whole_number
from net.batching import DeadlineError
from net.corrections import Correction, Corrections
from net.decoding import LONGEST_SIDE
from net.recognizer import Recognizer
from net.serving.connections import OVERLOADED_PROBLEM, BoundedDispatcher
from net.serving.sockets import affordable

NINE = PICTURES[9].read_bytes()
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"


@contextmanager
def connected(server: RunningServer, sent: bytes = b"") -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), LINE_TIMEOUT) as connection:
        connection.sendall(sent)
        yield connection


def answered(connection: socket.socket) -> Answer:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return Answer(answer)


def whole(picture: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(picture), picture)


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def slow_picture() -> bytes:
    """A picture that takes a good part of a second to read: 49 million pixels in a file of 150 kB."""
    page = Image.new("RGB", (7000, 7000), "white")
    page.paste(handwriting.render(handwriting.by_hand(3)).convert("RGB").resize((900, 900)), (3000, 3000))
    return png(page)


# ---------------------------------------------------------------------------------------------- too much to parse


# In upper and lower case, like the boundaries that browsers make up.
BOUNDARY = "multipart/form-data; boundary=WebKitX"
PART = b'--WebKitX\r\nContent-Disposition: form-data; name="image"; filename="9"\r\n'
FORM = "application/x-www-form-urlencoded"
LABOURS = {
    "a header of many lines": (PART + b" a\r\n" * 4_000_000 + b"\r\n\r\n--WebKitX--\r\n", BOUNDARY, "no_image"),
    "a header of many lines, but fewer": (
        PART + b" a\r\n" * 490_000 + b"\r\n" + NINE + b"\r\n--WebKitX--\r\n",
        BOUNDARY,
        "no_image",
    ),
    "many parts": ((PART + b"\r\n\r\n") * 200_000 + b"--WebKitX--\r\n", BOUNDARY, "no_image"),
    "many lines": (PART + b"\r\n" + NINE + b"\r\n" * 7_900_000 + b"--WebKitX--\r\n", BOUNDARY, "no_image"),
    "two boundaries": (
        PART + b"\r\n" + NINE + b"\r\n--WebKitX--\r\n",
        "multipart/form-data; boundary=y; boundary=WebKitX",
        "no_image",
    ),
    "many strokes": (b'{"strokes": [%s[]]}' % (b"[]," * 5_000_000), "application/json", "bad_json"),
    "many points": (b'{"strokes": [[%s[1,2]]]}' % (b"[1,2]," * 2_500_000), "application/json", "bad_json"),
    "many objects": (b'{"a": [%s{}]}' % (b'{"a":1},' * 2_000_000), "application/json", "bad_json"),
    "many fields": (b"a&" * 8_000_000 + b"image=" + quote_plus(data_url(PICTURES[9])).encode(), FORM, "no_image"),
    "a data URL of many parameters": (
        b'{"image": "data:image/png%s;base64,"}' % (b";a=a" * 4_000_000),
        "application/json",
        "bad_data_url",
    ),
    "many escapes": (b"image=" + b"%41" * 5_000_000, FORM, "no_image"),
}


@pytest.mark.parametrize("kind", LABOURS)
def test_what_would_take_minutes_to_take_apart_is_refused(server: RunningServer, kind: str):
    body, content_type, code = LABOURS[kind]
    assert post(server, body, content_type).error == (400, code)


def test_a_jpeg_that_goes_over_its_pixels_again_and_again_is_refused(server: RunningServer):
    content = encode(Image.open(PICTURES[3]).convert("RGB"), "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    assert post(server, content, "image/jpeg").json["digit"] == 3
    often = content[:last] + content[last:-2] * 60 + content[-2:]
    assert post(server, often, "image/jpeg").error == (422, "unreadable_image")
    in_pieces = content[:2] + b"\xff\xe0\0\2" * 4_000_000 + content[2:]
    assert post(server, in_pieces, "image/jpeg").error == (422, "unreadable_image")


# ---------------------------------------------------------------------------------------------- too large


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with started(tmp_path_factory.mktemp("small"), "--max-body", "0.5", "--max-pixels", "0.1") as running:
        yield running


def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(small: RunningServer):
    with connected(small, HEAD + b"Content-Length: 524289\r\n\r\n") as connection:
        assert answered(connection).error == (413, "too_large")
    with connected(small, HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n") as connection:
        assert answered(connection).error == (400, "bad_request")


def test_who_asks_before_sending_a_body_is_told_what_is_so(small: RunningServer):
    """Expect: 100-continue gets a 100 if the body will be accepted, else the error."""
    expecting = HEAD + b"Expect: 100-continue\r\n"
    for length, error in ((b"524289", (413, "too_large")), (b"some", (400, "bad_request"))):
        with connected(small, expecting + b"Content-Length: " + length + b"\r\n\r\n") as connection:
            assert answered(connection).error == error
    with connected(small, expecting + b"Content-Length: %d\r\n\r\n" % len(NINE)) as connection:
        assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(NINE)
        assert answered(connection).json["digit"] == 9


def test_who_expects_to_go_on_without_a_body_is_answered_and_so_is_the_next_request(small: RunningServer):
    asking = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-ID: %s\r\n%s\r\n"
    with connected(small, asking % (b"one", b"Expect: 100-continue\r\n")) as connection:
        assert answered(connection).headers["X-Request-ID"] == "one"
        connection.sendall(asking % (b"two", b""))
        assert answered(connection).headers["X-Request-ID"] == "two"


def test_a_body_in_chunks_is_refused_once_it_is_too_large(small: RunningServer):
    chunk = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
    with connected(small, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + 9 * chunk) as connection:
        assert answered(connection).error == (413, "too_large"), "before the last chunk"


@pytest.mark.parametrize("line", [b"1" * 20_000, b"5;a=" + b"b" * 20_000, b"0\r\n" + b"x" * 20_000])
def test_a_line_between_chunks_may_not_grow_for_ever(small: RunningServer, line: bytes):
    with connected(small, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + line) as connection:
        assert answered(connection).error == (400, "bad_request"), "before the line has ended"


def test_a_body_may_come_in_small_chunks_but_not_in_far_more_of_them_than_bytes(server: RunningServer):
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    by_bytes = b"".join(b"1\r\n%c\r\n" % byte for byte in NINE)
    for body in (by_bytes, by_bytes + 20_000 * (b"c\r\n" + bytes(12) + b"\r\n")):
        with connected(server, chunked + body + b"0\r\n\r\n") as connection:
            assert answered(connection).json["digit"] == 9
    with connected(server, chunked + 20_000 * b"1\r\n0\r\n") as connection:
        assert answered(connection).error == (400, "bad_request"), "before the last chunk"


def test_a_body_may_be_as_large_as_is_said(small: RunningServer):
    assert post(small, NINE + bytes(524288 - len(NINE)), "image/png").json["digit"] == 9
    assert post(small, NINE + bytes(524289 - len(NINE)), "image/png").error == (413, "too_large")


def test_more_pixels_than_are_said_are_refused(small: RunningServer):
    assert post(small, png(Image.new("L", (400, 251))), "image/png").error == (413, "too_large")
    assert post(small, png(handwriting.render(handwriting.by_hand(2), 300)), "image/png").json["digit"] == 2


@pytest.mark.parametrize("size", [(1, 1_000_000), (1_000_000, 1), (1, 10_000_000), (3, 65_535), (1, 1)], ids=str)
@pytest.mark.parametrize("content", ["blank", "a dot", "stripes"])
def test_strips_are_read_or_refused(server: RunningServer, size: tuple[int, int], content: str):
    strip = Image.new("L", size, 255)
    if content == "a dot":
        strip.putpixel((size[0] // 2, size[1] // 2), 0)
    elif content == "stripes":
        strip = Image.frombytes("L", size, bytes([0, 255, 255]) * (size[0] * size[1] // 3 + 1))
    answer = post(server, png(strip), "image/png")
    if max(size) > LONGEST_SIDE:
        assert answer.error == (413, "too_large")
    else:
        assert answer.status == 200 or answer.error == (422, "blank_image")


def bomb(width: int, height: int) -> bytes:
    """A PNG that claims ``width`` x ``height`` pixels, and has about a kilobyte of compressed zeros."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(1 << 20))),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


@pytest.mark.parametrize(
    ("width", "height", "error"),
    [
        (2**31 - 1, 2**31 - 1, (413, "too_large")),
        (1, 2**31 - 1, (413, "too_large")),
        (7000, 7000, (422, "unreadable_image")),
        (0, 10, (422, "unreadable_image")),
    ],
)
def test_what_would_burst_memory_is_refused(server: RunningServer, width: int, height: int, error: tuple[int, str]):
    assert post(server, bomb(width, height), "image/png").error == error


@pytest.mark.parametrize("kept", [0.03, 0.5, 0.9])
@pytest.mark.parametrize("path", PICTURES[:5], ids=lambda path: path.name)
def test_files_cut_short_are_told(server: RunningServer, path: Path, kept: float):
    data = path.read_bytes()
    answer = post(server, data[: int(kept * len(data))], "image/png")
    assert answer.error == (422, "unreadable_image")


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG"])
def test_of_a_film_of_a_thousand_frames_the_first_is_read(server: RunningServer, image_format: str):
    first = handwriting.render(handwriting.by_hand(4), 60).convert("L")
    others = [first.point(lambda tone, shade=number: min(tone, 100 + shade % 7 * 20)) for number in range(999)]
    film = encode(first, image_format, save_all=True, append_images=others, duration=20)
    assert Image.open(io.BytesIO(film)).n_frames == 1000
    assert post(server, film, "image/png").json["digit"] == 4
    if image_format == "GIF":
        assert post(server, film[: len(film) // 2], "image/png").json["digit"] == 4, "other frames must not be read"


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_file_that_lies_about_its_type_is_read_as_what_it_is(server: RunningServer, path: Path):
    for lie in ("image/png", "image/jpeg", "image/x-icon"):
        assert post(server, path.read_bytes(), lie).json["digit"] == int(path.stem)


@pytest.mark.parametrize("start", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"RIFF\x40\0\0\0WEBPVP8 "])
def test_the_beginning_of_a_picture_is_no_picture(server: RunningServer, start: bytes):
    for rest in (b"", bytes(100), PICTURES[0].read_bytes(), b"%PDF-1.7 <script>" * 20):
        answer = post(server, start + rest, "image/png")
        assert answer.error == (422, "unreadable_image")


@pytest.mark.parametrize(
    "content", [b"%!PS-Adobe-3.0 EPSF-3.0\n", b"II*\0\x08\0\0\0", b"\0\0\1\0\1\0", b"<svg/>", b"8BPS\0\1"]
)
def test_other_formats_are_not_even_tried(server: RunningServer, content: bytes):
    assert post(server, content + bytes(200), "image/png").error == (422, "unreadable_image")


# ---------------------------------------------------------------------------------------------- too slow


STALLED = {
    "no request": b"",
    "half a header": b"POST /predict HT",
    "half a body": HEAD + b"Content-Length: 1000\r\n\r\nhalf",
    "half a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n64\r\nhalf",
    "one that waits to go on": HEAD + b"Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n",
}


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    flags = ["--threads", "1", "--header-seconds", "0.5", "--body-seconds", "0.5", "--idle-seconds", "0.5"]
    with started(tmp_path_factory.mktemp("hasty"), *flags) as running:
        yield running


@pytest.mark.parametrize("kind", STALLED)
def test_who_stalls_is_told_and_hung_up_on(hasty: RunningServer, kind: str):
    with connected(hasty, STALLED[kind]) as connection:
        if kind == "one that waits to go on":
            assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        if kind != "no request":
            assert answered(connection).error == (408, "timeout")
        assert is_closed(connection)


def test_who_speaks_tls_is_answered_and_not_waited_for(hasty: RunningServer):
    with connected(hasty, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03") as connection:
        assert answered(connection).error == (400, "bad_request"), "TLS is recognised, not timed out"
    with connected(hasty, HEAD + b"Content-Length: 4\r\n\r\n") as connection:
        connection.sendall(b"\x16\x03\x01\x02")
        assert answered(connection).error == (422, "unreadable_image"), "a body may begin with the same bytes"


@pytest.mark.parametrize(("start", "drop"), [(b"GET / HTTP/1.1\r\nX: ", b"x"), (STALLED["half a body"], b"x")])
def test_who_sends_byte_by_byte_is_told_as_well(hasty: RunningServer, start: bytes, drop: bytes):
    deadline = time.monotonic() + LINE_TIMEOUT
    with connected(hasty, start) as connection:
        while not select.select([connection], [], [], 0.1)[0] and time.monotonic() < deadline:
            connection.sendall(drop)
        assert answered(connection).error == (408, "timeout")


def test_a_body_may_take_longer_to_arrive_than_a_header(tmp_path: Path):
    with (
        started(tmp_path, "--header-seconds", "0.5", "--body-seconds", str(10 * LINE_TIMEOUT)) as running,
        connected(running, whole(NINE)[:-100]) as slow,
        connected(running, STALLED["half a header"]) as too_slow,
    ):
        assert answered(too_slow).error == (408, "timeout")
        slow.sendall(whole(NINE)[-100:])
        assert answered(slow).json["digit"] == 9


def test_who_sends_empty_lines_holds_no_connection(hasty: RunningServer):
    deadline = time.monotonic() + LINE_TIMEOUT
    with connected(hasty) as connection, suppress(OSError):
        while not select.select([connection], [], [], 0.1)[0] and time.monotonic() < deadline:
            connection.sendall(b"\r\n\r\n")
    assert time.monotonic() < deadline


def test_a_byte_sent_as_urgent_ends_the_connection_and_not_the_calm(hasty: RunningServer):
    with connected(hasty) as connection:
        connection.send(b"x", socket.MSG_OOB)
        assert is_closed(connection)
    assert hasty.log.read_text().count("priority") == 0


def test_who_takes_no_answer_holds_no_connection(tmp_path: Path):
    with started(tmp_path, "--connections", "1", "--idle-seconds", "0.5") as running, socket.socket() as greedy:
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        greedy.connect(("127.0.0.1", running.port))
        greedy.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
        assert post(running, NINE, "image/png").json["digit"] == 9


def test_who_takes_no_answers_is_given_no_more_of_them(tmp_path: Path):
    asked = 190  # requests that arrive in one piece
    with started(tmp_path, "--threads", "1") as running, socket.socket() as greedy:
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        greedy.settimeout(LINE_TIMEOUT)
        greedy.connect(("127.0.0.1", running.port))
        greedy.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * asked)
        for _ in range(2 * asked):  # the one thread alternates between connections
            assert ask(running, "GET", "/healthz").status == 200
        told = ask(running, "GET", "/metrics").body.decode()
        given = re.search(r'digits_requests_total{route="/openapi.json",status="200"} (\d+)', told)
        assert 0 < int(given[1]) < asked
        answers = greedy.makefile("rb")
        for _ in range(asked):
            head = http.client.parse_headers(answers) if answers.readline() == b"HTTP/1.1 200 OK\r\n" else {}
            assert json.loads(answers.read(int(head["Content-Length"])))["openapi"], "all must be answered in the end"


FAILS_TO_REFUSE = """
import runpy, sys
from net.serving import connections

def fail(task):
    raise RuntimeError("a bug")

connections.ContractErrorTask.execute = fail
sys.argv = ["server.py", "--port", sys.argv[1], "--no-corrections"]
runpy.run_path("server.py", run_name="__main__")
"""


def test_who_cannot_even_be_refused_is_hung_up_on(tmp_path: Path):
    command = [sys.executable, "-c", FAILS_TO_REFUSE, "0"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=HOME, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        port = int(process.stdout.readline().rpartition(":")[2].partition("/")[0])
        with socket.create_connection(("127.0.0.1", port), LINE_TIMEOUT) as connection:
            connection.sendall(b"not http at all\r\n\r\n")
            assert is_closed(connection)
        process.terminate()
        assert process.wait(LINE_TIMEOUT) == 0, "no request may count as in flight"
    finally:
        process.kill()
        process.stdout.close()


def test_fifty_who_stall_hold_up_nobody(tmp_path: Path):
    with started(tmp_path, "--threads", "1") as running, ExitStack() as stalled:
        connections = [stalled.enter_context(connected(running, sent)) for sent in list(STALLED.values()) * 10]
        for path in PICTURES:
            assert post(running, path.read_bytes(), "image/png").json["digit"] == int(path.stem)
        assert select.select(connections[1::5], [], [], 0)[0] == [], "they still stall"
        connections[2].sendall(bytes(996))
        assert answered(connections[2]).error == (422, "unreadable_image"), "it may go on"


# ---------------------------------------------------------------------------------------------- too much


def test_bodies_that_are_more_together_than_is_kept_are_sent_away(tmp_path: Path):
    with started(tmp_path, "--max-bodies", "2", "--max-body", "1") as running, ExitStack() as open_ones:
        start = HEAD + b"Content-Length: 1040000\r\n\r\n" + bytes(1_000_000)
        connections = [open_ones.enter_context(connected(running, start)) for _ in range(3)]
        ready, _, _ = select.select(connections, [], [], LINE_TIMEOUT)
        assert [answered(one).error for one in ready] == [(503, "overloaded")]
        assert post(running, NINE, "image/png").json["digit"] == 9, "a small body is still accepted"
        other = next(one for one in connections if one not in ready)
        other.sendall(bytes(40_000))
        assert answered(other).error == (422, "unreadable_image"), "and so is one begun before"


def test_past_the_queue_requests_are_sent_away_and_those_in_it_answered(tmp_path: Path):
    with started(tmp_path, "--queue", "1", "--threads", "1") as running, ExitStack() as open_ones:
        picture = slow_picture()
        connections = [open_ones.enter_context(connected(running, whole(picture))) for _ in range(8)]
        answers = [answered(connection) for connection in connections]
        good = [answer for answer in answers if answer.status == 200]
        refused = [answer for answer in answers if answer.status != 200]
        assert good
        assert refused
        assert {answer.json["digit"] for answer in good} == {3}
        for answer in refused:
            assert answer.error == (503, "overloaded")
            assert int(answer.headers["Retry-After"]) > 0
        assert post(running, NINE, "image/png").json["digit"] == 9


def test_who_has_waited_past_the_deadline_is_dropped(tmp_path: Path):
    with started(tmp_path, "--threads", "1", "--deadline", "0.3") as running, ExitStack() as open_ones:
        sent = [whole(slow_picture())] * 8 + [whole(NINE)]
        answers = [answered(one) for one in [open_ones.enter_context(connected(running, each)) for each in sent]]
        dropped = [answer for answer in answers if answer.status != 200]
        assert dropped
        for answer in dropped:
            assert answer.error == (503, "overloaded")
            assert int(answer.headers["Retry-After"]) > 0
        assert post(running, NINE, "image/png").json["digit"] == 9, "a single request must be in time"


def test_of_many_pictures_those_are_read_that_there_is_time_for(tmp_path: Path):
    slow = "data:image/png;base64," + base64.b64encode(slow_picture()).decode()
    with started(tmp_path, "--deadline", "2") as running:
        answer = post(running, json.dumps({"images": [slow] * 60}).encode(), "application/json")
        assert answer.status == 200
        read = [one.get("digit") for one in answer.json["predictions"]]
        assert len(read) == 60
        first_late = read.index(None)
        assert set(read[:first_late]) == {3}
        for one in answer.json["predictions"][first_late:]:
            assert one["error"]["code"] == "overloaded"
            assert "fewer" in one["error"]["message"]


def test_what_comes_after_the_deadline_is_not_looked_at(monkeypatch: pytest.MonkeyPatch):
    decoded = []
    monkeypatch.setattr(net.recognizer, "prepare", lambda given, max_pixels: decoded.append(given))
    with pytest.raises(DeadlineError):
        Recognizer().recognize_all([NINE] * 30, deadline=time.monotonic())
    assert not decoded, "nobody waits any more"


def test_it_is_told_how_many_wait_for_the_one_thread_there_is(tmp_path: Path):
    Corrections(tmp_path / "corrections").add(Correction(bytes(40_000_000), 7, 2, 0.5, None))
    asking = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n"
    more_than_is_sent_at_once = asking % (b"/corrections.zip", b"Connection: close\r\n")
    with started(tmp_path, "--threads", "1") as running, ExitStack() as open_ones:
        takes_nothing = open_ones.enter_context(connected(running, more_than_is_sent_at_once))
        waiting = [
            open_ones.enter_context(connected(running, asking % (path, b"")))
            for path in (b"/metrics", *[b"/healthz"] * 8)
        ]
        last = asking % (b"/healthz", b"Expect: 100-continue\r\nContent-Length: 1\r\n")
        with connected(running, last) as after_them:
            assert after_them.recv(12) == b"HTTP/1.1 100", "by now all others have arrived"
        assert select.select(waiting, [], [], 0)[0] == []
        while takes_nothing.recv(1 << 20):
            pass
        assert b"\ndigits_queue_length 8.0\n" in answered(waiting[0]).body


def waiting_channel(error: int | None = None) -> SimpleNamespace:
    return SimpleNamespace(requests=[SimpleNamespace(error=error)], total_outbufs_len=0)


def test_past_the_queue_a_refusal_does_not_wait_and_keeps_its_own_reason():
    waiting, refused, too_large = waiting_channel(), waiting_channel(), waiting_channel(413)
    dispatcher = BoundedDispatcher(1)
    for channel in (waiting, refused, too_large):
        dispatcher.add_task(channel)
    assert [dispatcher.queue.popleft() for _ in range(3)] == [refused, too_large, waiting]
    assert [channel.requests[0].error for channel in (refused, too_large, waiting)] == [OVERLOADED_PROBLEM, 413, None]


def test_those_who_are_sent_away_and_ask_again_at_once_keep_nobody_from_being_answered():
    dispatcher = BoundedDispatcher(2)
    for _ in range(2 + 20):
        dispatcher.add_task(waiting_channel())
    answered_to = []
    for _ in range(60):
        channel = dispatcher.queue.popleft()
        answered_to.append(channel.requests[0].error is None)
        dispatcher.add_task(waiting_channel())
    assert answered_to.count(True) == 20
    assert len(dispatcher.queue) == 22, "as many wait as before"


def test_where_there_is_but_select_no_more_connections_are_let_in_than_it_takes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(select, "poll")
    assert affordable(1000) < 512
    assert affordable(5) == 5


def test_where_few_files_may_be_open_it_is_told_how_many_connections_are_let_in(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    resource = pytest.importorskip("resource", reason="needs a system that counts open files")
    monkeypatch.setattr(resource, "getrlimit", lambda which: (200, 200))
    monkeypatch.setattr(resource, "setrlimit", lambda which, limits: None)
    assert 1 < affordable(1000) < 200
    assert f"allows {affordable(1000)} connections, not 1000" in caplog.text
    caplog.clear()
    assert affordable(2) == 2
    assert not caplog.text


REFUSED = {
    "blank": ("image/png", lambda blank: blank),
    "unreadable": ("image/png", lambda blank: blank[:-100]),
    "many": ("multipart/form-data; boundary=x", lambda blank: multipart([blank] * 20)),
    "many, in JSON": (
        "application/json",
        lambda blank: b'{"images": ["data:image/png;base64,%s", "none"]}' % base64.b64encode(blank),
    ),
    "no JSON": ("application/json", lambda blank: blank),
}


@pytest.mark.parametrize("what", REFUSED)
def test_of_pictures_in_which_nothing_was_read_nothing_is_held(what: str):
    app = server_module.create_app(corrections=None)
    content_type, body_of = REFUSED[what]
    body = body_of(png(Image.new("RGB", (280, 280), "white")))
    called(app, "POST", "/predict", body, CONTENT_TYPE=content_type)
    gc.collect()
    gc.disable()  # which would find it, some time
    try:
        called(app, "POST", "/predict", body, CONTENT_TYPE=content_type)
        assert gc.collect() == 0
    finally:
        gc.enable()


def multipart(pictures: list[bytes]) -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    return b"".join(head + picture + b"\r\n" for picture in pictures) + b"--x--\r\n"


def test_chunks_that_a_server_in_front_cannot_read_are_no_fault_of_the_application():
    class Broken:
        def read(self, size: int) -> bytes:
            raise Exception("Invalid chunk size")  # as gunicorn does

    app = server_module.create_app(corrections=None)
    through = {"wsgi.input": Broken(), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    status, _, content = called(app, "POST", "/predict", CONTENT_TYPE="image/png", CONTENT_LENGTH="", **through)
    assert (status[:3], json.loads(content)["error"]["code"]) == ("400", "bad_request")


def test_zeros_before_a_number_are_no_part_of_it():
    assert whole_number(1)(5000 * "0" + "7") == 7
    for text in (5000 * "0", 5000 * "7", "", "seven"):
        with pytest.raises(argparse.ArgumentTypeError, match="must be a whole number from 1 to 999,999,999"):
            whole_number(1)(text)


@pytest.mark.parametrize("most", [1, 5])
def test_past_the_most_connections_who_comes_waits_until_another_leaves(tmp_path: Path, most: int):
    health = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with started(tmp_path, "--connections", str(most)) as running, ExitStack() as open_ones:
        held = [open_ones.enter_context(connected(running, health)) for _ in range(most)]
        assert {answered(one).status for one in held} == {200}
        waits = open_ones.enter_context(connected(running, health))
        held[-1].sendall(whole(NINE))
        assert answered(held[-1]).json["digit"] == 9, "open ones must be served"
        assert select.select([waits], [], [], 0)[0] == []
        held[0].close()
        assert answered(waits).status == 200
