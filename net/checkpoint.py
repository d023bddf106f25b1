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
RUN_SUFFIX = ".training.pt"  # in place of .pt, of what an unfinished run resumes from
PREVIOUS = ".previous"  # ends the stem of weights that newer ones have replaced
PARTIAL = ".partial"  # ends the name of a file that is being written
PATIENCE = 5.0 if os.name == "nt" else 0.0  # seconds for which Windows may refuse a file that a virus scanner has open
AGAIN_SECONDS = 0.05


class CheckpointError(Exception):
    """A checkpoint that cannot be used; the message names it and says why, without a full stop: advice may follow."""


class OtherNetworkError(CheckpointError):
    """The file holds another network's weights, or something else that PyTorch saved."""


def save(state_dict: dict[str, Tensor], card: dict[str, Any], path: Path) -> dict[str, Any]:
    """Write ``state_dict`` to ``path`` and ``card`` to the JSON file beside it.

    Returns the card as written, with the ``sha256`` of the weights added. Raises OSError if the disk refuses: then the
    old weights are still in place, or, if the card alone could not be written, the new ones, which load as
    uncalibrated.
    """
    weights = as_file(state_dict)
    card = {**card, "sha256": sha256_of(weights)}
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, lambda beside: beside.write_bytes(weights))
    replace_file(card_path(path), lambda beside: beside.write_text(text, encoding="utf-8"))
    return card


def keep_previous(path: Path, state_dict: dict[str, Tensor]) -> Path | None:
    """Copy the finished weights at ``path``, and their card, beside them, as ``state_dict`` is about to replace them.

    Replaces an earlier copy, unless ``path`` has the weights of ``state_dict`` already, as where a run was killed after
    it had written them, and resumed. Returns the copy's path, or None if there is none. Raises OSError if the disk
    refuses.
    """
    previous = previous_path(path)
    if path.exists() and path.read_bytes() == as_file(state_dict):
        return previous if previous.exists() else None
    if not path.exists() or card_of(path).get("interrupted"):
        return None
    for file, copy in ((path, previous), (card_path(path), card_path(previous))):
        if file.exists():
            replace_file(copy, partial(shutil.copyfile, file))
    return previous


def previous_path(path: Path) -> Path:
    """Where `keep_previous` copies the weights at ``path``."""
    return path.with_stem(f"{path.stem}{PREVIOUS}")


def load(path: Path) -> tuple[LeNet, dict[str, Any]]:
    """The network at ``path``, in evaluation mode on the CPU, and its card.

    If `card_of` finds none, the card holds only the ``sha256`` of the weights.

    Raises CheckpointError if the file is missing, cannot be read, or is not a LeNet's finite state_dict.
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
        if zipfile.is_zipfile(BytesIO(weights)):  # the archive is intact, but holds a whole module, say
            raise OtherNetworkError(
                f"The checkpoint '{path}' holds something other than this network's weights"
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
    """The card of the checkpoint ``path``; empty if it is missing or describes other weights.

    A calibration fitted to other weights is worse than none. ``weights`` are the bytes read from ``path``, which may
    have been replaced since; by default it is read. Raises OSError if there is a card, but no readable checkpoint.
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
    """The SHA-256 of ``weights`` in hexadecimal, as a card records it."""
    return hashlib.sha256(weights).hexdigest()


def weights_path(given: Path) -> Path:
    """The weights that ``given`` means: itself if it is a file or is named like weights, else lenet.pt in that folder.

    A card refers to the weights that it describes.
    """
    # Path's own methods raise where access to a folder is denied.
    is_folder, is_file = os.path.isdir(given), os.path.isfile(given)  # noqa: PTH112, PTH113
    if is_file and given.suffix == CARD_SUFFIX:
        return given.with_suffix(SHIPPED.suffix)
    return given if is_file or (is_weights(given) and not is_folder) else given / SHIPPED.name


def with_advice(error: CheckpointError, path: Path) -> str:
    """The message of ``error``, and the command that makes weights at ``path``, or beside what else lies there."""
    if isinstance(error, OtherNetworkError):
        path = path.with_stem(f"{path.stem}-digits")
    return f"{error}; make one with: python -m train --out {as_argument(str(path.with_suffix(SHIPPED.suffix)))}"


def is_weights(path: Path) -> bool:
    """Whether ``path`` has a suffix of weights."""
    return path.suffix in SUFFIXES


def card_path(path: Path) -> Path:
    """Where the card of the checkpoint ``path`` lies."""
    return path.with_suffix(CARD_SUFFIX)


def as_file(state_dict: dict[str, Tensor]) -> bytes:
    """The bytes of the file that `save` makes of ``state_dict``."""
    return serialized({name: tensor.detach().cpu().contiguous() for name, tensor in state_dict.items()})


def serialized(state: dict[str, Any]) -> bytes:
    """``state`` as the bytes of a torch.save file; on a full disk, torch.save itself would raise no OSError."""
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
        with suppress(OSError):  # this error tells less than the one before
            beside.unlink(missing_ok=True)


def sync_names(folder: Path) -> None:
    """Make renames in ``folder`` survive a power cut, where the system supports that."""
    with suppress(OSError):  # Windows cannot open a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def put_in_place(beside: Path, path: Path) -> None:
    """Rename ``beside`` to ``path``; retry for up to `PATIENCE` seconds while another program has them open."""
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
    """Remove the files that processes killed in `replace_file` left beside ``path``. Nobody may be writing it."""
    for left in path.parent.glob(f"{glob.escape(path.name)}.*{PARTIAL}"):
        if left.name.removeprefix(f"{path.name}.").removesuffix(PARTIAL).isdecimal():
            left.unlink(missing_ok=True)
