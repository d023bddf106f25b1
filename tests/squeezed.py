"""The digits of `tests/pen_digits.json`, far narrower and flatter than people write them.

python tests/squeezed.py DIR          # writes DIR/<digit>/<kind>-<number>.png, for python -m train.evaluate --images

1s are left out: they are narrow as they are.
"""

import random
from itertools import chain

from handwriting import Stroke, folder_to_fill
from pen_digits import digits, drawing

PROPORTIONS = {"narrow": 0.3, "very-narrow": 0.25, "flat": 1 / 0.45, "very-flat": 1 / 0.35}  # width to height


def squeezed(strokes: list[Stroke], proportion: float) -> list[Stroke]:
    """``strokes``, so much wider than high, in a square of side 1."""
    columns, rows = ([point[axis] for point in chain.from_iterable(strokes)] for axis in (0, 1))
    width, height = min(1, proportion), min(1, 1 / proportion)
    x, y = min(columns), min(rows)
    across, down = width / (max(columns) - x), height / (max(rows) - y)
    return [[((column - x) * across, (row - y) * down) for column, row in stroke] for stroke in strokes]


if __name__ == "__main__":
    folder = folder_to_fill("1,000 digits by 30 people but for the 1s, four times, as <digit>/<kind>-<number>.png")
    for number, (label, strokes) in enumerate(digits()):
        for kind, proportion in PROPORTIONS.items():
            if label == 1:
                continue
            path = folder / str(label) / f"{kind}-{number:04}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            drawing(squeezed(strokes, proportion), random.Random(number)).save(path)
