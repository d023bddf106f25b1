"""Promises about what the page shows of the network's layers."""

import base64

import handwriting
import pytest
from on_page import (
    NO_DIGIT,
    PREDICTION,
    SIZES,
    digit,
    draw,
    draw_with_mouse,
    expect_digit,
    expect_in_window,
    inked,
    is_of_all,
    places_of,
    press_along,
    scroll_to,
    stop_clock,
)
from playwright.sync_api import Locator, Page, Route, expect


def test_the_keyboard_enlarges_the_maps_of_the_layer_that_it_comes_to(page: Page):
    draw_with_mouse(page, digit(7))
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    page.locator("#layers canvas[data-layer=C1]").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#map-caption")).to_have_text("S2, map 1 of 32")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#map-caption")).to_have_text("S2, map 2 of 32")
    assert [is_framed(page, "S2", left) for left in (0, 13, 26, 39)] == [False, True, True, False]
    assert not is_framed(page, "C1", 0)


def test_clearing_does_not_move_the_pad_on_a_page_that_was_scrolled(open_page):
    page = open_page(width=1440, height=900)
    draw_with_mouse(page, digit(7))
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    scroll_to(page, 10_000)
    place = page.evaluate("scrollY")
    assert place > 100
    page.keyboard.press("Escape")
    expect(page.locator("#inside")).to_have_attribute("data-state", "empty")
    expect(page.locator("#layers canvas").first).to_be_hidden()
    scroll_to(page, place)
    assert page.evaluate("scrollY") == place, "else it would move when the next stroke fills the panel"


def is_framed(page: Page, layer: str, left: int) -> bool:
    """Whether the gap at ``left`` pixels in the layer's first row of maps is painted."""
    assert inked(page) > 0, "waits for a frame"
    return page.locator(f"#layers canvas[data-layer={layer}]").evaluate(
        "(canvas, left) => canvas.getContext('2d').getImageData(left, 5, 1, 1).data[3] === 255", left
    )


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


NOTHING = [[0.0] * 28 for _ in range(28)]
BRIGHTER_AND_BRIGHTER = base64.b64encode(bytes(17 * number for number in range(16) for _ in range(26 * 26))).decode()
EXPLANATION = PREDICTION | {
    "layers": [{"name": "C1", "shape": [16, 26, 26], "maps": BRIGHTER_AND_BRIGHTER}],
    "evidence": {"digit": 4, "rather_than": None, "pixels": NOTHING},
}
FAILURE = {"error": {"code": "internal", "message": "It broke."}}


