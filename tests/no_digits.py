"""Pictures that show no single digit, of which the program should not be certain.

python tests/no_digits.py DIR        # writes DIR/none/<kind>-<number>.png, for python -m train.evaluate --images DIR

None is made in the way that train/outliers.py makes the network's training examples: letters come from this machine's
fonts and from strokes of their own, digits from tests/handwriting.py.
"""

import math
import random
from collections.abc import Callable
from pathlib import Path

from handwriting import Stroke, arc, by_hand, distorted, folder_to_fill, render
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = 280  # pixels
LETTERS = "AEFHKMNPRTWXaefhkmnrtwx"  # only those that nobody takes for a digit
SYMBOLS = "@&#%*+=~☺☹♥★☂✂✈☎♪⚓☀☁✿♞"
FONT_FOLDERS = ("/usr/share/fonts", "/Library/Fonts", "/System/Library/Fonts", "C:/Windows/Fonts")

# In a square of side 1, y down.
PEN_LETTERS: dict[str, list[Stroke]] = {
    "A": [[(0.28, 0.85), (0.4, 0.5), (0.5, 0.15), (0.6, 0.5), (0.74, 0.86)], [(0.36, 0.6), (0.66, 0.58)]],
    "E": [[*arc(0.58, 0.33, 0.2, 0.17, -40, -250), *arc(0.58, 0.68, 0.24, 0.19, -110, -320)]],
    "F": [[(0.36, 0.16), (0.35, 0.86)], [(0.36, 0.17), (0.7, 0.15)], [(0.36, 0.48), (0.62, 0.47)]],
    "H": [[(0.3, 0.15), (0.29, 0.86)], [(0.72, 0.14), (0.7, 0.86)], [(0.3, 0.5), (0.71, 0.49)]],
    "K": [[(0.33, 0.15), (0.32, 0.86)], [(0.7, 0.16), (0.34, 0.52), (0.72, 0.86)]],
    "M": [[(0.2, 0.86), (0.28, 0.15), (0.5, 0.6), (0.72, 0.15), (0.8, 0.86)]],
    "N": [[(0.28, 0.86), (0.29, 0.15), (0.7, 0.85), (0.71, 0.14)]],
    "R": [[(0.34, 0.86), (0.34, 0.15), *arc(0.48, 0.32, 0.2, 0.17, -90, 90), (0.38, 0.5), (0.7, 0.86)]],
    "T": [[(0.24, 0.17), (0.76, 0.16)], [(0.5, 0.17), (0.49, 0.86)]],
    "W": [[(0.16, 0.18), (0.33, 0.84), (0.5, 0.36), (0.67, 0.84), (0.85, 0.17)]],
    "X": [[(0.28, 0.16), (0.72, 0.85)], [(0.72, 0.15), (0.28, 0.86)]],
    "a": [[*arc(0.47, 0.6, 0.2, 0.22, -40, -330), (0.67, 0.4), (0.67, 0.75), (0.74, 0.84)]],
    "e": [[(0.3, 0.56), (0.68, 0.54), *arc(0.49, 0.56, 0.2, 0.24, 0, -310)]],
    "f": [[*arc(0.6, 0.3, 0.14, 0.16, -20, -180), (0.46, 0.86)], [(0.32, 0.46), (0.64, 0.45)]],
    "h": [[(0.34, 0.12), (0.33, 0.86), *arc(0.5, 0.62, 0.16, 0.18, -160, 0), (0.67, 0.86)]],
    "k": [[(0.36, 0.12), (0.35, 0.86)], [(0.63, 0.42), (0.37, 0.64), (0.66, 0.86)]],
    "m": [[(0.2, 0.86), (0.2, 0.4), *arc(0.35, 0.56, 0.14, 0.16, -170, 0), (0.49, 0.86)],
          [(0.49, 0.6), *arc(0.63, 0.56, 0.14, 0.16, -170, 0), (0.78, 0.86)]],
    "r": [[(0.4, 0.42), (0.4, 0.86)], [(0.4, 0.58), *arc(0.56, 0.56, 0.15, 0.14, -170, -60)]],
}  # fmt: skip


