"""Handwritten digits as strokes, which the tests draw with a pointer or render into pictures.

python tests/handwriting.py        # draws tests/data again
"""

import argparse
import math
import random
from pathlib import Path

from PIL import Image, ImageDraw

Point = tuple[float, float]
Stroke = list[Point]

DATA = Path(__file__).parent / "data"


def arc(cx: float, cy: float, rx: float, ry: float, start: float, end: float) -> Stroke:
    """Points on an ellipse, from ``start`` to ``end`` in degrees clockwise from the right."""
    steps = max(4, int(abs(end - start) / 12))
    angles = [math.radians(start + (end - start) * step / steps) for step in range(steps + 1)]
    return [(cx + rx * math.cos(angle), cy + ry * math.sin(angle)) for angle in angles]


# In a square of side 1, y down.
FRAME: Stroke = [(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98), (0.02, 0.02)]
STROKES: dict[int, list[Stroke]] = {
    0: [arc(0.5, 0.5, 0.21, 0.33, -100, 262)],
    1: [[(0.38, 0.3), (0.54, 0.16), (0.52, 0.5), (0.5, 0.84)]],
    2: [[*arc(0.5, 0.35, 0.2, 0.18, -170, 40), (0.5, 0.63), (0.29, 0.83), (0.5, 0.81), (0.74, 0.83)]],
    3: [[*arc(0.48, 0.33, 0.18, 0.17, -150, 90), *arc(0.48, 0.66, 0.22, 0.17, -90, 150)]],
    4: [
        [(0.5, 0.15), (0.4, 0.37), (0.27, 0.58), (0.5, 0.585), (0.76, 0.57)],
        [(0.62, 0.4), (0.6, 0.62), (0.58, 0.86)],
    ],
    5: [
        [(0.36, 0.18), (0.34, 0.32), (0.32, 0.45), *arc(0.47, 0.62, 0.22, 0.2, -120, 145)],
        [(0.36, 0.18), (0.7, 0.16)],
    ],
    6: [[(0.62, 0.14), (0.46, 0.3), (0.34, 0.52), *arc(0.5, 0.66, 0.18, 0.18, 180, -190)]],
    7: [[(0.27, 0.2), (0.5, 0.19), (0.73, 0.18), (0.6, 0.45), (0.44, 0.85)]],
    8: [[*arc(0.5, 0.33, 0.16, 0.16, 90, 450), *arc(0.5, 0.67, 0.19, 0.18, -90, 270)]],
    9: [[*arc(0.48, 0.34, 0.18, 0.18, -10, -370), (0.65, 0.5), (0.6, 0.7), (0.52, 0.87)]],
}


def by_hand(digit: int, seed: int = 0, unrest: float = 0.02) -> list[Stroke]:
    """The strokes of ``digit``, varied as in handwriting: slanted, stretched and shifted a little."""
    rng = random.Random(f"{digit}/{seed}")

    def about(middle: float, spread: float) -> float:
        return middle + rng.uniform(-spread, spread) * unrest / 0.02

    slant, wide, high, right, down = (
        about(0.1, 0.12),
        about(0.9, 0.1),
        about(0.95, 0.08),
        about(0, 0.03),
        about(0, 0.03),
    )

    def move(point: Point) -> Point:
        x, y = point[0] - 0.5, point[1] - 0.5
        return (
            about(0.5 + right + wide * x - slant * y, unrest / 8),
            about(0.5 + down + high * y, unrest / 8),
        )

    return [[move(point) for point in stroke] for stroke in STROKES[digit]]


def distorted(
    strokes: list[Stroke], rng: random.Random, slant: float, wide: float, high: float, unrest: float = 0.008
) -> list[Stroke]:
    """The ``strokes`` slanted, stretched and with jitter."""
    return [
        [
            (
                0.5 + wide * (x - 0.5) - slant * (y - 0.5) + rng.uniform(-unrest, unrest),
                0.5 + high * (y - 0.5) + rng.uniform(-unrest, unrest),
            )
            for x, y in stroke
        ]
        for stroke in strokes
    ]


