"""Promises about corrections: they are kept, exported and learned from, and such digits are then read."""

import errno
import hashlib
import http.client
import io
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from wsgiref.util import setup_testing_defaults

import handwriting
import pytest
import torch
from conftest import HOME, LINE_TIMEOUT, RunningServer, encode, png, python, run_here, start_server, started
from PIL import ExifTags, Image, ImageDraw
from test_server import PICTURES, ask, data_url, post

import server as server_module
from net import checkpoint
from net.corrections import FILE, Correction, Corrections, StorageFullError
from net.decoding import decode
from net.lenet import LeNet, to_pictures
from net.metadata import png_chunk, without_metadata
from net.recognizer import Recognizer
from train import __main__ as command
from train.finetune import FineTuned, FineTuning, is_no_worse
from train.mnist import DataError, load_training_digits
from train.pictures import load_pictures
from train.speedups import Speedups

STRANGE_SEVEN = [[(0.72, 0.2), (0.5, 0.19), (0.28, 0.2), (0.3, 0.5), (0.32, 0.85)]]


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that keeps corrections in `kept_by`; `running` empties it for each test."""
    folder = tmp_path_factory.mktemp("keeping")
    with started(folder, "--corrections", str(folder / "kept")) as keeping:
        yield keeping


@pytest.fixture
def running(keeping: RunningServer) -> RunningServer:
    """A server that keeps no corrections yet. It opens their file anew for each request, so it may be deleted."""
    shutil.rmtree(kept_by(keeping), ignore_errors=True)
    return keeping


def kept_by(keeping: RunningServer) -> Path:
    """The folder in which the server of `running` keeps corrections."""
    return keeping.log.parent / "kept"


def correct(server: RunningServer, strokes: list, label: object):
    return post_correction(server, json.dumps({"strokes": strokes, "label": label}).encode(), "application/json")


def post_correction(server: RunningServer, body: bytes, content_type: str, query: str = "", **headers: str):
    return ask(server, "POST", f"/corrections{query}", body, Content_Type=content_type, **headers)


def exported(server: RunningServer) -> dict[str, bytes]:
    answer = ask(server, "GET", "/corrections.zip")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="corrections.zip"'
    assert answer.headers["Cache-Control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_is_said_last_of_a_picture_counts(running: RunningServer):
    for label in (5, 8, 3.0):  # 3.0 is an integer in JSON
        assert correct(running, handwriting.by_hand(3), label).json == {"label": label, "predicted": 3, "new": True}
    assert correct(running, handwriting.by_hand(4), 4).json["new"] is True
    assert sorted(name.partition("/")[0] for name in exported(running)) == ["3", "4"]


def test_a_correction_is_kept_and_handed_out_for_evaluation(running: RunningServer, tmp_path: Path):
    assert exported(running) == {}
    answer = correct(running, handwriting.by_hand(4), 4)
    assert (answer.status, answer.json) == (200, {"label": 4, "predicted": 4, "new": True})
    assert correct(running, handwriting.by_hand(4), 4).json["new"] is False
    assert correct(running, handwriting.by_hand(5), 9).json["new"] is True
    kept = exported(running)
    assert sorted(name.partition("/")[0] for name in kept) == ["4", "9"]
    for name, content in kept.items():
        (tmp_path / "out" / name).parent.mkdir(parents=True)
        (tmp_path / "out" / name).write_bytes(content)
    ended = python("-m", "train.evaluate", "--images", str(tmp_path / "out"))
    assert "accuracy            50.00% of 2 pictures" in ended.stdout


def test_a_correction_is_kept_with_what_had_been_read_and_by_which_weights(running: RunningServer):
    assert correct(running, handwriting.by_hand(5), 9).status == 200
    with closing(sqlite3.connect(kept_by(running) / FILE)) as database:
        rows = database.execute("SELECT label, predicted, weights FROM corrections").fetchall()
    assert rows == [(9, 5, healthz(running)["sha256"])]


def test_a_file_that_is_handed_out_is_called_as_what_it_is(tmp_path: Path):
    kept, names = Corrections(tmp_path), {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "BMP": "bmp", "WEBP": "webp"}
    for image_format in names:
        kept.add(Correction(encode(Image.new("L", (28, 28)), image_format), 7, 2, 0.5, None))
    assert [name.rpartition(".")[2] for name, _, _ in kept] == list(names.values())


def test_what_is_kept_of_strokes_is_the_digit_without_its_frame(running: RunningServer):
    assert correct(running, [*handwriting.by_hand(4), handwriting.FRAME], 4).json["new"]
    assert not correct(running, handwriting.by_hand(4), 4).json["new"], "the frame is left out"


def test_what_is_kept_of_strokes_has_all_parts_of_the_digit(running: RunningServer):
    body, hat = handwriting.by_hand(5)
    raised = [(x, y - 0.25) for x, y in hat]  # so far that the body alone might be taken for the digit
    assert correct(running, [body, raised], 5).json["new"]
    assert correct(running, [body], 5).json["new"], "this is another picture"


def test_a_correction_may_come_in_every_way_that_a_picture_may(running: RunningServer):
    picture = PICTURES[5].read_bytes()
    body = b'--x\r\nContent-Disposition: form-data; name="image"; filename="5.png"\r\n\r\n%s\r\n' % picture
    body += b'--x\r\nContent-Disposition: form-data; name="label"\r\n\r\n5\r\n--x--\r\n'
    as_json = json.dumps({"image": data_url(PICTURES[5]), "label": "5"}).encode()
    answers = [
        post_correction(running, body, "multipart/form-data; boundary=x"),
        post_correction(running, picture, "image/png", "?label=5"),
        post_correction(running, as_json, "application/json"),
    ]
    assert [answer.json["new"] for answer in answers] == [True, False, False], "it is the same picture each time"
    assert list(exported(running).values()) == [picture]


def with_unknown_pieces(file: bytes, kind: str) -> bytes:
    """The picture ``file`` with pieces of metadata such as no program but their own knows."""
    if kind == "PNG":
        return file[:33] + png_chunk(b"caBX", b"Brownie") + png_chunk(b"prVt", b"Brownie") + file[33:]
    if kind == "WEBP":
        body = file[8:] + b"C2PA" + (8).to_bytes(4, "little") + b"Brownie "
        return b"RIFF" + len(body).to_bytes(4, "little") + body
    pieces = (b"\xe0", b"JFXX\0Brownie"), (b"\xe2", b"FPXR\0Brownie"), (b"\xee", b"Brownie")
    segments = [b"\xff" + marker + (len(content) + 2).to_bytes(2) + content for marker, content in pieces]
    return file[:2] + b"".join(segments) + file[2:]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_kept_without_where_it_was_taken_and_the_way_up_that_it_was(running: RunningServer, kind: str):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Brownie"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    file = io.BytesIO()
    lying = Image.open(PICTURES[7]).convert("RGB").transpose(Image.Transpose.ROTATE_90)
    lying.save(file, kind, exif=exif, **({} if kind == "PNG" else {"xmp": b"<x>Brownie</x>"}))
    sent = with_unknown_pieces(file.getvalue(), kind) + b"Brownie's film"
    answer = post_correction(running, sent, f"image/{kind.lower()}", "?label=7")
    assert answer.json == {"label": 7, "predicted": 7, "new": True}
    [kept] = exported(running).values()
    assert b"Brownie" not in kept
    left = Image.open(io.BytesIO(kept)).getexif()
    assert dict(left) == {ExifTags.Base.Orientation: 6}
    assert decode(kept).tobytes() == decode(sent).tobytes()
    assert not post_correction(running, sent, f"image/{kind.lower()}", "?label=7").json["new"]


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0no TIFF at all", b"Exif\0\0II*\0\xff\xff\xff\xff"], ids=["no TIFF", "cut off"]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_whose_metadata_are_damaged_is_kept_without_them(running: RunningServer, kind: str, exif: bytes):
    sent = encode(Image.open(PICTURES[7]).convert("RGB"), kind, exif=exif)
    answer = post_correction(running, sent, f"image/{kind.lower()}", "?label=7")
    assert answer.json == {"label": 7, "predicted": 7, "new": True}
    [kept] = exported(running).values()
    assert exif not in kept
    assert decode(kept).tobytes() == decode(sent).tobytes()


def test_pixels_are_not_decoded_to_see_whether_the_way_up_follows_them(monkeypatch: pytest.MonkeyPatch):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    upright = png(Image.open(PICTURES[7]))
    end = upright.rindex(b"IEND") - 4
    lying = upright[:end] + png_chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0")) + upright[end:]
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", None)  # calling it fails
    assert without_metadata(upright) == upright
    kept = Image.open(io.BytesIO(without_metadata(lying)))
    assert kept.info["exif"] == exif.tobytes()


@pytest.mark.parametrize("label", [None, "", "10", "-1", "seven", "٣", 7.5, True, [7], {"a": 1}], ids=str)
def test_a_label_that_is_no_digit_is_refused(running: RunningServer, label: object):
    assert correct(running, STRANGE_SEVEN, label).error == (400, "bad_label")
    assert exported(running) == {}


def test_two_labels_that_differ_are_refused(running: RunningServer):
    body = json.dumps({"strokes": STRANGE_SEVEN, "label": 7}).encode()
    assert post_correction(running, body, "application/json", "?label=3").error == (400, "bad_label")
    assert post_correction(running, body, "application/json", "?label=7").json["label"] == 7
    part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    parts = [part % (b"image", PICTURES[5].read_bytes()), *(part % (b"label", label) for label in (b"5", b"6"))]
    body = b"".join(parts) + b"--x--\r\n"
    assert post_correction(running, body, "multipart/form-data; boundary=x").error == (400, "bad_label")


def test_nothing_to_read_is_nothing_to_keep(running: RunningServer):
    assert correct(running, [], 3).error == (422, "blank_image")
    assert exported(running) == {}


def test_other_sites_pages_cannot_correct(running: RunningServer):
    body = json.dumps({"strokes": STRANGE_SEVEN, "label": 7}).encode()
    for origin in ("http://evil.example", "null", "http://[", f"http://127.0.0.1:{running.port + 1}"):
        answer = post_correction(running, body, "application/json", Origin=origin)
        assert answer.error == (403, "forbidden")
    assert post_correction(running, body, "application/json", Origin=running.url.rstrip("/")).status == 200


def test_the_page_may_correct_under_each_name_that_this_machine_has_for_itself(running: RunningServer):
    body = json.dumps({"strokes": STRANGE_SEVEN, "label": 7}).encode()
    for name in ("localhost", "127.0.0.1", "[::1]"):
        here = {"Host": f"{name}:{running.port}", "Origin": f"http://{name}:{running.port}"}
        assert post_correction(running, body, "application/json", **here).status == 200, name


def test_a_page_whose_name_was_made_to_lead_here_cannot_correct(running: RunningServer):
    body = json.dumps({"strokes": STRANGE_SEVEN, "label": 7}).encode()
    rebound = {"Host": f"rebound.example:{running.port}", "Origin": f"http://rebound.example:{running.port}"}
    for besides in ({}, {"X-Forwarded-For": "10.0.0.1"}, {"Forwarded": "for=10.0.0.1"}):  # which a page can set
        answer = post_correction(running, body, "application/json", **rebound, **besides)
        assert answer.error == (403, "forbidden")


def test_the_page_may_correct_from_behind_a_proxy(running: RunningServer, tmp_path: Path):
    body = json.dumps({"strokes": STRANGE_SEVEN, "label": 7}).encode()
    forwarded = {"Host": "digits.example.org", "X-Forwarded-For": "10.0.0.1"}
    tls = post_correction(running, body, "application/json", Origin="https://digits.example.org", **forwarded)
    assert tls.status == 200
    app = server_module.create_app(corrections=tmp_path, trusted_proxy="127.0.0.1")
    for client in ("10.0.0.1", "127.0.0.1", "10.0.0.1:5555"):
        without_tls = called(
            app, "POST", "/corrections", body,
            CONTENT_TYPE="application/json", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR=client,
            HTTP_HOST="digits.example.org", HTTP_ORIGIN="http://digits.example.org",
        )  # fmt: skip
        assert without_tls[0].startswith("200"), client


@pytest.mark.parametrize(
    ("allowed", "environment", "status"),
    [
        (False, {"REMOTE_ADDR": "10.0.0.1"}, 403),
        (False, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "10.0.0.1"}, 403),
        (False, {"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=10.0.0.1"}, 403),
        (False, {"REMOTE_ADDR": "127.0.0.1", "HTTP_VIA": "1.1 proxy"}, 403),
        (False, {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "rebound.example:8080"}, 403),
        (False, {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "["}, 403),
        (False, {"REMOTE_ADDR": "127.0.0.1"}, 200),
        (False, {"REMOTE_ADDR": "::1", "HTTP_HOST": "[::1]:8080"}, 200),
        (False, {"REMOTE_ADDR": "::ffff:127.0.0.1"}, 200),
        (True, {"REMOTE_ADDR": "10.0.0.1"}, 200),
    ],
)
def test_corrections_are_handed_out_to_this_machine_alone_unless_allowed(
    tmp_path: Path, allowed: bool, environment: dict[str, str], status: int
):
    app = server_module.create_app(corrections=tmp_path, allow_export=allowed)
    answer = called(app, "GET", "/corrections.zip", **environment)
    assert answer[0].startswith(str(status))


def test_a_file_in_a_folder_that_cannot_be_written_is_no_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    kept = Corrections(tmp_path)
    kept.add(Correction(b"GIF8", 7, 2, 0.5, None))
    kept.require_folder()
    monkeypatch.setattr("os.access", lambda place, mode: place != tmp_path)
    with pytest.raises(PermissionError):
        kept.require_folder()


def test_corrections_are_handed_out_to_one_at_a_time(running: RunningServer):
    kept = Corrections(kept_by(running))
    for number in range(4):
        kept.add(Correction(random.Random(number).randbytes(8_000_000), 7, 2, 0.5, None))
    with socket.create_connection(("127.0.0.1", running.port), LINE_TIMEOUT) as dawdling:
        dawdling.sendall(b"GET /corrections.zip HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        first = http.client.HTTPResponse(dawdling)
        first.begin()
        refused = ask(running, "GET", "/corrections.zip")
        assert refused.error == (503, "overloaded")
        assert int(refused.headers["Retry-After"]) > 0
        assert len(zipfile.ZipFile(io.BytesIO(first.read())).namelist()) == 4
    deadline = time.monotonic() + LINE_TIMEOUT
    while (answer := ask(running, "GET", "/corrections.zip")).status == 503:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert len(zipfile.ZipFile(io.BytesIO(answer.body)).namelist()) == 4


def called(app, method: str, path: str, body: bytes = b"", **environment: str) -> tuple[str, dict[str, str], bytes]:
    """Call a WSGI application in this process, perhaps as another machine; returns status, headers and body."""
    given = {"REQUEST_METHOD": method, "PATH_INFO": path, "CONTENT_TYPE": "application/json",
             "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), **environment}  # fmt: skip
    setup_testing_defaults(given)
    answered = []
    content = b"".join(app(given, lambda line, headers, *_: answered.append((line, dict(headers)))))
    return *answered[0], content


def test_kept_is_kept_whatever_happens_to_the_server(tmp_path: Path):
    first = start_server(tmp_path, "--corrections", str(tmp_path / "kept"))
    assert correct(first, STRANGE_SEVEN, 7).status == 200
    first.process.kill()
    first.process.wait()
    first.process.stdout.close()
    second = start_server(tmp_path, "--corrections", str(tmp_path / "kept"))
    assert len(exported(second)) == 1
    second.stop()


def test_corrections_of_many_at_once_are_all_kept(tmp_path: Path):
    kept = Corrections(tmp_path)
    start = threading.Barrier(8)

    def add(first: int) -> None:
        start.wait()
        for number in range(first, first + 10):
            kept.add(Correction(b"picture %d" % number, number % 10, 0, 0.5, None))

    threads = [threading.Thread(target=add, args=(10 * number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(kept)) == 80


def test_there_is_an_end_to_what_is_kept(tmp_path: Path):
    few, small = Corrections(tmp_path / "few", max_rows=2), Corrections(tmp_path / "small", max_bytes=25)
    for kept in (few, small):
        for number in range(2):
            assert kept.add(Correction(b"0123456789%d" % number, 1, 1, 0.9, "sha"))
        with pytest.raises(StorageFullError):
            kept.add(Correction(b"one more", 1, 1, 0.9, "sha"))
        assert kept.add(Correction(b"01234567890", 1, 1, 0.9, "sha")) is False
        assert len(list(kept)) == 2


def test_what_a_store_of_an_earlier_version_holds_counts_as_well(tmp_path: Path):
    kept = Corrections(tmp_path, max_rows=3)
    kept.add(Correction(b"0", 1, 1, 0.9, "sha"))
    kept.add(Correction(b"1", 1, 1, 0.9, "sha"))
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        for name in ("TRIGGER totals_after_insert", "TRIGGER totals_after_delete", "TABLE totals"):
            database.execute(f"DROP {name}")
    assert kept.add(Correction(b"1", 2, 1, 0.9, "sha")), "it replaces another"
    assert kept.add(Correction(b"2", 1, 1, 0.9, "sha"))
    with pytest.raises(StorageFullError):
        kept.add(Correction(b"3", 1, 1, 0.9, "sha"))
    assert len(list(kept)) == 3


def test_a_correction_is_written_past_the_disk_s_own_cache(tmp_path: Path):
    with Corrections(tmp_path).opened() as database:
        settings = [database.execute(f"PRAGMA {name}").fetchone() for name in ("synchronous", "fullfsync")]
    assert settings == [(2,), (1,)], "a Mac's fsync alone does not survive a power cut: sqlite.org/pragma.html"


def test_a_place_where_none_can_be_kept_is_refused_in_one_sentence(tmp_path: Path):
    (tmp_path / "kept").write_text("notes")
    ended = python("server.py", "--port", "0", "--corrections", str(tmp_path / "kept"))
    assert ended.returncode == 1
    assert "kept'" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr


def test_where_the_usual_place_cannot_be_written_digits_are_read_and_no_corrections_are_taken(tmp_path: Path):
    home = tmp_path / "home"
    for name in ("net", "views", "static", "checkpoints"):
        shutil.copytree(HOME / name, home / name)
    shutil.copy(HOME / "server.py", home)
    (home / "corrections").write_text("notes")
    running = start_server(tmp_path, home=home)
    assert post(running, PICTURES[7].read_bytes(), "image/png").json["digit"] == 7
    assert correct(running, handwriting.by_hand(3), 3).error == (404, "not_found")
    assert "--corrections" in running.log.read_text()
    assert running.stop() == 0


def test_a_full_store_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server_module, "Corrections", partial(Corrections, max_rows=0))
    app = server_module.create_app(corrections=tmp_path)
    body = json.dumps({"strokes": STRANGE_SEVEN, "label": 7}).encode()
    status, _, content = called(app, "POST", "/corrections", body)
    assert status.startswith("507")
    assert json.loads(content)["error"]["code"] == "storage_full"


def test_a_store_that_others_write_to_for_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("net.corrections.BUSY_SECONDS", 0.1)
    app = server_module.create_app(corrections=tmp_path)
    body = json.dumps({"strokes": STRANGE_SEVEN, "label": 7}).encode()
    assert called(app, "POST", "/corrections", body)[0].startswith("200")
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        body = body.replace(b"7}", b"1}")
        status, _, content = called(app, "POST", "/corrections", body)
    assert status.startswith("503")
    assert json.loads(content)["error"]["code"] == "overloaded"
    assert called(app, "POST", "/corrections", body)[0].startswith("200")


def test_a_store_that_cannot_be_used_is_told_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / FILE).write_bytes(b"no database" * 500)
    app = server_module.create_app(corrections=tmp_path)
    status, _, content = called(
        app, "POST", "/corrections", json.dumps({"strokes": STRANGE_SEVEN, "label": 7}).encode()
    )
    error = json.loads(content)["error"]
    assert (status[:3], error["code"]) == ("500", "internal")
    assert "again" not in error["message"], "it would fail again"
    assert "file is not a database" in caplog.text
    assert "Traceback" not in caplog.text


def healthz(server: RunningServer) -> dict:
    return ask(server, "GET", "/healthz").json


def until(server: RunningServer, sha256: str) -> None:
    """Wait for the weights ``sha256``; until then every request must be answered."""
    deadline = time.monotonic() + LINE_TIMEOUT
    while healthz(server)["sha256"] != sha256:
        assert time.monotonic() < deadline, "the new weights were not loaded"
        assert ask(server, "POST", "/predict", PICTURES[0].read_bytes(), Content_Type="image/png").status == 200


@pytest.mark.parametrize("how", ["--watch", "SIGHUP"])
def test_new_weights_are_taken_without_a_restart(tmp_path: Path, how: str):
    for name in ("lenet.pt", "lenet.json"):
        shutil.copy(HOME / "checkpoints" / name, tmp_path)
    path = tmp_path / "lenet.pt"
    watching = ["--watch"] if how == "--watch" else []
    running = start_server(tmp_path, "--checkpoint", str(path), *watching)
    before = healthz(running)["sha256"]
    torch.manual_seed(0)
    new = checkpoint.save(LeNet().state_dict(), {"date": "today"}, path)
    if how == "SIGHUP":
        running.process.send_signal(signal.SIGHUP)
    until(running, new["sha256"])
    assert new["sha256"] != before
    running.stop()


@pytest.fixture
def fine_tune(small_mnist: Path, tmp_path: Path):
    """A function that fine-tunes a copy of the shipped weights on pictures with the given labels."""
    for name in ("lenet.pt", "lenet.json"):
        shutil.copy(HOME / "checkpoints" / name, tmp_path)

    def run(*said: tuple[bytes, int]) -> tuple[subprocess.CompletedProcess, dict, dict]:
        """The finished process, and the card before and after."""
        kept = Corrections(tmp_path / "kept")
        for picture, label in said:
            kept.add(Correction(picture, label, 1, 0.9, None))
        before = json.loads((tmp_path / "lenet.json").read_text())
        flags = ["--out", str(tmp_path), "--corrections", str(tmp_path / "kept"), "--threads", "1", "--no-bf16"]
        ended = python("-m", "train", "--data", str(small_mnist), *flags)
        return ended, before, json.loads((tmp_path / "lenet.json").read_text())

    return run


def test_fine_tuning_says_what_it_did_and_reads_mnist_no_worse(fine_tune: Callable, tmp_path: Path):
    card = json.loads((tmp_path / "lenet.json").read_text()) | {"trained_parameters": 92_831}
    (tmp_path / "lenet.json").write_text(json.dumps(card))
    ended, before, after = fine_tune(*((path.read_bytes(), int(path.stem)) for path in PICTURES))
    assert ended.returncode == 0, ended.stderr
    assert after["trained_parameters"] == 92_831, "what was blank still is"
    assert "10 corrections among 598 digits" in ended.stdout
    assert "corrections 100.00% -> 100.00%" in ended.stdout
    assert (after["fine_tuned_from"], after["corrections"]) == (before["sha256"], 10)
    assert after["sha256"] == hashlib.sha256((tmp_path / "lenet.pt").read_bytes()).hexdigest() != before["sha256"]
    assert after["validation_accuracy"] > 0.95
    assert "fine-tuned on corrections: 10," in (tmp_path / "report.html").read_text()


def test_what_chance_explains_does_not_add_up_over_many_corrections(fine_tune: Callable, tmp_path: Path):
    pictures = [(path.read_bytes(), int(path.stem)) for path in PICTURES]
    first, second = (fine_tune(*pictures)[2] for _ in range(2))
    assert second["fine_tuned_from"] == first["sha256"]
    assert second["misread_at_first"] == first["misread_at_first"]
    assert second["validation_digits"] == 50


@pytest.mark.parametrize(
    "known", [{"misread_at_first": [7], "validation_digits": 5000}, {"misread_at_first": [7, 4999]}],
    ids=["by their number", "by an index, as on earlier cards"],
)  # fmt: skip
def test_weights_that_were_corrected_with_other_validation_digits_are_told_before_anything_is_trained(
    known: dict, fine_tune: Callable, tmp_path: Path
):
    card = json.loads((tmp_path / "lenet.json").read_text()) | known
    (tmp_path / "lenet.json").write_text(json.dumps(card))
    ended, before, after = fine_tune((PICTURES[7].read_bytes(), 7))
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1), ended.stderr
    assert "--data" in ended.stderr
    assert after == before


def test_weights_are_held_to_what_was_read_before_any_correction(small_mnist: Path):
    digits, validation = load_training_digits(small_mnist)
    network = checkpoint.load(checkpoint.SHIPPED)[0]
    with torch.no_grad():
        network.output.bias[3] += 1e6  # it reads everything as a 3, before and after
    tuning = FineTuning(network.state_dict(), digits, digits[torch.arange(3)], Speedups())
    assert tuning.settle(validation).alpha == 1, "nothing got worse"
    assert tuning.settle(validation, misread_at_first=[]).alpha == 0, "all of them are"


def test_how_much_surer_the_corrections_are_read_is_told(small_mnist: Path):
    digits, validation = load_training_digits(small_mnist)
    shipped = checkpoint.load(checkpoint.SHIPPED)[0].state_dict()
    unsure = shipped | {"output.bias": shipped["output.bias"] - 9 * torch.eye(10)[digits.labels[0]]}
    tuning = FineTuning(unsure, digits, digits[torch.arange(3)], Speedups())
    tuning.training.averaged_network.load_state_dict(shipped)
    likely = []
    for weights in (unsure, shipped):
        network = LeNet().eval()
        network.load_state_dict(weights)
        probabilities = network(to_pictures(digits.images[:3])).softmax(1)
        likely.append(sum(of_one[label] for of_one, label in zip(probabilities, digits.labels, strict=False)).item())
    assert likely[1] - likely[0] > 0.5
    assert tuning.settle(validation).surer == pytest.approx(likely[1] - likely[0], abs=1e-4)


@pytest.mark.parametrize(
    ("after", "surer", "worth"), [(0.9, 5.0, True), (0.9, 0.1, False), (0.8, 5.0, False), (0.95, 0.0, True)]
)
def test_weights_are_worth_it_if_they_read_more_of_the_corrections_or_as_many_and_more_surely(
    after: float, surer: float, worth: bool
):
    assert FineTuned(1.0, 0.99, 0.99, 0.9, after, surer, []).is_worth_it is worth
    assert not FineTuned(0, 0.99, 0.99, 0.9, after, surer, []).is_worth_it


def test_what_is_narrow_is_learned_as_it_is_and_not_stretched(recognizer: Recognizer, tmp_path: Path):
    two = [[(0.5 + (x - 0.5) * 0.3, y) for x, y in stroke] for stroke in handwriting.by_hand(2)]
    (tmp_path / "2").mkdir()
    handwriting.render(two).save(tmp_path / "2" / "narrow.png")
    for taught_by in (recognizer, None):
        (ink,) = load_pictures(tmp_path, taught_by).images > 0
        assert ink.any(0).sum() < 0.5 * ink.any(1).sum()


def test_corrections_that_cannot_be_learned_cost_nothing_and_that_is_said(fine_tune: Callable, tmp_path: Path):
    weights = (tmp_path / "lenet.pt").read_bytes()
    seven = drawn(STRANGE_SEVEN, 0)
    ended, before, after = fine_tune((seven, 7), (seven, 1), (seven, 4))
    assert ended.returncode == 1
    assert "no more of the corrections, nor much more surely; nothing was written" in ended.stderr.splitlines()[-1]
    assert after == before
    assert (tmp_path / "lenet.pt").read_bytes() == weights


@pytest.mark.parametrize(
    ("unread", "said"),
    [
        (["a.png"], "1 shows no digit or cannot be read, and is left out"),
        (["a.png", "b.jpg"], "2 show no digit or cannot be read, and are left out"),
    ],
)
def test_corrections_that_cannot_be_read_are_counted(
    unread: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture
):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "seven.png").write_bytes(drawn(STRANGE_SEVEN, 0))
    for name in unread:
        (tmp_path / "7" / name).write_bytes(b"no picture")
    assert len(load_pictures(tmp_path)) == 1
    assert said in capsys.readouterr().out


def damaged_zip(compression: int) -> bytes:
    """A ZIP file whose only picture has damaged bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("7/seven.png", drawn(STRANGE_SEVEN, 0))
    content = bytearray(file.getvalue())
    content[60:120] = bytes(60)
    return bytes(content)


