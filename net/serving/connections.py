"""Connections and their requests: waitress, with limits, and with errors in the contract's words."""

import logging
import re
import signal
import socket
import sys
import threading
import time
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
from net.serving.gate import client_of
from net.serving.limits import Limits
from net.serving.sockets import BACKLOG, affordable
from net.serving.wsgi import ARRIVED, Wsgi

MAX_DROPPED = 128 * 1024 * 1024  # bytes of a refused request that are read so that its sender hears of the refusal
MAX_HEADER = 32768  # bytes, of a request's; it is read anew as it grows
SMALL_BODY = 512 * 1024  # bytes; larger ones are kept on the disk
MAX_CHUNK_LINE = 8192  # bytes, of the line before a chunk, and of what follows the last; each is read anew as it grows
MAX_AROUND_CHUNKS = 64 * 1024  # bytes around and between them, of smaller bodies than that; else as many as in them
RECEIVED_AT_ONCE = 64 * 1024  # bytes; for each such piece waitress looks at all connections
SWEEP_SECONDS = 1.0  # between two looks at who is too slow
GRACE_SECONDS = 1.0  # once told to stop, for a request that is on its way over a connection just answered or opened
STAND_BACK_SECONDS = 0.0002
MAX_UNREAD = 64 * 1024  # bytes of answers that a client has not taken; the next request over its connection waits then
SAME_STOP_SECONDS = 1.0  # within which one command to stop may come twice, from the terminal and from the parent
TLS_HANDSHAKE = b"\x16"  # how a request begins that was meant for https
NEVER = 2**31  # seconds
ONE_HOST = re.compile(r"[^\s,]*")

log = logging.getLogger("connections")
# Told of what never reached the application: the client's address, method, path, the error's code, the bytes of its
# body, and the request's ID.
Refused = Callable[[str, str | None, str | None, str, int, str], None]


@dataclass(frozen=True)
class Problem:
    """Why a request is not for the application, where waitress itself has found nothing wrong with it."""

    code: int  # of `ContractErrorTask.problem`


TOO_SLOW_PROBLEM = Problem(408)  # it did not arrive in time
OVERLOADED_PROBLEM = Problem(503)  # it would wait, or has waited, for too long
DISK_FULL_PROBLEM = Problem(507)  # the disk would not take its body


class ContractParser(HTTPRequestParser):
    """Takes a request apart; whatever is wrong with it becomes an answer, where waitress would only hang up."""

    # Set by `serve`.
    limits: Limits
    held: Callable[[], int]  # bytes of bodies, of all connections together

    def received(self, data: bytes) -> int:
        if self.body_rcv is None and not self.header_plus and data.startswith(TLS_HANDSHAKE):
            return self.fail(BadRequest("This is TLS"), data)  # else it would be waited for the end of a header
        try:
            taken = super().received(data)
        except ValueError as error:  # an address or a length that Python's own parsers refuse
            return self.fail(BadRequest(str(error)), data)
        except OSError as error:
            log.error("%s; a request was refused.", error)
            return self.fail(DISK_FULL_PROBLEM if error.errno in NO_ROOM else OVERLOADED_PROBLEM, data)
        body = self.body_rcv
        if isinstance(body, ChunkedReceiver) and len(body.control_line) + len(body.trailer) > MAX_CHUNK_LINE:
            return self.fail(BadRequest("A line between chunks is too long"), data)
        # Of what has come, waitress copies all that is left for each chunk.
        if isinstance(body, ChunkedReceiver) and self.body_bytes_received > max(MAX_AROUND_CHUNKS, 2 * len(body)):
            return self.fail(BadRequest("The chunks are too small"), data)
        if self.body_bytes_received > SMALL_BODY and not self.error and self.held() > self.limits.bodies:
            return self.fail(OVERLOADED_PROBLEM, data)
        return taken

    def parse_header(self, header_plus: bytes) -> None:
        """What waitress makes of it, if there is but one way to understand it: others before us may have found another.

        Source: RFC 9112, sections 3.2, 6.1 and 9.6. Raises ParsingError.
        """
        super().parse_header(header_plus)
        given = self.headers
        if "TRANSFER_ENCODING" in given:  # waitress has taken it out where it heeds it
            raise ParsingError("Transfer-Encoding before HTTP/1.1")
        if self.chunked and "CONTENT_LENGTH" in given:
            raise ParsingError("Both Transfer-Encoding and Content-Length")
        if self.version == "1.1" and not ONE_HOST.fullmatch(given.get("HOST", " ")):
            raise ParsingError("Not one Host")
        if "close" in [option.strip().lower() for option in given.get("CONNECTION", "").split(",")]:
            given["CONNECTION"] = "close"

    def fail(self, error: Any, data: bytes) -> int:
        """Have the request answered with ``error``; how much of ``data`` was taken: all of it."""
        self.error = error
        self.completed = True
        return len(data)


