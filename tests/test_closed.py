"""Promises for a server that strangers can reach: what it protects, and what it logs and measures."""

import gzip
import hashlib
import http.client
import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import bottle
import handwriting
import pytest
from conftest import HOME, LINE_TIMEOUT, RunningServer, children, python, started
from prometheus_client.parser import text_string_to_metric_families
from test_corrections import called
from test_server import PICTURES, Answer, as_raw_body, ask, data_url, post

import server as server_module
from net.serving import access_log
from net.serving.command_line import parse_arguments
from net.serving.gate import RateLimit, trusting_proxy
from net.serving.limits import Limits
from net.serving.metrics import Metrics

A_PICTURE = PICTURES[0].read_bytes()
FRIEND, STRANGER = "https://friend.example", "https://stranger.example"
TOKEN = "tok3n-of-printable-characters"
PROXY = "127.0.0.3"
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that requires a token, allows one other origin, and soon times out slow headers."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "token").write_text(f"{TOKEN}\n")
    flags = ["--token-file", str(folder / "token"), "--cors", FRIEND, "--header-seconds", "0.5"]
    with started(folder, *flags) as running:
        yield running


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that allows each address a request in 100 seconds, trusts a proxy, and logs JSON."""
    folder = tmp_path_factory.mktemp("counting")
    with started(folder, "--rate", "0.01", "--trusted-proxy", PROXY, "--log", "json") as running:
        yield running


def ask_from(source: str, server: RunningServer, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    """Like `ask`, but from the local address ``source``."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, LINE_TIMEOUT, source_address=(source, 0))
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def send(server: RunningServer, data: bytes) -> Answer:
    """The answer to exactly these bytes, which need not be valid HTTP."""
    with socket.create_connection(("127.0.0.1", server.port), LINE_TIMEOUT) as connection:
        connection.sendall(data)
        response = http.client.HTTPResponse(connection, method=data.partition(b" ")[0].decode("latin-1"))
        response.begin()
        return Answer(response)


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# ------------------------------------------------------------------------------------------ headers and origins


def test_only_this_machine_is_served_unless_told_otherwise(server):
    assert server.url.startswith("http://127.0.0.1:")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", server.port), LINE_TIMEOUT)


MAIN_SCRIPT = hashlib.sha256((HOME / "static" / "main.js").read_bytes()).hexdigest()[:16]  # part of its ETag
ANSWERS = {
    "the page": (b"GET / HTTP/1.1", 200),
    "the page's header": (b"HEAD / HTTP/1.1", 200),
    "the contract for people": (b"GET /api HTTP/1.1", 200),
    "the contract for programs": (b"GET /openapi.json HTTP/1.1", 200),
    "a script": (b"GET /static/main.js HTTP/1.1", 200),
    "a script that has not changed": (
        b'GET /static/main.js HTTP/1.1\r\nIf-None-Match: W/"another", "%s"' % MAIN_SCRIPT.encode(),
        304,
    ),
    "health": (b"GET /healthz HTTP/1.1", 200),
    "readiness": (b"GET /readyz HTTP/1.1", 200),
    "measurements": (b"GET /metrics HTTP/1.1", 200),
    "corrections": (b"GET /corrections.zip HTTP/1.1", 200),
    "a prediction": (
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n%s"
        % (len(A_PICTURE), A_PICTURE),
        200,
    ),
    "no picture": (b"POST /predict HTTP/1.1\r\nContent-Length: 0", 400),
    "nothing there": (b"GET /nowhere HTTP/1.1", 404),
    "no such file": (b"GET /static/nothing.js HTTP/1.1", 404),
    "a wrong method": (b"DELETE /predict HTTP/1.1", 405),
    "no HTTP": (b"not http at all", 400),
    "a bad length": (b"POST /predict HTTP/1.1\r\nContent-Length: seven", 400),
    "an unknown encoding": (b"POST /predict HTTP/1.1\r\nTransfer-Encoding: gzip", 400),
    "too long a header": (b"GET / HTTP/1.1\r\nX: " + b"x" * 300_000, 431),
    "too long a body": (b"POST /predict HTTP/1.1\r\nContent-Length: %d" % (Limits().body + 1), 413),
}


