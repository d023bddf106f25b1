"""Promises about the report that training and `python -m train.evaluate` write: what it says is true."""

import html
import itertools
import math
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from net import data_url
from net.lenet import NONE, LeNet
from train.mnist import Digits
from train.recipe import FAST, PARTS, Recipe, without
from train.report import write_report

# The digit that was written, the digit that was read, and the confidence.
READINGS = [(3, 8, 0.6), (3, 5, 0.9), (3, 3, 0.97), *[(digit, digit, 0.97) for digit in range(10) if digit != 3]]
TEMPERATURE = 2.0
HISTORY = [
    {"epoch": 1, "loss": 0.8, "accuracy": 0.5, "validation_loss": 0.2, "validation_accuracy": 0.9},
    {"epoch": 2, "loss": 0.1, "accuracy": 0.98, "validation_loss": 0.15, "validation_accuracy": 0.94},
]


# 1,135 of each digit, MNIST's most of any, and some misread ones: the widest possible table.
MANY = [(digit, digit, 0.97) for digit in range(10) for _ in range(1135)] + [(4, 9, 0.5), (4, 9, 0.999), (7, 1, 0.7)]

Readings = list[tuple[int, int, float]]


def digits_of(readings: Readings) -> Digits:
    """Digits for ``readings``, whose first 256 pictures are all different."""
    images = torch.arange(len(readings)).to(torch.uint8)[:, None, None].expand(-1, 28, 28)
    return Digits(images, torch.tensor([written for written, _, _ in readings]))


def report_of(folder: Path, readings: Readings = READINGS, **card: object) -> str:
    """The report, written to ``folder``, on a network that reads digits as in ``readings``."""
    probabilities = torch.stack([torch.full((NONE,), (1 - confidence) / 9) for _, _, confidence in readings])
    for row, (_, read, confidence) in zip(probabilities, readings, strict=True):
        row[read] = confidence
    are_digits = torch.full((len(readings), 1), -100.0)
    logits = torch.cat([TEMPERATURE * probabilities.log(), are_digits], dim=1)
    path = folder / "report.html"
    write_report(path, LeNet(), {"temperature": TEMPERATURE, "history": HISTORY} | card, digits_of(readings), logits)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def digits() -> Digits:
    """The digits of `READINGS`."""
    return digits_of(READINGS)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report on `READINGS`, for a card without a recipe."""
    return report_of(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def long_report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report on `MANY`, for a card with a recipe."""
    recipe = asdict(Recipe())
    return report_of(tmp_path_factory.mktemp("long"), MANY, certain_above=0.96, hyperparameters=recipe)


def section(report: str, title: str) -> str:
    """The HTML of the section whose heading begins with ``title``."""
    return report.partition(f"<h2>{title}")[2].partition("</section>")[0]


def note_of(report: str, title: str) -> str:
    """The text of a panel's note, without markup."""
    return re.sub("<[^>]*>", "", section(report, title).partition('class="note">')[2].partition("</p>")[0])


def ticks_of(chart: str, across: bool) -> list[tuple[str, float]]:
    """Labels and positions on the horizontal axis of ``chart``, or the vertical one unless ``across``."""
    anchor = "middle" if across else "end"
    told = re.findall(rf'<text x="([\d.]+)" y="([\d.]+)" text-anchor="{anchor}">([\d.e-]+)</text>', chart)
    return [(label, float(x) if across else float(y) - 4) for x, y, label in told]  # its baseline is 4 below its line


def curves_of(chart: str) -> dict[str, list[tuple[float, float]]]:
    """The epochs and values of each line of ``chart``, read off its axes, by the line's class."""
    curves = {}
    (left, at_left), *_, (right, at_right) = ((float(label), x) for label, x in ticks_of(chart, across=True))
    (low, at_low), *_, (high, at_high) = ((math.log(float(label)), y) for label, y in ticks_of(chart, across=False))
    for name, points in re.findall(r'<polyline class="(\w+)" points="([^"]+)"', chart):
        corners = [map(float, point.split(",")) for point in points.split()]
        curves[name] = [
            (
                left + (x - at_left) / (at_right - at_left) * (right - left),
                math.exp(low + (y - at_low) / (at_high - at_low) * (high - low)),
            )
            for x, y in corners
        ]
    return curves


