"""Digits on paper as a hurried photographer brings them: shadow, lines, coloured ink, blur, noise, tilt, any size.

python tests/hard_pictures.py DIR        # writes DIR/<digit>/<number>-<hardship>.jpg, for train.evaluate --images
"""

import math
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
from handwriting import by_hand, trace
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Page = NDArray[np.float32]  # [H, W, 3], 0 to 255
GRAIN = 2  # of 255, the standard deviation of what no camera is without
BLUE, RED, PENCIL, BLACK = (34, 54, 140), (178, 34, 42), (104, 104, 110), (28, 28, 32)


@dataclass
class Shot:
    """One photograph in the making. Lengths are fractions of the shorter side."""

    rng: random.Random
    width: int = 640
    height: int = 480
    ink: tuple[int, int, int] = BLACK
    paper: tuple[int, int, int] = (232, 230, 224)
    pen: float = 0.035
    digit_height: float = 0.6
    tilt: float = 0.0  # degrees
    quality: int = 85
    before_ink: list[Callable[[Page], Page]] = field(default_factory=list)  # what is done to the empty paper
    after_ink: list[Callable[[Page], Page]] = field(default_factory=list)  # what light and lens do to it all


def shadow(shot: Shot) -> None:
    """The shadow of a hand or a telephone falls across the page."""
    angle, depth = shot.rng.uniform(0, 2 * math.pi), shot.rng.uniform(0.5, 0.75)
    soft = shot.rng.uniform(0.01, 0.1)
    at = shot.rng.uniform(-0.3, 0.3)

    def fall(page: Page) -> Page:
        x, y = coordinates(page)
        beyond = (np.tanh((x * math.cos(angle) + y * math.sin(angle) - at) / (soft / 2)) + 1) / 2
        return page * (1 - (1 - depth) * beyond)[..., None]

    shot.after_ink.append(fall)


def yellow_light(shot: Shot) -> None:
    """A lamp at one side."""
    angle, depth = shot.rng.uniform(0, 2 * math.pi), shot.rng.uniform(0.2, 0.5)

    def shine(page: Page) -> Page:
        x, y = coordinates(page)
        away = (x * math.cos(angle) + y * math.sin(angle) + 0.7) / 1.4
        return page * (1 - depth * away)[..., None] * np.array([1, 0.93, 0.68], np.float32)

    shot.after_ink.append(shine)


def ruled_paper(shot: Shot) -> None:
    """A page of an exercise book."""
    shot.before_ink.append(lambda page: with_lines(page, shot, upright=False))


def squared_paper(shot: Shot) -> None:
    """A page of an arithmetic book."""
    shot.before_ink.append(lambda page: with_lines(with_lines(page, shot, upright=False), shot, upright=True))


def with_lines(page: Page, shot: Shot, *, upright: bool) -> Page:
    """``page`` with pale lines, fainter than the ink."""
    short = min(page.shape[:2])
    gap = max(8, int(short * shot.rng.uniform(0.09, 0.2)))
    thick = max(1, round(short * 0.004))
    first = shot.rng.randrange(gap)
    page = page.copy()
    lines = page.transpose(1, 0, 2) if upright else page
    for start in range(first, lines.shape[0], gap):
        lines[start : start + thick] = (165, 185, 215)
    return page


def coloured_ink(shot: Shot) -> None:
    """A blue or a red ballpoint."""
    shot.ink = shot.rng.choice((BLUE, RED))
    shot.pen = shot.rng.uniform(0.02, 0.04)


def pencil(shot: Shot) -> None:
    """A pencil, thin and grey."""
    shot.ink = PENCIL
    shot.pen = shot.rng.uniform(0.015, 0.03)


def black_border(shot: Shot) -> None:
    """The lid of the scanner, or the table around the sheet."""

    def frame(page: Page) -> Page:
        page = page.copy()
        edge = max(2, int(min(page.shape[:2]) * shot.rng.uniform(0.01, 0.06)))
        dark = shot.rng.uniform(5, 40)
        page[:edge], page[-edge:], page[:, :edge], page[:, -edge:] = dark, dark, dark, dark
        return page

    shot.digit_height = 0.5
    shot.after_ink.append(frame)


def coarse_jpeg(shot: Shot) -> None:
    """Sent through a messenger twice."""
    shot.quality = 30


