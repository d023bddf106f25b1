"""Promises of `python -m train.evaluate`."""

import errno
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import handwriting
import no_digits
import pytest
from conftest import HOME, LINE_TIMEOUT, png, python
from PIL import Image, ImageDraw

from net import checkpoint
from net.lenet import to_pictures
from net.recognizer import Recognizer
from train.calibrate import expected_calibration_error
from train.evaluate import read_folder
from train.mnist import load_test_digits
from train.pictures import labelled_files
from train.traits import traits_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """tests/data's pictures in their digits' folders, a misplaced 7, a blank one and two non-pictures."""
    for path in sorted(handwriting.DATA.iterdir()):
        (tmp_path / path.stem).mkdir()
        shutil.copy(path, tmp_path / path.stem / path.name)
    shutil.copy(handwriting.DATA / "7.png", tmp_path / "2" / "is-a-7.png")
    Image.new("L", (50, 50), 255).save(tmp_path / "3" / "blank.png")
    (tmp_path / "3" / "notes.txt").write_text("not a picture")
    (tmp_path / "3" / "folder.png").mkdir()
    return tmp_path


def test_a_folder_of_pictures_is_read_and_reported(folder: Path):
    ended = python("-m", "train.evaluate", "--images", str(folder))
    assert ended.returncode == 0, ended.stderr
    assert "accuracy            83.33% of 12 pictures" in ended.stdout
    assert "wrong: 2/is-a-7.png read as 7" in ended.stdout
    assert "wrong: 3/blank.png read as nothing: The picture has no ink on it" in ended.stdout
    row = next(line.split() for line in ended.stdout.splitlines() if line.strip().startswith("2 "))
    assert row == ["2", ".", ".", "1", ".", ".", ".", ".", "1", ".", ".", "."]


def test_of_pictures_it_is_told_how_many_are_certain_and_how_many_of_these_are_right(tmp_path: Path):
    recognizer, outcomes = Recognizer(), []
    for digit in range(10):
        (tmp_path / str(digit)).mkdir()
        for name, written, unrest in (("one", digit, 0.1), ("another", digit, 0.1), ("astray", 9 - digit, 0)):
            path = tmp_path / str(digit) / f"{name}.png"
            handwriting.render(handwriting.by_hand(written, name, unrest), 140).save(path)
            read = recognizer.recognize(path.read_bytes())
            outcomes.append((read.digit == digit, read.certain))
    assert len(set(outcomes)) >= 3, "some are right but not certain, others certain but wrong"
    ended = python("-m", "train.evaluate", "--images", str(tmp_path))
    assert_told_where_certain(ended.stdout, outcomes)


def assert_told_where_certain(said: str, outcomes: list[tuple[bool, bool]]) -> None:
    """``outcomes`` has two booleans a picture: read right, and certain."""
    right = [is_right for is_right, is_certain in outcomes if is_certain]
    share, certain = sum(right) / len(right), len(right)
    told = f"{share:.2%} of {certain}, which are {certain / len(outcomes):.1%} of all"
    assert re.search(rf"^where certain +{told}$", said, re.MULTILINE), f"not '{told}' but: {said}"


