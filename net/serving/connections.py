"""Connections and their requests: waitress, with limits, and with the contract's errors."""

import errno
import logging
import re
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import waitress
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver
from waitress.server import BaseWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask
from waitress.utilities import BadRequest

from net.errors import NO_ROOM
from net.serving import contract, headers
from net.serving.access_log import Answered
from net.serving.gate import client_of
from net.serving.limits import Limits
from net.serving.sockets import BACKLOG, affordable
from net.serving.wsgi import ARRIVED, Wsgi

MAX_DROPPED = 128 * 1024 * 1024  # bytes of a refused request that are read, so that its sender sees the refusal
MAX_HEADER = 32768  # bytes of a request's header; it is scanned from its start again as it grows
SMALL_BODY = 512 * 1024  # bytes; larger ones are kept on disk
MAX_CHUNK_LINE = 8192  # bytes of the line before a chunk, or of the trailer; each is scanned again as it grows
MAX_AROUND_CHUNKS = 64 * 1024  # bytes of a chunked body with its framing, or twice those in the chunks if that is more
RECEIVED_AT_ONCE = 64 * 1024  # bytes; waitress polls all connections for each such piece
SWEEP_SECONDS = 1.0  # between two checks for slow connections
GRACE_SECONDS = 1.0  # once told to stop, for a request still on its way over a connection just answered or opened
STAND_BACK_SECONDS = 0.0002
MAX_UNREAD = 64 * 1024  # bytes of responses that a client has not read; beyond it, the connection's next request waits
STOP_SIGNALS = ("SIGTERM", "SIGINT", "SIGBREAK")  # the last only on Windows: Ctrl+Break, which programs can send too
MOST_REFUSED_IN_A_ROW = 2  # requests, while accepted ones wait
SAME_STOP_SECONDS = 1.0  # within which one command to stop may arrive twice, from the terminal and from the parent
TLS_HANDSHAKE = b"\x16"  # the first byte of a request meant for https
NEVER = 2**31  # seconds
ONE_HOST = re.compile(r"[^\s,]*")
TRANSFER_ENCODING = re.compile(rb"^Transfer-Encoding:[ \t]*(.*?)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)

log = logging.getLogger("connections")


@dataclass(frozen=True)
class Problem:
    """Why a request does not reach the application although waitress found nothing wrong with it."""

    code: str  # of the contract's error
    message: str


TOO_SLOW_PROBLEM = Problem("timeout", contract.TOO_SLOW)  # it did not arrive in time
OVERLOADED_PROBLEM = Problem("overloaded", contract.OVERLOADED)  # it would wait, or has waited, for too long
DISK_FULL_PROBLEM = Problem("storage_full", contract.DISK_FULL)  # the disk would not take its body
FAULT_PROBLEM = Problem("internal", contract.INTERNAL)  # its body cannot be kept, and waiting will not help
PASSING = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)  # errors of a system that is too busy


@dataclass(frozen=True)
class Shared:
    """What all connections of a server have in common: the element ``shared`` of waitress' settings, ``adj``."""

    limits: Limits
    origins: Collection[str]
    trusted_proxy: str | None
    refused: Callable[[Answered], None]
    held: Callable[[], int]  # bytes of bodies, of all connections together
    is_draining: threading.Event  # set once the server has been told to stop and listens no more


