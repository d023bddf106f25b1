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
        """``rate`` is in requests a second, more than 0."""
        self.rate = rate
        self.burst = max(1.0, rate * BURST_SECONDS)
        self.left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # requests, and when that many were left
        self.lock = threading.Lock()

    def wait(self, address: str) -> float:
        """Seconds until ``address`` may ask; 0 if it may now, which counts as having asked."""
        with self.lock:
            left = self.left_to(address)
            self.keep(address, left - 1 if left >= 1 else left)
            return max(0.0, 1 - left) / self.rate

    def charge(self, address: str, requests: int) -> None:
        """Have what ``address`` asked count for so many ``requests`` more, be it on credit."""
        with self.lock:
            self.keep(address, self.left_to(address) - requests)

    def left_to(self, address: str) -> float:
        """How many requests ``address`` may send at once; less than 0 where it is in debt."""
        left, since = self.left.get(network_of(address), (self.burst, 0.0))
        return min(self.burst, left + (time.monotonic() - since) * self.rate)

    def keep(self, address: str, left: float) -> None:
        """Remember that ``address`` has so many ``left`` now."""
        network = network_of(address)
        self.left[network] = (left, time.monotonic())
        self.left.move_to_end(network)
        if len(self.left) > ADDRESSES:
            self.left.popitem(last=False)


def network_of(address: str) -> str:
    """Whose ``address`` it is: who has one IPv6 address has 2**64 of them or more."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ip if ip.version == 4 else ip.ipv4_mapped or ipaddress.ip_network((int(ip), 64), strict=False))


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
    proxy = str(ipaddress.ip_address(proxy)) if is_address(proxy) else proxy  # as sockets write it

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
