"""Reads handwritten digits over HTTP: a drawing pad at /, predictions at /predict.

python server.py
gunicorn "server:create_app()"
"""

import argparse
import functools
import gc
import gzip
import hashlib
import json
import logging
import math
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

if __name__ == "__main__":  # before PyTorch is imported, which takes a second or two
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # nothing has begun that would have to be finished
    if hasattr(signal, "SIGHUP"):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])  # until there are weights to reload

from net.serving.command_line import limits_of, parse_arguments

if __name__ == "__main__":
    parse_arguments()  # --help, and what is wrong with the flags, need not wait for PyTorch

import bottle
import torch
from bottle import HTTPError, HTTPResponse, request, response

from net import data_url, strokes
from net.arguments import SMALLEST
from net.batching import DeadlineError
from net.checkpoint import SHIPPED, CheckpointError, weights_path, with_advice
from net.corrections import BusyError, Correction, Corrections, QuotaReachedError, StorageFullError
from net.errors import BlankImageError, NoDigitError, TooManyPixelsError, UnreadableImageError, detached
from net.latest import LatestRecognizer
from net.metadata import without_metadata
from net.recognizer import Given, Prediction, Recognizer
from net.serving import access_log, bodies, connections, memory, openapi, processes, reference, supervised
from net.serving.contract import (
    DISK_FULL,
    INTERNAL,
    JSON,
    NO_TIME,
    NOT_FOUND,
    NOT_HTTP,
    OVERLOADED,
    RETRY_SECONDS,
    STATUS,
    error_body,
    error_of,
    headers_of,
    json_line,
    too_large,
)
from net.serving.explanation import explanation_as_json
from net.serving.gate import (
    RateLimit,
    is_address,
    is_from_this_machine,
    is_origin,
    is_own_page,
    is_rebound,
    is_token,
    is_usable_token,
    trusting_proxy,
)
from net.serving.limits import Limits
from net.serving.metrics import CONTENT_TYPE, Metrics
from net.serving.observed import Observed, log_refused
from net.serving.start import (
    StartError,
    announcement,
    folder_for_corrections,
    follow,
    is_trained,
    listen,
    new_metrics,
    token_in,
    train,
)
from net.serving.wsgi import ARRIVED, PROXIED, Wsgi, header
from net.strokes import MAX_POINTS

log = logging.getLogger("server")
HOME = Path(__file__).resolve().parent
VIEWS = [str(HOME / "views")]  # always this list object: Bottle caches compiled templates by its identity
STATIC_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
STATIC_FILES = {path.name: path for path in sorted((HOME / "static").iterdir()) if path.suffix in STATIC_KINDS}
SCRIPTS = [name for name in STATIC_FILES if name.endswith(".js")]  # for the page to load all at once
SWITCH_SECONDS = 0.0005  # after which a thread yields the GIL to a waiting one; the default, 5 ms, is two answers
CORRECTIONS = HOME / "corrections"

NO_DIGIT_CODES = {
    UnreadableImageError: "unreadable_image",
    TooManyPixelsError: "too_large",
    BlankImageError: "blank_image",
    strokes.StrokesError: "bad_strokes",
}
NOT_KEPT = "The correction could not be kept; whoever runs this server can see why in its log."
STORAGE_FULL = "There is no room for more corrections; whoever runs this server must make some."
HANDING_OUT = "Somebody else is downloading the corrections; ask again a little later."
EMPTY = "The picture is an empty file; send a whole PNG, JPEG, GIF, BMP or WebP file."
HOW_TO_SEND = (
    "send it as the multipart field 'image', as a raw body with an image content type, or as a data URL "
    "in the field 'image' of a form or, with the content type application/json, of a JSON object"
)
MULTIPART, FORM = "multipart/form-data", "application/x-www-form-urlencoded"
DIGIT = re.compile("[0-9]")
HOST = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+)(:\d+)?", re.ASCII)
LIMITS, FIELDS = "digits.limits", "digits.fields"  # WSGI environ keys: the limits, and the parsed fields of the body
GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.ASCII | re.IGNORECASE)


