"""Promises of the HTTP contract to clients of a running server.py."""

import base64
import gzip
import hashlib
import http.client
import io
import json
import os
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import zlib
from functools import partial
from pathlib import Path

import handwriting
import hard_pictures
import pytest
import torch
from conftest import HOME, LINE_TIMEOUT, RunningServer, children, encode, png, python, start_server, write_fewer
from PIL import Image, ImageDraw, ImageOps

import net.recognizer
import server as server_module
from net.checkpoint import SHIPPED, CheckpointError, weights_path, with_advice
from net.latest import LatestRecognizer
from net.serving import sockets
from net.serving.limits import Limits
from net.serving.metrics import Metrics
from net.serving.observed import Observed
from net.serving.start import announcement
from net.serving.wsgi import ARRIVED

PICTURES = sorted(handwriting.DATA.iterdir())
MEDIA_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
    ".bmp": "image/bmp",
    ".webp": "image/webp",
}


class Answer:
    """An answer, whose body is usually JSON."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def json(self) -> dict:
        assert self.headers["Content-Type"].startswith("application/json"), self.body
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str]:
        error = self.json["error"]
        assert error["message"].rstrip().endswith((".", "...")), "a message must be a sentence"
        assert not any(word in error["message"] for word in ("Traceback", str(HOME), ".py", "\n"))
        return self.status, error["code"]


def ask(server: RunningServer, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=LINE_TIMEOUT)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def data_url(path: Path) -> str:
    return f"data:{MEDIA_TYPES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def as_multipart(server: RunningServer, path: Path, query: str = "") -> Answer:
    return multipart(server, path.read_bytes(), f'name="image"; filename="{path.name}"', query)


def multipart(server: RunningServer, content: bytes, disposition: str, query: str = "") -> Answer:
    body = b"--x\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n--x--\r\n" % (disposition.encode(), content)
    return ask(server, "POST", f"/predict{query}", body, Content_Type="multipart/form-data; boundary=x")


def as_raw_body(server: RunningServer, path: Path, query: str = "") -> Answer:
    return ask(server, "POST", f"/predict{query}", path.read_bytes(), Content_Type=MEDIA_TYPES[path.suffix])


def as_json(server: RunningServer, path: Path, query: str = "") -> Answer:
    body = json.dumps({"image": data_url(path)}).encode()
    return ask(server, "POST", f"/predict{query}", body, Content_Type="application/json")


def as_form(server: RunningServer, path: Path, query: str = "") -> Answer:
    body = urllib.parse.urlencode({"image": data_url(path)}).encode()
    return ask(server, "POST", f"/predict{query}", body, Content_Type="application/x-www-form-urlencoded")


def post(server: RunningServer, body: bytes, content_type: str | None) -> Answer:
    return ask(server, "POST", "/predict", body, **({"Content_Type": content_type} if content_type else {}))


FOUR_WAYS = [as_multipart, as_raw_body, as_json, as_form]


def test_json_ends_its_line_so_that_a_prompt_does_not_stick_to_it(server: RunningServer):
    for answer in (post(server, PICTURES[1].read_bytes(), "image/png"), ask(server, "GET", "/nowhere")):
        assert answer.json
        assert answer.body.endswith(b"}\n")
        assert answer.body.count(b"\n") == 1


@pytest.mark.parametrize("send", FOUR_WAYS)
@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_reads_ten_pictures_in_each_of_four_ways(server, send, path: Path):
    answer = send(server, path)
    assert answer.status == 200
    assert answer.json["digit"] == int(path.stem)
    assert answer.json["certain"] is True


def test_the_answer_is_the_contracts(server):
    answer = as_raw_body(server, PICTURES[7]).json
    assert set(answer) == {"digit", "confidence", "certain", "probabilities", "milliseconds"}
    assert len(answer["probabilities"]) == 10
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert answer["confidence"] == max(answer["probabilities"]) == answer["probabilities"][answer["digit"]]
    assert answer["milliseconds"] > 0


@pytest.mark.parametrize("digit", range(10))
def test_strokes_are_read_as_they_are(server, digit: int):
    body = json.dumps({"strokes": handwriting.by_hand(digit, seed=3)}).encode()
    answer = ask(server, "POST", "/predict?seen=1", body, Content_Type="application/json")
    assert (answer.status, answer.json["digit"], answer.json["certain"]) == (200, digit, True)
    assert answer.json["seen"].startswith("data:image/png;base64,")


def test_strokes_beside_a_picture_count_more_than_its_pixels(server):
    body = json.dumps({"image": data_url(PICTURES[2]), "strokes": handwriting.by_hand(7)}).encode()
    assert post(server, body, "application/json").json["digit"] == 7


def test_what_is_null_in_a_json_object_counts_as_left_out(server):
    body = json.dumps({"strokes": None, "images": None, "image": data_url(PICTURES[2])}).encode()
    assert post(server, body, "application/json").json["digit"] == 2


@pytest.mark.parametrize(
    ("strokes", "code"),
    [("7", "bad_strokes"), ([[1, 2]], "bad_strokes"), ([[["x", 0]]], "bad_strokes"), ([], "blank_image")],
    ids=str,
)
def test_strokes_that_are_none_are_refused(server, strokes: object, code: str):
    body = json.dumps({"strokes": strokes}).encode()
    assert post(server, body, "application/json").error == ({"bad_strokes": 400}.get(code, 422), code)


@pytest.mark.parametrize("send", FOUR_WAYS)
def test_seen_is_the_picture_of_28_by_28_when_asked_for(server, send):
    answer = send(server, PICTURES[3], "?seen=1").json
    kind, _, encoded = answer["seen"].partition(",")
    assert kind == "data:image/png;base64"
    seen = Image.open(io.BytesIO(base64.b64decode(encoded)))
    assert (seen.size, seen.mode, seen.getpixel((0, 0)), seen.getextrema()[1]) == ((28, 28), "L", 0, 255)
    for no in ("0", "False", "no", ""):
        assert "seen" not in send(server, PICTURES[3], f"?seen={no}").json


PLAIN = handwriting.render(handwriting.by_hand(3))


def with_a_speck() -> Image.Image:
    """A 3 with a speck beside it that is too small to be a part of it."""
    picture = PLAIN.convert("L")
    ImageDraw.Draw(picture).ellipse((8, 8, 18, 18), fill=0)
    return picture


@pytest.mark.parametrize(
    ("picture", "preparation"),
    [
        (png(PLAIN), []),
        (png(ImageOps.invert(PLAIN.convert("RGB"))), ["inverted"]),
        (png(with_a_speck()), ["parts_left_out"]),
        (hard_pictures.photograph(3, "shadow", 0), ["shadow_removed"]),
        (hard_pictures.photograph(3, "printed-box", 0), ["parts_left_out"]),
    ],
    ids=["nothing", "light ink", "a speck", "a photograph", "a box"],
)
def test_what_was_done_to_a_picture_is_told_with_what_was_seen(server, picture: bytes, preparation: list[str]):
    answer = ask(server, "POST", "/predict?seen=1", picture, **{"Content-Type": "image/png"}).json
    assert (answer["digit"], answer["preparation"]) == (3, preparation)
    assert "preparation" not in post(server, picture, "image/png").json


def test_strokes_are_redrawn_and_that_is_told(server):
    body = json.dumps({"strokes": handwriting.by_hand(3)}).encode()
    answer = ask(server, "POST", "/predict?seen=1", body, **{"Content-Type": "application/json"}).json
    assert (answer["digit"], answer["preparation"]) == (3, ["redrawn"])


def test_a_multipart_field_may_hold_a_data_url(server):
    assert multipart(server, data_url(PICTURES[2]).encode(), 'name="image"').json["digit"] == 2


def test_a_form_whose_plus_signs_were_not_escaped_is_still_read(server):
    body = f"image={data_url(PICTURES[1])}".encode()
    assert b"+" in body
    assert post(server, body, "application/x-www-form-urlencoded").json["digit"] == 1


def test_a_white_bmp_is_read_from_a_form_though_it_is_nothing_but_escapes(server):
    bmp = encode(Image.open(PICTURES[7]).convert("RGB").resize((200, 200)), "BMP")
    body = urllib.parse.urlencode({"image": f"data:image/bmp;base64,{base64.b64encode(bmp).decode()}"}).encode()
    assert body.count(b"%2F") > len(body) / 4
    assert post(server, body, "application/x-www-form-urlencoded").json["digit"] == 7


def test_a_data_url_whose_lines_are_broken_is_read(server):
    url = data_url(PICTURES[4])
    broken = "\n".join(url[at : at + 76] for at in range(0, len(url), 76))  # as the base64 command does
    assert post(server, json.dumps({"image": broken}).encode(), "application/json").json["digit"] == 4


@pytest.mark.parametrize("seen", ["", "0", "false"])
def test_what_was_seen_is_not_told_to_who_says_so(server, seen: str):
    assert "seen" not in as_raw_body(server, PICTURES[7], f"?seen={seen}").json


def test_a_chunked_body_is_read(server):
    assert in_chunks(server, PICTURES[0].read_bytes()).json["digit"] == 0


def in_chunks(server: RunningServer, data: bytes) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=LINE_TIMEOUT)
    chunks = iter([data[:100], data[100:]])
    connection.request("POST", "/predict", chunks, {"Content-Type": "image/png"}, encode_chunked=True)
    try:
        return Answer(connection.getresponse())
    finally:
        connection.close()


def test_a_scribble_is_not_certain(server):
    scribble = [[(0.1 + 0.8 * (i * 37 % 41) / 41, 0.1 + 0.8 * (i * 23 % 43) / 43) for i in range(40)]]
    assert post(server, png(handwriting.render(scribble)), "image/png").json["certain"] is False


A_PICTURE = PICTURES[0].read_bytes()
ERRORS = {
    "nothing at all": (b"", None, 400, "no_image"),
    "an empty picture": (b"", "image/png", 400, "no_image"),
    "a form without the field": (b"picture=x", "application/x-www-form-urlencoded", 400, "no_image"),
    "bytes sent as a form by mistake": (A_PICTURE, "application/x-www-form-urlencoded", 400, "no_image"),
    "JSON without the field": (b'{"picture": "x"}', "application/json", 400, "no_image"),
    "JSON with null": (b'{"image": null}', "application/json", 400, "no_image"),
    "an empty data URL": (b'{"image": "data:image/png;base64,"}', "application/json", 400, "no_image"),
    "multipart without an end": (b"--x\r\nContent-Disp", "multipart/form-data; boundary=x", 400, "no_image"),
    "multipart without a boundary": (b"--x\r\n", "multipart/form-data", 400, "no_image"),
    "multipart with a bad length": (
        b'--x\r\nContent-Disposition: form-data; name="image"\r\nContent-Length: many\r\n\r\n1\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
        400,
        "no_image",
    ),
    "half of a JSON": (b'{"image": "data', "application/json", 400, "bad_json"),
    "JSON that is no object": (b'["data:image/png;base64,AAAA"]', "application/json", 400, "bad_json"),
    "JSON that is too deep": (b"[" * 100_000, "application/json", 400, "bad_json"),
    "JSON that is not UTF-8": (b'{"image": "\xff\xfe"}', "application/json", 400, "bad_json"),
    "a number for a picture": (b'{"image": 7}', "application/json", 400, "bad_data_url"),
    "a link for a picture": (b'{"image": "http://127.0.0.1/7.png"}', "application/json", 400, "bad_data_url"),
    "base64 that is none": (b'{"image": "data:image/png;base64,???"}', "application/json", 400, "bad_data_url"),
    "base64 cut short": (b'{"image": "data:image/png;base64,iVBOR"}', "application/json", 400, "bad_data_url"),
    "a page for a picture": (b'{"image": "data:text/html;base64,AAAA"}', "application/json", 400, "bad_data_url"),
    "text": (b"seven", "text/plain", 415, "unsupported_type"),
    "a video": (b"\0" * 64, "video/mp4", 415, "unsupported_type"),
    "a picture of no type": (A_PICTURE, None, 415, "unsupported_type"),
    "a picture cut off": (A_PICTURE[:200], "image/png", 422, "unreadable_image"),
    "no picture": (b"seven", "image/png", 422, "unreadable_image"),
    "a format that is not read": (b"<svg/>", "image/svg+xml", 422, "unreadable_image"),
    "blank paper": (png(Image.new("L", (280, 280), 255)), "image/png", 422, "blank_image"),
    "too many pixels": (png(Image.new("1", (10_000, 5_001))), "image/png", 413, "too_large"),
    "too many bytes": (b"\0" * (Limits().body + 1), "image/png", 413, "too_large"),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: case.replace(" ", "-"))
def test_bad_pictures_get_their_error(server, case: str):
    body, content_type, status, code = ERRORS[case]
    assert post(server, body, content_type).error == (status, code)
    assert as_raw_body(server, PICTURES[4]).json["digit"] == 4, "the next picture must be read"


def test_text_in_a_part_of_a_form_is_told_to_be_no_picture(server):
    for kind in ("text/plain", "text/plain; charset=utf-8"):
        disposition = f'name="image"\r\nContent-Type: {kind}'
        for text in ("data:image/png;base64,ä", "Mein Bild für 5 €"):
            assert multipart(server, text.encode(), disposition).status in (400, 422), text


@pytest.mark.parametrize("name", ["", '; filename=""', "; filename*=UTF-8''7.png"])
def test_a_part_of_a_form_needs_no_file_name(server, name: str):
    assert multipart(server, PICTURES[7].read_bytes(), f'name="image"{name}').json["digit"] == 7


def test_a_compressed_body_is_told_to_be_one(server):
    for body, content_type in ((A_PICTURE, "image/png"), (b'{"image": ""}', "application/json")):
        headers = {"Content_Type": content_type, "Content_Encoding": "gzip"}
        answer = ask(server, "POST", "/predict", gzip.compress(body), **headers)
        assert answer.error == (415, "unsupported_type")
        assert "Content-Encoding" in answer.json["error"]["message"]


def test_a_body_that_is_said_not_to_be_compressed_is_read(server):
    headers = {"Content_Type": "image/png", "Content_Encoding": "identity"}
    assert ask(server, "POST", "/predict", A_PICTURE, **headers).json["digit"] == 0


def test_too_many_bytes_are_refused_before_they_are_sent(server):
    with socket.create_connection(("127.0.0.1", server.port), LINE_TIMEOUT) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n")
        connection.sendall(b"Content-Length: %d\r\n\r\n" % (Limits().body + 1))
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert Answer(answer).error == (413, "too_large")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/static/nothing.js", 404, "not_found"),
        ("GET", "/static/../server.py", 404, "not_found"),
        ("GET", "/static/%2e%2e/server.py", 404, "not_found"),
        ("GET", "/static/", 404, "not_found"),
        ("GET", "/nowhere%ff%fe", 404, "not_found"),
        ("GET", "/%ff", 404, "not_found"),
        ("GET", "/metri%ffcs", 404, "not_found"),
        ("GET", "/predict", 405, "method_not_allowed"),
        ("PUT", "/predict", 405, "method_not_allowed"),
        ("POST", "/", 405, "method_not_allowed"),
        ("DELETE", "/healthz", 405, "method_not_allowed"),
    ],
)
def test_wrong_addresses_and_methods_get_their_error(server, method: str, path: str, status: int, code: str):
    answer = ask(server, method, path)
    assert answer.error == (status, code)
    if status == 405:
        allowed = answer.headers["Allow"].split(", ")
        assert ("HEAD" in allowed) == ("GET" in allowed)
        assert allowed != [""]


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"POST /predict HTTP/1.1\r\nContent-Length: seven\r\n\r\n", 400, "bad_request"),
        (b"not http at all\r\n\r\n", 400, "bad_request"),
        (b"POST /predict HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400, "bad_request"),
        (b"POST /predict HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 431, "headers_too_large"),
    ],
)
def test_what_is_no_http_gets_json_too(server, request_bytes: bytes, status: int, code: str):
    with socket.create_connection(("127.0.0.1", server.port), LINE_TIMEOUT) as connection:
        connection.sendall(request_bytes)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert Answer(answer).error == (status, code)
    logged = server.log.read_text().splitlines()[-1]
    assert f" {status} " in logged, "waitress's refusals are logged too"
    assert " GET / " not in logged, "nobody asked this"


@pytest.mark.parametrize(
    "ambiguous",
    [
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x y\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding:\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: x\r\n" + 2 * b"Transfer-Encoding: chunked\r\n" + b"\r\n0\r\n\r\n",
        b"POST /predict HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=[
        "no host",
        "two hosts",
        "a host of two words",
        "two lengths",
        "an empty encoding",
        "an encoding on the next line",
        "chunks in chunks",
        "two encodings",
        "chunks before HTTP/1.1",
    ],
)
def test_what_may_be_understood_in_two_ways_is_refused_and_hung_up_on(server, ambiguous: bytes):
    with socket.create_connection(("127.0.0.1", server.port), LINE_TIMEOUT) as connection:
        connection.sendall(ambiguous + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        answers = connection.makefile("rb").read()
    assert answers.startswith(b"HTTP/1.1 400 " if b"HTTP/1.1\r\n" in ambiguous else b"HTTP/1.0 400 ")
    assert len(re.findall(rb"HTTP/1\.[01] \d", answers)) == 1, "the rest must not be a request"


def test_who_asks_to_hang_up_among_other_things_is_hung_up_on(server):
    with socket.create_connection(("127.0.0.1", server.port), LINE_TIMEOUT) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: TE, Close\r\n\r\n")
        assert b"Connection: close\r\n" in connection.makefile("rb").read()


@pytest.mark.parametrize(
    ("asked", "status"),
    [(b"HEAD / HTTP/1.1\r\nContent-Length: seven", 400), (b"HEAD /%ff HTTP/1.1\r\nHost: x", 404)],
)
def test_the_error_to_who_asks_for_a_header_alone_has_no_body(server, asked: bytes, status: int):
    with socket.create_connection(("127.0.0.1", server.port), LINE_TIMEOUT) as connection:
        connection.sendall(asked + b"\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.endswith(b"\r\n\r\n")


def call(
    app, method: str, path: str, body: bytes = b"", content_type: str = "image/png", arrived: float | None = None
) -> tuple[str, dict]:
    """Call a WSGI application; returns the status and the decoded body."""
    statuses = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        **({} if arrived is None else {ARRIVED: arrived}),
    }
    answer = b"".join(app(environ, lambda status, headers, exc_info=None: statuses.append(status)))
    return statuses[0], json.loads(answer)


@pytest.mark.parametrize("body", [A_PICTURE, data_url(PICTURES[7])], ids=["one", "several"])
def test_the_wait_for_a_thread_counts_against_the_deadline(body: bytes | str):
    app = server_module.create_app(corrections=None, limits=Limits(deadline=5))
    if isinstance(body, bytes):
        ask_for = partial(call, app, "POST", "/predict", body)
    else:
        ask_for = partial(call, app, "POST", "/predict", json.dumps({"images": [body]}).encode(), "application/json")
    status, answer = ask_for(arrived=time.monotonic() - 6)
    assert (status[:3], answer["error"]["code"]) == ("503", "overloaded")
    assert ask_for(arrived=time.monotonic())[0].startswith("200")


@pytest.mark.parametrize("chunked", [False, True])
def test_under_another_server_too_large_a_body_is_read_to_its_end_and_refused(chunked: bool):
    app = server_module.create_app(corrections=None, limits=Limits(body=100))
    sent = io.BytesIO(bytes(101))
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/predict", "CONTENT_TYPE": "image/png", "wsgi.input": sent}
    environ |= (
        {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True} if chunked else {"CONTENT_LENGTH": "101"}
    )
    statuses = []
    answer = b"".join(app(environ, lambda status, *_: statuses.append(status[:3])))
    assert (statuses, json.loads(answer)["error"]["code"]) == (["413"], "too_large")
    assert sent.tell() == 101, "else the sender would be cut off before it got the answer"


def test_two_applications_in_a_process_have_limits_of_their_own():
    roomy = server_module.create_app(corrections=None)
    server_module.create_app(corrections=None, limits=Limits(body=100))
    form = ("image=" + data_url(PICTURES[7]).replace("+", "%2B")).encode()
    assert len(form) > 1000
    assert call(roomy, "POST", "/predict", form, "application/x-www-form-urlencoded")[0].startswith("200")


def test_a_picture_in_a_form_may_be_as_large_as_the_body_may():
    app = server_module.create_app(corrections=None, limits=Limits(body=2**26))
    large = PICTURES[7].read_bytes() + random.Random(0).randbytes(26_000_000)
    form = urllib.parse.urlencode({"image": "data:image/png;base64," + base64.b64encode(large).decode()}).encode()
    status, answer = call(app, "POST", "/predict", form, "application/x-www-form-urlencoded")
    assert (status[:3], answer["digit"]) == ("200", 7)


def test_where_memory_is_out_it_is_an_internal_error_and_one_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    app = server_module.create_app(corrections=None)

    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(net.recognizer.Recognizer, "recognize", fail)
    with caplog.at_level("INFO", "access"):
        status, answer = call(app, "POST", "/predict", A_PICTURE)
    assert status.startswith("500")
    assert answer["error"]["code"] == "internal"
    assert [record.request["status"] for record in caplog.records if record.name == "access"] == [500]


def test_what_cannot_be_counted_is_answered_all_the_same(caplog: pytest.LogCaptureFixture):
    metrics = Metrics()
    metrics.requests = metrics.predictions = metrics.passes = "no counter"
    app = server_module.create_app(corrections=None, metrics=metrics)
    status, answer = call(app, "POST", "/predict", A_PICTURE)
    assert (status, answer["digit"]) == ("200 OK", 0)
    assert caplog.text.count("Something could not be counted.") == 3, "the pass, the prediction and the request"


def test_where_memory_is_out_who_asks_for_a_header_alone_is_given_no_more():
    def app(*_) -> list[bytes]:
        raise MemoryError

    statuses = []
    asked = {"REQUEST_METHOD": "HEAD", "PATH_INFO": "/"}
    assert Observed(app, Metrics(), frozenset())(asked, lambda status, *_: statuses.append(status[:3])) == []
    assert statuses == ["500"]


def test_a_bug_is_an_internal_error_without_a_traceback(monkeypatch: pytest.MonkeyPatch):
    app = server_module.create_app()

    def fail(*_):
        raise ZeroDivisionError("in /some/secret/path")

    monkeypatch.setattr(net.recognizer.Recognizer, "recognize", fail)
    status, answer = call(app, "POST", "/predict", A_PICTURE)
    assert status.startswith("500")
    assert answer["error"]["code"] == "internal"
    assert "secret" not in answer["error"]["message"]


def test_health_tells_which_weights_are_loaded(server):
    answer = ask(server, "GET", "/healthz").json
    card = json.loads((HOME / "checkpoints" / "lenet.json").read_text())
    assert answer == {"status": "ok", "sha256": card["sha256"], "trained": card["date"]}


def test_the_page_and_its_files_are_served(server):
    page = ask(server, "GET", "/")
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    asked_for_early = re.findall(rb'rel="modulepreload" href="static/([^"]+)"', page.body)
    assert asked_for_early == [path.name.encode() for path in sorted((HOME / "static").glob("*.js"))]
    for path, kind in (("main.js", "javascript"), ("page.css", "text/css"), ("icon.svg", "image/svg+xml")):
        answer = ask(server, "GET", f"/static/{path}")
        assert (answer.status, kind in answer.headers["Content-Type"]) == (200, True)


@pytest.mark.parametrize("path", ["/", "/api", "/static/page.css"])
def test_what_the_page_is_made_of_comes_gzipped_to_those_who_take_that(server, path: str):
    plain = ask(server, "GET", path, **{"Accept-Encoding": "gzip;q=0, identity"})
    zipped = ask(server, "GET", path, **{"Accept-Encoding": "br, gzip"})
    assert gzip.decompress(zipped.body) == plain.body
    assert (zipped.headers["Content-Encoding"], plain.headers["Content-Encoding"]) == ("gzip", None)
    assert len(zipped.body) < len(plain.body)


def test_a_request_is_one_line_in_the_log_whatever_it_holds(server):
    ask(server, "GET", "/one%0d%0a2026%1b[31m")
    as_raw_body(server, PICTURES[5], "?seen=1")
    lines = server.log.read_text().splitlines()
    assert sum("/one" in line for line in lines) == 1
    assert "\\r\\n2026\\x1b[31m 404" in next(line for line in lines if "/one" in line)
    assert " 127.0.0.1 POST /predict?seen=1 200 " in lines[-1]


def test_many_clients_at_once_get_their_own_answers(server):
    senders = [
        subprocess.Popen(
            [sys.executable, "-c", CLIENT, str(server.port), str(path), MEDIA_TYPES[path.suffix]],
            stdout=subprocess.PIPE,
        )
        for path in PICTURES
    ]
    for path, sender in zip(PICTURES, senders, strict=True):
        assert set(sender.communicate(timeout=LINE_TIMEOUT)[0].split()) == {path.stem.encode()}


CLIENT = """
import http.client, json, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
for _ in range(20):
    connection.request("POST", "/predict", open(sys.argv[2], "rb").read(), {"Content-Type": sys.argv[3]})
    print(json.load(connection.getresponse())["digit"])
