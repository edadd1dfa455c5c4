"""Two results hold the same numbers, to the last bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

TIMINGS = {"seconds", "phase"}


def same_numbers(one: xr.DataTree, other: xr.DataTree) -> None:
    assert set(one.children) == set(other.children)
    for name, node in one.children.items():
        first, second = variables(node), variables(other.children[name])
        assert first.keys() == second.keys()
        for key, variable in first.items():
            assert variable.dims == second[key].dims, (name, key)
            text = variable.dtype.kind not in "fiub"  # an array from a file has another type of texts
            np.testing.assert_array_equal(variable.values, second[key].values, f"{name}/{key}", strict=not text)


def variables(node: xr.DataTree) -> Mapping[str, xr.Variable]:
    """Every variable and label but texts and timings; attributes are not compared."""
    found: Mapping[Any, xr.Variable] = node.to_dataset().variables
    return {str(key): found[key] for key in found if key not in TIMINGS}