def row_of(digit: int, table: str) -> list[str]:
    """The cells of ``digit``'s row."""
    return re.findall(r"<td[^>]*>(.*?)</td>", re.search(rf"<tr><th[^>]*>{digit}</th>(.*?)</tr>", table)[1])


def test_what_was_written_is_a_row_and_what_was_read_a_column(report: str):
    table = section(report, "Confusion: written (rows), read (columns)")
    assert row_of(3, table) == ["", "", "", "1", "", "1", "", "", "1", ""]
    assert row_of(5, table) == ["", "", "", "", "", "1", "", "", "", ""]
    columns = re.findall(r'<th scope="col">(.*?)</th>', table)
    assert columns == [str(digit) for digit in range(10)]
    assert f"<h1>{10 / 12:.2%} of 12 test digits read right</h1>" in report


def test_a_digit_missed_is_told_from_one_seen_where_there_was_another(report: str):
    table = section(report, "Each digit")
    columns = re.findall(r'<th scope="col">(.*?)</th>', table)
    assert columns == ["pictures", "recall: share of these read right", "precision: share right when read as this"]
    assert row_of(3, table) == ["3", "33.33%", "100.00%"]
    assert row_of(5, table) == ["1", "100.00%", "50.00%"]


def test_curves_show_what_the_history_holds(report: str):
    shown = {title: curves_of(section(report, title)) for title in ("Training loss", "Validation loss", "Errors")}
    expected = {
        "Training loss": {"training": [0.8, 0.1]},
        "Validation loss": {"validation": [0.2, 0.15]},
        "Errors": {"training": [50, 2], "validation": [10, 6]},
    }
    for title, curves in expected.items():
        assert shown[title].keys() == curves.keys()
        for name, values in curves.items():
            assert [epoch for epoch, _ in shown[title][name]] == pytest.approx([1, 2], abs=0.01)
            assert [value for _, value in shown[title][name]] == pytest.approx(values, rel=0.02)
    assert re.findall(r'class="key (\w+)">(\w+)<', report) == [(name, name) for name in expected["Errors"]]


@pytest.mark.parametrize("epochs", [1, 2, 7, 60, 90, 1000])
@pytest.mark.parametrize(("first", "last"), [(0.8, 0.32), (0.05, 0.05), (2.3, 1e-5), (0.5, 0.2), (1, 0)])
def test_axes_have_round_numbers_around_all_that_they_show(epochs: int, first: float, last: float, tmp_path: Path):
    losses = [first + (last - first) * epoch / max(1, epochs - 1) for epoch in range(epochs)]
    history = [HISTORY[0] | {"epoch": 1 + epoch, "loss": loss} for epoch, loss in enumerate(losses)]
    chart = section(report_of(tmp_path, history=history), "Training loss")
    up, across = ([float(label) for label, _ in ticks_of(chart, each)] for each in (False, True))
    assert up[0] <= max(min(losses), 1e-6) <= max(losses) <= up[-1]
    assert 2 <= len(up) <= 8
    assert all(f"{level:e}"[:8] in ("1.000000", "2.000000", "5.000000") for level in up)
    assert 1 <= len(across) <= 7
    assert all(1 <= epoch <= epochs for epoch in across)
    steps = {second - first for first, second in itertools.pairwise(across)}
    assert len(steps) <= 1
    assert all(f"{step:e}"[:8] in ("1.000000", "2.000000", "5.000000") for step in steps)
    assert ">epoch</text>" in chart


