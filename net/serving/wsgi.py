"""A request as WSGI has it."""

from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]  # describes a request
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

# Our own keys in the environ.
ARRIVED = "digits.arrived"  # when the request had arrived, by time.monotonic()
PROXIED = "digits.proxied"  # whether it came through the trusted proxy


def header(environ: Environ, name: str) -> str:
    """The header ``name`` of a request, '' where there is none."""
    return environ.get(f"HTTP_{name.upper().replace('-', '_')}", "")
