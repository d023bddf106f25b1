"""`report.html`: one page, with nothing outside it, that shows how a run went and what its weights cannot read."""

import html
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from net import data_url
from net.checkpoint import replace_file
from net.explain import used_maps
from net.lenet import LeNet
from net.recognizer import calibration_of
from train.calibrate import CalibrationBin, calibrated, calibration_bins, expected_calibration_error
from train.mnist import Digits

MOST_MISTAKES = 200  # shown; a trained network makes some thirty
WIDTH, HEIGHT, MARGIN = 560, 260, 44  # of a chart, in its own units

Scale = Callable[[float], float]  # from a value to its place on a chart

STYLE = """
:root {
  --text: #1b1d22; --quiet: #5b606b; --page: #f4f3ef; --panel: #fff; --line: #d5d3cb; --one: #1f5fd0; --two: #b3540e;
  color-scheme: light;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #eceef2; --quiet: #a2a8b4; --page: #121418; --panel: #1b1e24; --line: #363b45;
    --one: #7ba8ff; --two: #ffb366;
    color-scheme: dark;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 62rem; padding: clamp(.75rem, 3vw, 2rem); background: var(--page); color: var(--text);
}
h1 { margin: 0; line-height: 1.15; }
h2 { margin: 0 0 .5rem; font-size: 1.125rem; }
header p, figcaption, .note { color: var(--quiet); margin: .25rem 0 0; overflow-wrap: anywhere; }
main {
  display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); margin-top: 1rem;
}
section { background: var(--panel); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem; min-width: 0; }
section.wide { grid-column: 1 / -1; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--quiet); font-size: 13px; }
svg .grid { stroke: var(--line); }
svg .ideal { stroke: var(--quiet); stroke-dasharray: 4 4; }
svg polyline { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; }
svg polyline.one { stroke: var(--one); }
svg polyline.two { stroke: var(--two); }
svg circle.one { fill: var(--one); }
svg circle.two { fill: var(--two); }
svg rect { fill: var(--one); }
.key.one { color: var(--one); }
.key.two { color: var(--two); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
td, th { padding: .15rem .25rem; text-align: right; font-weight: normal; }
th { color: var(--quiet); }
table.confusion { table-layout: fixed; font-size: clamp(.625rem, 2.6vw, .8125rem); }
.confusion :is(td, th) { padding-inline: .1rem; }
td.hit { font-weight: 600; }
td.miss { background: color-mix(in srgb, var(--two) calc(var(--share) * 1%), transparent); }
.tiles { display: grid; gap: .75rem .5rem; grid-template-columns: repeat(auto-fill, minmax(5.25rem, 1fr)); }
.tiles.small { grid-template-columns: repeat(auto-fill, minmax(2.5rem, 1fr)); }
.tiles img { width: 100%; image-rendering: pixelated; border-radius: .25rem; display: block; }
figure { margin: 0; text-align: center; font-size: .8125rem; line-height: 1.3; }
"""