@pytest.mark.parametrize("case", ANSWERS, ids=lambda case: case.replace(" ", "-"))
def test_every_answer_is_closed_to_what_browsers_might_make_of_it(server, case: str):
    request, status = ANSWERS[case]
    host = b"" if b"\r\n\r\n" in request else b"\r\nHost: 127.0.0.1\r\n\r\n"
    answer = send(server, request + host)
    assert answer.status == status
    assert {name: answer.headers[name] for name in EVERYWHERE} == EVERYWHERE
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["X-Request-ID"])
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    assert policy.startswith("default-src 'self'" if is_page else "default-src 'none'")
    assert ("base-uri 'none'" in policy) == is_page
    assert "unsafe" not in policy
    assert not [name for name in answer.headers if name.startswith("Access-Control-") or name == "Server"]


def test_who_is_too_slow_is_told_so_in_an_answer_like_any_other(guarded):
    answer = send(guarded, b"GET / HTTP/1.1\r\nOrigin: %s\r\nHost: 127" % FRIEND.encode())
    assert answer.error == (408, "timeout")
    assert {name: answer.headers[name] for name in EVERYWHERE} == EVERYWHERE


@pytest.mark.parametrize("path", ["/", "/api"])
def test_the_pages_hold_no_script_that_their_policy_forbids(server, path: str):
    page = ask(server, "GET", path).body.decode()
    scripts = r"<script(?![^>]*\ssrc=)(?! type=.application/json)"  # JSON blocks are not executed
    assert not re.search(rf"{scripts}|<style|\sstyle=|\son\w+=|javascript:", page)


def test_pages_are_compiled_once_and_not_for_each_who_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    compiled = []
    compile_page = bottle.SimpleTemplate.prepare
    monkeypatch.setattr(
        bottle.SimpleTemplate,
        "prepare",
        lambda *given, **named: compiled.append(given) or compile_page(*given, **named),
    )
    app = server_module.create_app(corrections=tmp_path)
    for path in ["/", "/api"] * 3:
        assert called(app, "GET", path)[0] == "200 OK"
    assert len(compiled) <= 2


def test_no_other_sites_page_may_read_answers_unless_allowed(server, guarded):
    for answer in (
        ask(server, "GET", "/healthz", Origin=FRIEND),
        ask(guarded, "GET", "/healthz", Origin=STRANGER),
        ask(guarded, "GET", "/healthz", Origin="null"),
        ask(guarded, "GET", "/healthz", Origin=f"{FRIEND}.stranger.example"),
        ask(server, "OPTIONS", "/predict", Origin=FRIEND, Access_Control_Request_Method="POST"),
        ask(guarded, "OPTIONS", "/predict", Origin=STRANGER, Access_Control_Request_Method="POST"),
    ):
        assert not [name for name in answer.headers if name.startswith("Access-Control-")]