@pytest.mark.parametrize("what", ["pictures", "MNIST"])
def test_who_reads_no_further_is_not_shown_how_that_looks_from_inside(
    what: str, folder: Path, small_mnist: Path, tmp_path: Path
):
    shutil.copy(HOME / "checkpoints" / "lenet.pt", tmp_path)
    options = ["--images", str(folder)] if what == "pictures" else ["--data", str(small_mnist)]
    evaluate = [sys.executable, "-u", "-m", "train.evaluate", "--checkpoint", str(tmp_path / "lenet.pt"), *options]
    process = subprocess.Popen(evaluate, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    said = process.communicate(timeout=LINE_TIMEOUT)[1]
    assert process.returncode == 1
    assert "Traceback" not in said
    assert "Broken pipe" not in said


def test_the_size_of_a_digit_is_told_however_large_its_picture(tmp_path: Path):
    (tmp_path / "7").mkdir()
    for side in (500, 790, 800, 1200, 4000):
        picture = Image.new("L", (side, side), 255)
        seven = [(0.3, 0.31), (0.48, 0.31), (0.36, 0.54)]
        ImageDraw.Draw(picture).line([(x * side, y * side) for x, y in seven], 0, side // 50)
        picture.save(tmp_path / "7" / f"{side}.png")
    ended = python("-m", "train.evaluate", "--images", str(tmp_path))
    assert re.search(r"^  small digit +\d+\.\d% of 5$", ended.stdout, re.MULTILINE), ended.stdout


@pytest.mark.parametrize(("pen", "name"), [(0.03, "thin pen"), (0.06, "middling pen"), (0.12, "thick pen")])
def test_a_pen_is_named_by_its_width_as_a_part_of_the_digit_and_not_of_the_picture(pen: float, name: str):
    for size in (1, 0.5):
        seven = handwriting.squeezed(handwriting.by_hand(7), 0.3 * size, 0.5 * size)
        assert traits_of(png(handwriting.render(seven, 400, pen * size))).names[0] == name


def test_what_is_no_digit_lies_in_a_folder_of_its_own(folder: Path):
    (folder / "none").mkdir()
    Image.new("L", (50, 50), 255).save(folder / "none" / "empty-paper-1.png")
    no_digits.no_digit("scribble", 1).save(folder / "none" / "scribble-1.png")
    shutil.copy(handwriting.DATA / "7.png", folder / "none" / "scribble-2.png")
    ended = python("-m", "train.evaluate", "--images", str(folder))
    assert ended.returncode == 0, ended.stderr
    assert "accuracy            83.33% of 12 pictures" in ended.stdout
    assert "no digit            66.67% of 3 pictures not called certain" in ended.stdout
    assert re.search(r"^  empty-paper +100.0% of 1$", ended.stdout, re.MULTILINE)
    assert re.search(r"^  scribble +50.0% of 2$", ended.stdout, re.MULTILINE)
    assert "wrong: none/scribble-2.png read with certainty as 7" in ended.stdout


def test_files_that_are_no_pictures_are_not_counted_among_what_is_doubted(folder: Path):
    (folder / "none").mkdir()
    Image.new("L", (50, 50), 255).save(folder / "none" / "paper-1.png")
    (folder / "none" / "broken-1.png").write_bytes(b"no picture")
    said = python("-m", "train.evaluate", "--images", str(folder)).stdout
    assert "no digit            100.00% of 1 picture not called certain" in said
    assert "left out: none/broken-1.png read as nothing: The picture" in said


def test_a_file_that_cannot_be_read_costs_no_other(tmp_path: Path, recognizer: Recognizer, monkeypatch):
    (tmp_path / "7").mkdir()
    for name in ("a.png", "b.png"):
        shutil.copy(handwriting.DATA / "7.png", tmp_path / "7" / name)
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "a.png":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    refused, well = read_folder(recognizer, tmp_path)
    assert (refused.predicted, refused.said, well.predicted) == (None, "nothing: Permission denied.", 7)


def test_a_folder_that_cannot_be_looked_into_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "7").mkdir()

    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "listdir", refuse)
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError):
        labelled_files(tmp_path)


def test_weights_without_a_calibration_are_said_to_have_none(folder: Path, small_mnist: Path, tmp_path: Path):
    weights = Path(shutil.copy(checkpoint.SHIPPED, tmp_path / "mine.pt"))
    for options in (["--images", str(folder)], ["--data", str(small_mnist)]):
        said = python("-m", "train.evaluate", "--checkpoint", str(weights), *options).stderr
        assert f"The weights '{weights}' are not calibrated" in said
    assert "not calibrated" not in python("-m", "train.evaluate", "--images", str(folder)).stderr


def test_a_folder_without_pictures_is_told_in_one_sentence(tmp_path: Path):
    ended = python("-m", "train.evaluate", "--images", str(tmp_path))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr


def test_what_is_left_out_of_a_folder_is_told(tmp_path: Path):
    for name in ("7/7.png", "7/notes.txt", "42/7.png", "7/seven", "7.png", "7/more/7.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(HOME / "tests" / "data" / "7.png", tmp_path / name)
    said = python("-m", "train.evaluate", "--images", str(tmp_path)).stdout
    assert re.search(r"of 1 picture$", said, re.MULTILINE), said
    assert "left out: 5 files" in said
    for name in ("7/notes.txt", "7/seven", "7.png", "7/more/7.png"):
        (tmp_path / name).unlink()
    assert "left out: 1 file," in python("-m", "train.evaluate", "--images", str(tmp_path)).stdout
    missing = python("-m", "train.evaluate", "--images", str(tmp_path / "none at all"))
    assert missing.stderr.startswith("There is no folder")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a system whose names of files are any bytes")
def test_a_name_that_is_no_text_is_told_as_far_as_it_is(tmp_path: Path):
    (tmp_path / "2").mkdir()
    shutil.copy(handwriting.DATA / "7.png", os.fsencode(tmp_path / "2") + b"/bad\xff.png")
    command = [sys.executable, "-m", "train.evaluate", "--images", str(tmp_path)]
    strict = os.environ | {"PYTHONIOENCODING": "utf-8:strict"}
    ended = subprocess.run(command, cwd=HOME, env=strict, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert r"wrong: 2/bad\udcff.png read as 7" in ended.stdout


def test_a_missing_checkpoint_is_told_in_one_sentence(tmp_path: Path):
    ended = python("-m", "train.evaluate", "--checkpoint", str(tmp_path / "no.pt"), "--images", str(HOME / "tests"))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)


def test_mnists_test_set_is_reported_and_shown_beside_any_checkpoint(small_mnist: Path, tmp_path: Path):
    shutil.copytree(small_mnist, tmp_path / "mnist")
    labels = tmp_path / "mnist" / "MNIST" / "raw" / "t10k-labels-idx1-ubyte"
    labels.write_bytes(labels.read_bytes()[:-20] + bytes(20))
    weights = tmp_path / "some.pt"
    network, card = checkpoint.load(checkpoint.SHIPPED)
    checkpoint.save(network.state_dict(), card | {"certain_above": 0.9975}, weights)
    ended = python("-m", "train.evaluate", "--checkpoint", str(weights), "--data", str(tmp_path / "mnist"))
    assert ended.returncode == 0, ended.stderr

    test = load_test_digits(tmp_path / "mnist")
    probabilities = Recognizer(weights).probabilities_of(to_pictures(test.images))
    confidence, read = probabilities.max(1)
    outcomes = list(zip((read == test.labels).tolist(), (confidence > 0.9975).tolist(), strict=True))
    assert len(set(outcomes)) >= 3, "some are right but not certain, others certain but wrong"
    assert_told_where_certain(ended.stdout, outcomes)
    right = sum(is_right for is_right, _ in outcomes) / 100
    assert re.search(rf"^MNIST test accuracy +{right:.2%} of 100 digits$", ended.stdout, re.MULTILINE)
    per_digit = [(read == test.labels)[test.labels == digit].float().mean().item() for digit in range(10)]
    assert len(set(per_digit)) > 1
    assert re.findall(r"^  (\d: .+)$", ended.stdout, re.MULTILINE) == [
        f"{digit}: {score:.2%}" for digit, score in enumerate(per_digit)
    ]
    calibration_error = expected_calibration_error(probabilities, test.labels)
    assert re.search(rf"^expected calibration error +{calibration_error:.2%}$", ended.stdout, re.MULTILINE)
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"{right:.2%} of 100 test digits read right" in report
    certain = [is_right for is_right, is_certain in outcomes if is_certain]
    share = f"{sum(certain) / len(certain):.2%}"
    told = f"{len(certain)} ({len(certain) / 100:.1%}) are certain, and {share} of these are right"
    assert told in report, "as in the terminal"


def test_people_s_drawings_are_read(tmp_path: Path):
    assert python("tests/pen_digits.py", str(tmp_path)).returncode == 0
    ended = python("-m", "train.evaluate", "--images", str(tmp_path))
    accuracy = float(ended.stdout.split()[1].rstrip("%"))
    assert "of 1,000 pictures" in ended.stdout
    assert accuracy >= 98
