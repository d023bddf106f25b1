"""One line on each request, as text or as JSON, in which nothing that a stranger sent can pretend to be another."""

import json
import logging
import sys

log = logging.getLogger("access")


class JsonLines(logging.Formatter):
    """One JSON object a line."""

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
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter("%(asctime)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a queue of a few requests is no news


def write(
    client: str | None,
    method: str | None,
    address: str | None,
    status: int,
    size: str,
    milliseconds: float,
    request_id: str,
) -> None:
    """The line on a request that was answered."""
    request = {
        "client": client or "-",
        "method": printable(method or "-"),
        "address": printable(address or "-"),
        "status": status,
        "bytes": int(size) if size.isdecimal() else None,
        "milliseconds": round(milliseconds, 1),
        "request_id": request_id,
    }
    log.info(
        "%s %s %s %s %s %.1fms %s",
        request["client"],
        request["method"],
        request["address"],
        status,
        size,
        milliseconds,
        request_id,
        extra={"request": request},
    )


def printable(text: str) -> str:
    """What a stranger sent, on one line and without anything that a terminal would obey."""
    return text.encode("unicode_escape").decode("ascii").replace(" ", "\\x20")
