"""Promises of the page, kept in a real Chromium by real pointers, touches, keys and files."""

import base64
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import handwriting
import pytest
from conftest import HOME, RunningServer, png, start_server
from PIL import Image

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="needs playwright: python -m pip install -r tests/requirements.txt"
)
axe_playwright = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="needs axe-core: python -m pip install -r tests/requirements.txt",
)
from playwright.sync_api import Browser, CDPSession, Page, Response, expect  # noqa: E402

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
SIZES = {"small phone": (320, 568), "phone": (390, 844), "tablet": (768, 1024), "desk": (1440, 900)}
WAIT = 20_000  # milliseconds at most, for a busy machine


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    expect.set_options(timeout=WAIT)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, server: RunningServer):
    """Opens the page in a browser window of its own; at the end, nothing must have gone wrong in any."""
    contexts, troubles = [], []

    def open_page(url: str = server.url, width: int = 1280, height: int = 800, **options) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: troubles.append(request.url) if is_foreign(request.url, url) else None)
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def is_foreign(url: str, home: str) -> bool:
    return not url.startswith((home.partition("#")[0], "data:", "blob:"))


@pytest.fixture
def page(open_page) -> Page:
    return open_page()


def on_pad(page: Page, strokes: list[handwriting.Stroke]) -> list[handwriting.Stroke]:
    """Strokes in a square of side 1 as positions on the screen."""
    box = page.locator("#pad").bounding_box()
    return [[(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke] for stroke in strokes]


def draw(page: Page, strokes: list[handwriting.Stroke], pointer: str = "mouse", pressure: float = 0.5) -> None:
    """With a mouse, a finger ("touch") or a pen, by the events that the browser itself makes of such a device's."""
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
    for stroke in on_pad(page, strokes):
        page.mouse.move(*stroke[0])
        page.mouse.down()
        for point in stroke[1:]:
            page.mouse.move(*point)
        page.mouse.up()


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
    """Whether it answers the drawing of all of ``strokes``, and not of what there was of them meanwhile."""
    if f"/{asked}" not in response.url:
        return False
    sent = json.loads(response.request.post_data)["strokes"]
    has_come_to_the_end = sent[-1][-1] == pytest.approx(strokes[-1][-1], abs=0.001)
    return len(sent) == len(strokes) and len(sent[-1]) > len(strokes[-1]) / 2 and has_come_to_the_end


def expect_digit(page: Page, number: int) -> None:
    expect(page.locator("#digit")).to_have_text(str(number))
    expect(page.locator("#answer")).to_have_attribute("data-state", re.compile("^(un)?certain$"))


def pixel(page: Page, x: float, y: float) -> list[int]:
    """The colour on the pad at fractions of its side."""
    return painted(page, "[...context.getImageData(x * pad.width, y * pad.height, 1, 1).data.slice(0, 3)]", x, y)


def inked(page: Page) -> int:
    """How many of the pad's pixels are not paper."""
    return painted(
        page,
        """context.getImageData(0, 0, pad.width, pad.height).data
            .filter((value, i, all) => i % 4 === 0 && Math.abs(value - all[0]) > 40).length""",
    )


def painted(page: Page, expression: str, x: float = 0, y: float = 0) -> Any:
    """What ``expression`` finds on the pad, once what was drawn is painted, which waits for the next frame."""
    return page.evaluate(
        f"""async ([x, y]) => {{
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            const pad = document.getElementById("pad");
            const context = pad.getContext("2d");
            return {expression};
        }}""",
        [x, y],
    )


@pytest.mark.parametrize("number", range(10))
def test_a_digit_drawn_with_the_mouse_is_read(page: Page, number: int):
    draw_with_mouse(page, digit(number))
    expect_digit(page, number)
    expect(page.locator("#sentence")).to_contain_text(str(number))


@pytest.mark.parametrize("number", [2, 7, 8])
def test_a_digit_drawn_with_a_finger_is_read_and_the_page_does_not_scroll(open_page, number: int):
    page = open_page(width=390, height=600, has_touch=True, is_mobile=True, device_scale_factor=3)
    assert page.evaluate("document.documentElement.scrollHeight > innerHeight"), "there is something to scroll"
    draw(page, digit(number), "touch")
    expect_digit(page, number)
    assert page.evaluate("scrollY") == 0


def test_a_second_finger_does_not_draw(open_page):
    page = open_page(width=390, height=800, has_touch=True, is_mobile=True)
    devtools = page.context.new_cdp_session(page)
    [[first, second]] = on_pad(page, [[(0.3, 0.3), (0.8, 0.8)]])
    points = [{"x": first[0], "y": first[1], "id": 1}, {"x": second[0], "y": second[1], "id": 2}]
    devtools.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
    devtools.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points})
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator("#clear")).to_be_enabled()
    assert pixel(page, 0.3, 0.3) != pixel(page, 0.01, 0.01)
    assert pixel(page, 0.8, 0.8) == pixel(page, 0.01, 0.01)


def test_people_s_drawings_are_read(open_page, pen_root: Path):
    page = open_page(width=1000, height=900)
    drawings = json.loads((pen_root / "strokes.json").read_text())
    right = 0
    for number in range(10):
        drawing = next(each for each in drawings if each["label"] == number)
        page.keyboard.press("Escape")
        expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
        strokes = [[(x / 500, y / 500) for x, y in stroke] for stroke in drawing["strokes"]]
        with page.expect_response(lambda response, strokes=strokes: is_of_all(response, strokes)) as response:
            draw_with_mouse(page, strokes)
        right += response.value.json()["digit"] == number
    assert right >= 9


@pytest.mark.parametrize("scale", [1, 1.5, 3])
@pytest.mark.parametrize("zoom", [0.8, 1, 1.5])
def test_the_line_meets_the_pointer_on_every_screen_and_at_every_zoom(open_page, scale: float, zoom: float):
    # A browser that zooms has larger pixels of its own, and fewer of them.
    page = open_page(width=round(801 / zoom), height=round(777 / zoom), device_scale_factor=scale * zoom)
    expect_line_under_pointer(page, scale * zoom)
    assert pixels_under_one(page) == pytest.approx(1, abs=0.02), "the line is as sharp as the screen"


def test_the_line_meets_the_pointer_where_the_page_itself_is_zoomed(open_page):
    page = open_page(width=801, height=777)
    page.evaluate("document.documentElement.style.zoom = 1.3")
    expect_line_under_pointer(page, 1)


def test_the_line_is_sharp_again_on_another_screen_with_smaller_pixels(page: Page):
    draw_with_mouse(page, digit(7))
    expect_digit(page, 7)
    few = inked(page)
    # The window is a little wider, or the emulation tells the page nothing; the pad is as large as before.
    screen = {"width": 1300, "height": 800, "deviceScaleFactor": 2, "mobile": False}
    page.context.new_cdp_session(page).send("Emulation.setDeviceMetricsOverride", screen)
    page.wait_for_function("() => document.getElementById('pad').width > 700")
    assert pixels_under_one(page) == pytest.approx(1, abs=0.02)
    assert inked(page) == pytest.approx(4 * few, rel=0.1)


def expect_line_under_pointer(page: Page, density: float) -> None:
    """Draw a line, and look for it on the screen where the pointer was."""
    [[(x, y), end]] = on_pad(page, [[(0.3, 0.6), (0.31, 0.6)]])
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(*end)
    page.mouse.up()
    expect(page.locator("#clear")).to_be_enabled()
    assert inked(page) > 0
    page.mouse.move(0, 0)
    with Image.open(io.BytesIO(page.screenshot())) as screen:
        radius = 0.05 / 2 * page.locator("#pad").bounding_box()["width"]
        darkness = [
            255 - screen.convert("L").getpixel((round((x + dx) * density), round((y + dy) * density)))
            for dx, dy in ((0, 0), (-0.8 * radius, 0), (0, 0.8 * radius), (-1.3 * radius, 0), (0, 1.3 * radius))
        ]
    assert [each > 128 for each in darkness] == [True, True, True, False, False]


def pixels_under_one(page: Page) -> float:
    """How many pixels of the screen's one of the pad's is wide."""
    return page.evaluate(
        """() => {
            const pad = document.getElementById("pad");
            return (pad.getBoundingClientRect().width * devicePixelRatio) / pad.width;
        }"""
    )


# Every two of these meet in one row: width, pixels to a CSS pixel, colour scheme.
SCREENS = [(320, 1, "light"), (320, 3, "dark"), (768, 1, "dark"), (768, 3, "light"), (1440, 1, "light"),
           (1440, 3, "dark")]  # fmt: skip
POINTERS = ["touch", "pen", "pen", "touch", "mouse", "touch"]


@pytest.mark.parametrize(
    ("width", "scale", "scheme", "pointer"),
    [(*screen, pointer) for screen, pointer in zip(SCREENS, POINTERS, strict=True)],
)
def test_a_visit_from_the_first_stroke_to_the_last(open_page, width: int, scale: int, scheme: str, pointer: str):
    page = open_page(width=width, height=800, device_scale_factor=scale, color_scheme=scheme, has_touch=True)

    def press(target: str) -> None:
        (page.tap if pointer == "touch" else page.click)(target)

    draw(page, [*digit(7), [(0.38, 0.52), (0.68, 0.48)]], pointer)
    expect_digit(page, 7)
    expect(page.locator("#bars li").nth(7)).to_have_attribute("data-best", "")
    assert page.locator("#seen").evaluate("(image) => image.naturalWidth") == 28
    whole = inked(page)

    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    press("#layers canvas[data-layer=S2]")
    expect(page.locator("#map-caption")).to_contain_text("S2, ")
    press("#why button >> nth=2")
    expect(page.locator("#evidence")).to_contain_text("What would speak for a 2 rather than the 7")

    press("#yes")
    expect(page.locator("#verdict-note")).to_contain_text("kept as a 7")
    press("#undo")
    assert 0 < inked(page) < whole
    press("#redo")
    assert inked(page) == whole
    expect_digit(page, 7)
    press("#clear")
    assert inked(page) == 0
    expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_answer_comes_while_one_draws(page: Page):
    [stroke] = on_pad(page, digit(3))
    page.mouse.move(*stroke[0])
    page.mouse.down()
    for point in stroke[1:]:
        page.mouse.move(*point)
    expect_digit(page, 3)
    page.mouse.up()


def test_one_request_at_a_time_and_the_newest_drawing_wins(open_page):
    page = open_page()
    asked = []

    def hold_first(route) -> None:
        asked.append(route)
        if len(asked) > 1:
            route.continue_()

    page.route("**/predict*", hold_first)
    draw_with_mouse(page, digit(4)[:1])
    draw_with_mouse(page, digit(4)[1:])
    assert len(asked) == 1, "it is still unanswered, so nothing else was asked"
    asked[0].continue_()
    expect_digit(page, 4)


