"""A wrapper of the application that logs and counts its responses, and gives each a request ID."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from net.serving import access_log, headers
from net.serving.contract import INTERNAL, NOT_FOUND, error_body, headers_of, status_line
from net.serving.metrics import Metrics
from net.serving.wsgi import Environ, Wsgi, header

PREFLIGHT_SECONDS = "7200"  # that a browser may cache a preflight's response; Chromium's own maximum

log = logging.getLogger("server")


class Observed:
    """The application, with its responses logged and counted, and given the headers of `net.serving.headers`."""

    def __init__(self, app: Wsgi, metrics: Metrics, origins: frozenset[str]) -> None:
        self.app = app
        self.metrics = metrics
        self.origins = origins

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        started = time.perf_counter()
        request_id = headers.new_or_given_id(header(environ, "X-Request-ID"))
        status_and_size = 500, None  # the latter in bytes, if known
        environ["wsgi.errors"] = access_log.Faults(request_id)

        def answer(status: str, given: list[tuple[str, str]], *exc_info: Any) -> Any:
            nonlocal status_and_size
            content_type = next((value for name, value in given if name.lower() == "content-type"), "")
            size = dict(given).get("Content-Length")
            status_and_size = int(status.partition(" ")[0]), None if size is None else int(size)
            besides = headers.of_answer(request_id, content_type, header(environ, "Origin"), self.origins)
            return start_response(status, [*given, *besides], *exc_info)

        try:
            if self.is_preflight(environ):
                answer("204 No Content", [("Access-Control-Max-Age", PREFLIGHT_SECONDS)])
                return []
            if not is_utf8(environ.get("PATH_INFO", "")):  # Bottle would drop the bytes that are not
                return error_answer("not_found", NOT_FOUND, environ, answer)
            return self.app(environ, answer)
        except MemoryError:  # which Bottle does not handle; the next request may need less
            log.exception("request %s failed", request_id)
            return error_answer("internal", INTERNAL, environ, answer)
        finally:
            seconds = time.perf_counter() - started
            route = environ.get("bottle.route")
            self.metrics.count_request(route.rule if route else "none", status_and_size[0], seconds)
            query = environ.get("QUERY_STRING")
            access_log.write(
                access_log.Answered(
                    environ.get("REMOTE_ADDR"),
                    environ.get("REQUEST_METHOD"),
                    environ.get("PATH_INFO", "") + (f"?{query}" if query else ""),
                    *status_and_size,
                    request_id,
                    seconds * 1000,
                )
            )

    def is_preflight(self, environ: Environ) -> bool:
        """Whether this is a browser's CORS preflight for a page of one of ``origins``."""
        return (
            environ.get("REQUEST_METHOD") == "OPTIONS"
            and header(environ, "Origin") in self.origins
            and header(environ, "Access-Control-Request-Method") != ""
        )


def error_answer(code: str, message: str, environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
    """Start the response to the error ``code``; return its body, empty for HEAD."""
    body = error_body(code, message).encode()
    start_response(status_line(code), [*headers_of(code).items(), ("Content-Length", str(len(body)))])
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]


def is_utf8(text: str) -> bool:
    """Whether ``text``, whose characters stand for bytes as in WSGI, is valid UTF-8."""
    try:
        text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return False
    return True


def log_refused(metrics: Metrics) -> Callable[[access_log.Answered], None]:
    """A function that logs and counts a request that never reached the application."""

    def refused(answered: access_log.Answered) -> None:
        metrics.count_request("none", answered.status, None)
        access_log.write(answered)

    return refused
