"""Weights on disk: ``NAME.pt``, a plain state_dict, and ``NAME.json``, the card that says how it was trained.

Each file is written beside its place and renamed into it, so that a reader meets the old file or the new
one, whole, whatever happens in between.
"""

import glob
import hashlib
import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from net.arguments import as_argument
from net.lenet import LeNet
from net.shipped import SHIPPED

SUFFIXES = (".pt", ".pth")  # of weights
CARD_SUFFIX = ".json"
RUN_SUFFIX = ".training.pt"  # in place of .pt, of what an unfinished run goes on from
PREVIOUS = ".previous"  # how the stem ends of weights that others have replaced
PARTIAL = ".partial"  # how the name ends of a file that is being written
PATIENCE = 5.0 if os.name == "nt" else 0.0  # seconds in which a file is refused that a virus scanner looks at
AGAIN_SECONDS = 0.05


class CheckpointError(Exception):
    """A checkpoint that cannot be used; the message names it and says why, without a full stop: advice may follow."""


class OtherNetworkError(CheckpointError):
    """The weights of another network, or what else PyTorch saves."""


def save(state_dict: dict[str, Tensor], card: dict[str, Any], path: Path) -> dict[str, Any]:
    """Write ``state_dict`` to ``path`` and ``card`` to the JSON file beside it.

    Returns the card as written, with the ``sha256`` of the weights added.
    Raises OSError where the disk refuses. The weights that stood there before still stand then, unless the card alone
    could not be written: in that case the new weights are in place, and are read uncalibrated.
    """
    weights = serialized({name: tensor.detach().cpu().contiguous() for name, tensor in state_dict.items()})
    card = {**card, "sha256": sha256_of(weights)}
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, lambda beside: beside.write_bytes(weights))
    replace_file(card_path(path), lambda beside: beside.write_text(text, encoding="utf-8"))
    return card


def keep_previous(path: Path) -> Path | None:
    """Copy the finished weights at ``path``, and their card, beside them; where the weights went, None without any.

    What lay there from an earlier time is replaced. Raises OSError where the disk refuses.
    """
    if not path.exists() or card_of(path).get("interrupted"):
        return None
    previous = path.with_stem(f"{path.stem}{PREVIOUS}")
    for file, copy in ((path, previous), (card_path(path), card_path(previous))):
        if file.exists():
            replace_file(copy, partial(shutil.copyfile, file))
    return previous


def load(path: Path) -> tuple[LeNet, dict[str, Any]]:
    """The network at ``path``, in evaluation mode on the CPU, and its card.

    Where `card_of` finds none, the card has the weights' ``sha256`` alone.

    Raises CheckpointError where the file is missing or is not a LeNet's finite state_dict.
    """
    try:
        weights = path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(f"The checkpoint '{path}' does not exist") from None
    except OSError as error:
        raise CheckpointError(f"The checkpoint '{path}' could not be read ({error.strerror})") from error
    try:
        state_dict = torch.load(BytesIO(weights), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a different one for each way a file can be damaged
        if zipfile.is_zipfile(BytesIO(weights)):  # it is whole, and holds a module for one
            raise OtherNetworkError(
                f"The checkpoint '{path}' holds something else than this network's weights"
            ) from error
        raise CheckpointError(f"The checkpoint '{path}' is not a file of PyTorch weights, or it is damaged") from error
    network = LeNet()
    try:
        network.load_state_dict(state_dict)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise OtherNetworkError(f"The checkpoint '{path}' holds the weights of another network") from error
    if not all(tensor.isfinite().all() for tensor in network.state_dict().values()):
        raise CheckpointError(f"The checkpoint '{path}' holds weights that are not finite numbers")
    return network.eval(), card_of(path, weights) or {"sha256": sha256_of(weights)}


def card_of(path: Path, weights: bytes | None = None) -> dict[str, Any]:
    """The card of the checkpoint ``path``; empty where it is missing or speaks of other weights.

    A calibration that was fitted to other weights is worse than none. ``weights`` are those that were read at
    ``path``, which may hold others by now; without them, it is read. Raises OSError without the checkpoint.
    """
    try:
        card = json.loads(card_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    sha256 = sha256_of(path.read_bytes() if weights is None else weights)
    return card if is_card(card) and card["sha256"] == sha256 else {}


def is_card(value: object) -> bool:
    """Whether ``value``, from a JSON file, may be the card of some weights."""
    return isinstance(value, dict) and "sha256" in value


def sha256_of(weights: bytes) -> str:
    """What tells these ``weights`` from others, as a card has it."""
    return hashlib.sha256(weights).hexdigest()


def weights_path(given: Path) -> Path:
    """The file that ``given`` means: itself if it is one or is called as weights are, else lenet.pt in that folder.

    A card means the weights that it is about.
    """
    # Path's own methods raise where a folder may not be looked into.
    is_folder, is_file = os.path.isdir(given), os.path.isfile(given)  # noqa: PTH112, PTH113
    if is_file and given.suffix == CARD_SUFFIX:
        return given.with_suffix(SHIPPED.suffix)
    return given if is_file or (is_weights(given) and not is_folder) else given / SHIPPED.name


def with_advice(error: CheckpointError, path: Path) -> str:
    """What ``error`` says, and the command that makes weights at ``path``, or beside what else lies there."""
    if isinstance(error, OtherNetworkError):
        path = path.with_stem(f"{path.stem}-digits")
    return f"{error}; make one with: python -m train --out {as_argument(str(path.with_suffix(SHIPPED.suffix)))}"


def is_weights(path: Path) -> bool:
    """Whether ``path`` is called as weights are."""
    return path.suffix in SUFFIXES


def card_path(path: Path) -> Path:
    """Where the card of the checkpoint ``path`` lies."""
    return path.with_suffix(CARD_SUFFIX)


def serialized(state: dict[str, Any]) -> bytes:
    """The file that torch.save makes of ``state``, which would itself raise no OSError where the disk is full."""
    buffer = BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a new file beside ``path``, then put it in the place of ``path`` in one step.

    Raises OSError, about ``path``, where the disk refuses.
    """
    beside = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
    try:
        write(beside)
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        put_in_place(beside, path)
        sync_names(path.parent)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(OSError):  # it tells less than what went wrong before
            beside.unlink(missing_ok=True)


def sync_names(folder: Path) -> None:
    """Have what was renamed in ``folder`` stay so through a power cut, where the system lets one see to that."""
    with suppress(OSError):  # Windows opens no folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def put_in_place(beside: Path, path: Path) -> None:
    """Rename ``beside`` to ``path``, as soon as the system lets nobody else's look at them stand in the way."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            beside.replace(path)
            return
        except PermissionError:
            if time.monotonic() >= until:
                raise
        time.sleep(AGAIN_SECONDS)


def remove_partial(path: Path) -> None:
    """Remove what processes that were killed in `replace_file` have left beside ``path``. Nobody may be writing it."""
    for left in path.parent.glob(f"{glob.escape(path.name)}.*{PARTIAL}"):
        if left.name.removeprefix(f"{path.name}.").removesuffix(PARTIAL).isdecimal():
            left.unlink(missing_ok=True)
