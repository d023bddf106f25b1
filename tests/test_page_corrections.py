"""Promises about corrections on the page."""

import io
import json
import zipfile
from pathlib import Path

import handwriting
import pytest
from conftest import started
from on_page import (
    NO_DIGIT,
    PREDICTION,
    choose_seven_and_remove_it,
    digit,
    draw_with_mouse,
    expect_digit,
    inked,
    is_of_all,
    places_of,
)
from playwright.sync_api import Page, expect


def test_right_or_wrong_is_told_in_one_tap(open_page, tmp_path: Path):
    with started(tmp_path) as running:
        page = open_page(running.url)
        expect(page.locator("#correction")).to_be_hidden()
        with page.expect_response(lambda response: is_of_all(response, digit(4))):
            draw_with_mouse(page, digit(4))
        expect_digit(page, 4)
        page.click("#yes")
        expect(page.locator("#correction-note[role=status]")).to_have_text("Thank you! It is kept as a 4.")
        expect(page.locator("#correction [data-kept]")).to_have_text("Yes, a 4")
        page.get_by_label("No, it is a 9").click()
        expect(page.locator("#correction-note")).to_have_text("Thank you! It is kept as a 9.")
        expect(page.locator("#correction [data-kept]")).to_have_text("9")
        page.get_by_label("No, it is a 9").click()
        expect(page.locator("#correction-note")).to_have_text("Already kept as a 9.")
        page.set_input_files("#choose", handwriting.DATA / "2.gif")
        expect_digit(page, 2)
        page.click("#yes")
        expect(page.locator("#correction-note")).to_have_text("Thank you! It is kept as a 2.")
        page.click("#clear")
        expect(page.locator("#correction")).to_be_hidden()
        with zipfile.ZipFile(io.BytesIO(page.request.get(f"{running.url}corrections.zip").body())) as archive:
            assert sorted(name.partition("/")[0] for name in archive.namelist()) == ["2", "9"]
        draw_with_mouse(page, digit(4))
        expect_digit(page, 4)
        running.stop()
        page.click("#yes")
        expect(page.locator("#correction-note[data-trouble]")).to_have_text(
            "It was not kept: the server does not answer."
        )
        expect(page.locator("#correction [data-kept]")).to_have_count(0)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "token"),
        (413, "too large for this server"),
        (429, "busy"),
        (503, "does not answer"),
        (504, "too long"),
    ],
)
def test_a_proxy_that_keeps_a_correction_from_the_server_is_understood(page: Page, status: int, sentence: str):
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    page.route("**/corrections*", lambda route: route.fulfill(status=status, body="<h1>No</h1>"))
    page.click("#yes")
    expect(page.locator("#correction-note")).to_contain_text(sentence)


def test_a_correction_that_is_refused_for_a_moment_is_sent_once_more(page: Page):
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    busy = {"status": 429, "headers": {"Retry-After": "1"}, "body": "<h1>Later</h1>"}
    page.route("**/corrections*", lambda route: route.fulfill(**busy), times=1)
    page.click("#yes")
    expect(page.locator("#correction-note")).to_contain_text("kept as a 4")


def test_of_two_corrections_of_a_drawing_the_last_counts_though_the_first_is_sent_again(page: Page):
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    kept = []

    def refuse_first(route) -> None:
        if not kept:
            kept.append(None)
            route.fulfill(status=429, headers={"Retry-After": "1"}, body="<h1>Later</h1>")
        else:
            label = route.request.post_data_json["label"]
            kept.append(label)
            route.fulfill(json={"label": label, "predicted": 4, "new": True})

    page.route("**/corrections", refuse_first)
    with page.expect_response("**/corrections"):
        page.click("#yes")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+Shift+z")
    expect_digit(page, 4)
    page.get_by_label("No, it is a 9").click()
    expect(page.locator("#correction-note")).to_contain_text("kept as a 9")
    assert kept == [None, 4, 9]


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
    expect(page.locator("#correction-note")).to_be_empty()


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
        answer(1)  # to the first point, so that the page now asks about the whole line
    with page.expect_request("**/predict?*"):
        draw_with_mouse(page, digit(4)[1:])
        answer(2)  # to the line
    expect_digit(page, 2)
    page.click("#yes")
    expect(page.locator("#correction-note")).to_contain_text("kept as a 2")
    correction = json.loads(kept[0])
    assert correction["label"] == 2
    assert len(correction["strokes"]) == 1
    answer(4)
    expect_digit(page, 4)
    expect(page.locator("#correction [data-kept]")).to_have_count(0)
    page.click("#yes")
    expect(page.locator("#correction-note")).to_contain_text("kept as a 4")
    correction = json.loads(kept[1])
    assert correction["label"] == 4
    assert len(correction["strokes"]) == 2


def test_a_correction_of_a_file_that_is_gone_is_told_to_be_one(page: Page, tmp_path: Path):
    choose_seven_and_remove_it(page, tmp_path)
    page.get_by_label("No, it is a 9").click()
    expect(page.locator("#correction-note")).to_contain_text("Choose it again")


