"""Promises about the pad: mouse, finger, pen and eraser, undo and redo."""

import io
import json
import re
import subprocess

import handwriting
import pen_digits
import pytest
from conftest import RunningServer
from on_page import (
    digit,
    draw,
    draw_with_mouse,
    expect_digit,
    inked,
    is_of_all,
    on_pad,
    pixel,
    press_along,
    stop_clock,
    touch_at,
)
from PIL import Image
from playwright.sync_api import CDPSession, Page, Response, expect


@pytest.mark.parametrize("number", range(10))
def test_a_digit_drawn_with_the_mouse_is_read(page: Page, number: int):
    draw_with_mouse(page, digit(number))
    expect_digit(page, number)
    expect(page.locator("#sentence")).to_contain_text(str(number))


@pytest.mark.parametrize("number", [2, 7, 8])
def test_a_digit_drawn_with_a_finger_is_read_and_the_page_does_not_scroll(open_page, number: int):
    page = open_page(width=390, height=600, has_touch=True, is_mobile=True, device_scale_factor=3)
    assert page.evaluate("document.documentElement.scrollHeight > innerHeight"), "the page must be scrollable"
    draw(page, digit(number), "touch")
    expect_digit(page, number)
    assert page.evaluate("scrollY") == 0


def test_of_two_fingers_the_first_to_move_draws(open_page):
    page = open_page(width=390, height=800, has_touch=True, is_mobile=True)
    fingers = Fingers(page)
    fingers.down(0.3, 0.3)
    fingers.down(0.8, 0.2)
    fingers.move(0, 0.3, 0.8)
    fingers.move(1, 0.8, 0.8)
    fingers.up(1)
    fingers.up(0)
    expect(page.locator("#clear")).to_be_enabled()
    paper = pixel(page, 0.01, 0.01)
    assert pixel(page, 0.3, 0.5) != paper
    assert pixel(page, 0.8, 0.2) == pixel(page, 0.8, 0.5) == paper


def test_a_thumb_that_holds_the_telephone_by_the_pad_leaves_it_to_the_finger_that_draws(open_page):
    page = open_page(width=390, height=800, has_touch=True, is_mobile=True)
    fingers = Fingers(page)
    fingers.down(0.97, 0.9)
    fingers.draw(digit(4))
    fingers.up(0)
    expect_digit(page, 4)
    assert pixel(page, 0.97, 0.9) == pixel(page, 0.01, 0.01)
    for _ in digit(4):
        page.click("#undo")
    expect(page.locator("#undo")).to_be_disabled()
    assert inked(page) == 0


def test_a_palm_that_slides_a_little_leaves_the_pad_to_the_finger(open_page):
    page = open_page(width=768, height=1024, has_touch=True, is_mobile=True)
    fingers = Fingers(page)
    fingers.down(0.9, 0.9)
    fingers.move(0, 0.925, 0.9)
    fingers.draw(digit(4))
    fingers.up(0)
    expect_digit(page, 4)
    assert pixel(page, 0.91, 0.9) == pixel(page, 0.01, 0.01)