"""


def test_serving_needs_no_torchvision():
    assert python("-c", "import sys, server; assert not {'torchvision', 'train'} & set(sys.modules)").returncode == 0


def test_a_request_in_flight_is_finished_on_sigterm(tmp_path: Path):
    running = start_server(tmp_path)
    with socket.create_connection(("127.0.0.1", running.port), LINE_TIMEOUT) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n")
        connection.sendall(b"Content-Length: %d\r\n\r\n" % len(A_PICTURE) + A_PICTURE[:100])
        # Once this other connection is answered, the server has also read the first one's bytes.
        assert ask(running, "GET", "/healthz").status == 200
        running.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + LINE_TIMEOUT
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", running.port), LINE_TIMEOUT).close()
            except ConnectionError:
                break
        connection.sendall(A_PICTURE[100:])
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert Answer(answer).json["digit"] == 0
    assert running.process.wait(LINE_TIMEOUT) == 0
    running.process.stdout.close()


def test_a_taken_port_is_told_in_one_sentence(server):
    ended = python("server.py", "--port", str(server.port))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert str(server.port) in ended.stderr


def test_a_host_that_does_not_exist_is_told_in_one_sentence():
    ended = python("server.py", "--host", "no.such.host.invalid", "--port", "0")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:1/"), ("::1", "http://[::1]:1/"), ("0.0.0.0", "http://localhost:1/ and at")],
)
def test_the_address_that_is_printed_is_one_that_a_browser_can_open(capsys: pytest.CaptureFixture, host: str, url: str):
    announcement(host, 1)()
    assert f" {url} " in capsys.readouterr().out


def test_a_name_that_stands_for_several_addresses_has_one_port_at_all_of_them(monkeypatch: pytest.MonkeyPatch):
    addresses = [("127.0.0.1", 0), ("127.0.0.2", 0)]
    found = [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    listeners = sockets.listen("localhost", 0)
    assert len({one.getsockname()[1] for one in listeners}) == 1
    assert [one.getsockname()[0] for one in listeners] == ["127.0.0.1", "127.0.0.2"]
    for one in listeners:
        one.close()


def test_a_missing_checkpoint_is_told_with_the_command_to_run(tmp_path: Path):
    path = tmp_path / "it's here" / "no.pt"
    ended = python("server.py", "--checkpoint", str(path))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    command = ended.stderr.partition("make one with: ")[2]
    assert shlex.split(command) == ["python", "-m", "train", "--out", str(path)]


@pytest.mark.parametrize("what", ["text", "half", "another network", "a list", "NaN"])
def test_an_unfitting_checkpoint_is_told_with_the_command_to_run(what: str, tmp_path: Path):
    path = tmp_path / "odd.pt"
    shipped = (HOME / "checkpoints" / "lenet.pt").read_bytes()
    if what == "text":
        path.write_text("these are no weights")
    elif what == "half":
        path.write_bytes(shipped[: len(shipped) // 2])
    elif what == "another network":
        torch.save(torch.nn.Linear(3, 3).state_dict(), path)
    elif what == "a list":
        torch.save([1, 2, 3], path)
    else:
        state_dict = torch.load(io.BytesIO(shipped), weights_only=True)
        state_dict["output.bias"][3] = float("nan")
        torch.save(state_dict, path)
    with pytest.raises(CheckpointError) as refused:  # the server prints it as in the test above
        LatestRecognizer(path)
    beside = path.with_stem("odd-digits") if what in ("another network", "a list") else path
    told = with_advice(refused.value, path)
    assert "\n" not in told
    assert f"python -m train --out {shlex.quote(str(beside))}" in told


def test_train_trains_first_where_the_checkpoint_is_missing(tmp_path: Path, small_mnist: Path):
    write_fewer(tmp_path / "fewest", small_mnist, training=150)  # a step an epoch
    checkpoint = tmp_path / "new" / "lenet.pt"
    running = start_server(tmp_path, "--train", "--checkpoint", str(checkpoint), MNIST_ROOT=str(tmp_path / "fewest"))
    assert as_raw_body(running, PICTURES[0]).status == 200
    assert checkpoint.is_file()
    assert running.stop() == 0


def test_train_leaves_alone_the_weights_that_are_there(tmp_path: Path):
    checkpoint = Path(shutil.copy(SHIPPED, tmp_path))
    running = start_server(tmp_path, "--train", "--checkpoint", str(checkpoint), MNIST_ROOT=os.devnull)
    assert as_raw_body(running, PICTURES[0]).json["digit"] == 0
    assert checkpoint.read_bytes() == SHIPPED.read_bytes()
    assert running.stop() == 0


def test_train_goes_on_with_a_training_that_was_broken_off(tmp_path: Path, small_mnist: Path):
    flags = ["--epochs", "3", "--batch-size", "50", "--data", str(small_mnist), "--out", str(tmp_path / "lenet.pt")]
    training = subprocess.Popen(
        [sys.executable, "-m", "train", *flags],
        cwd=HOME,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert any(line.startswith("epoch   1/3") for line in training.stdout)
    training.send_signal(signal.SIGINT)
    training.communicate(timeout=LINE_TIMEOUT)
    card = tmp_path / "lenet.json"
    assert json.loads(card.read_text())["interrupted"], "it must not have finished yet"
    running = start_server(tmp_path, "--train", "--checkpoint", str(tmp_path), MNIST_ROOT=str(small_mnist))
    finished = json.loads(card.read_text())
    assert (finished["epochs"], finished.get("interrupted")) == (3, None)
    assert ask(running, "GET", "/healthz").json["sha256"] == finished["sha256"]
    assert running.stop() == 0


def test_whether_the_port_is_free_is_known_before_anything_is_trained(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = python("server.py", "--train", "--checkpoint", str(tmp_path), "--port", port, "--no-corrections")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert port in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("with_signal", "status"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGKILL, 128 + signal.SIGKILL)]
)
def test_a_training_before_the_first_start_ends_with_the_server_and_the_server_with_it(
    tmp_path: Path, small_mnist: Path, with_signal: int, status: int
):
    checkpoint = tmp_path / "lenet.pt"
    command = [sys.executable, "server.py", "--train", "--checkpoint", str(checkpoint), "--no-corrections"]
    environment = {**os.environ, "MNIST_ROOT": str(small_mnist)}
    process = subprocess.Popen(command, cwd=HOME, env=environment, stdout=subprocess.PIPE, text=True)
    assert "parameters" in process.stdout.readline()
    [training] = children(process.pid)
    if with_signal == signal.SIGTERM:
        process.terminate()
    else:
        os.kill(training, with_signal)  # as if out of memory
    assert process.wait(LINE_TIMEOUT) == status
    process.stdout.close()
    assert not Path(f"/proc/{training}").exists()
    assert not checkpoint.exists()


def test_ctrl_c_keeps_what_a_training_before_the_first_start_has_learned(tmp_path: Path, small_mnist: Path):
    command = [sys.executable, "server.py", "--train", "--checkpoint", str(tmp_path / "lenet.pt"), "--no-corrections"]
    process = subprocess.Popen(
        command,
        cwd=HOME,
        env={**os.environ, "MNIST_ROOT": str(small_mnist)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert any(line.startswith("epoch   1/") for line in process.stdout)
    os.killpg(process.pid, signal.SIGINT)  # Ctrl-C
    said = process.communicate(timeout=LINE_TIMEOUT)[1]
    assert (process.returncode, "--resume" in said) == (130, True), said


def test_measurements_that_have_no_place_are_told_in_one_sentence(tmp_path: Path):
    ended = python("server.py", "--port", "0", PROMETHEUS_MULTIPROC_DIR=str(tmp_path / "missing"))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert str(tmp_path / "missing") in ended.stderr


@pytest.mark.parametrize("card", [None, "no JSON", "[]", "[" * 100_000], ids=["none", "text", "a list", "nested"])
def test_weights_whose_card_cannot_be_read_are_used_all_the_same(tmp_path: Path, card: str | None):
    path = tmp_path / "mine.pt"
    shutil.copy(SHIPPED, path)
    if card is not None:
        path.with_suffix(".json").write_text(card)
    assert net.recognizer.Recognizer(path).recognize(PICTURES[7].read_bytes()).digit == 7


def test_weights_without_a_calibration_are_said_to_have_none(tmp_path: Path):
    weights = Path(shutil.copy(SHIPPED, tmp_path))
    running = start_server(tmp_path, "--checkpoint", str(weights))
    assert ask(running, "GET", "/healthz").json["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert f"The weights '{weights}' are not calibrated" in running.log.read_text()
    assert running.stop() == 0


def test_a_path_is_no_picture_and_that_is_said(recognizer: net.recognizer.Recognizer):
    with pytest.raises(TypeError, match="read_bytes"):
        recognizer.recognize(PICTURES[7])


@pytest.mark.parametrize("given", [bytearray(b"GIF89a"), None, 7])
def test_what_is_neither_bytes_nor_strokes_is_no_picture_and_that_is_said(
    recognizer: net.recognizer.Recognizer, given: object
):
    with pytest.raises(TypeError, match=f"bytes of a picture, or strokes in a list, not a {type(given).__name__}"):
        recognizer.recognize(given)


def test_a_card_means_the_weights_that_it_is_about():
    card = SHIPPED.with_suffix(".json")
    assert weights_path(card) == SHIPPED


@pytest.mark.parametrize(
    "flags",
    [
        ["--port", "seven"],
        ["--port", "70000"],
        ["--threads", "0"],
        ["--colour", "red"],
        ["--processes", "2000"],
        ["--proc", "2"],
        ["--no-corrections", "--corrections", "kept"],
        ["--no-corrections", "--allow-export"],
        ["--max-body", "600"],
        ["--max-pixels", "1e-7"],
        ["--max-body", "1e308"],
    ],
)
def test_unknown_flags_and_values_are_refused(flags: list[str]):
    ended = python("server.py", *flags)
    assert ended.returncode == 2
    told = ended.stderr.splitlines()
    assert len(told) == 2, "a list of all flags would hide the error"
    assert flags[0] in told[-1]


@pytest.mark.parametrize("flag", ["--help", "--colour"])
def test_help_and_wrong_flags_do_not_wait_for_pytorch(flag: str):
    without = "import sys, runpy; sys.modules['torch'] = None; runpy.run_path('server.py', None, '__main__')"
    ended = python("-c", without, flag)
    assert "usage: python server.py" in ended.stdout + ended.stderr
    assert "torch" not in ended.stderr


def test_gunicorn_serves_the_application_too(tmp_path: Path):
    pytest.importorskip("gunicorn", reason="needs gunicorn: python -m pip install -r tests/requirements.txt")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "server:create_app()", "--bind", f"127.0.0.1:{port}"],
        cwd=HOME,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    try:
        assert any("Booting worker" in line for line in process.stderr)
        running = RunningServer(process, f"http://127.0.0.1:{port}", tmp_path)
        for send in FOUR_WAYS:
            assert send(running, PICTURES[9]).json["digit"] == 9
        assert in_chunks(running, PICTURES[8].read_bytes()).json["digit"] == 8
        assert in_chunks(running, b"\0" * (Limits().body + 1)).error == (413, "too_large")
        assert post(running, b"\0" * (Limits().body + 1), "image/png").error == (413, "too_large")
    finally:
        process.terminate()
        process.wait(LINE_TIMEOUT)
        process.stderr.close()


def test_a_png_that_lies_about_its_size_is_refused(server):
    lying = bytearray(png(Image.new("L", (10, 10))))
    lying[16:24] = (60_000).to_bytes(4, "big") * 2
    lying[29:33] = zlib.crc32(bytes(lying[12:29])).to_bytes(4, "big")
    assert post(server, bytes(lying), "image/png").error == (413, "too_large")