def test_who_names_another_digit_speaks_of_all_that_is_on_the_pad(page: Page):
    kept = []
    page.on("request", lambda request: kept.append(request.post_data) if "corrections" in request.url else None)
    with page.expect_response(lambda response: is_of_all(response, digit(4)[:1])):
        draw_with_mouse(page, digit(4)[:1])
    expect(page.locator("#correction")).to_be_visible()
    page.route("**/predict?*", lambda route: None)  # this request is never answered
    draw_with_mouse(page, digit(4)[1:])
    page.get_by_label("it is a 4").or_(page.locator("#yes", has_text="a 4")).last.click()
    expect(page.locator("#correction-note")).to_contain_text("kept as a 4")
    assert [len(json.loads(each)["strokes"]) for each in kept] == [2]


def test_thanks_stay_when_the_same_drawing_is_answered_once_more(page: Page):
    waiting, is_held = [], [True]
    draw_with_mouse(page, digit(4)[:-1])
    expect(page.locator("#correction")).to_be_visible()
    page.route("**/predict?*", lambda route: waiting.append(route) if is_held else route.continue_())
    with page.expect_request("**/predict?*"):
        draw_with_mouse(page, digit(4)[-1:])
    page.get_by_label("it is a 4").or_(page.locator("#yes", has_text="a 4")).first.click()
    expect(page.locator("#correction-note")).to_contain_text("kept as a 4")
    is_held.clear()
    with page.expect_response("**/predict?*"):
        waiting[0].continue_()
    expect_digit(page, 4)
    expect(page.locator("#correction-note")).to_contain_text("kept as a 4")


def test_what_was_said_of_a_picture_is_seen_when_it_comes_back(open_page, tmp_path: Path):
    with started(tmp_path) as running:
        page = open_page(running.url)
        page.set_input_files("#choose", [handwriting.DATA / name for name in ("0.png", "1.jpg", "2.gif")])
        tiles, note = page.locator("#gallery button"), page.locator("#correction-note")
        expect_digit(page, 0)
        page.click("#yes")
        expect(note).to_have_text("Thank you! It is kept as a 0.")
        expect(tiles.nth(0)).to_contain_text("✓ kept as 0")
        tiles.nth(1).click()
        expect_digit(page, 1)
        expect(note).to_be_empty()
        page.get_by_label("No, it is a 7").click()
        expect(tiles.nth(1)).to_contain_text("✓ kept as 7")
        tiles.nth(0).click()
        expect(note).to_have_text("Already kept as a 0.")
        expect(page.locator("#correction [data-kept]")).to_have_text("Yes, a 0")
        page.click("#clear")
        page.click("#undo")
        expect(tiles.nth(1)).to_contain_text("✓ kept as 7")
        expect(tiles.nth(2)).not_to_contain_text("kept")
        tiles.nth(1).click()
        expect(page.locator("#correction [data-kept]")).to_have_text("7")
        draw_with_mouse(page, digit(4))
        expect_digit(page, 4)
        page.click("#yes")
        expect(note).to_have_text("Thank you! It is kept as a 4.")
        draw_with_mouse(page, [[(0.1, 0.1), (0.12, 0.12)]])
        expect(note).to_be_empty()
        page.click("#undo")
        expect(note).to_have_text("Already kept as a 4.")


def test_where_no_digit_was_named_none_is_confirmed(page: Page):
    page.route("**/predict*", lambda route: route.fulfill(json=NO_DIGIT))
    draw_with_mouse(page, digit(8))
    expect(page.locator("#sentence")).to_contain_text("does not look like a single digit")
    expect(page.locator("#yes")).to_be_hidden()
    expect(page.locator("#no")).to_have_text("It is")
    expect(page.get_by_label("It is an 8", exact=True)).to_be_enabled()
    places = places_of(page, "#others", "#bars")
    page.get_by_label("It is an 8", exact=True).click()
    expect(page.locator("#correction-note")).to_contain_text("kept as an 8")
    expect(page.locator("#correction [data-kept]")).to_have_text("8")
    assert places_of(page, "#others", "#bars") == places


def test_a_correction_on_its_way_is_seen_to_be_and_is_not_sent_twice(page: Page):
    waiting = []
    page.route("**/corrections", lambda route: waiting.append(route))
    draw_with_mouse(page, digit(4))
    expect_digit(page, 4)
    places = places_of(page, "#yes", "#others", ".tools", "#bars")
    with page.expect_request("**/corrections"):
        page.click("#yes")
    expect(page.locator("#correction-note")).to_have_text("Sending…")
    expect(page.locator("#yes")).to_be_disabled()
    page.locator("#others button").nth(9).click(force=True)
    page.keyboard.press("Enter")
    assert len(waiting) == 1
    waiting[0].fulfill(json={"label": 4, "predicted": 4, "new": True})
    expect(page.locator("#correction-note")).to_have_text("Thank you! It is kept as a 4.")
    expect(page.locator("#yes")).to_be_enabled()
    assert places_of(page, "#yes", "#others", ".tools", "#bars") == places
    page.get_by_label("No, it is a 9").click()
    expect(page.locator("#correction-note")).to_have_text("Sending…")
    assert len(waiting) == 2


def test_where_no_corrections_are_kept_none_are_asked_for(open_page, tmp_path: Path):
    with started(tmp_path, "--no-corrections") as running:
        page = open_page(running.url)
        draw_with_mouse(page, digit(4))
        expect_digit(page, 4)
        expect(page.locator("#correction")).to_have_count(0)
        page.keyboard.press("Escape")
        expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
        assert page.request.post(f"{running.url}corrections?label=4", data=b"").status == 404
        running.stop()
        assert not (tmp_path / "corrections").exists()
