"""What WSGI has of a request."""

from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]  # what is known of a request
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

ARRIVED = "digits.arrived"  # our own key in it: when the request had arrived, by time.monotonic()


def header(environ: Environ, name: str) -> str:
    """The header ``name`` of a request, '' where there is none."""
    return environ.get(f"HTTP_{name.upper().replace('-', '_')}", "")
