"""A picture in, a `Prediction` out."""

import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from net import checkpoint, strokes
from net.arrays import UInt8Array
from net.batching import Batched, DeadlineError
from net.decoding import MAX_PIXELS, decode
from net.errors import NoDigitError, detached
from net.fitting import SIDE, WIDENED, normalize, stretched
from net.folded import as_served
from net.ink import PARTS_LEFT_OUT, find_ink
from net.lenet import NONE, to_pictures

REDRAWN = "redrawn"  # strokes were drawn with a pen as thick as MNIST's
# Each digit, and those it may be a piece of: a 0 may be a circle of an 8, or a 9 without its stem; a 1 the slash of a
# 0, or the stem of a 4, or any digit so narrow that it looks like a line (but 7s: a 1 with a flag, once widened, is
# read as one); a 7 may be a 2 without its base.
PIECES = {0: (8, 9), 1: (0, 2, 3, 4, 5, 6, 8, 9), 7: (2,)}
# Each digit, and those that are likelier where the network is certain of both. `PIECES` has no 6 for a 0: what lies
# over a 0 may seem to be a 6's stem, but not with such certainty.
WHOLES = PIECES | {0: (6, 8, 9)}
MAY_BE_PIECE = 0.3  # probability of the whole, on a look that shows another digit, above which its piece is doubtful

# A picture file, given whole, or strokes made by `net.strokes.parse`.
Given = bytes | strokes.Strokes


@dataclass(frozen=True)
class Calibration:
    """How to turn logits into a confidence that can be trusted. The defaults are for weights without calibration."""

    temperature: float = 1.0  # logits are divided by it
    certain_above: float = 0.99  # a confidence above it is certain


@dataclass(frozen=True)
class Stages:
    """Seconds that each stage of reading took; 0 for a stage that was not needed."""

    decode: float  # from the bytes of a file to pixels
    ink: float  # from pixels, or strokes, to what the network is given
    forward: float  # from there to probabilities, with the wait for the network; several pictures share it equally


@dataclass(frozen=True)
class Prediction:
    """What the network says of one picture."""

    digit: int  # 0 to 9, the most probable
    confidence: float  # that digit's probability
    certain: bool  # false where the answer is no more than a guess
    probabilities: tuple[float, ...]  # of the digits 0 to 9, calibrated; they sum to 1
    seen: UInt8Array  # what the network was given: uint8 [28, 28], 0 for paper to 255 for ink
    preparation: frozenset[str]  # of `REDRAWN`, and what net.ink and net.fitting may have done
    stages: Stages

    @property
    def milliseconds(self) -> float:
        """From the bytes of the picture to this answer."""
        return 1000 * (self.stages.decode + self.stages.ink + self.stages.forward)


@dataclass(frozen=True)
class Look:
    """What the network may be given, and how it came about."""

    pixels: UInt8Array  # uint8 [28, 28], 0 for paper to 255 for ink
    preparation: frozenset[str]
    is_rival: bool = False  # as `net.strokes.StrokesLook` has it
    is_last_resort: bool = False  # whether it counts only where nothing else is read with certainty
    may_be_fold: bool = False  # as `net.ink.InkLook` has it

    def may_show(self, digit: int) -> bool:
        """Whether ``digit``, as read here, may be the answer: never on a rival, nor a 7 on what was widened."""
        return not (self.is_rival or (WIDENED in self.preparation and digit == 7))


@dataclass(frozen=True, eq=False)
class Reading:
    """What the network says of one look."""

    look: Look
    probabilities: list[float]  # of the digits 0 to 9, calibrated

    @cached_property
    def confidence(self) -> float:
        """The probability of `digit`."""
        return max(self.probabilities)

    @cached_property
    def digit(self) -> int:
        """The most probable one."""
        return self.probabilities.index(self.confidence)


@dataclass(frozen=True)
class Prepared:
    """One picture, or strokes, as one or several looks to give to the network."""

    looks: tuple[Look, ...]  # in the order of `net.ink.find_ink`, or of `net.strokes.looks`
    is_picture: bool  # else strokes
    decode: float  # seconds
    ink: float  # seconds


