"""Train the network on MNIST and write its weights.

python -m train                                # the recipe of the shipped weights
python -m train --gpu --epochs 40 --out mine   # longer, on a GPU, into the folder mine
python -m train --resume                       # go on after Ctrl-C or a power cut
"""

import argparse
import datetime
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from net import checkpoint
from train import mnist
from train.calibrate import calibrated, certainty_threshold, expected_calibration_error, fit_temperature
from train.evaluate import per_digit_accuracy
from train.fit import (
    DivergedError,
    EpochResult,
    StateError,
    Training,
    accuracy,
    compute_logits,
    load_state,
    recipe_of,
)
from train.mnist import DataError, Digits
from train.precision import bf16_pays
from train.recipe import Recipe
from train.report import report_path, write_report

USAGE_ERROR = 2
FAILURE = 1
INTERRUPTED = 130  # as shells report a program that Ctrl-C ended


class UsageError(Exception):
    """The command line asks for what cannot be; the message says so in one sentence."""


def main() -> int:
    """Train as the command line says; the exit status."""
    options = parse_arguments()
    try:
        return run(options)
    except UsageError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        print("\nStopped before training began; nothing was written.", file=sys.stderr)
        return INTERRUPTED
    except (DataError, StateError) as error:
        print(error, file=sys.stderr)
    except DivergedError as error:
        print(f"{error}; no weights were written. A smaller --lr may help.", file=sys.stderr)
    except OSError as error:
        print(
            f"Could not write beside '{options.out}': {error.strerror}. No weights were lost.",
            file=sys.stderr,
        )
    return FAILURE


def run(options: argparse.Namespace) -> int:
    """Train, evaluate, write; the exit status."""
    device = choose_device(options.device)
    if options.threads:
        torch.set_num_threads(options.threads)
    out = checkpoint.weights_path(options.out)
    state_path = out.with_suffix(".training.pt")
    state = load_state(state_path) if options.resume else None
    recipe = chosen_recipe(options, recipe_of(state) if state else Recipe(), resuming=bool(state))
    out.parent.mkdir(parents=True, exist_ok=True)

    root = mnist.root_folder(options.data)
    digits, validation = (part.to(device) for part in mnist.load_training_digits(root))
    if recipe.batch_size > len(digits):
        raise UsageError(f"--batch-size must be at most {len(digits)}, the number of digits to train on.")
    steps_an_epoch = len(digits) // recipe.batch_size
    if state:
        training = Training.resume(state, device, steps_an_epoch)
    else:
        bf16 = options.bf16 if options.bf16 is not None else bf16_pays(device)
        training = Training(recipe, device, steps_an_epoch, bf16=bf16)
        if state_path.exists():
            print(f"The run that was broken off at {state_path} will be replaced; --resume would go on with it.")
    print(describe(training, digits, validation), flush=True)

    try:
        for result in training.run(digits, validation, state_path):
            print(describe_epoch(result, recipe.epochs), flush=True)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # impatience must not cost what is being saved
        print("\n" + leave(training, out), file=sys.stderr)
        return INTERRUPTED

    # A Ctrl-C from here on would only cost the user the result.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    test = mnist.load_test_digits(root).to(device)
    test_logits = compute_logits(training.averaged_network, test.images)
    card = describe_run(training, validation, test, test_logits)
    card = checkpoint.save(training.averaged_network.state_dict(), card, out)
    state_path.unlink(missing_ok=True)
    write_report(report_path(out), training.averaged_network, card, test, test_logits)
    print(f"validation {card['validation_accuracy']:.2%}, MNIST test {card['test_accuracy']:.2%}")
    print(f"Wrote {out}, {checkpoint.card_path(out)} and {report_path(out)}.")
    return 0


def leave(training: Training, out: Path) -> str:
    """Keep what a stopped run is worth without overwriting finished weights; what to tell the user."""
    done = len(training.history)
    if not done:
        return (
            f"Stopped in the first epoch; {'the weights are as they were' if out.exists() else 'no weights'} at {out}."
        )
    go_on = f"'python -m train --resume --out {out}' goes on after epoch {done} of {training.recipe.epochs}"
    if out.exists() and not checkpoint.card_of(out).get("interrupted"):
        return f"Stopped; {out} is as it was, and {go_on}."
    card = {"interrupted": True, "epochs": done, "hyperparameters": asdict(training.recipe)}
    checkpoint.save(training.averaged_network.state_dict(), card, out)
    return f"Stopped; {out} holds the weights after epoch {done}, not calibrated, and {go_on}."


def choose_device(name: str) -> torch.device:
    """The device called ``name``; for ``auto`` the fastest that there is. Raises UsageError."""
    available: dict[str, Callable[[], bool]] = {
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
        "cpu": lambda: True,
    }
    if name == "auto":
        name = next(kind for kind, is_available in available.items() if is_available())
    if not available[name]():
        raise UsageError(
            f"There is no {name.upper()} device that this PyTorch ({torch.__version__}) can use; "
            "train on the CPU with --device cpu."
        )
    return torch.device(name)