class ContractParser(HTTPRequestParser):
    """Parses a request; whatever is wrong with it gets a response, where waitress would only close the connection."""

    def received(self, data: bytes) -> int:
        if self.body_rcv is None and not self.header_plus and data.startswith(TLS_HANDSHAKE):
            return self.fail(BadRequest("This is TLS"), data)  # else waitress would wait for the end of a header
        try:
            taken = super().received(data)
        except ValueError as error:  # an address or a length that Python's own parsers refuse
            return self.fail(BadRequest(str(error)), data)
        except OSError as error:
            log.error("%s; a request was refused.", error)
            if error.errno in PASSING:
                return self.fail(OVERLOADED_PROBLEM, data)
            return self.fail(DISK_FULL_PROBLEM if error.errno in NO_ROOM else FAULT_PROBLEM, data)
        body = self.body_rcv
        if isinstance(body, ChunkedReceiver) and len(body.control_line) + len(body.trailer) > MAX_CHUNK_LINE:
            return self.fail(BadRequest("A line between chunks is too long"), data)
        # For each chunk, waitress copies all received data that is left.
        if isinstance(body, ChunkedReceiver) and self.body_bytes_received > max(MAX_AROUND_CHUNKS, 2 * len(body)):
            return self.fail(BadRequest("The chunks are too small"), data)
        shared = self.adj.shared
        if self.body_bytes_received > SMALL_BODY and not self.error and shared.held() > shared.limits.bodies:
            return self.fail(OVERLOADED_PROBLEM, data)
        return taken

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the header as waitress does, but refuse an ambiguous one: a proxy may have read it differently.

        Source: RFC 9112, sections 3.2, 6.1 and 9.6. Raises ParsingError.
        """
        super().parse_header(header_plus)
        given = self.headers
        if "TRANSFER_ENCODING" in given:  # waitress removes it where it obeys it
            raise ParsingError("Transfer-Encoding before HTTP/1.1")
        encodings = TRANSFER_ENCODING.findall(header_plus)
        if encodings and [one.lower() for one in encodings] != [b"chunked"]:  # for waitress, an empty one is none
            raise ParsingError("Not one Transfer-Encoding")
        if self.chunked and "CONTENT_LENGTH" in given:
            raise ParsingError("Both Transfer-Encoding and Content-Length")
        if self.version == "1.1" and not ONE_HOST.fullmatch(given.get("HOST", " ")):
            raise ParsingError("Not one Host")
        if "close" in [option.strip().lower() for option in given.get("CONNECTION", "").split(",")]:
            given["CONNECTION"] = "close"

    def fail(self, error: Any, data: bytes) -> int:
        """Have the request answered with ``error``; return how many bytes of ``data`` were taken: all."""
        self.error = error
        self.completed = True
        return len(data)


class ContractTask(WSGITask):
    """Hands the application a request with its arrival time, from which its deadline counts."""

    def get_environment(self) -> dict[str, Any]:
        environ = super().get_environment()
        environ[ARRIVED] = self.channel.arrived
        return environ

    def set_close_on_finish(self) -> None:
        """Close the connection after this response, but not, as waitress would, only because it has no body."""
        asked_to = self.version != "1.1" or self.request.headers.get("CONNECTION", "").lower() == "close"
        if self.has_body or asked_to:
            super().set_close_on_finish()


class ContractErrorTask(ErrorTask):
    """Answers requests that never reach the application, with the contract's errors."""

    def problem(self) -> tuple[str, str]:
        """The contract's code and message for what is wrong with the request."""
        error = self.request.error
        if isinstance(error, Problem):
            return error.code, error.message
        problems = {  # by waitress' codes
            400: ("bad_request", contract.NOT_HTTP),
            413: ("too_large", contract.too_large(self.channel.adj.shared.limits.body)),
            431: ("headers_too_large", contract.HEADERS_TOO_LARGE),
            501: ("bad_request", contract.NOT_HTTP),
        }
        return problems.get(error.code, ("internal", contract.INTERNAL))

    def execute(self) -> None:
        code, message = self.problem()
        body = contract.error_body(code, message).encode()
        # waitress discards a header that is too large, and parses "GET /" in its place.
        is_known = code != "headers_too_large"
        method = getattr(self.request, "command", None) if is_known else None
        path = getattr(self.request, "path", None) if is_known else None
        self.status = contract.status_line(code)
        given, shared = self.request.headers, self.channel.adj.shared
        request_id = headers.new_or_given_id(given.get("X_REQUEST_ID"))
        self.response_headers += [
            *contract.headers_of(code).items(),
            *headers.of_answer(request_id, contract.JSON, given.get("ORIGIN"), shared.origins),
        ]
        self.set_close_on_finish()
        self.channel.lingers = True
        self.content_length = len(body)
        client = client_of(self.channel.addr[0], given.get("X_FORWARDED_FOR", ""), shared.trusted_proxy)
        shared.refused(Answered(client, method, path, contract.STATUS[code], len(body), request_id))
        is_head = getattr(self.request, "first_line", b"").startswith(b"HEAD ")
        self.write(b"" if is_head else body)


