"""Reads handwritten digits over HTTP: a drawing pad at /, predictions at /predict.

python server.py
gunicorn "server:create_app()"
"""

import argparse
import base64
import binascii
import json
import logging
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

import bottle
import torch
import waitress
from bottle import HTTPError, HTTPResponse, request, response
from PIL import Image
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer
from waitress.task import ErrorTask

from net import explain, ink, strokes
from net.checkpoint import SHIPPED, CheckpointError, weights_path
from net.corrections import Correction, Corrections, StorageFullError
from net.latest import LatestRecognizer
from net.recognizer import Prediction, Recognizer

HOME = Path(__file__).resolve().parent
MAX_BODY = 16 * 1024 * 1024  # bytes; a photograph of 12 megapixels has 3 to 8 million
MAX_DROPPED = 8 * MAX_BODY  # bytes of a refused request that are read so that its sender hears of the refusal
DRAIN_SECONDS = 30  # how long requests in flight may take to finish once the server is told to stop
SERVER_THREADS = 4
CORRECTIONS = Path("corrections")
LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")

STATUS = {
    "no_image": 400,
    "bad_json": 400,
    "bad_data_url": 400,
    "bad_strokes": 400,
    "bad_digit": 400,
    "bad_label": 400,
    "forbidden": 403,
    "bad_request": 400,
    "not_found": 404,
    "method_not_allowed": 405,
    "too_large": 413,
    "unsupported_type": 415,
    "unreadable_image": 422,
    "blank_image": 422,
    "headers_too_large": 431,
    "internal": 500,
    "storage_full": 507,
}
INK_ERROR_CODES = {
    ink.UnreadableImageError: "unreadable_image",
    ink.TooManyPixelsError: "too_large",
    ink.BlankImageError: "blank_image",
    strokes.StrokesError: "bad_strokes",
}
NOT_FOUND = "There is nothing at this address; the drawing pad is at /."
INTERNAL = "Something went wrong in the server; the request was not at fault, and may be sent again."
STORAGE_FULL = "There is no room for more corrections; the one who runs this server must make some."
NOT_HTTP = "The request is not valid HTTP/1.1; send it with an HTTP client."
TOO_LARGE = f"The request has more than {MAX_BODY // 1024 // 1024} MiB; send a smaller picture."
EMPTY = "The picture is an empty file; send a whole PNG, JPEG, GIF, BMP or WebP file."
HOW_TO_SEND = (
    "send it as the multipart field 'image', as a raw body with an image content type, "
    "or as a data URL in the field 'image' of a JSON object or a form"
)
DIGIT = re.compile("[0-9]")
DATA_URL = re.compile(r"data:image/[\w.+-]+(?:;[\w.+-]+=[\w.+-]+)*;base64,", re.ASCII | re.IGNORECASE)
PAGE_POLICY = "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'"

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
access_log = logging.getLogger("access")

# Bottle refuses forms and JSON larger than this; the limit that users are told of is checked in read_body.
bottle.BaseRequest.MEMFILE_MAX = MAX_BODY + 1


# ---------------------------------------------------------------------------------------------- answers


