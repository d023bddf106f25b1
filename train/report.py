"""`report.html`: one self-contained page that shows how a run went and what its weights cannot read."""

import html
import math
from collections.abc import Iterable
from dataclasses import asdict
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
from train.calibrate import are_certain, calibrated, calibration_bins, expected_calibration_error
from train.charts import FEW, draw_curves, draw_reliability
from train.mnist import Digits
from train.plurals import counted, listed
from train.recipe import NO_AUGMENTATION

MOST_MISTAKES = 200  # shown; a trained network makes some thirty
LEAST_ERRORS = 0.01  # per cent
ACCURACIES = {"training": "accuracy", "validation": "validation_accuracy"}  # of an epoch, as the card has them
# What makes training harder than validation, besides pictures that are varied, by its name in the recipe.
HARDER = {"allographs": "drawn digits", "outliers": "pictures that are not digits", "dropout": "dropout"}
DIGIT_COLUMNS = ("pictures", "recall: share of these read right", "precision: share right when read as this")
STYLE = Path(__file__).with_name("report.css")


def write_report(path: Path, network: LeNet, card: dict[str, Any], test: Digits, logits: Tensor) -> None:
    """Write the report of ``network`` to ``path``, whole or not at all.

    ``card`` is that of its checkpoint; ``logits``, float [N, 11], are its logits for ``test``.
    Raises OSError if the disk refuses.
    """
    logits, test, calibration = logits.cpu(), test.to(torch.device("cpu")), calibration_of(card)
    probabilities = calibrated(logits, calibration.temperature)
    predicted, certain = probabilities.argmax(1), are_certain(probabilities, calibration.certain_above)
    confusion = torch.bincount(10 * test.labels + predicted, minlength=100).view(10, 10)
    sections = [
        *draw_history(card),
        section(
            "Does the confidence mean what it says?",
            draw_reliability(calibration_bins(probabilities, test.labels)),
            reliability_note(expected_calibration_error(probabilities, test.labels)),
        ),
        section("Confusion: written (rows), read (columns)", draw_confusion(confusion)),
        section("Each digit", draw_digits(confusion)),
        section("The filters of the first convolution", *draw_filters(network), wide=True),
        section(*draw_mistakes(probabilities, test, certain), wide=True),
    ]
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Training report</title>
<style>{STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<header><h1>{confusion.trace() / len(test):.2%} of {len(test):,} test digits read right</h1>
<p>{describe_certainty(certain, predicted == test.labels, calibration.certain_above)}</p>
<p>{html.escape(summary(card))}</p></header>
<main>
{"".join(sections)}
</main>
</body>
</html>
"""
    replace_file(path, lambda beside: beside.write_text(page, encoding="utf-8"))


def report_path(weights: Path) -> Path:
    """The path of the report on the checkpoint ``weights``."""
    return weights.with_name("report.html")


def summary(card: dict[str, Any]) -> str:
    """One line with what the card says of the run."""
    facts = [
        ("date", "{}"),
        ("parameters", describe_parameters(card)),
        ("interrupted", "interrupted, and not calibrated"),
        ("corrections", "fine-tuned on corrections: {:,}"),
        ("epochs", "epochs: {}"),
        ("seconds", "{:.0f} s"),
        ("device", "on {}"),
        ("seed", "seed {}"),
        ("torch", "PyTorch {}"),
        ("validation_accuracy", "validation {:.2%}"),
        ("sha256", "SHA-256 {}"),
    ]
    return ", ".join(text.format(card[name]) for name, text in facts if card.get(name) is not None)


def describe_certainty(certain: Tensor, right: Tensor, certain_above: float) -> str:
    """In words, how many answers were ``certain``, how many no more than guesses, and how many of each ``right``.

    Both are bool [N].
    """
    parts = []
    for name, those in (("certain", certain), ("only guesses", ~certain)):
        count = int(those.sum())
        of_those = f", and {int(right[those].sum()) / count:.2%} of these are right" if count else ""
        parts.append(f"{count:,} ({count / len(those):.1%}) are {name}{of_those}")
    return f"Of the answers, {'; '.join(parts)}. An answer is certain if its confidence is above {certain_above:.2%}."


def describe_parameters(card: dict[str, Any]) -> str:
    """The format of the card's parameter count, preceded by that of the thinner network that was trained, if any."""
    trained = card.get("trained_parameters")
    if trained in (None, card.get("parameters")):
        return "{:,} parameters"
    return f"{trained:,} parameters, filled up with blank ones to {{:,}}"


def section(title: str, body: str, note: str = "", *, wide: bool = False) -> str:
    """One panel of the page: ``body``, and a ``note`` on how to read it, both in HTML."""
    told = f'<p class="note">{note}</p>' if note else ""
    return f"<section{' class=wide' if wide else ''}><h2>{html.escape(title)}</h2>{body}{told}</section>\n"


def draw_history(card: dict[str, Any]) -> list[str]:
    """The curves of loss and of errors, for training and validation; the losses apart, as they are not comparable."""
    history, recipe = card.get("history"), card.get("hyperparameters") or {}
    if not history:
        return []
    epochs = [each["epoch"] for each in history]
    taught, floor = smoothed(recipe.get("label_smoothing") or 0)
    errors = {name: [errors_of(each[key]) for each in history] for name, key in ACCURACIES.items()}
    return [
        section(
            "Training loss",
            draw_curves("Training loss", epochs, {"training": [each["loss"] for each in history]}, floor),
            training_loss_note(recipe, taught, floor),
        ),
        section(
            "Validation loss",
            draw_curves("Validation loss", epochs, {"validation": [each["validation_loss"] for each in history]}),
            validation_loss_note(taught),
        ),
        section("Errors, of a hundred", draw_curves("Errors, of a hundred", epochs, errors), errors_note(recipe)),
    ]


def errors_of(accuracy: float) -> float:
    """The error rate in %, but at least `LEAST_ERRORS`, since a logarithmic axis has no zero."""
    return max(LEAST_ERRORS, 100 * (1 - accuracy))


def smoothed(smoothing: float) -> tuple[float, float | None]:
    """The right digit's target under label ``smoothing``, from 0 to 1, and the least possible loss, None without it.

    That is the entropy of the smoothed labels, which a cross-entropy with them cannot go below.
    """
    of_others = smoothing / 10
    taught = 1 - 9 * of_others
    if not smoothing:
        return taught, None
    return taught, -taught * math.log(taught) - 9 * of_others * math.log(of_others)


def training_loss_note(recipe: dict[str, Any], taught: float, floor: float | None) -> str:
    """A note on what the training loss of ``recipe`` consists of; `smoothed` returns ``taught`` and ``floor``."""
    sentences = ["The mean of each epoch, on a logarithmic scale."]
    if floor is not None:
        sentences.append(
            f"Labels are smoothed by {recipe['label_smoothing']:g}: the network is taught to give {taught:.4g} to the "
            f"right digit, not 1. Even a network that does exactly this has a loss of {floor:.3f}, the dashed line."
        )
    if recipe.get("outliers"):
        sentences.append("Telling digits from what is not a digit counts too.")
    return " ".join(sentences)


def validation_loss_note(taught: float) -> str:
    """A note on the validation loss; ``taught``, from 0 to 1, is what the right digit was given as its target."""
    sentences = ["Cross-entropy of the digits alone, on a logarithmic scale."]
    if taught < 1:
        sentences.append(
            "Labels are not smoothed here, so this cannot be compared with the training loss: a network that gives "
            f"every right digit the {taught:.4g} that is taught has a loss of {-math.log(taught):.3f}. This loss "
            "may rise while fewer digits are misread. Look at the errors before you call that overfitting."
        )
    return " ".join(sentences)


def errors_note(recipe: dict[str, Any]) -> str:
    """A note on how training and validation errors are measured under ``recipe``."""
    augmentation = recipe.get("augmentation")
    harder = ["varied pictures"] if augmentation and is_varied(augmentation) else []
    harder += [words for name, words in HARDER.items() if recipe.get(name)]
    training = f", made harder by {listed(harder)}" if harder else ", with nothing varied" if augmentation else ""
    validation = ", with the averaged weights" if recipe.get("ema_half_life") else ""
    return (
        f'<span class="key training">training</span>: during the epoch{training}; '
        f'<span class="key validation">validation</span>: after the epoch{validation}; both on a logarithmic scale.'
    )


def is_varied(augmentation: dict[str, Any]) -> bool:
    """Whether a recipe's ``augmentation`` varies any picture; some settings only say how."""
    without = asdict(NO_AUGMENTATION)
    amounts = [name for name, off in without.items() if name != "as_scanned" and (off == 0 or name == "habits")]
    varies = any(augmentation.get(name, without[name]) != without[name] for name in amounts)
    return varies and augmentation.get("as_scanned", 0) < 1


def reliability_note(calibration_error: float) -> str:
    """A note on how to read the reliability diagram, and the expected ``calibration_error``, from 0 to 1."""
    return (
        "Accuracy (vertical) of the digits read with each confidence (horizontal), and how many there are (on top); on "
        f"the dashed line, both agree. Pale bars have fewer than {FEW} digits, too few to tell much. "
        f"Expected calibration error {calibration_error:.2%}."
    )


def draw_confusion(confusion: Tensor) -> str:
    """A table of ``confusion``, int [10, 10]: how often each digit (rows) was read as each (columns)."""
    most = max(1, int((confusion - confusion.diag().diag()).max()))
    rows = []
    for written, row in enumerate(confusion.tolist()):
        cells = [
            f'<td class="hit">{count}</td>'
            if written == read
            else f'<td class="miss" style="--share:{100 * count / most:.0f}">{count or ""}</td>'
            for read, count in enumerate(row)
        ]
        rows.append(table_row(written, cells))
    return table("How often each digit was read as each", range(10), rows, "confusion")


def draw_digits(confusion: Tensor) -> str:
    """A table of each digit's count, recall and precision, from ``confusion``, int [10, 10]."""
    rows = []
    for digit in range(10):
        right, written, read = confusion[digit, digit], confusion[digit].sum(), confusion[:, digit].sum()
        shares = (right / written.clamp(min=1), right / read.clamp(min=1))
        rows.append(table_row(digit, [f"<td>{written}</td>", *(f"<td>{share:.2%}</td>" for share in shares)]))
    return table("How often each digit was read right", DIGIT_COLUMNS, rows)


def table(name: str, columns: Iterable[object], rows: Iterable[str], kind: str = "") -> str:
    """A table that screen readers call ``name``; if it is too wide, it scrolls, also by keyboard."""
    head = "<td></td>" + "".join(f'<th scope="col">{column}</th>' for column in columns)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{name}">'
        f'<table class="{kind}"><tr>{head}</tr>{"".join(rows)}</table></div>'
    )


