"""Promises about choosing, dropping and pasting pictures."""

import base64
import io
import json
import re
import subprocess
from pathlib import Path

import handwriting
import pytest
from conftest import RunningServer, png
from on_page import (
    CHROMIUM_FLAGS,
    PREDICTION,
    choose_seven_and_remove_it,
    digit,
    draw,
    draw_with_mouse,
    expect_digit,
    expect_in_window,
    inked,
    on_pad,
    places_of,
    scroll_to,
)
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from test_corrections import exported


def choose_pictures_over_a_drawing(page: Page) -> None:
    """Draw a 4, replace it by choosing pictures of a 3 and a 2, and select the 2."""
    draw_with_mouse(page, digit(4))
    page.set_input_files("#choose", [handwriting.DATA / name for name in ("3.bmp", "2.gif")])
    expect_digit(page, 3)
    page.locator("#gallery button").nth(1).click()
    expect_digit(page, 2)


def test_many_files_that_are_left_out_hide_little_of_the_picture(open_page):
    page = open_page(width=390, height=844)
    seven = {"name": "7.png", "mimeType": "image/png", "buffer": (handwriting.DATA / "7.png").read_bytes()}
    scan = {"mimeType": "application/pdf", "buffer": b"scan"}
    scans = [scan | {"name": f"page {number} of my work.pdf"} for number in range(20)]
    page.set_input_files("#choose", [seven, *scans])
    note = page.locator("#paper-note")
    expect(note).to_contain_text("Left out, not a picture: page 0")
    lines = "(each) => each.clientHeight / parseFloat(getComputedStyle(each).lineHeight)"
    assert note.evaluate(lines) == pytest.approx(3, abs=0.05), "whole lines, and no part of another"
    assert note.bounding_box()["height"] < page.locator("#paper").bounding_box()["height"] / 4


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


def test_a_long_name_of_a_file_makes_no_page_wider(open_page):
    page = open_page(width=360, height=640, permissions=["clipboard-write"])
    name = "123456789_" * 15 + "n.png"
    content = (handwriting.DATA / "7.png").read_bytes()
    page.set_input_files("#choose", {"name": name, "mimeType": "image/png", "buffer": content})
    expect_digit(page, 7)
    page.click("#copy-curl")
    expect(page.locator("#note")).to_contain_text("123456789_")
    page.set_input_files("#choose", [{"name": name, "mimeType": "image/png", "buffer": content}] * 2)
    expect(page.locator("#which")).to_contain_text("1 of 2 · 123456789_")
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("name", ["it's a, seven.png", 'a "seven"\\.png'])
def test_copied_as_curl_a_picture_goes_by_its_name(open_page, server: RunningServer, tmp_path: Path, name: str):
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url.rstrip("/"))
    (tmp_path / name).write_bytes((handwriting.DATA / "7.png").read_bytes())
    page.set_input_files("#choose", tmp_path / name)
    expect_digit(page, 7)
    page.click("#copy-curl")
    expect(page.locator("#note")).to_contain_text("Copied")
    assert name in (page.locator("#note").text_content() or "")
    command = page.evaluate("() => navigator.clipboard.readText()")
    ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert json.loads(ran.stdout)["digit"] == 7, (command, ran.stderr)


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
@pytest.mark.parametrize(("name", "media_type"), [("1.jpg", "image/jpeg"), ("one", "")])
def test_a_dropped_or_pasted_picture_is_read(page: Page, name: str, media_type: str, event: str, target: str):
    content = base64.b64encode((handwriting.DATA / "1.jpg").read_bytes()).decode()
    page.evaluate(HAND_OVER, [event, target, name, media_type, content])
    expect_digit(page, 1)
    expect(page.locator("#picture")).to_be_visible()


def test_what_is_dropped_and_no_picture_is_told_to_be_none(page: Page):
    page.evaluate(HAND_OVER, ["drop", "#pad", "letter.txt", "text/plain", ""])
    expect(page.locator("#sentence")).to_contain_text("not a picture")
    expect(page.locator("#example")).to_be_visible()
    draw_with_mouse(page, digit(3))
    expect_digit(page, 3)
    expect(page.locator("#example")).to_be_hidden()