def test_what_was_cleared_keeps_nothing_waiting(page: Page):
    waiting = []
    page.route("**/predict*", lambda route: waiting.append(route))
    draw_with_mouse(page, digit(6))
    page.unroute("**/predict*")
    page.keyboard.press("Escape")
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    assert len(waiting) == 1, "and it is not answered yet"


def test_an_answer_that_comes_after_clearing_is_not_shown(page: Page):
    waiting = []
    page.route("**/predict*", lambda route: waiting.append(route))
    draw_with_mouse(page, [[(0.5, 0.2), (0.5, 0.8)]])
    with page.expect_event("requestfailed"):
        page.click("#clear")
    expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
    expect(page.locator("#digit")).to_have_text("?")


def test_a_first_drawing_is_seen_to_be_read(page: Page):
    waiting = []
    page.route("**/predict*", lambda route: waiting.append(route))
    draw_with_mouse(page, digit(4)[:1])
    expect(page.locator("#sentence")).to_have_text("Reading…")
    waiting[0].continue_()
    expect(page.locator("#answer")).to_have_attribute("data-state", re.compile("certain"))
    draw_with_mouse(page, digit(4)[1:])
    assert page.locator("#sentence").text_content() != "Reading…", "what was read stays until there is more"


def test_bars_seen_picture_and_confidence_are_shown(page: Page):
    draw_with_mouse(page, digit(8))
    expect_digit(page, 8)
    bars = page.locator("#bars li")
    expect(bars).to_have_count(10)
    expect(bars.nth(8)).to_have_attribute("data-best", "")
    width = "(row) => row.querySelector('.bar').getBoundingClientRect().width"
    page.wait_for_function(f"() => ({width})(document.querySelectorAll('#bars li')[8]) > 100")
    page.wait_for_function(f"() => ({width})(document.querySelectorAll('#bars li')[0]) < 30")
    expect(bars.nth(8).locator(".share")).to_have_text(re.compile(r"^(>\s)?\d+\.\d%$"))
    seen = page.locator("#seen")
    expect(seen).to_be_visible()
    assert seen.evaluate("(image) => [image.naturalWidth, image.naturalHeight]") == [28, 28]
    assert seen.evaluate("(image) => getComputedStyle(image).imageRendering") == "pixelated"


PREDICTION = {
    "digit": 4,
    "confidence": 0.9,
    "certain": True,
    "probabilities": [0] * 4 + [0.9, 0.1] + [0] * 4,
    "seen": f"data:image/png;base64,{base64.b64encode(png(Image.new('L', (28, 28)))).decode()}",
    "milliseconds": 1,
}


@pytest.mark.parametrize("width", [320, 768, 1440])
def test_nothing_moves_when_an_answer_comes_or_goes(open_page, width: int):
    names = ("#pad", ".tools", "#bars", "#inside")
    page = open_page(width=width)
    before = places_of(page, *names)
    draw_with_mouse(page, digit(8))
    expect_digit(page, 8)
    assert places_of(page, *names) == pytest.approx(before, abs=1)
    page.click("#yes")
    expect(page.locator("#verdict-note")).to_contain_text("kept as an 8")
    assert places_of(page, *names) == pytest.approx(before, abs=1)
    page.keyboard.press("Escape")
    expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
    assert places_of(page, *names) == pytest.approx(before, abs=1)


def places_of(page: Page, *names: str) -> list[float]:
    """How far below the window's top each of them is, in pixels."""
    return [page.locator(name).evaluate("(each) => each.getBoundingClientRect().top") for name in names]


MIDDLE = """(each) => {
    const { top, bottom } = each.getBoundingClientRect();
    return (top + bottom) / 2;
}"""


