"""Train the network on MNIST and write its weights.

python -m train                                # the recipe of the shipped weights
python -m train --fast --out quick             # 99% in seconds, into the folder quick
python -m train --gpu --epochs 90 --out mine   # longer, on a GPU
python -m train --resume                       # go on after Ctrl-C or a power cut
python -m train --corrections corrections      # learn what users said was right
torchrun --nproc_per_node=4 -m train           # in four processes, on as many GPUs
"""

import argparse
import json
import signal
import sys
import traceback
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path

from train import interrupts

if __name__ == "__main__":
    interrupts.quiet_while_importing()

import torch

from net import checkpoint
from net.recognizer import Recognizer
from net.standard_output import print_no_more
from train import mnist, ranks
from train.commands import (
    FAILURE,
    INTERRUPTED,
    CommandError,
    UsageError,
    batch_too_large,
    print_any_text,
)
from train.devices import choose_device
from train.finetune import MNIST_DIGITS, RECIPE, FineTuning, misread_before_corrections
from train.flags import (
    chosen_recipe,
    parse_arguments,
    refuse_flags_of_whole_runs,
    resume_command,
    wanted_speedups,
)
from train.lock import alone_at
from train.mnist import Digits
from train.novelty import relearn_novelty
from train.pictures import load_pictures
from train.plurals import counted
from train.publish import parameter_count, publish
from train.ranks import Ranks, is_broken_connection
from train.recipe import Recipe
from train.report import report_path
from train.speedups import Speedups, choose_speedups, require
from train.training import DivergedError, EpochResult, Training, load_state
from train.widen import to_full_width


