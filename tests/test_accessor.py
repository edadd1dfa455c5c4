"""`tree.stress`: figures by label."""

from __future__ import annotations

import numpy as np
import pytest

from collected_example import collected
from stress.results.dataset import to_datatree

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


def test_table() -> None:
    assert TREE.stress.table().row_count > 0
