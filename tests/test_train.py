"""Promises of `python -m train` to its users, and about the weights that it writes."""

import dataclasses
import datetime
import errno
import hashlib
import json
import math
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from conftest import HOME, LINE_TIMEOUT, python, run_here, write_fewer

from net import checkpoint
from net.folded import FoldedLeNet
from net.lenet import MAPS, NONE, LeNet, to_pictures
from train import __main__ as command
from train import ablation
from train.allographs import Allographs, curves_through, straight_ones
from train.augment import Augment
from train.averaging import ExponentialAverage
from train.calibrate import DOUBTFUL, calibrated, certainty_threshold, expected_calibration_error, fit_temperature
from train.commands import UsageError
from train.fitting import centre_of_mass, extent
from train.flags import chosen_recipe, parse_arguments
from train.habits import DrawHabits
from train.lock import alone_at
from train.metrics import accuracy, compute_logits, per_digit_accuracy
from train.mnist import DataError, Digits, load_test_digits, load_training_digits, split
from train.novelty import relearn_novelty
from train.novelty_outliers import NoveltyOutliers
from train.outliers import Outliers
from train.ranks import Ranks
from train.recipe import FAST, NO_AUGMENTATION, Augmentation, Habits, Recipe
from train.speedups import Speedups, StepTime, choose_speedups, require, time_step
from train.training import DivergedError, EpochResult, StateError, Training, learning_rate_schedule, load_state

SHORT = ("--epochs", "3", "--batch-size", "50", "--threads", "1", "--device", "cpu", "--no-bf16", "--no-channels-last")


def train(out: Path, data: Path, *flags: str) -> subprocess.CompletedProcess:
    return python("-m", "train", "--out", str(out), "--data", str(data), *flags)


def train_here(out: Path, data: Path, *flags: str) -> subprocess.CompletedProcess:
    """`train` without a process of its own; see `run_here`."""
    return run_here(command.main, "--out", str(out), "--data", str(data), *flags)


def start_training(out: Path, data: Path, *flags: str) -> subprocess.Popen:
    return start_python("-m", "train", "--out", str(out), "--data", str(data), *flags)


def start_python(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=HOME,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # If the tests run in the background, they ignore SIGINT, and children would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def interrupt_after_epoch(process: subprocess.Popen, epoch: int, with_signal: int) -> tuple[int, str]:
    """Send a signal once the epoch's line is printed; returns the exit status and the text on stderr."""
    for line in process.stdout:
        if re.match(rf"epoch +{epoch}/", line):
            break
    process.send_signal(with_signal)
    said = process.communicate(timeout=LINE_TIMEOUT)[1]
    return process.returncode, said


def kill_at(process: subprocess.Popen, moment: str, with_signal: int = signal.SIGKILL) -> None:
    """Send a signal to a training once its progress bar matches ``moment``."""
    shown = ""
    while not re.search(moment, shown[-200:]):
        character = process.stderr.read(1)
        assert character, f"the run ended before it showed {moment}: {shown}"
        shown += character
    process.send_signal(with_signal)


def assert_same_weights(one: Path, other: Path) -> None:
    first, second = (torch.load(path, weights_only=True) for path in (one, other))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def trained(small_mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess]:
    """An uninterrupted run: its folder and process."""
    out = tmp_path_factory.mktemp("trained")
    return out, train(out, small_mnist, *SHORT)


def test_training_leaves_weights_that_load_in_one_line_and_a_card_that_describes_them(trained, small_mnist: Path):
    out, ended = trained
    assert ended.returncode == 0, ended.stderr
    assert sorted(path.name for path in out.iterdir()) == ["lenet.json", "lenet.pt", "report.html"]
    network = LeNet()
    network.load_state_dict(torch.load(out / "lenet.pt", weights_only=True))
    card = json.loads((out / "lenet.json").read_text())

    assert card["sha256"] == hashlib.sha256((out / "lenet.pt").read_bytes()).hexdigest()
    assert datetime.datetime.fromisoformat(card["date"]).tzinfo
    assert (card["seed"], card["epochs"], card["device"], card["torch"]) == (0, 3, "cpu", torch.__version__)
    assert card["hyperparameters"]["batch_size"] == 50
    parameters = sum(parameter.numel() for parameter in network.parameters())
    assert card["parameters"] == card["trained_parameters"] == parameters
    assert card["seconds"] > 0
    assert card["processor"]

    test, (_, validation) = load_test_digits(small_mnist), load_training_digits(small_mnist)
    logits = compute_logits(network.eval(), test.images)
    validation_logits = compute_logits(network, validation.images)
    assert card["test_accuracy"] == pytest.approx(accuracy(logits, test.labels))
    assert card["test_accuracy_per_digit"] == pytest.approx(per_digit_accuracy(logits, test.labels))
    assert card["validation_accuracy"] == pytest.approx(accuracy(validation_logits, validation.labels))
    assert card["test_accuracy"] > 0.5, "a few steps on neat digits are enough to learn something"
    temperature = fit_temperature(validation_logits, validation.labels)
    assert card["temperature"] == pytest.approx(temperature), "fitted on the validation digits, not on the test set"
    assert card["certain_above"] == pytest.approx(certainty_threshold(calibrated(validation_logits, temperature)))
    calibration_error = expected_calibration_error(calibrated(logits, temperature), test.labels)
    assert card["expected_calibration_error"] == pytest.approx(calibration_error)


def test_no_digit_is_both_trained_on_and_validated_with():
    to_train_on, to_validate_with = split(60_000)
    assert len(to_validate_with) == 5000
    assert torch.equal(torch.cat([to_train_on, to_validate_with]).sort().values, torch.arange(60_000))
    assert to_validate_with[:5].tolist() == [40456, 35754, 32193, 23050, 25057], (
        "the split of the shipped weights' training"
    )


def test_once_the_average_has_run_long_the_past_counts_half_after_its_half_life():
    followed = torch.nn.BatchNorm1d(1).requires_grad_(requires_grad=False)
    average = ExponentialAverage(followed, half_life=20)
    for value, updates in ((1.0, 500), (0.0, 20)):
        followed.weight.fill_(value)
        for _ in range(updates):
            average.update()
    assert average.network.weight.item() == pytest.approx(0.5, rel=1e-4)


def test_a_short_run_comes_to_what_it_always_did():
    """The losses after an epoch of the recipe, shortened; whoever changes the recipe updates the numbers here."""
    device = torch.device("cpu")
    digits, validation = (Allographs(device)(count, torch.Generator().manual_seed(count)) for count in (600, 200))
    recipe = Recipe(epochs=3, batch_size=50, dropout=0)  # random numbers for dropout depend on the processor
    training = Training(recipe, device, len(digits), Speedups())
    assert [group["weight_decay"] for group in training.optimizer.param_groups] == [recipe.weight_decay]
    result = training.epoch(digits, validation)
    assert result.loss == pytest.approx(1.4107, abs=0.005)
    assert result.validation_loss == pytest.approx(1.136, abs=0.03)


def test_the_report_shows_the_run_and_needs_nothing_outside_it(trained, small_mnist: Path):
    report = (trained[0] / "report.html").read_text()
    card = json.loads((trained[0] / "lenet.json").read_text())
    assert f"{card['test_accuracy']:.2%} of 100 test digits read right" in report
    assert report.count("<polyline") == 4, "loss and accuracy, for training and validation"
    assert card["sha256"] in report
    assert report.count('alt="filter ') == MAPS[0]
    wrong = round(100 * (1 - card["test_accuracy"]))
    assert f"The {wrong} digits that were misread" in report
    assert report.count("<figcaption>") == wrong
    confusion = report.partition("Confusion")[2].partition("</table>")[0]
    assert sum(int(count) for count in re.findall(r"<td[^>]*>(\d+)</td>", confusion)) == 100
    assert not re.search(r'(src|href)="(?!data:)|https?://|url\(|<script', report)


def test_training_tells_how_it_goes(trained):
    _, ended = trained
    assert len(re.findall(r"^epoch +\d/3 +loss \d", ended.stdout, re.MULTILINE)) == 3
    assert re.search(r"loss=\d", ended.stderr), "the bar shows the loss"
    assert re.search(r"accuracy=\d", ended.stderr)
    assert "<" in ended.stderr, "the bar shows the time left"


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(trained, small_mnist: Path, tmp_path: Path):
    again, other = tmp_path / "again.pt", tmp_path / "other.pt"
    train(again, small_mnist, *SHORT)
    train(other, small_mnist, *SHORT, "--seed", "1")
    assert_same_weights(again, trained[0] / "lenet.pt")
    first = torch.load(trained[0] / "lenet.pt", weights_only=True)
    assert not torch.equal(first["output.weight"], torch.load(other, weights_only=True)["output.weight"])


@pytest.mark.parametrize("moment", [r"epoch 1/3:.* [3-9]/12 ", r"epoch 2/3:.* 0/12 ", r"epoch 3/3:.* [3-9]/12 "])
def test_a_run_killed_at_any_step_and_resumed_ends_with_the_weights_of_one_that_was_not(
    moment: str, trained, small_mnist: Path, tmp_path: Path
):
    out = tmp_path / "lenet.pt"
    before = (trained[0] / "lenet.pt").read_bytes()
    out.write_bytes(before)
    process = start_training(out, small_mnist, *SHORT)
    kill_at(process, moment)
    assert process.wait(LINE_TIMEOUT) == -signal.SIGKILL
    assert out.read_bytes() == before, "the old weights must be intact"

    ended = train(out, small_mnist, "--resume", "--threads", "1", "--device", "cpu")
    assert ended.returncode == 0, ended.stderr
    done = int(re.search(r"epoch (\d)", moment)[1]) - 1
    assert len(re.findall(r"^epoch", ended.stdout, re.MULTILINE)) == 3 - done, "finished epochs must not be repeated"
    assert_same_weights(out, trained[0] / "lenet.pt")


def test_ctrl_c_keeps_what_was_learned_and_says_so(small_mnist: Path, tmp_path: Path):
    out = tmp_path / "a new folder" / "lenet.pt"
    status, said = interrupt_after_epoch(start_training(out, small_mnist, *SHORT, "--epochs", "500"), 2, signal.SIGINT)
    assert status == 130
    assert "Traceback" not in said
    assert f"{out} holds the weights after epoch" in said
    weights, state = (torch.load(path, weights_only=True) for path in (out, out.with_suffix(".training.pt")))
    LeNet().load_state_dict(weights)
    kept = state["averaged"]["network"]
    assert all(torch.equal(weights[name], kept[name]) for name in kept), "no step of the interrupted epoch may count"

    learned = json.loads(out.with_suffix(".json").read_text())["epochs"]
    program, *arguments = shlex.split(re.search(r"'(python .+)' continues", said)[1])
    alike = ["--data", str(small_mnist), "--threads", "1", "--out", str(out), "--device", "cpu"]
    assert (program, arguments) == ("python", ["-m", "train", "--resume", *alike])
    status, said = interrupt_after_epoch(start_python(*arguments), learned + 2, signal.SIGINT)
    assert status == 130
    assert json.loads(out.with_suffix(".json").read_text())["epochs"] >= learned + 2, "later epochs must be kept too"


def test_the_few_maps_of_a_fast_run_answer_alike_in_a_network_of_full_width(small_mnist: Path, tmp_path: Path):
    out = tmp_path / "lenet.pt"
    process = start_training(out, small_mnist, "--fast", *SHORT, "--epochs", "500")
    status, said = interrupt_after_epoch(process, 2, signal.SIGINT)
    assert status == 130, said
    thin, whole = LeNet(thinner=FAST.thinner), LeNet()
    thin.load_state_dict(torch.load(out.with_suffix(".training.pt"), weights_only=True)["averaged"]["network"])
    whole.load_state_dict(torch.load(out, weights_only=True))
    few, all_there_are = (sum(weights.numel() for weights in each.parameters()) for each in (thin, whole))
    assert few < 0.3 * all_there_are
    images = load_test_digits(small_mnist).images
    answers = compute_logits(thin, images)
    torch.testing.assert_close(compute_logits(whole, images), answers)
    torch.testing.assert_close(FoldedLeNet(whole.eval())(to_pictures(images)), answers, rtol=1e-4, atol=1e-4)


def test_a_fast_run_leaves_what_any_run_leaves(small_mnist: Path, tmp_path: Path):
    (tmp_path / "lenet.training.pt.1234.partial").write_text("of a run that was killed while it saved")
    ended = train_here(tmp_path, small_mnist, "--fast", *SHORT)
    assert ended.returncode == 0, ended.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"lenet.pt", "lenet.json", "report.html"}
    network, card = checkpoint.load(tmp_path / "lenet.pt")
    test = load_test_digits(small_mnist)
    assert card["test_accuracy"] == pytest.approx(accuracy(compute_logits(network, test.images), test.labels))
    report = (tmp_path / "report.html").read_text()
    trained = re.search(r"([\d,]+) parameters", ended.stdout)[1]
    assert f" {trained} parameters, filled up with blank ones to {card['parameters']:,}" in report
    assert int(trained.replace(",", "")) == card["trained_parameters"] < card["parameters"]
    assert report.count('alt="filter ') == MAPS[0] // FAST.thinner, "blank filters must not be shown"