@pytest.mark.parametrize("recipe", [Recipe(), FAST, Recipe(label_smoothing=0.3)])
def test_the_loss_that_smoothing_alone_costs_is_told_and_drawn(recipe: Recipe, tmp_path: Path):
    history = [HISTORY[0] | {"epoch": epoch, "loss": 3 / epoch} for epoch in (1, 2)]
    report = report_of(tmp_path, history=history, hyperparameters=asdict(recipe))
    targets = (1 - recipe.label_smoothing) * F.one_hot(torch.tensor([3]), NONE) + recipe.label_smoothing / NONE
    floor = F.cross_entropy(targets.log(), torch.tensor([3]), label_smoothing=recipe.label_smoothing).item()
    plain = F.cross_entropy(targets.log(), torch.tensor([3])).item()
    assert f"smoothed by {recipe.label_smoothing:g}" in note_of(report, "Training loss")
    assert f"a loss of {floor:.3f}" in note_of(report, "Training loss")
    assert f"has a loss of {plain:.3f}" in note_of(report, "Validation loss")
    assert "cannot be compared with the training loss" in note_of(report, "Validation loss")
    chart = section(report, "Training loss")
    assert chart.count('class="ideal"') == 1
    y = re.search(r'class="ideal".*?y1="([\d.]+)"', chart)[1]
    (_, shown), *_ = curves_of(f'{chart}<polyline class="floor" points="0,{y}">')["floor"]
    assert shown == pytest.approx(floor, rel=0.02)
    assert 'class="ideal"' not in section(report, "Validation loss")


def test_captions_claim_no_more_than_the_card_says(report: str, tmp_path: Path):
    words = ("smooth", "harder", "varied", "drawn", "not a digit", "not digits", "dropout", "averaged", "overfitting")
    titles = ("Training loss", "Validation loss", "Errors")
    assert not [(title, word) for title in titles for word in words if word in note_of(report, title)]
    plain = Recipe()
    for part in ("augmentation", "allographs", "outliers", "averaging", "label-smoothing", "dropout"):
        plain = without(plain, part)
    some = asdict(plain)
    del some["augmentation"]
    assert "varied" not in note_of(report_of(tmp_path, hyperparameters=some), "Errors")
    least = report_of(tmp_path, hyperparameters=asdict(plain))
    assert 'class="ideal"' not in section(least, "Training loss")
    assert note_of(least, "Errors").count("varied") == note_of(least, "Errors").count("with nothing varied") == 1
    words = [word for word in words if word != "varied"]
    assert not [(title, word) for title in titles for word in words if word in note_of(least, title)]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("augmentation", "varied pictures"),
        ("allographs", "drawn digits"),
        ("outliers", "pictures that are not digits"),
        ("dropout", "dropout"),
        ("averaging", "averaged"),
    ],
)
def test_what_the_recipe_leaves_out_its_caption_does(part: str, words: str, tmp_path: Path):
    whole, less = (
        note_of(report_of(tmp_path, hyperparameters=asdict(recipe)), "Errors")
        for recipe in (Recipe(), without(Recipe(), part))
    )
    assert words in whole
    assert words not in less
    assert ("made harder by" in less) == ("made harder by" in whole)


def test_pictures_are_called_varied_as_long_as_any_variation_is_left(tmp_path: Path):
    variations = [part for part, changes in PARTS.items() if "augmentation" in changes and part != "augmentation"]
    assert len(variations) > 3
    for kept in variations:
        recipe = Recipe()
        for part in variations:
            recipe = recipe if part == kept else without(recipe, part)
        note = note_of(report_of(tmp_path, hyperparameters=asdict(recipe)), "Errors")
        assert ("varied pictures" in note) == (kept != "as-scanned"), kept


def test_a_fast_run_is_not_said_to_be_made_harder(tmp_path: Path):
    report = report_of(tmp_path, history=HISTORY[:1], hyperparameters=asdict(FAST))
    assert "with nothing varied" in note_of(report, "Errors")
    assert "harder" not in report