@pytest.mark.parametrize("width", [320, 1440])
@pytest.mark.parametrize("says", ["Draw a digit", "could not be read"])
def test_what_is_said_where_there_is_no_answer_stands_in_the_middle_of_its_card(open_page, width: int, says: str):
    page = open_page(width=width)
    if says != "Draw a digit":
        page.set_input_files("#choose", {"name": "x.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(page.locator("#sentence")).to_contain_text(says)
    middles = [page.locator(name).evaluate(MIDDLE) for name in ("#answer", "#sentence", "#digit")]
    assert middles == pytest.approx([middles[0]] * 3, abs=3)


@pytest.mark.parametrize(
    ("digit_read", "confidence", "is_certain", "said"),
    [
        (4, 0.99996, True, "This is a 4. More than 99.9% sure."),
        (4, 0.9932, True, "This is a 4. 99.3% sure."),
        (8, 0.43, False, "Perhaps an 8: only 43.0% sure."),
    ],
)
def test_how_sure_the_answer_is_is_said_in_words(
    page: Page, digit_read: int, confidence: float, is_certain: bool, said: str
):
    rest = [(1 - confidence) / 9] * 10
    answer = {
        "digit": digit_read,
        "confidence": confidence,
        "certain": is_certain,
        "probabilities": [*rest[:digit_read], confidence, *rest[digit_read + 1 :]],
    }
    page.route("**/predict*", lambda route: route.fulfill(json=PREDICTION | answer))
    draw_with_mouse(page, digit(4))
    expect(page.locator("#sentence")).to_have_text(said)


@pytest.mark.parametrize("end", [(0.5, 0.5), (0.512, 0.508)], ids=["still", "moved a little"])
def test_a_tap_is_no_digit_however_it_trembled(page: Page, end: tuple[float, float]):
    draw_with_mouse(page, [[(0.5, 0.5), end]])
    expect(page.locator("#sentence")).to_contain_text("does not look like a digit")
    page.keyboard.press("Escape")
    page.locator("#pen-size").fill("1")
    draw_with_mouse(page, [[(0.5, 0.4), (0.5, 0.6)]])
    expect_digit(page, 1)


def test_an_underlined_drawing_is_read_and_the_line_is_told_to_be_left_out(page: Page):
    draw_with_mouse(page, digit(7))
    expect_digit(page, 7)
    expect(page.locator("#preparation")).not_to_contain_text("left out")
    draw_with_mouse(page, [[(0.2, 0.96), (0.8, 0.95)]])
    expect(page.locator("#preparation")).to_contain_text("left out")
    expect_digit(page, 7)


@pytest.mark.parametrize(
    ("preparation", "said"),
    [
        (["inverted"], ["lighter than the paper"]),
        (["shadow_removed"], ["shadow"]),
        (["parts_left_out"], ["left out"]),
        (["inverted", "shadow_removed", "of_tomorrow"], ["exchanged", "shadow"]),
        (["redrawn"], []),
        (["of_tomorrow", "constructor"], []),
        ([], []),
        (None, []),
    ],
)
def test_what_was_done_to_a_picture_is_told_beside_what_the_network_saw(
    page: Page, preparation: list[str] | None, said: list[str]
):
    answer = PREDICTION if preparation is None else PREDICTION | {"preparation": preparation}
    page.route("**/predict*", lambda route: route.fulfill(json=answer))
    page.set_input_files("#choose", handwriting.DATA / "0.png")
    expect_digit(page, 4)
    sentence = page.locator("#preparation")
    expect(sentence).to_be_visible(visible=bool(said))
    assert sentence.text_content().count(".") == len(said)
    for words in said:
        expect(sentence).to_contain_text(words)
    page.keyboard.press("Escape")
    expect(sentence).to_be_hidden()


@pytest.mark.parametrize(
    ("pen", "size", "said"), [("5", 1, None), ("12", 0.3, "Your pen is thick"), ("1", 1, "Your pen is thin")]
)
def test_strokes_drawn_anew_are_worth_a_sentence_where_the_pen_was_not_like_mnist_s(
    page: Page, pen: str, size: float, said: str | None
):
    page.route("**/predict*", lambda route: route.fulfill(json=PREDICTION | {"preparation": ["redrawn"]}))
    page.locator("#pen-size").fill(pen)
    draw_with_mouse(page, [[(x * size, y * size) for x, y in stroke] for stroke in digit(4)])
    expect_digit(page, 4)
    expect(page.locator("#preparation")).to_contain_text(said or re.compile("^$"))


WORDS_ON_THE_PAGE = """() => {
    const found = [document.title];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = walker.currentNode; node; node = walker.nextNode()) {
        if (node.nodeType === Node.TEXT_NODE) found.push(node.data);
        else {
            for (const name of ["alt", "aria-description", "aria-label", "placeholder", "title"])
                found.push(node.getAttribute(name) ?? "");
            for (const part of ["::before", "::after"]) found.push(getComputedStyle(node, part).content);
        }
    }
    return found.filter((text) => text !== "none");
}"""


def test_every_word_on_the_page_comes_from_one_file_so_that_it_can_be_translated(open_page, tmp_path: Path):
    home = tmp_path / "translated"
    for name in ("net", "views", "static", "checkpoints"):
        shutil.copytree(HOME / name, home / name)
    shutil.copy(HOME / "server.py", home)
    words = home / "views" / "words.json"
    words.write_text(json.dumps(translated(json.loads(words.read_text("utf-8")))), "utf-8")
    running = start_server(tmp_path, home=home)
    page = open_page(running.url)
    seen = set()

    def look() -> None:
        seen.update(page.evaluate(WORDS_ON_THE_PAGE))

    assert page.locator("html").get_attribute("lang") == "uk"
    look()
    first, last = (page.locator(f"#bars li:first-child .{name}").bounding_box()["x"] for name in ("name", "share"))
    assert first > last, "the page is laid out from the right to the left"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    draw_with_mouse(page, digit(8))
    expect_digit(page, 8)
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    first, last = (page.locator(f".outputs span:{which}-child").bounding_box()["x"] for which in ("first", "last"))
    assert first < last, "as the maps above them"
    look()
    page.click("#yes")
    expect(page.locator("#verdict-note")).not_to_be_empty()
    page.click("#copy-curl")
    expect(page.locator("#note")).not_to_be_empty()
    look()
    page.click("#others button >> nth=3")
    page.click("#why button >> nth=3")
    page.locator("#layers canvas").nth(1).hover()
    expect(page.locator("#why button").nth(3)).to_have_attribute("aria-pressed", "true")
    look()
    contents = [(handwriting.DATA / "0.png").read_bytes(), b"no picture", png(Image.new("L", (90, 90), 255))]
    files = [{"name": str(n), "mimeType": "image/png", "buffer": content} for n, content in enumerate(contents)]
    page.set_input_files("#choose", files)
    expect(page.locator("#gallery span").last).not_to_have_text("…")
    look()
    page.set_input_files("#choose", {"name": "4", "mimeType": "text/plain", "buffer": b""})
    look()
    running.stop()
    running.process.stdout.close()
    page.keyboard.press("Escape")
    page.locator("#pad").scroll_into_view_if_needed()
    draw_with_mouse(page, digit(1))
    expect(page.locator("#answer")).to_have_attribute("data-state", "error")
    look()
    assert len(seen) > 100
    assert [text for text in seen if re.search("[A-Za-z]{2}", text)] == []


LOCALE = {"language": "uk", "direction": "rtl"}  # of no people, but with what one may have of both


def translated(words: Any) -> Any:
    """``words`` in a language without Latin letters, but for what stands in braces."""
    if isinstance(words, dict):
        return {key: LOCALE.get(key) or translated(each) for key, each in words.items()}
    if isinstance(words, list):
        return [translated(each) for each in words]
    return re.sub(r"(\{.*?\})|[A-Za-z]", lambda found: found[1] or "ж", words)


def test_an_eight_has_its_own_article(page: Page):
    draw_with_mouse(page, digit(8))
    expect(page.locator("#sentence")).to_contain_text("This is an 8.")
    expect(page.get_by_role("button", name="No, it is an 8")).to_have_count(1)


def test_developers_are_led_to_the_interface(page: Page):
    link = page.get_by_role("link", name="The HTTP interface")
    expect(link).to_be_visible()
    assert link.evaluate("(link) => link.href") == f"{page.url}api"


def test_the_first_load_is_small(page: Page):
    page.wait_for_load_state("networkidle")
    loaded = page.evaluate(
        """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
            .reduce((sum, entry) => sum + entry.transferSize, 0)"""
    )
    assert 10_000 < loaded < 60_000


def test_undo_takes_back_a_stroke_and_clear_all_of_them(page: Page):
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    whole = inked(page)
    page.click("#undo")
    assert 0 < inked(page) < whole
    page.click("#undo")
    expect(page.locator("#undo")).to_be_disabled()
    expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
    draw_with_mouse(page, digit(5))
    page.click("#clear")
    expect(page.locator("#sentence")).to_have_text("Draw a digit from 0 to 9.")
    assert inked(page) == 0


def test_redo_brings_back_what_was_undone_or_cleared(page: Page):
    expect(page.locator("#redo")).to_be_disabled()
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    whole = inked(page)
    page.keyboard.press("Control+z")
    fewer = inked(page)
    page.keyboard.press("Control+Shift+z")
    assert fewer < inked(page) == whole
    expect(page.locator("#redo")).to_be_disabled()
    page.keyboard.press("Escape")
    assert inked(page) == 0
    page.click("#undo")
    assert inked(page) == whole
    expect_digit(page, 4)
    page.click("#undo")
    draw_with_mouse(page, [[(0.1, 0.1), (0.12, 0.12)]])
    expect(page.locator("#redo")).to_be_disabled()


@pytest.mark.parametrize("what", ["eraser", "touch"])
def test_a_stroke_that_never_was_leaves_what_can_be_redone(open_page, what: str):
    page = open_page(has_touch=True)
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    whole = inked(page)
    page.click("#undo")
    come_to_nothing(page, what)
    page.click("#redo")
    assert inked(page) == whole
    page.set_input_files("#choose", handwriting.DATA / "7.png")
    expect_digit(page, 7)
    draw_with_mouse(page, digit(3))
    expect_digit(page, 3)
    page.click("#undo")
    expect_digit(page, 7)
    come_to_nothing(page, what)
    expect_digit(page, 7)
    page.click("#redo")
    expect_digit(page, 3)
    expect(page.locator("#picture")).to_be_hidden()


def come_to_nothing(page: Page, what: str) -> None:
    """Draw with an eraser where there is no line, or begin to with a finger, of which the system then thinks better."""
    if what == "eraser":
        page.check("input[value=eraser]", force=True)
        draw_with_mouse(page, [[(0.02, 0.02), (0.05, 0.02)]])
        page.check("input[value=ink]", force=True)
    else:
        devtools, _ = lay_palm(page)
        devtools.send("Input.dispatchTouchEvent", {"type": "touchCancel", "touchPoints": []})


def choose_pictures_over_a_drawing(page: Page) -> None:
    """Draw a 4, choose a 3 and a 2 in its place, and have the 2 shown large."""
    draw_with_mouse(page, digit(4))
    page.set_input_files("#choose", [handwriting.DATA / name for name in ("3.bmp", "2.gif")])
    expect_digit(page, 3)
    page.locator("#gallery button").nth(1).click()
    expect_digit(page, 2)


def test_pictures_that_were_undone_by_mistake_come_back(page: Page):
    choose_pictures_over_a_drawing(page)
    page.keyboard.press("Control+z")
    expect_digit(page, 4)
    expect(page.locator("#gallery")).to_be_hidden()
    page.keyboard.press("Control+y")
    expect_digit(page, 2)
    expect(page.locator("#gallery [aria-pressed=true]")).to_contain_text("2 · ")
    page.set_input_files("#choose", handwriting.DATA / "7.png")
    expect_digit(page, 7)
    page.click("#undo")
    expect_digit(page, 2)
    page.click("#redo")
    expect_digit(page, 7)
    page.click("#undo")
    draw_with_mouse(page, digit(1))
    expect_digit(page, 1)
    expect(page.locator("#redo")).to_be_disabled()


def test_ink_ends_where_the_pad_does(page: Page):
    beyond = [[(0.2, 0.3), (0.8, 0.3), (0.45, 0.95), (0.44, 1.1), (0.9, 1.3)]]
    with page.expect_response(lambda response: "/predict" in response.url):
        draw_with_mouse(page, beyond)
    expect_digit(page, 7)
    sent = sent_strokes(page, lambda: page.keyboard.press("Control+z"), lambda: page.keyboard.press("Control+Shift+z"))
    assert len(sent) == 1
    assert all(0 <= place <= 1 for stroke in sent for point in stroke for place in point)
    assert sent[0][-1] == pytest.approx((0.4467, 1), abs=0.01), "where the line crosses the rim"
    page.click("#clear")
    out_and_back = [[(0.3, 0.5), (0.3, 1.2), (0.6, 1.2), (0.6, 0.5)]]
    draw_with_mouse(page, out_and_back)
    sent = sent_strokes(page, lambda: page.keyboard.press("Control+z"), lambda: page.keyboard.press("Control+Shift+z"))
    assert [(stroke[0], stroke[-1]) for stroke in sent] == [
        (pytest.approx([0.3, 0.5], abs=0.01), pytest.approx([0.3, 1], abs=0.01)),
        (pytest.approx([0.6, 1], abs=0.01), pytest.approx([0.6, 0.5], abs=0.01)),
    ]


def sent_strokes(page: Page, *steps) -> list[list[list[float]]]:
    """What is asked about after ``steps``."""
    with page.expect_request("**/predict*") as asked:
        for step in steps:
            step()
    return json.loads(asked.value.post_data)["strokes"]


def test_a_drawing_outlives_a_reload_and_can_be_undone(page: Page):
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    page.reload()
    expect_digit(page, 4)
    page.click("text=The HTTP interface")
    page.go_back()
    expect_digit(page, 4)
    page.click("#undo")
    assert inked(page) == 0
    page.reload()
    expect(page.locator("#sentence")).to_have_text("Draw a digit from 0 to 9.")
    assert inked(page) == 0
    page.goto(f"{page.url}api")
    page.evaluate("sessionStorage.setItem('drawing', '[{\"points\": 7}]')")
    page.click("text=Back to the drawing pad")
    expect(page.locator("#sentence")).to_have_text("Draw a digit from 0 to 9.")
    draw_with_mouse(page, digit(7))
    expect_digit(page, 7)


def test_an_eraser_that_has_erased_all_gives_way_to_the_pen(page: Page):
    page.check("input[value=blue]", force=True)
    draw_with_mouse(page, digit(5))
    expect_digit(page, 5)
    page.check("input[value=eraser]", force=True)
    page.click("#clear")
    expect(page.locator("input[value=blue]")).to_be_checked()
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)


def test_asking_again_is_seen_and_heard(page: Page):
    fail = {"status": 500, "content_type": "application/json", "body": '{"error": {"code": "x", "message": "No."}}'}
    page.route("**/predict*", lambda route: route.fulfill(**fail))
    draw_with_mouse(page, digit(4))
    again = page.locator("#again")
    again.click()
    expect(page.locator("#spoken")).to_have_text("No.")
    page.unroute("**/predict*")
    waiting = []
    page.route("**/predict*", lambda route: waiting.append(route))
    again.focus()
    with page.expect_request("**/predict*"):
        again.press("Enter")
    expect(page.locator("#sentence")).to_have_text("Reading…")
    expect(page.locator("#spoken")).to_have_text("")
    expect(again).to_be_focused()
    again.press("Enter")
    assert len(waiting) == 1, "it has been asked"
    waiting[0].fulfill(**fail)
    expect(page.locator("#spoken")).to_have_text("No.")
    page.unroute("**/predict*")
    again.press("Enter")
    expect_digit(page, 4)


def test_a_long_name_of_a_file_makes_no_page_wider(open_page):
    page = open_page(width=360, height=640, permissions=["clipboard-write"])
    name = "123456789_" * 15 + "n.png"
    content = (handwriting.DATA / "7.png").read_bytes()
    page.set_input_files("#choose", {"name": name, "mimeType": "image/png", "buffer": content})
    expect_digit(page, 7)
    page.click("#copy-curl")
    expect(page.locator("#note")).to_contain_text("123456789_")
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_zoomed_to_four_times_the_page_still_says_what_it_is(open_page):
    page = open_page(width=320, height=256)
    expect(page.locator("header h1")).to_be_in_viewport()
    assert page.locator("header").bounding_box()["width"] > 100


def test_the_keyboard_enlarges_the_maps_of_the_layer_that_it_comes_to(page: Page):
    draw_with_mouse(page, digit(7))
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    page.locator("#layers canvas[data-layer=C1]").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#map-caption")).to_have_text("S2, map 1 of 32")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#map-caption")).to_have_text("S2, map 2 of 32")


def test_the_eraser_takes_away_what_it_touches_and_the_rest_is_read_anew(page: Page):
    crossed = [*digit(7), [(0.34, 0.55), (0.7, 0.5)]]
    draw_with_mouse(page, [*crossed, [(0.1, 0.9), (0.9, 0.93)]])
    expect(page.locator("#clear")).to_be_enabled()
    whole = inked(page)
    page.check("input[value=eraser]", force=True)
    draw_with_mouse(page, [[(0.02, 0.93), (0.98, 0.96)]])
    assert inked(page) < whole
    for x in (0.15, 0.35, 0.5, 0.65, 0.85):
        assert pixel(page, x, 0.9 + 0.0375 * (x - 0.1)) == pixel(page, 0.01, 0.01), "however quick the hand"
    expect_digit(page, 7)
    page.click("#undo")
    assert inked(page) == whole


def test_a_pen_draws_as_hard_as_it_is_pressed_and_its_palm_does_not_draw(open_page):
    page = open_page(has_touch=True)
    draw(page, digit(3), "pen", pressure=0.2)
    light = inked(page)
    expect_digit(page, 3)
    page.keyboard.press("Escape")
    draw(page, digit(3), "pen", pressure=0.9)
    pressed = inked(page)
    assert pressed > 1.5 * light
    draw(page, [[(0.9, 0.9), (0.95, 0.95)]], "touch")
    assert inked(page) == pressed


def lay_palm(page: Page) -> tuple[CDPSession, handwriting.Point]:
    """A touch in a corner of the pad that slides a little and stays, and where it is then."""
    devtools = page.context.new_cdp_session(page)
    [[down, slid]] = on_pad(page, [[(0.8, 0.9), (0.85, 0.9)]])
    touch_at(devtools, "down", down)
    touch_at(devtools, "move", slid)
    return devtools, slid


def test_a_palm_that_comes_before_the_pen_gives_way_to_it(open_page):
    page = open_page(has_touch=True)
    devtools, at = lay_palm(page)
    draw(page, digit(7), "pen")
    touch_at(devtools, "up", at)
    expect_digit(page, 7)
    assert pixel(page, 0.8, 0.9) == pixel(page, 0.01, 0.01)
    page.click("#undo")
    assert inked(page) == 0
    expect(page.locator("#undo")).to_be_disabled()


def test_a_palm_that_the_system_takes_back_leaves_nothing(open_page):
    page = open_page(has_touch=True)
    devtools, at = lay_palm(page)
    expect(page.locator("#clear")).to_be_enabled()
    devtools.send("Input.dispatchTouchEvent", {"type": "touchCancel", "touchPoints": []})
    expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
    expect(page.locator("#undo")).to_be_disabled()
    assert inked(page) == 0
    page.set_input_files("#choose", [handwriting.DATA / name for name in ("3.bmp", "2.gif")])
    expect_digit(page, 3)
    touch_at(devtools, "down", at)
    expect(page.locator("#picture")).to_be_hidden()
    devtools.send("Input.dispatchTouchEvent", {"type": "touchCancel", "touchPoints": []})
    expect_digit(page, 3)
    expect(page.locator("#gallery button")).to_have_count(2)


def test_a_finger_draws_again_once_the_pen_is_put_away(open_page):
    page = open_page(has_touch=True)
    page.clock.install()
    draw(page, [[(0.5, 0.2), (0.5, 0.8)]], "pen")
    page.clock.run_for(6_000)
    draw(page, [[(0.2, 0.5), (0.8, 0.5)]], "touch")
    page.clock.run_for(1_000)
    assert pixel(page, 0.3, 0.5) != pixel(page, 0.01, 0.01)


def test_a_mouse_whose_release_nobody_told_of_draws_no_more(page: Page):
    draw_with_mouse(page, [[(0.5, 0.2), (0.5, 0.8)]])
    expect_digit(page, 1)
    [[start, end, (x, y)]] = on_pad(page, [[(0.2, 0.2), (0.3, 0.2), (0.8, 0.6)]])
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end)
    page.evaluate(  # as where a menu took the release, of which Chromium would tell here
        """([clientX, clientY]) => {
            const mouse = { pointerId: 1, pointerType: "mouse", buttons: 0, clientX, clientY };
            document.getElementById("pad").dispatchEvent(new PointerEvent("pointermove", mouse));
        }""",
        [x, y],
    )
    page.mouse.up()
    assert pixel(page, 0.25, 0.2) != pixel(page, 0.8, 0.6) == pixel(page, 0.01, 0.01)
    page.click("#undo")
    assert pixel(page, 0.25, 0.2) == pixel(page, 0.01, 0.01)