def test_an_allowed_page_may_read_every_answer(guarded):
    too_long = b"POST /predict HTTP/1.1\r\nHost: x\r\nOrigin: %s\r\nContent-Length: %d\r\n\r\n"
    for answer, status in (
        (ask(guarded, "GET", "/healthz", Origin=FRIEND), 200),
        (ask(guarded, "POST", "/predict", A_PICTURE, Content_Type="image/png", Origin=FRIEND, **bearing(TOKEN)), 200),
        (ask(guarded, "POST", "/predict", Origin=FRIEND), 401),
        (send(guarded, too_long % (FRIEND.encode(), Limits().body + 1)), 413),
    ):
        assert answer.status == status
        assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
        assert answer.headers["Vary"] == "Origin"
        assert answer.headers["Access-Control-Allow-Credentials"] is None
        assert {"Retry-After", "Allow"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    assert ask(guarded, "GET", "/healthz").headers["Vary"] == "Origin", "else a cache would serve the wrong answer"


def test_an_allowed_page_is_told_before_what_it_may_send(guarded):
    answer = ask(
        guarded, "OPTIONS", "/predict", Origin=FRIEND, Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="authorization, content-type",
    )  # fmt: skip
    assert (answer.status, answer.body, answer.headers["Connection"]) == (204, b"", None)
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert "authorization" in allowed
    assert "content-type" in allowed


def test_what_an_allowed_page_asks_before_is_no_other_request(guarded):
    answer = ask(guarded, "OPTIONS", "/healthz", Origin=FRIEND, **bearing(TOKEN))
    assert answer.error == (405, "method_not_allowed")


def test_what_is_for_this_machine_is_not_for_an_allowed_page_in_its_browser(tmp_path: Path):
    with started(tmp_path, "--cors", FRIEND) as server:
        for path in ("/metrics", "/corrections.zip"):
            assert ask(server, "GET", path, Origin=FRIEND).error == (403, "forbidden")
            assert ask(server, "GET", path, Origin=server.url.rstrip("/")).status == 200


@pytest.mark.parametrize("path", ["/static/main.js", "/static/page.css"])
def test_a_browser_that_has_a_file_is_told_so_by_its_content_alone(server, path: str):
    plain = ask(server, "GET", path)
    packed = ask(server, "GET", path, Accept_Encoding="gzip")
    assert gzip.decompress(packed.body) == plain.body
    assert plain.headers["ETag"] != packed.headers["ETag"], "as the bytes differ"
    for answer, encoding in ((plain, "identity"), (packed, "gzip")):
        for known in (answer.headers["ETag"], f"W/{answer.headers['ETag']}"):  # proxies that compress make it weak
            again = ask(server, "GET", path, Accept_Encoding=encoding, If_None_Match=known)
            assert (again.status, again.body, again.headers["ETag"]) == (304, b"", answer.headers["ETag"])
            assert again.headers["Cache-Control"] == "no-cache", "else the browser would not revalidate"
        head = ask(server, "HEAD", path, Accept_Encoding=encoding)
        assert answer.headers["Vary"] == "Accept-Encoding", "else a cache would serve the wrong encoding"
        assert answer.headers["Cache-Control"] == "no-cache"
        for name in ("Content-Length", "Content-Type", "ETag", "Vary", "Content-Encoding"):
            assert head.headers[name] == answer.headers[name], name
        assert head.body == b""
    assert ask(server, "GET", path, If_None_Match="*").status == 304
    newer = {"If_None_Match": '"of another day"', "If_Modified_Since": "Fri, 01 Jan 2100 00:00:00 GMT"}
    assert ask(server, "GET", path, **newer).body == plain.body


def test_what_has_not_changed_costs_no_connection(server):
    with socket.create_connection(("127.0.0.1", server.port), LINE_TIMEOUT) as connection:
        for _ in range(3):
            connection.sendall(b"GET /static/main.js HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\n\r\n")
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            assert (answer.status, answer.headers["Connection"]) == (304, None)


def test_corrections_come_from_no_other_sites_page_but_an_allowed_one(guarded):
    body = json.dumps({"strokes": handwriting.by_hand(4), "label": 4}).encode()
    sent = {"Content_Type": "application/json", **bearing(TOKEN)}
    for origin in (STRANGER, "null", FRIEND.replace("https", "http")):
        assert ask(guarded, "POST", "/corrections", body, Origin=origin, **sent).error == (403, "forbidden")
    assert ask(guarded, "POST", "/corrections", body, Origin=FRIEND, **sent).json["new"] is True


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--cors", "friend.example"),
        ("--cors", f"{FRIEND}/"),
        ("--cors", "https://*.friend.example"),
        ("--cors", f"{FRIEND}?page=1"),
        ("--cors", f"{FRIEND}:443"),
        ("--trusted-proxy", "localhost"),
    ],
)
def test_who_could_never_be_meant_is_refused_on_the_command_line(capsys: pytest.CaptureFixture, flag: str, value: str):
    with pytest.raises(SystemExit) as ended:
        parse_arguments([flag, value])
    assert ended.value.code == 2
    assert value in capsys.readouterr().err


@pytest.mark.parametrize(
    "settings",
    [
        {"token": ""}, {"token": "two words"}, {"cors": ["friend.example"]}, {"cors": f"{FRIEND}/"},
        {"cors": [FRIEND.upper()]}, {"rate": 0}, {"rate": 1e-310}, {"rate": float("nan")},
        {"trusted_proxy": "localhost"},
    ],
    ids=str,
)  # fmt: skip
def test_who_could_never_be_meant_is_refused_where_the_application_is_made(settings: dict):
    with pytest.raises(ValueError, match=next(iter(settings))):
        server_module.create_app(corrections=None, **settings)