def squeezed(strokes: list[Stroke], width: float, height: float) -> list[Stroke]:
    """``strokes`` scaled to that size, centred in a square of side 1."""
    xs, ys = ([point[axis] for stroke in strokes for point in stroke] for axis in (0, 1))
    across, down = width / (max(xs) - min(xs)), height / (max(ys) - min(ys))
    x0, y0 = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    return [[(0.5 + (x - x0) * across, 0.5 + (y - y0) * down) for x, y in stroke] for stroke in strokes]


def trace(draw: ImageDraw.ImageDraw, points: Stroke, radius: float) -> None:
    """Draw a line through ``points``, in pixels, with round ends and corners."""
    draw.line(points, fill=255, width=max(1, round(2 * radius)))
    for x, y in points:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)


def render(
    strokes: list[Stroke],
    size: int = 280,
    pen: float = 0.05,
    ink: str = "black",
    paper: str | Image.Image = "white",
) -> Image.Image:
    """A picture of ``strokes``, mode RGBA, ``size`` pixels square; ``pen`` is a fraction of that."""
    fine = 3 * size
    mask = Image.new("L", (fine, fine))
    draw = ImageDraw.Draw(mask)
    radius = pen * fine / 2
    for stroke in strokes:
        trace(draw, [(x * fine, y * fine) for x, y in stroke], radius)
    mask = mask.resize((size, size), Image.Resampling.BOX)
    ground = Image.new("RGBA", (size, size), paper) if isinstance(paper, str) else paper.convert("RGBA")
    inked = Image.composite(Image.new("RGBA", (size, size), ink), ground, mask)
    if isinstance(paper, str) and paper == "#0000":
        inked = Image.new("RGBA", (size, size), ink)
        inked.putalpha(mask)
    return inked


def lit_paper(size: int, seed: int = 0) -> Image.Image:
    """A picture of yellowish, grainy paper that gets darker towards one corner."""
    rng = random.Random(seed)
    paper = Image.new("RGB", (size, size))
    paper.putdata(
        [
            tuple(int(tone * (1 - 0.3 * (x + y) / (2 * size)) + rng.gauss(0, 4)) for tone in (243, 236, 205))
            for y in range(size)
            for x in range(size)
        ]
    )
    return paper


def folder_to_fill(what: str) -> Path:
    """The folder named on the command line, into which ``what`` will be written."""
    parser = argparse.ArgumentParser(description=f"Write {what}, for python -m train.evaluate --images DIR.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder to write to; it may be a new one")
    return parser.parse_args().folder


def draw_data() -> None:
    """Draw the ten pictures of tests/data, all of different kinds."""
    DATA.mkdir(exist_ok=True)
    hand = {digit: by_hand(digit, seed=7) for digit in range(10)}
    render(hand[0], 280).convert("RGB").save(DATA / "0.png")
    render(hand[1], 400, 0.03, "#1d3c9c", lit_paper(400, 1)).convert("RGB").save(DATA / "1.jpg", quality=70)
    render(hand[2], 224, 0.06, "#b01830", "#fff8e0").convert("P").save(DATA / "2.gif")
    render(hand[3], 120, 0.05, "#404040", "#e0e0e0").convert("L").save(DATA / "3.bmp")
    render(hand[4], 300, 0.05, "#0a5c2a", "#0000").save(DATA / "4.webp")
    render(hand[5], 280, 0.07, "white", "black").convert("L").save(DATA / "5.png")
    sideways = render(hand[6], 500, 0.025, "#202020", lit_paper(500, 2)).convert("RGB").rotate(90)
    exif = Image.Exif()
    exif[0x0112] = 6  # shown rotated clockwise
    sideways.save(DATA / "6.jpg", quality=60, exif=exif)
    deep = render(hand[7], 200, 0.04).convert("L").point(lambda tone: tone * 257, "I").convert("I;16")
    deep.save(DATA / "7.png")
    render(hand[8], 320, 0.04, "#223355").convert("CMYK").save(DATA / "8.jpg", quality=80)
    render(hand[9], 64, 0.06).convert("1").save(DATA / "9.png")


if __name__ == "__main__":
    draw_data()