def test_undo_is_where_it_lies_on_keyboards_of_other_letters(page: Page):
    draw_with_mouse(page, digit(1))
    expect_digit(page, 1)
    page.evaluate(
        """() => document.dispatchEvent(new KeyboardEvent("keydown", { key: "я", code: "KeyZ", ctrlKey: true }))"""
    )
    assert inked(page) == 0


def test_strokes_go_to_the_server_so_that_the_thickest_pen_is_read(page: Page):
    page.locator("#pen-size").fill("12")
    with page.expect_request("**/predict*") as sent:
        draw_with_mouse(page, digit(8))
    assert json.loads(sent.value.post_data)["strokes"][0]
    expect_digit(page, 8)
    expect(page.locator("#answer")).to_have_attribute("data-state", "certain")


def test_a_mouse_that_tells_of_every_hair_s_breadth_draws_no_more_points_than_are_seen(page: Page):
    line = [(0.5 + 0.0003 * step, 0.2 + 0.0009 * step) for step in range(402)]
    with page.expect_response(lambda response: is_at_end(response, line[-1])) as last:
        draw_with_mouse(page, [line])
    points = json.loads(last.value.request.post_data)["strokes"][-1]
    assert 100 < len(points) < 250
    assert points[0] == pytest.approx(line[0], abs=0.0002)


def is_at_end(response: Response, end: handwriting.Point) -> bool:
    """Whether it answers a drawing whose last line goes to ``end`` and no less far."""
    sent = json.loads(response.request.post_data)["strokes"] if "/predict" in response.url else [[None]]
    return sent[-1][-1] == pytest.approx(end, abs=0.0002)


@pytest.mark.parametrize("clipboard", ["allowed", "refused"])
def test_copied_as_curl_the_drawing_can_be_sent_from_a_terminal(open_page, server: RunningServer, clipboard: str):
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url.rstrip("/"))
    if clipboard == "refused":  # as on a page that came by plain HTTP from elsewhere
        page.evaluate(
            "() => Object.defineProperty(navigator.clipboard, 'writeText', { value: () => Promise.reject() })"
        )
    draw_with_mouse(page, digit(6))
    expect_digit(page, 6)
    page.click("#copy-curl")
    expect(page.locator("#note")).to_contain_text("clipboard")
    command = page.evaluate("() => navigator.clipboard.readText()")
    ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert json.loads(ran.stdout)["digit"] == 6, (command, ran.stderr)


def test_copied_as_curl_a_picture_goes_by_its_name(open_page, server: RunningServer, tmp_path: Path):
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url.rstrip("/"))
    name = "it's a, seven.png"
    (tmp_path / name).write_bytes((handwriting.DATA / "7.png").read_bytes())
    page.set_input_files("#choose", tmp_path / name)
    expect_digit(page, 7)
    page.click("#copy-curl")
    expect(page.locator("#note")).to_contain_text("clipboard")
    assert name in (page.locator("#note").text_content() or "")
    command = page.evaluate("() => navigator.clipboard.readText()")
    ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert json.loads(ran.stdout)["digit"] == 7, (command, ran.stderr)


def test_pen_size_and_colour_change_the_line(page: Page):
    line = [[(0.2, 0.5), (0.8, 0.5)]]
    draw_with_mouse(page, line)
    expect(page.locator("#clear")).to_be_enabled()
    thin = inked(page)
    assert pixel(page, 0.5, 0.5) == [20, 22, 26]
    page.keyboard.press("Escape")
    page.locator("#pen-size").fill("10")
    page.check("input[value=red]", force=True)
    draw_with_mouse(page, line)
    assert inked(page) > 1.6 * thin
    assert pixel(page, 0.5, 0.5) == [194, 31, 44]