def table_row(name: object, cells: Iterable[str]) -> str:
    """A row of a table, of ``cells`` in HTML."""
    return f'<tr><th scope="row">{name}</th>{"".join(cells)}</tr>'


def draw_filters(network: LeNet) -> tuple[str, str]:
    """The weights of the first convolution, each filter on a scale of its own, and a note on how to read them.

    Blank filters, which a thinner network was widened by, are left out.
    """
    first = network.c1[0][0]
    used = used_maps(first)
    filters = first.weight.detach()[used, 0].cpu().numpy()
    tiles = [
        f'<img alt="filter {number}: weights from {each.min():.2f} to {each.max():.2f}" '
        f'src="{data_url.encode(black_to_white(each))}">'
        for number, each in enumerate(filters)
    ]
    ramp = '<p class="ramp"><span>negative</span><span>0</span><span>positive</span></p>'
    note = (
        "Each square is a weight: where it is white, ink speaks for what the filter looks for; where it is black, "
        "against it. Each filter has its own scale, up to its largest weight, and its output is normalised."
    )
    blank = int((~used).sum())
    left_out = f" {counted(blank, 'blank filter')} left out." if blank else ""
    return f'<div class="tiles small">{"".join(tiles)}</div>{ramp}', note + left_out


def draw_mistakes(probabilities: Tensor, test: Digits, certain: Tensor) -> tuple[str, str]:
    """A title, and the misread digits with the answer to each, the most confident first.

    ``certain``, bool [N], says which answers were called certain.
    """
    confidence, predicted = probabilities.max(1)
    wrong = (predicted != test.labels).nonzero()[:, 0]
    wrong = wrong[confidence[wrong].argsort(descending=True)]
    tiles = [
        f'<figure><img alt="" src="{data_url.encode(test.images[index].numpy())}"><figcaption>'
        f"{test.labels[index]} read as {predicted[index]}<br>{confidence[index]:.1%}"
        f"{'<br><strong>certain</strong>' if certain[index] else ''}</figcaption></figure>"
        for index in wrong[:MOST_MISTAKES].tolist()
    ]
    title = f"The {counted(len(wrong), 'digit')} that {'was' if len(wrong) == 1 else 'were'} misread"
    if sure := int(certain[wrong].sum()):
        title += f", {sure:,} with certainty"
    if len(wrong) > MOST_MISTAKES:
        title += f", the {MOST_MISTAKES} most confident of them"
    return title, f'<div class="tiles">{"".join(tiles)}</div>'


def black_to_white(weights: np.ndarray) -> np.ndarray:
    """``weights``, float [H, W], as a picture, uint8 [H, W]: 0 is grey, and the largest is black or white."""
    most = np.abs(weights).max() or 1
    return np.rint((weights / most + 1) / 2 * 255).astype(np.uint8)