# ---------------------------------------------------------------------------------------------- answers


def create_app(
    checkpoint: str | Path | LatestRecognizer = SHIPPED,
    corrections: str | Path | None = CORRECTIONS,
    allow_export: bool = False,
    cors: str | Iterable[str] = (),
    rate: float | None = None,
    token: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    metrics: Metrics | None = None,
    trusted_proxy: str | None = None,
) -> Wsgi:
    """The WSGI application, with the weights at ``checkpoint`` loaded.

    Users' corrections are kept in the folder ``corrections``, if any; with ``allow_export`` other machines may download
    them. Pages of the origins ``cors`` may send requests too. ``rate`` is how many pictures a second each address may
    send; ``token`` is the bearer token that requests need. X-Forwarded-For is trusted only from the address
    ``trusted_proxy``. Of ``limits``, ``body``, ``pixels``, ``images`` and ``deadline`` apply under any WSGI server; the
    others need `net.serving.connections.serve`. Sets PyTorch to one thread, for the whole process.

    Raises net.checkpoint.CheckpointError if the weights cannot be used, and ValueError if another argument cannot be
    meant as given: an empty token, for example, would let everybody in.
    """
    origins = frozenset([cors] if isinstance(cors, str) else cors)
    refuse_settings(origins, rate, token, trusted_proxy)
    torch.set_num_threads(1)  # fastest for a single picture, and requests do not compete for threads
    # For the whole process; `read_body` checks the limit that users are told of.
    bottle.BaseRequest.MEMFILE_MAX = max(bottle.BaseRequest.MEMFILE_MAX, limits.body + 1)
    metrics = metrics or Metrics()
    latest = checkpoint if isinstance(checkpoint, LatestRecognizer) else LatestRecognizer(Path(checkpoint))
    latest.observe = metrics.count_pass
    kept = None if corrections is None else Corrections(Path(corrections))
    contract = openapi.document(
        limits, with_corrections=kept is not None, with_token=token is not None, with_rate=rate is not None
    )
    rate_limit = None if rate is None else RateLimit(rate)
    predictor = Predictor(limits, metrics, rate_limit)
    app = bottle.Bottle()
    app.uninstall("json")
    app.install(bottle.JSONPlugin(json_line))
    app.install(returning_refusals)

    @app.hook("before_request")
    def guard() -> None:
        request.environ[LIMITS] = limits
        if rate_limit and request.method == "POST" and (seconds := rate_limit.wait(client_address())):
            raise Refusal("too_many_requests", "This address sends too many requests; slow down.", seconds)
        if token and not is_open() and not is_token(header(request.environ, "Authorization"), token):
            refuse("unauthorized", "This server needs a token; send it as 'Authorization: Bearer ...'.")

    @app.get("/healthz")
    def healthz() -> dict[str, Any]:
        card = latest.current.card
        return {"status": "ok", "sha256": card["sha256"], "trained": card.get("date")}

    @app.get("/readyz")
    def readyz() -> dict[str, Any]:
        if metrics.queue_now() >= limits.queue:
            refuse("overloaded", OVERLOADED)
        return {"status": "ready"}

    @app.get("/metrics")
    def measurements() -> bytes:
        if not token:
            require_this_machine("Measurements", unless="--token-file")
        response.content_type = CONTENT_TYPE
        return metrics.text(latest.current.card["sha256"])

    @app.post("/predict")
    def predict() -> dict[str, Any]:
        with_seen = request.query.get("seen", "0").lower() not in ("", "0", "false", "no", "off")
        given = read_pictures()
        if isinstance(given, Several):
            return {"predictions": [as_json(one, with_seen) for one in predictor.predict_all(latest.current, given)]}
        return as_json(predictor.predict(latest.current, given), with_seen)

    @app.post("/explain")
    def explain_reading() -> dict[str, Any]:
        digit, recognizer = asked_digit(), latest.current
        prediction = predictor.predict(recognizer, read_picture())
        return as_json(prediction, with_seen=True) | explanation_as_json(recognizer, prediction, digit)

    add_pages(app, contract, with_corrections=kept is not None)
    if kept is not None:
        add_corrections(app, kept, latest, predictor, origins=origins, allow_export=allow_export)
    app.default_error_handler = answer_error
    observed = Observed(app, metrics, origins)
    return trusting_proxy(trusted_proxy, observed) if trusted_proxy else observed