class Fingers:
    """Several fingers on the pad; a finger is its index among those still down, in order of touching."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.devtools = page.context.new_cdp_session(page)
        self.touches: list[dict[str, float]] = []
        self.came_down = 0

    def down(self, x: float, y: float) -> None:
        self.came_down += 1
        self.touches.append({"id": self.came_down, **self.place(x, y)})
        self.tell("touchStart", self.touches)

    def move(self, finger: int, x: float, y: float) -> None:
        self.touches[finger].update(self.place(x, y))
        self.tell("touchMove", self.touches)

    def up(self, finger: int) -> None:
        self.tell("touchEnd", [self.touches.pop(finger)])

    def draw(self, strokes: list[handwriting.Stroke]) -> None:
        """Draw with another finger."""
        finger = len(self.touches)
        for stroke in strokes:
            self.down(*stroke[0])
            for point in stroke[1:]:
                self.move(finger, *point)
            self.up(finger)

    def place(self, x: float, y: float) -> dict[str, float]:
        [[(x, y)]] = on_pad(self.page, [[(x, y)]])
        return {"x": x, "y": y}

    def tell(self, event: str, touches: list[dict[str, float]]) -> None:
        self.devtools.send("Input.dispatchTouchEvent", {"type": event, "touchPoints": touches})


def test_people_s_drawings_are_read(open_page):
    page = open_page(width=1000, height=900)
    drawings = dict(reversed(pen_digits.digits()))  # keeps the first of each digit
    right = 0
    for number, strokes in drawings.items():
        page.keyboard.press("Escape")
        expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
        with page.expect_response(lambda response, strokes=strokes: is_of_all(response, strokes)) as response:
            draw_with_mouse(page, strokes)
        right += response.value.json()["digit"] == number
    assert len(drawings) == 10
    assert right >= 9


@pytest.mark.parametrize("scale", [1, 1.5, 3])
@pytest.mark.parametrize("zoom", [0.8, 1, 1.5])
def test_the_line_meets_the_pointer_on_every_screen_and_at_every_zoom(open_page, scale: float, zoom: float):
    # Zoom makes CSS pixels larger, and fewer fit into the window.
    page = open_page(width=round(801 / zoom), height=round(777 / zoom), device_scale_factor=scale * zoom)
    expect_line_under_pointer(page, scale * zoom)
    assert pixels_under_one(page) == pytest.approx(1, abs=0.02), "the pad must have the screen's resolution"


def test_the_line_meets_the_pointer_where_the_page_itself_is_zoomed(open_page):
    page = open_page(width=801, height=777)
    page.evaluate("document.documentElement.style.zoom = 1.3")
    expect_line_under_pointer(page, 1)


def test_the_line_is_sharp_again_on_another_screen_with_smaller_pixels(page: Page):
    draw_with_mouse(page, digit(7))
    expect_digit(page, 7)
    few = inked(page)
    # The window gets a little wider, else the page gets no event of the emulation; the pad keeps its size.
    screen = {"width": 1300, "height": 800, "deviceScaleFactor": 2, "mobile": False}
    page.context.new_cdp_session(page).send("Emulation.setDeviceMetricsOverride", screen)
    page.wait_for_function("() => document.getElementById('pad').width > 700")
    assert pixels_under_one(page) == pytest.approx(1, abs=0.02)
    assert inked(page) == pytest.approx(4 * few, rel=0.1)


def expect_line_under_pointer(page: Page, density: float) -> None:
    """Draw a line, and check on a screenshot that it is where the pointer was."""
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
    """The width of a pixel of the pad, in pixels of the screen."""
    return page.evaluate(
        """() => {
            const pad = document.getElementById("pad");
            return (pad.getBoundingClientRect().width * devicePixelRatio) / pad.width;
        }"""
    )


@pytest.mark.parametrize("end", [(0.5, 0.5), (0.512, 0.508)], ids=["still", "moved a little"])
def test_a_tap_is_no_digit_however_it_trembled(page: Page, end: tuple[float, float]):
    draw_with_mouse(page, [[(0.5, 0.5), end]])
    expect(page.locator("#sentence")).to_contain_text("does not look like a single digit")
    page.keyboard.press("Escape")
    page.locator("#pen-size").fill("1")
    draw_with_mouse(page, [[(0.5, 0.4), (0.5, 0.6)]])
    expect_digit(page, 1)


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


@pytest.mark.parametrize("key", ["Control", "Meta"])
def test_redo_brings_back_what_was_undone_or_cleared(page: Page, key: str):
    expect(page.locator("#redo")).to_be_disabled()
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    whole = inked(page)
    page.keyboard.press(f"{key}+z")
    fewer = inked(page)
    page.keyboard.press(f"{key}+Shift+z")
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
    if what == "touch":  # a picture cannot be erased
        come_to_nothing(page, what)
    expect_digit(page, 7)
    page.click("#redo")
    expect_digit(page, 3)
    expect(page.locator("#picture")).to_be_hidden()


def come_to_nothing(page: Page, what: str) -> None:
    """Erase where there is no line, or begin a line with a finger whose touch the system then cancels."""
    if what == "eraser":
        page.check("input[value=eraser]", force=True)
        draw_with_mouse(page, [[(0.02, 0.02), (0.05, 0.02)]])
        page.check("input[value=ink]", force=True)
    else:
        devtools, _ = lay_palm(page)
        devtools.send("Input.dispatchTouchEvent", {"type": "touchCancel", "touchPoints": []})


def test_ink_ends_where_the_pad_does(page: Page):
    beyond = [[(0.2, 0.3), (0.8, 0.3), (0.45, 0.95), (0.44, 1.1), (0.9, 1.3)]]
    with page.expect_response(lambda response: "/predict" in response.url):
        draw_with_mouse(page, beyond)
    expect_digit(page, 7)
    sent = sent_strokes(page, lambda: page.keyboard.press("Control+z"), lambda: page.keyboard.press("Control+Shift+z"))
    assert len(sent) == 1
    assert all(0 <= place <= 1 for stroke in sent for point in stroke for place in point)
    assert sent[0][-1] == pytest.approx((0.4467, 1), abs=0.01), "where the line crosses the pad's edge"
    page.click("#clear")
    out_and_back = [[(0.3, 0.5), (0.3, 1.2), (0.6, 1.2), (0.6, 0.5)]]
    draw_with_mouse(page, out_and_back)
    sent = sent_strokes(page, lambda: page.keyboard.press("Control+z"), lambda: page.keyboard.press("Control+Shift+z"))
    assert [(stroke[0], stroke[-1]) for stroke in sent] == [
        (pytest.approx([0.3, 0.5], abs=0.01), pytest.approx([0.3, 1], abs=0.01)),
        (pytest.approx([0.6, 1], abs=0.01), pytest.approx([0.6, 0.5], abs=0.01)),
    ]


def sent_strokes(page: Page, *steps) -> list[list[list[float]]]:
    """The strokes that the page sends after ``steps``."""
    with page.expect_request("**/predict*") as asked:
        for step in steps:
            step()
    return json.loads(asked.value.post_data)["strokes"]


def test_a_drawing_outlives_a_reload_and_can_be_undone_stroke_by_stroke(page: Page):
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    page.reload()
    expect_digit(page, 4)
    whole = inked(page)
    page.goto(f"{page.url}api")
    page.go_back()
    expect_digit(page, 4)
    page.click("#undo")
    fewer = inked(page)
    assert 0 < fewer < whole
    page.click("#undo")
    assert inked(page) == 0
    expect(page.locator("#undo")).to_be_disabled()
    page.click("#redo")
    assert inked(page) == fewer
    page.click("#redo")
    assert inked(page) == whole
    expect_digit(page, 4)
    page.click("#clear")
    page.reload()
    expect(page.locator("#sentence")).to_have_text("Draw a digit from 0 to 9.")
    assert inked(page) == 0
    page.goto(f"{page.url}api")
    damaged = {"strokes": [{"points": 7, "width": 0.1, "colour": "ink"}], "colour": "ink", "penSize": "9"}
    page.evaluate("(drawing) => sessionStorage.setItem('drawing', drawing)", json.dumps(damaged))
    page.click("text=Back to the drawing pad")
    expect(page.locator("#choose")).to_be_enabled()
    expect(page.locator("#sentence")).to_have_text("Draw a digit from 0 to 9.")
    draw_with_mouse(page, digit(7))
    expect_digit(page, 7)


def test_a_drawing_is_kept_as_soon_as_the_page_is_out_of_sight(page: Page):
    draw_with_mouse(page, [[(0.5, 0.2), (0.5, 0.8)], [(0.4, 0.8), (0.6, 0.8)]])
    expect_digit(page, 1)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # a phone may drop hidden pages
    assert len(json.loads(page.evaluate("sessionStorage.getItem('drawing')"))["strokes"]) == 2


def test_the_pen_outlives_a_reload(page: Page):
    page.check("input[value=red]", force=True)
    page.fill("#pen-size", "9")
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    page.reload()
    expect_digit(page, 4)
    expect(page.locator("input[value=red]")).to_be_checked()
    expect(page.locator("#pen-size")).to_have_value("9")
    page.check("input[value=eraser]", force=True)
    page.reload()
    expect(page.locator("input[value=red]")).to_be_checked()


def test_a_drawing_under_a_picture_outlives_a_reload(page: Page):
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    page.set_input_files("#choose", handwriting.DATA / "7.png")
    expect_digit(page, 7)
    page.reload()
    expect_digit(page, 4)
    page.click("#clear")
    page.set_input_files("#choose", handwriting.DATA / "7.png")
    expect_digit(page, 7)
    page.reload()
    expect(page.locator("#undo")).to_be_disabled()
    assert inked(page) == 0, "a cleared drawing must not come back"


def test_an_eraser_that_has_erased_all_gives_way_to_the_pen(page: Page):
    page.check("input[value=blue]", force=True)
    draw_with_mouse(page, digit(5))
    expect_digit(page, 5)
    page.check("input[value=eraser]", force=True)
    page.click("#clear")
    expect(page.locator("input[value=blue]")).to_be_checked()
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)


def test_an_eraser_that_has_erased_all_stays_one_for_the_hand_that_rubs_on(page: Page):
    page.check("input[value=blue]", force=True)
    draw_with_mouse(page, digit(1))
    expect_digit(page, 1)
    page.check("input[value=eraser]", force=True)
    draw_with_mouse(page, [[(x / 20, 0.02), (x / 20, 0.98)] for x in (*range(20), *range(20))])
    expect(page.locator("#sentence")).to_have_text("Draw a digit from 0 to 9.")
    expect(page.locator("#paper-note[role=status]")).to_contain_text("nothing left to erase. Choose a pen")
    assert inked(page) == 0
    page.check("input[value=red]", force=True)
    expect(page.locator("#paper-note")).to_be_empty()
    expect(page.locator("input[value=eraser]")).to_be_disabled()
    draw_with_mouse(page, digit(1))
    expect_digit(page, 1)


def test_who_comes_back_to_the_page_finds_the_pen_that_was_chosen(page: Page):
    page.locator("#pen-size").fill("12")
    page.check("input[value=red]", force=True)
    draw_with_mouse(page, digit(1))
    thick = page.evaluate(SWATCH_SIZE)
    page.goto(f"{page.url}api")
    page.go_back()
    expect(page.locator("input[value=red]")).to_be_checked()
    assert page.evaluate(SWATCH_SIZE) == thick
    page.check("input[value=eraser]", force=True)
    page.keyboard.press("Escape")
    expect(page.locator("input[value=red]")).to_be_checked()


def test_what_an_eraser_leaves_of_a_curve_stays_the_curve_that_it_was(page: Page):
    curve = [(0.2, 0.5), (0.5, 0.35), (0.8, 0.5)]
    draw_with_mouse(page, [curve])
    page.check("input[value=eraser]", force=True)
    [left] = sent_strokes(page, lambda: draw_with_mouse(page, [[curve[-1], curve[-1]]]))
    assert left[:2] == [pytest.approx(point, abs=0.01) for point in curve[:2]]
    assert 0.7 < left[-1][0] < 0.8
    assert len(left) == 3, "points that are only looked at to erase are no part of it"


def test_an_eraser_is_to_be_had_where_there_is_something_to_erase(page: Page):
    eraser = page.locator("input[value=eraser]")
    expect(eraser).to_be_disabled()
    draw_with_mouse(page, digit(4))
    expect(eraser).to_be_enabled()
    page.set_input_files("#choose", handwriting.DATA / "7.png")
    expect(eraser).to_be_disabled()
    page.click("#undo")
    expect(eraser).to_be_enabled()
    page.click("#clear")
    expect(eraser).to_be_disabled()


def older(css: str) -> str:
    """``css`` as a browser understands it that does not know ``:has()``: Firefox before 121."""
    return css.replace(":has(", ":unknown(")


def test_a_browser_that_does_not_know_has_shows_which_pen_is_chosen(open_page):
    page = open_page()
    page.route("**/page.css", lambda route: route.fulfill(body=older(route.fetch().text()), content_type="text/css"))
    page.reload()
    blue = page.locator(".swatch.blue")
    before = blue.screenshot()
    blue.click()
    page.mouse.move(0, 0)
    expect(page.locator("input[value=blue]")).to_be_checked()
    assert blue.screenshot() != before


SWATCH_SIZE = "getComputedStyle(document.querySelector('.swatch.red'), '::after').width"


def test_the_tools_are_seen_to_be_as_thick_as_they_are(page: Page):
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    widths = []
    for size in ("2", "12"):
        page.locator("#pen-size").fill(size)
        dot = page.locator(".swatch.blue").evaluate("(each) => getComputedStyle(each, '::after').width")
        assert page.locator("#pad").evaluate("(each) => getComputedStyle(each).cursor") == "crosshair"
        page.check("input[value=eraser]", force=True)
        cursor = page.locator("#pad").evaluate("(each) => getComputedStyle(each).cursor")
        ring = re.search(r"width%3D%22(\d+)%22", cursor)
        widths.append((float(dot.removesuffix("px")), int(ring[1])))
        page.check("input[value=ink]", force=True)
    (thin_dot, small_ring), (thick_dot, large_ring) = widths
    assert thick_dot > 1.5 * thin_dot
    assert large_ring > 3 * small_ring


def test_a_quick_hand_s_line_is_smooth_and_its_corners_stay(page: Page):
    page.locator("#pen-size").fill("1")
    draw_with_mouse(page, [[(0.2, 0.5), (0.5, 0.35), (0.8, 0.5)], [(0.2, 0.9), (0.5, 0.6), (0.8, 0.9)]])
    paper = pixel(page, 0.01, 0.01)
    assert pixel(page, 0.5, 0.3875) != paper, "halfway from the corner to its segments' midpoints"
    assert pixel(page, 0.5, 0.352) == paper
    assert pixel(page, 0.5, 0.61) != paper


def test_a_broad_pen_makes_a_broad_eraser(page: Page):
    left = []
    for size in ("2", "12"):
        page.locator("#pen-size").fill("10")
        draw_with_mouse(page, [[(0.1, 0.5), (0.9, 0.5)]])
        page.locator("#pen-size").fill(size)
        page.check("input[value=eraser]", force=True)
        draw_with_mouse(page, [[(0.5, 0.4), (0.5, 0.6)]])
        left.append(inked(page))
        page.click("#clear")
    narrow, broad = left
    assert broad < 0.95 * narrow


def test_who_has_zoomed_into_the_pad_gets_out_again(open_page):
    page = open_page(width=390, height=844, has_touch=True, is_mobile=True, device_scale_factor=2)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 4})
    page.wait_for_function("() => visualViewport.scale === 4")
    for apart in range(40, 4, -4):
        fingers = [{"x": 48 + side * apart, "y": 160, "id": side + 1} for side in (-1, 1)]
        kind = "touchStart" if apart == 40 else "touchMove"
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_function("() => visualViewport.scale < 3")
    assert inked(page) == 0


def test_the_eraser_takes_away_what_it_touches_and_the_rest_is_read_anew(page: Page):
    crossed = [*digit(7), [(0.34, 0.55), (0.7, 0.5)]]
    draw_with_mouse(page, [*crossed, [(0.1, 0.9), (0.9, 0.93)]])
    expect(page.locator("#clear")).to_be_enabled()
    whole = inked(page)
    page.check("input[value=eraser]", force=True)
    draw_with_mouse(page, [[(0.02, 0.93), (0.98, 0.96)]])
    assert inked(page) < whole
    for x in (0.15, 0.35, 0.5, 0.65, 0.85):
        assert pixel(page, x, 0.9 + 0.0375 * (x - 0.1)) == pixel(page, 0.01, 0.01), "even when moved fast"
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


def test_a_pen_turned_upside_down_erases(page: Page):
    draw_with_mouse(page, [[(0.2, 0.3), (0.8, 0.3)], [(0.2, 0.7), (0.8, 0.7)]])
    both = inked(page)
    # DevTools cannot send the eraser button; all else in the event comes from a pen.
    page.evaluate("""addEventListener(
        "pointerdown", (event) => Object.defineProperty(event, "button", { value: 5 }), { capture: true, once: true }
    )""")
    draw(page, [[(0.1, 0.3), (0.9, 0.3)]], "pen")
    assert 0 < inked(page) < 0.6 * both
    draw(page, [[(0.2, 0.3), (0.8, 0.3)]], "pen", pressure=0.6)
    assert inked(page) > 0.9 * both


def lay_palm(page: Page) -> tuple[CDPSession, handwriting.Point]:
    """Lay a touch that slides a little in the pad's corner; returns the session and its place."""
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
    devtools, _ = lay_palm(page)
    expect(page.locator("#clear")).to_be_enabled()
    devtools.send("Input.dispatchTouchEvent", {"type": "touchCancel", "touchPoints": []})
    expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
    expect(page.locator("#undo")).to_be_disabled()
    assert inked(page) == 0