class ContractChannel(HTTPChannel):
    """A connection whose errors are JSON, and that lets a client finish sending before it closes.

    A client that is still sending when the connection closes sees a reset, not the response that came
    before. So the rest of what it sends is read and dropped, up to a limit.
    """

    parser_class = ContractParser
    task_class = ContractTask
    error_task_class = ContractErrorTask
    lingers = False
    is_parked = False  # while its next request waits for the client to read the responses before
    dropped: int | None = None  # bytes dropped so far, once it lingers
    began = 0.0  # when, by time.monotonic(), the request that is arriving began to
    arrived = 0.0  # likewise, when the next to answer was queued: on arrival, or after the response before
    rested = 0.0  # likewise, when the connection was last known to be busy, or else first looked at; 0 before
    active = 0.0  # likewise, when data was last known to be received or sent
    active_then = 0.0  # the same by waitress' clock, which may be adjusted

    def received(self, data: bytes) -> bool:
        before = self.request
        is_taken = super().received(data)
        if self.request is not before:
            self.began = time.monotonic()
        return is_taken

    def is_too_slow(self, now: float) -> bool:
        """Whether the current request is taking longer to arrive than it may."""
        if self.request is None:
            return False
        limits = self.adj.shared.limits
        allowed = limits.body_seconds if self.request.headers_finished else limits.header_seconds
        return now - self.began > allowed

    def note_activity(self, now: float) -> None:
        """Update `active` and `rested` by what has happened since the last call."""
        if self.active_then != self.last_activity:
            self.active_then, self.active = self.last_activity, now
        if self.is_busy or not self.rested:
            self.rested = now

    @property
    def is_busy(self) -> bool:
        """Whether a request has begun to arrive, and is not yet answered to the last byte."""
        return bool(self.request or self.requests or self.total_outbufs_len)

    def takes_nothing(self, now: float) -> bool:
        """Whether the client has read nothing of its response for longer than a connection may be idle."""
        return bool(self.total_outbufs_len) and now - self.active > self.adj.shared.limits.idle_seconds

    def held(self) -> int:
        """The number of bytes received in bodies of this connection's requests that are not answered or refused yet."""
        return sum(one.body_bytes_received for one in (*self.requests, self.request) if one and not one.error)

    def is_idle(self, now: float) -> bool:
        """Whether the connection has had no request for longer than it may be idle."""
        return now - self.rested > self.adj.shared.limits.idle_seconds

    def is_in_flight(self, now: float) -> bool:
        """Whether a request is in progress, or may be about to arrive."""
        return self.dropped is None and (self.is_busy or now - self.active < GRACE_SECONDS)

    def give_up(self) -> None:
        """Refuse a request that takes too long to arrive, and close."""
        with self.requests_lock:
            if self.request is None or self.requests:
                return
            self.request.error = TOO_SLOW_PROBLEM
            self.request.completed = True
            self.requests.append(self.request)
            self.request = None
            self.server.add_task(self)

    def send_continue(self) -> None:
        if self.request.completed:  # it has no body, or is refused before its body; waitress would wait for more
            self.request.expect_continue = False
        else:
            super().send_continue()

    def _flush_some(self, do_close: bool = True) -> bool:
        # Only the main thread closes connections, as it iterates over all of them.
        return super()._flush_some(do_close and threading.current_thread() is threading.main_thread())

    def handle_expt(self) -> None:
        self.drop()  # urgent data is no HTTP, and would wake the loop again and again

    def service(self) -> None:
        if not self.requests[0].error and time.monotonic() - self.arrived > self.adj.shared.limits.deadline:
            self.requests[0].error = OVERLOADED_PROBLEM
        if self.adj.shared.is_draining.is_set():
            self.requests[0].headers["CONNECTION"] = "close"
        try:
            super().service()
        except Exception:
            self.requests = []  # else they would seem to be in progress for ever
            self.close_when_flushed = True
            self.server.pull_trigger()
            raise
        self.rested = time.monotonic()

    def writable(self) -> bool:
        return self.is_parked or super().writable()

    def handle_write(self) -> None:
        if not self.outbuf_lock.acquire(blocking=False):
            # A thread is sending, and needs the GIL to finish; asking again at once would keep it from getting it.
            time.sleep(STAND_BACK_SECONDS)
            return
        self.outbuf_lock.release()
        super().handle_write()
        if self.is_parked and self.total_outbufs_len <= MAX_UNREAD:
            self.is_parked = False
            self.server.add_task(self)

    def handle_close(self) -> None:
        if not self.lingers or self.dropped is not None:
            self.drop()
            return
        self.dropped, self.will_close = 0, False
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.drop()

    def drop(self) -> None:
        """Close at once, whatever was still to be sent."""
        super().handle_close()

    def readable(self) -> bool:
        return self.dropped is not None or super().readable()

    def handle_read(self) -> None:
        if self.dropped is None:
            super().handle_read()
            return
        self.dropped += len(self.recv(self.adj.recv_bytes))
        if self.dropped > MAX_DROPPED:
            self.drop()


