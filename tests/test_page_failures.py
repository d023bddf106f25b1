"""Promises about the page when the server is away, busy or denies access."""

import re
from pathlib import Path
from typing import Any

import handwriting
import pytest
from conftest import RunningServer, started
from on_page import digit, draw_with_mouse, expect_digit, is_of_all, stop_clock
from playwright.sync_api import Page, Response, Route, expect


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
    assert len(waiting) == 1, "it must not ask twice"
    waiting[0].fulfill(**fail)
    expect(page.locator("#spoken")).to_have_text("No.")
    expect(again).to_be_focused()
    page.unroute("**/predict*")
    again.press("Enter")
    expect_digit(page, 4)


def test_the_page_bears_the_token_at_the_end_of_its_address_and_says_when_there_must_be_one(open_page, tmp_path: Path):
    (tmp_path / "token").write_text("open+sesame/=\n")
    with started(tmp_path, "--token-file", "token") as running:
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
        expect(page.locator("#correction-note")).to_have_text("Thank you! It is kept as a 4.")
        page.click("#copy-curl")
        expect(page.locator("#note")).to_contain_text("It contains your token")
        command = page.evaluate("() => navigator.clipboard.readText()")
        assert "'Authorization: Bearer open+sesame/='" in command


def test_a_token_that_no_request_can_bear_keeps_nobody_from_an_open_server(open_page, server: RunningServer):
    page = open_page(f"{server.url}#token=sesame”")  # as copied from an email
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)


def test_the_server_being_gone_is_told_and_its_return_noticed(open_page, tmp_path: Path):
    with started(tmp_path) as first:
        page = open_page(first.url)
        draw_with_mouse(page, digit(6))
        expect_digit(page, 6)
        first.stop()
        page.click("#undo")
        page.click("#redo")
        expect(page.locator("#sentence")).to_contain_text("The server does not answer. Start it again")
        with started(tmp_path, "--port", str(first.port)):
            expect_digit(page, 6)


def test_the_server_s_return_leaves_what_is_said_on_an_empty_pad(page: Page):
    stop_clock(page)
    page.route("**/predict*", lambda route: route.abort())
    draw_with_mouse(page, digit(6))
    expect(page.locator("#sentence")).to_contain_text("The server does not answer")
    page.keyboard.press("Escape")
    page.set_input_files("#choose", {"name": "x.txt", "mimeType": "text/plain", "buffer": b"no picture"})
    with page.expect_response("**/healthz"):
        page.clock.run_for(5_000)
    page.evaluate("fetch('healthz')")  # the page has seen the one before by then
    expect(page.locator("#sentence")).to_contain_text("That is not a picture file")


def test_visitors_are_not_told_how_to_start_the_server(open_page, server: RunningServer):
    page = open_page(f"http://digits.example:{server.port}/")
    page.route("**/predict*", lambda route: route.abort())
    draw_with_mouse(page, digit(6))
    expect(page.locator("#sentence")).to_contain_text("The server does not answer. What is on the pad is kept")
    assert "python" not in page.locator("#sentence").text_content()
    page.unroute("**/predict*")
    expect_digit(page, 6)


TOO_LATE = {"error": {"code": "timeout", "message": "It did not arrive in 120 seconds."}}


@pytest.mark.parametrize("answer", [{"status": 504}, {"status": 408, "json": TOO_LATE}], ids=["proxy", "server"])
def test_asking_once_more_is_offered_where_it_may_help(page: Page, answer: dict[str, Any]):
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_hidden()
    page.route("**/predict*", lambda route: route.fulfill(**answer))
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


def test_a_file_has_minutes_to_get_to_the_server(page: Page):
    page.route("**/predict*", lambda route: None)  # the upload does not end
    page.clock.install()
    page.set_input_files("#choose", handwriting.DATA / "7.png")
    for _ in range(12):
        page.clock.run_for(10_000)
        expect(page.locator("#sentence")).to_have_text("Reading…")
    page.clock.run_for(60_000)
    expect(page.locator("#sentence")).to_contain_text("took too long")


def test_an_odd_answer_is_told(page: Page):
    page.route("**/predict*", lambda route: route.fulfill(status=200, body="<h1>Welcome to the hotel</h1>"))
    draw_with_mouse(page, digit(0))
    expect(page.locator("#sentence")).to_contain_text("does not understand")


