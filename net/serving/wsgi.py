"""What WSGI has of a request."""

from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]  # what is known of a request
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

# Our own keys in it.
ARRIVED = "digits.arrived"  # when the request had arrived, by time.monotonic()
PROXIED = "digits.proxied"  # whether a proxy has passed it on that is believed


def header(environ: Environ, name: str) -> str:
    """The header ``name`` of a request, '' where there is none."""
    return environ.get(f"HTTP_{name.upper().replace('-', '_')}", "")
