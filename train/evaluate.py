"""Measures how well a checkpoint reads MNIST's test set, or any folder of labelled pictures.

    python -m train.evaluate
    python -m train.evaluate --images my-digits        # my-digits/7/*.png and so on, my-digits/none/*.png

Pictures are processed as in the server, from the bytes of the file on.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train import interrupts

if __name__ == "__main__":
    interrupts.quiet_while_importing()

import torch
from tqdm import tqdm

from net.checkpoint import SHIPPED, CheckpointError, load, weights_path, with_advice
from net.errors import BlankImageError, NoDigitError
from net.lenet import NONE
from net.recognizer import Recognizer, calibration_of, lack_of_calibration
from train.calibrate import are_certain, calibrated, expected_calibration_error
from train.commands import CommandError, exit_status_of
from train.metrics import accuracy, compute_logits, per_digit_accuracy
from train.mnist import DataError, load_test_digits, root_folder
from train.pictures import FOLDERS, count_others, labelled_files
from train.plurals import counted
from train.report import report_path, write_report
from train.traits import traits_of


@dataclass(frozen=True)
class Outcome:
    """The result for one picture; ``label`` may be `NONE`, and ``predicted`` is None if no digit was read."""

    name: str
    label: int
    predicted: int | None
    certain: bool
    confidence: float
    traits: tuple[str, ...] = ()  # its pen, size and paper, see train/traits.py
    problem: str = ""  # why no digit was read, in one sentence
    is_broken: bool = False  # whether the file is no picture that could be read

    @property
    def said(self) -> str:
        """What was read, or why nothing was."""
        if self.predicted is None:
            return f"nothing: {self.problem}"
        return f"{self.predicted} ({self.confidence:.1%})"


def read_folder(recognizer: Recognizer, folder: Path) -> Iterator[Outcome]:
    """Read each picture in ``folder/<digit>/`` and ``folder/none/``."""
    files = labelled_files(folder)
    for path, label in tqdm(files, desc="reading", unit="picture", leave=False, disable=not files):
        name = f"{path.parent.name}/{path.name}"
        try:
            data = path.read_bytes()
            prediction = recognizer.recognize(data)
        except (NoDigitError, OSError) as error:
            problem = f"{error.strerror}." if isinstance(error, OSError) else str(error)
            is_broken = not isinstance(error, BlankImageError)
            yield Outcome(name, label, None, certain=False, confidence=0.0, problem=problem, is_broken=is_broken)
        else:
            traits = traits_of(data).names
            yield Outcome(name, label, prediction.digit, prediction.certain, prediction.confidence, traits)


def confusion_table(outcomes: list[Outcome]) -> str:
    """The confusion table: digits written (rows) and read (columns, the last for nothing at all)."""
    counts = Counter((outcome.label, outcome.predicted) for outcome in outcomes)
    lines = ["written  read " + "".join(f"{name:>6}" for name in FOLDERS)]
    for digit in range(10):
        lines.append(f"{digit:>7}       " + "".join(f"{counts[digit, read] or '.':>6}" for read in (*range(10), None)))
    return "\n".join(lines)


def report_pictures(checkpoint: Path, folder: Path) -> None:
    """Print how the weights at ``checkpoint`` read the pictures in ``folder``.

    Raises CheckpointError, OSError, or DataError if there are none.
    """
    torch.set_num_threads(1)  # as the server does: one picture at a time gains nothing from more
    recognizer = Recognizer(checkpoint)
    tell_lack_of_calibration(checkpoint, recognizer.card)
    outcomes = list(read_folder(recognizer, folder))
    if not outcomes:
        what = "There is no picture in" if folder.is_dir() else "There is no folder"
        raise DataError(
            f"{what} '{folder}'; it needs folders named 0 to 9 or 'none' of PNG, JPEG, GIF, BMP or WebP files."
        )
    report_outcomes(outcomes)
    if others := count_others(folder):
        left_out = counted(others, "file")
        print(f"\nleft out: {left_out}, not named like a picture or not in a folder named 0 to 9 or 'none'")


def report_outcomes(outcomes: list[Outcome]) -> None:
    """Print the results for digits and for pictures of no digit."""
    broken = [outcome for outcome in outcomes if outcome.label == NONE and outcome.is_broken]
    outliers = [outcome for outcome in outcomes if outcome.label == NONE and not outcome.is_broken]
    digits = [outcome for outcome in outcomes if outcome.label != NONE]
    if digits:
        report_digits(digits)
    if outliers:
        report_outliers(outliers)
    for outcome in broken:
        print(f"left out: {outcome.name} read as {outcome.said}")


def report_digits(outcomes: list[Outcome]) -> None:
    """Print accuracy, also where certain, by kind and by trait, the confusion table, and the misread pictures."""
    right = [outcome for outcome in outcomes if outcome.predicted == outcome.label]
    certain = [outcome for outcome in outcomes if outcome.certain]
    print(f"accuracy            {len(right) / len(outcomes):.2%} of {counted(len(outcomes), 'picture')}")
    if certain:
        of_certain = sum(outcome.certain for outcome in right) / len(certain)
        print(f"where certain       {share_of(of_certain, len(certain), len(outcomes))}")
    print_by_kind(outcomes, lambda outcome: outcome.predicted == outcome.label)
    print_by_trait(outcomes)
    print("\n" + confusion_table(outcomes))
    for outcome in outcomes:
        if outcome.predicted != outcome.label:
            print(f"wrong: {outcome.name} read as {outcome.said}")


def share_of(accuracy: float, count: int, all_of_them: int) -> str:
    """In words, the ``accuracy`` on ``count`` out of ``all_of_them``."""
    return f"{accuracy:.2%} of {count:,}, which are {count / all_of_them:.1%} of all"


def report_outliers(outcomes: list[Outcome]) -> None:
    """Print for how many pictures of no digit the program is not certain, and list those for which it is."""
    doubted = [outcome for outcome in outcomes if not outcome.certain]
    pictures = counted(len(outcomes), "picture")
    print(f"no digit            {len(doubted) / len(outcomes):.2%} of {pictures} not called certain")
    print_by_kind(outcomes, lambda outcome: not outcome.certain)
    for outcome in outcomes:
        if outcome.certain:
            print(f"wrong: {outcome.name} read with certainty as {outcome.said}")


def print_by_kind(outcomes: list[Outcome], is_right: Callable[[Outcome], bool]) -> None:
    """Print the fraction right of each kind, for files named <kind>-<number>."""
    are_right: dict[str, list[bool]] = {}
    for outcome in outcomes:
        kind = re.fullmatch(r"(?:.*/)?([^/]*[^/\d])-\d+\.\w+", outcome.name)
        if kind:
            are_right.setdefault(kind[1], []).append(is_right(outcome))
    print_fractions(are_right)


def print_by_trait(outcomes: list[Outcome]) -> None:
    """Print the fraction right for each pen, size and paper."""
    are_right: dict[str, list[bool]] = {}
    for outcome in outcomes:
        for trait in outcome.traits:
            are_right.setdefault(trait, []).append(outcome.predicted == outcome.label)
    print_fractions(dict(sorted(are_right.items())))


def print_fractions(are_right: dict[str, list[bool]]) -> None:
    """Print each group's fraction right and size; ``are_right`` says which pictures are."""
    for group, of_group in are_right.items():
        print(f"  {group:<18}{sum(of_group) / len(of_group):.1%} of {len(of_group)}")