def write_report(path: Path, network: LeNet, card: dict[str, Any], test: Digits, logits: Tensor) -> None:
    """Write the report of ``network`` to ``path``, whole or not at all.

    ``card`` is what lies beside its checkpoint, ``logits``, float [N, 11], is what it makes of ``test``.
    Raises OSError where the disk refuses.
    """
    logits, test = logits.cpu(), test.to(torch.device("cpu"))
    probabilities = calibrated(logits, calibration_of(card).temperature)
    confusion = torch.zeros(10, 10, dtype=torch.long)
    confusion.index_put_((test.labels, probabilities.argmax(1)), torch.tensor(1), accumulate=True)
    sections = [
        *draw_history(card.get("history", [])),
        section("Confusion: written (rows), read (columns)", draw_confusion(confusion)),
        section("Each digit", draw_digits(confusion)),
        section("Does the confidence mean what it says?", draw_reliability(probabilities, test.labels)),
        section("The filters of the first convolution", draw_filters(network)),
        section(*draw_mistakes(probabilities, test), wide=True),
    ]
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Training report</title>
<style>{STYLE}</style>
</head>
<body>
<header><h1>{confusion.trace() / len(test):.2%} of {len(test):,} test digits read right</h1>
<p>{html.escape(summary(card))}</p></header>
<main>
{"".join(sections)}
</main>
</body>
</html>
"""
    replace_file(path, lambda beside: beside.write_text(page, encoding="utf-8"))


def report_path(weights: Path) -> Path:
    """Where the report of the checkpoint ``weights`` lies."""
    return weights.with_name("report.html")


def summary(card: dict[str, Any]) -> str:
    """What the card says of the run, in a line."""
    facts = [
        ("date", "{}"),
        ("parameters", "{:,} parameters"),
        ("epochs", "epochs: {}"),
        ("seconds", "{:.0f} s"),
        ("device", "on {}"),
        ("seed", "seed {}"),
        ("torch", "PyTorch {}"),
        ("validation_accuracy", "validation {:.2%}"),
        ("sha256", "SHA-256 {}"),
    ]
    return ", ".join(text.format(card[name]) for name, text in facts if card.get(name) is not None)


def section(title: str, body: str, *, wide: bool = False) -> str:
    """One panel of the page."""
    return f"<section{' class=wide' if wide else ''}><h2>{html.escape(title)}</h2>{body}</section>\n"


def draw_history(history: list[dict[str, float]]) -> list[str]:
    """The curves of loss and of accuracy, for training and validation."""
    if not history:
        return []
    epochs = [each["epoch"] for each in history]
    curves = []
    for title, name in (("Loss", "loss"), ("Errors, of a hundred", "accuracy")):
        lines = [[each[name] for each in history], [each[f"validation_{name}"] for each in history]]
        if name == "accuracy":
            lines = [[max(0.01, 100 * (1 - value)) for value in line] for line in lines]
        note = (
            '<p class="note"><span class="key one">training</span> (made harder as the recipe says), '
            '<span class="key two">validation</span> (the averaged weights); logarithmic</p>'
        )
        curves.append(section(title, draw_curves(epochs, lines) + note))
    return curves


def draw_curves(xs: Sequence[float], lines: list[list[float]]) -> str:
    """Lines over ``xs`` as SVG, with a logarithmic axis of their positive values."""
    values = [value for line in lines for value in line]
    low, high = np.floor(np.log10(min(values)) * 3) / 3, np.ceil(np.log10(max(values)) * 3 + 1e-9) / 3
    margin = MARGIN if len(xs) > 1 else WIDTH / 2  # a single one is in the middle
    scale_x = scale(min(xs), max(xs), margin, WIDTH - 12)
    scale_y = scale(low, high, HEIGHT - MARGIN / 1.5, 12)
    parts = []
    for level in np.linspace(low, high, 4):
        y = scale_y(level)
        parts.append(f'<line class="grid" x1="{MARGIN}" x2="{WIDTH - 12}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{MARGIN - 6}" y="{y + 4:.1f}" text-anchor="end">{10**level:.2g}</text>')
    for x in sorted({xs[0], xs[len(xs) // 2], xs[-1]}):
        parts.append(f'<text x="{scale_x(x):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{x:g}</text>')
    for kind, line in zip(("one", "two"), lines, strict=True):
        corners = [(scale_x(x), scale_y(np.log10(value))) for x, value in zip(xs, line, strict=True)]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        parts.append(f'<polyline class="{kind}" points="{points}"/>')
        if len(corners) == 1:  # of which no line would be seen
            parts.append(f'<circle class="{kind}" cx="{corners[0][0]:.1f}" cy="{corners[0][1]:.1f}" r="5"/>')
    return svg(WIDTH, HEIGHT, parts)


def scale(low: float, high: float, start: float, end: float) -> Scale:
    """A function that maps ``low`` to ``high`` onto ``start`` to ``end``."""
    return lambda value: start + (value - low) / ((high - low) or 1) * (end - start)


def draw_confusion(confusion: Tensor) -> str:
    """How often each digit (rows) was read as each (columns), int [10, 10], as a table."""
    most = max(1, int((confusion - confusion.diag().diag()).max()))
    rows = ["<tr><th></th>" + "".join(f"<th>{digit}</th>" for digit in range(10)) + "</tr>"]
    for written, row in enumerate(confusion.tolist()):
        cells = [
            f'<td class="hit">{count}</td>'
            if written == read
            else f'<td class="miss" style="--share:{80 * count / most:.0f}">{count or ""}</td>'
            for read, count in enumerate(row)
        ]
        rows.append(f"<tr><th>{written}</th>{''.join(cells)}</tr>")
    return f'<div class="scroll"><table class="confusion">{"".join(rows)}</table></div>'


def draw_digits(confusion: Tensor) -> str:
    """A table of each digit's count, of how often it was read, and of how often it was rightly read."""
    rows = ["<tr><th>digit</th><th>pictures</th><th>of these read right</th><th>of what was so read, right</th></tr>"]
    for digit in range(10):
        right, written, read = confusion[digit, digit], confusion[digit].sum(), confusion[:, digit].sum()
        rows.append(
            f"<tr><th>{digit}</th><td>{written}</td>"
            f"<td>{right / written.clamp(min=1):.2%}</td><td>{right / read.clamp(min=1):.2%}</td></tr>"
        )
    return f'<div class="scroll"><table>{"".join(rows)}</table></div>'