class Recognizer:
    """A checkpoint, loaded and ready; may be called from several threads at once, which then share passes."""

    def __init__(self, path: Path = checkpoint.SHIPPED, observe: Callable[[int], object] | None = None) -> None:
        """``observe`` is told how many looks went through the network in each pass.

        Raises checkpoint.CheckpointError.
        """
        self.network, self.card = checkpoint.load(path)
        self.calibration = calibration_of(self.card)
        self.logits_of = as_served(self.network)
        blank = torch.zeros(1, 1, SIDE, SIDE)
        self.probabilities_of(blank)  # PyTorch's first pass is slow: better here than in a request
        self.batched_probabilities = Batched(self.probabilities_of, observe)

    def recognize(self, given: Given, max_pixels: int = MAX_PIXELS, deadline: float = math.inf) -> Prediction:
        """Read the digit in ``given``: a whole PNG, JPEG, GIF, BMP or WebP file, or strokes.

        Raises net.errors.NoDigitError if no digit can be read, and DeadlineError if the network's turn comes after
        ``deadline``, by time.monotonic().
        """
        return self.predict([prepare(given, max_pixels)], deadline)[0]

    def recognize_all(
        self, given: Sequence[Given], max_pixels: int = MAX_PIXELS, deadline: float = math.inf
    ) -> list[Prediction | NoDigitError | DeadlineError]:
        """Read each of ``given`` as `recognize` does, all together; an error stands in the place of its prediction.

        What has not been begun by ``deadline`` gets a DeadlineError; the rest goes through the network, however long
        that takes. Raises DeadlineError if the deadline has passed before the first.
        """
        if time.monotonic() > deadline:
            raise DeadlineError
        outcomes: list[Any] = []
        for each in given:
            try:
                outcomes.append(prepare(each, max_pixels) if time.monotonic() <= deadline else DeadlineError())
            except NoDigitError as error:
                outcomes.append(detached(error))
        predictions = iter(self.predict([one for one in outcomes if isinstance(one, Prepared)]))
        return [next(predictions) if isinstance(one, Prepared) else one for one in outcomes]

    def predict(self, prepared: Sequence[Prepared], deadline: float = math.inf) -> list[Prediction]:
        """What the network says of each of ``prepared``. Raises DeadlineError."""
        if not prepared:
            return []
        started = time.perf_counter()
        pictures = to_pictures(torch.from_numpy(np.stack([look.pixels for one in prepared for look in one.looks])))
        probabilities = iter(self.batched_probabilities(pictures, deadline).tolist())
        forward = (time.perf_counter() - started) / len(prepared)
        readings = [[Reading(look, next(probabilities)) for look in one.looks] for one in prepared]
        return [self.prediction(one, of_one, forward) for one, of_one in zip(prepared, readings, strict=True)]

    @torch.inference_mode()
    def probabilities_of(self, pictures: Tensor) -> Tensor:
        """Calibrated probabilities of the ten digits, double [N, 10], of ``pictures``, float [N, 1, 28, 28]."""
        return digit_probabilities(self.logits_of(pictures), self.calibration.temperature)

    def prediction(self, prepared: Prepared, readings: list[Reading], forward: float) -> Prediction:
        """The prediction for ``prepared``, given the ``readings`` of its looks, which took ``forward`` seconds.

        What counts is the first look at which the network is certain, or else the one at which it is most confident; a
        last resort is believed only if nothing else is certain. If looks at a picture are certain of different digits,
        all of them count, and the answer is not certain; not so for strokes, as some of a digit's may well make
        another. Nor is the answer certain if the digit may be a piece of another, which is all that rivals are looked
        at for, or is a 1 that may be a fold.
        """
        eligible = [reading for reading in readings if reading.look.may_show(reading.digit)]
        certain = [reading for reading in eligible if reading.confidence > self.calibration.certain_above]
        certain = [reading for reading in certain if not reading.look.is_last_resort] or certain
        shown = certain[0] if certain else max(eligible, key=lambda reading: reading.confidence)
        probabilities = shown.probabilities
        contradicting = contradicting_readings(certain if prepared.is_picture else certain[:1], readings)
        if contradicting:
            shown = contradicting[-1]
            probabilities = mean_of_looks([reading.probabilities for reading in contradicting])
        confidence = max(probabilities)
        return Prediction(
            digit=probabilities.index(confidence),
            confidence=confidence,
            certain=bool(certain) and not contradicting and not (shown.look.may_be_fold and shown.digit == 1),
            probabilities=tuple(probabilities),
            seen=shown.look.pixels,
            preparation=shown.look.preparation,
            stages=Stages(prepared.decode, prepared.ink, forward),
        )


