"""Who may ask, and how often."""

import hmac
import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ADDRESSES = 10_000  # whose allowance is remembered; those longest away are forgotten first
BURST_SECONDS = 2.0  # of the rate that an address may ask at once

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class RateLimit:
    """So many requests a second for each address, with a burst after a pause.

    Source: the token bucket of J. Turner, "New directions in communications (or which way to the information age?)",
    IEEE Communications Magazine 24(10), 1986.
    """

    def __init__(self, rate: float) -> None:
        """``rate`` is in requests a second."""
        self.rate = rate
        self.burst = max(1.0, rate * BURST_SECONDS)
        self.left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # requests, and when that many were left
        self.lock = threading.Lock()

    def allows(self, address: str) -> bool:
        """Whether ``address`` may ask now, which counts as having asked."""
        with self.lock:
            now = time.monotonic()
            left, since = self.left.pop(address, (self.burst, now))
            left = min(self.burst, left + (now - since) * self.rate)
            self.left[address] = (left - 1 if left >= 1 else left, now)
            if len(self.left) > ADDRESSES:
                self.left.popitem(last=False)
            return left >= 1


def read_token(path: Path) -> str:
    """The token in the file ``path``, which holds nothing else. Raises ValueError where there is none, or OSError."""
    token = path.read_text(encoding="utf-8").strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError("it must hold one token of printable ASCII characters without a space")
    return token


def is_token(authorization: str, token: str) -> bool:
    """Whether the header ``authorization`` bears ``token``; takes as long whichever character differs."""
    scheme, _, given = authorization.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def behind(proxy: str, app: Wsgi) -> Wsgi:
    """``app``, told whom the proxy at the address ``proxy`` asks for: the last in X-Forwarded-For, which it added."""

    def called(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("REMOTE_ADDR") == proxy:
            client = environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
            if is_address(client):
                environ["REMOTE_ADDR"] = client
        return app(environ, start_response)

    return called


def is_address(text: str) -> bool:
    """Whether ``text`` is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
