"""The access log: one line per request, as text or JSON, escaped so that no client can forge a line."""

import json
import logging
import sys
from dataclasses import dataclass
from typing import Any

# Characters of a client's text in a line, whose backslashes JSON doubles. A pipe keeps lines of up to 4,096 bytes apart
# when several processes write to it; a longer one would break, and the next line could begin with a stranger's text.
LONGEST = 1000

log = logging.getLogger("access")


class Lines(logging.Formatter):
    """One line per record; a traceback follows, indented so that no line of it can pass for a record."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        return one_line(super().formatMessage(record))

    def formatException(self, exc_info: Any) -> str:  # noqa: N802
        return "\n".join(f"    {one_line(line)}" for line in super().formatException(exc_info).split("\n"))


class JsonLines(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **(getattr(record, "request", None) or {"message": record.getMessage()}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def set_up(form: str) -> None:
    """Log to standard error, in the ``form`` 'text' or 'json'."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else Lines("%(asctime)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


@dataclass(frozen=True)
class Answered:
    """A request that was answered; what is None is unknown."""

    client: str | None  # its address
    method: str | None
    path: str | None
    status: int
    size: int | None  # bytes of the response's body
    request_id: str
    milliseconds: float = 0.0


def write(answered: Answered) -> None:
    """Log one request."""
    request = {
        "client": printable(answered.client or "-"),
        "method": printable(answered.method or "-"),
        "path": printable(answered.path or "-"),
        "status": answered.status,
        "bytes": answered.size,
        "milliseconds": round(answered.milliseconds, 1),
        "request_id": answered.request_id,
    }
    log.info(
        "%(client)s %(method)s %(path)s %(status)s %(size)s %(milliseconds).1fms %(request_id)s",
        {**request, "size": "-" if answered.size is None else answered.size},
        extra={"request": request},
    )


class Faults:
    """Replaces the file `wsgi.errors`, to which Bottle writes tracebacks: they go to the log, in the log's format."""

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id

    def write(self, text: str) -> None:  # noqa: ARG002 - the exception that is being handled tells more
        log.exception("request %s failed", self.request_id)

    def flush(self) -> None:
        """Do nothing, as nothing is buffered."""


def printable(text: str) -> str:
    """A client's ``text`` as printable ASCII, cut at `LONGEST`: anything else, spaces and double quotes are escaped."""
    escaped = text.encode("unicode_escape").decode("ascii").replace(" ", "\\x20").replace('"', "\\x22")
    return escaped if len(escaped) <= LONGEST else f"{escaped[:LONGEST]}..."


def one_line(text: str) -> str:
    """``text`` with unprintable characters escaped: they could end the line, or control a terminal."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)
