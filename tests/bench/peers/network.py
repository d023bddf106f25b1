"""What the peers have in common: the shipped weights, and what such apps make of a picture."""

import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image

HOME = Path(__file__).resolve().parent.parent.parent.parent
sys.path.insert(0, str(HOME))

from net.lenet import LeNet  # noqa: E402


def load() -> LeNet:
    """The network with its weights, as it was trained."""
    network = LeNet()
    network.load_state_dict(torch.load(HOME / "checkpoints" / "lenet.pt", weights_only=True))
    return network.eval()


def picture_of(data: bytes) -> torch.Tensor:
    """A picture file as float [1, 1, 28, 28] from 0 to 1: grey, resized, black and white exchanged."""
    grey = Image.open(BytesIO(data)).convert("L").resize((28, 28))
    return torch.from_numpy(1 - np.asarray(grey, np.float32) / 255)[None, None]


@torch.no_grad()
def predict(network: LeNet, data: bytes) -> dict[str, object]:
    """The digit on a picture file, and the probabilities of all ten."""
    probabilities = network(picture_of(data)).softmax(1)[0]
    return {"digit": int(probabilities.argmax()), "probabilities": probabilities.tolist()}