def test_a_finger_that_has_tapped_a_button_draws_at_once(open_page):
    page = open_page(has_touch=True)
    draw(page, digit(1), "pen")
    expect_digit(page, 1)
    page.tap("#clear")
    draw(page, digit(7), "touch")
    expect_digit(page, 7)


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
    page.evaluate(  # as if a menu had taken the release, which Chromium would report here
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


def test_the_right_mouse_button_draws_nothing(page: Page):
    page.click("#pad", button="right")
    assert inked(page) == 0
    expect(page.locator("#undo")).to_be_disabled()


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
    """Whether ``response`` answers a drawing whose last line has reached ``end``."""
    sent = json.loads(response.request.post_data)["strokes"] if "/predict" in response.url else [[None]]
    return sent[-1][-1] == pytest.approx(end, abs=0.0002)


@pytest.mark.parametrize("clipboard", ["allowed", "refused"])
def test_copied_as_curl_the_drawing_can_be_sent_from_a_terminal(open_page, server: RunningServer, clipboard: str):
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url.rstrip("/"))
    if clipboard == "refused":  # as on a page from another machine over plain HTTP
        page.evaluate(
            "() => Object.defineProperty(navigator.clipboard, 'writeText', { value: () => Promise.reject() })"
        )
    draw_with_mouse(page, digit(6))
    expect_digit(page, 6)
    page.click("#copy-curl")
    expect(page.locator("#note")).to_contain_text("Copied")
    expect(page.locator("#note")).not_to_contain_text("token")
    command = page.evaluate("() => navigator.clipboard.readText()")
    ran = subprocess.run(["sh"], input=command, capture_output=True, text=True, check=False)
    assert json.loads(ran.stdout)["digit"] == 6, (command, ran.stderr)


