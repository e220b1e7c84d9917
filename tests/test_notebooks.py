"""The notebooks run from top to bottom."""

import asyncio
import warnings
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.read(path, as_version=4)
    assert str(Path.home()) not in path.read_text(encoding="utf-8")  # no output tells of the machine it was made on
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the Jupyter client's own
        asyncio.run(NotebookClient(notebook, timeout=300, kernel_name="python3").async_execute())
    figures = [out for cell in notebook.cells for out in cell.get("outputs", []) if "image/png" in out.get("data", {})]
    assert figures