def test_a_folder_whose_name_the_terminal_has_no_letters_for_is_trained_into(small_mnist: Path, tmp_path: Path):
    out = tmp_path / "Ψηφία"
    command = [sys.executable, "-m", "train", "--fast", *SHORT, "--out", str(out), "--data", str(small_mnist)]
    ascii_alone = os.environ | {"PYTHONIOENCODING": "ascii:strict"}
    ended = subprocess.run(command, cwd=HOME, env=ascii_alone, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert r"\u03a8" in ended.stdout
    assert {path.name for path in out.iterdir()} == {"lenet.pt", "lenet.json", "report.html"}


def test_ctrl_c_leaves_finished_weights_as_they_were_and_says_so(trained, small_mnist: Path, tmp_path: Path):
    out = tmp_path / "lenet.pt"
    before = (trained[0] / "lenet.pt").read_bytes()
    out.write_bytes(before)
    status, said = interrupt_after_epoch(start_training(out, small_mnist, *SHORT, "--epochs", "500"), 1, signal.SIGINT)
    assert (status, out.read_bytes()) == (130, before)
    assert f"{out} is unchanged" in said


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_broken_off_run_can_be_resumed_until_a_new_one_has_done_an_epoch(
    end: signal.Signals, trained, small_mnist: Path, tmp_path: Path
):
    out = tmp_path / "lenet.pt"
    process = start_training(out, small_mnist, *SHORT)
    kill_at(process, r"epoch 3/3:.* 0/12 ")
    process.wait(LINE_TIMEOUT)

    forgetful = start_training(out, small_mnist, *SHORT, "--seed", "5")
    kill_at(forgetful, r"epoch 1/3:.* [3-9]/12 ", end)
    said = forgetful.communicate(timeout=LINE_TIMEOUT)[1]
    assert not out.exists(), "the first run's weights must not be saved as the second's"
    assert ("Stopped in the first epoch" in said) == (end is signal.SIGINT)
    ended = train(out, small_mnist, "--resume", "--threads", "1", "--device", "cpu")
    assert len(re.findall(r"^epoch", ended.stdout, re.MULTILINE)) == 1, ended.stderr
    assert_same_weights(out, trained[0] / "lenet.pt")


def test_two_runs_do_not_take_turns_at_one_place(small_mnist: Path, tmp_path: Path):
    first = start_training(tmp_path, small_mnist, *SHORT, "--epochs", "500")
    first.stdout.readline()
    first.stdout.readline()
    second = train(tmp_path, small_mnist, *SHORT)
    assert (second.returncode, second.stderr.count("\n")) == (1, 1), second.stderr
    assert "Another run" in second.stderr
    status, said = interrupt_after_epoch(first, 2, signal.SIGINT)
    assert (status, "--resume" in said) == (130, True)
    assert not list(tmp_path.glob("*.lock"))
    assert train(tmp_path / "beside.pt", small_mnist, *SHORT, "--epochs", "1").returncode == 0


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_a_file_system_that_cannot_lock_can_be_trained_to(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    with alone_at(tmp_path / "new" / "lenet.pt"):
        (tmp_path / "new" / "lenet.pt").touch()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["lenet.pt"]


def test_a_run_that_comes_to_nothing_leaves_none_of_the_folders_that_it_made(small_mnist: Path, tmp_path: Path):
    assert train_here(tmp_path / "a" / "b" / "c.pt", small_mnist, "--batch-size", "60000").returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_the_weights_of_another_network_are_left_alone(small_mnist: Path, tmp_path: Path):
    other = tmp_path / "mine.pt"
    for what in (torch.nn.Linear(3, 3), {"weight": torch.zeros(3)}):
        torch.save(what, other)
        before = other.read_bytes()
        ended = train_here(other, small_mnist, *SHORT)
        assert (ended.returncode, other.read_bytes()) == (2, before)
        assert "not touched" in ended.stderr
    advice = python("-m", "train.evaluate", "--checkpoint", str(other)).stderr.rstrip()
    assert advice.endswith(f"--out {shlex.quote(str(tmp_path / 'mine-digits.pt'))}")


@pytest.mark.parametrize("content", ['{"mine": 1}', "[1]", "no JSON"])
def test_a_file_that_is_no_card_is_not_replaced_by_one(content: str, small_mnist: Path, tmp_path: Path):
    (tmp_path / "mine.json").write_text(content)
    ended = train_here(tmp_path / "mine.pt", small_mnist, *SHORT)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.json"]
    assert (tmp_path / "mine.json").read_text() == content


def test_weights_that_are_replaced_are_kept_beside_the_new_ones(trained, small_mnist: Path, tmp_path: Path):
    for name in ("lenet.pt", "lenet.json"):
        shutil.copy(trained[0] / name, tmp_path)
    for killed in ("lenet.pt", "lenet.previous.pt", "lenet.previous.json", "report.html"):
        (tmp_path / f"{killed}.4711.partial").touch()
    ended = train_here(tmp_path, small_mnist, *SHORT, "--epochs", "1")
    assert not list(tmp_path.glob("*.partial"))
    previous = tmp_path / "lenet.previous.pt"
    assert f"The previous weights are kept at {previous}." in ended.stdout, ended.stderr
    assert_same_weights(previous, trained[0] / "lenet.pt")
    assert checkpoint.load(previous)[1]["epochs"] == 3
    assert checkpoint.load(tmp_path / "lenet.pt")[1]["epochs"] == 1


def test_a_run_that_ended_once_its_weights_were_written_and_is_resumed_keeps_those_before_them(
    trained, small_mnist: Path, tmp_path: Path
):
    for name in ("lenet.pt", "lenet.json"):
        shutil.copy(trained[0] / name, tmp_path)
    (tmp_path / "report.html").mkdir()  # so that it cannot be written, as on a full disk
    ended = train(tmp_path, small_mnist, *SHORT, "--epochs", "1")
    assert (ended.returncode, "--resume" in ended.stderr) == (1, True), ended.stderr
    (tmp_path / "report.html").rmdir()
    ended = train(tmp_path, small_mnist, "--resume", "--threads", "1", "--device", "cpu")
    previous = tmp_path / "lenet.previous.pt"
    assert f"The previous weights are kept at {previous}." in ended.stdout, ended.stderr
    assert_same_weights(previous, trained[0] / "lenet.pt")
    assert checkpoint.load(tmp_path / "lenet.pt")[1]["epochs"] == 1


@pytest.mark.parametrize("module", ["train", "train.evaluate", "train.ablation", "train.speedups"])
@pytest.mark.parametrize(("handler", "status"), [("default_int_handler", -signal.SIGINT), ("SIG_IGN", 7)])
def test_ctrl_c_while_pytorch_is_imported_is_quiet_or_ignored(module: str, handler: str, status: int):
    inherited = f"import signal; signal.signal(signal.SIGINT, signal.{handler})\n"
    ended = python("-c", inherited + CTRL_C_AT_IMPORT.format(module=module))
    assert (ended.returncode, ended.stderr) == (status, "")


CTRL_C_AT_IMPORT = """
import os, runpy, signal, sys

class Importing:
    def find_spec(self, name, *_):
        if name == "torch":
            os.kill(os.getpid(), signal.SIGINT)
            sys.exit(7)

sys.meta_path.insert(0, Importing())
runpy.run_module("{module}", run_name="__main__", alter_sys=True)
"""


def test_a_run_whose_output_is_read_no_more_stops_and_can_go_on(small_mnist: Path, tmp_path: Path):
    process = start_training(tmp_path, small_mnist, *SHORT, "--epochs", "500")
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read().splitlines()[-1]
    assert process.wait(LINE_TIMEOUT) == 1
    assert "--resume" in said
    assert (tmp_path / "lenet.training.pt").exists()


def test_a_run_resumed_in_other_surroundings_is_told_from_one_that_can_be_made_again(
    trained, small_mnist: Path, tmp_path: Path
):
    assert json.loads((trained[0] / "lenet.json").read_text())["resumed_elsewhere"] is False
    kill_at(start_training(tmp_path, small_mnist, *SHORT), r"epoch 2/3:.* 0/12 ")
    elsewhere = ("--resume", "--threads", "2", "--device", "cpu")
    kill_at(start_training(tmp_path, small_mnist, *elsewhere), r"epoch 3/3:.* 0/12 ")
    assert start_training(tmp_path, small_mnist, *elsewhere).wait(60) == 0
    assert json.loads((tmp_path / "lenet.json").read_text())["resumed_elsewhere"] is True


def test_batches_of_nothing_but_what_is_no_digit_are_learned_from_too(small_mnist: Path, tmp_path: Path):
    ended = train_here(tmp_path, small_mnist, *SHORT, "--epochs", "1", "--batch-size", "2")
    assert ended.returncode == 0, ended.stderr


def test_a_rank_learns_from_a_batch_of_nothing_but_what_is_no_digit():
    training = Training(Recipe(batch_size=2), torch.device("cpu"), 2, Speedups())
    training.ranks = Ranks(rank=1, count=2)
    none = torch.full((2,), NONE)
    training.step(torch.rand(2, 1, 28, 28), none, training.digits_a_share(none))
    assert all(weight.isfinite().all() for weight in training.network.state_dict().values())


def test_runs_into_folders_with_a_dot_in_their_names_keep_apart(small_mnist: Path, tmp_path: Path):
    for lr in ("0.001", "0.002"):
        assert train_here(tmp_path / f"lr{lr}", small_mnist, *SHORT, "--epochs", "1", "--lr", lr).returncode == 0
        assert checkpoint.card_of(tmp_path / f"lr{lr}" / "lenet.pt")["hyperparameters"]["lr"] == float(lr)


def test_the_report_of_a_single_epoch_shows_it(small_mnist: Path, tmp_path: Path):
    assert train_here(tmp_path, small_mnist, *SHORT, "--epochs", "1").returncode == 0
    assert (tmp_path / "report.html").read_text().count("<circle ") == 4, "a line of one point would be invisible"


def test_gpu_without_a_gpu_stops_with_one_sentence(small_mnist: Path, tmp_path: Path):
    ended = python(
        "-m", "train", "--gpu", "--out", str(tmp_path), "--data", str(small_mnist), CUDA_VISIBLE_DEVICES=""
    )  # fmt: skip
    assert (ended.returncode, ended.stderr.count("\n"), ended.stdout) == (2, 1, "")
    assert "CUDA" in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpu_trains_on_the_gpu(small_mnist: Path, tmp_path: Path):
    ended = train(tmp_path, small_mnist, "--gpu", "--epochs", "2", "--batch-size", "50")
    assert ended.returncode == 0, ended.stderr
    assert json.loads((tmp_path / "lenet.json").read_text())["device"].startswith("cuda")


def test_weights_by_another_ending_which_would_share_a_card_are_not_written(small_mnist: Path, tmp_path: Path):
    ended = train(tmp_path / "mine.pth", small_mnist, *SHORT)
    assert (ended.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "NAME.pt" in ended.stderr.splitlines()[-1]


def test_a_flag_is_not_guessed_from_its_beginning(small_mnist: Path, tmp_path: Path):
    ended = train(tmp_path, small_mnist, "--epoch", "1")
    assert (ended.returncode, "--epoch" in ended.stderr) == (2, True), ended.stderr


def test_no_file_but_weights_is_written_over(small_mnist: Path, tmp_path: Path):
    notes = tmp_path / "notes.md"
    notes.write_text("mine")
    ended = train_here(notes, small_mnist, *SHORT)
    assert (ended.returncode, notes.read_text()) == (2, "mine")
    assert "NAME.pt" in ended.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == [notes]
    advice = python("-m", "train.evaluate", "--checkpoint", str(notes)).stderr.splitlines()[-1]
    assert advice.endswith(f"--out {shlex.quote(str(notes.with_suffix('.pt')))}")


@pytest.mark.parametrize(
    "flags",
    [
        ["--epochs", "0"],
        ["--epochs", "ten"],
        ["--epochs", "9" * 400],
        ["--epochs", "9" * 5000],
        ["--batch-size", "-1"],
        ["--batch-size", "1"],
        ["--batch-size", "551"],
        ["--lr", "0"],
        ["--lr", "nan"],
        ["--lr", "1e-310"],
        ["--seed", "-1"],
        ["--device", "abacus"],
        ["--gpu", "--device", "cpu"],
        ["--colour", "red"],
        ["--without", "luck"],
        ["--without", "elastic", "--fast"],
        ["--threads", "100000"],
    ],
)
def test_flags_and_values_that_cannot_be_are_refused(flags: list[str], small_mnist: Path, tmp_path: Path):
    ended = train_here(tmp_path, small_mnist, *flags)
    assert ended.returncode == 2
    told = ended.stderr.splitlines()
    assert len(told) <= 2, "a list of all flags would hide the error"
    assert flags[0] in told[-1]
    assert list(tmp_path.iterdir()) == []


def test_a_test_set_that_cannot_be_read_is_told_before_anything_is_trained(small_mnist: Path, tmp_path: Path):
    shutil.copytree(small_mnist, tmp_path / "mnist")
    images = tmp_path / "mnist" / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:5000])
    ended = train_here(tmp_path / "out", tmp_path / "mnist", *SHORT)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert "are damaged; delete them" in ended.stderr
    assert not (tmp_path / "out").exists()


def test_data_that_the_disk_refuses_are_not_called_damaged(small_mnist: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("train.mnist.MNIST.__init__", refuse)
    with pytest.raises(DataError, match=os.strerror(errno.EIO)):
        load_test_digits(small_mnist)


def test_the_state_of_a_run_is_not_written_over_by_weights(small_mnist: Path, tmp_path: Path):
    ended = train_here(tmp_path / "lenet.training.pt", small_mnist, *SHORT)
    assert ended.returncode == 2
    assert "NAME.pt" in ended.stderr.splitlines()[-1]


@pytest.mark.parametrize("flags", [["--resume"], ["--data", os.devnull], ["--out", f"{os.devnull}/lenet.pt"]])
def test_what_is_missing_or_cannot_be_written_is_told_in_one_sentence(
    flags: list[str], small_mnist: Path, tmp_path: Path
):
    ended = train_here(tmp_path, small_mnist, *SHORT, *flags)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["half of a file", "another file", "a part is missing", "another network's"])
def test_a_damaged_training_state_is_told_in_one_sentence(damage: str, small_mnist: Path, tmp_path: Path):
    if damage == "another network's":
        Training(replace(FAST, batch_size=50), torch.device("cpu"), 550, Speedups()).save_state(
            tmp_path / "lenet.training.pt"
        )
        state = torch.load(tmp_path / "lenet.training.pt", weights_only=True)
        state["network"]["c1.0.0.weight"] = torch.zeros(3)
        torch.save(state, tmp_path / "lenet.training.pt")
    elif damage == "half of a file":
        (tmp_path / "lenet.training.pt").write_bytes(b"half of a file")
    elif damage == "a part is missing":
        state = {"recipe": dataclasses.asdict(Recipe()), "speedups": dataclasses.asdict(Speedups()), "network": {}}
        torch.save(state, tmp_path / "lenet.training.pt")
    else:
        torch.save({"weights": torch.zeros(3)}, tmp_path / "lenet.training.pt")
    ended = train_here(tmp_path, small_mnist, "--resume")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr


@pytest.mark.parametrize("settings", ["recipe", "speedups"])
@pytest.mark.parametrize("difference", ["a field more", "a field less"])
def test_a_training_state_of_another_version_is_told_as_that(settings: str, difference: str, tmp_path: Path):
    path = tmp_path / "lenet.training.pt"
    Training(replace(FAST, batch_size=50), torch.device("cpu"), 550, Speedups()).save_state(path)
    state = torch.load(path, weights_only=True)
    if difference == "a field more":
        state[settings]["of another version"] = True
    else:
        state[settings].popitem()
    torch.save(state, path)
    with pytest.raises(StateError, match="another version"):
        load_state(path)


def test_a_training_state_that_cannot_be_read_is_not_called_damaged(small_mnist: Path, tmp_path: Path):
    (tmp_path / "lenet.training.pt").mkdir()
    ended = train_here(tmp_path, small_mnist, "--resume")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert "could not be read" in ended.stderr
    assert "start over" not in ended.stderr, "which would replace it"


@pytest.mark.parametrize("flags", [[], ["--without", "one-cycle"]], ids=["one cycle", "the same rate throughout"])
def test_a_run_broken_off_on_other_digits_is_told_in_one_sentence(flags: list[str], small_mnist: Path, tmp_path: Path):
    process = start_training(tmp_path, small_mnist, *SHORT, *flags)
    kill_at(process, r"epoch 2/3:.* 0/12 ")
    process.wait(LINE_TIMEOUT)  # until then it holds the lock
    write_fewer(tmp_path / "fewer", small_mnist, training=598)
    state = (tmp_path / "lenet.training.pt").read_bytes()
    ended = train_here(tmp_path, tmp_path / "fewer", "--resume", "--threads", "1", "--device", "cpu")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert "--data" in ended.stderr
    assert (tmp_path / "lenet.training.pt").read_bytes() == state


def test_a_resumed_run_keeps_its_recipe_and_names_each_flag_that_would_change_it(small_mnist: Path, tmp_path: Path):
    state = tmp_path / "lenet.training.pt"

    def save_state(speedups: Speedups) -> None:
        Training(Recipe(epochs=3, batch_size=50), torch.device("cpu"), 550, speedups).save_state(state)

    save_state(Speedups())
    before = state.read_bytes()
    others = ["--epochs", "9", "--batch-size", "10", "--lr", "0.1", "--seed", "7"]
    ended = train_here(tmp_path, small_mnist, "--resume", *others)
    assert (ended.returncode, ended.stderr.count("\n"), state.read_bytes()) == (2, 1, before), ended.stderr
    assert "leave out --epochs, --batch-size, --lr, --seed, or" in ended.stderr
    same = ["--epochs", "3", "--batch-size", "50", "--lr", f"{Recipe().lr}", "--seed", "8", "--no-bf16"]
    assert "leave out --seed, or" in train_here(tmp_path, small_mnist, "--resume", *same).stderr
    save_state(Speedups(bf16=True))
    assert "leave out --no-bf16, or" in train_here(tmp_path, small_mnist, "--resume", "--no-bf16").stderr


def test_a_run_is_resumed_by_the_flags_that_it_began_with_as_well():
    began = ["--fast", "--epochs", "3", "--without", "one-cycle"]
    recipe = chosen_recipe(parse_arguments(began), None, Ranks())
    state = {"recipe": dataclasses.asdict(recipe), "speedups": dataclasses.asdict(Speedups())}
    for again in (began, ["--fast", "--without", "one-cycle"], []):
        assert chosen_recipe(parse_arguments([*again, "--resume"]), state, Ranks()) == recipe
    for other in (["--fast"], ["--without", "one-cycle"], ["--fast", "--without", "weight-decay"]):
        with pytest.raises(UsageError, match="keeps its recipe"):
            chosen_recipe(parse_arguments([*other, "--resume"]), state, Ranks())


def test_a_loss_that_is_no_number_stops_the_run_and_overwrites_nothing(trained, small_mnist: Path, tmp_path: Path):
    out = tmp_path / "lenet.pt"
    before = (trained[0] / "lenet.pt").read_bytes()
    out.write_bytes(before)
    ended = train_here(out, small_mnist, *SHORT, "--lr", "1e30")
    assert (ended.returncode, out.read_bytes()) == (1, before)
    assert "loss" in ended.stderr.splitlines()[-1]


def test_a_loss_that_is_no_number_ends_the_epoch_at_once(small_mnist: Path, monkeypatch: pytest.MonkeyPatch):
    digits, validation = load_training_digits(small_mnist)
    training = Training(replace(FAST, batch_size=50), torch.device("cpu"), len(digits), Speedups())
    steps = []
    monkeypatch.setattr(training, "step", lambda *_: steps.append(1) or (torch.tensor(math.nan), torch.tensor(0.0)))
    with pytest.raises(DivergedError):
        training.epoch(digits, validation)
    assert len(steps) == 1


def test_a_run_whose_first_epoch_cannot_be_saved_leaves_no_state(
    small_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    digits, validation = load_training_digits(small_mnist)
    training = Training(replace(FAST, batch_size=50), torch.device("cpu"), len(digits), Speedups())
    state = tmp_path / "lenet.training.pt"
    epoch = training.epoch

    def epoch_that_fills_the_disk(*digits: Digits) -> EpochResult:
        result = epoch(*digits)
        assert state.exists()
        monkeypatch.setattr("train.training.replace_file", raise_disk_full)
        return result

    def raise_disk_full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(training, "epoch", epoch_that_fills_the_disk)
    with pytest.raises(OSError, match="No space"):
        list(training.run(digits, validation, state))
    assert not state.exists()


def test_a_last_step_that_ruins_the_weights_overwrites_nothing(trained, small_mnist: Path, tmp_path: Path):
    out = tmp_path / "lenet.pt"
    before = (trained[0] / "lenet.pt").read_bytes()
    out.write_bytes(before)
    one_step = ["--fast", "--batch-size", "550", "--threads", "1", "--device", "cpu"]
    ended = train_here(out, small_mnist, *one_step, "--lr", "1e30")
    assert (ended.returncode, out.read_bytes()) == (1, before)
    assert "loss" in ended.stderr.splitlines()[-1]


@pytest.mark.parametrize("compiler", [True, False])
def test_every_speedup_can_be_switched_on_and_the_card_says_so(compiler: bool, small_mnist: Path, tmp_path: Path):
    if compiler and not shutil.which("g++"):
        pytest.skip("needs a C++ compiler for torch.compile: apt-get install g++")
    flags = ["--device", "cpu", "--threads", "1", "--epochs", "1", "--batch-size", "50"]
    ended = python(
        *["-m", "train", "--out", str(tmp_path), "--data", str(small_mnist), *flags],
        *["--channels-last", "--bf16", "--compile"],
        TORCHINDUCTOR_CACHE_DIR=str(tmp_path.parent / "inductor"),
        **({} if compiler else {"CXX": "no-such-compiler", "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"}),
    )
    if compiler:
        assert ended.returncode == 0, ended.stderr
        card = json.loads((tmp_path / "lenet.json").read_text())
        assert card["speedups"] == {"channels_last": True, "bf16": True, "compile": True}
    else:
        assert ended.returncode == 2
        assert "--no-compile" in ended.stderr.splitlines()[-1]
        assert list(tmp_path.iterdir()) == []


def test_a_large_batch_is_not_timed_whole_on_a_cpu(monkeypatch: pytest.MonkeyPatch):
    timed = []

    def time_step(device: torch.device, speedups: Speedups, recipe: Recipe) -> StepTime:
        timed.append(recipe.batch_size)
        return StepTime(1.0, 1.0)

    monkeypatch.setattr("train.speedups.time_step", time_step)
    large = Recipe(batch_size=50_000)
    choose_speedups(torch.device("cpu"), large, 100)
    assert max(timed) <= 1000
    choose_speedups(torch.device("cuda"), large, 100)
    assert timed[-1] == 50_000, "a GPU needs all of it"


@pytest.mark.parametrize(
    ("kind", "steps", "how", "chosen"),
    [
        ("cpu", 1000, {}, Speedups(channels_last=True)),
        ("cpu", 1000, {"wanted": {"channels_last": False, "bf16": True}}, Speedups(bf16=True)),
        ("cuda", 1000, {}, Speedups(channels_last=True, compile=True)),
        ("cuda", 1000, {"wanted": {"compile": False}}, Speedups(channels_last=True)),
        ("cuda", 1000, {"alone": False}, Speedups(channels_last=True)),
        ("cuda", 100, {}, Speedups(channels_last=True)),
        ("mps", 1000, {}, Speedups()),
        ("mps", 1000, {"wanted": {"channels_last": True}}, Speedups(channels_last=True)),
    ],
    ids=["on a CPU", "as wanted", "on a GPU", "not wanted", "not alone", "a short run", "on a Mac", "on a Mac, wanted"],
)
def test_what_is_faster_is_chosen_and_compiling_is_tried_only_where_it_can_pay_off(
    kind: str, steps: int, how: dict, chosen: Speedups, monkeypatch: pytest.MonkeyPatch
):
    timed = []

    def time_step(device: torch.device, speedups: Speedups, recipe: Recipe) -> StepTime:
        timed.append(speedups)
        seconds = 0.5 if speedups.channels_last else 1.0
        seconds *= 0.95 if speedups.bf16 else 1.0  # which may be noise
        return StepTime(100.0, seconds * (0.1 if speedups.compile else 1.0))

    monkeypatch.setattr("train.speedups.time_step", time_step)
    assert choose_speedups(torch.device(kind), Recipe(), steps, **how) == chosen
    assert any(speedups.compile for speedups in timed) == chosen.compile
    assert any(speedups.channels_last for speedups in timed) == chosen.channels_last


@pytest.mark.parametrize("slow", ["channels_last", "bf16", "compile"])
def test_what_is_slower_is_not_chosen(slow: str, monkeypatch: pytest.MonkeyPatch):
    def time_step(device: torch.device, speedups: Speedups, recipe: Recipe) -> StepTime:
        return StepTime(1.0, 2.0 if getattr(speedups, slow) else 1.0)

    monkeypatch.setattr("train.speedups.time_step", time_step)
    assert choose_speedups(torch.device("cuda"), Recipe(), 1000) == Speedups()


def test_what_a_device_cannot_run_is_not_chosen(monkeypatch: pytest.MonkeyPatch):
    forward = LeNet.forward

    def without_bfloat16(self: LeNet, *given: object, **how: object) -> torch.Tensor:
        if torch.is_autocast_enabled("cpu"):
            raise RuntimeError("not implemented for 'BFloat16'")
        return forward(self, *given, **how)

    monkeypatch.setattr(LeNet, "forward", without_bfloat16)
    device, recipe = torch.device("cpu"), Recipe(batch_size=2)
    assert math.isinf(time_step(device, Speedups(bf16=True), recipe).best)
    assert not choose_speedups(device, recipe, 100).bf16
    monkeypatch.setattr(LeNet, "forward", lambda *given, **how: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        choose_speedups(device, recipe, 100)


@pytest.mark.skipif(not shutil.which("g++"), reason="needs a C++ compiler for torch.compile: apt-get install g++")
@pytest.mark.parametrize(
    ("recipe", "bf16"),
    [(Recipe(batch_size=50), True), (replace(FAST, batch_size=50), False)],
    ids=["the whole recipe", "--fast"],
)
def test_what_was_compiled_to_be_tried_is_not_compiled_once_more_to_train(
    recipe: Recipe, bf16: bool, small_mnist: Path
):
    device, speedups = torch.device("cpu"), Speedups(bf16=bf16, compile=True)
    torch.compiler.reset()
    require(device, speedups, recipe)
    digits = load_training_digits(small_mnist)[0]
    training = Training(recipe, device, len(digits), speedups)
    with torch.compiler.set_stance("fail_on_recompile"):
        assert all(loss.isfinite() for loss, _ in training.steps(digits, 1))


def test_corrections_without_a_compiler_are_told_so_in_one_sentence(small_mnist: Path, tmp_path: Path):
    for digit in range(10):
        (tmp_path / "said" / str(digit)).mkdir(parents=True)
        shutil.copy(HOME / "tests" / "data" / "7.png", tmp_path / "said" / str(digit) / "7.png")
    ended = python(
        *["-m", "train", "--out", str(tmp_path / "new"), "--data", str(small_mnist), "--device", "cpu"],
        *["--corrections", str(tmp_path / "said"), "--compile"],
        CXX="no-such-compiler",
        TORCHINDUCTOR_FORCE_DISABLE_CACHES="1",
    )
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert "--no-compile" in ended.stderr.splitlines()[-1]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs a system that lends single cores")
def test_ranks_share_the_cores_that_they_may_use():
    on_one = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); from train import ranks; "
    assert python("-c", on_one + "print(ranks.usable_cores())").stdout == "1\n"


def test_processes_started_by_another_hand_than_torchrun_are_told_so(small_mnist: Path, tmp_path: Path):
    ended = python("-m", "train", "--out", str(tmp_path), "--data", str(small_mnist), "--device", "cpu", WORLD_SIZE="2")
    assert ended.returncode == 2
    assert "torchrun" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
    ranks = {"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2"}  # but no MASTER_ADDR
    ended = python("-m", "train", "--out", str(tmp_path), "--data", str(small_mnist), "--device", "cpu", **ranks)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr


def test_parts_of_the_recipe_can_be_left_out_and_the_card_says_so(small_mnist: Path, tmp_path: Path):
    parts = ("--without", "affine", "--without", "dropout", "--without", "one-cycle")
    ended = train_here(tmp_path, small_mnist, *SHORT, "--epochs", "1", *parts)
    assert ended.returncode == 0, ended.stderr
    told = json.loads((tmp_path / "lenet.json").read_text())["hyperparameters"]
    assert (told["dropout"], told["one_cycle"], told["augmentation"]["rotation"]) == (0, False, 0)
    assert told["augmentation"]["elastic_alpha"] > 0


def test_the_ablation_prints_a_row_for_each_part(small_mnist: Path):
    ended = python(
        *["-m", "train.ablation", "--data", str(small_mnist), "--device", "cpu", "--epochs", "1", "--seeds", "2"],
        *["--batch-size", "50", "--parts", "nothing", "averaging"],
    )
    assert ended.returncode == 0, ended.stderr
    rows = ended.stdout.splitlines()[-2:]
    assert [row.split("|")[1].strip() for row in rows] == ["nothing", "averaging"]
    assert all(re.fullmatch(r"\|[^|]+\| [\d.]+ ± [\d.]+ \| [\d.]+ ± [\d.]+ \|", row) for row in rows), rows


def test_the_ablation_judges_by_digits_that_it_did_not_train_on(small_mnist: Path, monkeypatch: pytest.MonkeyPatch):
    seen = {"trained on": [], "judged by": []}

    def run(training: Training, digits: Digits, validation: Digits) -> list[EpochResult]:
        seen["trained on"].append(digits.images)
        return []

    def judge(network: LeNet, validation: Digits) -> list[float]:
        seen["judged by"].append(validation.images)
        return [0.0, 0.0]

    monkeypatch.setattr(Training, "run", run)
    monkeypatch.setattr("train.ablation.judge", judge)
    flags = ["--data", str(small_mnist), "--device", "cpu", "--seeds", "1", "--batch-size", "50", "--parts", "nothing"]
    monkeypatch.setattr("sys.argv", ["ablation", *flags])
    ablation.main()
    [digits], [validation] = seen.values()
    assert (len(digits), len(validation)) == (400, 200)
    assert len(torch.cat([digits, validation]).unique(dim=0)) == 600


def test_the_speedups_of_a_machine_are_printed():
    ended = python("-m", "train.speedups", "--device", "cpu", "--no-compile")
    assert ended.returncode == 0, ended.stderr
    table = re.findall(r"^ +([\d.]+) +([\d.]+)  (.+)$", ended.stdout, re.MULTILINE)
    assert [names for *_, names in table] == ["none", "channels_last", "bf16", "channels_last bf16"]
    assert all(float(milliseconds) > 0 for milliseconds, *_ in table)


@pytest.mark.parametrize("module", ["train", "train.evaluate", "train.ablation", "train.speedups"])
def test_help_explains_every_flag(module: str):
    _, *flags = re.split(r"^  -", python("-m", module, "--help").stdout, flags=re.MULTILINE)
    assert len(flags) > 2
    assert not [flag for flag in flags if not re.match(r"\S.*?(\s{2,}|\n\s+)\w", flag)]


def test_the_ablation_says_how_much_it_does_unless_told_otherwise():
    told = " ".join(python("-m", "train.ablation", "--help").stdout.split())
    assert f"(default: {Recipe().epochs})" in told
    assert "from seed 0 on (default: 3)" in told


def test_help_shows_an_example():
    assert "example: python -m train" in python("-m", "train", "--help").stdout


def test_mnist_root_is_where_mnist_is_read(small_mnist: Path, tmp_path: Path):
    ended = python("-m", "train", *SHORT, "--epochs", "1", "--out", str(tmp_path), MNIST_ROOT=str(small_mnist))
    assert ended.returncode == 0
    assert "550 digits to train on and 50 to validate" in ended.stdout


# Limits the size of each file, as if the disk were full; the weights alone take a million bytes.
def full_disk(room: int = 200_000) -> str:
    """Python that limits files to ``room`` bytes."""
    return f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))\n"


