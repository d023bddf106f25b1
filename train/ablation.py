"""What each part of the recipe is worth: the same training without it.

    python -m train.ablation --epochs 6 --seeds 2
    python -m train.ablation --images my-digits        # my-digits/7/*.png and so on: what it is worth for these

It trains on two thirds of the 60,000 training digits and is judged by the other third: of the usual 5,000
validation digits so few are read wrong, and so many of those are mislabelled, that they cannot tell recipes
apart.

The first of these commands printed what follows, with the 1,000 drawings of ``python tests/pen_digits.py DRAWINGS`` as
``--images DRAWINGS`` (means of two seeds, and their standard deviation; after 6 epochs, not 60, and with the drawings'
edges a little sharper than they are drawn today):

    without          digits read wrong, %  their cross-entropy x 1000  drawings read wrong, %
    nothing              0.54 ± 0.03             21.00 ± 0.28              1.55 ± 0.21
    augmentation         0.59 ± 0.04             23.35 ± 0.74              3.75 ± 0.78
    as-scanned           0.61 ± 0.01             22.53 ± 0.71              1.80 ± 0.14
    affine               0.62 ± 0.02             25.88 ± 0.73              1.65 ± 0.07
    elastic              0.52 ± 0.00             21.37 ± 0.41              1.35 ± 0.21
    stroke-width         0.47 ± 0.00             19.36 ± 0.15              2.75 ± 0.35
    line                 0.54 ± 0.01             21.69 ± 0.81              1.65 ± 0.07
    contrast             0.52 ± 0.00             21.15 ± 0.08              1.85 ± 0.21
    habits               0.55 ± 0.01             20.75 ± 0.27              2.10 ± 0.14
    allographs           0.54 ± 0.01             22.00 ± 0.01              2.55 ± 0.07
    outliers             0.52 ± 0.03             20.45 ± 0.18              1.55 ± 0.07
    averaging            0.63 ± 0.02             24.30 ± 0.05              2.00 ± 0.28
    one-cycle            0.54 ± 0.02             21.85 ± 0.18              1.50 ± 0.28
    last-lr              0.55 ± 0.02             22.12 ± 0.45              1.60 ± 0.28
    label-smoothing      0.55 ± 0.02             21.49 ± 0.55              1.50 ± 0.14
    dropout              0.50 ± 0.02             19.80 ± 0.79              1.70 ± 0.14
    weight-decay         0.52 ± 0.01             20.70 ± 1.01              1.60 ± 0.42

Pictures that stay as scanned, affine variations and averaging seem to save MNIST some hundredths of a point, and stroke
width to cost it as much. The other differences are too small for two seeds to tell from chance. So short a training
does not show what dropout is for, nor does this table show what outliers are for.

What the drawings do not show, small scans do (``python tests/tiny_scans.py SCANS``, then ``python -m train.ablation
--seeds 1 --images SCANS --parts nothing as-scanned allographs line last-lr``, in five runs of 60 epochs).
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

from train import interrupts

if __name__ == "__main__":
    interrupts.quiet_while_importing()

import torch
import torch.nn.functional as F
from torch import Tensor

from net.lenet import LeNet
from train.calibrate import calibrated, fit_temperature
from train.commands import UsageError, batch_size, batch_too_large, count, exit_status_of
from train.devices import DEVICE_HELP, DEVICES, choose_device
from train.metrics import accuracy, compute_logits
from train.mnist import Digits, load_training_digits, root_folder
from train.pictures import load_pictures
from train.recipe import PARTS, Recipe, without
from train.speedups import Speedups, choose_speedups
from train.training import Training

HELD_OUT = 1 / 3  # of the training digits


def main() -> None:
    """Print the table. Raises train.commands.CommandError."""
    options = parse_arguments()
    device = choose_device(options.device)
    digits, validation = (part.to(device) for part in load_training_digits(root_folder(options.data), HELD_OUT))
    drawings = load_pictures(options.images).to(device) if options.images else None
    if options.batch_size > len(digits):
        raise UsageError(batch_too_large(len(digits)))
    recipe = replace(Recipe(), epochs=options.epochs, batch_size=options.batch_size)
    speedups = choose_speedups(device, recipe, recipe.steps(len(digits)))
    print(
        f"{options.epochs} epochs on {len(digits):,} digits, judged by {len(validation):,} others; "
        f"means of {options.seeds} seeds\n"
    )
    columns = ["without", "read wrong, %", "cross-entropy × 1000"]
    if drawings:
        columns.append(f"of {len(drawings):,} pictures read wrong, %")
    print(f"| {' | '.join(columns)} |\n| {' | '.join('---' for _ in columns)} |", flush=True)
    for part in options.parts:
        changed = recipe if part == "nothing" else without(recipe, part)
        scores = []
        for seed in range(options.seeds):
            network = train(replace(changed, seed=seed), digits, validation, device, speedups)
            scores.append(judge(network, validation))
            if drawings:
                scores[-1].append(wrong(compute_logits(network, drawings.images), drawings.labels))
        cells = map(spread, zip(*scores, strict=True))
        print(f"| {part} | {' | '.join(cells)} |", flush=True)


def train(recipe: Recipe, digits: Digits, validation: Digits, device: torch.device, speedups: Speedups) -> LeNet:
    """The averaged network after training on ``digits`` by ``recipe``."""
    training = Training(recipe, device, len(digits), speedups)
    for _ in training.run(digits, validation):
        pass
    return training.averaged_network


def judge(network: LeNet, validation: Digits) -> list[float]:
    """The error rate of ``network`` on ``validation``, in %, and its calibrated cross-entropy times 1000.

    The latter tells recipes apart that differ by only a few digits.
    """
    logits = compute_logits(network, validation.images)
    temperature = fit_temperature(logits, validation.labels)
    return [
        wrong(logits, validation.labels),
        1000 * F.nll_loss(calibrated(logits, temperature).log(), validation.labels.cpu()).item(),
    ]


def wrong(logits: Tensor, labels: Tensor) -> float:
    """The error rate, in %: how often the largest digit logit in ``logits`` [N, 11] is not the label's [N]."""
    return 100 * (1 - accuracy(logits, labels))


