"""The notebooks run from top to bottom, their assertions hold, and what is stored in them is fit to be read."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import ipykernel  # noqa: F401  (the kernel of the notebooks)
import matplotlib  # noqa: F401  (drawn with in them)
import nbclient
import nbformat
import pytest

from checkout import ROOT
from compilation import in_more_haste

FOLDER = ROOT / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LONG = (
    "ablation",
    "rare",
    "reverse",
    "sensitivity",
    "sweep",
    "validation",
)  # what they do is asked of smaller problems in tests/stress/questions, and of the published models
IN_TURN = [pytest.param(x, id=x.stem, marks=[pytest.mark.slow] if x.stem in LONG else []) for x in NOTEBOOKS]
LARGEST = 400_000  # bytes
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:home|root|tmp|work|opt|usr|Users|private|mnt|var)/|[A-Z]:\\\\")


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts(output: Any) -> str:
    """All that an output holds, pictures apart."""
    data = output.get("data", {})
    return str(output.get("text", "")) + "".join(str(data[kind]) for kind in data if not kind.startswith("image/"))


def execute(notebook: Any, folder: Path) -> None:
    nbclient.NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        coalesce_streams=True,  # a kernel sends what a cell prints in as many pieces as time would have it
    ).execute(env=in_more_haste(os.environ))


def test_they_are_there() -> None:
    assert {"ablation.ipynb", "first-steps.ipynb", "validation.ipynb"} <= {path.name for path in NOTEBOOKS}


@pytest.mark.parametrize("path", IN_TURN)
def test_a_notebook_runs_and_its_assertions_hold(path: Path, tmp_path: Path) -> None:
    notebook, stored = read(path), read(path)
    assert sum(cell.source.count("assert") for cell in code_cells(notebook)) >= 5
    execute(notebook, tmp_path)
    for fresh, kept in zip(code_cells(notebook), code_cells(stored), strict=True):
        kinds = [[sorted(output.get("data", {"text": ""})) for output in cell.outputs] for cell in (fresh, kept)]
        assert kinds[0] == kinds[1], fresh.source  # what is stored is what the cell gives
        assert all(output.output_type != "error" and output.get("name") != "stderr" for output in fresh.outputs)
    assert list(tmp_path.iterdir()) == []  # nothing is left where it ran


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_stored_is_small_whole_and_of_no_machine(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert path.stat().st_size < LARGEST
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    for text in (*map(texts, outputs), *(cell.source for cell in notebook.cells)):
        assert not MACHINE_PATH.search(text), text
    assert notebook.metadata.kernelspec.name == "python3"


def test_the_texts_link_to_what_is_there() -> None:
    for path in NOTEBOOKS:
        for cell in read(path).cells:
            for target in re.findall(r"\]\(([^)#:]+)\)", cell.source if cell.cell_type == "markdown" else ""):
                assert (path.parent / target).exists(), target


def test_a_broken_assertion_is_seen(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("assert 1 == 2")])
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="AssertionError"):
        execute(notebook, tmp_path)
