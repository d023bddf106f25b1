"""The notebook runs from top to bottom."""

from pathlib import Path

import pytest
from conftest import HOME

nbformat = pytest.importorskip("nbformat", reason="needs jupyter: python -m pip install -r tests/requirements.txt")
nbclient = pytest.importorskip("nbclient", reason="needs jupyter: python -m pip install -r tests/requirements.txt")


def run_notebook(mnist_root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the notebook where Jupyter would open it; all the text that it printed."""
    monkeypatch.setenv("MNIST_ROOT", str(mnist_root))
    notebook = nbformat.read(HOME / "train" / "walkthrough.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(HOME / "train")}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 9
    return "".join(output.text for output in outputs if output.output_type == "stream")


def test_the_walkthrough_runs_on_any_mnist(small_mnist: Path, monkeypatch: pytest.MonkeyPatch):
    assert "epoch 1:" in run_notebook(small_mnist, monkeypatch)


def test_the_walkthrough_reads_the_picture_at_its_end(mnist_root: Path, monkeypatch: pytest.MonkeyPatch):
    assert "a 6," in run_notebook(mnist_root.resolve(), monkeypatch)


def test_the_walkthrough_is_kept_without_its_outputs():
    notebook = nbformat.read(HOME / "train" / "walkthrough.ipynb", as_version=4)
    assert all(cell.get("outputs", []) == [] for cell in notebook.cells)
    assert (HOME / "train" / "walkthrough.ipynb").stat().st_size < 50_000
