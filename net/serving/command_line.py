"""The command line of the server."""

import argparse
from dataclasses import asdict
from pathlib import Path

from net.arguments import positive_number, whole_number
from net.serving.gate import is_address, is_origin
from net.serving.limits import Limits
from net.serving.sockets import CAN_SHARE
from net.shipped import SHIPPED

SERVER_THREADS = 2  # more get in each other's way: python tests/bench/load.py --threads 4
MOST_AT_ONCE = 1025  # threads, or processes, are too many
MIB, MILLION = 2**20, 1_000_000


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The parsed command line."""
    limits = Limits()
    parser = argparse.ArgumentParser(
        prog="python server.py",
        usage="%(prog)s [options]",
        allow_abbrev=False,
        description="Serve the drawing pad and the predictions.",
        epilog="example: python server.py --host 0.0.0.0 --port 80 --checkpoint mine/lenet.pt",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument(
        "--port", type=whole_number(0, below=65536), default=8080, help="0 takes a free one (default: %(default)s)"
    )
    parser.add_argument(
        "--checkpoint", type=Path, default=SHIPPED, help="weights to load (default: checkpoints/lenet.pt)"
    )
    parser.add_argument("--watch", action="store_true", help="take new weights as soon as they replace the old ones")
    parser.add_argument("--train", action="store_true", help="where the checkpoint is missing, train it first")
    parser.add_argument(
        "--log", choices=["text", "json"], default="text", help="form of the log (default: %(default)s)"
    )

    corrections = parser.add_argument_group("corrections")
    kept_in = corrections.add_mutually_exclusive_group()
    kept_in.add_argument(
        "--corrections",
        type=Path,
        metavar="DIR",
        help="folder to keep what users say was right in (default: corrections, beside server.py)",
    )
    kept_in.add_argument("--no-corrections", action="store_true", help="take none, and do not ask for them")
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
    for flag, kind, unit, default, of_what in (
        ("--processes", whole_number(1, MOST_AT_ONCE), "N", 1, "that share the work"),
        ("--threads", whole_number(1, MOST_AT_ONCE), "N", SERVER_THREADS, "in each process, for one request at a time"),
        ("--connections", whole_number(1), "N", limits.connections, "that may be open to each process"),
        ("--queue", whole_number(1), "N", limits.queue, "requests that may wait for a thread; more must come again"),
        ("--max-body", positive_number, "MIB", limits.body / MIB, "that a request may have"),
        ("--max-bodies", positive_number, "MIB", limits.bodies / MIB, "that all larger than half a MiB may have"),
        ("--max-pixels", positive_number, "MILLIONS", limits.pixels / MILLION, "that a picture may have"),
        ("--deadline", positive_number, "SECONDS", limits.deadline, "a request may wait, or many pictures may take"),
        ("--header-seconds", positive_number, "SECONDS", limits.header_seconds, "a request's header may take to come"),
        ("--body-seconds", positive_number, "SECONDS", limits.body_seconds, "a request's body may take to come"),
        ("--idle-seconds", positive_number, "SECONDS", limits.idle_seconds, "a connection may lie idle"),
        ("--drain-seconds", positive_number, "SECONDS", limits.drain_seconds, "requests may go on once told to stop"),
    ):
        load.add_argument(flag, type=kind, default=default, metavar=unit, help=f"{of_what} (default: %(default)g)")
    options = parser.parse_args(arguments)
    if options.allow_export and options.no_corrections:
        parser.error("argument --allow-export: not allowed with argument --no-corrections")
    limits = limits_of(options)
    if not (limits.body and limits.bodies and limits.pixels):
        parser.error("arguments --max-body, --max-bodies and --max-pixels: less than one byte or pixel lets nothing in")
    if limits.body > limits.bodies:
        parser.error("arguments --max-body and --max-bodies: a request may not be larger than all of them together")
    if options.processes > 1 and not CAN_SHARE:
        parser.error("argument --processes: on this system one process cannot share its sockets with others")
    return options


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
        body=int(options.max_body * MIB),
        bodies=int(options.max_bodies * MIB),
        pixels=int(options.max_pixels * MILLION),
        **{name: value for name, value in vars(options).items() if name in asdict(Limits())},
    )
