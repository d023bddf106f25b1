"""What the command line of `python -m train` asks for: its flags, and the recipe that they make."""

import argparse
import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from net.arguments import as_argument, few, positive_number
from train.commands import UsageError, batch_size, count, seed
from train.devices import DEVICE_HELP, DEVICES
from train.ranks import Ranks
from train.recipe import FAST, PARTS, Recipe, without
from train.speedups import Speedups
from train.training import recipe_of


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The parsed command line."""
    recipe = Recipe()
    parser = argparse.ArgumentParser(
        prog="python -m train",
        usage="%(prog)s [options]",
        allow_abbrev=False,
        description="Train the network on MNIST and write its weights.",
        epilog="example: python -m train --gpu --epochs 90 --out mine/lenet.pt",
    )
    devices = parser.add_mutually_exclusive_group()
    devices.add_argument(
        "--gpu",
        action="store_const",
        const="cuda",
        dest="device",
        help="train on a CUDA GPU; the same as --device cuda",
    )
    devices.add_argument("--device", choices=DEVICES, help=DEVICE_HELP)
    parser.set_defaults(device="auto")
    parser.add_argument(
        "--fast", action="store_true", help="reach 99%% in seconds: one epoch, half the maps, no augmentation"
    )
    parser.add_argument(
        "--epochs",
        type=count,
        metavar="N",
        help=f"times to go through the digits (default: {recipe.epochs}, with --fast {FAST.epochs})",
    )
    parser.add_argument(
        "--batch-size",
        type=batch_size,
        metavar="N",
        help=f"digits in each step (default: {recipe.batch_size}, with --fast {FAST.batch_size})",
    )
    parser.add_argument(
        "--lr", type=positive_number, help=f"highest learning rate (default: {recipe.lr:g}, with --fast {FAST.lr:g})"
    )
    parser.add_argument(
        "--seed",
        type=seed,
        metavar="N",
        help=f"seed of all random choices (default: {recipe.seed}; with --corrections, it depends on the weights)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        help="folder that has MNIST in MNIST/raw, or to download it into (default: $MNIST_ROOT, else data)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("checkpoints"),
        help="folder to write to, or a file NAME.pt (default: checkpoints)",
    )
    parser.add_argument(
        "--threads", type=few, metavar="N", help="CPU threads (default: one per core, divided among processes)"
    )
    parser.add_argument(
        "--without",
        action="append",
        choices=list(PARTS),
        default=[],
        metavar="PART",
        help=f"leave out a part of the recipe, to see what it is worth; may be repeated: {', '.join(PARTS)}",
    )
    for field in fields(Speedups):
        parser.add_argument(
            flag_of(field.name),
            action=argparse.BooleanOptionalAction,
            help=f"{field.metadata['help']} (default: if it measures faster)",
        )
    parser.add_argument(
        "--corrections",
        type=Path,
        metavar="PATH",
        help="teach the weights at --out the corrections in PATH: the server's folder, its corrections.zip, "
        "or a folder of labelled pictures",
    )
    parser.add_argument("--resume", action="store_true", help="continue the interrupted run at --out")
    return parser.parse_args(arguments)


def flag_of(name: str) -> str:
    """The flag that sets ``name`` in the parsed command line."""
    return f"--{name.replace('_', '-')}"


def chosen_recipe(options: argparse.Namespace, state: dict[str, Any] | None, group: Ranks) -> Recipe:
    """The recipe of ``state``, else the one that the command line asks for.

    Raises UsageError if a resumed run would change, or a batch cannot be shared equally.
    """
    recipe = resumed_recipe(options, state) if state else new_recipe(options)
    if recipe.batch_size < 2 * group.count:
        raise UsageError(f"--batch-size must be at least {2 * group.count}, two pictures for each process.")
    if recipe.batch_size % group.count:
        resumed = "; a resumed run keeps its batch size, so change the number of processes" if state else ""
        raise UsageError(
            f"--batch-size {recipe.batch_size} cannot be shared equally by {group.count} processes{resumed}."
        )
    return recipe


def new_recipe(options: argparse.Namespace) -> Recipe:
    """The recipe that the command line asks for. Raises UsageError."""
    return lessened(replace(FAST if options.fast else Recipe(), **given_numbers(options)), options.without)


def resumed_recipe(options: argparse.Namespace, state: dict[str, Any]) -> Recipe:
    """The recipe of ``state``. Raises UsageError where the command line asks for another one, or other speedups."""
    recipe = recipe_of(state)
    changed = [name for name, value in given_numbers(options).items() if value != getattr(recipe, name)]
    for name, on in wanted_speedups(options).items():
        if on not in (None, state["speedups"][name]):
            changed.append(name if on else f"no_{name}")
    if (options.fast or options.without) and not began_as(options, recipe):
        changed += [name for name in ("fast", "without") if getattr(options, name)]
    if changed:
        flags = ", ".join(map(flag_of, changed))
        raise UsageError(f"A resumed run keeps its recipe; leave out {flags}, or leave out --resume to start over.")
    return recipe


def given_numbers(options: argparse.Namespace) -> dict[str, float]:
    """The recipe's numbers that the command line sets, by name."""
    given = {name: getattr(options, name) for name in ("epochs", "batch_size", "lr", "seed")}
    return {name: value for name, value in given.items() if value is not None}


def began_as(options: argparse.Namespace, recipe: Recipe) -> bool:
    """Whether ``recipe`` is what ``options`` ask for, apart from its numbers."""
    asked = lessened(FAST if options.fast else Recipe(), options.without)
    return recipe == replace(asked, epochs=recipe.epochs, batch_size=recipe.batch_size, lr=recipe.lr, seed=recipe.seed)


def lessened(recipe: Recipe, parts: list[str]) -> Recipe:
    """``recipe`` without ``parts``. Raises UsageError if it lacks one of them already."""
    for part in parts:
        fewer = without(recipe, part)
        if fewer == recipe:
            raise UsageError(f"--without {part} changes nothing, because the recipe already lacks it; leave it out.")
        recipe = fewer
    return recipe


def wanted_speedups(options: argparse.Namespace) -> dict[str, bool | None]:
    """Which speedups the command line asks for, or refuses, by name; None where it leaves them open."""
    return {field.name: getattr(options, field.name) for field in fields(Speedups)}


def refuse_flags_of_whole_runs(options: argparse.Namespace, group: Ranks) -> None:
    """Raise UsageError if --corrections is combined with what only applies to a training from the start."""
    names = ("resume", "fast", "without", "epochs", "batch_size", "lr")
    given = [flag_of(name) for name in names if getattr(options, name)]
    if group.count > 1:
        given.append("torchrun")
    if given:
        raise UsageError(f"--corrections has its own short recipe; leave out {', '.join(given)}.")


def resume_command(options: argparse.Namespace, group: Ranks) -> str:
    """The command that resumes the run that ``options`` began, on the same data and the same processors."""
    here = os.environ.get("LOCAL_WORLD_SIZE", "1")  # other machines, if any, get the same command
    command = [f"torchrun --nproc_per_node={here} -m train" if group.count > 1 else "python -m train", "--resume"]
    values = {"data": options.data, "threads": options.threads, "out": options.out}
    values["device"] = None if options.device == "auto" else options.device
    for name, value in values.items():
        if value is not None:
            command.append(f"--{name} {as_argument(str(value))}")
    return " ".join(command)