def blurred(shot: Shot) -> None:
    """Out of focus."""
    radius = min(shot.width, shot.height) * shot.rng.uniform(0.005, 0.012)

    def blur(page: Page) -> Page:
        picture = Image.fromarray(page.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
        return np.asarray(picture, np.float32)

    shot.after_ink.append(blur)


def noisy(shot: Shot) -> None:
    """Taken in the dark."""
    sigma = shot.rng.uniform(8, 20)
    grain = np.random.default_rng(shot.rng.randrange(2**32))
    shot.after_ink.append(lambda page: page + grain.normal(0, sigma, page.shape).astype(np.float32))


def tilted(shot: Shot) -> None:
    """The page lay askew."""
    shot.tilt = shot.rng.uniform(8, 20) * shot.rng.choice((-1, 1))


def tiny(shot: Shot) -> None:
    """A thumbnail."""
    shot.width = shot.height = 50
    shot.pen, shot.digit_height = 0.06, 0.75


def huge(shot: Shot) -> None:
    """Twelve million pixels."""
    shot.width, shot.height = 4000, 3000
    shot.digit_height = shot.rng.uniform(0.2, 0.6)
    shot.pen = shot.digit_height * 0.06


HARDSHIPS = {
    hardship.__name__.replace("_", "-"): hardship
    for hardship in (
        shadow, yellow_light, ruled_paper, squared_paper, coloured_ink, pencil, black_border, coarse_jpeg, blurred,
        noisy, tilted, tiny, huge,
    )
}  # fmt: skip


def photograph(digit: int, hardship: str, seed: int) -> bytes:
    """A JPEG of ``digit`` under one hardship, and for odd seeds under a second that goes with it."""
    shot = Shot(random.Random(f"{digit}/{hardship}/{seed}"))
    shot.paper = tuple(int(tone * shot.rng.uniform(0.85, 1.05)) for tone in shot.paper)
    shot.digit_height = shot.rng.uniform(0.35, 0.7)
    shot.pen = shot.digit_height * shot.rng.uniform(0.05, 0.09)
    HARDSHIPS[hardship](shot)
    if seed % 2:
        second = shot.rng.choice([name for name in HARDSHIPS if name not in (hardship, "tiny", "huge")])
        HARDSHIPS[second](shot)
    return develop(shot, digit)


def develop(shot: Shot, digit: int) -> bytes:
    """The JPEG file of ``shot``, in which ``digit`` is written."""
    page = np.empty((shot.height, shot.width, 3), np.float32)
    page[:] = shot.paper
    for change in shot.before_ink:
        page = change(page)
    covered = np.asarray(written(shot, digit), np.float32)[..., None] / 255
    page = page * (1 - covered) + np.array(shot.ink, np.float32) * covered
    page += np.random.default_rng(shot.rng.randrange(2**32)).normal(0, GRAIN, page.shape).astype(np.float32)
    for change in shot.after_ink:
        page = change(page)
    file = BytesIO()
    Image.fromarray(page.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=shot.quality)
    return file.getvalue()


def written(shot: Shot, digit: int) -> Image.Image:
    """Where the pen of ``shot`` leaves ink: mode L, as large as the page."""
    short = min(shot.width, shot.height)
    fine = 2 if short < 1500 else 1
    mask = Image.new("L", (shot.width * fine, shot.height * fine))
    draw = ImageDraw.Draw(mask)
    turn = math.radians(shot.tilt)
    size = shot.digit_height * short * fine / 0.75
    room = [(side * fine - size) / 2 for side in (shot.width, shot.height)]
    centre = [side * fine / 2 + shot.rng.uniform(-0.5, 0.5) * max(0, space) for side, space in
              zip((shot.width, shot.height), room, strict=True)]  # fmt: skip
    radius = shot.pen * short * fine / 2
    for stroke in by_hand(digit, shot.rng.randrange(10**6)):
        points = []
        for x, y in stroke:
            x, y = (x - 0.5) * size, (y - 0.5) * size
            points.append(
                (
                    centre[0] + x * math.cos(turn) - y * math.sin(turn),
                    centre[1] + x * math.sin(turn) + y * math.cos(turn),
                )
            )
        trace(draw, points, radius)
    return mask.resize((shot.width, shot.height), Image.Resampling.BOX)


def coordinates(page: Page) -> tuple[Page, Page]:
    """x and y of each pixel, from -0.5 to 0.5, ready to be broadcast."""
    height, width = page.shape[:2]
    return (
        np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :],
        np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None],
    )


if __name__ == "__main__":
    for hardship in HARDSHIPS:
        for digit in range(10):
            for seed in range(4 if hardship == "huge" else 10):
                path = Path(sys.argv[1]) / str(digit) / f"{hardship}-{seed}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(photograph(digit, hardship, seed))