def drag_to_pad(page: Page, event: str, items: list[dict[str, str]], files: list[str]) -> None:
    """Drag something from another program over the pad ("dragEnter", "dragOver"), or drop it there ("drop")."""
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
        expect(page.locator("#paper-note")).to_contain_text(said or re.compile("^$"))
        expect_digit(page, 4)


def test_a_picture_that_is_dragged_away_again_is_expected_no_more(page: Page):
    for event in ("dragEnter", "dragOver"):
        drag_to_pad(page, event, [], [str(handwriting.DATA / "7.png")])
    expect(page.locator(".drop-hint")).to_be_visible()
    page.dispatch_event("#pad", "dragleave")  # DevTools cannot drag out of the window
    expect(page.locator(".drop-hint")).to_be_hidden()


def test_the_page_s_own_pictures_are_not_dragged(page: Page):
    page.set_input_files("#choose", [handwriting.DATA / name for name in ("3.bmp", "2.gif")])
    expect_digit(page, 3)
    for picture in ("#seen", "#gallery img >> nth=1"):
        page.drag_and_drop(picture, "#pad")
        expect(page.locator("#paper-note")).to_be_empty()
        expect_digit(page, 3)


def test_twenty_pictures_are_all_read(page: Page):
    files = [handwriting.DATA / name for name in ("0.png", "1.jpg", "2.gif", "3.bmp")] * 5
    page.set_input_files("#choose", files)
    for number in range(20):
        expect(page.locator("#gallery button").nth(number)).to_contain_text(re.compile(rf"^{number % 4} · "))
    expect(page.locator("#gallery [aria-pressed=true]")).to_have_count(1)


def test_a_file_that_is_gone_when_it_is_read_again_is_told(page: Page, tmp_path: Path):
    choose_seven_and_remove_it(page, tmp_path)
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


def test_a_picture_that_was_read_stays_so_though_asking_about_it_again_fails(page: Page):
    page.set_input_files("#choose", [handwriting.DATA / name for name in ("3.bmp", "2.gif", "7.png")])
    expect(page.locator("#gallery-status")).to_have_text("3 pictures have been read.")
    page.route("**/predict*", lambda route: route.fulfill(status=500, body="no answer of ours"))
    tile = page.locator("#gallery button").nth(1)
    tile.click()
    expect(page.locator("#answer")).to_have_attribute("data-state", "error")
    expect(tile).to_contain_text("2 · ")
    expect(page.locator("#progress")).to_have_text("3 pictures have been read.")


def test_how_many_pictures_have_been_read_is_seen_meanwhile(page: Page):
    held = []
    page.route("**/predict", lambda route: held.append(route))
    page.set_input_files("#choose", sorted(handwriting.DATA.iterdir()))
    for number in range(1, 10):
        expect(page.locator("#progress")).to_have_text(f"{number} of 10 read…")
        page.wait_for_function("() => true", polling=10)  # lets Playwright handle requests
        assert 0 < len(held) <= 3, "at most three requests at a time"
        held.pop().continue_()
    expect(page.locator("#progress")).to_have_text("10 pictures have been read.")


def photograph_of_seven() -> Image.Image:
    """Nine megapixels of a 7 on grainy paper, in mode RGB."""
    paper = handwriting.lit_paper(500).resize((3000, 3000))
    return handwriting.render(digit(7), 3000, 0.04, "#203060", paper).convert("RGB")


def test_a_large_photograph_is_sent_smaller_and_without_the_place_where_it_was_taken(
    page: Page, server: RunningServer, tmp_path: Path
):
    exif = Image.Exif()
    exif[0x0112] = 6  # shown rotated clockwise
    exif.get_ifd(0x8825)[1] = "N"  # the latitude's reference
    photograph_of_seven().rotate(90).save(tmp_path / "seven.jpg", quality=99, exif=exif)
    assert (tmp_path / "seven.jpg").stat().st_size > 1_000_000
    page.set_input_files("#choose", tmp_path / "seven.jpg")
    expect_digit(page, 7)
    before = exported(server)
    page.click("#yes")
    expect(page.locator("#correction-note")).to_contain_text("kept as a 7")
    [kept] = [picture for name, picture in exported(server).items() if name not in before]
    with Image.open(io.BytesIO(kept)) as sent:
        assert sent.size == (2000, 2000)
        assert not sent.getexif()