class ContractTask(WSGITask):
    """Hands the application a request with the time when it arrived, from which on its deadline counts."""

    def get_environment(self) -> dict[str, Any]:
        environ = super().get_environment()
        environ[ARRIVED] = self.channel.arrived
        return environ

    def set_close_on_finish(self) -> None:
        """Hang up after this answer; but not, as waitress would, after one that has no body and therefore no length."""
        asked_to = self.version != "1.1" or self.request.headers.get("CONNECTION", "").lower() == "close"
        if self.has_body or asked_to:
            super().set_close_on_finish()


class ContractErrorTask(ErrorTask):
    """Answers requests that the application never sees in the contract's words."""

    def problem(self) -> tuple[str, str]:
        """The contract's code for what is wrong with the request, and its sentence."""
        problems = {
            400: ("bad_request", contract.NOT_HTTP),
            408: ("timeout", contract.TOO_SLOW),
            413: ("too_large", contract.too_large(self.channel.limits.body)),
            431: ("headers_too_large", contract.HEADERS_TOO_LARGE),
            501: ("bad_request", contract.NOT_HTTP),
            503: ("overloaded", contract.OVERLOADED),
            507: ("storage_full", contract.DISK_FULL),
        }
        return problems.get(self.request.error.code, ("internal", contract.INTERNAL))

    def execute(self) -> None:
        code, message = self.problem()
        body = contract.error_body(code, message).encode()
        # Of a header that is too large waitress keeps nothing, and takes "GET /" in its place.
        is_known = code != "headers_too_large"
        method = getattr(self.request, "command", None) if is_known else None
        path = getattr(self.request, "path", None) if is_known else None
        self.status = contract.status_line(code)
        given = self.request.headers
        request_id = headers.new_or_given_id(given.get("X_REQUEST_ID"))
        self.response_headers += [
            *contract.headers_of(code).items(),
            *headers.of_answer(request_id, contract.JSON, given.get("ORIGIN"), self.channel.origins),
        ]
        self.set_close_on_finish()
        self.channel.lingers = True
        self.content_length = len(body)
        client = client_of(self.channel.addr[0], given.get("X_FORWARDED_FOR", ""), self.channel.trusted_proxy)
        self.channel.refused(client, method, path, code, len(body), request_id)
        is_head = getattr(self.request, "first_line", b"").startswith(b"HEAD ")
        self.write(b"" if is_head else body)