def spread(values: tuple[float, ...]) -> str:
    """The mean of ``values``, and their standard deviation where there are several."""
    deviation = f" ± {stdev(values):.2f}" if len(values) > 1 else ""
    return f"{mean(values):.2f}{deviation}"


def parse_arguments() -> argparse.Namespace:
    """The parsed command line."""
    parser = argparse.ArgumentParser(
        prog="python -m train.ablation",
        usage="%(prog)s [options]",
        allow_abbrev=False,
        description="Measure what each part of the recipe is worth, by training without it.",
    )
    recipe = Recipe()
    for flag, number, default, meaning in (
        ("--epochs", count, recipe.epochs, "times that each run goes through the digits"),
        ("--batch-size", batch_size, recipe.batch_size, "digits in each step"),
        ("--seeds", count, 3, "runs without each part, from seed 0 on"),
    ):
        parser.add_argument(flag, type=number, default=default, metavar="N", help=f"{meaning} (default: %(default)s)")
    parser.add_argument("--device", choices=DEVICES, default="auto", help=DEVICE_HELP)
    parser.add_argument(
        "--data", type=Path, help="folder that has MNIST in MNIST/raw (default: $MNIST_ROOT, else data)"
    )
    parser.add_argument("--images", type=Path, metavar="DIR", help="pictures to measure with too, in DIR/<digit>/")
    parser.add_argument(
        "--parts", nargs="+", choices=["nothing", *PARTS], default=["nothing", *PARTS], metavar="PART",
        help=f"nothing, {', '.join(PARTS)} (default: all)",
    )  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    interrupts.heed_again()
    sys.exit(exit_status_of(main))