def report_mnist(checkpoint: Path, root: Path) -> None:
    """Print what the network at ``checkpoint`` scores on MNIST's test set, and write its report beside it."""
    network, card = load(checkpoint)
    tell_lack_of_calibration(checkpoint, card)
    digits = load_test_digits(root)
    logits = compute_logits(network, digits.images)
    calibration = calibration_of(card)
    probabilities = calibrated(logits, calibration.temperature)
    certain = are_certain(probabilities, calibration.certain_above)
    print(f"MNIST test accuracy         {accuracy(logits, digits.labels):.2%} of {counted(len(digits), 'digit')}")
    if certain.any():
        of_certain = accuracy(logits[certain], digits.labels[certain])
        print(f"where certain               {share_of(of_certain, int(certain.sum()), len(digits))}")
    print(f"expected calibration error  {expected_calibration_error(probabilities, digits.labels):.2%}")
    for digit, score in enumerate(per_digit_accuracy(logits, digits.labels)):
        print(f"  {digit}: {score:.2%}")
    write_report(report_path(checkpoint), network, card, digits, logits)
    print(f"Wrote {report_path(checkpoint)}.")


def tell_lack_of_calibration(checkpoint: Path, card: dict[str, Any]) -> None:
    """Print a warning if the ``card`` of ``checkpoint`` has no calibration."""
    if lack := lack_of_calibration(checkpoint, card):
        print(lack, file=sys.stderr)


def main() -> None:
    """Evaluate as the command line says. Raises CommandError."""
    parser = argparse.ArgumentParser(
        prog="python -m train.evaluate",
        usage="%(prog)s [options]",
        allow_abbrev=False,
        description="Measure how well a checkpoint reads.",
        epilog="example: python -m train.evaluate --images my-digits",
    )
    parser.add_argument(
        "--checkpoint", type=Path, default=SHIPPED, help="weights to measure (default: checkpoints/lenet.pt)"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--images", type=Path, help="folder with folders of pictures, 0 to 9 and none")
    what.add_argument("--data", type=Path, help="folder that has MNIST in MNIST/raw (default: $MNIST_ROOT, else data)")
    options = parser.parse_args()
    options.checkpoint = weights_path(options.checkpoint)
    try:
        if options.images:
            report_pictures(options.checkpoint, options.images)
        else:
            report_mnist(options.checkpoint, root_folder(options.data))
    except CheckpointError as error:
        raise CommandError(with_advice(error, options.checkpoint)) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandError(f"{error.filename or report_path(options.checkpoint)}: {error.strerror}.") from error


if __name__ == "__main__":
    interrupts.heed_again()
    sys.exit(exit_status_of(main))