# ------------------------------------------------------------------------------------------------ files and errors


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/../../../../../../etc/passwd",
        "/static/%2e%2e/server.py",
        "/static/%2e%2e%2fserver.py",
        "/static/..%5cserver.py",
        "/static/..\\server.py",
        "/static/%252e%252e/server.py",
        "/static/%c0%ae%c0%ae/server.py",
        "/static/main.js/../../server.py",
        "/static/../static-of-another/main.js",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/main.js%00",
        "/static/..%00/server.py",
        "/static/proc/self/cwd/server.py",
        "/static/.",
        "/static/..",
        "/static/%ff%fe",
        "/static/" + "a" * 5000,
        "/server.py",
        "/../server.py",
        "/checkpoints/lenet.pt",
        "//etc/passwd",
    ],
)
def test_files_are_served_from_their_folder_alone(server, path: str):
    assert send(server, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).error == (404, "not_found")


def test_a_fault_of_the_servers_own_tells_strangers_nothing_and_its_log_everything(tmp_path: Path):
    for form in ("text", "json"):
        folder = tmp_path / form
        folder.mkdir()
        with started(folder, "--log", form) as running:
            (folder / "corrections").mkdir()
            (folder / "corrections" / "corrections.sqlite3").write_bytes(b"no database" * 500)
            answer = ask(running, "GET", "/corrections.zip", X_Request_ID="of-the-fault")
            assert answer.error == (500, "internal")
            assert not re.search(rb"sqlite|Error|/|line \d", answer.body)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        lines = (folder / "server.log").read_text().splitlines()
        if form == "json":
            logged = [json.loads(line) for line in lines]
            fault = next(one for one in logged if "exception" in one)
            assert "of-the-fault" in fault["message"]
            assert "DatabaseError" in fault["exception"]
        else:
            assert any("request of-the-fault failed" in line for line in lines)
            assert any("DatabaseError" in line for line in lines)
            assert all(re.match(r"2\d{3}-|    ", line) for line in lines), "no traceback line may look like a request's"


def test_nothing_in_a_traceback_is_obeyed_by_a_terminal_or_passes_for_a_request():
    try:
        raise ValueError("\x1b[2J\x9b31m\n2026-01-01 00:00:00,000 127.0.0.1 GET /forged 200")
    except ValueError:
        lines = access_log.Lines().formatException(sys.exc_info()).split("\n")
    assert all(line.startswith("    ") and line.isprintable() for line in lines)
    assert any("forged" in line for line in lines)


@pytest.mark.parametrize("name", ["Origin", "Host", "X-Forwarded-For", "Forwarded", "Via", "Content-Type", "Cookie"])
@pytest.mark.parametrize("line", ["POST /corrections", "GET /metrics", "POST /predict"])
def test_a_header_that_is_no_text_is_the_senders_fault_if_anybodys(server, line: str, name: str):
    request = f"{line} HTTP/1.1\r\nHost: x\r\n{name}: \xe9\xff\r\nContent-Length: 0\r\n\r\n".encode("latin-1")
    assert send(server, request).status in (200, 400, 403, 415)


# ------------------------------------------------------------------------------------------------------------ log


STRANGE = [
    b"GET /first%0a2026-01-01%2000:00:00,000%20127.0.0.1%20GET%20/forged%20200 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /second%0d%1b[31m%1b]0;title%07 HTTP/1.1\r\nHost: x\r\n\r\n",
    b'GET /third"%22,"status":200,"x":" HTTP/1.1\r\nHost: x\r\n\r\n',
    b'GET /fourth?"%0a%1b[2J HTTP/1.1\r\nHost: x\r\n\r\n',
    b"GET /fifth%e2%80%a8%c2%85%00%7f\\n HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /sixth?\x1b[2J\x9b31m\xe2\x80\xae HTTP/1.1\r\nHost: x\r\n\r\n",
    b'GET /seventh HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: "\x1b[31m, \x1b[2J\r\nX-Request-ID: \x1b[31m"\r\n\r\n',
    b'GET"\x1b /eighth HTTP/1.1\r\nHost: x\r\n\r\n',
]