def test_maps_stand_in_their_order_and_the_arrow_keys_go_among_them(page: Page):
    page.route("**/explain*", lambda route: route.fulfill(json=EXPLANATION))
    draw_with_mouse(page, digit(4))
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    maps, enlarged, caption = (page.locator(name) for name in ("#layers canvas", "#map-detail", "#map-caption"))
    in_rows = [rgba(maps, 14 + 27 * column, 14 + 27 * row)[3] for row in range(2) for column in range(8)]
    assert in_rows == sorted(set(in_rows))
    maps.focus()
    for key, number in (("ArrowDown", 9), ("ArrowRight", 10), ("ArrowUp", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        expect(caption).to_have_text(f"C1, map {number} of 16")
        assert rgba(enlarged, 13, 13)[3] == in_rows[number - 1]


def test_what_spoke_for_and_against_the_digit_is_shown_where_it_lies_in_the_legend_s_colours(page: Page):
    pixels = [list(row) for row in NOTHING]
    pixels[3][20], pixels[9][5] = 0.5, -0.5
    explanation = EXPLANATION | {"evidence": EXPLANATION["evidence"] | {"pixels": pixels}}
    page.route("**/explain*", lambda route: route.fulfill(json=explanation))
    draw_with_mouse(page, digit(4))
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    heat = page.locator("#heat")
    assert colours_of_square(heat, 4 * 20, 4 * 3) == {colour_in_legend(page, "for")}
    assert colours_of_square(heat, 4 * 5, 4 * 9) == {colour_in_legend(page, "against"), "nothing"}
    assert lit(heat) == 16 + 8


def test_what_speaks_against_is_hatched_in_the_legend_and_in_filters_too_for_those_who_see_no_colours(page: Page):
    with_filters = EXPLANATION["layers"][0] | {"filters": [[[-1.0, 0.5], [0.0, 1.0]]] * 16}
    page.route("**/explain*", lambda route: route.fulfill(json=EXPLANATION | {"layers": [with_filters]}))
    draw_with_mouse(page, digit(4))
    expect(page.locator("#map-caption")).to_have_text("C1, map 1 of 16, with its filter")
    enlarged, left = page.locator("#map-detail"), 26 + 2  # of the filter, beside the map
    assert colours_of_square(enlarged, left, 0) == {colour_in_legend(page, "against"), "nothing"}
    assert colours_of_square(enlarged, left, 4) == {"nothing"}
    assert colours_of_square(enlarged, left + 4, 4) == {colour_in_legend(page, "for")}
    assert [mask_in_legend(page, what) == "none" for what in ("for", "against")] == [True, False]


def colours_of_square(canvas: Locator, left: int, top: int) -> set[str]:
    """The colours with which a number that has a sign is drawn on ``canvas``; "nothing" where that is bare."""
    drawn = [rgba(canvas, left + across, top + down) for down in range(4) for across in range(4)]
    return {f"rgb({red}, {green}, {blue})" if opacity else "nothing" for red, green, blue, opacity in drawn}


def rgba(canvas: Locator, x: int, y: int) -> list[int]:
    return canvas.evaluate("(canvas, [x, y]) => [...canvas.getContext('2d').getImageData(x, y, 1, 1).data]", [x, y])


def colour_in_legend(page: Page, what: str) -> str:
    return page.locator(f".legend .{what}").evaluate("(each) => getComputedStyle(each, '::before').backgroundColor")


def mask_in_legend(page: Page, what: str) -> str:
    return page.locator(f".legend .{what}").evaluate("(each) => getComputedStyle(each, '::before').maskImage")


@pytest.mark.parametrize("size", ["phone", "tablet", "desk"])
def test_the_enlarged_map_is_seen_beside_the_one_that_is_tapped(open_page, size: str):
    width, height = SIZES[size]
    page = open_page(width=width, height=height, has_touch=True)
    draw(page, digit(7), "touch")
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    expect(page.locator("#map-caption")).to_have_text("C1, map 1 of 16, with its filter")
    expect(page.get_by_text("To enlarge a map, point at it")).to_be_visible()
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
    assert inked(page) > 0, "waits for a frame, which would show any change"
    expect(page.locator("#map-caption")).to_have_text("S4, map 1 of 64")
    output = page.locator("figure", has=page.locator("canvas[data-layer=output]"))
    cell = output.locator("canvas").bounding_box()["width"] / 10
    left = output.locator("canvas").bounding_box()["x"]
    for number in range(10):
        box = output.get_by_text(str(number), exact=True).bounding_box()
        assert left + number * cell - 1 <= box["x"] <= box["x"] + box["width"] <= left + (number + 1) * cell + 1


def lit(canvas) -> int:
    """The number of a canvas's pixels that are not transparent."""
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
    expect(page.locator("#evidence")).to_have_text("What would speak for a 9 rather than a 7, and what against it.")
    expect(page.locator("#why button").nth(9)).to_have_attribute("aria-pressed", "true")
    assert page.locator("#heat").evaluate("(canvas) => canvas.toDataURL()") != answered
    assert lit(page.locator("#heat")) > 10


def test_where_no_digit_is_seen_the_panel_names_none_as_the_answer(page: Page):
    def explain(route: Route) -> None:
        asked = {"digit": 9, "rather_than": 8} if "digit=9" in route.request.url else {"digit": 8, "rather_than": None}
        route.fulfill(json=EXPLANATION | NO_DIGIT | {"evidence": asked | {"pixels": NOTHING}})

    page.route("**/predict*", lambda route: route.fulfill(json=NO_DIGIT))
    page.route("**/explain*", explain)
    draw_with_mouse(page, digit(8))
    expect(page.locator("#evidence")).to_have_text("It looks most like an 8: what spoke for that, and what against it.")
    expect(page.locator("#why [aria-pressed=true]")).to_have_accessible_name("Why not an 8?")
    page.click("#why button >> nth=9")
    expect(page.locator("#evidence")).to_have_text("What would speak for a 9 rather than an 8, and what against it.")


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
    page.locator("#layers canvas").first.hover()
    expect(page.locator("#map-caption")).to_contain_text("C1, map")
    expect(page.locator("#inside-trouble")).not_to_be_empty()
    page.unroute("**/explain*")
    expect(page.locator("#evidence")).to_have_text("What would speak for a 3 rather than a 7, and what against it.")
    expect(page.locator("#inside-trouble")).to_be_empty()


def test_a_first_explanation_that_does_not_come_is_not_waited_for(page: Page):
    troubles, held = page.locator("#inside-trouble"), []
    page.route("**/explain*", lambda route: route.fulfill(status=500, json=FAILURE))
    draw_with_mouse(page, digit(7))
    expect(troubles).to_have_text("Something went wrong in the server.")
    expect(page.locator("#evidence")).to_be_empty()
    page.unroute("**/explain*")
    page.route("**/explain*", lambda route: held.append(route))
    with page.expect_request("**/explain*"):
        draw_with_mouse(page, [[(0.3, 0.5), (0.7, 0.5)]])
    expect(page.locator("#evidence")).to_have_text("Reading…")
    expect(troubles).to_be_empty()
    held[0].fulfill(json=EXPLANATION)
    expect(page.locator("#evidence")).to_have_text("What spoke for the 4, and what against it.")


def test_what_was_said_of_one_digit_is_not_taken_for_what_is_asked_about_another(page: Page):
    draw_with_mouse(page, digit(7))
    evidence = page.locator("#evidence")
    expect(evidence).to_have_text("What spoke for the 7, and what against it.")
    held = []
    page.route("**/explain*", lambda route: held.append(route))
    with page.expect_request("**/explain?digit=9"):
        page.click("#why button >> nth=9")
    page.locator("#layers canvas").first.hover()
    expect(page.locator("#inside")).to_have_attribute("aria-busy", "true")
    expect(evidence).to_have_text("Reading…")
    held[0].continue_()
    expect(evidence).to_contain_text("What would speak for a 9")
    expect(evidence).to_have_attribute("aria-live", "polite")
    expect(page.locator("#inside[aria-busy]")).to_have_count(0)
    page.click("#why button >> nth=9")
    expect(evidence).to_contain_text("What would speak for a 9")
    expect(page.locator("#inside[aria-busy]")).to_have_count(0)
    assert len(held) == 1, "a known answer must not be asked for again"
    page.keyboard.press("Escape")
    expect(evidence).to_have_text("Draw, and see what each layer makes of it.")
    expect(evidence).to_have_attribute("aria-live", "off")


def test_the_answer_to_the_question_before_is_not_shown_for_this_one(page: Page):
    draw_with_mouse(page, digit(7))
    evidence = page.locator("#evidence")
    expect(evidence).to_have_text("What spoke for the 7, and what against it.")
    held = []
    page.route("**/explain?digit=6", lambda route: held.append(route))
    with page.expect_request("**/explain?digit=6"):
        page.click("#why button >> nth=6")
    page.click("#why button >> nth=5")
    said = page.evaluate_handle(
        """() => {
            const said = [];
            const evidence = document.getElementById("evidence");
            new MutationObserver(() => said.push(evidence.textContent)).observe(evidence, { childList: true });
            return said;
        }"""
    )
    held[0].continue_()
    expect(evidence).to_contain_text("What would speak for a 5")
    assert not [sentence for sentence in said.json_value() if "6" in sentence]
    expect(page.locator("#why [aria-pressed=true]")).to_have_text("5")


@pytest.mark.parametrize("size", [(1920, 1080), (844, 390), (320, 568)], ids=str)
def test_the_digits_that_may_be_asked_about_stay_under_the_pointer(open_page, size: tuple[int, int]):
    page = open_page(width=size[0], height=size[1])
    draw_with_mouse(page, digit(7))
    page.locator("#why").scroll_into_view_if_needed()
    expect(page.locator("#evidence")).to_have_text("What spoke for the 7, and what against it.")
    places = places_of(page, "#why")
    page.click("#why button >> nth=9")
    expect(page.locator("#evidence")).to_contain_text("What would speak for a 9")
    assert places_of(page, "#why") == places


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
    press_along(page, *digit(3))
    expect_digit(page, 3)
    assert asked == []
    page.mouse.up()
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")


def test_a_server_that_takes_long_to_explain_is_asked_the_less_often(open_page):
    page = open_page(width=1920, height=1080)
    stop_clock(page)
    held = []
    page.route("**/explain*", lambda route: held.append(route))
    [line] = digit(3)
    with page.expect_request("**/explain*"):
        press_along(page, line[: len(line) // 2])
        page.clock.run_for(100)
    page.clock.run_for(300)
    with page.expect_response("**/explain*"):
        held.pop().continue_()
    page.clock.run_for(100)
    expect(page.locator("#inside")).to_have_attribute("data-state", "shown")
    press_along(page, line)
    page.clock.run_for(400)
    expect_digit(page, 3)
    assert held == []
    with page.expect_request("**/explain*"):
        page.clock.run_for(400)


@pytest.mark.parametrize("size", [(1366, 768), (844, 390), (390, 844), (320, 256)], ids=str)
def test_who_comes_to_the_panel_by_keyboard_sees_what_it_explains(open_page, size: tuple[int, int]):
    page = open_page(width=size[0], height=size[1])
    page.set_input_files("#choose", handwriting.DATA / "7.png")
    expect_digit(page, 7)
    page.locator(".developers a").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#inside summary")).to_be_focused()
    expect(page.locator("#evidence")).to_contain_text("What spoke for the 7")
    expect_in_window(page, "#inside summary")
    expect(page.locator("#evidence")).to_be_in_viewport()


def test_a_picture_is_explained_once_however_often_it_is_scrolled_to(open_page):
    page = open_page(width=390, height=600)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "explain" in request.url else None)
    page.set_input_files("#choose", handwriting.DATA / "7.png")
    expect_digit(page, 7)
    assert asked == [], "not while out of view: it would be sent twice"
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
