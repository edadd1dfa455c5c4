"""The groups made path by path or bin by bin: `distribution`, `tails`, `paths`, and `diagnostics`."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.dataset.summary import level_values, row_names, row_order
from stress.results.dataset.units import described
from stress.results.statistics.simulation_output import NAV_SHARES, PathTable, SimulationOutput

METRICS = {
    "fund_loss": "fund_loss",
    "fund_loss_static": "fund_loss_static",
    "trough": "trough",
    "trough_static": "trough_static",
    "called_usd": "called",
    "called_nav_share": "called_share",
    "forced_sales_usd": "forced_sales",
    "max_drawdown": "max_drawdown",
    "defaulted_nav_share": "defaulted_share",
    "unliquidated_usd": "unliquidated",
}
OF_SYSTEM = {"system_loss": "fund_loss", "system_trough": "trough", "system_max_drawdown": "max_drawdown"}
BINNED = {
    "loss": "fund_loss",
    "loss_static": "fund_loss_static",
    "trough": "trough",
    "trough_static": "trough_static",
    "drawdown": "max_drawdown",
}
BINNED_NAMES = {
    "trough": "number of paths whose largest loss at any step end falls in the bin",
    "trough_static": "number of paths whose largest loss at any step end, the book held still, falls in the bin",
}
OVER = {"called_over": "margin_call", "defaulted_over": "default"}  # with the count of any member at all
OPTIONAL_MARKS = {"var": ("checkpoint", "fund", "level"), "prob_margin_call": ("checkpoint", "fund")}


def distribution(output: SimulationOutput) -> xr.Dataset:
    """Exact counts of all paths per bin; bins that are empty everywhere at either end are left out."""
    order = row_order(output)
    counts = {
        name: np.stack([output.distributions[metric][row].histogram.counts for row in order])
        for name, metric in BINNED.items()
    }
    used = np.flatnonzero(sum(table.sum(axis=0) for table in counts.values()))
    kept = slice(int(used[0]), int(used[-1]) + 1)
    edges = output.loss[0].histogram.edges()
    data = {name: (("fund", "bin"), table[:, kept]) for name, table in counts.items()}
    for name, any_member in OVER.items():
        by_share = np.concatenate([output.counts[any_member][None], output.counts[name]])
        data[name] = (("fund", "nav_share"), by_share[:, order].T)
    coords = {
        "fund": ("fund", row_names(output)),
        "bin_low": ("bin", edges[:-1][kept]),
        "bin_high": ("bin", edges[1:][kept]),
        "nav_share": ("nav_share", [0.0, *NAV_SHARES]),
    }
    return described(xr.Dataset(data, coords), **BINNED_NAMES)


def tails(output: SimulationOutput, worst: dict[str, PathTable]) -> xr.Dataset:
    """The worst paths of each fund, worst first; `fund = "system"` holds those of the system."""
    order, names = row_order(output), row_names(output)
    tables = [worst[name] for name in names]
    picked: dict[str, npt.NDArray[Any]] = {"path_id": np.stack([table.path_ids for table in tables], axis=1)}
    for name, metric in METRICS.items():
        picked[name] = np.stack(
            [_metric(output, table, metric, name, row) for row, table in zip(order, tables, strict=True)], axis=1
        )
    picked["first_call_step"] = np.stack([t.first_call_step[r] for r, t in zip(order, tables, strict=True)], axis=1)
    picked["defaulted"] = np.stack([t.defaulted[r] for r, t in zip(order, tables, strict=True)], axis=1)
    return described(
        xr.Dataset(
            {name: (("rank", "fund"), values) for name, values in picked.items()},
            {"rank": ("rank", np.arange(1, len(picked["path_id"]) + 1)), "fund": ("fund", names)},
        )
    )


def paths(output: SimulationOutput, table: PathTable) -> xr.Dataset:
    """Metrics path by path; losses and amounts in the precision of the run."""
    kind = np.float64 if output.attrs.get("precision") == "float64" else np.float32
    order = row_order(output)[:-1]
    data: dict[str, tuple[tuple[str, ...], npt.NDArray[Any]]] = {}
    for name, metric in METRICS.items():
        values = np.empty((len(table.path_ids), len(order)), kind)
        for column, row in enumerate(order):
            values[:, column] = _metric(output, table, metric, name, row)
        data[name] = (("path", "fund"), values)
    data["first_call_step"] = (("path", "fund"), table.first_call_step[order].T.astype(np.int32))
    data["defaulted"] = (("path", "fund"), table.defaulted[order].T)
    data |= {name: (("path",), table.metrics[metric][-1].astype(kind)) for name, metric in OF_SYSTEM.items()}
    coords = {"path": ("path", table.path_ids), "fund": ("fund", list(output.groups_file_order))}
    return described(xr.Dataset(data, coords))


def _metric(output: SimulationOutput, table: PathTable, metric: str, name: str, row: int) -> npt.NDArray[np.float64]:
    unit = float(output.group_nav[row]) if name.endswith("_usd") else 1.0
    return np.asarray(table.metrics[metric][row] * unit)


def diagnostics(output: SimulationOutput) -> xr.Dataset:
    """How estimates settle, rounds by step, counts of what was cut off, residuals of invariants, timings."""
    order, marks = row_order(output), output.checkpoints
    scalars: dict[str, float] = {**output.scalars, "attribution_residual": output.sample.residual}
    scalars["correlation_repair_distance"] = output.problem.shocks.repair_distance
    share = output.attrs.get("forced_flow_beyond_depth_share")
    if share is not None:
        scalars["forced_flow_beyond_depth_share"] = float(share)
    data: dict[str, Any] = {
        "mean_loss": (("checkpoint", "fund"), np.asarray(marks["mean_loss"])[:, order]),
        "es": (("checkpoint", "fund", "level"), np.asarray(marks["es"])[:, order]),
        "rounds_used": (("step",), output.timeline.rounds),
        **{name: ((), value) for name, value in scalars.items()},
    }
    for name, dims in OPTIONAL_MARKS.items():
        if name in marks:
            data[name] = (dims, np.asarray(marks[name])[:, order])
    coords: dict[str, Any] = {
        "checkpoint": ("checkpoint", np.asarray(marks["paths"])),
        "step": ("step", np.arange(1, output.problem.steps + 1)),
        "fund": ("fund", row_names(output)),
        "level": ("level", level_values(output)[1:]),
    }
    seconds = output.attrs.get("seconds")
    if seconds:
        spent = json.loads(seconds) if isinstance(seconds, str) else seconds
        data["seconds"] = (("phase",), np.array(list(spent.values()), np.float64))
        coords["phase"] = ("phase", list(spent))
    return described(xr.Dataset(data, coords))
