"""Digits in forms that other schools teach: crossed 7s, flagged 1s, curled 9s and so on, in many pen widths.

python tests/schools.py DIR        # writes DIR/<digit>/<habit>-<number>.png, for python -m train.evaluate --images
"""

import random
from collections.abc import Callable

from handwriting import Stroke, arc, distorted, folder_to_fill, render
from PIL import Image

Hand = Callable[[random.Random], list[Stroke]]


def crossed_seven(rng: random.Random) -> list[Stroke]:
    """A 7 with a bar across its stem, and half the time a wavy top."""
    wave = rng.uniform(0, 0.06) if rng.random() < 0.5 else 0
    roof = [(0.27, 0.2 + wave), (0.42, 0.19 - wave / 2), (0.58, 0.19 + wave / 2), (0.74, 0.17)]
    stem = [(0.62, 0.4), (0.53, 0.62), (rng.uniform(0.42, 0.5), 0.86)]
    bar = [(rng.uniform(0.32, 0.42), rng.uniform(0.5, 0.56)), (rng.uniform(0.66, 0.76), rng.uniform(0.47, 0.53))]
    return [roof + stem, bar]


def flagged_one(rng: random.Random) -> list[Stroke]:
    """A 1 that begins with an upstroke."""
    start = (rng.uniform(0.26, 0.42), rng.uniform(0.3, 0.45))
    bent = (start[0] + 0.14 * rng.uniform(0.4, 1), start[1] - rng.uniform(0.02, 0.08))
    return [[start, bent, (0.56, 0.14), (0.555, 0.5), (rng.uniform(0.5, 0.57), 0.86)]]


def footed_one(rng: random.Random) -> list[Stroke]:
    """A flagged 1 with a bar as foot."""
    (stem,) = flagged_one(rng)
    x = stem[-1][0]
    return [stem, [(x - rng.uniform(0.12, 0.2), 0.86), (x + rng.uniform(0.12, 0.2), 0.855)]]


def open_four(rng: random.Random) -> list[Stroke]:
    """A 4 whose strokes do not meet at the top."""
    top = rng.uniform(0.3, 0.4)
    elbow = rng.uniform(0.55, 0.64)
    left = [(top, 0.15), (top - 0.05, 0.38), (top - 0.1, elbow), (0.5, elbow + 0.01), (0.75, elbow - 0.02)]
    return [left, [(rng.uniform(0.6, 0.68), rng.uniform(0.18, 0.35)), (0.62, 0.6), (rng.uniform(0.56, 0.62), 0.87)]]


def curled_nine(rng: random.Random) -> list[Stroke]:
    """A 9 whose tail curls back like that of a g, its bowl closed or nearly so."""
    gap = rng.uniform(0, 35)
    bowl = arc(0.48, 0.33, 0.17, 0.17, -20 - gap, -370)
    deep, left = rng.uniform(0.8, 0.86), rng.uniform(0.28, 0.38)
    return [[*bowl, (0.66, 0.5), (0.64, 0.68), (0.56, deep), (0.44, deep + 0.02), (left, deep - rng.uniform(0, 0.08))]]


def low_four(rng: random.Random) -> list[Stroke]:
    """A 4 whose short stem begins just above its bar."""
    bar = rng.uniform(0.62, 0.72)
    slope = [(rng.uniform(0.46, 0.56), 0.14), (0.4, 0.36), (0.29, bar - 0.02), (0.32, bar + 0.02)]
    stem = rng.uniform(0.56, 0.62)
    return [
        [*slope, (0.5, bar + rng.uniform(-0.01, 0.03)), (0.73, bar - rng.uniform(0, 0.06))],
        [(stem, bar - rng.uniform(0.03, 0.1)), (stem - rng.uniform(0.02, 0.08), 0.86)],
    ]


def bowed_nine(rng: random.Random) -> list[Stroke]:
    """A 9 with a small loop, whose tail swings out to the right and ends flat on the baseline."""
    size = rng.uniform(0.07, 0.11)
    loop = arc(0.45, 0.15 + size, size * 1.15, size, -25, -375)
    out = rng.uniform(0.66, 0.72)
    return [[*loop, (out, 0.52), (out - 0.03, 0.7), (0.55, 0.83), (rng.uniform(0.28, 0.36), 0.84)]]


def overshot_zero(rng: random.Random) -> list[Stroke]:
    """A 0 that begins above where it closes."""
    begin = (rng.uniform(0.32, 0.4), rng.uniform(0.1, 0.15))
    ring = arc(0.5, 0.53, 0.2, 0.31, -160, -520)
    return [[begin, *ring]]


def slashed_zero(rng: random.Random) -> list[Stroke]:
    """A 0 with a slash, to tell it from an O."""
    reach = rng.uniform(0.9, 1.25)
    return [
        arc(0.5, 0.5, 0.22, 0.34, -100, 262),
        [(0.5 - 0.19 * reach, 0.5 + 0.27 * reach), (0.5 + 0.19 * reach, 0.5 - 0.27 * reach)],
    ]


def looped_two(rng: random.Random) -> list[Stroke]:
    """A 2 with a loop at its lower corner."""
    size = rng.uniform(0.05, 0.08)
    return [
        [
            *arc(0.5, 0.34, 0.2, 0.18, -170, 45), (0.52, 0.62), (0.38, 0.78),
            *arc(0.34, 0.76, size, size * 0.8, 60, 330),
            (0.5, 0.8), (rng.uniform(0.7, 0.78), rng.uniform(0.8, 0.86)),
        ]
    ]  # fmt: skip


def short_tailed_six(rng: random.Random) -> list[Stroke]:
    """A 6 that is mostly bowl."""
    tail = rng.uniform(0.14, 0.26)
    return [[(0.57, tail), (0.43, tail + 0.14), (0.34, 0.52), *arc(0.5, 0.64, 0.17, 0.18, 180, -190)]]


HABITS: dict[str, tuple[int, Hand]] = {
    "crossed-seven": (7, crossed_seven),
    "flagged-one": (1, flagged_one),
    "footed-one": (1, footed_one),
    "open-four": (4, open_four),
    "low-four": (4, low_four),
    "curled-nine": (9, curled_nine),
    "bowed-nine": (9, bowed_nine),
    "overshot-zero": (0, overshot_zero),
    "slashed-zero": (0, slashed_zero),
    "looped-two": (2, looped_two),
    "short-tailed-six": (6, short_tailed_six),
}


def drawing(habit: str, seed: int) -> Image.Image:
    """A drawing with that ``habit``, 280 x 280, mode RGB: slanted, stretched, with jitter and a random pen width."""
    rng = random.Random(f"{habit}/{seed}")
    slant, wide, high = rng.uniform(-0.08, 0.25), rng.uniform(0.75, 1.05), rng.uniform(0.85, 1)
    strokes = distorted(HABITS[habit][1](rng), rng, slant, wide, high)
    return render(strokes, 280, rng.uniform(0.02, 0.1)).convert("RGB")


if __name__ == "__main__":
    folder = folder_to_fill("digits as other schools teach them, as <digit>/<habit>-<number>.png")
    for habit, (digit, _) in HABITS.items():
        for seed in range(100):
            path = folder / str(digit) / f"{habit}-{seed}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            drawing(habit, seed).save(path)
