"""An ablation as JSON: by fund and figure each world and what each mechanism adds, with errors."""

from __future__ import annotations

import json
import math
from typing import Any

import xarray as xr

from stress.results.answers.ablation.dataset import DIMS, WORDS
from stress.results.answers.ablation.words import BASE
from stress.results.answers.world import BY_FUND, BY_LEVEL

GROUP = "ablate"


def document(tree: xr.DataTree) -> dict[str, Any]:
    """Figures by fund ("system" too), name, level where it has one, and part; what is not a finite number is None."""
    table = tree[GROUP].to_dataset()
    by_fund = {}
    for fund in map(str, table["fund"].values):
        row = table.sel(fund=fund)
        of_levels = {
            name: {f"{x:g}": _parts(row.sel(level=x), name) for x in map(float, table["level"].values)}
            for name in BY_LEVEL
        }
        by_fund[fund] = of_levels | {name: _parts(row, name) for name in BY_FUND}
    return {
        "question": "ablate",
        "scenario": str(tree.attrs["name"]),
        "paths": int(tree.attrs["paths"]),
        "seed": int(tree.attrs["seed"]),
        "taken_out_in_sequence": json.loads(tree.attrs["sequence"]),
        "figures": by_fund,
    }


def _parts(row: xr.Dataset, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in WORDS:
        value, error = row[f"{name}_{part}"], row[f"{name}_{part}_se"]
        dims = DIMS[part]
        if not dims:
            found[part] = _pair(value, error)
            continue
        found[part] = {
            label: _pair(value.sel({dims[0]: label}), error.sel({dims[0]: label}))
            for label in map(str, value[dims[0]].values)
            if not (part == "step" and label == BASE)
        }
    return found


def _pair(value: Any, error: Any) -> dict[str, float | None]:
    return {name: float(x) if math.isfinite(x) else None for name, x in (("value", value), ("se", error))}