def fonts() -> list[Path | None]:
    """The TrueType fonts of this machine, after None for Pillow's own font."""
    found = [path for folder in FONT_FOLDERS if Path(folder).is_dir() for path in sorted(Path(folder).rglob("*.ttf"))]
    return [None, *found]


def typed(text: str, font: Path | None, rng: random.Random) -> Image.Image:
    """A picture of ``text`` in ``font``."""
    size = rng.randint(120, 220)
    face = ImageFont.load_default(size) if font is None else ImageFont.truetype(str(font), size)
    page = Image.new("L", (SIZE, SIZE), 255)
    ImageDraw.Draw(page).text((SIZE / 2, SIZE / 2), text, 0, face, anchor="mm")
    return page.rotate(rng.uniform(-8, 8), fillcolor=255)


def letter(rng: random.Random) -> Image.Image:
    """A letter in a random font."""
    return typed(rng.choice(LETTERS), rng.choice(fonts()), rng)


def icon(rng: random.Random) -> Image.Image:
    """A symbol in DejaVu Sans, if installed, or a face drawn with a few lines."""
    face = next((path for path in fonts() if path and path.stem == "DejaVuSans"), None)
    if face and rng.random() < 0.6:
        return typed(rng.choice(SYMBOLS), face, rng)
    return render(by_another_hand(smiling_face(rng), rng), SIZE, rng.uniform(0.02, 0.05))


def smiling_face(rng: random.Random) -> list[Stroke]:
    """A random smiling or frowning face."""
    eye = rng.uniform(0.03, 0.06)
    mouth = arc(0.5, 0.58, 0.17, 0.12, 20, 160) if rng.random() < 0.6 else arc(0.5, 0.75, 0.17, 0.1, 200, 340)
    eyes = [arc(x, 0.4, eye, eye, 0, 360) for x in (0.37, 0.63)]
    nose = [[(0.5, 0.45), (0.47, 0.56), (0.52, 0.56)]] if rng.random() < 0.5 else []
    return [arc(0.5, 0.5, 0.36, 0.38, 0, 360), *eyes, mouth, *nose]


def pen_letter(rng: random.Random) -> Image.Image:
    """A letter drawn with a pen."""
    return render(by_another_hand(PEN_LETTERS[rng.choice(list(PEN_LETTERS))], rng), SIZE, rng.uniform(0.02, 0.08))


def by_another_hand(strokes: list[Stroke], rng: random.Random) -> list[Stroke]:
    """The ``strokes`` as someone else might write them."""
    return distorted(strokes, rng, rng.uniform(-0.1, 0.3), rng.uniform(0.7, 1.05), rng.uniform(0.8, 1))


def scribble(rng: random.Random) -> Image.Image:
    """A curved random line that crosses itself."""
    phases = [rng.uniform(0, 2 * math.pi) for _ in range(4)]
    waves = [rng.uniform(1.5, 5) for _ in range(4)]
    path = [
        (
            0.5 + 0.22 * (math.sin(waves[0] * t + phases[0]) + 0.8 * math.sin(waves[1] * t * 1.7 + phases[1])),
            0.5 + 0.22 * (math.sin(waves[2] * t + phases[2]) + 0.8 * math.sin(waves[3] * t * 1.7 + phases[3])),
        )
        for t in (step / 20 for step in range(20 * rng.randint(5, 9)))
    ]
    return render([path], SIZE, rng.uniform(0.015, 0.05))


