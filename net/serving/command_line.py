"""The command line of `server.py`."""

import argparse
from pathlib import Path

from net.arguments import positive_number, whole_number
from net.checkpoint import SHIPPED
from net.serving import processes
from net.serving.gate import is_address, is_origin
from net.serving.limits import Limits

SERVER_THREADS = 2  # more get in each other's way: python tests/bench/load.py --threads 4


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    limits = Limits()
    parser = argparse.ArgumentParser(
        prog="python server.py",
        usage="%(prog)s [options]",
        description="Serve the drawing pad and the predictions.",
        epilog="example: python server.py --host 0.0.0.0 --port 80 --checkpoint mine/lenet.pt",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=port, default=8080, help="0 takes a free one (default: %(default)s)")
    parser.add_argument(
        "--checkpoint", type=Path, default=SHIPPED, help="weights to load (default: checkpoints/lenet.pt)"
    )
    parser.add_argument("--watch", action="store_true", help="take new weights as soon as they replace the old ones")
    parser.add_argument("--train", action="store_true", help="where the checkpoint is missing, train it first")
    parser.add_argument(
        "--log", choices=["text", "json"], default="text", help="form of the log (default: %(default)s)"
    )

    corrections = parser.add_argument_group("corrections")
    place = corrections.add_mutually_exclusive_group()
    place.add_argument(
        "--corrections",
        type=Path,
        metavar="DIR",
        help="folder to keep what users say was right in (default: corrections, beside server.py)",
    )
    place.add_argument("--no-corrections", action="store_true", help="take none, and do not ask for them")
    corrections.add_argument(
        "--allow-export", action="store_true", help="hand out /corrections.zip to other machines as well"
    )

    strangers = parser.add_argument_group("who may ask")
    strangers.add_argument(
        "--cors",
        type=origin,
        action="append",
        default=[],
        metavar="ORIGIN",
        help="pages of that origin, https://example.org for one, may ask too; may be repeated",
    )
    strangers.add_argument(
        "--rate",
        type=positive_number,
        metavar="N",
        help="pictures a second, on average, that each address may send to each process (default: any number)",
    )
    strangers.add_argument("--token-file", type=Path, metavar="FILE", help="answer only requests that bear its token")
    strangers.add_argument(
        "--trusted-proxy",
        type=address,
        metavar="ADDRESS",
        help="believe the X-Forwarded-For of the proxy at that address",
    )

    load = parser.add_argument_group("load")
    for name, default, of_what in (
        ("processes", 1, "that share the work"),
        ("threads", SERVER_THREADS, "in each process, for one request at a time"),
        ("connections", limits.connections, "that may be open to each process"),
        ("queue", limits.queue, "requests that may wait for a thread; more are told to come again"),
    ):
        load.add_argument(
            f"--{name}", type=whole_number(1), default=default, metavar="N", help=f"{of_what} (default: %(default)s)"
        )
    for name, metavar, default, of_what in (
        ("max-body", "MIB", limits.body / 2**20, "that a request may have"),
        ("max-bodies", "MIB", limits.bodies / 2**20, "that all requests may have that are not answered yet"),
        ("max-pixels", "MILLIONS", limits.pixels / 1e6, "that a picture may have"),
    ):
        load.add_argument(
            f"--{name}",
            type=positive_number,
            default=default,
            metavar=metavar,
            help=f"{of_what} (default: %(default)g)",
        )
    for name, of_what in (
        ("deadline", "a request may wait before it is dropped, or that are spent on many pictures together"),
        ("header", "a request's header may take to arrive"),
        ("body", "a request's body may take to arrive"),
        ("idle", "a connection may lie idle"),
        ("drain", "requests in flight have to finish once the server is told to stop"),
    ):
        field = name if name == "deadline" else f"{name}_seconds"
        load.add_argument(
            f"--{field.replace('_', '-')}",
            type=positive_number,
            default=getattr(limits, field),
            metavar="SECONDS",
            help=f"that {of_what} (default: %(default)g)",
        )
    options = parser.parse_args(arguments)
    if options.allow_export and options.no_corrections:
        parser.error("argument --allow-export: not allowed with argument --no-corrections")
    limits = limits_of(options)
    if not (limits.body and limits.bodies and limits.pixels):
        parser.error("arguments --max-body, --max-bodies and --max-pixels: less than one byte or pixel lets nothing in")
    if limits.body > limits.bodies:
        parser.error("arguments --max-body and --max-bodies: a request may not be larger than all of them together")
    if options.processes > 1 and not processes.CAN_SHARE:
        parser.error("argument --processes: on this system one process cannot share its sockets with others")
    return options


def port(text: str) -> int:
    """A TCP port from the command line."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is a whole number from 0 to 65535, not '{text}'")
    return int(text)


def address(text: str) -> str:
    """An IP address from the command line."""
    if not is_address(text):
        raise argparse.ArgumentTypeError(f"this is an IP address, 127.0.0.1 for one, not '{text}'")
    return text


def origin(text: str) -> str:
    """A page's origin from the command line, as browsers write it."""
    if not is_origin(text.lower()):
        raise argparse.ArgumentTypeError(f"an origin has a scheme and a host, as https://example.org, not '{text}'")
    return text.lower()


def limits_of(options: argparse.Namespace) -> Limits:
    """The limits that the command line sets."""
    return Limits(
        body=int(options.max_body * 2**20),
        bodies=int(options.max_bodies * 2**20),
        pixels=int(options.max_pixels * 1e6),
        connections=options.connections,
        queue=options.queue,
        deadline=options.deadline,
        header_seconds=options.header_seconds,
        body_seconds=options.body_seconds,
        idle_seconds=options.idle_seconds,
        drain_seconds=options.drain_seconds,
    )
