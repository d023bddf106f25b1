"""Promises for screens, keyboards and screen readers."""

from pathlib import Path

import handwriting
import pytest
from conftest import RunningServer
from on_page import (
    CHROMIUM_FLAGS,
    NO_DIGIT,
    SIZES,
    digit,
    draw,
    draw_with_mouse,
    expect_digit,
    expect_in_window,
    inked,
    on_pad,
    pixel,
    places_of,
)

axe_playwright = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="needs axe-core: python -m pip install -r tests/requirements.txt",
)
from playwright.sync_api import Browser, Page, expect  # noqa: E402


def test_the_first_load_is_small(page: Page):
    page.wait_for_load_state("networkidle")
    loaded = page.evaluate(
        """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
            .reduce((sum, entry) => sum + entry.transferSize, 0)"""
    )
    assert 10_000 < loaded < 60_000


def test_zoomed_to_four_times_the_page_still_says_what_it_is(open_page):
    page = open_page(width=320, height=256)
    expect(page.locator("header h1")).to_be_in_viewport()
    assert page.locator("header").bounding_box()["width"] > 100


def test_a_screen_on_its_side_shows_the_whole_pad_and_the_answer(open_page):
    page = open_page(width=667, height=375, has_touch=True)
    page.locator("#pad").scroll_into_view_if_needed()
    draw(page, digit(4), "touch")
    expect_digit(page, 4)
    for name in ("#pad", "#digit"):
        expect_in_window(page, name)


def test_of_a_phone_held_sideways_the_pad_is_seen_at_once(open_page):
    page = open_page(width=740, height=360, has_touch=True, is_mobile=True)
    expect(page.get_by_role("heading", level=1)).to_have_text("Write a digit")
    draw(page, digit(4), "touch")
    expect_digit(page, 4)
    for name in ("#pad", "#clear", "#answer", "#others"):
        expect_in_window(page, name)


def test_on_a_small_phone_held_sideways_a_long_answer_leaves_room_to_correct_it(open_page):
    page = open_page(width=568, height=320, has_touch=True, is_mobile=True)
    guess = {"confidence": 0.35, "probabilities": [0.07] * 8 + [0.35, 0.07]}
    page.route("**/predict*", lambda route: route.fulfill(json=NO_DIGIT | guess))
    draw(page, digit(4), "touch")
    expect(page.locator("#sentence")).to_contain_text("does not look like a single digit; perhaps an 8.")
    expect_in_window(page, "#others")


@pytest.mark.parametrize(("width", "height"), [(320, 568), (375, 553), (360, 640)])
def test_on_a_small_phone_one_sees_the_answer_while_one_draws(open_page, width: int, height: int):
    page = open_page(width=width, height=height, has_touch=True, is_mobile=True)
    draw(page, digit(4), "touch")
    expect_digit(page, 4)
    assert page.evaluate("scrollY") == 0
    for name in ("#pad", "#clear", "#digit"):
        expect_in_window(page, name)


@pytest.mark.parametrize(("width", "height"), [(1280, 577), (1366, 625), (1440, 740)])
def test_in_a_low_window_all_of_the_answer_is_seen(open_page, width: int, height: int):
    page = open_page(width=width, height=height)
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    for name in ("#pad", "#clear", "#pen-size", "#answer", "#bars"):
        expect_in_window(page, name)


@pytest.mark.parametrize(("width", "height"), [(1536, 730), (1920, 1080)])
def test_in_a_wide_window_the_layers_light_up_beside_the_pad(open_page, width: int, height: int):
    page = open_page(width=width, height=height)
    draw_with_mouse(page, digit(4))
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    for name in ("#pad", "#answer", "#bars", "#heat", "[data-layer=C1]", "[data-layer=S2]"):
        expect_in_window(page, name)
    before = places_of(page, "#pad")
    page.locator("[data-layer=output]").hover()
    assert places_of(page, "#pad") == before, "only the layers may scroll"


@pytest.mark.parametrize(("width", "height"), [(768, 1024), (820, 1180)])
def test_a_tablet_held_upright_has_a_large_pad_and_shows_the_whole_answer(open_page, width: int, height: int):
    page = open_page(width=width, height=height, has_touch=True, is_mobile=True)
    draw(page, digit(4), "touch")
    expect_digit(page, 4)
    assert page.locator("#pad").bounding_box()["width"] > 0.6 * width
    for name in ("#pad", "#clear", "#answer", "#bars"):
        expect_in_window(page, name)


