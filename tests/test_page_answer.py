"""Promises about what the page says about a drawing, and when."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import handwriting
import pytest
from conftest import HOME, png, start_server
from on_page import (
    NO_DIGIT,
    PREDICTION,
    digit,
    draw,
    draw_with_mouse,
    expect_digit,
    inked,
    is_of_all,
    places_of,
    press_along,
)
from PIL import Image
from playwright.sync_api import Page, expect

# Width, device pixel ratio, colour scheme; each pair of values occurs in a row.
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
    expect(page.locator("#evidence")).to_contain_text("What would speak for a 2 rather than a 7")

    press("#yes")
    expect(page.locator("#correction-note")).to_contain_text("kept as a 7")
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
    press_along(page, *digit(3))
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
    assert len(asked) == 1, "no further request before the first is answered"
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
    assert len(waiting) == 1, "only the first still waits"


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
    for name in ("#sentence", "#evidence"):
        expect(page.locator(name)).to_have_text("Reading…")
    waiting[0].continue_()
    expect(page.locator("#answer")).to_have_attribute("data-state", re.compile("certain"))
    expect(page.locator("#sentence")).not_to_have_text("Reading…")
    draw_with_mouse(page, digit(4)[1:])
    assert page.locator("#sentence").text_content() != "Reading…", "the last answer must stay until the next"


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


@pytest.mark.parametrize("width", [320, 768, 1440])
def test_nothing_moves_when_an_answer_comes_or_goes(open_page, width: int):
    names = ("#pad", ".tools", "#bars", "#inside")
    page = open_page(width=width)
    before = places_of(page, *names)
    draw_with_mouse(page, digit(8))
    expect_digit(page, 8)
    assert places_of(page, *names) == pytest.approx(before, abs=1)
    page.click("#yes")
    expect(page.locator("#correction-note")).to_contain_text("kept as an 8")
    assert places_of(page, *names) == pytest.approx(before, abs=1)
    page.keyboard.press("Escape")
    expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
    assert places_of(page, *names) == pytest.approx(before, abs=1)


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
    middles = [page.locator(name).evaluate(MIDDLE) for name in ("#answer", ".said", "#digit")]
    assert middles == pytest.approx([middles[0]] * 3, abs=3)


@pytest.mark.parametrize(
    ("digit_read", "confidence", "is_certain", "said"),
    [
        (4, 0.99996, True, "This is a 4. More than 99.9% sure."),
        (4, 0.9932, True, "This is a 4. 99.3% sure."),
        (4, 0.93, False, "Probably a 4: 93.0% sure."),
        (4, 0.81, False, "Probably a 4: 81.0% sure."),
        (4, 0.79, False, "Perhaps a 4: only 79.0% sure."),
        (8, 0.41, False, "Perhaps an 8: only 41.0% sure."),
        (8, 0.39, False, "That does not look like a single digit; perhaps an 8."),
        (8, 0.19, False, "That does not look like a single digit."),
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


def test_no_digit_is_shown_to_be_quite_sure_or_quite_impossible_that_is_not(page: Page):
    answer = {"confidence": 0.9998, "probabilities": [0.0001, 0.0001, *[0] * 2, 0.9998, *[0] * 5]}
    page.route("**/predict*", lambda route: route.fulfill(json=PREDICTION | answer))
    draw_with_mouse(page, digit(4))
    impossible = ["0.0%"] * 5
    expect(page.locator("#bars .share")).to_have_text(["< 0.1%"] * 2 + impossible[:2] + ["> 99.9%"] + impossible)


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
        (["redrawn", "widened"], ["usual width"]),
        (["heightened", "inverted"], ["usual height", "swapped"]),
        (["inverted", "shadow_removed", "of_tomorrow"], ["swapped", "shadow"]),
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
    ("pen", "size", "pointer", "said"),
    [
        ("5", 1, "mouse", None),
        ("12", 0.3, "mouse", "The pen is thick"),
        ("1", 1, "mouse", "The pen is thin"),
        (None, 0.4, "mouse", None),
        (None, 1.6, "mouse", None),
        ("5", 0.4, "mouse", None),
        ("5", 0.4, "pen", "The pen is thick"),
    ],
)
def test_strokes_drawn_anew_are_worth_a_sentence_where_the_pen_was_not_like_mnist_s(
    page: Page, pen: str | None, size: float, pointer: str, said: str | None
):
    page.route("**/predict*", lambda route: route.fulfill(json=PREDICTION | {"preparation": ["redrawn"]}))
    if pen:
        page.locator("#pen-size").fill(pen)
    sized = [[(0.5 + size * (x - 0.5), 0.5 + size * (y - 0.5)) for x, y in stroke] for stroke in digit(4)]
    draw(page, sized, pointer, pressure=1)
    expect(page.locator("#spoken")).to_contain_text("a 4")
    expect_digit(page, 4)
    expect(page.locator("#preparation")).to_contain_text(said or re.compile("^$"))


def test_of_a_dot_that_is_no_digit_it_is_not_said_that_the_pen_is_thick_for_a_digit(page: Page):
    prepared = NO_DIGIT | {"preparation": ["redrawn", "inverted"]}
    page.route("**/predict*", lambda route: route.fulfill(json=prepared))
    draw_with_mouse(page, [[(0.5, 0.5), (0.5, 0.5)]])
    expect(page.locator("#sentence")).to_contain_text("does not look like a single digit")
    expect(page.locator("#preparation")).to_have_text(re.compile("^The ink was lighter.*swapped.$"))


WORDS_ON_THE_PAGE = """() => {
    const found = [document.title];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = walker.currentNode; node; node = walker.nextNode()) {
        if (node.nodeType === Node.TEXT_NODE) found.push(node.data.replace(/<[^>]*>/g, " ")); // of noscript
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
    assert first > last, "the page must be laid out right to left"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    draw_with_mouse(page, digit(8))
    expect_digit(page, 8)
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    first, last = (page.locator(f".outputs span:{which}-child").bounding_box()["x"] for which in ("first", "last"))
    assert first < last, "left to right, like the maps"
    look()
    page.click("#yes")
    expect(page.locator("#correction-note")).not_to_be_empty()
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
    page.keyboard.press("Escape")
    page.locator("#pad").scroll_into_view_if_needed()
    draw_with_mouse(page, digit(1))
    expect(page.locator("#answer")).to_have_attribute("data-state", "error")
    look()
    assert len(seen) > 100
    assert [text for text in seen if re.search("[A-Za-z]{2}", text)] == []


LOCALE = {"language": "uk", "direction": "rtl"}  # made up: right to left, without Latin letters


def translated(words: Any) -> Any:
    """The ``words`` with each Latin letter replaced, except within braces."""
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
    page.set_input_files("#choose", handwriting.DATA / "7.png")
    with page.expect_popup() as interface:
        link.click()
    expect(interface.value.locator("h1")).to_have_text("The HTTP interface")
    expect(interface.value.locator("pre").first).to_contain_text(f"curl -F image=@seven.png {page.url}predict")
    expect_digit(page, 7)


def test_an_answer_to_a_part_of_the_drawing_is_not_spoken_and_is_seen_to_be_old(page: Page):
    waiting, is_held = [], []
    page.route("**/predict?*", lambda route: waiting.append(route) if is_held else route.continue_())
    with page.expect_response(lambda response: is_of_all(response, digit(1))):
        draw_with_mouse(page, digit(1))
    spoken, panel = page.locator("#spoken[role=status]"), page.locator("#answer")
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


def test_a_guess_is_called_a_guess(page: Page):
    draw_with_mouse(page, [[(0.1 + 0.8 * (i * 37 % 41) / 41, 0.1 + 0.8 * (i * 23 % 43) / 43) for i in range(40)]])
    expect(page.locator("#answer")).to_have_attribute("data-state", "uncertain")
    expect(page.locator("#sentence")).to_contain_text("does not look like a single digit")
    expect(page.locator("#digit")).to_have_text("?")
    expect(page.locator("#bars [data-best]")).to_have_count(0)


def test_half_a_digit_is_not_said_to_be_none(page: Page):
    page.clock.install()
    page.route("**/predict*", lambda route: route.fulfill(json=NO_DIGIT))
    press_along(page, *digit(8))
    page.clock.run_for(100)
    expect(page.locator("#answer")).to_have_attribute("data-state", "uncertain")
    expect(page.locator("#sentence")).to_have_text("Reading…")
    page.mouse.up()
    page.clock.run_for(400)
    expect(page.locator("#sentence")).to_have_text("Reading…")  # another stroke may follow
    press_along(page, digit(1)[0])
    page.clock.run_for(1000)
    expect(page.locator("#sentence")).to_have_text("Reading…")
    page.mouse.up()
    page.clock.run_for(700)
    expect(page.locator("#sentence")).to_contain_text("does not look like a single digit")
    expect(page.locator("#spoken")).to_contain_text("does not look like a single digit")


def test_a_digit_that_is_done_is_not_said_to_be_none_since_half_of_it_was(page: Page):
    waiting = []
    page.clock.install()
    page.route("**/predict*", lambda route: waiting.append(route))
    with page.expect_request("**/predict*"):
        press_along(page, digit(4)[0])
        page.clock.run_for(100)
    draw_with_mouse(page, digit(4)[1:])
    page.clock.run_for(2000)
    with page.expect_request("**/predict*"):
        waiting.pop().fulfill(json=NO_DIGIT)
        page.clock.run_for(100)
    expect(page.locator("#answer")).to_have_attribute("data-state", "uncertain")
    expect(page.locator("#sentence")).to_have_text("Reading…")
    waiting.pop().fulfill(json=PREDICTION)
    expect(page.locator("#sentence")).to_contain_text("This is a 4.")


def test_what_was_done_to_a_picture_moves_nothing_else(page: Page):
    places = []
    for preparation in ([], ["inverted", "parts_left_out"]):
        page.unroute_all()
        answer = PREDICTION | {"preparation": preparation}
        page.route("**/predict*", lambda route: route.fulfill(json=answer))  # noqa: B023 - for this round only
        page.set_input_files("#choose", handwriting.DATA / "7.png")
        expect(page.locator("#preparation")).to_be_visible(visible=bool(preparation))
        expect_digit(page, 4)
        places.append(places_of(page, "#yes", "#others", "#bars", "#pen-size"))
        page.click("#clear")
    assert places[0] == places[1]


@pytest.mark.parametrize(
    ("second", "said"), [(0.4, "Perhaps a 4 or a 9."), (0.21, "Perhaps a 4 or a 9."), (0.19, "Perhaps a 4: only")]
)
def test_what_might_be_either_is_called_either(page: Page, second: float, said: str):
    unsure = {"confidence": 0.6, "certain": False, "probabilities": [0] * 4 + [0.6] + [0] * 4 + [second]}
    page.route("**/predict*", lambda route: route.fulfill(json=PREDICTION | unsure))
    draw_with_mouse(page, digit(4))
    expect(page.locator("#sentence")).to_contain_text(said)