@pytest.mark.parametrize("room", [200_000, 4_000_000], ids=["for nothing", "but for AdamW's moments"])
def test_a_full_disk_is_told_in_one_sentence_and_costs_nothing_that_was_good(
    room: int, trained, small_mnist: Path, tmp_path: Path
):
    out = tmp_path / "lenet.pt"
    before = (trained[0] / "lenet.pt").read_bytes()
    out.write_bytes(before)
    flags = [*SHORT, "--data", str(small_mnist), "--out", str(out)]
    ended = python(
        "-c", f"{full_disk(room)}import sys, train.__main__ as it; sys.argv[1:] = {flags}; sys.exit(it.main())"
    )
    assert (ended.returncode, out.read_bytes()) == (1, before)
    assert "Traceback" not in ended.stderr
    assert "No weights were lost" in ended.stderr.splitlines()[-1]
    assert "epoch 1" not in ended.stderr, "it must be found before the first step"
    assert [path.name for path in tmp_path.iterdir()] == ["lenet.pt"]


def test_a_report_that_cannot_be_written_is_told_by_its_name_and_costs_no_weights(small_mnist: Path, tmp_path: Path):
    (tmp_path / "report.html").mkdir()
    ended = train_here(tmp_path, small_mnist, *SHORT, "--epochs", "1")
    assert ended.returncode == 1
    said = ended.stderr.splitlines()[-1]
    assert said.startswith(f"Could not write to '{tmp_path / 'report.html'}': ")
    assert "No weights were lost" in said
    assert checkpoint.load(tmp_path / "lenet.pt")[1]["epochs"] == 1