def test_what_strangers_send_stays_within_its_line_of_the_log(server):
    before = len(server.log.read_bytes().splitlines())
    for request in STRANGE:
        assert send(server, request).status in (400, 404)
    log = server.log.read_bytes()
    assert re.fullmatch(rb"[\n -~]*", log), "only printable ASCII and line ends"
    lines = log.decode().splitlines()[before:]
    assert len(lines) == len(STRANGE)
    for line in lines:
        # date, time, address, method, path, status, bytes, time, number
        assert re.fullmatch(r'\S+ \S+ 127\.0\.0\.1 [^\s"]+ [^\s"]+ 40[04] \d+ \S+ms [0-9a-f]{16}', line), line
    addresses = [re.split(r"[\\?]", line.split(" ")[4])[0] for line in lines]
    assert addresses == ["/first", "/second", "/third", "/fourth", "/fifth", "-", "-", "-"], "the last are not HTTP"


def test_a_log_of_json_is_an_object_a_line_whatever_strangers_send(counting):
    for request in STRANGE:
        send(counting, request)
    ask_from(PROXY, counting, "GET", "/", X_Forwarded_For='10.0.0.1 "GET"')
    requests = [json.loads(line) for line in counting.log.read_text().splitlines()]
    assert {"time", "client", "method", "path", "status", "bytes", "milliseconds", "request_id"} <= set(requests[0])
    assert all(re.fullmatch("[!-~]+", line[name]) for line in requests for name in ("client", "method", "path"))


def test_a_line_of_the_log_is_short_enough_to_stay_whole_where_processes_share_a_pipe(counting):
    before = len(counting.log.read_bytes().splitlines())
    addresses = ("/" + "a" * 30_000, "/" + "%5c" * 10_000, "/" + '"' * 10_000, "/" + "%e2%80%a8" * 3_000)
    for address in addresses:
        assert send(counting, b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % address.encode()).status == 404
    assert send(counting, b"%s / HTTP/1.1\r\nHost: x\r\n\r\n" % (b"G" * 30_000)).status == 405
    lines = counting.log.read_bytes().splitlines(keepends=True)[before:]
    assert len(lines) == len(addresses) + 1
    assert max(map(len, lines)) <= 4096, "PIPE_BUF"
    assert json.loads(lines[0])["path"].startswith("/aa"), "what is cut off is the end"


def test_the_log_tells_how_many_milliseconds_a_request_took(counting):
    sent = {"Content_Type": "image/png", "X_Request_ID": "to-be-timed"}
    answer = ask_from("127.0.0.24", counting, "POST", "/predict", A_PICTURE, **sent)
    line = next(one for one in counting.log.read_text().splitlines() if "to-be-timed" in one)
    assert json.loads(line)["milliseconds"] >= answer.json["milliseconds"] - 0.1, "reading is part of the request"


@pytest.mark.parametrize("number", ["7", "0af7651916cd43dd8448eb211c80319c", "a.b-c_d", "x" * 64])
def test_a_requests_number_is_kept(server, number: str):
    for answer in (
        ask(server, "GET", "/healthz", X_Request_ID=number),
        ask(server, "GET", "/nowhere", X_Request_ID=number),
        send(server, b"POST / HTTP/1.1\r\nX-Request-ID: %s\r\nContent-Length: many\r\n\r\n" % number.encode()),
    ):
        assert answer.headers["X-Request-ID"] == number
    assert all(line.endswith(f" {number}") for line in server.log.read_text().splitlines()[-3:])


