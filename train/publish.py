"""Writes what a finished training leaves: the weights, their card, and the report on them."""

import datetime
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from net import checkpoint
from net.lenet import LeNet
from train.calibrate import calibrated, certainty_threshold, expected_calibration_error, fit_temperature
from train.metrics import accuracy, compute_logits, per_digit_accuracy
from train.mnist import Digits
from train.report import report_path, write_report
from train.training import Training
from train.widen import to_full_width


def publish(training: Training, validation: Digits, test: Digits, out: Path, **facts: Any) -> None:
    """Evaluate on the ``test`` set, and write weights, report, and a card that holds ``facts`` as well."""
    network = LeNet().to(training.device)
    network.load_state_dict(to_full_width(training.averaged_network.state_dict()))
    test = test.to(training.device)
    test_logits = compute_logits(network, test.images)
    card = card_of_run(training, network, validation, test, test_logits) | facts
    previous = checkpoint.keep_previous(out, network.state_dict())
    card = checkpoint.save(network.state_dict(), card, out)
    write_report(report_path(out), network, card, test, test_logits)
    print(f"validation {card['validation_accuracy']:.2%}, MNIST test {card['test_accuracy']:.2%}")
    kept = f" The previous weights are kept at {previous}." if previous else ""
    print(f"Wrote {out}, {checkpoint.card_path(out)} and {report_path(out)}.{kept}")


def parameter_count(network: nn.Module) -> int:
    """The number of parameters of ``network``."""
    return sum(parameter.numel() for parameter in network.parameters())


def card_of_run(
    training: Training, network: LeNet, validation: Digits, test: Digits, test_logits: Tensor
) -> dict[str, Any]:
    """The card of the finished ``network``; ``test_logits``, float [N, 11], are its logits for ``test``."""
    logits = compute_logits(network, validation.images)
    temperature = fit_temperature(logits, validation.labels)
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seed": training.recipe.seed,
        "hyperparameters": asdict(training.recipe),
        "speedups": asdict(training.speedups),
        "parameters": parameter_count(network),
        "trained_parameters": parameter_count(training.network),  # fewer where it was thinner
        **training.surroundings,
        "resumed_elsewhere": training.resumed_elsewhere,
        "epochs": len(training.history),
        "seconds": round(sum(result.seconds for result in training.history), 1),
        "validation_accuracy": accuracy(logits, validation.labels),
        "test_accuracy": accuracy(test_logits, test.labels),
        "test_accuracy_per_digit": per_digit_accuracy(test_logits, test.labels),
        "temperature": temperature,
        "certain_above": certainty_threshold(calibrated(logits, temperature)),
        "expected_calibration_error": expected_calibration_error(calibrated(test_logits, temperature), test.labels),
        "history": [asdict(result) for result in training.history],
    }