def test_saving_weights_on_a_full_disk_keeps_the_old_ones(tmp_path: Path):
    path = tmp_path / "lenet.pt"
    checkpoint.save(LeNet().state_dict(), {}, path)
    before = path.read_bytes()
    save = f"checkpoint.save(LeNet().state_dict(), {{}}, Path({str(path)!r}))"
    ended = python(
        "-c", f"{full_disk()}from pathlib import Path\nfrom net import checkpoint\nfrom net.lenet import LeNet\n{save}"
    )
    assert "OSError" in ended.stderr
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["lenet.json", "lenet.pt"]


@pytest.mark.parametrize(
    "damage",
    ["cut off", "empty", "other numbers", "one and the same", "signed bytes", "an unknown type", "labels for images"],
)
def test_damaged_files_of_mnist_are_told_in_one_sentence(damage: str, small_mnist: Path, tmp_path: Path):
    raw = tmp_path / "data" / "MNIST" / "raw"
    shutil.copytree(small_mnist / "MNIST" / "raw", raw)
    images, labels = raw / "train-images-idx3-ubyte", raw / "train-labels-idx1-ubyte"
    if damage == "cut off":
        images.write_bytes(images.read_bytes()[:5000])
    elif damage == "empty":
        labels.write_bytes(b"")
    elif damage == "other numbers":
        labels.write_bytes(labels.read_bytes()[:8] + bytes(range(200)) * 3)
    elif damage == "one and the same":
        labels.write_bytes(labels.read_bytes()[:8] + bytes([3]) * 600)
    elif damage in ("signed bytes", "an unknown type"):
        content = bytearray(labels.read_bytes())
        content[2] = 9 if damage == "signed bytes" else 10  # the type of the numbers, else 8: unsigned bytes
        labels.write_bytes(content)
    else:
        images.write_bytes(labels.read_bytes())
    ended = train_here(tmp_path / "out", tmp_path / "data", *SHORT)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert "are damaged; delete them" in ended.stderr  # "damaged" alone may be in the path, which has the test's name
    assert not list((tmp_path / "out").glob("*.pt"))


