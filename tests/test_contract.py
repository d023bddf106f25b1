"""Promises of /openapi.json: it is valid, and the server does what it says."""

import html
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from conftest import HOME, LINE_TIMEOUT, RunningServer, started
from test_corrections import called
from test_server import ask, data_url

import server as server_module
from net.serving import openapi
from net.serving.contract import STATUS

TOKEN = "the-token"
OWN_ERRORS = ("unreadable_image", "too_many_images", "blank_image", "bad_digit", "bad_label")  # not of every request
# Without checks of what the schema cannot express: that bytes are a picture, and that there is ink on it.
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,unsupported_method,allow_header_conformance,ignored_auth"
)


@pytest.fixture(scope="module", params=["open", "with a token"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("contract")
    flags = ["--corrections", str(folder / "kept")]
    if request.param == "with a token":
        (folder / "token").write_text(TOKEN)
        flags += ["--token-file", str(folder / "token"), "--rate", "1000"]
    with started(folder, *flags) as running:
        running.bears_token = request.param == "with a token"
        yield running


def test_the_description_is_one_of_openapi_3_1(running):
    answer = ask(running, "GET", "/openapi.json")
    assert answer.json["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(answer.json).validate()


def test_the_server_does_what_its_description_says(running: RunningServer, tmp_path: Path):
    bearing = ["--header", f"Authorization: Bearer {TOKEN}"] if running.bears_token else []
    ended = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", f"{running.url}openapi.json", "--no-color",
         "--checks", CHECKS, "--phases", "coverage,fuzzing", "--max-examples", "60", "--seed", "1",
         "--generation-deterministic", "--no-shrink",
         "--request-timeout", "30", "--continue-on-failure", *bearing],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_each_error_stands_in_the_description(running):
    contract = ask(running, "GET", "/openapi.json").json
    described = " ".join(
        [contract["info"]["description"]]
        + [
            answer["description"]
            for operations in contract["paths"].values()
            for operation in operations.values()
            for answer in operation["responses"].values()
        ]
    )
    only_with_token = {"unauthorized", "too_many_requests"}
    missing = {code for code in STATUS if not re.search(rf"\b{code}\b", described)}
    assert missing == (set() if running.bears_token else only_with_token)


@pytest.mark.parametrize("path", ["/openapi.json", "/api"])
def test_where_no_corrections_are_taken_none_are_offered(tmp_path: Path, path: str):
    for folder, are_offered in ((tmp_path, True), (None, False)):
        _, _, told = called(server_module.create_app(corrections=folder), "GET", path)
        assert (b"/corrections" in told) == are_offered


def test_the_page_for_people_tells_the_same(running):
    page = ask(running, "GET", "/api").body.decode()
    contract = ask(running, "GET", "/openapi.json").json
    for path, operations in contract["paths"].items():
        for method, operation in operations.items():
            if method != "head":
                assert f"<b>{method.upper()}</b> {path}<" in page
                section = page.partition(f'id="{operation["operationId"]}"')[2].partition("</section>")[0]
                for status, answer in operation["responses"].items():
                    for code in answer["x-codes"] if status != "200" else ():
                        assert f"{status} <code>{code}</code>" in (section if code in OWN_ERRORS else page)
    shown = html.unescape(page)
    for name, schema in contract["components"]["schemas"].items():
        for field, value in schema["properties"].items():
            assert f"<code>{field}</code>" in page
            assert value["description"] in shown, (name, field)


@pytest.mark.parametrize("running", ["open"], indirect=True)
def test_its_examples_do_what_they_are_examples_of(running: RunningServer, tmp_path: Path):
    shutil.copy(HOME / "tests" / "data" / "7.png", tmp_path / "seven.png")
    shutil.copy(HOME / "tests" / "data" / "1.jpg", tmp_path / "four.jpg")
    operations = [one["post"] for one in ask(running, "GET", "/openapi.json").json["paths"].values() if "post" in one]
    samples = [sample for operation in operations for sample in operation["x-codeSamples"]]
    assert {sample["lang"] for sample in samples} == {"Shell", "JavaScript", "Python"}
    for sample in samples:
        source = sample["source"].replace(openapi.SERVER, running.url.rstrip("/"))
        if sample["lang"] == "Python":
            assert run(tmp_path, sys.executable, "-c", source).strip() == "7"
        elif sample["lang"] == "Shell":
            for command in source.splitlines():
                answer = json.loads(run(tmp_path, "sh", "-c", command.replace("curl", "curl -sS")))
                first = answer.get("predictions", [answer])[0]
                assert first.get("digit", first.get("predicted")) == 7, answer


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("digits.example:8345", "http://digits.example:8345"),
        ("[::1]:99", "http://[::1]:99"),
        ("x;reboot", openapi.SERVER),
    ],
)
@pytest.mark.parametrize("running", ["open"], indirect=True)
def test_the_examples_on_the_page_are_for_the_server_that_it_is_of(running: RunningServer, host: str, shown: str):
    page = ask(running, "GET", "/api", Host=host).body.decode()
    assert f"curl -F image=@seven.png {shown}/predict" in page
    assert host in shown or host not in page


@pytest.mark.parametrize(("peer", "shown"), [("127.0.0.3", "https://d.example"), ("127.0.0.4", "http://d.example")])
def test_a_trusted_proxy_says_how_the_server_is_reached_and_nobody_else_does(peer: str, shown: str):
    app = server_module.create_app(corrections=None, trusted_proxy="127.0.0.3")
    given = {
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_FORWARDED_HOST": "x.example",
        "HTTP_X_FORWARDED_FOR": "10.0.0.1",
    }
    page = called(app, "GET", "/api", REMOTE_ADDR=peer, HTTP_HOST="d.example", **given)[2].decode()
    assert f"curl -F image=@seven.png {shown}/predict" in page


def run(folder: Path, *command: str) -> str:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=LINE_TIMEOUT).stdout


@pytest.mark.parametrize("running", ["open"], indirect=True)
def test_the_example_for_pages_reads_their_canvas(running: RunningServer, browser):
    operation = ask(running, "GET", "/openapi.json").json["paths"]["/predict"]["post"]
    source = next(one["source"] for one in operation["x-codeSamples"] if one["lang"] == "JavaScript")
    page = browser.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(running.url)
    page.evaluate(
        """async (seven) => {
            const canvas = document.createElement("canvas");
            document.body.prepend(canvas);
            const image = new Image();
            image.src = seven;
            await image.decode();
            [canvas.width, canvas.height] = [image.width, image.height];
            canvas.getContext("2d").drawImage(image, 0, 0);
        }""",
        data_url(HOME / "tests" / "data" / "7.png"),
    )
    page.evaluate(f"async () => {{ {source.replace(openapi.SERVER, running.url.rstrip('/'))} }}")
    page.close()
    assert said == ["7"]