def create_app(
    checkpoint: str | Path | LatestRecognizer = SHIPPED,
    corrections: str | Path = CORRECTIONS,
    allow_export: bool = False,
) -> Wsgi:
    """The WSGI application, with the weights at ``checkpoint`` loaded.

    What users say was right is kept in the folder ``corrections``; with ``allow_export`` anybody may fetch it.
    Raises net.checkpoint.CheckpointError where the weights cannot be used.
    """
    torch.set_num_threads(1)  # one picture is read fastest on one thread, and requests do not queue for more
    latest = checkpoint if isinstance(checkpoint, LatestRecognizer) else LatestRecognizer(Path(checkpoint))
    kept = Corrections(Path(corrections))
    app = bottle.Bottle()

    @app.get("/")
    def pad() -> str:
        response.set_header("Content-Security-Policy", PAGE_POLICY)
        words = json.loads((HOME / "views" / "words.json").read_text("utf-8"))
        # In a script element only JSON's own escapes count, and a bare "<" could end it.
        for_scripts = json.dumps(words["scripts"], ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        return bottle.template("pad", words=words, for_scripts=for_scripts, template_lookup=[str(HOME / "views")])

    @app.get("/static/<name:path>")
    def static(name: str) -> HTTPResponse:
        request.environ.pop("HTTP_RANGE", None)  # files of a few kilobytes come whole
        answer = bottle.static_file(name, root=str(HOME / "static"))
        answer.set_header("Cache-Control", "no-cache")  # keep, but ask whether it has changed
        return answer

    @app.get("/healthz")
    def healthz() -> dict[str, Any]:
        card = latest.current.card
        return {"status": "ok", "sha256": card.get("sha256"), "trained": card.get("date")}

    @app.post("/predict")
    def predict() -> dict[str, Any]:
        prediction, _ = recognize_request(latest.current)
        return as_json(prediction, with_seen=request.query.get("seen", "0") not in ("", "0", "false"))

    @app.post("/explain")
    def explain_reading() -> dict[str, Any]:
        digit, recognizer = asked_digit(), latest.current
        prediction, _ = recognize_request(recognizer)
        return as_json(prediction, with_seen=True) | explanation(recognizer, prediction, digit)

    @app.post("/corrections")
    def correct() -> dict[str, Any]:
        require_own_page()
        recognizer = latest.current
        prediction, given = recognize_request(recognizer)
        label = read_label()
        picture = given if isinstance(given, bytes) else strokes.to_png(given)
        correction = Correction(picture, label, prediction.digit, prediction.confidence, recognizer.card.get("sha256"))
        try:
            is_new = kept.add(correction)
        except StorageFullError:
            refuse("storage_full", STORAGE_FULL)
        return {"label": label, "predicted": prediction.digit, "new": is_new}

    @app.get("/corrections.zip")
    def export() -> Any:
        if not allow_export and not is_from_this_machine():
            refuse("forbidden", "Corrections are handed out to this machine alone; start with --allow-export.")
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the WSGI server, once it is sent
        kept.write_zip(file)
        response.set_header("Content-Length", str(file.tell()))
        response.set_header("Content-Disposition", 'attachment; filename="corrections.zip"')
        response.content_type = "application/zip"
        file.seek(0)
        return file

    @app.hook("after_request")
    def forbid_sniffing() -> None:
        response.set_header("X-Content-Type-Options", "nosniff")

    app.default_error_handler = answer_error
    return log_access(app)


def recognize_request(recognizer: Recognizer) -> tuple[Prediction, bytes | strokes.Strokes]:
    """What is read in the current request, and what it was read from; refuses where that is nothing."""
    try:
        given = read_picture()
        read = recognizer.recognize if isinstance(given, bytes) else recognizer.recognize_strokes
        return read(given), given
    except ink.InkError as error:
        refuse(INK_ERROR_CODES[type(error)], str(error))


def explanation(recognizer: Recognizer, prediction: Prediction, digit: int | None) -> dict[str, Any]:
    """What each layer made of the picture, and what spoke for ``digit``, or for the answer where that is None."""
    wanted = prediction.digit if digit is None else digit
    rather_than = None if wanted == prediction.digit else prediction.digit
    evidence = explain.evidence(recognizer.network, prediction.seen, wanted, rather_than)
    return {
        "layers": [layer_as_json(layer) for layer in explain.layers(recognizer.network, prediction.seen)],
        "evidence": {
            "digit": wanted,
            "rather_than": rather_than,
            "pixels": [[round(value, 4) for value in row] for row in evidence.tolist()],
        },
    }


def layer_as_json(layer: explain.Layer) -> dict[str, Any]:
    """A layer's maps as bytes in base64, row by row, map by map: 255 is the strongest of the whole layer."""
    strength = layer.maps.clamp(min=0) if layer.name != "output" else layer.maps - layer.maps.min()
    scaled = (strength / strength.max().clamp(min=1e-6) * 255).round().to(torch.uint8)
    answer = {
        "name": layer.name,
        "shape": list(layer.maps.shape),
        "maps": base64.b64encode(scaled.contiguous().numpy().tobytes()).decode(),
    }
    if layer.filters is not None:
        answer["filters"] = [[[round(weight, 3) for weight in row] for row in one] for one in layer.filters.tolist()]
    return answer


def read_label() -> int:
    """The right digit, in the field `label` of the current request or in its query."""
    body, content_type = read_body(), media_type()
    if content_type == "application/json":
        given = json_object(body).get("label")
    elif content_type == "multipart/form-data":
        given = multipart_form().get("label")
    elif content_type == "application/x-www-form-urlencoded":
        given = request.forms.get("label")
    else:
        given = None
    label = str(request.query.get("label", "") if given is None else given)
    if not DIGIT.fullmatch(label):
        refuse(
            "bad_label", "The right digit is missing or none of 0 to 9; send it as the field 'label' or as ?label=7."
        )
    return int(label)


def require_own_page() -> None:
    """Refuse what a page of somebody else's had the browser send."""
    origin = request.get_header("Origin")
    if origin and origin.partition("://")[2] != request.get_header("Host"):
        refuse(
            "forbidden", "Corrections are taken from this server's own page and from programs, not from other sites."
        )


def is_from_this_machine() -> bool:
    """Whether the current request comes from this machine itself, and not through a proxy on it.

    Nor from a page whose name was made to lead here (DNS rebinding): such a request asks for that name.
    """
    through_proxy = any(request.get_header(name) for name in ("X-Forwarded-For", "Forwarded", "Via"))
    try:
        asked_for = urllib.parse.urlsplit(f"//{request.get_header('Host', '')}").hostname
    except ValueError:  # brackets that do not pair, for one
        return False
    return request.environ.get("REMOTE_ADDR") in LOOPBACK and asked_for in LOCAL_NAMES and not through_proxy


def asked_digit() -> int | None:
    """The digit in the current request's query, None where there is none."""
    digit = request.query.get("digit", "")
    if digit and not DIGIT.fullmatch(digit):
        refuse("bad_digit", "The digit to explain is not one of 0 to 9; send ?digit=7, or leave it out.")
    return int(digit) if digit else None


def as_json(prediction: Prediction, *, with_seen: bool) -> dict[str, Any]:
    """The contract's answer to a picture."""
    answer = {
        "digit": prediction.digit,
        "confidence": round(prediction.confidence, 6),
        "certain": prediction.certain,
        "probabilities": [round(probability, 6) for probability in prediction.probabilities],
        "milliseconds": round(prediction.milliseconds, 2),
    }
    if with_seen:
        answer["seen"] = as_data_url(prediction.seen)
    return answer


def as_data_url(seen: ink.Bytes) -> str:
    """A grey-scale picture, uint8 [H, W], as a PNG in a data URL."""
    png = BytesIO()
    Image.fromarray(seen).save(png, "PNG")
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()


def error_body(code: str, message: str) -> str:
    """The contract's answer to what could not be done."""
    return json.dumps({"error": {"code": code, "message": message}})


def refuse(code: str, message: str) -> NoReturn:
    """Answer with an error of the contract."""
    raise HTTPResponse(error_body(code, message), STATUS[code], {"Content-Type": "application/json"})


def answer_error(error: HTTPError) -> str:
    """Put an error that Bottle raised itself (router, static files, a bug) in the contract's words."""
    response.content_type = "application/json"
    code, message = {
        405: ("method_not_allowed", f"{request.method} is not allowed here; see the Allow header."),
        413: ("too_large", TOO_LARGE),
        404: ("not_found", NOT_FOUND),
        403: ("not_found", NOT_FOUND),
        500: ("internal", INTERNAL),
    }.get(error.status_code, ("bad_request", NOT_HTTP))
    response.status = STATUS[code]
    return error_body(code, message)


# ---------------------------------------------------------------------------------------------- requests


def read_picture() -> bytes | strokes.Strokes:
    """The bytes of the picture in the current request, whichever of the four ways it came, or its strokes.

    Raises ink.InkError where the strokes are none.
    """
    body, content_type = read_body(), media_type()
    if content_type.startswith("image/"):
        return body or refuse("no_image", EMPTY)
    if content_type == "multipart/form-data":
        return read_multipart()
    if content_type == "application/json":
        given = json_object(body)
        return read_data_url(given.get("image")) if given.get("strokes") is None else strokes.parse(given["strokes"])
    if content_type == "application/x-www-form-urlencoded":
        return read_data_url(form_field())
    if not body:
        refuse("no_image", f"There is no picture in the request; {HOW_TO_SEND}.")
    refuse("unsupported_type", f"A picture cannot come with this content type; {HOW_TO_SEND}.")


def media_type() -> str:
    """The content type of the current request, without its parameters."""
    return request.content_type.partition(";")[0].strip().lower()


def read_body() -> bytes:
    """The whole body of the current request, which can be read again from `request.body`."""
    if request.content_length > MAX_BODY:
        drop_body()
        refuse("too_large", TOO_LARGE)
    if request.environ.get("wsgi.input_terminated") and request.chunked:
        # The WSGI server has taken the chunks apart already; Bottle would try it once more.
        body = request.environ["wsgi.input"].read(MAX_BODY + 1)
        request.environ.update({"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))})
        del request.environ["HTTP_TRANSFER_ENCODING"]
    body = request.body.read()
    request.body.seek(0)
    if len(body) > MAX_BODY:
        refuse("too_large", TOO_LARGE)
    return body


def drop_body() -> None:
    """Read what is still being sent, up to a limit: who is cut off while sending does not hear the answer."""
    left = min(request.content_length, MAX_DROPPED)
    while left > 0 and (chunk := request.environ["wsgi.input"].read(min(left, 1 << 16))):
        left -= len(chunk)


def read_multipart() -> bytes:
    """The picture in the multipart field `image`: a file, or a data URL as text."""
    field = multipart_form().get("image")
    if isinstance(field, bottle.FileUpload):
        return field.file.read() or refuse("no_image", EMPTY)
    return read_data_url(field)


def multipart_form() -> bottle.FormsDict:
    """The fields of the current request's multipart form."""
    try:
        return request.POST
    except Exception:  # Bottle's parser raises whatever malformed parts lead it to
        refuse("no_image", f"The multipart form is malformed, so it has no picture in it; {HOW_TO_SEND}.")


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object that ``body`` is."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        refuse("bad_json", 'The body is not valid JSON; send {"image": "data:image/png;base64,..."}.')
    if not isinstance(given, dict):
        refuse("bad_json", 'The JSON is not an object; send {"image": "data:image/png;base64,..."}.')
    return given


def form_field() -> str | None:
    """The value of `image` in a URL-encoded form."""
    field = request.forms.get("image")
    # In such a form an unescaped + means a space, which base64 does not have: people forget to escape it.
    return field.replace(" ", "+") if field else None


def read_data_url(field: Any) -> bytes:
    """The bytes in a base64 data URL of a picture."""
    if field is None or field == "":
        refuse("no_image", f"There is no picture in the field 'image' of the request; {HOW_TO_SEND}.")
    start = DATA_URL.match(field) if isinstance(field, str) else None
    if not start:
        refuse("bad_data_url", "The field 'image' is not a data URL such as data:image/png;base64,iVBOR...")
    try:
        data = base64.b64decode("".join(field[start.end() :].split()), validate=True)
    except (binascii.Error, ValueError):
        refuse("bad_data_url", "The data URL in the field 'image' is not valid base64.")
    return data or refuse("no_image", EMPTY)


# ---------------------------------------------------------------------------------------------- serving


def log_access(app: Wsgi) -> Wsgi:
    """Write one line to the log ``access`` for each request to ``app``."""

    def logged(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        started = time.perf_counter()
        answered: list[str] = []

        def note_status(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            answered[:] = [status.partition(" ")[0], dict(headers).get("Content-Length", "-")]
            return start_response(status, headers, *exc_info)

        try:
            return app(environ, note_status)
        finally:
            query = environ.get("QUERY_STRING")
            log_request(
                environ.get("REMOTE_ADDR"),
                environ.get("REQUEST_METHOD"),
                environ.get("PATH_INFO", "") + (f"?{query}" if query else ""),
                *(answered or ["500", "-"]),
                (time.perf_counter() - started) * 1000,
            )

    return logged


def log_request(
    client: str | None, method: str | None, address: str | None, status: str, size: str, milliseconds: float
) -> None:
    """The log's one line on a request."""
    sent = (printable(text or "-") for text in (method, address))
    access_log.info("%s %s %s %s %s %.1fms", client or "-", *sent, status, size, milliseconds)


def printable(text: str) -> str:
    """What a stranger sent, on one line and without anything that a terminal would obey."""
    return text.encode("unicode_escape").decode("ascii").replace(" ", "\\x20")


class ContractErrorTask(ErrorTask):
    """Answers requests that waitress itself refuses, and so the application never sees, in the contract's words."""

    ERRORS = {  # noqa: RUF012
        400: ("bad_request", NOT_HTTP),
        413: ("too_large", TOO_LARGE),
        431: ("headers_too_large", "The request's headers are too large; send fewer or shorter ones."),
        501: ("bad_request", NOT_HTTP),
    }

    def execute(self) -> None:
        code, message = self.ERRORS.get(self.request.error.code, ("internal", INTERNAL))
        status, body = str(STATUS[code]), error_body(code, message).encode()
        method = getattr(self.request, "command", None)
        self.status = f"{status} {HTTPStatus(STATUS[code]).phrase}"
        self.response_headers.append(("Content-Type", "application/json"))
        self.set_close_on_finish()
        self.channel.lingers = True
        self.content_length = len(body)
        self.write(b"" if method == "HEAD" else body)
        log_request(self.channel.addr[0], method, getattr(self.request, "path", None), status, str(len(body)), 0.0)


class ContractChannel(HTTPChannel):
    """A connection whose errors are JSON, and that lets a client finish sending before it hangs up on it.

    A client that is still sending when the connection closes is told of a reset, not of the answer that
    came before. So the rest of what it sends is read and dropped, up to a limit.
    """

    error_task_class = ContractErrorTask
    lingers = False
    dropped: int | None = None  # bytes, once it lingers

    def handle_close(self) -> None:
        if not self.lingers or self.dropped is not None:
            super().handle_close()
            return
        self.dropped, self.will_close = 0, False
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            super().handle_close()

    def readable(self) -> bool:
        return self.dropped is not None or super().readable()

    def handle_read(self) -> None:
        if self.dropped is None:
            super().handle_read()
            return
        self.dropped += len(self.recv(self.adj.recv_bytes))
        if self.dropped > MAX_DROPPED:
            super().handle_close()


class DrainingWaitress(bottle.WaitressServer):
    """Bottle's adapter for waitress; told to stop, it finishes the requests in flight first."""

    def run(self, handler: Wsgi) -> None:
        sockets: dict[int, Any] = {}
        server = waitress.create_server(
            handler, map=sockets, host=self.host, port=self.port, ident=None, **self.options
        )
        listeners = [one for one in sockets.values() if isinstance(one, BaseWSGIServer)]
        for listener in listeners:
            listener.channel_class = ContractChannel
        stop = threading.Event()

        def on_signal(*_: object) -> None:
            if stop.is_set():  # told twice: at once, then
                raise SystemExit(1)
            stop.set()
            listeners[0].pull_trigger()  # wake the loop

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, on_signal)
        port = listeners[0].effective_port
        host = f"[{self.host}]" if ":" in self.host else self.host
        print(f"Reading digits at http://{host}:{port}/ (Ctrl-C stops)", flush=True)

        while not stop.is_set():
            wasyncore.loop(timeout=1, use_poll=True, map=sockets, count=1)
        for listener in listeners:
            listener.accepting = False
            listener.socket.close()
            listener.del_channel()
        deadline = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < deadline and any(map(in_flight, sockets.values())):
            wasyncore.loop(timeout=0.05, use_poll=True, map=sockets, count=1)
        server.task_dispatcher.shutdown()


def in_flight(connection: Any) -> bool:
    """Whether a request on this connection was begun and not yet answered to the last byte."""
    if not isinstance(connection, HTTPChannel):
        return False
    return bool(connection.request or connection.requests or connection.total_outbufs_len)


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python server.py",
        description="Serve the drawing pad and the predictions.",
        epilog="example: python server.py --host 0.0.0.0 --port 80 --checkpoint mine/lenet.pt",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=port, default=8080, help="0 takes a free one (default: %(default)s)")
    parser.add_argument(
        "--checkpoint", type=Path, default=SHIPPED, help="weights to load (default: checkpoints/lenet.pt)"
    )
    parser.add_argument(
        "--threads",
        type=thread_count,
        default=SERVER_THREADS,
        help="requests at a time (default: %(default)s)",
    )
    parser.add_argument(
        "--corrections",
        type=Path,
        default=CORRECTIONS,
        metavar="DIR",
        help="folder to keep what users say was right in (default: %(default)s)",
    )
    parser.add_argument(
        "--allow-export", action="store_true", help="hand out /corrections.zip to other machines as well"
    )
    parser.add_argument("--watch", action="store_true", help="take new weights as soon as they replace the old ones")
    parser.add_argument("--train", action="store_true", help="where the checkpoint is missing, train it first")
    return parser.parse_args(arguments)


def port(text: str) -> int:
    """A TCP port from the command line."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is a whole number from 0 to 65535, not '{text}'")
    return int(text)


def thread_count(text: str) -> int:
    """A number of threads from the command line."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"threads are a whole number from 1 up, not '{text}'")
    return int(text)


def main() -> int:
    """Serve until told to stop; the exit status."""
    options = parse_arguments()
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO, stream=sys.stderr)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a queue of a few requests is no news
    checkpoint = weights_path(options.checkpoint)
    try:
        if options.train and not checkpoint.exists() and (failed := train(checkpoint)):
            return failed
        latest = LatestRecognizer(checkpoint)
        app = create_app(latest, options.corrections, options.allow_export)
    except CheckpointError as error:
        print(f"{error}; make one with: python -m train --out '{checkpoint}'", file=sys.stderr)
        return 1
    follow(latest, options.watch)
    try:
        bottle.run(
            app,
            server=DrainingWaitress,
            host=options.host,
            port=options.port,
            quiet=True,
            threads=options.threads,
            max_request_body_size=MAX_BODY + 1,  # waitress refuses from this size on
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).rstrip(".")
        print(f"Cannot listen at {options.host}:{options.port} ({reason}); choose another.", file=sys.stderr)
        return 1
    return 0


def follow(latest: LatestRecognizer, watch: bool) -> None:
    """Take new weights at SIGHUP, where the system has it, and with ``watch`` as soon as they are there."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda *_: threading.Thread(target=latest.reload, daemon=True).start())
    if watch:
        threading.Thread(target=latest.watch, args=(threading.Event(),), daemon=True).start()


def train(checkpoint: Path) -> int:
    """Train weights to ``checkpoint`` in a process of its own, since serving needs no torchvision; its exit status."""
    command = [sys.executable, "-m", "train", "--out", str(checkpoint.resolve())]
    try:
        return subprocess.run(command, cwd=HOME, check=False).returncode
    except KeyboardInterrupt:  # which the training got as well, and has answered
        return 130


if __name__ == "__main__":
    sys.exit(main())
