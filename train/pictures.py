"""Labelled pictures from folders, from a ZIP file or from a server's corrections."""

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePath, PurePosixPath

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from net.corrections import FILE, Corrections
from net.decoding import FORMATS
from net.errors import NoDigitError
from net.lenet import NONE, to_pictures
from net.recognizer import Recognizer, prepare
from train.mnist import DataError, Digits

SUFFIXES = {suffix for suffix, name in Image.registered_extensions().items() if name in FORMATS}
FOLDERS = {**{str(digit): digit for digit in range(10)}, "none": NONE}  # and the label of what lies in each
MOST_BYTES = 64 * 1024 * 1024  # of one picture in a ZIP file


def load_pictures(path: Path, recognizer: Recognizer | None = None) -> Digits:
    """The pictures of digits at ``path`` as the server would show them to the network, with their right digits.

    Of several looks at a picture, the one in which ``recognizer`` finds the right digit likeliest is taken, or without
    it the last. Last resorts, such as stretched looks, are left out: what is narrow or flat is to be learned as it is.
    Raises DataError if there are none, or they cannot be read.
    """
    if not path.exists():
        raise DataError(f"There is no file or folder '{path}'.")
    shown, labels, unread = [], [], 0
    for picture, label in tqdm(readable(path), desc="looking", unit="picture", leave=False, delay=1):
        try:
            looks = [look.pixels for look in prepare(picture).looks if not look.is_last_resort]
        except NoDigitError:
            unread += 1
            continue
        pixels = torch.from_numpy(np.stack(looks))
        likeliest = recognizer.probabilities_of(to_pictures(pixels))[:, label].argmax() if recognizer else -1
        shown.append(pixels[likeliest])
        labels.append(label)
    if not shown:
        raise DataError(
            f"There are no pictures of digits in '{path}'; it must be a folder such as '{path}/7/*.png', a server's "
            "folder of corrections, or its corrections.zip."
        )
    if unread:
        fate = "shows no digit or cannot be read, and is" if unread == 1 else "show no digit or cannot be read, and are"
        print(f"Of the pictures in '{path}', {unread:,} {fate} left out.", flush=True)
    return Digits(torch.stack(shown), torch.tensor(labels))


def readable(path: Path) -> Iterator[tuple[bytes, int]]:
    """The same as `pictures_at` ``path``, but raises DataError if one cannot be read."""
    try:
        yield from pictures_at(path)
    except OSError as error:
        raise DataError(f"'{error.filename or path}' could not be read ({error.strerror or error}).") from error


def pictures_at(path: Path) -> Iterator[tuple[bytes, int]]:
    """The bytes of each picture of a digit at ``path``, with its digit."""
    if (path / FILE).is_file() or path.name == FILE:
        for _, label, picture in Corrections(path.parent if path.name == FILE else path):
            yield picture, label
    elif path.is_file():
        yield from pictures_in_zip(path)
    else:
        for file, label in labelled_files(path):
            if label != NONE:
                yield file.read_bytes(), label


def labelled_files(folder: Path) -> list[tuple[Path, int]]:
    """The pictures in ``folder/<digit>/`` with their digits, and those in ``folder/none/`` with `NONE`.

    Raises OSError.
    """
    return [
        (path, label)
        for name, label in FOLDERS.items()
        if (folder / name).is_dir()
        for path in sorted((folder / name).iterdir())  # which raises if that is not permitted
        if is_picture(path) and path.is_file()
    ]


def is_picture(path: PurePath) -> bool:
    """Whether ``path`` is named like a picture; macOS keeps metadata beside each, under the same name after a dot."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def count_others(folder: Path) -> int:
    """How many files in ``folder``, at any depth, are not among its `labelled_files`."""
    return sum(path.is_file() for path in folder.rglob("*")) - len(labelled_files(folder))


def pictures_in_zip(path: Path) -> Iterator[tuple[bytes, int]]:
    """The members <digit>/<name> of the ZIP file ``path``. Raises DataError where it is none, or is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                path_within = PurePosixPath(member.filename)
                label = FOLDERS.get(path_within.parent.name, NONE)
                if label != NONE and is_picture(path_within) and 0 < member.file_size <= MOST_BYTES:
                    yield archive.read(member), label
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError) as error:
        raise DataError(f"'{path}' is not a ZIP file of pictures, or it is damaged ({error}).") from error