def test_a_large_screenshot_is_sent_smaller_than_a_server_refuses(page: Page, tmp_path: Path):
    Image.effect_noise((2500, 3500), 80).save(tmp_path / "noise.png")
    assert (tmp_path / "noise.png").stat().st_size > 8_000_000
    with page.expect_response("**/predict*") as answer:
        page.set_input_files("#choose", tmp_path / "noise.png")
    assert answer.value.request.headers["content-type"] == "image/webp"
    assert answer.value.request.sizes()["requestBodySize"] < 8_000_000


def test_where_the_browser_gives_noise_for_what_is_drawn_a_photograph_is_sent_as_it_is(page: Page, tmp_path: Path):
    page.evaluate(
        """() => {
            const noise = (width, height) => {
                const pixels = new ImageData(width, height);
                pixels.data.forEach((_, at) => (pixels.data[at] = 256 * Math.random()));
                return pixels;
            };
            CanvasRenderingContext2D.prototype.getImageData = (x, y, width, height) => noise(width, height);
            const { toBlob } = HTMLCanvasElement.prototype;
            HTMLCanvasElement.prototype.toBlob = function (...given) {
                this.getContext("2d").putImageData(noise(this.width, this.height), 0, 0);
                toBlob.apply(this, given);
            };
        }"""
    )
    photograph_of_seven().save(tmp_path / "seven.jpg", quality=99)
    assert (tmp_path / "seven.jpg").stat().st_size > 1_000_000
    page.set_input_files("#choose", tmp_path / "seven.jpg")
    expect_digit(page, 7)


def test_where_the_browser_has_no_memory_to_draw_a_photograph_smaller_it_is_sent_as_it_is(page: Page, tmp_path: Path):
    page.evaluate("HTMLCanvasElement.prototype.getContext = () => null")
    photograph_of_seven().save(tmp_path / "seven.jpg", quality=99)
    assert (tmp_path / "seven.jpg").stat().st_size > 1_000_000
    page.click("#inside summary")  # its maps are drawn as well
    page.set_input_files("#choose", tmp_path / "seven.jpg")
    expect_digit(page, 7)


def test_in_a_low_wide_window_and_on_paper_the_gallery_is_seen(open_page):
    page = open_page(width=1280, height=577)
    page.set_input_files("#choose", [handwriting.DATA / "7.png"] * 6)
    tiles = page.locator("#gallery button")
    expect(tiles.last).to_contain_text("7 · ")
    for tile in tiles.all():
        assert tile.bounding_box()["y"] + tile.bounding_box()["height"] / 2 < 577
    page.set_input_files("#choose", [handwriting.DATA / "7.png"] * 30)
    page.set_viewport_size({"width": 794, "height": 1123})
    page.emulate_media(media="print")
    for tile in tiles.all():
        assert tile.bounding_box()["x"] + tile.bounding_box()["width"] <= 794


@pytest.mark.parametrize(("width", "height"), [(1280, 600), (1366, 650)])
def test_in_a_low_wide_window_many_pictures_leave_the_buttons_in_view(open_page, width: int, height: int):
    page = open_page(width=width, height=height)
    page.set_input_files("#choose", [handwriting.DATA / "7.png"] * 30)
    expect(page.locator("#gallery button")).to_have_count(30)
    expect_in_window(page, "#paper")
    expect_in_window(page, "#clear")


SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="160">{}</svg>'
SEVEN = SVG.format('<path d="M90 30 H170 L120 130" fill="none" stroke="navy" stroke-width="6"/>')


