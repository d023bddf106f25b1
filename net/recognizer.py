"""A picture in, a `Prediction` out."""

import math
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from net import checkpoint, ink, strokes
from net.lenet import NONE


@dataclass(frozen=True)
class Calibration:
    """What makes of logits a confidence that can be trusted. The defaults are for weights of which nothing is known."""

    temperature: float = 1.0  # logits are divided by it
    certain_above: float = 0.99  # a confidence above it is certain


@dataclass(frozen=True)
class Prediction:
    """What the network says of one picture."""

    digit: int  # 0 to 9, the most probable
    confidence: float  # that digit's probability
    certain: bool  # false where the answer is no more than a guess
    probabilities: tuple[float, ...]  # of the digits 0 to 9, calibrated; they sum to 1
    seen: ink.Bytes  # what the network was given: uint8 [28, 28], 0 for paper to 255 for ink
    milliseconds: float  # from the bytes of the picture to this answer


class Recognizer:
    """A checkpoint, loaded and ready; may be called from several threads at once."""

    def __init__(self, path: Path = checkpoint.SHIPPED) -> None:
        """Raises checkpoint.CheckpointError."""
        self.network, self.card = checkpoint.load(path)
        self.calibration = calibration_of(self.card)

    def recognize(self, data: bytes, max_pixels: int = ink.MAX_PIXELS) -> Prediction:
        """Read the digit on a PNG, JPEG, GIF, BMP or WebP file, given whole as ``data``.

        Raises ink.InkError where there is none to be had.
        """
        started = time.perf_counter()
        return self.predict(ink.read(data, max_pixels), started)

    def recognize_strokes(self, given: strokes.Strokes) -> Prediction:
        """Read the digit that ``given``, made by `net.strokes.parse`, draws."""
        started = time.perf_counter()
        return self.predict(strokes.draw(given), started)

    @torch.inference_mode()
    def predict(self, seen: ink.Bytes, started: float) -> Prediction:
        """Read ``seen``, uint8 [28, 28], made of what came at the time ``started``, by time.perf_counter."""
        pictures = as_pictures(seen)
        logits = self.network(pictures, open_set=True)
        probabilities = digit_probabilities(logits, self.calibration.temperature)[0].tolist()
        confidence = max(probabilities)
        return Prediction(
            digit=probabilities.index(confidence),
            confidence=confidence,
            certain=confidence > self.calibration.certain_above,
            probabilities=tuple(probabilities),
            seen=seen,
            milliseconds=(time.perf_counter() - started) * 1000,
        )


def as_pictures(seen: ink.Bytes) -> Tensor:
    """``seen``, uint8 [28, 28], as the network takes it: float [1, 1, 28, 28] from 0 to 1."""
    return torch.from_numpy(seen).view(1, 1, ink.SIDE, ink.SIDE).float() / 255


def digit_probabilities(logits: Tensor, temperature: float) -> Tensor:
    """Calibrated probabilities of the ten digits, double [N, 10], of ``logits``, float [N, 11].

    What is no digit could as well be any of them: its probability is shared out among the ten, so that a letter
    is read with the confidence of a guess.
    """
    of_none = logits[:, NONE:].double().sigmoid()
    of_digits = (logits[:, :NONE].double() / temperature).softmax(1)
    return (1 - of_none) * of_digits + of_none / NONE


def calibration_of(card: dict[str, Any]) -> Calibration:
    """The calibration on a checkpoint's ``card``; what is no positive number there is left at its default."""
    given = {field.name: card.get(field.name) for field in fields(Calibration)}
    return Calibration(**{name: float(value) for name, value in given.items() if is_positive(value)})


def is_positive(value: object) -> bool:
    """Whether ``value`` is a positive finite number."""
    return isinstance(value, int | float) and math.isfinite(value) and value > 0