BREAKS_OFF = """() => {
    const { fetch } = window;
    window.fetch = async () => {
        window.fetch = fetch;
        return new Response(new ReadableStream({ pull: (body) => body.error(new TypeError("connection lost")) }));
    };
}"""


def test_an_answer_that_breaks_off_is_asked_for_again(page: Page):
    page.evaluate(BREAKS_OFF)
    page.set_input_files("#choose", handwriting.DATA / "7.png")
    expect_digit(page, 7)


def test_a_proxy_whose_server_is_away_is_waited_for(page: Page):
    page.route("**/predict*", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    draw_with_mouse(page, digit(0))
    expect(page.locator("#sentence")).to_contain_text("The server does not answer")
    page.unroute("**/predict*")
    expect_digit(page, 0)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "needs a token"),
        (413, "too large for this server"),
        (429, "as soon as the server allows it"),
    ],
)
def test_a_proxy_s_own_refusal_is_understood(page: Page, status: int, sentence: str):
    page.route("**/predict*", lambda route: route.fulfill(status=status, body="<h1>No</h1>"))
    page.set_input_files("#choose", handwriting.DATA / "7.png")
    expect(page.locator("#sentence")).to_contain_text(sentence)
    expect(page.locator("#again")).to_be_hidden()
    page.unroute("**/predict*")
    if status == 429:
        expect_digit(page, 7)


def test_who_is_to_wait_for_long_is_told_so_and_is_read_once_the_server_takes_more(page: Page):
    asked = []
    page.clock.install()

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(
            status=429, headers={"Retry-After": "500"}, json={"error": {"code": "too_many_requests", "message": ""}}
        )

    page.route("**/predict*", refuse)
    page.set_input_files("#choose", handwriting.DATA / "7.png")
    expect(page.locator("#sentence")).to_contain_text("as soon as the server allows it")
    assert len(asked) == 1
    page.unroute("**/predict*")
    page.clock.run_for(20_000)
    expect_digit(page, 7)


def test_what_is_lost_again_and_again_is_sent_more_and_more_seldom(page: Page):
    lost = []
    page.route("**/predict*", lambda route: (lost.append(route), route.abort()))
    page.clock.install()
    page.set_input_files("#choose", handwriting.DATA / "7.png")
    expect(page.locator("#sentence")).to_contain_text("does not answer")
    for _ in range(120):
        page.clock.run_for(500)
    assert 2 <= len(lost) <= 7
    page.unroute("**/predict*")
    for _ in range(140):
        page.clock.run_for(500)
    expect_digit(page, 7)


def test_a_page_of_which_a_part_was_lost_says_so(open_page, server: RunningServer):
    page = open_page()
    expect(page.locator("#incomplete")).to_have_count(0)
    page.route("**/history.js", lambda route: route.abort())
    page.reload()
    expect(page.locator("#sentence")).to_have_text("Loading…")
    incomplete = page.locator("#incomplete")
    expect(incomplete).to_be_hidden()
    incomplete.evaluate("(element) => element.getAnimations().forEach((animation) => animation.finish())")
    expect(incomplete).to_be_visible()
    expect(page.locator("#choose")).to_be_disabled()


def is_refused_reading(response: Response) -> bool:
    return response.status == 429 and "/predict" in response.url


def test_who_asks_too_often_is_read_all_the_same_and_keeps_the_answer_meanwhile(open_page, tmp_path: Path):
    with started(tmp_path, "--rate", "4") as running:
        page = open_page(running.url)
        refused = []
        page.on("response", lambda response: refused.append(response.url) if is_refused_reading(response) else None)
        draw_with_mouse(page, [[(0.5, 0.2), (0.5, 0.5)], [(0.5, 0.5), (0.5, 0.8)]])
        expect_digit(page, 1)
        for _ in range(100):
            if not refused:
                page.click("#undo")
                page.click("#redo")
        assert refused
        assert page.locator("#digit").text_content() == "1"
        assert page.locator("#answer").get_attribute("data-state") == "certain"
        page.click("#clear")
        draw_with_mouse(page, digit(3))
        expect_digit(page, 3)


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