def test_a_folder_that_nobody_may_look_into_is_told_in_one_sentence():
    with pytest.raises(DataError):
        load_training_digits(Path("x" * 300))


def test_what_the_disk_refuses_is_told_by_its_own_name(tmp_path: Path):
    path = tmp_path / "missing" / "report.html"
    with pytest.raises(FileNotFoundError) as refused:
        checkpoint.replace_file(path, lambda beside: beside.write_text("whole"))
    assert str(refused.value).endswith(f"'{path}'")


def test_a_file_that_a_virus_scanner_looks_at_is_replaced_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    refusals, replace_now = [PermissionError(13, "Access is denied")] * 2, Path.replace

    def refuse_at_first(beside: Path, path: Path) -> None:
        if refusals:
            raise refusals.pop()
        replace_now(beside, path)

    monkeypatch.setattr(Path, "replace", refuse_at_first)
    monkeypatch.setattr(checkpoint, "PATIENCE", LINE_TIMEOUT)  # as on Windows, or longer
    monkeypatch.setattr(checkpoint, "AGAIN_SECONDS", 0)
    checkpoint.replace_file(tmp_path / "lenet.pt", lambda beside: beside.write_text("whole"))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["whole"]


def test_a_card_of_other_weights_is_not_believed(tmp_path: Path):
    path = tmp_path / "lenet.pt"
    checkpoint.save(LeNet().state_dict(), {"temperature": 2.0}, path)
    assert checkpoint.load(path)[1]["temperature"] == 2.0
    torch.save(LeNet().state_dict(), path)
    assert set(checkpoint.load(path)[1]) == {"sha256"}


