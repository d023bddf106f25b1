"""Promises of the report that a training and `python -m train.evaluate` leave: what it says is so."""

import re

import pytest
import torch

from net import data_url
from net.lenet import NONE, LeNet
from train.mnist import Digits
from train.report import write_report

# What was written, what it was read as, and with what confidence.
READINGS = [(3, 8, 0.6), (3, 5, 0.9), (3, 3, 0.97), *[(digit, digit, 0.97) for digit in range(10) if digit != 3]]
TEMPERATURE = 2.0
HISTORY = [
    {"epoch": 1, "loss": 0.8, "accuracy": 0.5, "validation_loss": 0.2, "validation_accuracy": 0.9},
    {"epoch": 2, "loss": 0.1, "accuracy": 0.98, "validation_loss": 0.15, "validation_accuracy": 0.94},
]


@pytest.fixture(scope="module")
def digits() -> Digits:
    """As many as `READINGS`, no two alike."""
    images = torch.arange(len(READINGS), dtype=torch.uint8)[:, None, None].expand(-1, 28, 28)
    return Digits(images, torch.tensor([written for written, _, _ in READINGS]))


@pytest.fixture(scope="module")
def report(digits: Digits, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of a network that reads ``digits`` as `READINGS` has it."""
    probabilities = torch.stack([torch.full((NONE,), (1 - confidence) / 9) for _, _, confidence in READINGS])
    for row, (_, read, confidence) in zip(probabilities, READINGS, strict=True):
        row[read] = confidence
    are_digits = torch.full((len(READINGS), 1), -100.0)
    logits = torch.cat([TEMPERATURE * probabilities.log(), are_digits], dim=1)
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, LeNet(), {"temperature": TEMPERATURE, "history": HISTORY}, digits, logits)
    return path.read_text(encoding="utf-8")


def section(report: str, title: str) -> str:
    """What stands under a heading that begins with ``title``."""
    return report.partition(f"<h2>{title}")[2].partition("</section>")[0]


def row_of(digit: int, table: str) -> list[str]:
    """The cells of ``digit``'s row."""
    return re.findall(r"<td[^>]*>(.*?)</td>", re.search(rf"<tr><th>{digit}</th>(.*?)</tr>", table)[1])


def test_what_was_written_is_a_row_and_what_was_read_a_column(report: str):
    table = section(report, "Confusion: written (rows), read (columns)")
    assert row_of(3, table) == ["", "", "", "1", "", "1", "", "", "1", ""]
    assert row_of(5, table) == ["", "", "", "", "", "1", "", "", "", ""]
    assert f"<h1>{10 / 12:.2%} of 12 test digits read right</h1>" in report


def test_a_digit_missed_is_told_from_one_seen_where_there_was_another(report: str):
    table = section(report, "Each digit")
    columns = re.findall(r"<th>(\D+?)</th>", table)
    assert columns == ["digit", "pictures", "of these read right", "of what was so read, right"]
    assert row_of(3, table) == ["3", "33.33%", "100.00%"]
    assert row_of(5, table) == ["1", "100.00%", "50.00%"]


@pytest.mark.parametrize("title", ["Loss", "Errors, of a hundred"])
def test_training_and_validation_have_the_curves_that_the_key_says(title: str, report: str):
    chart = section(report, title)
    key = {name: kind for kind, name in re.findall(r'class="key (\w+)">(\w+)<', chart)}
    polylines = re.findall(r'<polyline class="(\w+)" points="([^"]+)"', chart)
    curves = {kind: re.findall(r",([\d.]+)", points) for kind, points in polylines}
    training, validation = ([float(y) for y in curves[key[name]]] for name in ("training", "validation"))
    assert training[0] < validation[0], "higher up on the page: it begins worse"
    assert training[1] > validation[1], "and ends better"


def test_bars_are_as_high_as_what_was_read_with_their_confidence_is_right(report: str):
    chart = section(report, "Does the confidence mean")
    ideal = re.search(r'class="ideal" x1="[\d.]+" y1="([\d.]+)" x2="[\d.]+" y2="([\d.]+)"', chart)
    bottom, top = float(ideal[1]), float(ideal[2])
    bars = re.findall(r'y="([\d.]+)" width="[\d.]+" height="([\d.]+)".*?<title>(\d+) digits.*?: (\S+) right', chart)
    assert [(count, right) for *_, count, right in bars] == [("1", "0.0%"), ("1", "0.0%"), ("10", "100.0%")]
    assert [float(height) / (bottom - top) for _, height, *_ in bars] == pytest.approx([0, 0, 1], abs=0.01)
    assert all(float(y) + float(height) == pytest.approx(bottom, abs=0.1) for y, height, *_ in bars)
    assert f"Expected calibration error {(0.6 + 0.9 + 10 * 0.03) / 12:.2%}" in chart


def test_mistakes_are_shown_with_what_was_said_of_them_the_most_confident_first(report: str, digits: Digits):
    tiles = section(report, "The 2 digits that were got wrong")
    assert re.findall(r"<figcaption>(.*?)</figcaption>", tiles) == ["3 read as 5<br>90.0%", "3 read as 8<br>60.0%"]
    shown = [data_url.encode(digits.images[which].numpy()) for which in (1, 0)]
    assert re.findall(r'src="(.*?)"', tiles) == shown
