"""A sensitivity analysis as JSON."""

from __future__ import annotations

import math
from typing import Any

import xarray as xr

from stress.results.answers.sensitivity.dataset import PARTS
from stress.results.answers.world import BY_FUND, BY_LEVEL

GROUPS = ("sensitivity", "tornado", "total", "morris", "sobol")


def document(tree: xr.DataTree) -> dict[str, Any]:
    """What varies, and each group's figures by fund ("system" too), name and level; None is not a finite number."""
    found: dict[str, Any] = {
        "question": "sensitivity",
        "scenario": str(tree.attrs["name"]),
        **{name: int(tree.attrs[name]) for name in ("paths", "seed", "runs", "points", "points_left_out")},
        "step": float(tree.attrs["step"]),
        "cannot_start": str(tree.attrs["cannot_start"]),
        "not_calibrated_again": str(tree.attrs["not_calibrated"]),
        "parameters": _parameters(tree["ranges"].to_dataset()),
    }
    for group in GROUPS:
        if group in tree.children:
            found[group] = _figures(tree[group].to_dataset(), group)
    return found


def _parameters(ranges: xr.Dataset) -> dict[str, Any]:
    return {
        str(name): {str(key): _plain(variable.sel(parameter=name).item()) for key, variable in ranges.items()}
        for name in ranges["parameter"].values
    }


def _figures(table: xr.Dataset, group: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for fund in map(str, table["fund"].values):
        row = table.sel(fund=fund)
        of_fund: dict[str, Any] = {}
        for name in BY_LEVEL:
            of_fund[name] = {f"{x:g}": _parts(row.sel(level=x), name, group) for x in map(float, table["level"].values)}
        found[fund] = of_fund | {name: _parts(row, name, group) for name in BY_FUND}
    return found


def _parts(row: xr.Dataset, name: str, group: str) -> dict[str, Any]:
    """Numbers by part, and by parameter where they have one."""
    found: dict[str, Any] = {}
    for part in PARTS[group]:
        variable = row[f"{name}_{part}"]
        if "parameter" not in variable.dims:
            found[part] = _plain(float(variable))
            continue
        found[part] = {str(one): _plain(float(variable.sel(parameter=one))) for one in variable["parameter"].values}
    return found


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