def texture(rng: random.Random) -> Image.Image:
    """Grain, stripes, checks, or rings."""
    kind = rng.choice(("grain", "stripes", "checks", "rings"))
    if kind == "grain":
        coarse = rng.choice((6, 10, 20, 40, 120))
        page = Image.new("L", (coarse, coarse))
        page.putdata([rng.randrange(256) for _ in range(coarse * coarse)])
        return page.resize((SIZE, SIZE), rng.choice((Image.Resampling.NEAREST, Image.Resampling.BICUBIC)))
    pace, angle = rng.uniform(15, 60), rng.uniform(0, math.pi)
    page = Image.new("L", (SIZE, SIZE))
    across, down = math.cos(angle), math.sin(angle)

    def value(x: float, y: float) -> float:
        along, beside = (x * across + y * down) / pace, (y * across - x * down) / pace
        if kind == "rings":
            return math.sin(2 * math.pi * math.hypot(x - SIZE / 2, y - SIZE / 2) / pace)
        return math.sin(2 * math.pi * along) * (1 if kind == "stripes" else math.sin(2 * math.pi * beside))

    page.putdata([40 if value(x, y) > 0 else 230 for y in range(SIZE) for x in range(SIZE)])
    return page


def half_digit(rng: random.Random) -> Image.Image:
    """The left half of a digit whose left half is not a digit."""
    page = render(by_hand(rng.choice((2, 3, 5, 4)), rng.randrange(10**6)), SIZE, rng.uniform(0.04, 0.08)).convert("L")
    left, _, right, _ = page.point(lambda tone: 255 * (tone < 128)).getbbox()
    ImageDraw.Draw(page).rectangle((left + (right - left) * rng.uniform(0.4, 0.48), 0, SIZE, SIZE), fill=255)
    return page


def two_digits(rng: random.Random) -> Image.Image:
    """Two digits side by side."""
    page = Image.new("L", (SIZE, SIZE), 255)
    side = SIZE * 6 // 10
    for x in (0, SIZE - side - rng.randrange(20)):
        digit = render(by_hand(rng.randrange(10), rng.randrange(10**6)), side, rng.uniform(0.05, 0.08)).convert("L")
        page.paste(0, (x, (SIZE - side) // 2 + rng.randrange(-15, 16)), digit.point(lambda tone: 255 - tone))
    return page


def empty_paper(rng: random.Random) -> Image.Image:
    """Grainy paper with nothing written on it, half the time with stains."""
    page = Image.new("L", (SIZE, SIZE))
    light, grain = rng.uniform(170, 240), rng.uniform(2, 14)
    fall = rng.uniform(0, 0.25)
    page.putdata(
        [int(light * (1 - fall * (x + y) / (2 * SIZE)) + rng.gauss(0, grain)) for y in range(SIZE) for x in range(SIZE)]
    )
    if rng.random() < 0.5:
        marks = Image.new("L", page.size, 255)
        draw = ImageDraw.Draw(marks)
        for _ in range(rng.randint(3, 12)):
            x, y, radius = rng.uniform(0, SIZE), rng.uniform(0, SIZE), rng.uniform(1, 6)
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=rng.randint(60, 150))
        page.paste(0, (0, 0), marks.filter(ImageFilter.GaussianBlur(1)).point(lambda tone: 255 - tone))
    return page


KINDS: dict[str, Callable[[random.Random], Image.Image]] = {
    "letter": letter,
    "pen-letter": pen_letter,
    "scribble": scribble,
    "icon": icon,
    "texture": texture,
    "half-digit": half_digit,
    "two-digits": two_digits,
    "empty-paper": empty_paper,
}


def no_digit(kind: str, seed: int) -> Image.Image:
    """A picture of that ``kind``, mode RGB, the same for the same ``seed`` on the same machine."""
    return KINDS[kind](random.Random(f"{kind}/{seed}")).convert("RGB")


if __name__ == "__main__":
    folder = folder_to_fill("pictures of what is no digit, as none/<kind>-<number>.png") / "none"
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        for seed in range(100):
            no_digit(kind, seed).save(folder / f"{kind}-{seed}.png")
