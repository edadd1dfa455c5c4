"""Runs beside each other as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import xarray as xr

from stress.results.dataset.compared import BY_FUND, BY_LEVEL, SYSTEM
from stress.results.side_by_side.dataset import PARTS


def document(numbers: xr.Dataset, levels: Sequence[float]) -> dict[str, Any]:
    """By fund, figure and level (of `levels`; 0 = the mean) a list with an entry a run; not finite is None."""

    def entry(fund: str) -> dict[str, Any]:
        row = numbers.sel(fund=fund)
        figures: dict[str, Any] = {
            name: {f"{x:g}": _by_run(row.sel(level=x), name) for x in levels} for name in BY_LEVEL
        }
        return figures | {name: _by_run(row, name) for name in BY_FUND}

    runs = {key: json.loads(numbers.attrs[key]) for key in ("titles", "seeds", "paths", "paired_paths")}
    return {
        "runs": [
            {"run": str(run), "title": title, "seed": int(seed), "paths": paths, "paired_paths": paired}
            for run, title, seed, paths, paired in zip(numbers["run"].values, *runs.values(), strict=True)
        ],
        "differences": int(numbers.attrs["differences"]),
        "levels": list(levels),
        "funds": {str(fund): entry(str(fund)) for fund in numbers["fund"].values if fund != SYSTEM},
        "system": entry(SYSTEM),
    }


def _by_run(at: xr.Dataset, name: str) -> list[dict[str, float | bool | None]]:
    found = []
    for run in range(at.sizes["run"]):
        one = at.isel(run=run)
        values = {"value": one[name], "se": one[f"{name}_se"], **{part: one[f"{name}_{part}"] for part in PARTS}}
        numbers: dict[str, float | bool | None] = {
            part: float(value) if math.isfinite(value) else None for part, value in values.items()
        }
        found.append(numbers | {"bound": bool(numbers["bound"])})
    return found
