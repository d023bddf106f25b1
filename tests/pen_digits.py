"""Digits that people wrote with a pen on a tablet, and drawings of them as a drawing pad would send them.

python tests/pen_digits.py DIR        # writes DIR/<digit>/<number>.png, for python -m train.evaluate --images

They are only for evaluation, never for training: 1,000 digits by 30 people, chosen from UCI's data set, scaled to 500 x
500, in `tests/pen_digits.json` as strokes. Source: F. Alimoglu and E. Alpaydin, "Pen-Based Recognition of Handwritten
Digits", UCI Machine Learning Repository, 1996, https://archive.ics.uci.edu/dataset/81, licensed CC BY 4.0.
"""

import json
import random
from pathlib import Path

from handwriting import Stroke, folder_to_fill, render
from PIL import Image

SIDE = 500  # of the given strokes' square, y down
SIDES = (224, 280, 400, 560)  # of a drawing, in pixels
LOOKS = (("black", "white"), ("#1d3c9c", "white"), ("#7a1020", "#fff4d6"), ("white", "black"), ("black", "#0000"))


def digits() -> list[tuple[int, list[Stroke]]]:
    """Labels and strokes, in a square of side 1."""
    given = json.loads(Path(__file__).with_suffix(".json").read_text())
    return [(label, [[(x / SIDE, y / SIDE) for x, y in stroke] for stroke in strokes]) for label, strokes in given]


def placed(strokes: list[Stroke], size: float, right: float, down: float) -> list[Stroke]:
    """``strokes`` scaled to a longer side of ``size``, and moved from the middle of a square of side 1."""
    columns, rows = ([point[axis] for stroke in strokes for point in stroke] for axis in (0, 1))
    scale = size / max(max(columns) - min(columns), max(rows) - min(rows))
    x0, y0 = (min(columns) + max(columns)) / 2, (min(rows) + max(rows)) / 2
    return [[(0.5 + right + (x - x0) * scale, 0.5 + down + (y - y0) * scale) for x, y in stroke] for stroke in strokes]


def drawing(strokes: list[Stroke], rng: random.Random) -> Image.Image:
    """A drawing of ``strokes`` with random size, position, pen width and colours."""
    size = rng.uniform(0.25, 0.85)
    free = (0.92 - size) / 2
    strokes = placed(strokes, size, rng.uniform(-free, free), rng.uniform(-free, free))
    ink, paper = rng.choice(LOOKS)
    return render(strokes, rng.choice(SIDES), size * rng.uniform(0.03, 0.16), ink, paper)


if __name__ == "__main__":
    folder = folder_to_fill("1,000 digits by 30 people, as <digit>/<number>.png")
    for number, (label, strokes) in enumerate(digits()):
        path = folder / str(label) / f"{number:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        drawing(strokes, random.Random(number)).save(path)