def test_augmented_pictures_stay_pictures_and_repeat_with_the_generator(small_mnist: Path):
    digits = load_test_digits(small_mnist)
    pictures = to_pictures(digits.images)
    augment = Augment(Augmentation(), torch.device("cpu"))
    first, second, third = (
        augment(pictures, digits.labels, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )  # fmt: skip
    assert first.shape == pictures.shape
    assert first.min() >= 0
    assert first.max() <= 1
    assert torch.equal(first, second)
    assert not torch.equal(first, third)
    is_as_scanned = (first == pictures).all((1, 2, 3))
    assert is_as_scanned.float().mean().item() == Augmentation().as_scanned
    ink = first.sum((1, 2, 3)) / pictures.sum((1, 2, 3))
    assert ink.min() > 0.3, "no digit may vanish"
    assert ink.max() < 4


def test_allographs_are_digits_like_the_others_and_repeat_with_the_generator():
    draw = Allographs(torch.device("cpu"))
    first, second, third = (draw(700, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert (first.images.shape, first.images.dtype) == ((700, 28, 28), torch.uint8)
    assert {0, 4, 9} <= set(first.labels.tolist()) <= set(range(10))
    assert torch.equal(first.images, second.images)
    assert not torch.equal(first.images, third.images)
    pictures = to_pictures(first.images)
    assert extent(pictures).sub(20).abs().max() <= 2
    assert centre_of_mass(pictures).sub(14.5).abs().max() < 0.6
    for count in (0, 1, 513):
        assert len(draw(count, torch.Generator())) == count


def test_an_epoch_shows_as_many_drawn_digits_and_outliers_as_the_recipe_wants(small_mnist: Path):
    digits, _ = load_training_digits(small_mnist)
    recipe = Recipe(batch_size=10, allographs=0.5, outliers=0.25, augmentation=NO_AUGMENTATION)
    training = Training(recipe, torch.device("cpu"), len(digits), Speedups())
    assert recipe.steps_an_epoch(len(digits)) == int(1.75 * len(digits)) // 10
    assert sum(1 for _ in training.steps(digits, 1)) == recipe.steps_an_epoch(len(digits))


def test_an_allograph_is_drawn_through_its_points():
    matrix, pen_down = curves_through([3, 2])
    points = torch.tensor([[0.0, 0], [4, 8], [8, 0], [1, 1], [2, 5]])
    corners = matrix @ points
    first, second = (int(start) for start in (~pen_down).nonzero())
    assert first == 0
    assert torch.allclose(corners[[0, second - 1, second, -1]], points[[0, 2, 3, 4]])
    assert (corners - points[1]).norm(dim=1).min() < 0.5
    assert torch.allclose(matrix.sum(1), torch.ones(len(matrix)))


def test_the_learning_rate_rises_to_its_top_and_ends_where_the_recipe_says():
    recipe = Recipe(lr=0.01, warmup=0.25, last_lr=0.5)
    optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=recipe.lr)
    schedule = learning_rate_schedule(optimizer, recipe, 100)
    rates = []
    for _ in range(100):  # steps
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates[0] < 0.001
    assert max(rates) == rates[24] == pytest.approx(0.01)
    assert rates[24:] == sorted(rates[24:], reverse=True)
    assert rates[-1] == pytest.approx(0.005)


def test_habits_add_strokes_to_their_own_digits_only(small_mnist: Path):
    digits = load_test_digits(small_mnist)
    pictures = to_pictures(digits.images)
    everyone = Habits(flagged_one=1, footed_one=1, short_six=1, crossed_seven=1, curled_nine=1, slashed_zero=1)
    draw = DrawHabits(everyone, torch.device("cpu"))
    changed = torch.zeros(10)
    for digit in range(10):  # one digit per batch, since only some pictures of a batch are changed
        shown = digits.labels == digit
        batch = pictures[shown].repeat(8, 1, 1, 1)
        drawn = draw(batch, torch.full((len(batch),), digit), torch.Generator().manual_seed(0))
        changed[digit] = (drawn - batch).sum((1, 2, 3)).abs().gt(2).sum() / len(batch)
    assert changed[[0, 1, 7, 9]].min() >= 0.2
    assert changed[6] > 0.1
    assert changed[[2, 3, 4, 5, 8]].max() == 0


def test_no_digit_grows_or_wanders_when_its_pen_grows_thick(small_mnist: Path):
    digits = load_test_digits(small_mnist)
    settings = replace(NO_AUGMENTATION, thicken=4.0, thicken_power=0.5)
    augment = Augment(settings, torch.device("cpu"))
    thick = augment(to_pictures(digits.images), digits.labels, torch.Generator().manual_seed(0))
    assert (thick.sum((1, 2, 3)) > 1.5 * to_pictures(digits.images).sum((1, 2, 3))).any()
    assert extent(thick).sub(20).abs().max() <= 2
    assert centre_of_mass(thick).sub(14.5).abs().max() < 0.6


@pytest.mark.parametrize("line", ["hollow", "broken"])
def test_lines_are_drawn_hollow_or_broken(line: str):
    bars = torch.zeros(40, 1, 28, 28)
    bars[..., 5:24, 12:17] = 1
    augment = Augment(replace(NO_AUGMENTATION, **{line: 0.5}), torch.device("cpu"))
    drawn = augment(bars, torch.ones(40, dtype=torch.long), torch.Generator().manual_seed(0))
    assert drawn[20:].allclose(bars[20:].clamp(min=1e-6), atol=0.05), "half of them must be unchanged"
    assert drawn.max() <= 1
    middle = drawn[:20, 0, 9:20, 14]
    if line == "hollow":
        assert middle.max() < 0.5
        assert drawn[:20].amax((1, 2, 3)).min() > 0.7
    else:
        has_gap = middle.amin(1) < 0.3
        assert 0.25 < has_gap.float().mean() < 1, "some must have gaps, and some none"
        assert drawn[:20].amax((1, 2, 3)).min() > 0.5


def test_all_pictures_may_stay_as_they_were_scanned(small_mnist: Path):
    digits = load_test_digits(small_mnist)
    pictures = to_pictures(digits.images)
    augment = Augment(Augmentation(as_scanned=1.0), torch.device("cpu"))
    assert augment(pictures, digits.labels, torch.Generator().manual_seed(0)).equal(pictures)


@pytest.mark.parametrize("settings", [{"as_scanned": 0.02, "rotation": 30.0}, {"hollow": 0.02}])
def test_ranks_draw_as_many_of_a_kind_as_one_would_in_the_whole_batch(settings: dict[str, float]):
    bars = torch.zeros(128, 1, 28, 28)
    bars[..., 5:24, 12:17] = 1
    numbers = []
    for count in (1, 4):
        share = bars[: 128 // count]
        drawn = torch.cat(
            [
                Augment(replace(NO_AUGMENTATION, **settings), torch.device("cpu"), Ranks(rank, count))(
                    share, torch.ones(len(share), dtype=torch.long), torch.Generator().manual_seed(rank)
                )
                for rank in range(count)
            ]
        )
        is_of_kind = drawn[:, 0, 14, 14] < 0.5 if "hollow" in settings else (drawn == bars).all((1, 2, 3))
        numbers.append(is_of_kind.sum().item())
    assert numbers == [3, 3], "a fiftieth of 128; of 32 it would round to 0 or 1 per rank"


@pytest.mark.parametrize("batch", [68, 732])
def test_ranks_have_as_many_of_each_kind_together_as_one_alone_whatever_the_batch(batch: int):
    def numbers(ranks: Ranks) -> tuple[int, int, int]:
        return Augment(Augmentation(), torch.device("cpu"), ranks).numbers_of_kinds(batch // ranks.count)

    alone, first, second = numbers(Ranks()), numbers(Ranks(0, 2)), numbers(Ranks(1, 2))
    assert tuple(map(sum, zip(first, second, strict=True))) == alone
    assert min(alone) > 0


@pytest.mark.parametrize("kinds", [Outliers, NoveltyOutliers])
def test_outliers_are_pictures_like_the_digits_but_labelled_none(kinds: type[Outliers], small_mnist: Path):
    digits = load_test_digits(small_mnist)
    draw = kinds(torch.device("cpu"))
    first, second, third = (draw(digits, 700, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert (first.images.shape, first.images.dtype) == ((700, 28, 28), torch.uint8)
    assert (first.labels == NONE).all()
    assert torch.equal(first.images, second.images)
    assert not torch.equal(first.images, third.images)
    pictures = to_pictures(first.images)
    is_as_large = extent(pictures).sub(20).abs() <= 2
    assert is_as_large.float().mean() >= 0.99, "their size must not give them away"
    for count in (0, 1, 512, 5550):
        assert len(draw(digits, count, torch.Generator()).images) == count


@pytest.mark.parametrize("kinds", [Outliers, NoveltyOutliers])
def test_only_some_digits_to_make_outliers_of_are_enough(kinds: type[Outliers]):
    ones = Digits(torch.full((20, 28, 28), 200, dtype=torch.uint8), torch.ones(20, dtype=torch.long))
    assert len(kinds(torch.device("cpu"))(ones, 60, torch.Generator().manual_seed(0)).images) == 60


def test_what_is_no_digit_is_learned_anew_without_reading_any_digit_otherwise(small_mnist: Path):
    digits, validation = load_training_digits(small_mnist)
    cpu, recipe = torch.device("cpu"), Recipe(epochs=2, batch_size=50)
    training = Training(recipe, cpu, len(digits), Speedups())
    for _ in training.run(digits, validation):
        pass
    outliers = NoveltyOutliers(cpu)(digits, 300, torch.Generator().manual_seed(9))
    images = torch.cat([validation.images, outliers.images])
    before = compute_logits(training.averaged_network, images)
    relearn_novelty(training, digits[torch.arange(6 * len(digits)) % len(digits)])  # it would memorise fewer
    after = compute_logits(training.averaged_network, images)
    assert torch.equal(after[:, :NONE], before[:, :NONE])
    is_none = torch.cat([torch.zeros(len(validation)), torch.ones(len(outliers))])
    loss_before, loss_after = (
        F.binary_cross_entropy_with_logits(logits[:, NONE], is_none) for logits in (before, after)
    )
    assert loss_after < 0.8 * loss_before


def test_a_run_ends_with_what_is_no_digit_learned_anew(small_mnist: Path, tmp_path: Path):
    """The run was cut off between its last epoch and its end."""
    digits, validation = load_training_digits(small_mnist)
    training = Training(Recipe(epochs=1, batch_size=50), torch.device("cpu"), len(digits), Speedups())
    for _ in training.run(digits, validation, tmp_path / "lenet.training.pt"):
        pass
    ended = train_here(tmp_path, small_mnist, "--resume", "--device", "cpu")
    assert ended.returncode == 0, ended.stderr
    before, after = training.averaged_network.state_dict(), torch.load(tmp_path / "lenet.pt", weights_only=True)
    changed = {name for name in after if not torch.equal(before[name], after[name])}
    assert changed == {"novelty.weight", "novelty.bias"}


@pytest.mark.parametrize("shown", ["allographs", "straight 1s"])
def test_drawn_digits_are_digits_to_what_learns_anew_what_is_none(
    shown: str, small_mnist: Path, monkeypatch: pytest.MonkeyPatch
):
    digits, _ = load_training_digits(small_mnist)
    cpu, generator = torch.device("cpu"), torch.Generator().manual_seed(9)
    drawn = Allographs(cpu)(150, generator) if shown == "allographs" else straight_ones(150, generator)
    novelty = []
    for share in (0.0, 1.0):
        monkeypatch.setattr("train.novelty.STRAIGHT_ONES", share if shown == "straight 1s" else 0)
        training = Training(Recipe(allographs=share if shown == "allographs" else 0), cpu, len(digits), Speedups())
        relearn_novelty(training, digits[torch.arange(3 * len(digits)) % len(digits)])
        logits = training.averaged_network(to_pictures(drawn.images), open_set=True)
        novelty.append(logits[:, NONE].mean().item())
    assert novelty[1] < novelty[0] - 1, "a logit lower"


def test_calibration_mends_confidence_that_is_too_high():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(10, (5000,), generator=generator)
    honest = torch.randn(5000, NONE + 1, generator=generator)
    honest[torch.arange(5000), labels] += 2
    honest[:, NONE] = -10  # all are clearly digits
    boastful = honest * 5
    temperature = fit_temperature(boastful, labels)
    before, after = (expected_calibration_error(calibrated(boastful, each), labels) for each in (1.0, temperature))
    assert before > 0.1
    assert after < 0.03
    confidence, predicted = calibrated(boastful, temperature).max(1)
    certain = confidence > certainty_threshold(calibrated(boastful, temperature))
    right = (predicted == labels).double()
    assert 0.97 < certain.double().mean() < 1
    assert right[certain].mean() > right.mean() > right[~certain].mean()


def test_the_readme_says_what_share_of_the_digits_is_called_a_guess():
    told = " ".join((HOME / "README.md").read_text(encoding="utf-8").split())
    assert f"of which the {100 * DOUBTFUL:g}% with the least confidence are called a guess" in told


def test_the_shipped_checkpoint_is_the_one_that_its_card_describes():
    weights = (HOME / "checkpoints" / "lenet.pt").read_bytes()
    card = json.loads((HOME / "checkpoints" / "lenet.json").read_text())
    assert card["sha256"] == hashlib.sha256(weights).hexdigest()
    assert card["test_accuracy"] >= 0.993


def test_the_recipe_is_the_one_that_the_shipped_checkpoint_was_trained_by():
    card, recipe = checkpoint.card_of(checkpoint.SHIPPED), Recipe()
    assert card["hyperparameters"].items() <= dataclasses.asdict(recipe).items()
    network = LeNet(recipe.dropout, recipe.thinner)
    assert card["parameters"] == sum(weights.numel() for weights in network.parameters())


def test_the_shipped_checkpoint_scores_what_its_card_says(mnist_root: Path):
    network, card = checkpoint.load(checkpoint.SHIPPED)
    test = load_test_digits(mnist_root)
    logits = compute_logits(network, test.images)
    assert accuracy(logits, test.labels) == pytest.approx(card["test_accuracy"], abs=2e-4)
    assert per_digit_accuracy(logits, test.labels) == pytest.approx(card["test_accuracy_per_digit"], abs=2e-3)


def test_fast_holds_99_percent_of_the_real_mnist(mnist_root: Path, tmp_path: Path):
    ended = train(tmp_path, mnist_root, "--fast")
    assert ended.returncode == 0, ended.stderr
    card = json.loads((tmp_path / "lenet.json").read_text())
    assert card["epochs"] == 1
    assert card["validation_accuracy"] >= 0.99