def test_a_long_drawing_copied_as_curl_is_no_longer_than_a_command_may_be(open_page, server: RunningServer):
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url.rstrip("/"))
    ring = handwriting.arc(0.5, 0.5, 0.2, 0.35, 0, 360)
    points = [{"x": x, "y": y} for x, y in ring * 300]
    strokes = [{"points": points, "width": 0.05, "colour": "ink"}]
    drawing = json.dumps({"strokes": strokes, "colour": "ink", "penSize": "5"})
    page.add_init_script(f"sessionStorage.setItem('drawing', {json.dumps(drawing)})")
    page.reload()
    expect_digit(page, 0)
    page.click("#copy-curl")
    expect(page.locator("#note")).to_contain_text("Copied")
    command = page.evaluate("() => navigator.clipboard.readText()")
    assert len(command) > 2**17  # the limit of one argument on Linux
    ran = subprocess.run(["sh"], input=command, capture_output=True, text=True, check=False)
    assert json.loads(ran.stdout)["digit"] == 0, ran.stderr


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
    expect(page.locator("#undo")).to_be_disabled()
    draw_with_mouse(page, digit(3))
    expect_digit(page, 3)
    page.check("input[value=eraser]", force=True)
    draw_with_mouse(page, [[(0.02, 0.02), (0.05, 0.02)]])
    page.click("#undo")
    assert inked(page) == 0
    expect(page.locator("#undo")).to_be_disabled()


