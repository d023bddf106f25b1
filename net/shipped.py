"""Where the weights lie that come with the program; told without PyTorch, which takes a second or two to import."""

from pathlib import Path

SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints" / "lenet.pt"
