"""Numbers between labels: read at once or cell by cell, they are the same."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stress.scenarios.csv.labelled import plain_labelled
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.files import InputFiles
from stress.scenarios.read.labelled import _cell_by_cell, read_labelled

CELLS = ("1", "-0.25", "1e-3", "0.30000000000000004", "7E+2", "12345.678901234567", "00.5", "-0")
ODD = ("+1", ".5", "5.", "25 %", "1 000", " 0.5", "0.5 ", "1_0", "-", "", "nan", "1e999", "#N/A", "١", "(0.3)", '"0.5"')


@given(st.lists(st.lists(st.sampled_from(CELLS + ODD), min_size=2, max_size=2), min_size=1, max_size=3), st.data())
@settings(max_examples=300)
def test_what_is_read_at_once_is_what_is_read_cell_by_cell(rows: list[list[str]], data: st.DataObject) -> None:
    end = data.draw(st.sampled_from(("\n", "\r\n", "\r")))
    labels = data.draw(st.permutations(["a", "B 1", "c.d"]))
    text = end.join([" ,x, y", *(",".join([label, *row]) for label, row in zip(labels, rows, strict=False))]) + end
    found = plain_labelled(text)
    plain = all(cell in CELLS for row in rows for cell in row)
    assert (found is not None) == (plain or all(c.strip() in CELLS and c == c.strip() for r in rows for c in r))
    if found is not None:
        files = InputFiles()
        files.table_text = lambda path, key: text  # type: ignore[method-assign]
        slow = _cell_by_cell("m.csv", "k", files)
        assert (found.rows, found.columns) == (slow.rows, slow.columns)
        np.testing.assert_array_equal(found.values, slow.values)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a,x\nb,1\nb,2\n", "has a row twice"),
        ("a,x\nb,one\n", "is no number"),
        ("a,x,x\nb,1,2\n", "twice"),
        ("a,x\nb,1,2\n", "3 cells"),
        ("a,x\n", "no rows"),
        ("a;x\nb;1,234\n", "may be thousands or decimals"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(ScenarioError, match=problem):
        read_labelled("m.csv", "correlation.matrix", InputFiles(folder=tmp_path))


def test_a_large_matrix_takes_no_minute(tmp_path: Path) -> None:
    """A million cells: five seconds cell by cell and more."""
    count = 1_000
    names = [f"a{n}" for n in range(count)]
    row = "," + ",".join("-0.123456" for _ in names)
    (tmp_path / "m.csv").write_text("\n".join(["asset," + ",".join(names), *(name + row for name in names)]) + "\n")
    began = time.process_time()
    found = read_labelled("m.csv", "k", InputFiles(folder=tmp_path))
    assert time.process_time() - began < 5.0
    assert found.values.shape == (count, count)