def test_who_does_not_draw_is_shown_each_digit_in_turn(open_page):
    page = open_page(reduced_motion="reduce")
    shown = set()
    for _ in range(10):
        page.click("#example")
        expect(page.locator("#example")).to_be_hidden()
        expect(page.locator("#answer")).to_have_attribute("data-state", "certain")
        expect(page.locator("#spoken")).to_contain_text("This is a")
        shown.add(page.locator("#digit").text_content())
        page.click("#clear")
        expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
    assert shown == set("0123456789")


@pytest.mark.parametrize("key", ["Escape", "Control+z"])
def test_a_digit_that_the_page_draws_is_given_up_by_who_wants_the_pad(page: Page, key: str):
    stop_clock(page)
    page.click("#example")
    page.clock.run_for(200)
    expect(page.locator("#clear")).to_be_enabled()
    page.keyboard.press(key)
    page.clock.run_for(5_000)
    expect(page.locator("#clear")).to_be_disabled()
    expect(page.locator("#answer")).to_have_attribute("data-state", "empty")


def test_what_is_erased_of_a_digit_that_the_page_was_kept_from_ending_comes_back(open_page):
    page = open_page()
    page.evaluate("Math.random = () => 0.45")  # chooses the example 4, which has two strokes
    stop_clock(page)
    page.click("#example")
    page.clock.run_for(600)
    page.keyboard.press("Control+z")
    page.clock.resume()
    drawn = inked(page)
    assert drawn > 0
    page.check("input[value=eraser]", force=True)
    draw_with_mouse(page, [[(0.3, 0.58), (0.4, 0.58), (0.5, 0.58)]])
    assert 0 < inked(page) < drawn
    page.keyboard.press("Control+z")
    assert inked(page) == drawn


def test_who_draws_while_the_page_does_takes_the_pen_from_it(page: Page):
    stop_clock(page)
    page.click("#example")
    page.clock.run_for(100)
    press_along(page, [(0.1, 0.1), (0.1, 0.2), (0.1, 0.3)])
    page.clock.run_for(5_000)
    page.mouse.up()
    page.clock.run_for(5_000)
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    begun, drawn = page.evaluate("JSON.parse(sessionStorage.drawing).strokes")
    assert len(begun["points"]) < 8
    assert len(drawn["points"]) == 3


def test_an_eraser_that_meets_nothing_stops_a_digit_that_the_page_draws(page: Page):
    page.evaluate("Math.random = () => 0.45")  # chooses the example 4, which has two strokes
    stop_clock(page)
    page.click("#example")
    page.clock.run_for(150)
    page.check("input[value=eraser]", force=True)
    draw_with_mouse(page, [[(0.05, 0.9), (0.1, 0.9)]])
    page.clock.run_for(5_000)
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    assert len(page.evaluate("JSON.parse(sessionStorage.drawing).strokes")) == 1