def zip_with_odd_name() -> bytes:
    """A ZIP file whose only name is marked as UTF-8, but is not valid UTF-8."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("7/ä.png", drawn(STRANGE_SEVEN, 0))
    return file.getvalue().replace("ä".encode(), b"\xff\xff")


def test_weights_that_every_step_would_make_worse_stay_as_they_were(small_mnist: Path):
    digits, validation = load_training_digits(small_mnist)
    before = checkpoint.load(checkpoint.SHIPPED)[0].state_dict()
    tuning = FineTuning(before, digits, digits[torch.arange(3)], Speedups())
    with torch.no_grad():
        tuning.training.averaged_network.output.bias[3] += 1e6  # it reads everything as a 3
    tuned = tuning.settle(validation)
    assert tuned.alpha == 0
    assert tuned.validation_after == tuned.validation_before
    after = tuning.training.averaged_network.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)


@pytest.mark.parametrize(
    ("lost", "won", "allowed"), [(0, 0, True), (1, 0, True), (2, 0, False), (0, 9, True), (6, 3, True), (7, 3, False)]
)
def test_only_chance_may_make_validation_worse(lost: int, won: int, allowed: bool):
    before = torch.arange(100) >= won
    after = torch.arange(100) < 100 - lost
    assert is_no_worse(before, after) == allowed


def test_what_is_learned_of_a_correction_is_its_digit_and_not_what_lies_beside(tmp_path: Path):
    plain = handwriting.render(handwriting.by_hand(4))
    page = Image.new("RGB", (700, 400), "white")
    page.paste(plain, (60, 60))
    draw = ImageDraw.Draw(page)
    draw.rounded_rectangle((440, 90, 640, 260), 10, fill="#3060d0")
    draw.text((470, 120), "Clear\nthe pad", fill="white", font_size=30)
    (tmp_path / "4").mkdir()
    for name, picture in (("busy", page), ("plain", plain)):
        (tmp_path / "4" / f"{name}.png").write_bytes(png(picture))
    busy, plain = load_pictures(tmp_path, Recognizer()).images.int()
    assert (busy - plain).abs().sum() < 0.1 * plain.sum()


def test_notes_that_a_system_keeps_beside_pictures_are_no_corrections(tmp_path: Path, capsys: pytest.CaptureFixture):
    four = png(handwriting.render(handwriting.by_hand(4)))
    names = ("4/one.png", "__MACOSX/4/._one.png", "4/.DS_Store", "4/Thumbs.db")
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        for name in names:
            archive.writestr(name, four if name == names[0] else b"no picture")
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(four if name == names[0] else b"no picture")
    for given in (tmp_path / "pictures.zip", tmp_path):
        assert load_pictures(given).labels.tolist() == [4]
    assert "left out" not in capsys.readouterr().out


def test_who_may_not_write_reads_what_is_kept_and_leaves_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    kept = Corrections(tmp_path)
    kept.add(Correction(PICTURES[4].read_bytes(), 4, 9, 0.5, None))
    monkeypatch.setattr("os.access", lambda _, mode: mode != os.W_OK)
    monkeypatch.setattr(Corrections, "opened", None)
    assert [label for _, label, _ in kept] == [4]
    assert [path.name for path in tmp_path.iterdir()] == ["corrections.sqlite3"]


@pytest.mark.parametrize(
    "content",
    [None, b"no zip", b"PK\x05\x06" + bytes(18), "odd", zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA],
    ids=["missing", "no ZIP file", "empty", "odd name", "damaged", "damaged bzip2", "damaged LZMA"],
)
def test_corrections_that_cannot_be_had_are_told_in_a_sentence(tmp_path: Path, content: bytes | int | str | None):
    path = tmp_path / "corrections.zip"
    if content == "odd":
        path.write_bytes(zip_with_odd_name())
    elif content is not None:
        path.write_bytes(content if isinstance(content, bytes) else damaged_zip(content))
    with pytest.raises(DataError, match=re.escape(str(path))):
        load_pictures(path)


def test_where_there_is_no_corrections_archive_training_says_so_before_it_looks_for_mnist(tmp_path: Path):
    path, mnist = tmp_path / "corrections.zip", tmp_path / "mnist"
    ended = run_here(command.main, "--data", str(mnist), "--corrections", str(path), "--out", str(tmp_path))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert str(path) in ended.stderr
    assert not mnist.exists()


def test_corrections_that_cannot_be_read_for_want_of_room_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    Corrections(tmp_path).add(Correction(PICTURES[4].read_bytes(), 4, 9, 0.5, None))

    def refuse(_: Corrections) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Corrections, "opened_to_read", refuse)
    with pytest.raises(DataError):
        load_pictures(tmp_path)


def test_a_damaged_store_of_corrections_is_told_in_a_sentence(small_mnist: Path, tmp_path: Path):
    (tmp_path / "corrections.sqlite3").write_bytes(b"no database" * 100)
    ended = python("-m", "train", "--data", str(small_mnist), "--corrections", str(tmp_path), "--out", str(tmp_path))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert str(tmp_path) in ended.stderr


@pytest.mark.parametrize("flag", ["--epochs 3", "--lr 0.1", "--batch-size 50", "--resume", "--fast"])
def test_fine_tuning_refuses_what_it_would_not_heed(flag: str, small_mnist: Path, tmp_path: Path):
    ended = run_here(
        command.main,
        *["--data", str(small_mnist), "--corrections", str(tmp_path), "--out", str(tmp_path)],
        *flag.split(),
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert flag.split()[0] in ended.stderr


def test_who_corrects_a_few_sevens_is_read_from_then_on(mnist_root: Path, tmp_path: Path):
    """End to end without a restart: 7s are misread, corrected as the page does it, fine-tuned on, and then read."""
    for name in ("lenet.pt", "lenet.json"):
        shutil.copy(HOME / "checkpoints" / name, tmp_path)
    running = start_server(
        tmp_path, "--checkpoint", str(tmp_path / "lenet.pt"), "--corrections", str(tmp_path / "kept"), "--watch"
    )
    mine = [jittered(STRANGE_SEVEN, seed) for seed in range(30)]
    assert sum(read(running, strokes) == 7 for strokes in mine[10:]) < 10, "most must be misread at first"
    for strokes in mine[:10]:
        assert correct(running, strokes, 7).json["new"]
    before = healthz(running)["sha256"]
    ended = python("-m", "train", "--corrections", str(tmp_path / "kept"), "--out", str(tmp_path))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    card = json.loads((tmp_path / "lenet.json").read_text())
    assert card["fine_tuned_from"] == before
    until(running, card["sha256"])
    assert sum(read(running, strokes) == 7 for strokes in mine[10:]) >= 18
    running.stop()


def read(server: RunningServer, strokes: list) -> int:
    return post(server, json.dumps({"strokes": strokes}).encode(), "application/json").json["digit"]


def jittered(strokes: list[handwriting.Stroke], seed: int) -> list[handwriting.Stroke]:
    """``strokes`` as the same hand might repeat them."""
    rng = random.Random(seed)
    return handwriting.distorted(strokes, rng, rng.uniform(-0.15, 0.15), rng.uniform(0.8, 1.1), 1, unrest=0.015)


def drawn(strokes: list[handwriting.Stroke], seed: int) -> bytes:
    return png(handwriting.render(jittered(strokes, seed), 100, 0.06))
