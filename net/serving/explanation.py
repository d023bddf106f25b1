"""Explanations as JSON: each layer's maps of a picture, and the evidence for a digit."""

import base64
from typing import Any

import torch

from net import explain
from net.recognizer import Prediction, Recognizer


def explanation_as_json(recognizer: Recognizer, prediction: Prediction, digit: int | None) -> dict[str, Any]:
    """Each layer's maps of the picture, and its pixels' evidence for ``digit``, or for the predicted one if None."""
    wanted = prediction.digit if digit is None else digit
    rather_than = None if wanted == prediction.digit else prediction.digit
    evidence = explain.evidence(recognizer.network, prediction.seen, wanted, rather_than)
    return {
        "layers": [layer_as_json(layer) for layer in explain.layers(recognizer.network, prediction.seen)],
        "evidence": {
            "digit": wanted,
            "rather_than": rather_than,
            "pixels": [[round(value, 4) for value in row] for row in evidence.tolist()],
        },
    }


def layer_as_json(layer: explain.Layer) -> dict[str, Any]:
    """A layer's name, shape, maps and any filters; the maps are uint8 in base64, 255 the layer's strongest value."""
    strength = layer.maps.clamp(min=0) if layer.name != "output" else layer.maps - layer.maps.min()
    scaled = (strength / strength.max().clamp(min=1e-6) * 255).round().to(torch.uint8)
    answer = {
        "name": layer.name,
        "shape": list(layer.maps.shape),
        "maps": base64.b64encode(scaled.contiguous().numpy().tobytes()).decode(),
    }
    if layer.filters is not None:
        answer["filters"] = [[[round(weight, 3) for weight in row] for row in one] for one in layer.filters.tolist()]
    return answer