def test_bars_are_as_high_as_what_was_read_with_their_confidence_is_right(report: str):
    chart = section(report, "Does the confidence mean")
    ideal = re.search(r'class="ideal" x1="[\d.]+" y1="([\d.]+)" x2="[\d.]+" y2="([\d.]+)"', chart)
    bottom, top = float(ideal[1]), float(ideal[2])
    bars = re.findall(r'y="([\d.]+)" width="[\d.]+" height="([\d.]+)".*?<title>(\d+ \w+) at.*?: (\S+) right', chart)
    told = [(count, right) for *_, count, right in bars]
    assert told == [("1 digit", "0.0%"), ("1 digit", "0.0%"), ("10 digits", "100.0%")]
    assert [float(height) / (bottom - top) for _, height, *_ in bars] == pytest.approx([0, 0, 1], abs=0.01)
    assert all(float(y) + float(height) == pytest.approx(bottom, abs=0.1) for y, height, *_ in bars)
    assert f"Expected calibration error {(0.6 + 0.9 + 10 * 0.03) / 12:.2%}" in chart


def test_every_bar_has_its_count_above_it_and_is_pale_where_that_is_few(tmp_path: Path):
    readings = [(0, 0, 0.97)] * 1234 + [(0, 0, 0.9)] * 20 + [(0, 0, 0.6)] * 19 + [(0, 1, 0.5)]
    chart = section(report_of(tmp_path, readings), "Does the confidence mean")
    bars = re.findall(r'<rect class="(\w+)" x="([\d.]+)".*? width="([\d.]+)"', chart)
    counts = re.findall(r'<text class="count" x="([\d.]+)".*?>([\d,]+)</text>', chart)
    assert [count for _, count in counts] == ["1", "19", "20", "1,234"]
    assert [kind for kind, *_ in bars] == ["few", "few", "many", "many"]
    for (_, left, width), (x, _) in zip(bars, counts, strict=True):
        assert float(left) < float(x) <= float(left) + float(width)


def test_charts_tell_their_numbers_to_who_cannot_see_them(report: str):
    names = [html.unescape(name) for name in re.findall(r'<svg [^>]*role="img" aria-label="([^"]+)"', report)]
    assert len(names) == report.count("<svg") == 4
    losses, validation, errors, reliability = names
    assert losses == "Training loss, in 2 epochs: training from 0.8 to 0.1."
    assert validation == "Validation loss, in 2 epochs: validation from 0.2 to 0.15."
    assert errors == "Errors, of a hundred, in 2 epochs: training from 50 to 2 and validation from 10 to 6."
    assert "10 digits at 93% to 100%: 100.0% right" in reliability


def test_how_many_answers_are_certain_is_told_and_how_many_of_these_are_right(tmp_path: Path):
    header = report_of(tmp_path, certain_above=0.8).partition("<header>")[2].partition("</header>")[0]
    assert f"11 (91.7%) are certain, and {10 / 11:.2%} of these are right" in header
    assert "1 (8.3%) are only guesses, and 0.00% of these are right" in header
    assert "if its confidence is above 80.00%" in header
    none = report_of(tmp_path, certain_above=0.99).partition("<header>")[2].partition("</header>")[0]
    assert "0 (0.0%) are certain; 12 (100.0%) are only guesses" in none


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"parameters": 345_751}, "345,751 parameters,"),
        ({"parameters": 345_751, "trained_parameters": 345_751}, "345,751 parameters,"),
        (
            {"parameters": 345_751, "trained_parameters": 92_831},
            "92,831 parameters, filled up with blank ones to 345,751,",
        ),
    ],
)
def test_parameters_that_were_trained_are_told_from_those_that_fill_the_network_up(
    told: dict[str, int], said: str, tmp_path: Path
):
    header = report_of(tmp_path, date="today", seed=0, **told).partition("<header>")[2].partition("</header>")[0]
    assert f"<p>today, {said} seed 0</p>" in header


