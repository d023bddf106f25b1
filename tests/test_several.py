"""Promises about several pictures in one request: an answer for each, in order."""

import base64
import io
import json
import math
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import handwriting
import pytest
from conftest import RunningServer, png, started
from PIL import Image
from test_closed import measured, more
from test_server import PICTURES, Answer, as_raw_body, ask, data_url

from net.batching import MAX_BATCH
from net.serving.limits import Limits

SMALL = png(handwriting.render(handwriting.by_hand(4), 28, 0.1))
BLANK = png(Image.new("L", (28, 28), 255))
NO_PICTURE = b"seven"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that no other test uses, so that its metrics count only this module's passes."""
    with started(tmp_path_factory.mktemp("several")) as running:
        yield running


def as_parts(server: RunningServer, pictures: list[bytes], path: str = "/predict") -> Answer:
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="image"; filename="%d"\r\n\r\n%s\r\n' % numbered
        for numbered in enumerate(pictures)
    ]
    return ask(server, "POST", path, b"".join([*parts, b"--x--\r\n"]), Content_Type="multipart/form-data; boundary=x")


def as_list(server: RunningServer, pictures: list[bytes], path: str = "/predict") -> Answer:
    return sent_list(server, urls(pictures), path)


def as_fields(server: RunningServer, pictures: list[bytes], path: str = "/predict") -> Answer:
    body = urlencode([("image", url) for url in urls(pictures)]).encode()
    return ask(server, "POST", path, body, Content_Type="application/x-www-form-urlencoded")


def urls(pictures: list[bytes]) -> list[str]:
    return ["data:image/png;base64," + base64.b64encode(picture).decode() for picture in pictures]


def sent_list(server: RunningServer, images: object, path: str = "/predict") -> Answer:
    return ask(server, "POST", path, json.dumps({"images": images}).encode(), Content_Type="application/json")


def untimed(prediction: dict) -> dict:
    """A prediction with its time set to 0, and probabilities rounded, as their last decimal may vary."""
    rounded = {"confidence": round(prediction["confidence"], 4)}
    probabilities = [round(probability, 4) for probability in prediction["probabilities"]]
    return prediction | rounded | {"probabilities": probabilities, "milliseconds": 0}


def outcome(one: dict) -> object:
    return one["error"]["code"] if "error" in one else one["digit"]


THREE_WAYS = [as_parts, as_list, as_fields]


@pytest.mark.parametrize("send", THREE_WAYS)
def test_several_are_read_in_order_as_each_would_be_alone(server, send):
    order = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 0, 7]
    together = send(server, [PICTURES[digit].read_bytes() for digit in order])
    assert together.status == 200
    assert list(together.json) == ["predictions"]
    assert [one["digit"] for one in together.json["predictions"]] == order
    alone = {digit: as_raw_body(server, PICTURES[digit]).json for digit in set(order)}
    assert list(map(untimed, together.json["predictions"])) == [untimed(alone[digit]) for digit in order]


@pytest.mark.parametrize("send", THREE_WAYS)
def test_what_each_took_adds_up_to_no_more_than_all_took(server, send):
    started = time.perf_counter()
    predictions = send(server, [SMALL] * 100).json["predictions"]
    took = 1000 * (time.perf_counter() - started)
    assert 0 < sum(one["milliseconds"] for one in predictions) < took


@pytest.mark.parametrize("send", THREE_WAYS)
def test_what_cannot_be_read_has_its_error_in_its_place(server, send):
    answer = send(server, [SMALL, NO_PICTURE, SMALL, BLANK, b"", SMALL])
    assert answer.status == 200
    assert list(map(outcome, answer.json["predictions"])) == [
        4, "unreadable_image", 4, "blank_image", "no_image", 4,
    ]  # fmt: skip
    for one in answer.json["predictions"]:
        assert "error" not in one or one["error"]["message"].endswith((".", "..."))


def test_what_is_no_data_url_has_its_error_in_its_place_too(server):
    url = data_url(PICTURES[6])
    answer = sent_list(server, [7, url, None, "http://127.0.0.1/7.png", "data:image/png;base64,?", {"image": url}, url])
    assert list(map(outcome, answer.json["predictions"])) == [
        "bad_data_url", 6, "no_image", "bad_data_url", "bad_data_url", "bad_data_url", 6,
    ]  # fmt: skip
    assert "'images'" in answer.json["predictions"][2]["error"]["message"]


@pytest.mark.parametrize("send", THREE_WAYS)
def test_none_may_be_readable_at_all(server, send):
    answer = send(server, [BLANK, NO_PICTURE])
    assert (answer.status, list(map(outcome, answer.json["predictions"]))) == (200, ["blank_image", "unreadable_image"])


def test_a_list_of_one_is_answered_as_a_list(server):
    assert [one["digit"] for one in as_list(server, [SMALL]).json["predictions"]] == [4]


def test_a_list_and_more_to_read_beside_it_are_not_guessed_at(server: RunningServer):
    for beside in ({"image": "data:image/png;base64,AAAA"}, {"strokes": [[[1, 2], [3, 4]]]}):
        body = json.dumps({"images": [data_url(PICTURES[7])], **beside}).encode()
        assert ask(server, "POST", "/predict", body, Content_Type="application/json").error == (400, "bad_json")
    nothing = json.dumps({"images": [data_url(PICTURES[7])], "image": None, "strokes": None}).encode()
    answer = ask(server, "POST", "/predict", nothing, Content_Type="application/json")
    assert [one["digit"] for one in answer.json["predictions"]] == [7]


@pytest.mark.parametrize("images", [[], "data:image/png;base64,AAAA", {"0": "a"}, 7, True], ids=str)
def test_what_is_no_list_of_pictures_is_refused(server, images: object):
    assert sent_list(server, images).error == (400, "no_image")


@pytest.mark.parametrize("send", THREE_WAYS)
def test_seen_tells_of_each_what_the_network_was_given(server, send):
    pictures = [path.read_bytes() for path in PICTURES[:3]]
    answers = send(server, [*pictures, BLANK], "/predict?seen=1").json["predictions"]
    for path, one in zip(PICTURES, answers[:3], strict=False):
        assert one["seen"] == as_raw_body(server, path, "?seen=1").json["seen"]
        seen = Image.open(io.BytesIO(base64.b64decode(one["seen"].partition(",")[2])))
        assert (seen.size, seen.mode) == ((28, 28), "L")
        assert isinstance(one["preparation"], list)
    assert outcome(answers[3]) == "blank_image"
    assert not any("seen" in one for one in send(server, pictures).json["predictions"])


@pytest.mark.parametrize("send", THREE_WAYS)
def test_so_many_go_through_the_network_together_and_no_more_are_taken(alone, send):
    most = Limits().images
    before = measured(alone)
    answer = send(alone, [SMALL] * most)
    assert (answer.status, [one["digit"] for one in answer.json["predictions"]]) == (200, [4] * most)
    after = measured(alone)
    assert more(before, after, "digits_batch_size_sum") == most
    assert more(before, after, "digits_batch_size_count") == math.ceil(most / MAX_BATCH)
    assert more(before, after, "digits_predictions_total certain=true digit=4") == most
    for too_many in (most + 1, 3 * most):
        assert send(alone, [SMALL] * too_many).error == (400, "too_many_images")
    assert more(after, measured(alone), "digits_batch_size_sum") == 0, "none of them may be read"


@pytest.mark.parametrize("path", ["/explain", "/corrections?label=4"])
@pytest.mark.parametrize("send", THREE_WAYS)
def test_where_one_is_asked_for_several_are_refused(server, send, path: str):
    assert send(server, [SMALL, SMALL], path).error == (400, "too_many_images")