@pytest.mark.parametrize("colour", ["ink", "blue", "red", "green"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_ink_is_read_in_light_and_dark(open_page, scheme: str, colour: str):
    page = open_page(color_scheme=scheme)
    page.check(f"input[value={colour}]", force=True)
    draw_with_mouse(page, digit(2))
    expect_digit(page, 2)
    paper = pixel(page, 0.01, 0.01)
    assert (sum(paper) > 600) == (scheme == "light")


def test_resizing_the_window_keeps_the_drawing(page: Page):
    draw_with_mouse(page, digit(9))
    expect_digit(page, 9)
    page.set_viewport_size({"width": 400, "height": 800})
    page.wait_for_function("() => document.getElementById('pad').width < 400")
    assert inked(page) > 500
    page.click("#undo")
    expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
    page.click("#redo")
    expect_digit(page, 9)


def test_resizing_in_the_middle_of_a_stroke_leaves_one_line(page: Page):
    half = [(0.5, 0.2 + 0.03 * step) for step in range(11)]
    for window, points in ((None, half), ({"width": 600, "height": 900}, [(x, y + 0.3) for x, y in half])):
        if window:
            page.set_viewport_size(window)
        for point in on_pad(page, [points])[0]:
            page.mouse.move(*point)
            page.mouse.down()
    page.mouse.up()
    expect_digit(page, 1)
    assert pixel(page, 0.5, 0.3) == pixel(page, 0.5, 0.7) != pixel(page, 0.3, 0.5)


def test_there_is_nothing_to_undo_before_the_first_stroke_nor_after_an_eraser_that_met_none(page: Page):
    for keys in ("Control+z", "Control+Shift+z", "Control+z", "Escape"):
        page.keyboard.press(keys)
    page.check("input[value=eraser]", force=True)
    draw_with_mouse(page, [[(0.2, 0.2), (0.8, 0.8)]])
    expect(page.locator("#undo")).to_be_disabled()
    page.check("input[value=ink]", force=True)
    draw_with_mouse(page, digit(3))
    expect_digit(page, 3)
    page.check("input[value=eraser]", force=True)
    draw_with_mouse(page, [[(0.02, 0.02), (0.05, 0.02)]])
    page.click("#undo")
    assert inked(page) == 0
    expect(page.locator("#undo")).to_be_disabled()


@pytest.mark.parametrize("path", sorted(handwriting.DATA.iterdir()), ids=lambda path: path.name)
def test_a_chosen_picture_is_shown_beside_its_digit(page: Page, path: Path):
    draw_with_mouse(page, digit(3))
    page.set_input_files("#choose", path)
    expect_digit(page, int(path.stem))
    expect(page.locator("#picture")).to_be_visible()
    assert page.locator("#picture").evaluate("(image) => image.naturalWidth") > 20


HAND_OVER = """([event, target, name, type, encoded]) => {
    const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, { type }));
    const options = { bubbles: true, cancelable: true };
    document.querySelector(target).dispatchEvent(event === "paste"
        ? new ClipboardEvent("paste", { ...options, clipboardData: transfer })
        : new DragEvent("drop", { ...options, dataTransfer: transfer }));
}"""


@pytest.mark.parametrize(("event", "target"), [("drop", "#pad"), ("drop", "header"), ("paste", "body")])
def test_a_dropped_or_pasted_picture_is_read(page: Page, event: str, target: str):
    path = handwriting.DATA / "1.jpg"
    page.evaluate(HAND_OVER, [event, target, path.name, "image/jpeg", base64.b64encode(path.read_bytes()).decode()])
    expect_digit(page, 1)
    expect(page.locator("#picture")).to_be_visible()


def test_what_is_dropped_and_no_picture_is_told_to_be_none(page: Page):
    page.evaluate(HAND_OVER, ["drop", "#pad", "letter.txt", "text/plain", ""])
    expect(page.locator("#sentence")).to_contain_text("not a picture")
    draw_with_mouse(page, digit(3))
    expect_digit(page, 3)


def drag_to_pad(page: Page, event: str, items: list[dict[str, str]], files: list[str]) -> None:
    """Have something dragged from another program come to the pad ("dragEnter", "dragOver"), or be dropped ("drop")."""
    [[(x, y)]] = on_pad(page, [[(0.5, 0.5)]])
    data = {"items": items, "files": files, "dragOperationsMask": 1}
    page.context.new_cdp_session(page).send("Input.dispatchDragEvent", {"type": event, "x": x, "y": y, "data": data})


TEXT = {"mimeType": "text/plain", "data": "seven"}
ADDRESS = {"mimeType": "text/uri-list", "data": "http://elsewhere.example/7.png"}


@pytest.mark.parametrize(
    ("items", "files", "is_expected", "said"),
    [
        ([TEXT], [], False, ""),
        ([ADDRESS, {"mimeType": "text/html", "data": "<img>"}], [], False, "Save the picture first"),
        ([], [str(handwriting.DATA)], True, "That is a folder"),
        ([], [str(handwriting.DATA / "7.png")], True, None),
        ([], [str(handwriting.DATA), str(handwriting.DATA / "7.png")], True, None),
    ],
    ids=["text", "a picture of another page", "a folder", "a picture", "both"],
)
def test_what_is_dragged_to_the_pad_is_expected_where_it_may_be_read(
    page: Page, items: list[dict[str, str]], files: list[str], is_expected: bool, said: str | None
):
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    for event in ("dragEnter", "dragOver"):
        drag_to_pad(page, event, items, files)
    expect(page.locator(".drop-hint")).to_be_visible(visible=is_expected)
    drag_to_pad(page, "drop", items, files)
    expect(page.locator(".drop-hint")).to_be_hidden()
    if said is None:
        expect_digit(page, 7)
    else:
        expect(page.locator("#note")).to_contain_text(said or re.compile("^$"))
        expect_digit(page, 4)


def test_the_page_s_own_pictures_are_not_dragged(page: Page):
    page.set_input_files("#choose", [handwriting.DATA / name for name in ("3.bmp", "2.gif")])
    expect_digit(page, 3)
    for picture in ("#seen", "#gallery img >> nth=1"):
        page.drag_and_drop(picture, "#pad")
        expect(page.locator("#note")).to_be_empty()
        expect_digit(page, 3)


def test_twenty_pictures_are_all_read(page: Page):
    files = [handwriting.DATA / name for name in ("0.png", "1.jpg", "2.gif", "3.bmp")] * 5
    page.set_input_files("#choose", files)
    for number in range(20):
        expect(page.locator("#gallery button").nth(number)).to_contain_text(re.compile(rf"^{number % 4} · "))
    expect(page.locator("#gallery [aria-pressed=true]")).to_have_count(1)


def test_a_file_that_is_gone_when_it_is_read_again_is_told(page: Page, tmp_path: Path):
    path = tmp_path / "seven.png"
    path.write_bytes((handwriting.DATA / "7.png").read_bytes())
    page.set_input_files("#choose", path)
    expect_digit(page, 7)
    path.unlink()
    page.click("#clear")
    page.click("#undo")
    expect(page.locator("#sentence")).to_contain_text("Choose it again")


def test_a_picture_of_several_that_fails_for_the_moment_is_asked_about_once_more(page: Page):
    failures = []

    def fail_once(route) -> None:
        if "seen" in route.request.url or failures:
            route.continue_()
        else:
            failures.append(route.fulfill(status=500, body="no answer of ours"))

    page.route("**/predict*", fail_once)
    page.set_input_files("#choose", [handwriting.DATA / name for name in ("3.bmp", "2.gif", "7.png")])
    expect(page.locator("#gallery-status")).to_have_text("3 pictures have been read.")
    assert failures


def test_several_pictures_make_a_gallery(page: Page, tmp_path: Path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    files = [handwriting.DATA / name for name in ("0.png", "1.jpg", "2.gif")]
    page.set_input_files("#choose", [*files, tmp_path / "broken.png"])
    tiles = page.locator("#gallery button")
    expect(tiles).to_have_count(4)
    for number in range(3):
        expect(tiles.nth(number)).to_contain_text(re.compile(rf"^{number} · "))
    expect(tiles.nth(3)).to_have_accessible_name("broken.png not read")
    expect(tiles.nth(3)).to_have_attribute("title", re.compile(r"^broken\.png\n.*could not be read"))
    expect(page.locator("#gallery-status")).to_have_text("3 of 4 pictures have been read.")
    expect_digit(page, 0)
    tiles.nth(2).click()
    expect_digit(page, 2)
    expect(tiles.nth(2)).to_have_attribute("aria-pressed", "true")
    tiles.nth(3).click()
    expect(page.locator("#sentence")).to_contain_text("could not be read")
    page.set_input_files("#choose", handwriting.DATA / "3.bmp")
    expect_digit(page, 3)
    expect(page.locator("#gallery")).to_be_hidden()


@pytest.mark.parametrize("size", [(360, 640), (390, 844)])
def test_on_a_phone_the_gallery_is_a_strip_and_what_is_tapped_in_it_is_seen(open_page, size: tuple[int, int]):
    page = open_page(width=size[0], height=size[1], has_touch=True, is_mobile=True)
    scroll_to(page, 10_000)
    page.set_input_files("#choose", sorted(handwriting.DATA.iterdir()))
    tiles = page.locator("#gallery button")
    expect(tiles).to_have_count(10)
    expect_in_window(page, "#paper")
    expect(page.locator("#gallery")).to_be_in_viewport()
    above, strip, below = places_of(page, ".buttons", "#gallery", "#answer")
    assert above < strip < below
    assert len({tile.bounding_box()["y"] for tile in tiles.all()}) == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#gallery").evaluate("(gallery) => gallery.scrollIntoView({ block: 'start' })")
    tiles.nth(1).tap()
    expect_digit(page, 1)
    expect_in_window(page, "#paper")


def expect_in_window(page: Page, name: str) -> None:
    """All of it."""
    box = page.locator(name).evaluate("(each) => each.getBoundingClientRect().toJSON()")
    assert box["top"] >= 0, name
    assert box["bottom"] <= page.viewport_size["height"], name


def test_drawing_puts_the_picture_away(page: Page):
    page.set_input_files("#choose", handwriting.DATA / "0.png")
    expect_digit(page, 0)
    draw_with_mouse(page, digit(7))
    expect_digit(page, 7)
    expect(page.locator("#picture")).to_be_hidden()


@pytest.mark.parametrize("content", [(handwriting.DATA / "0.png").read_bytes(), b"no picture"])
def test_a_picture_leaves_the_drawing_under_it_as_it_was(page: Page, content: bytes):
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    page.set_input_files("#choose", {"name": "0.png", "mimeType": "image/png", "buffer": content})
    expect(page.locator("#digit")).not_to_have_text("4")
    page.keyboard.press("Control+z")
    expect(page.locator("#picture")).to_be_hidden()
    expect_digit(page, 4)


def test_clearing_a_picture_leaves_an_empty_pad_and_undoing_brings_all_back(page: Page):
    draw_with_mouse(page, digit(4))
    page.set_input_files("#choose", [handwriting.DATA / name for name in ("3.bmp", "2.gif")])
    expect_digit(page, 3)
    page.click("#clear")
    expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
    expect(page.locator("#gallery")).to_be_hidden()
    assert inked(page) == 0
    page.click("#undo")
    expect_digit(page, 3)
    expect(page.locator("#gallery button")).to_have_count(2)
    page.click("#undo")
    expect_digit(page, 4)


def test_a_line_drawn_over_pictures_by_mistake_is_undone_with_what_it_did_to_them(page: Page):
    choose_pictures_over_a_drawing(page)
    draw_with_mouse(page, [[(0.5, 0.2), (0.5, 0.8)]])
    expect_digit(page, 1)
    expect(page.locator("#gallery")).to_be_hidden()
    page.click("#clear")
    expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
    page.click("#undo")
    expect_digit(page, 1)
    page.click("#undo")
    expect_digit(page, 2)
    expect(page.locator("#gallery [aria-pressed=true]")).to_contain_text("2 · ")
    page.click("#undo")
    expect_digit(page, 4)


def test_pasted_text_changes_nothing(page: Page):
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    page.evaluate(
        """() => {
            const transfer = new DataTransfer();
            transfer.setData("text/plain", "7");
            document.body.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, clipboardData: transfer }));
        }"""
    )
    expect_digit(page, 4)
    expect(page.locator("#note")).to_be_empty()


def test_what_is_dropped_on_a_drawing_and_no_picture_is_told_beside_its_answer(page: Page):
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    page.evaluate(HAND_OVER, ["drop", "#pad", "letter.txt", "text/plain", ""])
    expect(page.locator("#note")).to_contain_text("not a picture")
    expect_digit(page, 4)


def test_on_a_phone_it_is_seen_what_became_of_a_file_that_is_no_picture(open_page):
    page = open_page(width=360, height=640, has_touch=True)
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    letter = {"name": "letter.txt", "mimeType": "text/plain", "buffer": b"seven"}
    page.set_input_files("#choose", letter)
    expect(page.locator("#note")).to_contain_text("not a picture")
    expect(page.locator("#note")).to_be_in_viewport()
    seven = {"name": "7.png", "mimeType": "image/png", "buffer": (handwriting.DATA / "7.png").read_bytes()}
    page.set_input_files("#choose", [letter, seven])
    expect_digit(page, 7)
    expect(page.locator("#note")).to_have_text("What is no picture file was left out.")


def test_a_picture_that_the_browser_cannot_show_covers_the_drawing_with_its_name(page: Page):
    draw_with_mouse(page, digit(4))
    page.set_input_files("#choose", {"name": "scan.tif", "mimeType": "image/tiff", "buffer": b"II*"})
    expect(page.locator("#not-shown")).to_contain_text("scan.tif")
    expect(page.locator("#answer")).to_have_attribute("data-state", "error")
    page.click("#undo")
    expect(page.locator("#not-shown")).to_be_hidden()
    expect_digit(page, 4)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ink", ["white", "black"])
def test_ink_on_a_transparent_picture_is_seen(open_page, scheme: str, ink: str):
    page = open_page(color_scheme=scheme)
    picture = Image.new("RGBA", (120, 120), (0, 0, 0, 0))
    picture.paste(ink, (55, 15, 65, 105))
    page.set_input_files("#choose", {"name": "1.png", "mimeType": "image/png", "buffer": png(picture)})
    expect(page.locator("#picture")).to_have_attribute("data-transparent", "")
    shot = Image.open(io.BytesIO(page.locator("#paper").screenshot())).convert("L")
    middle = shot.height // 2
    assert abs(shot.getpixel((middle, middle)) - shot.getpixel((middle // 2, middle))) > 60


def test_a_screen_on_its_side_shows_the_whole_pad_and_the_answer(open_page):
    page = open_page(width=667, height=375, has_touch=True)
    page.locator("#pad").scroll_into_view_if_needed()
    draw(page, digit(4), "touch")
    expect_digit(page, 4)
    for name in ("#pad", "#digit"):
        box = page.locator(name).evaluate("(each) => each.getBoundingClientRect().toJSON()")
        assert box["top"] >= 0, name
        assert box["bottom"] <= 375, name


def test_of_a_phone_held_sideways_the_pad_is_seen_at_once(open_page):
    page = open_page(width=740, height=360, has_touch=True, is_mobile=True)
    expect_in_window(page, "#pad")
    expect(page.get_by_role("heading", level=1)).to_have_text("Write a digit")


def test_the_reader_s_own_font_size_counts_and_nothing_sticks_out_for_it(
    browser: Browser, chromium: str, server: RunningServer
):
    large = browser.browser_type.launch(
        executable_path=chromium, args=[*CHROMIUM_FLAGS, "--blink-settings=defaultFontSize=24"]
    )
    page = large.new_page(viewport={"width": 360, "height": 640})
    page.goto(server.url)
    draw_with_mouse(page, digit(8))
    expect_digit(page, 8)
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    assert page.evaluate("getComputedStyle(document.body).fontSize") == "24px"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for each in page.locator("main button:visible, .choose, #inside button").all():
        assert each.evaluate("(each) => each.scrollWidth <= each.clientWidth + 1")
    sentence, seen = (page.locator(name).bounding_box() for name in ("#sentence", ".seen"))
    assert page.locator("#sentence").evaluate("(each) => each.scrollWidth <= each.clientWidth")
    assert sentence["x"] + sentence["width"] <= seen["x"]
    large.close()


@pytest.mark.parametrize(
    ("name", "media_type", "content", "says"),
    [
        ("blank.png", "image/png", png(Image.new("L", (90, 90), 255)), "no ink"),
        ("broken.png", "image/png", b"\x89PNG and no more", "could not be read"),
        ("large.png", "image/png", png(Image.new("1", (10_000, 5_001))), "larger than this server takes"),
        ("empty.png", "image/png", b"", "file is empty"),
        ("huge.png", "image/png", b"\0" * (17 * 1024 * 1024), "larger than this server takes"),
        ("letter.txt", "text/plain", b"seven", "not a picture file"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(page: Page, name: str, media_type: str, content: bytes, says: str):
    page.set_input_files("#choose", {"name": name, "mimeType": media_type, "buffer": content})
    expect(page.locator("#sentence")).to_contain_text(says)
    expect(page.locator("#answer")).to_have_attribute("data-state", "error")
    page.keyboard.press("Escape")
    draw_with_mouse(page, digit(3))
    expect_digit(page, 3)


def test_the_layers_light_up_and_a_map_can_be_enlarged(page: Page):
    expect(page.locator("#inside")).to_have_attribute("data-state", "empty")
    draw_with_mouse(page, digit(7))
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    expect(page.locator("#layers canvas")).to_have_count(7)
    expect(page.get_by_label("Why a 7?")).to_be_visible()
    first = page.locator("#layers canvas").first
    assert lit(first) > 100
    first.hover(position={"x": 3, "y": 3})
    expect(page.locator("#map-caption")).to_have_text("C1, map 1 of 16, with its filter")
    expect(page.locator("#map-caption")).not_to_have_attribute("aria-live", "polite")
    page.keyboard.press("Tab")
    first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#map-caption")).to_have_text("C1, map 2 of 16, with its filter")
    expect(page.locator("#map-caption")).to_have_attribute("aria-live", "polite")
    assert lit(page.locator("#map-detail")) > 0
    page.keyboard.press("Escape")
    expect(page.locator("#inside")).to_have_attribute("data-state", "empty")


@pytest.mark.parametrize("size", ["phone", "tablet", "desk"])
def test_the_enlarged_map_is_seen_beside_the_one_that_is_tapped(open_page, size: str):
    width, height = SIZES[size]
    page = open_page(width=width, height=height, has_touch=True)
    draw(page, digit(7), "touch")
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    expect(page.locator("#map-caption")).to_have_text("C1, map 1 of 16, with its filter")
    expect(page.get_by_text("Point at a map, tap it")).to_be_visible()
    scroll_to(page, 10_000)
    page.tap("#layers canvas[data-layer=S4]", position={"x": 3, "y": 3})
    expect(page.locator("#map-caption")).to_have_text("S4, map 1 of 64")
    expect_in_window(page, "#map-detail")


def test_maps_of_one_pixel_are_not_enlarged_and_the_output_s_are_named(page: Page):
    draw_with_mouse(page, digit(7))
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    page.locator("#layers canvas[data-layer=S4]").hover(position={"x": 3, "y": 3})
    expect(page.locator("#map-caption")).to_have_text("S4, map 1 of 64")
    for layer in ("C5", "F6", "output"):
        canvas = page.locator(f"#layers canvas[data-layer={layer}]")
        canvas.hover()
        assert canvas.evaluate("(canvas) => [getComputedStyle(canvas).cursor, canvas.tabIndex]") == ["auto", -1]
    assert inked(page) > 0, "a frame has passed, and with it what would have been painted"
    expect(page.locator("#map-caption")).to_have_text("S4, map 1 of 64")
    output = page.locator("figure", has=page.locator("canvas[data-layer=output]"))
    cell = output.locator("canvas").bounding_box()["width"] / 10
    left = output.locator("canvas").bounding_box()["x"]
    for number in range(10):
        box = output.get_by_text(str(number), exact=True).bounding_box()
        assert left + number * cell - 1 <= box["x"] <= box["x"] + box["width"] <= left + (number + 1) * cell + 1


def lit(canvas) -> int:
    """How many pixels of a canvas are not transparent."""
    return canvas.evaluate(
        """(canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
            .data.filter((value, index) => index % 4 === 3 && value > 20).length"""
    )


def test_one_is_told_why_it_is_not_another_digit(page: Page):
    draw_with_mouse(page, digit(7))
    expect(page.locator("#evidence")).to_have_text("What spoke for the 7, and what against it.")
    expect(page.locator("#why button").nth(7)).to_have_attribute("aria-pressed", "true")
    answered = page.locator("#heat").evaluate("(canvas) => canvas.toDataURL()")
    page.click("#why button >> nth=9")
    expect(page.locator("#evidence")).to_have_text("What would speak for a 9 rather than the 7, and what against it.")
    expect(page.locator("#why button").nth(9)).to_have_attribute("aria-pressed", "true")
    assert page.locator("#heat").evaluate("(canvas) => canvas.toDataURL()") != answered
    assert lit(page.locator("#heat")) > 10


def test_an_explanation_that_did_not_come_is_told_of_beside_the_one_before_and_comes_with_the_server(page: Page):
    with page.expect_response(lambda response: is_of_all(response, digit(7), "explain")):
        draw_with_mouse(page, digit(7))
    expect(page.locator("#evidence")).to_have_text("What spoke for the 7, and what against it.")
    scroll_to(page, 10_000)
    page.route("**/explain*", lambda route: route.abort())
    page.locator("#why button").nth(3).click()
    expect(page.locator("#inside-trouble")).to_contain_text("The server does not answer")
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    assert page.locator("#evidence").text_content() == "What spoke for the 7, and what against it."
    page.unroute("**/explain*")
    expect(page.locator("#evidence")).to_have_text("What would speak for a 3 rather than the 7, and what against it.")
    expect(page.locator("#inside-trouble")).to_be_empty()


def test_right_or_wrong_is_told_in_one_tap(open_page, tmp_path: Path):
    running = start_server(tmp_path)
    page = open_page(running.url)
    expect(page.locator("#verdict")).to_be_hidden()
    with page.expect_response(lambda response: is_of_all(response, digit(4))):
        draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    page.click("#yes")
    expect(page.locator("#verdict-note")).to_have_text("Thank you; it is kept as a 4.")
    page.get_by_label("No, it is a 9").click()
    expect(page.locator("#verdict-note")).to_have_text("Thank you; it is kept as a 9.")
    page.get_by_label("No, it is a 9").click()
    expect(page.locator("#verdict-note")).to_have_text("It was kept as a 9 already.")
    page.set_input_files("#choose", handwriting.DATA / "2.gif")
    expect_digit(page, 2)
    page.click("#yes")
    expect(page.locator("#verdict-note")).to_have_text("Thank you; it is kept as a 2.")
    page.click("#clear")
    expect(page.locator("#verdict")).to_be_hidden()
    with zipfile.ZipFile(io.BytesIO(page.request.get(f"{running.url}corrections.zip").body())) as archive:
        assert sorted(name.partition("/")[0] for name in archive.namelist()) == ["2", "9"]
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    running.stop()
    running.process.stdout.close()
    page.click("#yes")
    expect(page.locator("#verdict-note")).to_have_text("It was not kept: the server does not answer.")


def test_thanks_that_come_late_are_not_said_beside_the_next_reading(page: Page):
    waiting = []
    page.route("**/corrections", lambda route: waiting.append(route))
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    page.click("#yes")
    page.keyboard.press("Escape")
    draw_with_mouse(page, digit(3))
    expect_digit(page, 3)
    with page.expect_response("**/corrections"):
        waiting[0].fulfill(json={"label": 4, "predicted": 4, "new": True})
    assert inked(page) > 0
    expect(page.locator("#verdict-note")).to_be_empty()


def test_right_or_wrong_is_told_of_what_was_read_though_a_line_has_been_added_since(page: Page):
    waiting, kept = [], []
    page.route("**/predict?*", lambda route: waiting.append(route))
    page.on("request", lambda request: kept.append(request.post_data) if "corrections" in request.url else None)

    def answer(number: int) -> None:
        probabilities = [float(each == number) for each in range(10)]
        waiting.pop(0).fulfill(json=PREDICTION | {"digit": number, "probabilities": probabilities})

    with page.expect_request("**/predict?*"):
        draw_with_mouse(page, digit(4)[:1])
    with page.expect_request("**/predict?*"):
        answer(1)  # the line's first point, so that now all of it is asked about
    with page.expect_request("**/predict?*"):
        draw_with_mouse(page, digit(4)[1:])
        answer(2)  # the line
    expect_digit(page, 2)
    page.click("#yes")
    expect(page.locator("#verdict-note")).to_contain_text("kept as a 2")
    correction = json.loads(kept[0])
    assert correction["label"] == 2
    assert len(correction["strokes"]) == 1
    answer(4)
    expect_digit(page, 4)
    page.click("#yes")
    expect(page.locator("#verdict-note")).to_contain_text("kept as a 4")
    correction = json.loads(kept[1])
    assert correction["label"] == 4
    assert len(correction["strokes"]) == 2


def test_who_names_another_digit_speaks_of_all_that_is_on_the_pad(page: Page):
    kept = []
    page.on("request", lambda request: kept.append(request.post_data) if "corrections" in request.url else None)
    with page.expect_response(lambda response: is_of_all(response, digit(4)[:1])):
        draw_with_mouse(page, digit(4)[:1])
    expect(page.locator("#verdict")).to_be_visible()
    page.route("**/predict?*", lambda route: None)  # an answer that does not come
    draw_with_mouse(page, digit(4)[1:])
    page.get_by_label("No, it is a 4").or_(page.locator("#yes", has_text="a 4")).last.click()
    expect(page.locator("#verdict-note")).to_contain_text("kept as a 4")
    assert [len(json.loads(each)["strokes"]) for each in kept] == [2]


def test_an_answer_to_a_part_of_the_drawing_is_not_spoken_and_is_seen_to_be_old(page: Page):
    waiting, is_held = [], []
    page.route("**/predict?*", lambda route: waiting.append(route) if is_held else route.continue_())
    with page.expect_response(lambda response: is_of_all(response, digit(1))):
        draw_with_mouse(page, digit(1))
    spoken, panel = page.get_by_role("status").first, page.locator("#answer")
    expect(spoken).to_contain_text("a 1")
    expect(panel).to_have_attribute("aria-busy", "false")
    page.evaluate("spoken.textContent = 'nothing since'")
    is_held.append(True)
    with page.expect_request("**/predict?*"):
        draw_with_mouse(page, [[(0.2, 0.86), (0.8, 0.86)]])
    expect(panel).to_have_attribute("aria-busy", "true")
    expect(spoken).to_have_text("nothing since")
    is_held.clear()
    waiting.pop(0).continue_()
    expect(panel).to_have_attribute("aria-busy", "false")
    expect(spoken).not_to_have_text("nothing since")


def test_thanks_stay_when_the_same_drawing_is_answered_once_more(page: Page):
    waiting, is_held = [], [True]
    draw_with_mouse(page, digit(4)[:-1])
    expect(page.locator("#verdict")).to_be_visible()
    page.route("**/predict?*", lambda route: waiting.append(route) if is_held else route.continue_())
    with page.expect_request("**/predict?*"):
        draw_with_mouse(page, digit(4)[-1:])
    page.get_by_label("No, it is a 4").or_(page.locator("#yes", has_text="a 4")).first.click()
    expect(page.locator("#verdict-note")).to_contain_text("kept as a 4")
    is_held.clear()
    with page.expect_response("**/predict?*"):
        waiting[0].continue_()
    expect_digit(page, 4)
    expect(page.locator("#verdict-note")).to_contain_text("kept as a 4")


def test_a_correction_on_its_way_is_seen_to_be_and_is_not_sent_twice(page: Page):
    waiting = []
    page.route("**/corrections", lambda route: waiting.append(route))
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    places = places_of(page, "#yes", "#others", ".tools", "#bars")
    with page.expect_request("**/corrections"):
        page.click("#yes")
    expect(page.locator("#verdict-note")).to_have_text("Sending…")
    expect(page.locator("#yes")).to_be_disabled()
    page.locator("#others button").nth(9).click(force=True)
    page.keyboard.press("Enter")
    assert len(waiting) == 1
    waiting[0].fulfill(json={"label": 4, "predicted": 4, "new": True})
    expect(page.locator("#verdict-note")).to_have_text("Thank you; it is kept as a 4.")
    expect(page.locator("#yes")).to_be_enabled()
    assert places_of(page, "#yes", "#others", ".tools", "#bars") == places
    page.get_by_label("No, it is a 9").click()
    expect(page.locator("#verdict-note")).to_have_text("Sending…")
    assert len(waiting) == 2


def test_where_no_corrections_are_kept_none_are_asked_for(open_page, tmp_path: Path):
    running = start_server(tmp_path, "--no-corrections")
    page = open_page(running.url)
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    expect(page.locator("#verdict")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
    assert page.request.post(f"{running.url}corrections?label=4", data=b"").status == 404
    running.stop()
    running.process.stdout.close()
    assert not (tmp_path / "corrections").exists()


def test_the_page_bears_the_token_at_the_end_of_its_address_and_says_when_there_must_be_one(open_page, tmp_path: Path):
    (tmp_path / "token").write_text("open+sesame/=\n")
    running = start_server(tmp_path, "--token-file", "token")
    page = open_page(running.url)
    draw_with_mouse(page, digit(4))
    expect(page.locator("#answer")).to_have_attribute("data-state", "error")
    expect(page.locator("#sentence")).to_contain_text("token")
    page.evaluate("location.hash = 'token=open+sesame/='")
    expect_digit(page, 4)
    page = open_page(f"{running.url}#token=open+sesame/=")
    page.goto(f"{running.url}api")
    page.click("text=Back to the drawing pad")
    page.wait_for_url(running.url)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=running.url.rstrip("/"))
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    page.click("#yes")
    expect(page.locator("#verdict-note")).to_have_text("Thank you; it is kept as a 4.")
    page.click("#copy-curl")
    expect(page.locator("#note")).to_contain_text("clipboard")
    command = page.evaluate("() => navigator.clipboard.readText()")
    assert "'Authorization: Bearer open+sesame/='" in command
    running.stop()
    running.process.stdout.close()


def test_nobody_looking_nothing_is_explained(page: Page):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "explain" in request.url else None)
    page.click("#inside summary")
    draw_with_mouse(page, digit(1))
    expect_digit(page, 1)
    assert asked == []
    page.click("#inside summary")
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")


def test_what_is_out_of_view_is_not_explained_at_every_stroke_s_every_point(open_page):
    page = open_page(width=390, height=600)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "explain" in request.url else None)
    [stroke] = on_pad(page, digit(3))
    page.mouse.move(*stroke[0])
    page.mouse.down()
    for point in stroke[1:]:
        page.mouse.move(*point)
    expect_digit(page, 3)
    assert asked == []
    page.mouse.up()
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")


def test_a_picture_is_explained_once_however_often_it_is_scrolled_to(open_page):
    page = open_page(width=390, height=600)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "explain" in request.url else None)
    page.set_input_files("#choose", handwriting.DATA / "7.png")
    expect_digit(page, 7)
    assert asked == [], "a photograph would be sent twice, and nobody looks"
    for place in (10_000, 0, 10_000, 0, 10_000):
        scroll_to(page, place)
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    page.click("#why button >> nth=9")
    expect(page.locator("#evidence")).to_contain_text("What would speak for a 9")
    assert asked == [f"{page.url}explain", f"{page.url}explain?digit=9"]
    page.set_input_files("#choose", handwriting.DATA / "5.png")
    expect_digit(page, 5)
    scroll_to(page, 10_000)
    expect(page.locator("#evidence")).to_contain_text("What spoke for the 5")
    assert len(asked) == 3
    page.set_input_files("#choose", {"name": "x.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(page.locator("#evidence")).to_contain_text("Nothing was read")
    for place in (10_000, 0, 10_000):
        scroll_to(page, place)
    assert len(asked) == 3


def scroll_to(page: Page, place: int) -> None:
    """Scroll to as many pixels from the top, or to the end, and wait until the page has been told what is in view."""
    page.evaluate(
        """async (place) => {
            scrollTo({ top: place, behavior: "instant" });
            for (let frame = 0; frame < 3; frame++) await new Promise((done) => requestAnimationFrame(done));
        }""",
        place,
    )


def test_the_picture_that_is_large_is_not_read_for_the_gallery_once_more(page: Page):
    sent = []
    page.on("request", lambda request: sent.append(request.url) if "predict" in request.url else None)
    page.set_input_files("#choose", [handwriting.DATA / name for name in ("0.png", "1.jpg", "2.gif")])
    expect(page.locator("#gallery-status")).to_have_text("3 pictures have been read.")
    for number in range(3):
        expect(page.locator("#gallery button").nth(number)).to_contain_text(re.compile(rf"^{number} · "))
    assert sorted(sent) == [f"{page.url}predict"] * 2 + [f"{page.url}predict?seen=1"]


def test_a_picture_that_made_way_before_it_was_read_is_read_for_the_gallery(page: Page):
    waiting = []
    page.route("**/predict?seen=1", lambda route: waiting.append(route), times=1)
    with page.expect_request("**/predict?seen=1"):
        page.set_input_files("#choose", [handwriting.DATA / name for name in ("0.png", "1.jpg", "2.gif")])
    tiles = page.locator("#gallery button")
    expect(tiles.nth(2)).to_contain_text("2 · ")
    tiles.nth(2).click()
    expect_digit(page, 2)
    expect(tiles.nth(0)).to_contain_text("0 · ")
    expect(page.locator("#gallery-status")).to_have_text("3 pictures have been read.")


def test_a_guess_is_called_a_guess(page: Page):
    draw_with_mouse(page, [[(0.1 + 0.8 * (i * 37 % 41) / 41, 0.1 + 0.8 * (i * 23 % 43) / 43) for i in range(40)]])
    expect(page.locator("#answer")).to_have_attribute("data-state", "uncertain")
    expect(page.locator("#sentence")).to_contain_text("does not look like a digit")


def test_what_might_be_either_is_called_either(page: Page):
    unsure = {"confidence": 0.6, "certain": False, "probabilities": [0] * 4 + [0.6] + [0] * 4 + [0.4]}
    page.route("**/predict*", lambda route: route.fulfill(json=PREDICTION | unsure))
    draw_with_mouse(page, digit(4))
    expect(page.locator("#sentence")).to_have_text("Perhaps a 4 or a 9.")


def test_the_server_being_gone_is_told_and_its_return_noticed(open_page, tmp_path: Path):
    first = start_server(tmp_path)
    page = open_page(first.url)
    draw_with_mouse(page, digit(6))
    expect_digit(page, 6)
    first.stop()
    first.process.stdout.close()
    page.click("#undo")
    page.click("#redo")
    expect(page.locator("#sentence")).to_contain_text("The server does not answer. Start it again")
    second = start_server(tmp_path, "--port", str(first.port))
    expect_digit(page, 6)
    second.stop()
    second.process.stdout.close()


def test_visitors_are_not_told_how_to_start_the_server(open_page, server: RunningServer):
    page = open_page(f"http://digits.example:{server.port}/")
    page.route("**/predict*", lambda route: route.abort())
    draw_with_mouse(page, digit(6))
    expect(page.locator("#sentence")).to_contain_text("The server does not answer. What is on the pad is kept")
    assert "python" not in page.locator("#sentence").text_content()
    page.unroute("**/predict*")
    expect_digit(page, 6)


def test_asking_once_more_is_offered_where_it_may_help(page: Page):
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_hidden()
    page.route("**/predict*", lambda route: route.fulfill(status=504))
    with page.expect_response(lambda response: is_of_all(response, digit(6))):
        draw_with_mouse(page, digit(6))
    expect(page.locator("#sentence")).to_contain_text("took too long")
    page.unroute("**/predict*")
    again.click()
    expect_digit(page, 6)
    expect(again).to_be_hidden()
    page.set_input_files("#choose", {"name": "x.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(page.locator("#sentence")).to_contain_text("could not be read")
    expect(again).to_be_hidden()


@pytest.mark.parametrize("has_mouse", [True, False])
def test_dropping_and_pasting_are_spoken_of_where_there_is_a_mouse(open_page, has_mouse: bool):
    page = open_page() if has_mouse else open_page(width=390, height=844, has_touch=True, is_mobile=True)
    expect(page.get_by_text("Pictures can be dropped here too, or pasted.")).to_be_visible(visible=has_mouse)
    page.on("filechooser", lambda _: None)  # from now on, or the browser might be asked to tell of it too late
    with page.expect_file_chooser():
        page.get_by_text("Pictures…").click()


def test_an_odd_answer_is_told(page: Page):
    page.route("**/predict*", lambda route: route.fulfill(status=200, body="<h1>Welcome to the hotel</h1>"))
    draw_with_mouse(page, digit(0))
    expect(page.locator("#sentence")).to_contain_text("no prediction")


def test_a_proxy_whose_server_is_away_is_waited_for(page: Page):
    page.route("**/predict*", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    draw_with_mouse(page, digit(0))
    expect(page.locator("#sentence")).to_contain_text("The server does not answer")
    page.unroute("**/predict*")
    expect_digit(page, 0)


def is_refused_reading(response: Response) -> bool:
    return response.status == 429 and "/predict" in response.url


def test_who_asks_too_often_is_read_all_the_same_and_keeps_the_answer_meanwhile(open_page, tmp_path: Path):
    running = start_server(tmp_path, "--rate", "4")
    page = open_page(running.url)
    refused = []
    page.on("response", lambda response: refused.append(response.url) if is_refused_reading(response) else None)
    draw_with_mouse(page, [[(0.5, 0.2), (0.5, 0.5)], [(0.5, 0.5), (0.5, 0.8)]])
    expect_digit(page, 1)
    while not refused:
        page.click("#undo")
        page.click("#redo")
    assert page.locator("#digit").text_content() == "1"
    assert page.locator("#answer").get_attribute("data-state") == "certain"
    page.click("#clear")
    draw_with_mouse(page, digit(3))
    expect_digit(page, 3)
    running.stop()
    running.process.stdout.close()


def test_pictures_that_found_no_server_are_read_once_it_is_back(page: Page):
    page.route("**/predict*", lambda route: route.abort())
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/predict")):
        page.set_input_files("#choose", [handwriting.DATA / name for name in ("0.png", "1.jpg", "2.gif")])
    tiles = page.locator("#gallery button")
    expect(page.locator("#sentence")).to_contain_text("does not answer")
    assert tiles.all_text_contents() == ["…"] * 3
    page.unroute("**/predict*")
    for number in range(3):
        expect(tiles.nth(number)).to_contain_text(re.compile(rf"^{number} · "))
    expect(page.locator("#gallery-status")).to_have_text("3 pictures have been read.")


def test_a_picture_that_is_undone_to_is_sent_once(page: Page):
    page.set_input_files("#choose", handwriting.DATA / "7.png")
    expect_digit(page, 7)
    page.click("#clear")
    sent = []
    page.on("request", lambda request: sent.append(request.url) if "predict" in request.url else None)
    page.click("#undo")
    expect_digit(page, 7)
    scroll_to(page, 10_000)
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    with page.expect_response("**/predict*"):
        page.set_input_files("#choose", handwriting.DATA / "5.png")
    assert len(sent) == 2, "once for each picture"


def test_a_picture_that_is_on_its_way_shows_no_other_answer_and_keeps_nothing_waiting(page: Page):
    def hold_pictures(route) -> None:
        if route.request.headers["content-type"] == "application/json":
            route.continue_()

    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    page.route("**/predict*", hold_pictures)
    page.set_input_files("#choose", handwriting.DATA / "7.png")
    expect(page.locator("#sentence")).to_have_text("Reading…")
    expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
    page.keyboard.press("Escape")
    draw_with_mouse(page, digit(8))
    expect_digit(page, 8)


def test_everything_is_reached_by_keyboard(page: Page):
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    page.evaluate("document.activeElement.blur()")
    reached = []
    while "copy-curl" not in reached:
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.name"))
        assert page.evaluate("document.activeElement.matches(':focus-visible')")
        assert len(reached) < 30, reached
    others = [""] * 9  # the digits that it might be instead
    assert reached == ["undo", "clear", "choose", "yes", *others, "pen-size", "tool", "copy-curl"]
    strokes = inked(page)
    page.keyboard.press("Control+z")
    assert 0 < inked(page) < strokes
    page.keyboard.press("Escape")
    assert inked(page) == 0
    expect(page.locator("#answer")).to_have_attribute("data-state", "empty")


@pytest.mark.parametrize(
    ("focused", "key", "then"),
    [
        ("#clear", "Enter", "undo"),
        ("#undo", "Enter", "redo"),
        ("#why button >> nth=3", "Escape", "undo"),
        ("#yes", "Escape", "undo"),
    ],
)
def test_the_focus_is_not_lost_with_the_control_that_had_it(page: Page, focused: str, key: str, then: str):
    draw_with_mouse(page, digit(7))
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    page.locator(focused).focus()
    page.keyboard.press(key)
    expect(page.locator(f"#{then}")).to_be_focused()
    page.keyboard.press("Enter")
    expect_digit(page, 7)


def test_a_picture_is_chosen_read_and_corrected_by_keyboard_alone(page: Page):
    def tab_to(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == name:
                return
        raise AssertionError(f"{name} is not reached")

    page.on("filechooser", lambda _: None)  # from now on, or the browser might be asked to tell of it too late
    tab_to("choose")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(handwriting.DATA / "5.png")
    expect_digit(page, 5)
    expect(page.locator("#yes")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    tab_to("yes")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict-note")).to_contain_text("kept as a 5")


def test_a_screen_reader_is_told_the_answer_and_the_name_of_every_control(page: Page):
    [stroke] = on_pad(page, digit(3))
    spoken = page.get_by_role("status").first
    page.mouse.move(*stroke[0])
    page.mouse.down()
    for point in stroke[1:]:
        page.mouse.move(*point)
    expect_digit(page, 3)
    expect(spoken).not_to_contain_text("3.")  # it would talk over itself
    page.mouse.up()
    expect(spoken).to_contain_text("This is a 3.")
    snapshot = page.locator("body").aria_snapshot()
    for name in ("Pen size", "Undo", "Clear", "Pictures…", "Pen colour", "Probability of each digit"):
        assert name in snapshot
    assert snapshot.count("This is a 3.") == 1


def test_who_has_no_scripts_is_told_before_the_pad(page: Page):
    html = page.request.get(page.url).text()  # Playwright's browsers without scripts hide what is meant for such
    assert html.index("<header>") < html.index("The pad needs JavaScript") < html.index("<main>")


def test_what_is_printed_from_a_dark_screen_is_dark_on_white(open_page):
    page = open_page(color_scheme="dark")
    draw_with_mouse(page, [[(0.5, 0.2), (0.5, 0.8)]])
    expect_digit(page, 1)
    assert sum(pixel(page, 0.01, 0.01)) < 100 < 600 < sum(pixel(page, 0.5, 0.5))
    page.emulate_media(media="print", color_scheme="dark")
    assert sum(pixel(page, 0.01, 0.01)) > 600 > 100 > sum(pixel(page, 0.5, 0.5))
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(27, 29, 34)"
    for name in (".buttons", ".tools", "#verdict"):
        expect(page.locator(name)).to_be_hidden()
    expect(page.locator("#sentence")).to_be_visible()
    page.emulate_media(media="screen", color_scheme="dark")
    assert sum(pixel(page, 0.01, 0.01)) < 100


@pytest.mark.parametrize("state", ["empty", "read", "picture", "error"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page, scheme: str, state: str):
    page = open_page(color_scheme=scheme, bypass_csp=True)
    if state == "read":
        draw_with_mouse(page, digit(3))
        expect_digit(page, 3)
        expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    elif state == "picture":
        page.set_input_files("#choose", [handwriting.DATA / name for name in ("3.bmp", "2.gif")])
        expect(page.locator("#gallery button").nth(1)).to_contain_text("2 · ")
    elif state == "error":
        page.set_input_files("#choose", {"name": "x.png", "mimeType": "image/png", "buffer": b"no picture"})
        expect(page.locator("#answer")).to_have_attribute("data-state", "error")
    standards = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = axe_playwright.Axe().run(page, options=standards)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_at_any_width(open_page, size: str, scheme: str):
    width, height = SIZES[size]
    page = open_page(width=width, height=height, color_scheme=scheme)
    draw_with_mouse(page, digit(8))
    expect_digit(page, 8)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for each in page.locator(".panel, .paper, .tools, main button:visible, .seen, .layers canvas, .detail").all():
        assert each.evaluate("(each) => each.scrollWidth <= each.clientWidth + 1")
        assert each.evaluate(
            """(each) => {
                const inner = each.getBoundingClientRect();
                const outer = (each.parentElement.closest(".panel, .tools") ?? document.body).getBoundingClientRect();
                return inner.left >= outer.left - 1 && inner.right <= outer.right + 1;
            }"""
        )
    if size == "phone":
        assert page.locator("#digit").evaluate("(each) => each.getBoundingClientRect().bottom <= innerHeight")
