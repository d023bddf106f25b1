"""Promises to those who deploy the server: the README's commands and configurations for nginx, gunicorn and systemd."""

import configparser
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import handwriting
import pytest
from conftest import HOME, LINE_TIMEOUT, RunningServer, free_port, start_server, started
from test_closed import measured
from test_server import PICTURES, Answer, as_raw_body

from net.batching import MAX_BATCH
from net.containers import MOST_RUN_LENGTH_PIXELS
from net.corrections import MAX_BYTES, MAX_ROWS
from net.decoding import LONGEST_SIDE
from net.serving.contract import STATUS
from net.serving.limits import Limits
from net.strokes import MAX_POINTS

README = (HOME / "README.md").read_text("utf-8")
HOST = "digits.example.org"
TOKEN = "t0ken"
SEVEN = PICTURES[7].read_bytes()


def blocks(kind: str) -> list[str]:
    """The README's code blocks of that ``kind``."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def installed(command: str, package: str) -> str:
    """The path of ``command``, perhaps outside a user's PATH."""
    path = shutil.which(command, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if not path:
        pytest.skip(f"needs {command}: apt-get install {package}, or your system's package of it")
    return path


def until_it_listens(process: subprocess.Popen, port: int, log: Path) -> None:
    while True:
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), LINE_TIMEOUT).close()
            return
        except ConnectionRefusedError:
            os.sched_yield()


# ------------------------------------------------------------------------------------------------ commands printed


def test_every_curl_of_the_readme_runs_as_printed(tmp_path: Path):
    (tmp_path / "tests").symlink_to(HOME / "tests")
    commands = [one for block in blocks("sh") for one in block.split("\n\n") if "curl" in one]
    assert not re.findall(r"`curl[^`]*`", README), "commands inside a sentence would not be tested here"
    printed = []
    with started(tmp_path, "--corrections", str(tmp_path / "kept")) as running:
        for command in commands:
            here = command.replace("http://127.0.0.1:8080/", running.url)
            assert here != command
            ended = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", here], cwd=tmp_path, capture_output=True, text=True, check=False
            )
            assert ended.returncode == 0, ended.stderr
            printed.append(ended.stdout)
    answers = [json.loads(one) for one in printed if one]
    assert [one["digit"] for one in answers if "digit" in one] == [7] * 5
    assert [[one["digit"] for one in several["predictions"]] for several in answers if "predictions" in several] == [
        [7, 4],
        [7, 2],
    ]
    assert answers[-1] == {"label": 7, "predicted": 7, "new": True}
    with zipfile.ZipFile(tmp_path / "corrections.zip") as archive:
        assert [name.partition("/")[0] for name in archive.namelist()] == ["7"]


def test_the_readme_names_every_flag_and_every_code():
    shown = subprocess.run(
        [sys.executable, "server.py", "--help"], cwd=HOME, capture_output=True, text=True, check=True
    )
    flags = {flag for flag in re.findall(r"--[a-z-]+", shown.stdout) if not flag.endswith("-seconds")} - {"--help"}
    assert {"--port", "--rate"} < flags
    assert not {flag for flag in flags if f"`{flag}" not in README}
    assert not {code for code in STATUS if f"`{code}`" not in README}


def test_the_readme_tells_the_limits_that_are_kept():
    told, limits = " ".join(README.split()), Limits()
    for limit in (
        f"Up to {limits.images} pictures may come in one request",
        f"passes through the network, of up to {MAX_BATCH} looks at a time",
        f"| up to {limits.images} pictures, as parts or as `images` |",
        f"there are more than {limits.images}, or more than one for `/explain`",
        f"y down, up to {MAX_POINTS:,} in all",
        f"hold more than {MAX_POINTS:,} points",
        f"| more than {limits.body / 2**20:g} MiB, more than {limits.pixels / 1e6:g} million pixels or "
        f"a side of more than {LONGEST_SIDE:,}, or "
        f"a compressed BMP of more than {MOST_RUN_LENGTH_PIXELS / 1e6:g} million |",
        f"in place of each picture that could not be read within {limits.deadline:g} seconds",
        f"{MAX_ROWS:,} corrections or {MAX_BYTES / 2**30:g} GiB of them are kept",
        "of which `body` (bytes), `pixels`, `images` and `deadline` (seconds) count",
    ):
        assert limit in told