def draw_reliability(probabilities: Tensor, labels: Tensor) -> str:
    """The reliability diagram: accuracy against confidence, and the expected calibration error."""
    bins = calibration_bins(probabilities, labels)
    scale_x, scale_y = scale(0, 1, MARGIN, WIDTH - 12), scale(0, 1, HEIGHT - MARGIN / 1.5, 12)
    parts = []
    for level in (0, 0.25, 0.5, 0.75, 1):
        x, y, anchor = scale_x(level), scale_y(level), "end" if level == 1 else "middle"
        parts.append(f'<line class="grid" x1="{MARGIN}" x2="{WIDTH - 12}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{MARGIN - 6}" y="{y + 4:.1f}" text-anchor="end">{level:.0%}</text>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{level:.0%}</text>')
    parts += [draw_bin(each, scale_x, scale_y) for each in bins if each.count]
    parts.append(
        f'<line class="ideal" x1="{scale_x(0)}" y1="{scale_y(0)}" x2="{scale_x(1)}" y2="{scale_y(1)}"/>'
    )  # fmt: skip
    note = (
        '<p class="note">Accuracy (up) of the digits read with each confidence (right); on the dashed line they agree. '
        f"Expected calibration error {expected_calibration_error(probabilities, labels):.2%}.</p>"
    )
    return svg(WIDTH, HEIGHT, parts) + note


def draw_bin(each: CalibrationBin, scale_x: Scale, scale_y: Scale) -> str:
    """One bar of the reliability diagram; its width is its range of confidence."""
    left, right, top = scale_x(each.low) + 2, scale_x(each.high) - 2, scale_y(each.accuracy)
    title = f"{each.count} digits at {each.low:.0%} to {each.high:.0%}: {each.accuracy:.1%} right"
    return (
        f'<rect class="one" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
        f'height="{scale_y(0) - top:.1f}" opacity="0.75"><title>{title}</title></rect>'
    )


def draw_filters(network: LeNet) -> str:
    """The weights of the first convolution, each map's from its most negative (dark) to its most positive.

    Those of maps that a thinner network was widened by are blank, and left out.
    """
    first = network.c1[0][0]
    filters = first.weight.detach()[used_maps(first), 0].cpu().numpy()
    tiles = [
        f'<img alt="filter {number}" src="{data_url.encode(black_to_white(each))}">'
        for number, each in enumerate(filters)
    ]
    return f'<div class="tiles small">{"".join(tiles)}</div>'


def draw_mistakes(probabilities: Tensor, test: Digits) -> tuple[str, str]:
    """A title, and the digits that were got wrong with what was said of each, the most confident first."""
    confidence, predicted = probabilities.max(1)
    wrong = (predicted != test.labels).nonzero()[:, 0]
    wrong = wrong[confidence[wrong].argsort(descending=True)]
    tiles = [
        f'<figure><img alt="" src="{data_url.encode(test.images[index].numpy())}"><figcaption>'
        f"{test.labels[index]} read as {predicted[index]}<br>{confidence[index]:.1%}</figcaption></figure>"
        for index in wrong[:MOST_MISTAKES].tolist()
    ]
    shown = f", the {MOST_MISTAKES} most confident of them" if len(wrong) > MOST_MISTAKES else ""
    return f"The {len(wrong)} digits that were got wrong{shown}", f'<div class="tiles">{"".join(tiles)}</div>'


def svg(width: int, height: int, parts: Iterable[str]) -> str:
    """An SVG element that scales to the width that it is given."""
    return f'<svg viewBox="0 0 {width} {height}" role="img">{"".join(parts)}</svg>'


def black_to_white(values: np.ndarray) -> np.ndarray:
    """``values``, float [H, W], as a picture, uint8 [H, W], in which the least is black and the greatest white."""
    return np.rint((values - values.min()) / (np.ptp(values) or 1) * 255).astype(np.uint8)
