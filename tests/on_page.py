"""Drives the page in a real Chromium, with real pointers, touches, keys and files."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import handwriting
import pytest
from conftest import png
from PIL import Image

pytest.importorskip("playwright.sync_api", reason="needs playwright: python -m pip install -r tests/requirements.txt")
from playwright.sync_api import Browser, CDPSession, Page, Response, expect, sync_playwright

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.example 127.0.0.1",
]
WAIT = 20_000  # milliseconds; long, for busy machines
SIZES = {"small phone": (320, 568), "phone": (390, 844), "tablet": (768, 1024), "desk": (1440, 900)}


@contextmanager
def launched(chromium: str) -> Iterator[Browser]:
    """A browser, launched from the path ``chromium``."""
    expect.set_options(timeout=WAIT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, home: str) -> Iterator[Callable[..., Page]]:
    """Opens pages, by default ``home``.

    At the end, none may have had an error, broken its own security policy, or sent a request to another server.
    """
    contexts, troubles = [], []

    def open_page(url: str = home, width: int = 1280, height: int = 800, **options) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None)
        page.on("request", lambda request: troubles.append(request.url) if is_foreign(request.url, url) else None)
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def is_foreign(url: str, home: str) -> bool:
    return not url.startswith((home.partition("#")[0], "data:", "blob:"))


def on_pad(page: Page, strokes: list[handwriting.Stroke]) -> list[handwriting.Stroke]:
    """Screen positions of ``strokes`` in a square of side 1."""
    box = page.locator("#pad").bounding_box()
    return [[(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke] for stroke in strokes]


def draw(page: Page, strokes: list[handwriting.Stroke], pointer: str = "mouse", pressure: float = 0.5) -> None:
    """Draw with a mouse, a finger ("touch") or a pen, through input events that the browser itself dispatches."""
    if pointer == "mouse":
        draw_with_mouse(page, strokes)
        return
    devtools = page.context.new_cdp_session(page)
    hold = touch_at if pointer == "touch" else pen_at
    for stroke in on_pad(page, strokes):
        hold(devtools, "down", stroke[0], pressure)
        for point in stroke[1:]:
            hold(devtools, "move", point, pressure)
        hold(devtools, "up", stroke[-1], pressure)


def draw_with_mouse(page: Page, strokes: list[handwriting.Stroke]) -> None:
    for stroke in strokes:
        press_along(page, stroke)
        page.mouse.up()


def press_along(page: Page, stroke: handwriting.Stroke) -> None:
    """Draw with the mouse, and keep its button pressed."""
    [places] = on_pad(page, [stroke])
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)


def touch_at(devtools: CDPSession, event: str, point: handwriting.Point, pressure: float = 0.5) -> None:
    kind = {"down": "touchStart", "move": "touchMove", "up": "touchEnd"}[event]
    touches = [] if event == "up" else [{"x": point[0], "y": point[1], "force": pressure}]
    devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


def pen_at(devtools: CDPSession, event: str, point: handwriting.Point, pressure: float) -> None:
    kind = {"down": "mousePressed", "move": "mouseMoved", "up": "mouseReleased"}[event]
    pen = {"pointerType": "pen", "button": "left", "buttons": 1, "clickCount": 1, "force": pressure}
    devtools.send("Input.dispatchMouseEvent", {"type": kind, "x": point[0], "y": point[1], **pen})


def digit(number: int) -> list[handwriting.Stroke]:
    return handwriting.by_hand(number, seed=5)


def is_of_all(response: Response, strokes: list[handwriting.Stroke], asked: str = "predict") -> bool:
    """Whether ``response`` answers the finished drawing of all ``strokes``, not an earlier state of it."""
    if f"/{asked}" not in response.url:
        return False
    sent = json.loads(response.request.post_data)["strokes"]
    has_come_to_the_end = sent[-1][-1] == pytest.approx(strokes[-1][-1], abs=0.001)
    return len(sent) == len(strokes) and len(sent[-1]) > len(strokes[-1]) / 2 and has_come_to_the_end


def choose_seven_and_remove_it(page: Page, folder: Path) -> None:
    """Choose a picture file, and delete it once the page has read it."""
    path = folder / "seven.png"
    path.write_bytes((handwriting.DATA / "7.png").read_bytes())
    page.set_input_files("#choose", path)
    expect_digit(page, 7)
    path.unlink()


def expect_digit(page: Page, number: int) -> None:
    expect(page.locator("#digit")).to_have_text(str(number))
    expect(page.locator("#answer")).to_have_attribute("data-state", re.compile("^(un)?certain$"))


def pixel(page: Page, x: float, y: float) -> list[int]:
    """The pad's colour at a point in fractions of its side."""
    return painted(page, "[...context.getImageData(x * pad.width, y * pad.height, 1, 1).data.slice(0, 3)]", x, y)


def inked(page: Page) -> int:
    """The number of the pad's pixels that are not paper."""
    return painted(
        page,
        """context.getImageData(0, 0, pad.width, pad.height).data
            .filter((value, i, all) => i % 4 === 0 && Math.abs(value - all[0]) > 40).length""",
    )


def painted(page: Page, expression: str, x: float = 0, y: float = 0) -> Any:
    """The value of ``expression``, after two frames, by when all that was drawn has been painted on the pad."""
    return page.evaluate(
        f"""async ([x, y]) => {{
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            const pad = document.getElementById("pad");
            const context = pad.getContext("2d");
            return {expression};
        }}""",
        [x, y],
    )


PREDICTION = {
    "digit": 4,
    "confidence": 0.9,
    "certain": True,
    "probabilities": [0] * 4 + [0.9, 0.1] + [0] * 4,
    "seen": f"data:image/png;base64,{base64.b64encode(png(Image.new('L', (28, 28)))).decode()}",
    "milliseconds": 1,
}
# The page says "That does not look like a single digit."
NO_DIGIT = PREDICTION | {"digit": 8, "confidence": 0.11, "certain": False, "probabilities": [0.1] * 8 + [0.11, 0.09]}


def stop_clock(page: Page) -> None:
    """Stop the page's clock; only ``page.clock.run_for`` advances it."""
    page.clock.install(time=0)
    page.clock.pause_at(1_000)


def places_of(page: Page, *names: str) -> list[float]:
    """The pixels from the window's top to each of ``names``."""
    return [page.locator(name).evaluate("(each) => each.getBoundingClientRect().top") for name in names]


def expect_in_window(page: Page, name: str) -> None:
    """Check that it is in view from top to bottom."""
    box = page.locator(name).evaluate("(each) => each.getBoundingClientRect().toJSON()")
    assert box["top"] >= 0, name
    assert box["bottom"] <= page.viewport_size["height"], name


def scroll_to(page: Page, place: int) -> None:
    """Scroll to ``place`` pixels from the top, or to the end, and wait until observers know what is in view."""
    page.evaluate(
        """async (place) => {
            scrollTo({ top: place, behavior: "instant" });
            for (let frame = 0; frame < 3; frame++) await new Promise((done) => requestAnimationFrame(done));
        }""",
        place,
    )