# ----------------------------------------------------------------------------------------------------------- nginx


class Proxied:
    """The server as clients reach it, through nginx over TLS."""

    def __init__(self, port: int, plain_port: int, certificate: Path) -> None:
        self.port, self.plain_port = port, plain_port
        self.trust = ssl.create_default_context(cafile=str(certificate))

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=LINE_TIMEOUT, context=self.trust)
        connection.sock = self.trust.wrap_socket(
            socket.create_connection(("127.0.0.1", self.port), LINE_TIMEOUT), server_hostname=HOST
        )
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, {"Host": f"{HOST}:{self.port}", **named})
            return Answer(connection.getresponse())
        finally:
            connection.close()


@contextmanager
def nginx(folder: Path, upstream_port: int) -> Iterator[Proxied]:
    """Run nginx with the README's configuration, except for ports and certificates."""
    command, openssl = installed("nginx", "nginx"), installed("openssl", "openssl")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}",
         "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    port, plain_port = free_port(), free_port()
    (site,) = blocks("nginx")
    for printed, here in (
        ("server 127.0.0.1:8080;", f"server 127.0.0.1:{upstream_port};"),
        ("listen 80;", f"listen 127.0.0.1:{plain_port};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        (f"/etc/letsencrypt/live/{HOST}/fullchain.pem", f"{folder}/certificate.pem"),
        (f"/etc/letsencrypt/live/{HOST}/privkey.pem", f"{folder}/key.pem"),
    ):
        assert site.count(printed) == 1
        site = site.replace(printed, here)
    scratch = "\n".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"pid {folder}/nginx.pid;\nevents {{}}\nhttp {{\naccess_log off;\n{scratch}\n{site}}}\n", "utf-8"
    )
    as_owner = "user root; " if os.geteuid() == 0 else ""  # else its workers could not access the test's folder
    process = subprocess.Popen(
        [command, "-c", folder / "nginx.conf", "-e", folder / "error.log", "-g", f"{as_owner}daemon off;"]
    )
    try:
        until_it_listens(process, port, folder / "error.log")
        yield Proxied(port, plain_port, folder / "certificate.pem")
    finally:
        process.terminate()
        process.wait(LINE_TIMEOUT)


def flags_of_the_unit(folder: Path) -> list[str]:
    """The server's flags in the README's systemd unit, with its files moved to ``folder``."""
    start = unit()["Service"]["ExecStart"].replace("%S/digits", f"{folder}/kept").replace("%d", str(folder))
    return start.partition("server.py ")[2].split()


def unit() -> configparser.ConfigParser:
    """The README's systemd unit, parsed; of a repeated option, the last value."""
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str
    parsed.read_string(blocks("ini")[0])
    return parsed


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, Proxied]]:
    """The server with the flags of the README's unit, behind nginx with the README's configuration."""
    folder = tmp_path_factory.mktemp("deployed")
    installed("nginx", "nginx")
    (folder / "token").write_text(TOKEN)
    running = start_server(folder, *flags_of_the_unit(folder))
    with nginx(folder, running.port) as proxied:
        yield running, proxied
    assert running.stop() == 0


BEARING = {"Authorization": f"Bearer {TOKEN}"}


def test_behind_nginx_the_page_is_served_and_pictures_are_read_by_tls(deployed):
    _, proxied = deployed
    page = proxied.ask("GET", "/")
    assert (page.status, b"<canvas" in page.body) == (200, True)
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self'")
    answer = proxied.ask("POST", "/predict", SEVEN, Content_Type="image/png", X_Request_ID="from-outside", **BEARING)
    assert (answer.status, answer.json["digit"]) == (200, 7)
    assert answer.headers["X-Request-ID"] == "from-outside"
    assert proxied.ask("POST", "/predict", SEVEN, Content_Type="image/png").error == (401, "unauthorized")


