"""Digits in lines that are not solid: dashed or dotted as in handwriting books, hollow as on signs.

python tests/lines.py DIR          # writes DIR/<digit>/<line>-<number>.png, for python -m train.evaluate --images
"""

import itertools
import math
import random
from collections.abc import Callable

from handwriting import Stroke, by_hand, folder_to_fill, render
from PIL import Image, ImageChops, ImageOps

SIDE = 280  # pixels
STEP = 0.004  # of a side: the spacing of the points at which a line may be cut

Line = Callable[[list[Stroke], random.Random], Image.Image]


def dashed(strokes: list[Stroke], rng: random.Random) -> Image.Image:
    """The ``strokes`` in dashes."""
    return drawn(cut(strokes, rng, rng.uniform(0.07, 0.13), rng.uniform(0.45, 0.65)), rng.uniform(0.02, 0.05))


def dotted(strokes: list[Stroke], rng: random.Random) -> Image.Image:
    """The ``strokes`` in dots."""
    return drawn(cut(strokes, rng, rng.uniform(0.06, 0.1), 0), rng.uniform(0.025, 0.045))


def hollow(strokes: list[Stroke], rng: random.Random) -> Image.Image:
    """The outline of strokes drawn with a thick pen."""
    outer = rng.uniform(0.1, 0.18)
    inner = outer - 2 * rng.uniform(0.012, 0.03)
    return ImageChops.lighter(drawn(strokes, outer), ImageOps.invert(drawn(strokes, inner)))


LINES: dict[str, Line] = {"dashed": dashed, "dotted": dotted, "hollow": hollow}


def drawing(line: str, digit: int, seed: int) -> Image.Image:
    """A drawing of ``digit`` in that kind of ``line``, 280 x 280 pixels, mode L."""
    return LINES[line](by_hand(digit, seed), random.Random(f"{line}/{digit}/{seed}"))


def drawn(strokes: list[Stroke], pen: float) -> Image.Image:
    """``strokes`` in black on white, mode L."""
    return render(strokes, SIDE, pen).convert("L")


def cut(strokes: list[Stroke], rng: random.Random, period: float, dash: float) -> list[Stroke]:
    """The ``strokes`` cut into one dash per ``period``, ``dash`` of it long (0: dots), in fractions of a side."""
    dashes: list[Stroke] = []
    for stroke in strokes:
        points = dense(stroke)
        at = -rng.uniform(0, period)
        while at < len(points) * STEP:
            first, last = (round(end / STEP) for end in (max(0, at), at + dash * period))
            if first < len(points) and last >= 0:
                dashes.append(points[first : max(first, last) + 1] * 2)
            at += period
    return dashes


def dense(stroke: Stroke) -> Stroke:
    """Points along ``stroke``, about `STEP` apart."""
    points = [stroke[0]]
    for (x, y), (to_x, to_y) in itertools.pairwise(stroke):
        steps = max(1, round(math.hypot(to_x - x, to_y - y) / STEP))
        points += [(x + (to_x - x) * step / steps, y + (to_y - y) * step / steps) for step in range(1, steps + 1)]
    return points


if __name__ == "__main__":
    folder = folder_to_fill("digits in dashed, dotted and hollow lines, as <digit>/<line>-<number>.png")
    for line in LINES:
        for digit in range(10):
            for seed in range(20):
                path = folder / str(digit) / f"{line}-{seed}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                drawing(line, digit, seed).save(path)