@pytest.mark.parametrize("number", [None, "", "x" * 65, "a b", 'a"b', "a\x1b[31m", "é", "a,b", "<b>"], ids=repr)
def test_what_is_no_number_of_a_request_is_replaced_by_one(server, number: str | None):
    header = b"" if number is None else b"X-Request-ID: %s\r\n" % number.encode("latin-1")
    first, second = (send(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n%s\r\n" % header) for _ in range(2))
    for answer in (first, second):
        assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-ID"])
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
    assert server.log.read_text().splitlines()[-1].endswith(f" {second.headers['X-Request-ID']}")


# ---------------------------------------------------------------------------------------------------------- token


NEED_THE_TOKEN = [
    ("POST", "/predict"),
    ("POST", "/explain"),
    ("POST", "/corrections"),
    ("GET", "/corrections.zip"),
    ("GET", "/metrics"),
    ("GET", "/nowhere"),
    ("POST", "/"),
    ("DELETE", "/healthz"),
]


@pytest.mark.parametrize(("method", "path"), NEED_THE_TOKEN)
def test_only_who_bears_the_token_is_answered(guarded, method: str, path: str):
    for authorization in (
        None,
        "",
        TOKEN,
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN} {TOKEN}",
        "Bearer \xe9",
    ):
        answer = ask(guarded, method, path, **({} if authorization is None else {"Authorization": authorization}))
        assert answer.error == (401, "unauthorized"), authorization
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert ask(guarded, method, path, **bearing(TOKEN)).status != 401
    assert ask(guarded, method, path, Authorization=f"bearer {TOKEN}").status != 401, "the scheme is case-insensitive"


@pytest.mark.parametrize("path", ["/", "/api", "/static/main.js", "/openapi.json", "/healthz", "/readyz"])
def test_the_page_and_the_servers_health_need_no_token(guarded, path: str):
    assert ask(guarded, "GET", path).status == ask(guarded, "HEAD", path).status == 200


@pytest.mark.parametrize("content", [None, b"\n", b"\xff\xfe"], ids=repr)
def test_a_token_that_cannot_be_used_is_told_in_one_sentence(tmp_path: Path, content: bytes | None):
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    ended = python("server.py", "--port", "0", "--token-file", str(path))
    assert (ended.returncode, ended.stderr.count("\n"), ended.stdout) == (1, 1, ""), ended.stderr
    assert str(path) in ended.stderr


# ----------------------------------------------------------------------------------------- rate, and who is asking


def test_who_asks_too_often_is_told_when_to_come_again(counting):
    assert ask_from("127.0.0.21", counting, "POST", "/predict", A_PICTURE, Content_Type="image/png").json["digit"] == 0
    for path in ("/predict", "/explain", "/corrections"):
        answer = ask_from("127.0.0.21", counting, "POST", path, A_PICTURE, Content_Type="image/png")
        assert answer.error == (429, "too_many_requests")
        assert int(answer.headers["Retry-After"]) >= 1
    assert ask_from("127.0.0.22", counting, "POST", "/predict", A_PICTURE, Content_Type="image/png").status == 200
    for path in ("/", "/static/main.js", "/static/page.css", "/healthz"):
        assert ask_from("127.0.0.21", counting, "GET", path).status == 200


def test_nobody_is_told_to_come_again_at_once():
    app = server_module.create_app(corrections=None, rate=0.9)
    answers = (called(app, "POST", "/predict") for _ in range(10))
    _, headers, _ = next(answer for answer in answers if answer[0].startswith("429"))
    assert int(headers["Retry-After"]) >= 1


def test_after_a_pause_an_address_may_send_twice_as_many_at_once_as_in_a_second(monkeypatch: pytest.MonkeyPatch):
    now = 1000.0
    monkeypatch.setattr("net.serving.gate.time", SimpleNamespace(monotonic=lambda: now))
    app = server_module.create_app(corrections=None, rate=5)

    def let_in() -> int:
        return sum(not called(app, "POST", "/predict")[0].startswith("429") for _ in range(20))

    assert let_in() == 10
    now += 1
    assert let_in() == 5
    now += 3600
    assert let_in() == 10


def test_of_more_addresses_than_are_remembered_those_longest_away_are_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("net.serving.gate.ADDRESSES", 2)
    limit = RateLimit(0.01)
    for number in (1, 2, 1, 3):
        limit.wait(f"198.51.100.{number}")
    assert limit.wait("198.51.100.1") > 0, "it asked after the second"
    assert limit.wait("198.51.100.2") == 0


def test_each_picture_counts_and_one_waits_for_all_that_came(counting):
    pictures = [data_url(PICTURES[0])] * 5
    body = json.dumps({"images": pictures}).encode()
    assert ask_from("127.0.0.23", counting, "POST", "/predict", body, Content_Type="application/json").status == 200
    answer = ask_from("127.0.0.23", counting, "POST", "/predict", A_PICTURE, Content_Type="image/png")
    assert answer.error == (429, "too_many_requests")
    assert int(answer.headers["Retry-After"]) in range(490, 501), "five pictures at 0.01 a second"


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("198.51.100.1", "198.51.100.2", False),
        ("::ffff:198.51.100.1", "::ffff:198.51.100.2", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("nobody", "nobody", True),
    ],
)
def test_who_has_a_network_of_addresses_is_one(one: str, other: str, are_one: bool):
    limit = RateLimit(0.01)
    assert limit.wait(one) == 0
    assert (limit.wait(other) > 0) == are_one