def avif(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "AVIF")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [(SEVEN.encode(), "image/svg+xml"), (avif(handwriting.render(digit(7))), "image/avif")],
    ids=["SVG", "AVIF"],
)
def test_what_the_browser_knows_and_the_server_does_not_is_read_all_the_same(page: Page, content: bytes, kind: str):
    page.evaluate(HAND_OVER, ["drop", "#pad", "seven", kind, base64.b64encode(content).decode()])
    expect_digit(page, 7)
    with page.expect_response("**/corrections*") as kept:
        page.click("#yes")
    assert kept.value.json()["label"] == 7
    page.click("#copy-curl")
    expect(page.locator("#note")).to_contain_text("Save the picture as a PNG")


def test_a_picture_that_the_browser_shows_and_lets_nobody_look_into_is_told_to_be_unreadable(page: Page):
    page_in_it = '<foreignObject width="99" height="99"><p xmlns="http://www.w3.org/1999/xhtml">7</p></foreignObject>'
    content = SVG.format(page_in_it).encode()
    page.set_input_files("#choose", {"name": "page.svg", "mimeType": "image/svg+xml", "buffer": content})
    expect(page.locator("#sentence")).to_contain_text("could not be read")
    expect(page.locator("#picture")).to_have_attribute("data-transparent", "")


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
    expect(page.locator("#gallery-status[role=status]")).to_have_text("3 of 4 pictures have been read.")
    expect_digit(page, 0)
    tiles.nth(2).click()
    expect_digit(page, 2)
    expect(page.locator("#which")).to_have_text("3 of 4 · 2.gif")
    expect(tiles.nth(2)).to_have_attribute("aria-pressed", "true")
    tiles.nth(3).click()
    expect(page.locator("#sentence")).to_contain_text("could not be read")
    page.set_input_files("#choose", handwriting.DATA / "3.bmp")
    expect_digit(page, 3)
    expect(page.locator("#gallery")).to_be_hidden()


def test_a_guess_is_called_a_guess_in_the_gallery_too(page: Page):
    unsure = {"confidence": 0.6, "certain": False, "probabilities": [0] * 4 + [0.6] + [0.04] * 5}
    page.route("**/predict*", lambda route: route.fulfill(json=PREDICTION | unsure))
    page.set_input_files("#choose", [handwriting.DATA / name for name in ("3.bmp", "2.gif")])
    expect(page.locator("#gallery button")).to_have_text(["perhaps 4 · 60.0%"] * 2)


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


def test_the_gallery_is_one_stop_of_the_tab_key_and_arrows_go_through_it(page: Page):
    page.set_input_files("#choose", sorted(handwriting.DATA.iterdir()))
    expect_digit(page, 0)
    expect(page.locator("#gallery button").last).to_contain_text("9 · ")
    asked = []
    page.route("**/predict*", lambda route: asked.append(route.request.url))  # never answered
    page.locator("#choose").focus()
    page.keyboard.press("Tab")
    for key, number in (
        ("ArrowRight", 1),
        ("ArrowLeft", 0),
        ("End", 9),
        ("ArrowRight", 9),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        expect(page.locator("#gallery [aria-pressed=true]:focus")).to_contain_text(f"{number} · ")
        expect_digit(page, number)
    page.keyboard.press("Tab")
    expect(page.locator("#gallery :focus")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1280], ids=["strip", "grid"])
def test_arrows_up_and_down_go_to_the_picture_above_and_below_or_the_one_before_and_after(open_page, width: int):
    page = open_page(width=width)
    page.set_input_files("#choose", sorted(handwriting.DATA.iterdir()))
    large = page.locator("#gallery [aria-pressed=true]")
    expect(large).to_have_count(1)
    first = large.bounding_box()
    large.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#which")).not_to_contain_text("1 of 10")
    second = large.bounding_box()
    assert (second["x"] > first["x"], second["y"] > first["y"]) == ((True, False) if width == 390 else (False, True))
    page.keyboard.press("ArrowUp")
    expect(page.locator("#which")).to_contain_text("1 of 10")