class ContractChannel(HTTPChannel):
    """A connection whose errors are JSON, and that lets a client finish sending before it hangs up on it.

    A client that is still sending when the connection closes is told of a reset, not of the answer that
    came before. So the rest of what it sends is read and dropped, up to a limit.
    """

    task_class = ContractTask
    error_task_class = ContractErrorTask
    # Set by `serve`, as is `parser_class`.
    limits: Limits
    origins: Collection[str]
    trusted_proxy: str | None
    is_draining: threading.Event  # set once the server has been told to stop and listens no more
    refused: Refused
    lingers = False
    is_parked = False  # while its next request waits for the client to take the answers to those before
    dropped: int | None = None  # bytes, once it lingers
    began = 0.0  # the time, by time.monotonic(), at which the request that is arriving began to
    arrived = 0.0  # likewise, at which the one to be answered was queued: as it came, or once that before was answered
    rested = 0.0  # likewise, at which the last request was answered, as far as is known; 0 before it is
    active = 0.0  # likewise, at which something is known to have come or gone
    active_then = 0.0  # the same by waitress' clock, which may be set

    def received(self, data: bytes) -> bool:
        before = self.request
        is_taken = super().received(data)
        if self.request is not before:
            self.began = time.monotonic()
        return is_taken

    def is_too_slow(self, now: float) -> bool:
        """Whether the request that is arriving has been for longer than it may."""
        if self.request is None:
            return False
        limits = self.limits
        allowed = limits.body_seconds if self.request.headers_finished else limits.header_seconds
        return now - self.began > allowed

    def note_activity(self, now: float) -> None:
        """Note whether something has come or gone, or was under way, since the last time that this was asked for."""
        if self.active_then != self.last_activity:
            self.active_then, self.active = self.last_activity, now
        if self.is_busy or not self.rested:
            self.rested = now

    @property
    def is_busy(self) -> bool:
        """Whether a request was begun, and not yet answered to the last byte."""
        return bool(self.request or self.requests or self.total_outbufs_len)

    def takes_nothing(self, now: float) -> bool:
        """Whether the client has taken none of its answer for longer than a connection may lie idle."""
        return bool(self.total_outbufs_len) and now - self.active > self.limits.idle_seconds

    def held(self) -> int:
        """How many bytes of bodies have come over this connection and are kept, for they are not answered yet."""
        return sum(one.body_bytes_received for one in (*self.requests, self.request) if one and not one.error)

    def is_idle(self, now: float) -> bool:
        """Whether the connection has been kept without a request for longer than it may."""
        return now - self.rested > self.limits.idle_seconds

    def is_in_flight(self, now: float) -> bool:
        """Whether a request is under way, or may be about to arrive."""
        return self.dropped is None and (self.is_busy or now - self.active < GRACE_SECONDS)

    def give_up(self) -> None:
        """Answer what has arrived of a request that takes too long, and close."""
        with self.requests_lock:
            if self.request is None or self.requests:
                return
            self.request.error = TOO_SLOW_PROBLEM
            self.request.completed = True
            self.requests.append(self.request)
            self.request = None
            self.server.add_task(self)

    def send_continue(self) -> None:
        if self.request.completed:  # it has no body, or is refused before that comes; waitress would wait for more
            self.request.expect_continue = False
        else:
            super().send_continue()

    def _flush_some(self, do_close: bool = True) -> bool:
        # The main thread alone closes connections, as it goes through all that there are.
        return super()._flush_some(do_close and threading.current_thread() is threading.main_thread())

    def handle_expt(self) -> None:
        self.drop()  # a byte sent as urgent is no HTTP, and would wake the loop again and again

    def service(self) -> None:
        if not self.requests[0].error and time.monotonic() - self.arrived > self.limits.deadline:
            self.requests[0].error = OVERLOADED_PROBLEM
        if self.is_draining.is_set():
            self.requests[0].headers["CONNECTION"] = "close"
        try:
            super().service()
        except Exception:
            self.requests = []  # or else they would seem to be under way for good
            self.close_when_flushed = True
            self.server.pull_trigger()
            raise
        self.rested = time.monotonic()

    def writable(self) -> bool:
        return self.is_parked or super().writable()

    def handle_write(self) -> None:
        if not self.outbuf_lock.acquire(blocking=False):
            # A thread is sending, and waits for the interpreter to say so: asking again at once would keep it from it.
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
        """Hang up at once, whatever was still to be sent."""
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