def test_who_comes_by_plain_http_is_sent_to_tls(deployed):
    _, proxied = deployed
    connection = http.client.HTTPConnection("127.0.0.1", proxied.plain_port, timeout=LINE_TIMEOUT)
    connection.request("GET", "/api?x=1", headers={"Host": HOST})
    answer = connection.getresponse()
    connection.close()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{HOST}/api?x=1")


def test_behind_nginx_the_page_may_correct_and_others_may_not(deployed):
    _, proxied = deployed
    body = json.dumps({"strokes": handwriting.by_hand(4), "label": 4}).encode()
    sent = {"Content_Type": "application/json", **BEARING}
    own, foreign = f"https://{HOST}:{proxied.port}", "https://stranger.example"
    assert proxied.ask("POST", "/corrections", body, Origin=own, **sent).json["new"] is True
    assert proxied.ask("POST", "/corrections", body, Origin=foreign, **sent).error == (403, "forbidden")


def test_behind_nginx_nobody_passes_for_this_machine(deployed):
    running, proxied = deployed
    for forged in ({}, {"X_Forwarded_For": "127.0.0.1"}, {"Host": "localhost"}):
        assert proxied.ask("GET", "/corrections.zip", **forged, **BEARING).error == (403, "forbidden")
        assert proxied.ask("GET", "/metrics", **forged).error == (401, "unauthorized")
    assert proxied.ask("GET", "/metrics", **BEARING).status == 200
    proxied.ask("GET", "/nowhere", X_Forwarded_For="198.51.100.7", **BEARING)
    assert " 198.51.100.7 " not in running.log.read_text(), "an X-Forwarded-For from a client must be ignored"


def test_behind_nginx_too_large_a_body_is_refused_in_the_servers_words(deployed):
    _, proxied = deployed
    body = b"\0" * (Limits().body + 1)
    assert proxied.ask("POST", "/predict", body, Content_Type="image/png", **BEARING).error == (413, "too_large")


def test_behind_nginx_an_address_that_asks_too_often_is_told_so(deployed):
    _, proxied = deployed
    (rate,) = re.findall(r"--rate (\d+)", unit()["Service"]["ExecStart"])
    for _ in range(1000 * int(rate)):
        answer = proxied.ask("POST", "/predict", Content_Type="image/png", **BEARING)
        if answer.status == 429:
            break
    assert answer.error == (429, "too_many_requests")
    assert answer.headers["Retry-After"]


# -------------------------------------------------------------------------------------------------------- gunicorn


def test_under_gunicorn_several_workers_answer_and_are_measured_as_one(tmp_path: Path):
    pytest.importorskip("gunicorn", reason="needs gunicorn: python -m pip install -r tests/requirements.txt")
    (command,) = [block for block in blocks("sh") if "gunicorn" in block]
    port = free_port()
    here = command.replace("127.0.0.1:8080", f"127.0.0.1:{port}").replace("gunicorn --bind", "exec gunicorn --bind")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            ["bash", "-euc", here], cwd=HOME, stderr=log, env={**os.environ, "PATH": path, "TMPDIR": str(tmp_path)}
        )
    running = RunningServer(process, f"http://127.0.0.1:{port}/", tmp_path / "log")
    try:
        until_it_listens(process, port, running.log)
        for _ in range(6):
            assert as_raw_body(running, PICTURES[7]).json["digit"] == 7
        samples = measured(running)
        assert samples["digits_requests_total route=/predict status=200"] == 6
        assert samples["digits_batch_size_sum"] == 6
        assert running.log.read_text().count("Booting worker") == int(re.search(r"--workers (\d+)", command)[1]) == 2
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(LINE_TIMEOUT)


# --------------------------------------------------------------------------------------------------------- systemd


def test_systemd_takes_the_unit_and_finds_it_shut(tmp_path: Path):
    analyze = installed("systemd-analyze", "systemd")
    here = blocks("ini")[0].replace("/opt/digits/.venv/bin/python", sys.executable).replace("/opt/digits", str(HOME))
    path = tmp_path / "digits.service"
    path.write_text(here, "utf-8")
    verified = subprocess.run([analyze, "verify", "--man=no", path], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    judged = subprocess.run(
        [analyze, "security", "--offline=true", "--threshold=20", "--no-pager", path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout + judged.stderr