def test_a_mere_click_or_a_tap_of_a_pen_takes_no_pictures_away(page: Page):
    page.set_input_files("#choose", [handwriting.DATA / name for name in ("3.bmp", "2.gif")])
    expect_digit(page, 3)
    page.click("#pad", position={"x": 100, "y": 100})
    expect(page.locator("#paper-note")).to_contain_text("Clear")
    page.mouse.move(300, 300)
    draw(page, [[(0.5, 0.5), (0.5, 0.5)]], "pen")
    expect_digit(page, 3)
    expect(page.locator("#gallery button")).to_have_count(2)
    draw_with_mouse(page, digit(7))
    expect_digit(page, 7)


def test_a_file_that_was_chosen_can_be_chosen_again(page: Page):
    page.set_input_files("#choose", handwriting.DATA / "0.png")
    expect_digit(page, 0)
    expect(page.locator("#choose")).to_have_value("")  # else the same choice would fire no change event


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


def test_a_finger_scrolls_past_a_picture_and_draws_once_it_is_cleared(open_page):
    page = open_page(width=390, height=844, has_touch=True, is_mobile=True, device_scale_factor=2)
    page.set_input_files("#choose", [handwriting.DATA / name for name in ("3.bmp", "2.gif")])
    expect_digit(page, 3)
    draw(page, [[(0.2, 0.5), (0.5, 0.5), (0.8, 0.5)]], "touch")
    expect(page.locator("#paper-note")).to_contain_text("Clear")
    expect_digit(page, 3)
    draw(page, [[(0.5, 0.9), (0.5, 0.6), (0.5, 0.3), (0.5, 0)]], "touch")
    page.wait_for_function("() => scrollY > 50")
    expect(page.locator("#paper-note")).to_be_hidden()
    expect(page.locator("#gallery button")).to_have_count(2)
    page.tap("#clear")
    expect(page.locator("#sentence")).to_have_text("Draw a digit from 0 to 9.")
    page.evaluate("scrollTo(0, 0)")
    draw(page, digit(7), "touch")
    expect_digit(page, 7)


def test_a_finger_that_would_draw_downwards_on_a_picture_does_not_load_the_page_anew(
    browser: Browser, chromium: str, server: RunningServer
):
    phone = browser.browser_type.launch(executable_path=chromium, args=[*CHROMIUM_FLAGS, "--pull-to-refresh=1"])
    page = phone.new_page(viewport={"width": 390, "height": 844}, has_touch=True)
    page.goto(server.url)
    downwards = [[(0.5, 0.1 + 0.08 * step) for step in range(25)]]
    below_the_pad = [[(x, y + 0.9) for x, y in downwards[0][:15]]]
    with page.expect_navigation():  # as on a telephone
        draw(page, below_the_pad, "touch")
    expect(page.locator("#example")).to_be_visible()
    page.set_input_files("#choose", handwriting.DATA / "3.bmp")
    expect_digit(page, 3)
    draw(page, downwards, "touch")
    expect(page.locator("#paper-note")).to_contain_text("Clear")
    for name in ("2.gif", "7.png"):  # reading them takes longer than it would take to load the page
        expect(page.locator("#picture")).to_be_visible()
        page.set_input_files("#choose", handwriting.DATA / name)
        expect_digit(page, int(name[0]))
    page.locator("#undo").click()
    page.locator("#undo").click()
    expect_digit(page, 3)
    phone.close()


def test_a_line_drawn_over_pictures_by_mistake_is_undone_with_what_it_did_to_them(page: Page):
    choose_pictures_over_a_drawing(page)
    draw_with_mouse(page, [[(0.5, 0.2), (0.5, 0.8)]])
    expect_digit(page, 1)
    expect(page.locator("#gallery")).to_be_hidden()
    page.click("#clear")
    expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
    page.click("#undo")
    expect_digit(page, 1)
    sent = []
    page.on("request", lambda request: sent.append(request.url))
    page.click("#undo")
    expect(page.locator("#gallery [aria-pressed=true]")).to_contain_text("2 · ")
    expect(page.locator("#gallery [aria-pressed=false]")).to_contain_text("3 · ")
    expect_digit(page, 2)
    assert [url for url in sent if url.endswith("/predict")] == []  # the gallery knows their answers
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
    expect(page.locator("#paper-note")).to_be_empty()


