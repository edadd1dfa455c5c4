"""A sweep as JSON: every point with the figures of the system and each fund."""

from __future__ import annotations

import itertools
import math
from typing import Any

import xarray as xr

from stress.results.answers.sweep.dataset import GROUP, SYSTEM
from stress.results.answers.sweep.table import COLUMNS, Shown, shown_of

PARTS = {"value": "", "se": "_se"}
TIPPING_PARTS = ("tipping", "tipping_ci_low", "tipping_ci_high", "searched_to")


def document(tree: xr.DataTree) -> dict[str, Any]:
    """Every point: where, whether it cannot start and why, else its figures; and where it tips."""
    sweep = shown_of(tree)
    found: dict[str, Any] = {
        "question": GROUP,
        "level": sweep.level,
        "paths": int(tree.attrs["paths"]),
        "method": "screen" if sweep.screened else "plain",
        "points": _points(sweep),
    }
    if sweep.tipping is not None:
        flat = sweep.tipping.to_dataframe()[[*TIPPING_PARTS]].reset_index().to_dict("records")
        found["tipping"] = {
            **sweep.bound._asdict(),
            "axis": str(sweep.tipping.attrs["axis"]),
            "points": [{str(k): _finite(v) if isinstance(v, float) else v for k, v in row.items()} for row in flat],
        }
    return found


def _points(sweep: Shown) -> list[dict[str, Any]]:
    dims = ("point",) if "point" in sweep.table.dims else sweep.axes
    funds = [*(str(fund) for fund in sweep.table["fund"].values), SYSTEM]
    # Plain arrays by point: xarray takes longer to pick out a number than a point's simulation.
    figures = {
        (fund, name, part): sweep.figure(name, fund, suffix).transpose(*dims).values.reshape(-1)
        for fund in funds
        for name in COLUMNS
        for part, suffix in PARTS.items()
    }
    values = [sweep.table[axis].values for axis in sweep.axes]
    if dims == ("point",):
        places = [[column[number].item() for column in values] for number in range(sweep.table.sizes["point"])]
    else:
        places = [list(at) for at in itertools.product(*(column.tolist() for column in values))]
    cannot, why = (sweep.table[name].transpose(*dims).values.reshape(-1) for name in ("infeasible", "reason"))
    points = []
    for number, place in enumerate(places):
        point: dict[str, Any] = {"at": dict(zip(sweep.axes, place, strict=True)), "infeasible": bool(cannot[number])}
        if point["infeasible"]:
            point["reason"] = str(why[number])
        else:
            point["figures"] = {
                fund: {
                    name: {part: _finite(float(figures[fund, name, part][number])) for part in PARTS}
                    for name in COLUMNS
                }
                for fund in funds
            }
        points.append(point)
    return points


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
