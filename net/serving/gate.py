"""Access control: who sends a request, whether they may, and how often."""

import hmac
import re
import threading
import time
import urllib.parse
from collections import OrderedDict
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any

from net.serving.wsgi import PROXIED, Environ, Wsgi, header

ADDRESSES = 10_000  # whose allowance is remembered; the least recently seen are forgotten first
BURST_SECONDS = 2.0  # of its rate that an address may use at once

LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
USUAL_PORTS = {"http": ":80", "https": ":443"}
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:]+\]|[a-z0-9._-]+)(:\d+)?")


class RateLimit:
    """Limits the pictures per second from each address, and allows bursts after a pause.

    Source: the token bucket of J. Turner, "New directions in communications (or which way to the information age?)",
    IEEE Communications Magazine 24(10), 1986.
    """

    def __init__(self, rate: float) -> None:
        """``rate`` is in pictures a second, more than 0."""
        self.rate = rate
        self.burst = max(1.0, rate * BURST_SECONDS)
        self.left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # pictures left, and when
        self.lock = threading.Lock()

    def wait(self, address: str) -> float:
        """Seconds until ``address`` may send a picture; 0 if it may now, and then one is charged to it."""
        with self.lock:
            left = self.left_to(address)
            self.keep(address, left - 1 if left >= 1 else left)
            return max(0.0, 1 - left) / self.rate

    def charge(self, address: str, pictures: int) -> None:
        """Charge so many ``pictures`` more to ``address``, even if that puts it in debt."""
        with self.lock:
            self.keep(address, self.left_to(address) - pictures)

    def left_to(self, address: str) -> float:
        """How many pictures ``address`` may send at once; less than 0 where it is in debt."""
        left, since = self.left.get(network_of(address), (self.burst, 0.0))
        return min(self.burst, left + (time.monotonic() - since) * self.rate)

    def keep(self, address: str, left: float) -> None:
        """Record that ``address`` has ``left`` pictures left now."""
        network = network_of(address)
        self.left[network] = (left, time.monotonic())
        self.left.move_to_end(network)
        if len(self.left) > ADDRESSES:
            self.left.popitem(last=False)


def network_of(address: str) -> str:
    """What ``address`` is counted as: an IPv6 one as its /64 network, since clients have 2**64 or more of them."""
    ip = parsed(address.partition("%")[0])
    if ip is None:
        return address
    return str(ip if ip.version == 4 else ip_network((int(ip), 64), strict=False))


def read_token(path: Path) -> str:
    """The token in the file ``path``, which holds nothing else. Raises OSError, or ValueError if it is unusable."""
    token = path.read_text(encoding="utf-8").strip()
    if not is_usable_token(token):
        raise ValueError("it must hold one token of printable ASCII characters without spaces")
    return token


def is_usable_token(token: str) -> bool:
    """Whether a header can hold ``token``: printable ASCII without spaces, not empty."""
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def is_token(authorization: str, token: str) -> bool:
    """Whether the header ``authorization`` bears ``token``; takes the same time whichever character differs."""
    scheme, _, given = authorization.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def is_origin(text: str) -> bool:
    """Whether ``text`` is a page's origin as browsers write it, such as https://example.org: without the usual port."""
    return bool(ORIGIN.fullmatch(text)) and not text.endswith(USUAL_PORTS.get(text.partition(":")[0], " "))


def is_own_page(environ: Environ) -> bool:
    """Whether the page that had the browser send the request is this server's own."""
    return header(environ, "Origin").partition("://")[2] == header(environ, "Host")


def is_from_this_machine(environ: Environ) -> bool:
    """Whether a request comes from this machine itself, and not from a foreign page in its browser."""
    is_from_page_of_others = header(environ, "Origin") and not is_own_page(environ)
    return is_straight_from_loopback(environ) and asks_for_local_name(environ) and not is_from_page_of_others


def is_straight_from_loopback(environ: Environ) -> bool:
    """Whether a request comes from this machine, and not through a proxy on it."""
    through_proxy = any(header(environ, name) for name in ("X-Forwarded-For", "Forwarded", "Via"))
    return environ.get("REMOTE_ADDR") in LOOPBACK and not through_proxy


def is_rebound(environ: Environ) -> bool:
    """Whether this may be DNS rebinding: a foreign page whose own host name was made to resolve to this machine.

    Its Origin and Host then agree. It can set any other header, so X-Forwarded-For shows a proxy only if that is
    trusted (see `trusting_proxy`). An https page shows a proxy too, since this server itself speaks no TLS.
    """
    through_proxy = environ.get(PROXIED) or header(environ, "Origin").startswith("https://")
    return environ.get("REMOTE_ADDR") in LOOPBACK and not asks_for_local_name(environ) and not through_proxy


def asks_for_local_name(environ: Environ) -> bool:
    """Whether a request's Host is localhost or a loopback address."""
    try:
        return urllib.parse.urlsplit(f"//{header(environ, 'Host')}").hostname in LOCAL_NAMES
    except ValueError:  # unbalanced brackets, for example
        return False


def trusting_proxy(proxy: str, app: Wsgi) -> Wsgi:
    """``app``, told the client's address of requests that come through the proxy at the address ``proxy``."""

    def called(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        peer, forwarded = environ.get("REMOTE_ADDR", ""), header(environ, "X-Forwarded-For")
        environ[PROXIED] = forwarded != "" and is_proxy(peer, proxy)
        environ["REMOTE_ADDR"] = client_of(peer, forwarded, proxy)
        return app(environ, start_response)

    return called


def client_of(peer: str, forwarded: str, proxy: str | None) -> str:
    """The client's address: the ``peer``, or, if that is the ``proxy``, the last address in ``forwarded``.

    ``forwarded`` is the header X-Forwarded-For, to which the proxy has appended the address.
    """
    client = forwarded.rpartition(",")[2].strip()
    return client if proxy and is_proxy(peer, proxy) and is_address(client) else peer


def is_proxy(peer: str, proxy: str) -> bool:
    """Whether ``peer`` and ``proxy`` are the same address, which may be written in several ways."""
    return parsed(peer) == parsed(proxy)


def is_address(text: str) -> bool:
    """Whether ``text`` is an IP address."""
    return parsed(text) is not None


def parsed(address: str) -> IPv4Address | IPv6Address | None:
    """The parsed IP ``address``, or None if it is none; an IPv4-mapped IPv6 address becomes the IPv4 one."""
    try:
        ip = ip_address(address)
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip
