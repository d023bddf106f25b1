"""Promises of net/explain.py and of POST /explain."""

import base64
import json
import urllib.parse

import handwriting
import pytest
import torch
from conftest import RunningServer
from test_server import ask
from torch import nn

from net import explain, strokes
from net.lenet import LeNet, to_pictures
from net.recognizer import Recognizer
from train.widen import to_full_width

SEVEN = [*handwriting.by_hand(7, seed=3), [(0.38, 0.52), (0.68, 0.48)]]


def test_the_layers_of_a_network_with_one_more_convolution_lead_to_its_answer():
    torch.manual_seed(0)
    network = LeNet()
    first, second = network.c3
    network.c3 = nn.Sequential(first, nn.Conv2d(64, 64, 3, padding=1, bias=False), second)
    network.eval()
    seen = strokes.draw(SEVEN)
    with torch.inference_mode():
        logits = network(to_pictures(torch.from_numpy(seen)[None]))[0]
    torch.testing.assert_close(explain.layers(network, seen)[-1].maps.flatten(), logits)


@pytest.mark.parametrize("rather_than", [None, 2])
def test_the_evidence_adds_up_to_what_the_picture_does_to_the_logits(recognizer: Recognizer, rather_than: int | None):
    seen = strokes.draw(SEVEN)
    with torch.inference_mode():
        picture = to_pictures(torch.from_numpy(seen)[None])
        logits, blank = recognizer.network(torch.cat([picture, torch.zeros_like(picture)]))
    gained = logits - blank
    others = gained[rather_than] if rather_than is not None else (gained.sum() - gained[7]) / 9
    evidence = explain.evidence(recognizer.network, seen, 7, rather_than)
    assert evidence.shape == (28, 28)
    assert evidence.sum().item() == pytest.approx((gained[7] - others).item(), abs=0.7)
    assert (evidence[torch.from_numpy(seen) == 0] == 0).all(), "blank paper is no evidence"


def test_what_no_other_digit_is_named_for_is_compared_with_all_of_them_alike(recognizer: Recognizer):
    seen = strokes.draw(SEVEN)
    with_each = [explain.evidence(recognizer.network, seen, 7, other) for other in range(10) if other != 7]
    with_all = explain.evidence(recognizer.network, seen, 7)
    assert torch.allclose(with_all, torch.stack(with_each).mean(0), atol=1e-4)
    assert not torch.allclose(with_all, with_each[0], atol=1e-2)


def test_explaining_changes_no_answer(recognizer: Recognizer):
    before = recognizer.recognize(SEVEN).probabilities
    explain.evidence(recognizer.network, strokes.draw(SEVEN), 3)
    assert recognizer.recognize(SEVEN).probabilities == before
    assert all(parameter.grad is None for parameter in recognizer.network.parameters())


def explained(server: RunningServer, query: str = "") -> dict:
    body = json.dumps({"strokes": SEVEN}).encode()
    answer = ask(server, "POST", f"/explain{query}", body, Content_Type="application/json")
    assert answer.status == 200, answer.body
    return answer.json


def test_the_layers_lead_from_the_picture_to_the_answer(server: RunningServer):
    answer = explained(server)
    assert answer["digit"] == 7
    shapes = {layer["name"]: layer["shape"] for layer in answer["layers"]}
    assert shapes == {
        "C1": [16, 26, 26], "S2": [32, 12, 12], "C3": [64, 10, 10], "S4": [64, 4, 4],
        "C5": [256, 1, 1], "F6": [84, 1, 1], "output": [10, 1, 1],
    }  # fmt: skip
    for layer in answer["layers"]:
        values = base64.b64decode(layer["maps"])
        count, height, width = layer["shape"]
        assert len(values) == count * height * width
        assert max(values) == 255
    assert max(range(10), key=lambda digit: base64.b64decode(answer["layers"][-1]["maps"])[digit]) == 7
    assert base64.b64decode(answer["layers"][-1]["maps"]).count(0) == 1, "negative logits must be distinguished too"
    assert [len(row) for row in answer["layers"][0]["filters"][0]] == [3, 3, 3]


def test_maps_that_a_fast_training_leaves_blank_are_not_shown():
    thin = LeNet(thinner=2).eval()
    whole = LeNet().eval()
    whole.load_state_dict(to_full_width(thin.state_dict()))
    seen = strokes.draw(SEVEN)
    shown = explain.layers(whole, seen)
    assert [len(layer.maps) for layer in shown] == [8, 16, 32, 32, 128, 84, 10]
    assert len(shown[0].filters) == 8
    for layer, same in zip(shown, explain.layers(thin, seen), strict=True):
        torch.testing.assert_close(layer.maps, same.maps)


def test_weights_that_are_all_zero_are_explained_as_well():
    network = LeNet().eval()
    for parameter in network.parameters():
        parameter.detach().zero_()
    assert [len(layer.maps) for layer in explain.layers(network, strokes.draw(SEVEN))] == [16, 32, 64, 64, 256, 84, 10]


def test_another_digit_can_be_asked_for(server: RunningServer):
    answer, other = explained(server)["evidence"], explained(server, "?digit=2")["evidence"]
    assert (answer["digit"], answer["rather_than"]) == (7, None)
    assert (other["digit"], other["rather_than"]) == (2, 7)
    assert sum(map(sum, answer["pixels"])) > 0 > sum(map(sum, other["pixels"]))


@pytest.mark.parametrize("digit", ["10", "-1", "seven", "٣", "1.0"])
def test_what_is_no_digit_cannot_be_asked_for(server: RunningServer, digit: str):
    body = json.dumps({"strokes": SEVEN}).encode()
    answer = ask(server, "POST", f"/explain?digit={urllib.parse.quote(digit)}", body, Content_Type="application/json")
    assert answer.error == (400, "bad_digit")


def test_several_digits_cannot_be_asked_for_at_once(server: RunningServer):
    body = json.dumps({"strokes": SEVEN}).encode()
    answer = ask(server, "POST", "/explain?digit=7&digit=9", body, Content_Type="application/json")
    assert answer.error == (400, "bad_digit")


def test_a_picture_without_ink_is_told_as_ever(server: RunningServer):
    assert ask(server, "POST", "/explain", b'{"strokes": []}', Content_Type="application/json").error == (
        422,
        "blank_image",
    )
