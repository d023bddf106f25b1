"""How much sooner this trainer reaches an accuracy than the MNIST example that people start from.

    python tests/bench/training.py

The example is https://github.com/pytorch/examples/blob/main/mnist/main.py: its network, its loop, its
settings, written again here, except that it also shuffles on the CPU and trains on our 55,000 digits. Both are
evaluated on the same 5,000 validation digits, each time after about as many training pictures (5,120, or as
many as fill whole batches). The clocks count only training; they are stopped during evaluation, start-up and the
reading of MNIST's files.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset
from torchvision import transforms
from torchvision.datasets import MNIST
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from net.lenet import to_pictures
from train.metrics import accuracy, compute_logits
from train.mnist import Digits, load_training_digits, root_folder, split
from train.recipe import FAST, Recipe
from train.speedups import choose_speedups
from train.training import Training

MARKS = (0.98, 0.99, 0.9925, 0.995)  # accuracies on the validation digits
CPU = torch.device("cpu")
FAST_RUNS = 5  # averaged, as it is partly luck when a single run first reaches a mark
LOOK_EVERY = 5120  # pictures trained on between two evaluation points

# An evaluation point: seconds of training so far, and the accuracy on the validation digits then.
Point = tuple[float, float]


class ExampleNetwork(nn.Module):
    """Two 3 x 3 convolutions, one pooling, two dropouts, two fully connected layers."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU())
        self.classifier = nn.Sequential(
            nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        maps = F.max_pool2d(self.convolutions(pictures), 2)
        return F.log_softmax(self.classifier(maps), dim=1)


def train_example(root: Path, validation: Digits, epochs: int) -> Iterator[Point]:
    """The example's evaluation points: Adadelta from 1.0, times 0.7 each epoch, a DataLoader with batches of 64."""
    normalize = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    dataset = MNIST(str(root), train=True, transform=normalize)
    to_train_on, _ = split(len(dataset))
    loader = DataLoader(Subset(dataset, to_train_on.tolist()), batch_size=64, shuffle=True)
    pictures = (to_pictures(validation.images) - 0.1307) / 0.3081
    torch.manual_seed(1)
    network = ExampleNetwork()
    optimizer = torch.optim.Adadelta(network.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)

    def steps() -> Iterator[None]:
        for epoch in range(epochs):
            for batch, labels in tqdm(loader, desc=f"example, epoch {epoch + 1}", leave=False):
                network.train()
                optimizer.zero_grad()
                F.nll_loss(network(batch), labels).backward()
                optimizer.step()
                yield
            schedule.step()

    @torch.no_grad()
    def evaluate() -> float:
        network.eval()
        logits = torch.cat([network(part) for part in pictures.split(1000)])
        return accuracy(logits, validation.labels)

    yield from look_at(steps(), LOOK_EVERY // 64, evaluate)


def train_ours(recipe: Recipe, digits: Digits, validation: Digits) -> Iterator[Point]:
    """Evaluation points of `python -m train` with ``recipe``."""
    steps_an_epoch = recipe.steps_an_epoch(len(digits))
    speedups = choose_speedups(CPU, recipe, recipe.steps(len(digits)))
    training = Training(recipe, CPU, len(digits), speedups)

    def steps() -> Iterator[None]:
        for epoch in range(1, recipe.epochs + 1):
            for _ in tqdm(
                training.steps(digits, epoch), total=steps_an_epoch, desc=f"ours, epoch {epoch}", leave=False
            ):
                yield

    def evaluate() -> float:
        return accuracy(compute_logits(training.averaged_network, validation.images), validation.labels)

    yield from look_at(steps(), LOOK_EVERY // recipe.batch_size, evaluate)


def look_at(steps: Iterator[None], every: int, evaluate: Callable[[], float]) -> Iterator[Point]:
    """Time ``steps``, and `evaluate` after each ``every`` of them with the clock stopped."""
    seconds = 0.0
    started = time.perf_counter()
    for number, _ in enumerate(steps, 1):
        if number % every == 0:
            seconds += time.perf_counter() - started
            yield seconds, evaluate()
            started = time.perf_counter()


def first_at(points: Iterator[Point], until: float) -> dict[float, float]:
    """For each of `MARKS`, the seconds of the first of ``points`` that reaches it; stops once ``until`` is reached."""
    seconds_at: dict[float, float] = {}
    for seconds, reached in points:
        print(f"  {seconds:7.1f} s  {reached:.2%}", flush=True)
        for mark in MARKS:
            if reached >= mark:
                seconds_at.setdefault(mark, seconds)
        if reached >= until:
            break
    return seconds_at


def fast_run(digits: Digits, validation: Digits, seed: int) -> dict[float, float]:
    """The result of `first_at` for `--fast` with ``seed``."""
    print(f"python -m train --fast --seed {seed}")
    return first_at(train_ours(replace(FAST, seed=seed), digits, validation), MARKS[-1])


def mean_of(runs: list[dict[float, float]]) -> dict[float, float]:
    """The mean seconds for each of `MARKS` that all ``runs`` reached."""
    return {mark: statistics.mean(run[mark] for run in runs) for mark in MARKS if all(mark in run for run in runs)}


def main() -> None:
    """Train each in turn, alone on the machine, and print the table."""
    parser = argparse.ArgumentParser(description="Seconds to an accuracy, against the PyTorch MNIST example.")
    parser.add_argument("--data", type=Path, help="folder of MNIST (default: $MNIST_ROOT, else data)")
    parser.add_argument("--example-epochs", type=int, default=14, help="at most (default: 14, as in the example)")
    parser.add_argument("--until", type=float, default=MARKS[-1], help="the accuracy to stop the example at")
    parser.add_argument("--ours-epochs", type=int, default=12, help="of the run that is to reach 99.5%% (default: 12)")
    options = parser.parse_args()
    root = root_folder(options.data)
    digits, validation = load_training_digits(root)
    fast = mean_of([fast_run(digits, validation, seed) for seed in range(FAST_RUNS)])
    print(f"python -m train --epochs {options.ours_epochs}")
    full = first_at(train_ours(replace(Recipe(), epochs=options.ours_epochs), digits, validation), MARKS[-1])
    print("the example")
    example = first_at(train_example(root, validation, options.example_epochs), options.until)

    print("\n| validation accuracy | the example | --fast | sooner | recipe | sooner |")
    print("| --- | --- | --- | --- | --- | --- |")
    for mark in MARKS:
        cells = [f"{mark:.2%}", cell(example.get(mark))]
        for ours in (fast, full):
            cells += [cell(ours.get(mark)), ratio(example.get(mark), ours.get(mark))]
        print(f"| {' | '.join(cells)} |")
    if 0.99 in example and 0.995 in full:
        print(f"\nThe example's 99.0% took {example[0.99] / full[0.995]:.1f} times as long as our 99.5%.")


def cell(seconds: float | None) -> str:
    """The seconds, or a dash if the mark was never reached."""
    return "-" if seconds is None else f"{seconds:.1f} s"


def ratio(theirs: float | None, ours: float | None) -> str:
    """How many times sooner ours is, or a dash."""
    return f"{theirs / ours:.0f} x" if theirs and ours else "-"


if __name__ == "__main__":
    main()