def test_what_is_dropped_on_a_drawing_and_no_picture_is_told_beside_its_answer(page: Page):
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    page.evaluate(HAND_OVER, ["drop", "#pad", "letter.txt", "text/plain", ""])
    expect(page.locator("#paper-note[role=status]")).to_contain_text("not a picture")
    expect_digit(page, 4)


def test_on_a_phone_it_is_seen_what_became_of_a_file_that_is_no_picture(open_page):
    page = open_page(width=360, height=640, has_touch=True)
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    letter = {"name": "letter.txt", "mimeType": "text/plain", "buffer": b"seven"}
    page.set_input_files("#choose", letter)
    expect(page.locator("#paper-note")).to_contain_text("not a picture")
    expect_in_window(page, "#paper-note")
    seven = {"name": "7.png", "mimeType": "image/png", "buffer": (handwriting.DATA / "7.png").read_bytes()}
    page.set_input_files("#choose", [letter, seven])
    expect_digit(page, 7)
    expect(page.locator("#paper-note")).to_have_text("Left out, not a picture: letter.txt.")
    expect_in_window(page, "#paper-note")
    assert page.evaluate("scrollY") == 0, "the answer must not move"


def test_a_picture_that_the_browser_cannot_show_covers_the_drawing_with_its_name(page: Page):
    draw_with_mouse(page, digit(4))
    page.set_input_files("#choose", {"name": "scan.tif", "mimeType": "image/tiff", "buffer": b"II*"})
    expect(page.locator("#not-shown")).to_contain_text("scan.tif")
    expect(page.locator("#answer")).to_have_attribute("data-state", "error")
    page.click("#undo")
    expect(page.locator("#not-shown")).to_be_hidden()
    expect_digit(page, 4)


@pytest.mark.parametrize("colours", ["none", "active"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ink", ["white", "black"])
def test_ink_on_a_transparent_picture_is_seen(open_page, scheme: str, ink: str, colours: str):
    page = open_page(color_scheme=scheme, forced_colors=colours)
    picture = Image.new("RGBA", (120, 120), (0, 0, 0, 0))
    picture.paste(ink, (55, 15, 65, 105))
    page.set_input_files("#choose", {"name": "1.png", "mimeType": "image/png", "buffer": png(picture)})
    expect(page.locator("#picture")).to_have_attribute("data-transparent", "")
    shot = Image.open(io.BytesIO(page.locator("#paper").screenshot())).convert("L")
    middle = shot.height // 2
    assert abs(shot.getpixel((middle, middle)) - shot.getpixel((middle // 2, middle))) > 60


@pytest.mark.parametrize(
    ("name", "media_type", "content", "says"),
    [
        ("blank.png", "image/png", png(Image.new("L", (90, 90), 255)), "no ink"),
        ("broken.png", "image/png", b"\x89PNG and no more", "could not be read"),
        ("large.png", "image/png", png(Image.new("1", (10_000, 5_001))), "too large for this server"),
        ("empty.png", "image/png", b"", "file is empty"),
        ("huge.png", "image/png", b"\0" * (17 * 1024 * 1024), "too large for this server"),
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


@pytest.mark.parametrize("has_mouse", [True, False])
def test_dropping_and_pasting_are_spoken_of_where_there_is_a_mouse(open_page, has_mouse: bool):
    page = open_page() if has_mouse else open_page(width=390, height=844, has_touch=True, is_mobile=True)
    expect(page.get_by_text("You can also drop or paste pictures here.")).to_be_visible(visible=has_mouse)
    page.on("filechooser", lambda _: None)  # makes the browser report file choosers before one opens
    with page.expect_file_chooser():
        page.get_by_text("Pictures…").click()


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
    assert len(sent) == 2, "one per picture"


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
