"""The command line of the server."""

import argparse
from dataclasses import asdict
from pathlib import Path

from net.arguments import few, positive_number, whole_number
from net.serving.gate import is_address, is_origin
from net.serving.limits import Limits
from net.serving.sockets import CAN_SHARE
from net.shipped import SHIPPED

SERVER_THREADS = 2  # more get in each other's way: python tests/bench/load.py --threads 4
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
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=whole_number(0, below=65536), default=8080, help="port; 0 for a free one (default: %(default)s)"
    )
    parser.add_argument(
        "--checkpoint", type=Path, default=SHIPPED, help="weights to load (default: checkpoints/lenet.pt)"
    )
    parser.add_argument("--watch", action="store_true", help="load new weights as soon as they replace the old ones")
    parser.add_argument("--train", action="store_true", help="if there are no finished weights yet, train first")
    parser.add_argument(
        "--log", choices=["text", "json"], default="text", help="format of the log (default: %(default)s)"
    )

    corrections = parser.add_argument_group("corrections")
    kept_in = corrections.add_mutually_exclusive_group()
    kept_in.add_argument(
        "--corrections",
        type=Path,
        metavar="DIR",
        help="folder for corrections from users (default: corrections, beside server.py)",
    )
    kept_in.add_argument("--no-corrections", action="store_true", help="accept no corrections, and do not ask for them")
    corrections.add_argument(
        "--allow-export", action="store_true", help="let other machines download /corrections.zip too"
    )

    strangers = parser.add_argument_group("access")
    strangers.add_argument(
        "--cors",
        type=origin,
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let pages of that origin, such as https://example.org, send requests; may be repeated",
    )
    strangers.add_argument(
        "--rate",
        type=positive_number,
        metavar="N",
        help="pictures a second that each address may send to each process, on average (default: no limit)",
    )
    strangers.add_argument("--token-file", type=Path, metavar="FILE", help="require the token in this file")
    strangers.add_argument(
        "--trusted-proxy",
        type=address,
        metavar="ADDRESS",
        help="trust X-Forwarded-For from the proxy at that address",
    )

    load = parser.add_argument_group("load")
    for flag, kind, unit, default, of_what in (
        ("--processes", few, "N", 1, "processes that share the work"),
        ("--threads", few, "N", SERVER_THREADS, "threads in each process, one request each"),
        ("--connections", whole_number(1), "N", limits.connections, "most connections open to each process"),
        ("--queue", whole_number(1), "N", limits.queue, "most requests waiting in each process; others get 503"),
        ("--max-body", positive_number, "MIB", limits.body / MIB, "largest request"),
        (
            "--max-bodies",
            positive_number,
            "MIB",
            limits.bodies / MIB,
            "total in each process, above which requests over half a MiB get 503",
        ),
        ("--max-pixels", positive_number, "MILLIONS", limits.pixels / MILLION, "most pixels in a picture"),
        ("--deadline", positive_number, "SECONDS", limits.deadline, "time a request may wait, or many pictures take"),
        ("--header-seconds", positive_number, "SECONDS", limits.header_seconds, "time for a request header to arrive"),
        ("--body-seconds", positive_number, "SECONDS", limits.body_seconds, "time for a request body to arrive"),
        ("--idle-seconds", positive_number, "SECONDS", limits.idle_seconds, "time that a connection may stay idle"),
        ("--drain-seconds", positive_number, "SECONDS", limits.drain_seconds, "time to finish requests on shutdown"),
    ):
        load.add_argument(flag, type=kind, default=default, metavar=unit, help=f"{of_what} (default: %(default)g)")
    options = parser.parse_args(arguments)
    if options.allow_export and options.no_corrections:
        parser.error("argument --allow-export: not allowed with argument --no-corrections")
    limits = limits_of(options)
    if not (limits.body and limits.bodies and limits.pixels):
        parser.error("arguments --max-body, --max-bodies and --max-pixels: must allow at least one byte or pixel")
    if limits.body > limits.bodies:
        parser.error("argument --max-bodies: must be at least as large as --max-body")
    if options.processes > 1 and not CAN_SHARE:
        parser.error("argument --processes: must be 1 on this system, where processes cannot share sockets")
    return options


def address(text: str) -> str:
    """An IP address from the command line."""
    if not is_address(text):
        raise argparse.ArgumentTypeError(f"must be an IP address such as 127.0.0.1, not '{text}'")
    return text


def origin(text: str) -> str:
    """A page's origin from the command line, as browsers write it."""
    if not is_origin(text.lower()):
        raise argparse.ArgumentTypeError(
            f"must be an origin as browsers write it, such as https://example.org, not '{text}'"
        )
    return text.lower()


def limits_of(options: argparse.Namespace) -> Limits:
    """The limits that the command line sets."""
    return Limits(
        body=int(options.max_body * MIB),
        bodies=int(options.max_bodies * MIB),
        pixels=int(options.max_pixels * MILLION),
        **{name: value for name, value in vars(options).items() if name in asdict(Limits())},
    )
