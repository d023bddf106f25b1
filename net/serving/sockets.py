"""Listening sockets, and how many connections the limit on open files allows."""

import errno
import logging
import os
import select
import socket
from contextlib import suppress
from typing import Any

try:
    import resource
except ImportError:  # Windows counts no open files
    resource = None

log = logging.getLogger("server")
NO_SUCH_FAMILY = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
BACKLOG = 1024  # connections that wait to be accepted
FILES_EACH = 3  # that a connection may have open: its socket, its request and its response
FILES_BESIDE = 64  # that are open for all
CAN_SHARE = os.name == "posix"  # whether several processes can listen at one socket, which on Windows they cannot
MOST_SELECTED = 480  # connections, where there is only `select`, which Python has for 512 files on Windows


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen at ``port`` of each address of ``host``; 0 takes a free port. Raises OSError."""
    found = dict.fromkeys(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE))
    sockets: list[socket.socket] = []
    try:
        for number, (family, kind, protocol, _, address) in enumerate(found, 1):
            taken = sockets[0].getsockname()[1] if sockets else port
            try:
                sockets.append(bound(socket.socket(family, kind, protocol), (address[0], taken, *address[2:])))
            except OSError as error:
                # A name may resolve to addresses of a family that this machine lacks.
                if error.errno not in NO_SUCH_FAMILY or (number == len(found) and not sockets):
                    raise
    except OSError:
        for one in sockets:
            one.close()
        raise
    return sockets


def bound(one: socket.socket, address: tuple[Any, ...]) -> socket.socket:
    """The socket ``one``, listening at ``address``. Raises OSError, and then it is closed."""
    try:
        if os.name == "posix":  # elsewhere it would let a second server take the same port
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if one.family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(address)
        one.listen(BACKLOG)
    except OSError:
        one.close()
        raise
    return one


def affordable(connections: int) -> int:
    """How many of ``connections`` the limit on open files allows, once this process has tried to increase it."""
    if not hasattr(select, "poll"):
        connections = min(connections, MOST_SELECTED)
    if resource is None:
        return connections
    most, ever = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections * FILES_EACH + FILES_BESIDE
    if most != resource.RLIM_INFINITY and most < wanted:
        with suppress(OSError, ValueError):
            granted = wanted if ever == resource.RLIM_INFINITY else min(wanted, ever)
            resource.setrlimit(resource.RLIMIT_NOFILE, (granted, ever))
            most = granted
        allowed = max(1, (most - FILES_BESIDE) // FILES_EACH)
        if allowed < connections:
            log.warning("The limit on open files (ulimit -n) allows %d connections, not %d.", allowed, connections)
            return allowed
    return connections
