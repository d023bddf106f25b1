"""Draws the README's pictures: the page as it looks, and what net/ink.py makes of three pictures.

python tests/figures.py        # needs Chromium and tests/requirements.txt
"""

import shutil
import subprocess
import sys
from pathlib import Path

import handwriting
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import sync_playwright

HOME = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))

from net import ink  # noqa: E402

CHROMIUM = next(path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name)))
CELL, GAP, CAPTION = 220, 16, 30  # pixels


def draw_page(path: Path) -> None:
    """A screenshot of a 7 being read."""
    server = subprocess.Popen(
        [sys.executable, str(HOME / "server.py"), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    url = server.stdout.readline().split(" at ")[1].split()[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1040, "height": 700}, device_scale_factor=1.5)
        page.goto(url)
        box = page.locator("#pad").bounding_box()
        crossed_seven = [*handwriting.by_hand(7, seed=3), [(0.38, 0.52), (0.68, 0.48)]]
        for stroke in crossed_seven:
            for number, (x, y) in enumerate(stroke):
                page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=8)
                if number == 0:
                    page.mouse.down()
            page.mouse.up()
        with page.expect_response("**/predict*"):
            page.click("#read")
        page.mouse.move(0, 0)
        page.wait_for_function("() => document.getElementById('digit').textContent === '7'")
        page.screenshot(path=path)
        browser.close()
    server.terminate()
    server.wait()


def draw_ink(path: Path) -> None:
    """The stages of net/ink.py: the picture as it came, the ink found on it, what the network is given."""
    names = ["1.jpg", "2.gif", "6.jpg"]
    figure = Image.new("RGB", (3 * CELL + 4 * GAP, len(names) * (CELL + GAP) + GAP + CAPTION), "white")
    font = ImageFont.load_default(15)
    for column, caption in enumerate(("the file", "the ink on it", "what the network is given")):
        ImageDraw.Draw(figure).text((GAP + column * (CELL + GAP), GAP / 2), caption, "black", font)
    for row, name in enumerate(names):
        data = (handwriting.DATA / name).read_bytes()
        picture = ink.decode(data)
        found = ink.find_ink(picture).strength
        stages = [
            (Image.open(handwriting.DATA / name).convert("RGB"), Image.Resampling.LANCZOS),
            (Image.fromarray(np.rint((1 - found) * 255).astype(np.uint8)), Image.Resampling.LANCZOS),
            (Image.fromarray(ink.normalize(found)), Image.Resampling.NEAREST),
        ]
        for column, (stage, resampling) in enumerate(stages):
            scale = CELL / max(stage.size)
            stage = stage.resize((round(stage.width * scale), round(stage.height * scale)), resampling)
            left = GAP + column * (CELL + GAP) + (CELL - stage.width) // 2
            figure.paste(stage, (left, CAPTION + GAP // 2 + row * (CELL + GAP) + (CELL - stage.height) // 2))
    figure.save(path)


if __name__ == "__main__":
    draw_page(HOME / "views" / "pad.png")
    draw_ink(HOME / "net" / "ink.png")
