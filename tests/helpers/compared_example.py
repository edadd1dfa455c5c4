"""Two runs of the synthetic example, with other seeds and sizes, and ways to change one of them."""

from __future__ import annotations

from typing import Any

import xarray as xr

from collected_example import collected
from stress.results.dataset.compared import BY_LEVEL
from stress.results.dataset.tree import to_datatree

A = to_datatree(collected(seed=7, paths=2000, stored=False))
B = to_datatree(collected(seed=8, paths=3000, stored=False))
SPEC: dict[str, Any] = {
    "scenario": {
        "name": "example",
        "assets": [{"id": "bonds", "vol": 0.1}, {"id": "semis", "vol": 0.4}],
        "funds": [{"id": "alpha", "margin": {"buffer": 0.05, "rates": [0.1, 0.2]}}],
        "correlation": [[1.0, 0.2], [0.2, 1.0]],
    },
    "options": {"seed": 7, "paths": 2000, "block_size": None, "precision": "float32"},
    "versions": {"jax": "0.10.2"},
    "defaults": ["cascade", "margin.cap"],
}


def tree_with(numbers: dict[str, tuple[float, float]], seed: int = 7) -> xr.DataTree:
    """The example's result with other values and standard errors, for `alpha` at 99 %."""
    tree = A.copy(deep=True)
    tree.attrs["seed"] = seed
    for name, pair in numbers.items():
        for variable, value in zip((name, f"{name}_se"), pair, strict=True):
            at: dict[str, Any] = {"fund": "alpha"} | ({"level": 0.99} if name in BY_LEVEL else {})
            tree["summary"][variable].loc[at] = value
    return tree


def without(tree: xr.DataTree, **labels: Any) -> xr.DataTree:
    """The result without some funds or levels."""
    parts = {str(name): group.to_dataset() for name, group in tree.children.items()}
    parts["summary"] = parts["summary"].drop_sel(labels)
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=tree.attrs), **parts})