def test_a_proxy_is_believed_whom_it_asks_for_and_nobody_else_is(counting):
    def status(source: str, forwarded: str) -> int:
        headers = {"Content_Type": "image/png", "X_Forwarded_For": forwarded}
        return ask_from(source, counting, "POST", "/predict", A_PICTURE, **headers).status

    assert status(PROXY, "198.51.100.1") == 200
    assert status(PROXY, "198.51.100.1") == 429
    assert status(PROXY, "198.51.100.2") == 200, "another client of the same proxy"
    assert status(PROXY, "203.0.113.9, 198.51.100.2") == 429, "earlier entries, which the client can forge, are ignored"
    assert status(PROXY, "2001:db8::1") == 200
    assert status("127.0.0.31", "198.51.100.3") == 200
    assert status("127.0.0.31", "198.51.100.4") == 429, "only a trusted proxy may name other clients"
    assert status(PROXY, 'not an "address') == 200
    assert status(PROXY, "nor this") == 429, "no valid address: the proxy is the client"
    clients = [json.loads(line).get("client") for line in counting.log.read_text().splitlines()[-9:]]
    assert clients == [*["198.51.100.1"] * 2, *["198.51.100.2"] * 2, "2001:db8::1", *["127.0.0.31"] * 2, *[PROXY] * 2]