def main() -> int:
    """Train as the command line says; return the exit status."""
    options, group = parse_arguments(), Ranks()
    go_on = "" if options.corrections else "; --resume continues after the last saved epoch, if there is one"
    try:
        group, device = join_ranks(options)
        status = run(options, group, device)
    except CommandError as error:
        if ranks.is_first_here():  # the others of its machine have the same to say, or torchrun ends them
            print(error, file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        if group.is_first:
            print("\nStopped; nothing was written.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        print_no_more()
        message = f"Stopped, because nothing reads this output any more{go_on}."
    except OSError as error:
        where = error.filename or options.out
        message = f"Could not write to '{where}': {error.strerror or error}. No weights were lost{go_on}."
    except RuntimeError as error:
        # When one rank fails, the others only report that their connection to it broke.
        if group.count == 1:
            raise
        if not is_broken_connection(error):
            traceback.print_exc()
        message = f"Stopped, because this or another process failed: {str(error).partition(chr(10))[0]}"
    else:
        if status == 0:  # else the others have not finished, and leaving would wait for them
            group.leave()
        return status
    print(message if group.is_first else f"Rank {group.rank}: {message}", file=sys.stderr)
    return FAILURE


def join_ranks(options: argparse.Namespace) -> tuple[Ranks, torch.device]:
    """This process's rank and its device. Raises DeviceError."""
    group, number = ranks.join(choose_device(options.device).type)
    if options.threads:
        torch.set_num_threads(options.threads)
    return group, choose_device(options.device, number)


def run(options: argparse.Namespace, group: Ranks, device: torch.device) -> int:
    """Train, evaluate and write; return the exit status."""
    out = checkpoint.weights_path(options.out)
    if out.suffix != checkpoint.SHIPPED.suffix or out.name.endswith(checkpoint.RUN_SUFFIX):
        raise UsageError(f"'{out}' is not a name for weights; --out takes a folder, or a file called NAME.pt.")
    refuse_what_is_not_ours(out)
    if options.corrections:
        refuse_flags_of_whole_runs(options, group)
    with alone_at(out) if group.is_first else nullcontext():
        if group.is_first:
            remove_what_was_left(out)
        if options.corrections:
            learn_corrections(options, device, out)
            return 0
        return run_whole(options, group, device, out)


def remove_what_was_left(out: Path) -> None:
    """Remove the files that runs killed while writing to ``out`` left half-written."""
    for weights in (out, checkpoint.previous_path(out)):
        checkpoint.remove_partial(weights)
        checkpoint.remove_partial(checkpoint.card_path(weights))
    checkpoint.remove_partial(report_path(out))
    checkpoint.remove_partial(out.with_suffix(checkpoint.RUN_SUFFIX))


def run_whole(options: argparse.Namespace, group: Ranks, device: torch.device, out: Path) -> int:
    """Train from the start, or resume an interrupted run; return the exit status."""
    state_path = out.with_suffix(checkpoint.RUN_SUFFIX)
    state = load_state(state_path) if options.resume else None
    recipe = chosen_recipe(options, state, group)

    with group.one_before_others():  # since MNIST may have to be downloaded
        digits, validation, test = load_digits(options, device)
    if recipe.batch_size > len(digits):
        raise UsageError(batch_too_large(len(digits)))
    if state:
        require(device, Speedups(**state["speedups"]), recipe.shared_by(group.count))
        training = Training.resume(state, device, len(digits), group)
    else:
        speedups = usable_speedups(options, device, recipe, len(digits), group)
        training = Training(recipe, device, len(digits), speedups, group)

    if not group.is_first:
        # It shares the work, but only the first rank prints, saves and heeds Ctrl-C.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for _ in training.run(digits, validation, state_path):
            pass
        return 0
    return train_to(out, training, (digits, validation, test), options)


def load_digits(options: argparse.Namespace, device: torch.device) -> tuple[Digits, Digits, Digits]:
    """MNIST's training and validation digits, both on ``device``, and its test digits.

    The test digits are used only at the end, but must not turn out damaged then. Raises DataError.
    """
    root = mnist.root_folder(options.data)
    digits, validation = mnist.load_training_digits(root)
    return digits.to(device), validation.to(device), mnist.load_test_digits(root)


def train_to(out: Path, training: Training, data: tuple[Digits, Digits, Digits], options: argparse.Namespace) -> int:
    """Run ``training`` to its end, and write the results to ``out``; return the exit status.

    ``data`` are the training, validation and test digits.
    """
    digits, validation, test = data
    state_path, epochs = out.with_suffix(checkpoint.RUN_SUFFIX), training.recipe.epochs
    if training.resumed_elsewhere:
        print("This run began with another PyTorch, device, or number of processes or threads; its card will say so.")
    elif not options.resume and state_path.exists():
        print(f"The first epoch will replace the interrupted run at {state_path}; --resume would continue that one.")
    print(describe(training, digits, validation), flush=True)
    try:
        for result in training.run(digits, validation, state_path):
            print(describe_epoch(result, epochs), flush=True)
        if training.recipe.outliers:
            print("relearning to tell digits from what is not a digit", flush=True)
            relearn_novelty(training, digits)
    except DivergedError as error:
        raise DivergedError(f"{error}; no weights were written. A smaller --lr may help.") from error
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not cost what is being saved
        print("\n" + keep_interrupted(training, out, resume_command(options, training.ranks)), file=sys.stderr)
        return INTERRUPTED

    # A Ctrl-C from here on would only cost the user the result.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    publish(training, validation, test, out)
    state_path.unlink(missing_ok=True)
    return 0


def refuse_what_is_not_ours(out: Path) -> None:
    """Raise UsageError if ``out`` holds another network's weights or is unreadable, or its card's file is no card."""
    card = checkpoint.card_path(out)
    try:
        if card.exists() and not checkpoint.is_card(json.loads(card.read_bytes())):
            raise ValueError
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"'{card}' is not a card of weights, so it was not touched; choose another file with --out."
        ) from error
    try:
        if out.exists():
            checkpoint.load(out)
    except checkpoint.CheckpointError as error:  # damaged weights are no loss
        if isinstance(error, checkpoint.OtherNetworkError) or isinstance(error.__cause__, OSError):
            raise UsageError(f"{error}, so it was not touched; choose another file with --out.") from error


def usable_speedups(
    options: argparse.Namespace,
    device: torch.device,
    recipe: Recipe,
    digit_count: int,
    group: Ranks = Ranks(),  # noqa: B008 - frozen
) -> Speedups:
    """The speedups that the command line asks for, and of those it leaves open the ones that pay off for ``recipe``.

    Raises SpeedupError.
    """
    share, wanted = recipe.shared_by(group.count), wanted_speedups(options)
    speedups = group.agree(choose_speedups(device, share, recipe.steps(digit_count), wanted, alone=group.count == 1))
    require(device, speedups, share)
    return speedups


def learn_corrections(options: argparse.Namespace, device: torch.device, out: Path) -> None:
    """Fine-tune the weights at ``out``, and write them if `FineTuned.is_worth_it`. Raises CommandError if not."""
    try:
        recognizer = Recognizer(out if out.exists() else checkpoint.SHIPPED)
    except checkpoint.CheckpointError as error:
        raise CommandError(checkpoint.with_advice(error, out)) from error
    corrections = load_pictures(options.corrections, recognizer).to(device)
    digits, validation, test = load_digits(options, device)  # after what may be mistyped, as it may be a download
    misread = misread_before_corrections(recognizer.card, validation)
    out.parent.mkdir(parents=True, exist_ok=True)  # so as not to fail after the work
    speedups = usable_speedups(options, device, RECIPE, MNIST_DIGITS)
    recipe = replace(RECIPE, seed=seed_of(recognizer) if options.seed is None else options.seed)
    tuning = FineTuning(recognizer.network.state_dict(), digits, corrections, speedups, recipe)
    print(f"{counted(len(corrections), 'correction')} among {len(tuning.shown):,} digits per epoch", flush=True)
    for result in tuning.run(validation):
        print(describe_epoch(result, RECIPE.epochs), flush=True)
    tuned = tuning.settle(validation, misread)
    print(
        f"validation {tuned.validation_before:.2%} -> {tuned.validation_after:.2%}, "
        f"corrections {tuned.corrections_before:.2%} -> {tuned.corrections_after:.2%}"
    )
    if not tuned.is_worth_it:
        no_gain = "no more of the corrections, nor much more surely"
        why = no_gain if tuned.alpha else "MNIST worse, however small the step"
        raise CommandError(f"The new weights would read {why}; nothing was written.")
    relearn_novelty(tuning.training, tuning.shown)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # partly written results would be worse than none
    facts = {
        "fine_tuned_from": recognizer.card["sha256"],
        "corrections": len(corrections),
        "alpha": tuned.alpha,
        "misread_at_first": tuned.misread_at_first,
        "validation_digits": len(validation),  # which these are indices of
    }
    if "trained_parameters" in recognizer.card:  # maps that a thinner network left blank still are
        facts["trained_parameters"] = recognizer.card["trained_parameters"]
    publish(tuning.training, validation, test, out, **facts)


def seed_of(recognizer: Recognizer) -> int:
    """A seed that depends on the weights alone, so that repeated fine-tuning sees other digits each time."""
    return int(recognizer.card["sha256"][:8], 16)


def keep_interrupted(training: Training, out: Path, resume: str) -> str:
    """Write an interrupted run's weights to ``out`` unless finished ones are there; return what to tell the user.

    They are taken from the last saved state: since then the weights have seen a part of one more epoch.
    """
    done = training.epochs_saved
    if not done:  # any weights there are another run's
        return f"Stopped in the first epoch; {'the old weights remain' if out.exists() else 'no weights are'} at {out}."
    go_on = f"'{resume}' continues after epoch {done} of {training.recipe.epochs}"
    if out.exists() and not checkpoint.card_of(out).get("interrupted"):
        return f"Stopped; {out} is unchanged, and {go_on}."
    card = {"interrupted": True, "epochs": done, "hyperparameters": asdict(training.recipe)}
    checkpoint.save(to_full_width(load_state(out.with_suffix(checkpoint.RUN_SUFFIX))["averaged"]["network"]), card, out)
    return f"Stopped; {out} holds the weights after epoch {done}, not calibrated, and {go_on}."


def describe(training: Training, digits: Digits, validation: Digits) -> str:
    """One line on the run that is about to start."""
    parameters = parameter_count(training.network)
    processes = f" in {training.ranks.count} processes" if training.ranks.count > 1 else ""
    return (
        f"{parameters:,} parameters, {len(digits):,} digits to train on and {len(validation):,} to validate with, "
        f"on {training.device.type}{processes} with speedups: {training.speedups}, seed {training.recipe.seed}"
    )


def describe_epoch(result: EpochResult, epochs: int) -> str:
    """One line on an epoch that has ended."""
    return (
        f"epoch {result.epoch:>3}/{epochs}  loss {result.loss:.4f}  accuracy {result.accuracy:.2%}  "
        f"validation loss {result.validation_loss:.4f}  accuracy {result.validation_accuracy:.2%}  "
        f"{result.seconds:.1f} s"
    )


if __name__ == "__main__":
    interrupts.heed_again()
    print_any_text()
    sys.exit(main())
