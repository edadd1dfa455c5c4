"""`tree.stress`: figures by label."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from collected_example import FILE_ORDER, collected
from stress.results.dataset import to_datatree
from stress.results.store import open_result, write_run
from stress.results.table import summary_table

TREE = to_datatree(collected())


@pytest.mark.parametrize("name", ["var", "es"])
def test_figures_by_fund_and_system(name: str) -> None:
    shown = getattr(TREE.stress, name)(0.99)
    summary = TREE["summary"].to_dataset()
    assert [*shown["fund"].values] == [*summary["fund"].values, "system"]
    np.testing.assert_array_equal(shown.values[:-1], summary[name].sel(level=0.99).values)
    assert shown.sel(fund="system").item() == summary[f"system_{name}"].sel(level=0.99).item()
    assert shown.attrs["units"] == "1"


def test_a_level_that_was_not_estimated() -> None:
    with pytest.raises(ValueError, match=r"0\.42 was not estimated; there are 0\.95"):
        TREE.stress.es(0.42)


def test_summary_table() -> None:
    assert TREE.stress.summary_table().row_count == summary_table(TREE).row_count > 0


def test_an_opened_result_has_the_accessor(tmp_path: Path) -> None:
    write_run(TREE, {}, tmp_path, overwrite=False)
    opened = open_result(tmp_path)
    shown = opened.stress.es(0.95)
    assert [*shown["fund"].values] == [*FILE_ORDER, "system"]
    np.testing.assert_array_equal(shown.values, TREE.stress.es(0.95).values)


@pytest.mark.parametrize("module", ["stress.results.store", "stress.results.dataset"])
def test_whatever_returns_a_tree_registers_the_accessor(module: str) -> None:
    program = f"import xarray, {module}; print(xarray.DataTree.stress.__name__)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "StressAccessor"