class BoundedDispatcher(ThreadedTaskDispatcher):
    """Hands requests to threads; past so many that ``most`` wait already, it has them refused at once."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def add_task(self, task: ContractChannel) -> None:
        channel = task  # which is what waitress calls so
        channel.arrived = time.monotonic()
        if channel.total_outbufs_len > MAX_UNREAD:
            channel.is_parked = True
            return
        with self.lock:
            if len(self.queue) < self.most:
                self.queue.append(channel)
            else:
                channel.requests[0].error = channel.requests[0].error or OVERLOADED_PROBLEM
                self.queue.appendleft(channel)  # a refusal costs nothing, and need not wait
            self.queue_cv.notify()


def serve(
    app: Wsgi,
    listeners: list[socket.socket],
    limits: Limits,
    threads: int,
    ready: Callable[[], None],
    refused: Refused,
    queue_length: Callable[[Callable[[], int]], object],
    origins: Collection[str] = (),
    trusted_proxy: str | None = None,
) -> None:
    """Answer what comes to ``listeners`` by ``app`` until SIGTERM or SIGINT, and then finish what is in flight.

    So many ``threads`` answer one request each at a time. ``ready`` is called once answers are given, ``refused`` for
    each request that never reaches ``app``, and ``queue_length``, once, with a function that tells how many requests
    wait. Pages of ``origins`` may ask; X-Forwarded-For is believed where it comes from the address ``trusted_proxy``.
    This runs in the main thread, takes both signals and closes ``listeners``. A second signal, a second or more after
    the first, raises SystemExit.
    """
    sockets: dict[int, Any] = {}
    dispatcher = BoundedDispatcher(limits.queue)
    dispatcher.set_thread_count(threads)
    queue_length(lambda: len(dispatcher.queue))
    waitress.create_server(
        app,
        map=sockets,
        _dispatcher=dispatcher,
        sockets=listeners,
        ident=None,
        clear_untrusted_proxy_headers=False,  # they tell that a request comes from another machine
        max_request_header_size=MAX_HEADER,
        max_request_body_size=limits.body + 1,  # waitress refuses from this size on
        recv_bytes=RECEIVED_AT_ONCE,
        inbuf_overflow=SMALL_BODY,
        outbuf_high_watermark=sys.maxsize,  # past it waitress has a thread wait; we have the next request do so
        channel_timeout=NEVER,  # waitress would go by the clock on the wall, which may be set
    )
    servers = [one for one in sockets.values() if isinstance(one, BaseWSGIServer)]
    is_draining = threading.Event()
    held = staticmethod(lambda: sum(channel.held() for channel in channels_of(sockets)))
    its_own = {
        "limits": limits,
        "parser_class": type("Parser", (ContractParser,), {"limits": limits, "held": held}),
        "origins": origins,
        "trusted_proxy": trusted_proxy,
        "refused": staticmethod(refused),
        "is_draining": is_draining,
    }
    channel_class = type("Channel", (ContractChannel,), its_own)
    for server in servers:
        server.channel_class = channel_class
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
    is_draining.set()
    drain(sockets, limits.drain_seconds)
    dispatcher.shutdown()


def told_to_stop(wake_loop: Callable[[], object]) -> threading.Event:
    """Set once SIGTERM or SIGINT has come; a second one, a second or more after the first, raises SystemExit."""
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

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    return stop


def close_slow(sockets: dict[int, Any], now: float) -> None:
    """Give up, of the connections among ``sockets``, those that are slower than their limits allow."""
    for channel in channels_of(sockets):
        channel.note_activity(now)
        if channel.is_too_slow(now):
            channel.give_up()
        elif channel.takes_nothing(now):
            channel.drop()
        elif channel.is_idle(now):
            channel.will_close = True


def drain(sockets: dict[int, Any], seconds: float) -> None:
    """Go on with the connections among ``sockets`` until no request is in flight, for so many ``seconds`` at most."""
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
    """Accept the connections that were made before ``server`` closes its socket, which would reset them."""
    for _ in range(BACKLOG):
        connections = len(server.active_channels)
        server.handle_accept()
        if len(server.active_channels) == connections:
            return