def add_pages(app: bottle.Bottle, contract: dict[str, Any], *, with_corrections: bool) -> None:
    """Add to ``app`` the routes of the pages, with their files, and of the ``contract``."""

    @app.get("/")
    def pad() -> bytes:
        words = json.loads((HOME / "views" / "words.json").read_text("utf-8"))
        # In a script element only JSON's own escapes count, and a bare "<" could end it.
        for_scripts = json.dumps(words["scripts"], ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        return page("pad", words=words, for_scripts=for_scripts, scripts=SCRIPTS, corrections=with_corrections)

    @app.get("/api")
    def api() -> bytes:
        return page("api", contract=contract, reference=reference, example_server=openapi.SERVER, server=own_address())

    @app.get("/openapi.json")
    def openapi_json() -> dict[str, Any]:
        return contract

    @app.get("/static/<name:path>")
    def static(name: str) -> HTTPResponse:
        return static_file(name)


def add_corrections(
    app: bottle.Bottle,
    kept: Corrections,
    latest: LatestRecognizer,
    predictor: "Predictor",
    *,
    origins: frozenset[str],
    allow_export: bool,
) -> None:
    """Add to ``app`` the routes by which corrections come to those ``kept``, and are handed out."""
    handing_out = threading.Semaphore()  # one export at a time per process: it may take a gigabyte of disk

    @app.post("/corrections")
    def correct() -> dict[str, Any]:
        require_own_page(origins)
        recognizer = latest.current
        given, label = read_picture(), read_label()
        prediction = predictor.predict(recognizer, given)
        picture = without_metadata(given) if isinstance(given, bytes) else strokes.to_png(strokes.likeliest(given))
        said = Correction(picture, label, prediction.digit, prediction.confidence, recognizer.card["sha256"])
        is_new = keep(kept, said)
        return {"label": label, "predicted": prediction.digit, "new": is_new}

    @app.get("/corrections.zip")
    def export() -> Any:
        if not allow_export:
            require_this_machine("Corrections", unless="--allow-export")
        return zip_of(kept, handing_out)


def refuse_settings(origins: Iterable[str], rate: float | None, token: str | None, trusted_proxy: str | None) -> None:
    """Raise ValueError if these parameters of `create_app` cannot be meant as given."""
    if not all(map(is_origin, origins)):
        raise ValueError("cors must be origins as browsers write them, such as 'https://example.org'.")
    if rate is not None and not SMALLEST <= rate < math.inf:
        raise ValueError(f"rate must be a number from {SMALLEST:g} up, or None.")
    if token is not None and not is_usable_token(token):
        raise ValueError("token must be printable ASCII without a space, or None.")
    if trusted_proxy is not None and not is_address(trusted_proxy):
        raise ValueError("trusted_proxy must be an IP address, or None.")


def keep(kept: Corrections, correction: Correction) -> bool:
    """Add ``correction`` to those ``kept``; return whether it was new. Raises Refusal."""
    try:
        return kept.add(correction)
    except BusyError:
        refuse("overloaded", OVERLOADED)
    except QuotaReachedError:
        refuse("storage_full", STORAGE_FULL)
    except OSError as error:
        log.error("%s; a correction was refused.", error)
        if isinstance(error, StorageFullError):
            refuse("storage_full", STORAGE_FULL)
        refuse("internal", NOT_KEPT)


class FileHandedOut(tempfile.SpooledTemporaryFile):
    """A file that releases ``turn`` when it is closed, which the WSGI server does once it has sent it."""

    def __init__(self, turn: threading.Semaphore) -> None:
        super().__init__()
        self.turn = turn

    def close(self) -> None:
        if not self.closed:
            self.turn.release()
        with suppress(OSError):  # closing flushes the buffer, which fails again on a full disk
            super().close()


def zip_of(kept: Corrections, turn: threading.Semaphore) -> FileHandedOut:
    """A ZIP file of all corrections ``kept``, as the current response's body.

    It takes its ``turn``, which closing it releases. Raises Refusal if somebody else has it, or if there is no room.
    """
    if not turn.acquire(blocking=False):
        refuse("overloaded", HANDING_OUT)
    file = FileHandedOut(turn)
    try:
        file.rollover()  # to disk while empty: after a rollover that fails half-way, it could not be written or closed
        kept.write_zip(file)
    except Exception as error:
        file.close()
        if not isinstance(error, StorageFullError | FileNotFoundError):  # the latter: no temporary folder
            raise
        refuse("storage_full", DISK_FULL)
    response.set_header("Content-Length", str(file.tell()))
    response.set_header("Cache-Control", "no-store")
    response.set_header("Content-Disposition", 'attachment; filename="corrections.zip"')
    response.content_type = "application/zip"
    file.seek(0)
    return file


def own_address() -> str:
    """This server's URL as the current request has it, or `openapi.SERVER` if that is unusable."""
    environ = request.environ
    scheme = header(environ, "X-Forwarded-Proto") if environ.get(PROXIED) else environ["wsgi.url_scheme"]
    host = header(environ, "Host")
    return f"{scheme}://{host}" if scheme in ("http", "https") and HOST.fullmatch(host) else openapi.SERVER


def page(template: str, **values: Any) -> bytes:
    """The page that ``template`` makes of ``values``, as the current response's body."""
    return compressed(bottle.template(template, **values, template_lookup=VIEWS).encode(), response)


def static_file(name: str) -> HTTPResponse:
    """The response with the page's file ``name``, or with status 304 if the browser has that version."""
    if name not in STATIC_FILES:
        refuse("not_found", NOT_FOUND)
    path = STATIC_FILES[name]
    answer = HTTPResponse()
    answer.content_type = f"{STATIC_KINDS[path.suffix]}; charset=UTF-8"
    answer.set_header("Cache-Control", "no-cache")  # keep, but ask whether it has changed
    answer.body = compressed(path.read_bytes(), answer)
    etag = f'"{hashlib.sha256(answer.body).hexdigest()[:16]}"'
    answer.set_header("ETag", etag)
    known = header(request.environ, "If-None-Match").split(",")
    if {etag, "*"} & {each.strip().removeprefix("W/") for each in known}:
        answer.status, answer.body = 304, b""
    return answer


def compressed(body: bytes, answer: bottle.BaseResponse) -> bytes:
    """``body``, gzipped if the client accepts that; sets the headers of ``answer``. Phones wait for bytes."""
    answer.set_header("Vary", "Accept-Encoding")
    if not GZIP.search(header(request.environ, "Accept-Encoding")):
        return body
    answer.set_header("Content-Encoding", "gzip")
    body = gzip.compress(body, mtime=0)
    answer.set_header("Content-Length", str(len(body)))
    return body


class Refusal(HTTPResponse):
    """An error of the contract, as a response."""

    def __init__(self, code: str, message: str, retry_after: float = RETRY_SECONDS) -> None:
        """``retry_after``, in seconds, is sent with ``overloaded`` and ``too_many_requests``."""
        super().__init__(error_body(code, message), STATUS[code], headers_of(code, math.ceil(retry_after)))
        self.code, self.message = code, message


def refuse(code: str, message: str) -> NoReturn:
    """Answer with an error of the contract."""
    raise Refusal(code, message)


def returning_refusals(route: Callable[..., Any]) -> Callable[..., Any]:
    """``route``, with refusals returned: Bottle would keep one that is raised together with its traceback."""

    @functools.wraps(route)
    def answered(*arguments: Any, **named: Any) -> Any:
        try:
            return route(*arguments, **named)
        except Refusal as refusal:
            return detached(refusal)

    return answered


def refusal_of(error: NoDigitError) -> Refusal:
    """The response to a picture or strokes in which no digit could be read."""
    return Refusal(NO_DIGIT_CODES[type(error)], str(error))


@dataclass(frozen=True)
class Several:
    """The pictures of one request, as received; a refusal in place of one that could not even be decoded."""

    pictures: list[bytes | Refusal]


class Predictor:
    """Reads the pictures of requests, and counts the predictions."""

    def __init__(self, limits: Limits, metrics: Metrics, rate_limit: RateLimit | None) -> None:
        self.limits, self.metrics, self.rate_limit = limits, metrics, rate_limit

    def predict(self, recognizer: Recognizer, given: Given) -> Prediction:
        """The prediction of ``recognizer`` for a picture or strokes. Raises Refusal."""
        try:
            prediction = recognizer.recognize(given, self.limits.pixels, self.deadline())
        except NoDigitError as error:
            raise refusal_of(error) from None
        except DeadlineError:
            refuse("overloaded", OVERLOADED)
        self.metrics.count_prediction(prediction)
        return prediction

    def predict_all(self, recognizer: Recognizer, given: Several) -> list[Prediction | Refusal]:
        """The prediction of ``recognizer`` for each picture, or why there is none. Raises Refusal if all are late."""
        if self.rate_limit:
            self.rate_limit.charge(client_address(), len(given.pictures) - 1)
        pictures = [one for one in given.pictures if isinstance(one, bytes)]
        try:
            read = iter(recognizer.recognize_all(pictures, self.limits.pixels, self.deadline()))
        except DeadlineError:
            refuse("overloaded", OVERLOADED)
        return [self.outcome(next(read)) if isinstance(one, bytes) else one for one in given.pictures]

    def outcome(self, read: Prediction | NoDigitError | DeadlineError) -> Prediction | Refusal:
        """The answer for one of many pictures, given the recogniser's result ``read``."""
        if isinstance(read, NoDigitError):
            return refusal_of(read)
        if isinstance(read, DeadlineError):
            return Refusal("overloaded", NO_TIME)
        self.metrics.count_prediction(read)
        return read

    def deadline(self) -> float:
        """The time, by time.monotonic(), after which nobody waits for the current response any more."""
        return request.environ.get(ARRIVED, time.monotonic()) + self.limits.deadline


def read_label() -> int:
    """The right digit, in the field `label` of the current request or in its query."""
    body = fields()
    given = body.getall("label") if isinstance(body, bottle.FormsDict) else [body.get("label")]
    # In JSON, 7.0 is an integer.
    given = [int(one) if isinstance(one, float) and one.is_integer() else one for one in given if one is not None]
    labels = {str(one) for one in [*given, *request.query.getall("label")]} - {""}
    if len(labels) > 1:
        refuse("bad_label", "The request has several right digits; send only one.")
    label = next(iter(labels), "")
    if not DIGIT.fullmatch(label):
        refuse(
            "bad_label", "The right digit is missing or not one of 0 to 9; send it as the field 'label' or as ?label=7."
        )
    return int(label)


def require_this_machine(what: str, unless: str) -> None:
    """Refuse the current request for ``what`` if another machine sends it; the flag ``unless`` would allow that."""
    if not is_from_this_machine(request.environ):
        refuse("forbidden", f"{what} are only for the server's own machine; start it with {unless} to allow others.")


def require_own_page(origins: frozenset[str]) -> None:
    """Refuse the current request if another site's page, not of ``origins``, had the browser send it."""
    origin = header(request.environ, "Origin")
    if not origin or origin in origins:
        return
    if not is_own_page(request.environ):
        refuse(
            "forbidden", "Corrections are accepted from this server's own page and from programs, not from other sites."
        )
    if is_rebound(request.environ):
        refuse(
            "forbidden",
            "The page's address is not one of this machine's own; if it is a proxy's, start the server with "
            "--trusted-proxy.",
        )


def is_open() -> bool:
    """Whether the current request asks only for what is open to all, even where a token is needed."""
    asks_for_page = request.path in ("/", "/api") or request.path.startswith("/static/")
    return request.method in ("GET", "HEAD") and (asks_for_page or request.path in openapi.OPEN_ROUTES)


def client_address() -> str:
    """The address that the current request comes from."""
    return request.environ.get("REMOTE_ADDR", "")


def asked_digit() -> int | None:
    """The digit in the current request's query, or None."""
    given = set(request.query.getall("digit")) - {""}
    if not given:
        return None
    digit = given.pop()
    if given or not DIGIT.fullmatch(digit):
        refuse("bad_digit", "The digit to explain must be exactly one of 0 to 9; send ?digit=7, or leave it out.")
    return int(digit)


def as_json(outcome: Prediction | Refusal, with_seen: bool) -> dict[str, Any]:
    """The contract's JSON object for one picture's ``outcome``."""
    if isinstance(outcome, Refusal):
        return error_of(outcome.code, outcome.message)
    answer = {
        "digit": outcome.digit,
        "confidence": round(outcome.confidence, 6),
        "certain": outcome.certain,
        "probabilities": [round(probability, 6) for probability in outcome.probabilities],
        "milliseconds": round(outcome.milliseconds, 2),
    }
    if with_seen:
        answer["seen"] = data_url.encode(outcome.seen)
        answer["preparation"] = sorted(outcome.preparation)
    return answer


def answer_error(error: HTTPError) -> str:
    """Turn an error that Bottle raised itself (router, parsers, a bug) into one of the contract."""
    response.content_type = JSON
    code, message = {
        405: ("method_not_allowed", f"{request.method} is not allowed here; see the Allow header."),
        413: ("too_large", too_large(request.environ[LIMITS].body)),
        404: ("not_found", NOT_FOUND),
        500: ("internal", INTERNAL),
    }.get(error.status_code, ("bad_request", NOT_HTTP))
    response.status = STATUS[code]
    if "GET" in (allowed := response.headers.get("Allow", "").split(",")):
        response.set_header("Allow", ", ".join(sorted({*allowed, "HEAD"})))
    return error_body(code, message)


# ---------------------------------------------------------------------------------------------- requests


def read_picture() -> Given:
    """The one picture in the current request, sent in any of the four ways, or the strokes."""
    given = read_pictures()
    if isinstance(given, Several):
        refuse("too_many_images", "This takes one picture at a time; send several to /predict.")
    return given


def read_pictures() -> Given | Several:
    """The picture or strokes in the current request, or `Several` pictures; a JSON list of one is that, too."""
    content_type = media_type()
    if content_type.startswith("image/"):
        return read_body() or refuse("no_image", EMPTY)
    if content_type == MULTIPART:
        return one_or_several(fields().getall("image"), read_part)
    if content_type == JSON:
        given = fields()
        if given.get("images") is not None:
            if any(given.get(name) is not None for name in ("image", "strokes")):
                refuse("bad_json", "The JSON has 'images' as well as 'image' or 'strokes'; send only one of them.")
            return several(given["images"], read_listed)
        if given.get("strokes") is not None:
            return read_strokes(given["strokes"])
        return read_data_url(given.get("image"))
    if content_type == FORM:
        return one_or_several(fields().getall("image"), read_escaped)
    if not read_body():
        refuse("no_image", f"There is no picture in the request; {HOW_TO_SEND}.")
    refuse("unsupported_type", f"A picture cannot be sent with this content type; {HOW_TO_SEND}.")


def one_or_several(given: list[Any], read: Callable[[Any], bytes]) -> bytes | Several:
    """What ``read`` returns for the value, or for `Several` values, ``given`` in form fields of one name."""
    return several(given, read) if len(given) > 1 else read(given[0] if given else None)


def several(given: Any, read: Callable[[Any], bytes]) -> Several:
    """What ``read`` returns, or refuses with, for each of ``given``."""
    most = request.environ[LIMITS].images
    if not isinstance(given, list) or not given:
        refuse("no_image", "There is no list of pictures in the field 'images'; send one or more data URLs.")
    if len(given) > most:
        refuse("too_many_images", f"There are more than {most} pictures in the request; send them in several requests.")
    pictures: list[bytes | Refusal] = []
    for one in given:
        try:
            pictures.append(read(one))
        except Refusal as refusal:
            pictures.append(detached(refusal))
    return Several(pictures)


def read_strokes(given: Any) -> strokes.Strokes:
    """The strokes that the JSON value ``given`` holds."""
    try:
        return strokes.parse(given)
    except NoDigitError as error:
        raise refusal_of(error) from None


def media_type() -> str:
    """The content type of the current request, without its parameters."""
    return request.content_type.partition(";")[0].strip().lower()


def read_body() -> bytes:
    """The whole body of the current request, which can be read again from `request.body`."""
    most = request.environ[LIMITS].body
    if header(request.environ, "Content-Encoding").strip().lower() not in ("", "identity"):
        refuse("unsupported_type", "The body is compressed; send it uncompressed, without Content-Encoding.")
    if request.content_length > most:
        drop_body()
        refuse("too_large", too_large(most))
    if request.environ.get("wsgi.input_terminated") and request.chunked:
        # The WSGI server has decoded the chunks already; Bottle would try to decode them again.
        try:
            replace_body(request.environ["wsgi.input"].read(most + 1))
        except Exception:  # of any kind: each server has its own for malformed chunks, and for a client that is gone
            refuse("bad_request", NOT_HTTP)
        del request["HTTP_TRANSFER_ENCODING"]
    body = request.body.read()
    request.body.seek(0)
    if len(body) > most:
        refuse("too_large", too_large(most))
    return body


def replace_body(body: bytes) -> None:
    """Make ``body`` the body of the current request."""
    request["wsgi.input"], request["CONTENT_LENGTH"] = BytesIO(body), str(len(body))


def drop_body() -> None:
    """Read and drop the body, up to a limit: a client that is cut off while sending does not see the response."""
    left = min(request.content_length, connections.MAX_DROPPED)
    while left > 0 and (chunk := request.environ["wsgi.input"].read(min(left, 1 << 16))):
        left -= len(chunk)


def read_part(part: Any) -> bytes:
    """The picture in a multipart field: a file, with a name or without, or a data URL as text."""
    if isinstance(part, bottle.FileUpload):
        return part.file.read() or refuse("no_image", EMPTY)
    if part and not part.isascii() and not part.lstrip().lower().startswith("data:"):
        with suppress(UnicodeEncodeError):  # then it is text in another charset
            return part.encode("latin-1")
    return read_data_url(part)


def fields() -> bottle.FormsDict | dict[str, Any]:
    """The fields of the current request's body, parsed once; empty if its type is neither a form's nor JSON."""
    known = request.environ.get(FIELDS)
    if known is None:
        read = {MULTIPART: multipart_form, JSON: json_object, FORM: form}.get(media_type())
        known = request.environ[FIELDS] = read(read_body()) if read else {}
    return known


def multipart_form(body: bytes) -> bottle.FormsDict:
    """The fields of the current request's multipart form ``body``."""
    # The header as received, since Bottle lowercases it, and boundaries are case-sensitive.
    if bodies.is_plain_multipart(body, request.environ.get("CONTENT_TYPE", "")):
        request.environ["CONTENT_TYPE"] += "; charset=latin-1"  # else a file sent without a name would not decode
        with suppress(Exception):  # on malformed parts Bottle's parser raises anything
            return request.POST
    refuse("no_image", f"The multipart form is malformed, so no picture was found in it; {HOW_TO_SEND}.")


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in ``body``."""
    if not bodies.is_plain_json(body):
        refuse("bad_json", f"The JSON has too many values; send a picture, or at most {MAX_POINTS:,} points.")
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        refuse("bad_json", 'The body is not valid JSON; send {"image": "data:image/png;base64,..."}.')
    if not isinstance(given, dict):
        refuse("bad_json", 'The JSON is not an object; send {"image": "data:image/png;base64,..."}.')
    return given


def form(body: bytes) -> bottle.FormsDict:
    """The fields of the current request's URL-encoded form ``body``."""
    plain = bodies.with_plain_base64(body)
    if not bodies.is_plain_form(plain):
        refuse("no_image", f"The form has too many fields or escaped characters; {HOW_TO_SEND}.")
    replace_body(plain)
    return request.forms


def read_escaped(field: str | None) -> bytes:
    """The picture in a field of a URL-encoded form."""
    # There an unescaped + means a space. Base64 has no spaces, so each is a + that was not escaped.
    return read_data_url(field and field.replace(" ", "+"))


def read_listed(element: Any) -> bytes:
    """The picture in an element of the list ``images``."""
    if element is None or element == "":
        refuse("no_image", "There is no picture in this element of the list 'images'; send a data URL.")
    return read_data_url(element)


def read_data_url(field: Any) -> bytes:
    """The bytes in a base64 data URL of a picture."""
    if field is None or field == "":
        refuse("no_image", f"There is no picture in the field 'image' of the request; {HOW_TO_SEND}.")
    try:
        data = data_url.decode(field if isinstance(field, str) else "")
    except data_url.DataUrlError:
        refuse(
            "bad_data_url",
            "The picture is not a data URL such as data:image/png;base64,iVBOR...; in curl, use image=@FILE.",
        )
    except ValueError:
        refuse("bad_data_url", "The picture's data URL is not valid base64; encode the file again.")
    return data or refuse("no_image", EMPTY)


# ---------------------------------------------------------------------------------------------- serving


def main() -> int:
    """Serve until told to stop; return the exit status."""
    options = parse_arguments()
    access_log.set_up(options.log)
    memory.give_back_large_blocks()
    sys.setswitchinterval(SWITCH_SECONDS)
    checkpoint = weights_path(options.checkpoint)
    try:
        return run(options, checkpoint)
    except StartError as error:
        print(error, file=sys.stderr)
    except CheckpointError as error:
        print(with_advice(error, checkpoint), file=sys.stderr)
    return 1


def run(options: argparse.Namespace, checkpoint: Path) -> int:
    """Serve the weights at ``checkpoint`` as ``options`` say; return the exit status.

    Raises StartError, or CheckpointError.
    """
    metrics = new_metrics()
    token = token_in(options.token_file) if options.token_file else None
    corrections = None if options.no_corrections else folder_for_corrections(options.corrections, usual=CORRECTIONS)
    if options.train and not is_trained(checkpoint):
        for listener in listen(options.host, options.port):  # to fail before the training if it is taken
            listener.close()
        if failed := train(checkpoint, HOME):
            return failed
    latest = LatestRecognizer(checkpoint)
    limits = limits_of(options)
    inherited = supervised.inherited_sockets()
    if inherited:
        supervised.end_with_supervisor()
    listeners = inherited or listen(options.host, options.port)

    # The port is read now: a supervisor that has been told to stop has closed its sockets.
    announce = announcement(options.host, listeners[0].getsockname()[1])
    if options.processes > 1 and not inherited:
        command = [sys.executable, str(Path(__file__).resolve()), *sys.argv[1:]]
        return processes.Supervisor(command, listeners, options.processes, limits.drain_seconds).run(announce)
    app = create_app(
        latest,
        corrections,
        allow_export=options.allow_export,
        cors=options.cors,
        rate=options.rate,
        token=token,
        limits=limits,
        metrics=metrics,
        trusted_proxy=options.trusted_proxy,
    )
    stop = threading.Event()
    follow(latest, options.watch, stop)
    dispatcher = connections.BoundedDispatcher(limits.queue)
    dispatcher.set_thread_count(options.threads)
    metrics.watch_queue(lambda: len(dispatcher.queue.accepted))
    gc.freeze()  # PyTorch's objects: collecting garbage among them takes a tenth of a second
    try:
        connections.serve(
            app,
            listeners,
            limits,
            dispatcher,
            ready=supervised.tell_ready if inherited else announce,
            refused=log_refused(metrics),
            origins=options.cors,
            trusted_proxy=options.trusted_proxy,
        )
    finally:
        stop.set()
    return 0


if __name__ == "__main__":
    sys.exit(main())