def chosen_recipe(options: argparse.Namespace, recipe: Recipe, *, resuming: bool) -> Recipe:
    """``recipe`` with what the command line changes. Raises UsageError where a resumed run would change."""
    given = {name: getattr(options, name) for name in ("epochs", "batch_size", "lr", "seed")}
    changed = {name: value for name, value in given.items() if value is not None and value != getattr(recipe, name)}
    if resuming and changed:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in changed)
        raise UsageError(f"A resumed run keeps its recipe; leave out {flags}, or leave out --resume to start anew.")
    return replace(recipe, **changed)


def describe(training: Training, digits: Digits, validation: Digits) -> str:
    """One line on what is about to run."""
    parameters = sum(parameter.numel() for parameter in training.network.parameters())
    precision = "bf16" if training.bf16 else "float32"
    return (
        f"{parameters:,} parameters, {len(digits):,} digits to train on and {len(validation):,} to validate with, "
        f"on {training.device} in {precision}, seed {training.recipe.seed}"
    )


def describe_epoch(result: EpochResult, epochs: int) -> str:
    """One line on an epoch that has ended."""
    return (
        f"epoch {result.epoch:>3}/{epochs}  loss {result.loss:.4f}  accuracy {result.accuracy:.2%}  "
        f"validation loss {result.validation_loss:.4f}  accuracy {result.validation_accuracy:.2%}  "
        f"{result.seconds:.1f} s"
    )


def describe_run(training: Training, validation: Digits, test: Digits, test_logits: Tensor) -> dict[str, Any]:
    """The card of finished weights, which make ``test_logits``, float [N, 10], of ``test``."""
    network = training.averaged_network
    logits = compute_logits(network, validation.images)
    temperature = fit_temperature(logits, validation.labels)
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seed": training.recipe.seed,
        "hyperparameters": asdict(training.recipe),
        "bf16": training.bf16,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "torch": torch.__version__,
        "device": device_name(training.device),
        "threads": torch.get_num_threads(),
        "epochs": len(training.history),
        "seconds": round(sum(result.seconds for result in training.history), 1),
        "validation_accuracy": accuracy(logits, validation.labels),
        "test_accuracy": accuracy(test_logits, test.labels),
        "test_accuracy_per_digit": per_digit_accuracy(test_logits, test.labels),
        "temperature": temperature,
        "certain_above": certainty_threshold(calibrated(logits, temperature), validation.labels),
        "expected_calibration_error": expected_calibration_error(calibrated(test_logits, temperature), test.labels),
        "history": [asdict(result) for result in training.history],
    }


def device_name(device: torch.device) -> str:
    """What to call ``device`` in a card."""
    return f"cuda ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else device.type


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    recipe = Recipe()
    parser = argparse.ArgumentParser(
        prog="python -m train",
        description="Train the network on MNIST and write its weights.",
        epilog="example: python -m train --gpu --epochs 40 --out mine/lenet.pt",
    )
    devices = parser.add_mutually_exclusive_group()
    devices.add_argument(
        "--gpu",
        action="store_const",
        const="cuda",
        dest="device",
        help="train on a CUDA GPU; the same as --device cuda",
    )
    devices.add_argument(
        "--device",
        choices=["auto", "cpu", "cuda", "mps"],
        help="auto takes the fastest that there is (default: auto)",
    )
    parser.set_defaults(device="auto")
    parser.add_argument("--epochs", type=count, metavar="N", help=f"(default: {recipe.epochs})")
    parser.add_argument("--batch-size", type=count, metavar="N", help=f"(default: {recipe.batch_size})")
    parser.add_argument("--lr", type=rate, help=f"highest learning rate (default: {recipe.lr:g})")
    parser.add_argument("--seed", type=seed, metavar="N", help=f"(default: {recipe.seed})")
    parser.add_argument(
        "--data", type=Path, help="folder of MNIST, downloaded if empty (default: $MNIST_ROOT, else data)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("checkpoints"), help="file or folder to write to (default: checkpoints)"
    )
    parser.add_argument("--threads", type=count, metavar="N", help="CPU threads (default: one a core)")
    parser.add_argument(
        "--bf16",
        action=argparse.BooleanOptionalAction,
        help="mixed precision (default: where it measures faster)",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run that was broken off at --out")
    return parser.parse_args(arguments)


def count(text: str) -> int:
    """A whole number from 1 up."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"it takes a whole number from 1 up, not '{text}'")
    return int(text)


def seed(text: str) -> int:
    """A whole number from 0 up that PyTorch takes for a seed."""
    if not text.isdecimal() or int(text) >= 2**40:
        raise argparse.ArgumentTypeError(f"it takes a whole number from 0 to 2^40, not '{text}'")
    return int(text)


def rate(text: str) -> float:
    """A positive finite number."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"it takes a number above 0, not '{text}'")
    return value


if __name__ == "__main__":
    sys.exit(main())
