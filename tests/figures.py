"""Draws the README's figures: the page at three widths, four pictures as they are prepared, and the allographs.

python tests/figures.py        # needs Chromium and tests/requirements.txt
"""

import io
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import handwriting
import hard_pictures
import numpy as np
import torch
from conftest import started
from on_page import launched
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser

HOME = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))

from net.decoding import decode  # noqa: E402
from net.fitting import normalize  # noqa: E402
from net.ink import find_ink  # noqa: E402
from train.allographs import Allographs  # noqa: E402

CHROMIUM = next(path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name)))
CELL, GAP, CAPTION = 220, 16, 30  # pixels
SCREENS = [(1600, 900, "light"), (768, 1024, "light"), (320, 568, "dark")]  # width and height in pixels, colour scheme
SHOWN_HEIGHT, FIGURE_WIDTH = 1024, 1800  # pixels
HANDS = 6  # drawings of each allograph
COLOURS = 128  # of the page's picture: looks the same as with all, and takes a quarter of the bytes


def draw_page(path: Path) -> None:
    """Draw the page reading a 7 on three screens: a projector's, a tablet's and, in dark mode, a small phone's."""
    with TemporaryDirectory() as folder, started(Path(folder)) as server, launched(CHROMIUM) as browser:
        screens = [photograph(browser, server.url, *screen) for screen in SCREENS]
    few = compose(screens).quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def photograph(browser: Browser, url: str, width: int, height: int, scheme: str) -> Image.Image:
    """The upper part of the page once it has read a crossed 7."""
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.goto(url)
    box = page.locator("#pad").bounding_box()
    for stroke in [*handwriting.by_hand(7, seed=3), [(0.38, 0.52), (0.68, 0.48)]]:
        for number, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=8)
            if number == 0:
                page.mouse.down()
        page.mouse.up()
    page.wait_for_load_state("networkidle")  # all strokes have been read and explained
    page.mouse.move(0, 0)
    page.wait_for_selector("#inside[data-state=shown]")
    page.wait_for_function("() => document.getElementById('digit').textContent === '7'")
    shown = {"x": 0, "y": 0, "width": width, "height": SHOWN_HEIGHT}
    return Image.open(io.BytesIO(page.screenshot(animations="disabled", full_page=True, clip=shown)))


def compose(screens: list[Image.Image]) -> Image.Image:
    """The ``screens`` side by side, with an outline around each."""
    figure = Image.new("RGB", (sum(screen.width + GAP for screen in screens) + GAP, SHOWN_HEIGHT + 2 * GAP), "white")
    left = GAP
    for screen in screens:
        figure.paste(screen, (left, GAP))
        rim = (left - 1, GAP - 1, left + screen.width, GAP + screen.height)
        ImageDraw.Draw(figure).rectangle(rim, outline="silver")
        left += screen.width + GAP
    scale = FIGURE_WIDTH / figure.width
    return figure.resize((FIGURE_WIDTH, round(figure.height * scale)), Image.Resampling.LANCZOS)


def draw_ink(path: Path) -> None:
    """Draw the stages of preparation: the file, the ink found on it, and the network's input."""
    files = [(handwriting.DATA / name).read_bytes() for name in ("1.jpg", "2.gif", "6.jpg")]
    files.append(hard_pictures.photograph(5, "on-a-table", 0))
    figure = Image.new("RGB", (3 * CELL + 4 * GAP, len(files) * (CELL + GAP) + GAP + CAPTION), "white")
    font = ImageFont.load_default(15)
    for column, caption in enumerate(("the file", "the ink on it", "what the network is given")):
        ImageDraw.Draw(figure).text((GAP + column * (CELL + GAP), GAP / 2), caption, "black", font)
    for row, file in enumerate(files):
        of_digit = find_ink(decode(file))[-1].strength
        stages = [
            (Image.open(io.BytesIO(file)).convert("RGB"), Image.Resampling.LANCZOS),
            (Image.fromarray(np.rint((1 - of_digit) * 255).astype(np.uint8)), Image.Resampling.LANCZOS),
            (Image.fromarray(normalize(of_digit)), Image.Resampling.NEAREST),
        ]
        for column, (stage, resampling) in enumerate(stages):
            scale = CELL / max(stage.size)
            stage = stage.resize((round(stage.width * scale), round(stage.height * scale)), resampling)
            left = GAP + column * (CELL + GAP) + (CELL - stage.width) // 2
            figure.paste(stage, (left, CAPTION + GAP // 2 + row * (CELL + GAP) + (CELL - stage.height) // 2))
    figure.save(path)


def draw_allographs(path: Path) -> None:
    """Draw a column for each shape of train/allographs.py, as several people would write it."""
    draw = Allographs(torch.device("cpu"))
    shapes = len(draw.digits)
    digits = draw(HANDS * shapes, torch.Generator().manual_seed(0)).images
    side = digits.shape[-1]
    rows = digits.view(HANDS, shapes, side, side).transpose(1, 2).reshape(HANDS * side, shapes * side)
    figure = Image.fromarray(255 - rows.numpy())
    figure.resize((2 * figure.width, 2 * figure.height), Image.Resampling.BICUBIC).save(path, optimize=True)


if __name__ == "__main__":
    draw_page(HOME / "views" / "pad.png")
    draw_ink(HOME / "net" / "ink.png")
    draw_allographs(HOME / "train" / "allographs.png")