class TakingTurns:
    """The requests that wait for a thread, as waitress' queue: refused ones come first, but not always.

    Otherwise clients that are refused, and ask again at once, would keep the threads from answering anybody else.
    """

    def __init__(self) -> None:
        self.accepted: deque[ContractChannel] = deque()
        self.refused: deque[ContractChannel] = deque()
        self.in_a_row = 0  # refused ones that were handed out since the last accepted one

    def __len__(self) -> int:
        return len(self.accepted) + len(self.refused)

    def popleft(self) -> ContractChannel:
        """Remove and return the next request. Raises IndexError if there is none."""
        if self.refused and (not self.accepted or self.in_a_row < MOST_REFUSED_IN_A_ROW):
            self.in_a_row += 1
            return self.refused.popleft()
        self.in_a_row = 0
        return self.accepted.popleft()


class BoundedDispatcher(ThreadedTaskDispatcher):
    """Hands requests to threads; while ``most`` are waiting, further ones are refused at once."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.queue = TakingTurns()

    def add_task(self, task: ContractChannel) -> None:
        channel = task  # waitress' name for it
        channel.arrived = time.monotonic()
        if channel.total_outbufs_len > MAX_UNREAD:
            channel.is_parked = True
            return
        with self.lock:
            if len(self.queue.accepted) < self.most:
                self.queue.accepted.append(channel)
            else:
                channel.requests[0].error = channel.requests[0].error or OVERLOADED_PROBLEM
                self.queue.refused.append(channel)
            self.queue_cv.notify()


def serve(
    app: Wsgi,
    listeners: list[socket.socket],
    limits: Limits,
    dispatcher: BoundedDispatcher,
    ready: Callable[[], None],
    refused: Callable[[Answered], None],
    origins: Collection[str] = (),
    trusted_proxy: str | None = None,
) -> None:
    """Serve ``app`` at ``listeners`` until one of `STOP_SIGNALS`, then finish the requests in flight.

    The threads of ``dispatcher``, which end with the server, answer one request each at a time. ``ready`` is called
    once requests are answered, and ``refused`` for each request that never reaches ``app``. Pages of ``origins`` may
    read errors; X-Forwarded-For is trusted only from ``trusted_proxy``. Runs in the main thread, handles these signals
    and closes ``listeners``. A second one, more than a second after the first, raises SystemExit.
    """
    sockets: dict[int, Any] = {}
    waitress.create_server(
        app,
        map=sockets,
        _dispatcher=dispatcher,
        sockets=listeners,
        ident=None,
        clear_untrusted_proxy_headers=False,  # they show that a request comes from another machine
        max_request_header_size=MAX_HEADER,
        max_request_body_size=limits.body + 1,  # waitress refuses from this size on
        recv_bytes=RECEIVED_AT_ONCE,
        inbuf_overflow=SMALL_BODY,
        outbuf_high_watermark=sys.maxsize,  # past it waitress blocks the thread; here the next request waits
        channel_timeout=NEVER,  # waitress would go by the wall clock, which may be adjusted
    )
    servers = [one for one in sockets.values() if isinstance(one, BaseWSGIServer)]
    shared = Shared(
        limits,
        origins,
        trusted_proxy,
        refused,
        held=lambda: sum(channel.held() for channel in channels_of(sockets)),
        is_draining=threading.Event(),
    )
    for server in servers:
        server.channel_class = ContractChannel
        server.adj.shared = shared
        # waitress counts its own sockets as well.
        server.adj.connection_limit = affordable(limits.connections) + len(sockets)
    stop = told_to_stop(wake_loop=servers[0].pull_trigger)
    ready()

    next_sweep = time.monotonic() + SWEEP_SECONDS
    while not stop.is_set():
        wasyncore.loop(timeout=SWEEP_SECONDS, use_poll=True, map=sockets, count=1)
        if (now := time.monotonic()) >= next_sweep:
            next_sweep = now + SWEEP_SECONDS
            close_slow(sockets, now)
    for server in servers:
        accept_backlog(server)
        server.accepting = False
        server.socket.close()
        server.del_channel()
    shared.is_draining.set()
    drain(sockets, limits.drain_seconds)
    dispatcher.shutdown()


def told_to_stop(wake_loop: Callable[[], object]) -> threading.Event:
    """An event that any of `STOP_SIGNALS` sets; a second one, over a second after the first, raises SystemExit."""
    stop = threading.Event()
    told_at = 0.0

    def on_signal(*_: object) -> None:
        nonlocal told_at
        if not stop.is_set():
            told_at = time.monotonic()
        elif time.monotonic() - told_at > SAME_STOP_SECONDS:
            raise SystemExit(1)
        stop.set()
        wake_loop()

    for name in STOP_SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), on_signal)
    return stop


def close_slow(sockets: dict[int, Any], now: float) -> None:
    """Give up the connections among ``sockets`` that are slower than their limits allow."""
    for channel in channels_of(sockets):
        channel.note_activity(now)
        if channel.is_too_slow(now):
            channel.give_up()
        elif channel.takes_nothing(now):
            channel.drop()
        elif channel.is_idle(now):
            channel.will_close = True


def drain(sockets: dict[int, Any], seconds: float) -> None:
    """Serve the connections among ``sockets`` until no request is in flight, for at most ``seconds``."""
    deadline = time.monotonic() + seconds
    while (now := time.monotonic()) < deadline:
        close_slow(sockets, now)
        if not any(channel.is_in_flight(now) for channel in channels_of(sockets)):
            return
        wasyncore.loop(timeout=0.05, use_poll=True, map=sockets, count=1)


def channels_of(sockets: dict[int, Any]) -> list[ContractChannel]:
    """The connections to clients among ``sockets``."""
    return [one for one in sockets.values() if isinstance(one, ContractChannel)]


def accept_backlog(server: BaseWSGIServer) -> None:
    """Accept the pending connections of ``server`` before it closes its socket, which would reset them."""
    for _ in range(BACKLOG):
        connections = len(server.active_channels)
        server.handle_accept()
        if len(server.active_channels) == connections:
            return
