"""The notebook runs from top to bottom."""

import re
from pathlib import Path

import pytest
import torch
from conftest import HOME

from train.augment import Augment
from train.recipe import Recipe

nbformat = pytest.importorskip("nbformat", reason="needs jupyter: python -m pip install -r tests/requirements.txt")
nbclient = pytest.importorskip("nbclient", reason="needs jupyter: python -m pip install -r tests/requirements.txt")

NOTEBOOK = HOME / "train" / "walkthrough.ipynb"


def run_notebook(mnist_root: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Run the notebook in its folder, as Jupyter would; returns all that it printed, and all HTML that it showed."""
    monkeypatch.setenv("MNIST_ROOT", str(mnist_root))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    streams = [output for output in outputs if output.output_type == "stream"]
    assert all(output.name == "stdout" for output in streams), "no bar, no warning"
    printed = "".join(output.text for output in streams)
    assert "\r" not in printed, "an exported notebook would show every state of a progress bar"
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 1, "only the picture that is read"
    shown = "".join(output.get("data", {}).get("text/html", "") for output in outputs)
    assert shown.count("<svg") == 2, "the probabilities for that picture and for the drawing"
    return printed, shown


def test_the_walkthrough_runs_on_any_mnist(small_mnist: Path, monkeypatch: pytest.MonkeyPatch):
    printed, _ = run_notebook(small_mnist, monkeypatch)
    assert "step   5 of 5: loss " in printed


def test_the_walkthrough_reads_the_picture_at_its_end_and_doubts_the_letter(
    mnist_root: Path, monkeypatch: pytest.MonkeyPatch
):
    printed, shown = run_notebook(mnist_root.resolve(), monkeypatch)
    assert len(re.findall(r"^step +\d+ of \d+: ", printed, re.MULTILINE)) == 10
    of_picture, of_letter = re.findall(r"^a \d, .*", printed, re.MULTILINE)
    assert re.fullmatch(r"a 6, 9\d\.\d% sure: certain", of_picture)
    assert of_letter.endswith(": a guess")
    misread = re.findall(r"<figcaption[^>]*>(\d) → (\d)</figcaption>", shown)
    assert 10 < len(misread) <= 40
    assert all(written != read for written, read in misread)


def test_the_walkthrough_says_which_digits_of_a_batch_are_drawn_otherwise():
    recipe = Recipe()
    augment = Augment(recipe.augmentation, torch.device("cpu"))
    assert (recipe.batch_size, *augment.numbers_of_kinds(recipe.batch_size)) == (128, 1, 2, 32)


def test_the_walkthrough_is_kept_without_its_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(cell.get("outputs", []) == [] for cell in notebook.cells)
    assert NOTEBOOK.stat().st_size < 50_000