def test_filters_are_drawn_around_a_grey_that_is_zero(tmp_path: Path):
    network = LeNet()
    weights = network.c1[0][0].weight.data
    weights.zero_()
    weights[0, 0, 0] = torch.tensor([-2.0, 0, 1])
    write_report(tmp_path / "report.html", network, {}, digits_of(READINGS), torch.zeros(len(READINGS), NONE + 1))
    panel = section((tmp_path / "report.html").read_text(encoding="utf-8"), "The filters")
    tiles = re.findall(r'alt="([^"]+)" src="([^"]+)"', panel)
    expected = torch.tensor([[0, 128, 191], [128] * 3, [128] * 3], dtype=torch.uint8).numpy()
    assert tiles == [("filter 0: weights from -2.00 to 1.00", data_url.encode(expected))]
    assert "15 blank filters left out" in panel


def test_mistakes_are_shown_with_what_was_said_of_them_the_most_confident_first(report: str, digits: Digits):
    tiles = section(report, "The 2 digits that were misread")
    assert re.findall(r"<figcaption>(.*?)</figcaption>", tiles) == ["3 read as 5<br>90.0%", "3 read as 8<br>60.0%"]
    shown = [data_url.encode(digits.images[which].numpy()) for which in (1, 0)]
    assert re.findall(r'src="(.*?)"', tiles) == shown


def test_mistakes_that_were_called_certain_are_marked(tmp_path: Path):
    tiles = section(report_of(tmp_path, certain_above=0.8), "The 2 digits that were misread, 1 with certainty")
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", tiles)
    assert captions == ["3 read as 5<br>90.0%<br><strong>certain</strong>", "3 read as 8<br>60.0%"]


def test_a_single_mistake_is_told_in_the_singular(tmp_path: Path):
    assert "<h2>The 1 digit that was misread</h2>" in report_of(tmp_path, READINGS[1:])


@pytest.fixture
def shown(browser, long_report: str) -> Callable:
    """A function that shows the report on `MANY` in a new window."""
    contexts = []

    def show(width: int, scheme: str = "light", **options: object):
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options))
        page = contexts[-1].new_page()
        page.set_content(long_report)
        return page

    yield show
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", [240, 360, 1400])  # 240: a phone with large text, where tables scroll
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(shown: Callable, width: int, scheme: str):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-core")
    standards = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = axe.Axe().run(shown(width, scheme, bypass_csp=True), options=standards)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [240, 320, 360, 768, 1400])
def test_all_that_is_written_can_be_read_at_any_width(shown: Callable, width: int):
    page = shown(width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut_off = "(cells) => cells.filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.textContent)"
    assert page.locator("td, th").count() > 100
    assert page.locator("td, th").evaluate_all(cut_off) == []
    sizes = page.locator("svg text").evaluate_all(
        """(texts) => texts.map((each) => {
            const chart = each.ownerSVGElement;
            const scale = chart.getBoundingClientRect().width / chart.viewBox.baseVal.width;
            return scale * parseFloat(getComputedStyle(each).fontSize);
        })"""
    )
    assert len(sizes) > 20
    assert min(sizes) >= (10 if width >= 320 else 7)
    sticking_out = """(texts) => texts.filter((each) => {
        const inner = each.getBoundingClientRect(), outer = each.ownerSVGElement.getBoundingClientRect();
        return inner.left < outer.left || inner.right > outer.right || inner.top < outer.top;
    }).map((each) => each.textContent)"""
    assert page.locator("svg text").evaluate_all(sticking_out) == []


def test_paper_keeps_the_shades_and_each_chart_with_its_caption(shown: Callable):
    page = shown(768, "dark")
    page.emulate_media(media="print", color_scheme="dark")
    style = "(each, name) => getComputedStyle(each)[name]"
    most = page.locator("td.miss", has_text="2").first
    assert most.evaluate(style, "printColorAdjust") == "exact"
    assert most.evaluate(style, "backgroundColor") != page.locator("td.miss").first.evaluate(style, "backgroundColor")
    panels = page.locator("section:has(svg)")
    assert panels.evaluate_all("(all) => all.map((each) => getComputedStyle(each).breakInside)") == ["avoid"] * 4
    assert panels.locator(".note").count() == 4
    assert page.locator("body").evaluate(style, "color") == "rgb(27, 29, 34)", "dark on white, even with a dark screen"