@pytest.mark.parametrize("peer", ["127.0.0.3", "::ffff:127.0.0.3"])
def test_a_proxy_is_believed_on_a_socket_of_either_version(peer: str):
    clients = []
    app = trusting_proxy(PROXY, lambda environ, _: clients.append(environ["REMOTE_ADDR"]) or [])
    app({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": "198.51.100.1"}, print)
    assert clients == ["198.51.100.1"]


def test_what_never_reaches_the_application_is_logged_under_its_clients_address(counting):
    with socket.create_connection(("127.0.0.1", counting.port), LINE_TIMEOUT, (PROXY, 0)) as connection:
        connection.sendall(
            b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 198.51.100.7\r\nContent-Length: 99999999\r\n\r\n"
        )
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert Answer(response).error == (413, "too_large")
    assert json.loads(counting.log.read_text().splitlines()[-1])["client"] == "198.51.100.7"


# --------------------------------------------------------------------------------------------------- measurements


Samples = dict[str, float]


def measured(server: RunningServer, **headers: str) -> Samples:
    """The samples of /metrics, by name and labels."""
    answer = ask(server, "GET", "/metrics", **headers)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples: Samples = {}
    for family in text_string_to_metric_families(answer.body.decode()):
        for sample in family.samples:
            name = sample.name + "".join(f" {label}={value}" for label, value in sorted(sample.labels.items()))
            assert name not in samples
            samples[name] = sample.value
    return samples


def more(before: Samples, after: Samples, name: str) -> float:
    return after.get(name, 0) - before.get(name, 0)


def test_requests_and_what_was_read_are_counted(server):
    before = measured(server)
    for _ in range(6):
        assert as_raw_body(server, PICTURES[7]).json["certain"] is True
    post(server, b"seven", "image/png")
    ask(server, "GET", "/nowhere")
    ask(server, "GET", "/static/main.js")
    send(server, b"not http at all\r\n\r\n")
    after = measured(server)
    grown = {
        "digits_requests_total route=/predict status=200": 6,
        "digits_requests_total route=/predict status=422": 1,
        "digits_requests_total route=none status=404": 1,
        "digits_requests_total route=none status=400": 1,
        "digits_requests_total route=/static/<name:path> status=200": 1,
        "digits_request_seconds_count route=/predict": 7,
        "digits_request_seconds_count route=none": 1,  # what is not HTTP never reached the application
        "digits_predictions_total certain=true digit=7": 6,
        "digits_stage_seconds_count stage=decode": 6,
        "digits_stage_seconds_count stage=ink": 6,
        "digits_stage_seconds_count stage=forward": 6,
        "digits_batch_size_sum": 6,
    }
    assert {name: more(before, after, name) for name in grown} == grown
    stages = sum(more(before, after, f"digits_stage_seconds_sum stage={name}") for name in ("decode", "ink", "forward"))
    whole = more(before, after, "digits_request_seconds_sum route=/predict")
    assert 0 < stages < whole, "the stages are parts of the request"
    assert after["digits_queue_length"] == 0


def test_doubt_is_counted_apart(server):
    before = measured(server)
    scribble = {"strokes": [[[i * 37 % 41, i * 23 % 43] for i in range(40)]]}
    answer = post(server, json.dumps(scribble).encode(), "application/json").json
    assert answer["certain"] is False
    after = measured(server)
    assert more(before, after, f"digits_predictions_total certain=false digit={answer['digit']}") == 1


def test_the_weights_and_the_start_are_told(tmp_path: Path):
    before = time.time()
    with started(tmp_path) as running:
        samples = measured(running)
        card = json.loads((HOME / "checkpoints" / "lenet.json").read_text())
        assert samples[f"digits_weights_info sha256={card['sha256']}"] == 1
        assert before <= samples["digits_start_time_seconds"] <= time.time()


def test_an_address_made_up_by_a_stranger_makes_no_measurement_of_its_own(server):
    def ask_for(number: int) -> None:
        ask(server, "GET", f"/made-up-{number}")
        ask(server, "GET", f"/static/made-up-{number}.js")

    measured(server)
    ask_for(0)
    before = measured(server)
    for number in range(1, 6):
        ask_for(number)
    after = measured(server)
    assert not [name for name in after if "made-up" in name]
    assert set(after) == set(before)


def test_measurements_are_for_this_machine_or_for_those_who_bear_the_token(server, counting, guarded):
    assert ask(server, "GET", "/metrics").status == 200
    for through in ({"X_Forwarded_For": "198.51.100.1"}, {"Forwarded": "for=198.51.100.1"}, {"Via": "1.1 proxy"}):
        assert ask(server, "GET", "/metrics", **through).error == (403, "forbidden")
    assert ask(server, "GET", "/metrics", Host="rebound.example").error == (403, "forbidden")
    assert ask_from("127.0.0.2", counting, "GET", "/metrics").error == (403, "forbidden")
    forwarded = {"X_Forwarded_For": "127.0.0.1"}
    assert ask_from(PROXY, counting, "GET", "/metrics", **forwarded).error == (403, "forbidden")
    assert ask(guarded, "GET", "/metrics").error == (401, "unauthorized")
    assert measured(guarded, X_Forwarded_For="198.51.100.1", **bearing(TOKEN))


def test_several_processes_are_measured_as_one(tmp_path: Path):
    with started(tmp_path, "--processes", "2") as running:
        first, second = children(running.process.pid)
        assert measured(running)["digits_start_time_seconds"] > 0
        for resting, digit, count in ((first, 3, 2), (second, 5, 4)):
            rest(resting)
            for _ in range(count):
                assert as_raw_body(running, PICTURES[digit]).json["digit"] == digit
            os.kill(resting, signal.SIGCONT)
        for resting in (first, second):
            rest(resting)
            samples = measured(running)
            os.kill(resting, signal.SIGCONT)
            assert samples["digits_requests_total route=/predict status=200"] == 6
            assert samples["digits_predictions_total certain=true digit=3"] == 2
            assert samples["digits_predictions_total certain=true digit=5"] == 4
            assert samples["digits_batch_size_sum"] == 6
            assert samples["digits_queue_length"] == 0


def rest(process: int) -> None:
    """Pause ``process`` until SIGCONT, so that another must answer."""
    os.kill(process, signal.SIGSTOP)
    deadline = time.monotonic() + LINE_TIMEOUT
    while Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < deadline, "the process did not stop"
        os.sched_yield()


def test_the_queue_is_told_as_long_as_it_is():
    metrics, limits = Metrics(), Limits(queue=3)
    app = server_module.create_app(corrections=None, metrics=metrics, limits=limits)
    metrics.watch_queue(lambda: 2)
    assert called(app, "GET", "/readyz")[0] == "200 OK"
    metrics.watch_queue(lambda: 3)
    assert b"digits_queue_length 3.0" in metrics.text("0" * 64)
    status, headers, _ = called(app, "GET", "/readyz")
    assert (status[:3], headers["Retry-After"]) == ("503", "1")
    assert called(app, "GET", "/healthz")[0] == "200 OK", "busy is still healthy"


def test_readiness_is_told_apart_from_health(server):
    assert ask(server, "GET", "/healthz").json["status"] == "ok"
    assert ask(server, "GET", "/readyz").json == {"status": "ready"}
    assert ask(server, "HEAD", "/readyz").body == b""