def contradicting_readings(certain: list[Reading], readings: list[Reading]) -> list[Reading]:
    """The readings between which the answer is open, the likeliest last; empty if there is no doubt.

    They are all of ``certain``, and those of ``readings`` that may show a digit of which the first of ``certain`` is a
    piece. If all of these show the same digit, there is no doubt.
    """
    if not certain:
        return []
    wholes = PIECES.get(certain[0].digit, ())
    counting = [
        reading
        for reading in readings
        if reading in certain or any(reading.probabilities[whole] > MAY_BE_PIECE for whole in wholes)
    ]
    digits = {reading.digit for reading in counting}
    if len(digits) == 1:
        return []
    # A whole is likelier than its piece; but a 1 in a ring is as likely as a 0 with an upright slash.
    are_wholes = {whole for piece in digits for whole in WHOLES.get(piece, ())} - {0}
    return sorted(counting, key=lambda reading: reading.digit in are_wholes)


def mean_of_looks(probabilities: list[list[float]]) -> list[float]:
    """The mean of ``probabilities``, [looks, 10], in which each look counts twice as much as the one before it.

    So they must be in the order of `contradicting_readings`: wholes after their pieces, then more ink before less.
    """
    weights = np.exp2(np.arange(len(probabilities)))
    return np.average(probabilities, axis=0, weights=weights).tolist()


def prepare(given: Given, max_pixels: int = MAX_PIXELS) -> Prepared:
    """``given`` as the network is to be given it.

    Raises net.errors.NoDigitError, or TypeError for a path or anything else that is neither bytes nor a list.
    """
    if isinstance(given, str | Path):
        raise TypeError(f"This takes the bytes of a picture, as Path({str(given)!r}).read_bytes() gives them.")
    if not isinstance(given, bytes | list):
        raise TypeError(f"This takes the bytes of a picture, or strokes in a list, not a {type(given).__name__}.")
    started = time.perf_counter()
    if not isinstance(given, bytes):
        looks = [
            Look(
                strokes.draw(fewer),
                frozenset([REDRAWN, PARTS_LEFT_OUT] if len(fewer) < len(given) else [REDRAWN]),
                is_rival,
            )
            for fewer, is_rival in strokes.looks(given)
        ]
        return Prepared(with_stretched(looks), is_picture=False, decode=0.0, ink=time.perf_counter() - started)
    image = decode(given, max_pixels)
    decoded = time.perf_counter()
    looks = [
        Look(
            normalize(look.strength),
            look.preparation,
            is_last_resort=look.is_last_resort,
            may_be_fold=look.may_be_fold,
        )
        for look in find_ink(image)
    ]
    return Prepared(with_stretched(looks), is_picture=True, decode=decoded - started, ink=time.perf_counter() - decoded)


def with_stretched(looks: list[Look]) -> tuple[Look, ...]:
    """``looks``, and copies of some, whose narrow or flat digit is made as wide, or as high, as most.

    These are of the first, the last, which has the least ink, and last resorts.
    """
    usual = [which for which, look in enumerate(looks) if not (look.is_rival or look.is_last_resort)]
    resorts = [which for which, look in enumerate(looks) if look.is_last_resort]
    copies = []
    for which in sorted({usual[0], usual[-1], *resorts}):
        if as_usual := stretched(looks[which].pixels):
            pixels, how = as_usual
            preparation = looks[which].preparation | {how}
            copies.append(replace(looks[which], pixels=pixels, preparation=preparation, is_last_resort=True))
    return (*looks, *copies)


def digit_probabilities(logits: Tensor, temperature: float | Tensor) -> Tensor:
    """Calibrated probabilities of the ten digits, double [N, 10], of ``logits``, float [N, 11].

    The probability that it is no digit is shared equally among the ten, so that a letter is read with the confidence of
    a guess.
    """
    logits = logits.double()
    of_none = logits[:, NONE:].sigmoid()
    of_digits = (logits[:, :NONE] / temperature).softmax(1)
    return (1 - of_none) * of_digits + of_none / 10


def calibration_of(card: dict[str, Any]) -> Calibration:
    """The calibration on a checkpoint's ``card``; values that are not positive numbers keep their defaults."""
    given = {field.name: card.get(field.name) for field in fields(Calibration)}
    return Calibration(**{name: float(value) for name, value in given.items() if is_positive(value)})


def lack_of_calibration(path: Path, card: dict[str, Any]) -> str:
    """A sentence to warn of the checkpoint ``path`` if its ``card`` has no whole calibration; else an empty string."""
    if all(is_positive(card.get(field.name)) for field in fields(Calibration)):
        return ""
    why = f"'{checkpoint.card_path(path)}' has no calibration for them"
    if card.get("interrupted"):
        why = "their training was interrupted"
    return f"The weights '{path}' are not calibrated, because {why}: hardly any answer will be called certain."


def is_positive(value: object) -> bool:
    """Whether ``value`` is a positive finite number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 < value <= sys.float_info.max