@pytest.mark.parametrize(("font", "width"), [(24, 360), (32, 320), (32, 390)])
def test_the_reader_s_own_font_size_counts_and_nothing_sticks_out_for_it(
    browser: Browser, chromium: str, server: RunningServer, font: int, width: int
):
    large = browser.browser_type.launch(
        executable_path=chromium, args=[*CHROMIUM_FLAGS, f"--blink-settings=defaultFontSize={font}"]
    )
    page = large.new_page(viewport={"width": width, "height": 640})
    page.goto(f"{server.url}api")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(server.url)
    expect(page.locator("#example")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#pad").scroll_into_view_if_needed()
    draw_with_mouse(page, digit(8))
    expect_digit(page, 8)
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    assert page.evaluate("getComputedStyle(document.body).fontSize") == f"{font}px"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for each in page.locator("main button:visible, .choose, #inside button").all():
        assert each.evaluate("(each) => each.scrollWidth <= each.clientWidth + 1")
    sentence, seen = (page.locator(name).bounding_box() for name in ("#sentence", ".seen"))
    assert page.locator("#sentence").evaluate("(each) => each.scrollWidth <= each.clientWidth")
    assert sentence["x"] + sentence["width"] <= seen["x"] or sentence["y"] + sentence["height"] <= seen["y"]
    page.set_input_files("#choose", {"name": "letter.txt", "mimeType": "text/plain", "buffer": b"seven"})
    expect(page.locator("#paper-note")).to_contain_text("not a picture")
    assert page.locator("#paper-note").evaluate("(each) => each.scrollHeight <= each.clientHeight + 1")
    large.close()


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
    others = [""] * 9  # buttons of the other digits
    assert reached == ["undo", "redo", "clear", "choose", "yes", *others, "pen-size", "tool", "copy-curl"]
    strokes = inked(page)
    page.keyboard.press("Control+z")
    assert 0 < inked(page) < strokes
    page.keyboard.press("Escape")
    assert inked(page) == 0
    expect(page.locator("#answer")).to_have_attribute("data-state", "empty")


@pytest.mark.parametrize(
    ("focused", "key", "then"),
    [
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


@pytest.mark.parametrize("key", ["Escape", "Control+z"])
def test_a_key_that_finds_nothing_to_take_back_leaves_the_focus_where_it_is(page: Page, key: str):
    page.locator("#example").focus()
    page.keyboard.press(key)
    expect(page.locator("#example")).to_be_focused()


def test_what_is_pasted_and_no_picture_leaves_the_focus_where_it_is(page: Page):
    page.locator("#example").focus()
    page.evaluate(
        """() => {
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File(["seven"], "letter.txt", { type: "text/plain" }));
            document.dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
        }"""
    )
    expect(page.locator("#sentence")).to_contain_text("not a picture")
    expect(page.locator("#example")).to_be_focused()


@pytest.mark.parametrize(("button", "presses"), [("#clear", 3), ("#undo", 4)])
def test_who_keeps_enter_pressed_does_nothing_else(page: Page, button: str, presses: int):
    draw_with_mouse(page, digit(7))
    expect_digit(page, 7)
    page.locator(button).focus()
    for _ in range(presses):
        page.keyboard.press("Enter")
    expect(page.locator(button)).to_be_focused()
    expect(page.locator(button)).to_be_disabled()
    assert inked(page) == 0


def test_the_same_answer_to_another_picture_is_spoken_once_more(page: Page, tmp_path: Path):
    spoken = page.locator("#spoken")
    for seed in range(2):
        handwriting.render(handwriting.by_hand(7, seed)).save(tmp_path / f"{seed}.png")
    page.set_input_files("#choose", tmp_path / "0.png")
    expect(spoken).to_have_text("This is a 7. More than 99.9% sure.")
    hear(page, "#spoken")
    page.set_input_files("#choose", tmp_path / "1.png")
    page.wait_for_function("() => heard.at(-1)?.startsWith('This is a\\u00a07.')")


def hear(page: Page, *names: str) -> None:
    """From now on, `heard` collects what is said by ``names``: whatever their text is set to, be it the same."""
    page.evaluate(
        """(names) => {
            heard = [];
            for (const name of names) {
                const element = document.querySelector(name);
                const hear = () => heard.push(element.textContent);
                new MutationObserver(hear).observe(element, { childList: true, characterData: true, subtree: true });
            }
        }""",
        names,
    )


def test_who_goes_through_the_pictures_hears_of_each_and_not_again_how_many_they_are(page: Page):
    page.set_input_files("#choose", [handwriting.DATA / name for name in ("3.bmp", "2.gif", "7.png")])
    expect(page.locator("#gallery-status")).to_have_text("3 pictures have been read.")
    expect(page.locator("#spoken")).to_contain_text("This is a 3.")
    page.locator("#tiles button").first.focus()
    hear(page, "#spoken", "#gallery-status")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#spoken")).to_contain_text("This is a 2.")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#spoken")).to_contain_text("This is a 7.")
    heard = [each.partition("\n")[0].replace("\xa0", " ") for each in page.evaluate("heard") if each]
    assert heard == ["This is a 2.", "This is a 7."]


def test_who_goes_through_the_maps_hears_of_each_and_not_again_the_answer_to_a_question(page: Page):
    draw_with_mouse(page, digit(4))
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    page.locator("#why button").nth(9).press("Enter")
    expect(page.locator("#evidence[aria-live=polite]")).to_contain_text("speak for a 9 rather than a 4")
    page.locator("[data-layer=C1]").focus()
    hear(page, "#evidence", "#map-caption")
    for number in (2, 3):
        page.keyboard.press("ArrowRight")
        expect(page.locator("#map-caption")).to_contain_text(f"C1, map {number} of 16")
    heard = [each.partition(",")[0] for each in page.evaluate("heard")]
    assert heard == ["C1", "C1"]


def test_a_picture_is_chosen_read_and_corrected_by_keyboard_alone(page: Page):
    def tab_to(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == name:
                return
        raise AssertionError(f"{name} is not reached")

    page.on("filechooser", lambda _: None)  # makes the browser report file choosers before one opens
    tab_to("choose")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(handwriting.DATA / "5.png")
    expect_digit(page, 5)
    expect(page.locator("#yes")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    tab_to("yes")
    page.keyboard.press("Enter")
    expect(page.locator("#correction-note")).to_contain_text("kept as a 5")


def test_a_screen_reader_is_told_the_answer_and_the_name_of_every_control(page: Page):
    [stroke] = on_pad(page, digit(3))
    spoken = page.locator("#spoken[role=status]")
    page.mouse.move(*stroke[0])
    page.mouse.down()
    for point in stroke[1:]:
        page.mouse.move(*point)
    expect_digit(page, 3)
    expect(spoken).not_to_contain_text("3.")  # it would interrupt itself
    page.mouse.up()
    expect(spoken).to_contain_text("This is a 3.")
    snapshot = page.locator("body").aria_snapshot()
    for name in ("Pen size", "Undo", "Clear", "Pictures…", "Pen colour", "Probability of each digit"):
        assert name in snapshot
    assert snapshot.count("This is a 3.") == 1


def test_who_goes_from_heading_to_heading_finds_each_part_of_the_page(page: Page):
    parts = ["Write a digit", "Answer", "Tools", "Inside the network"]
    assert [heading.text_content() for heading in page.get_by_role("heading").all()] == parts
    for part in parts[1:]:
        expect(page.get_by_role("region", name=part)).to_be_visible()


def test_who_has_no_scripts_is_told_before_the_pad(page: Page):
    html = page.request.get(page.url).text()  # Playwright hides <noscript> even without scripts
    assert html.index("<header>") < html.index("The pad needs JavaScript") < html.index("<main>")


def test_what_is_printed_from_a_dark_screen_is_dark_on_white(open_page):
    page = open_page(color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator("#inside")).to_be_hidden()  # while it is empty
    page.emulate_media(media="screen", color_scheme="dark")
    draw_with_mouse(page, [[(0.5, 0.2), (0.5, 0.8)]])
    expect_digit(page, 1)
    page.set_input_files("#choose", {"name": "letter.txt", "mimeType": "text/plain", "buffer": b"seven"})
    expect(page.locator("#paper-note")).to_be_visible()
    assert sum(pixel(page, 0.01, 0.01)) < 100 < 600 < sum(pixel(page, 0.5, 0.5))
    page.emulate_media(media="print", color_scheme="dark")
    assert sum(pixel(page, 0.01, 0.01)) > 600 > 100 > sum(pixel(page, 0.5, 0.5))
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(27, 29, 34)"
    for name in (".buttons", ".tools", "#correction", "#paper-note"):
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
