"""The `contributions` group: funds and assets in the tail of the system, and the system in the tail of each fund."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.dataset import coordinates
from stress.results.dataset.summary import file_order
from stress.results.dataset.units import described
from stress.results.statistics.contributions import FEWEST, benchmark, covar, euler
from stress.results.statistics.estimate import Estimate
from stress.results.statistics.estimators import expected_shortfall, value_at_risk
from stress.results.statistics.simulation_output import SimulationOutput

Floats = npt.NDArray[np.float64]
Table = dict[str, tuple[tuple[str, ...], Floats]]


def contributions(output: SimulationOutput, of_assets: bool = True) -> xr.Dataset:
    """Contributions to the system's ES by fund and by asset, marginal ES of funds, CoVaR and delta CoVaR; by level.

    Args:
        output: of a run.
        of_assets: False for a group in the system's place: what assets earned is kept of the system's tail alone.
    """
    by_fund = file_order(output.groups, output.groups_file_order)
    by_asset = file_order(output.problem.assets.ids, output.problem.assets.file_order)
    data = {
        name: (dims, values[by_fund if dims[0] == "fund" else by_asset])
        for name, (dims, values) in (_shares(output, of_assets) | _conditional(output)).items()
    }
    coords = {
        **coordinates.of_funds(output, system=False),
        **coordinates.of_assets(output.problem),
        "level": ("level", [float(level) for level in output.problem.estimation.levels]),
    }
    dataset = xr.Dataset(data, coords)
    dataset.attrs["paths"] = output.sample.fund_loss.shape[1]
    missing = int(np.isnan(data["covar"][1]).sum())
    if missing:
        dataset.attrs["note"] = (
            f"{missing} of {data['covar'][1].size} CoVaR are NaN: fewer than {FEWEST} paths on which the fund loses "
            "its VaR or more, or too few of them beyond the quantile for an interval"
        )
    return described(dataset)


def _shares(output: SimulationOutput, of_assets: bool) -> Table:
    """Contributions and marginal ES, in id order; they sum to the ES of the system over all paths."""
    sample, levels = output.sample, output.problem.estimation.levels
    weight = (output.group_nav[:-1] / output.group_nav[-1])[:, None]
    parts: dict[str, tuple[Floats, npt.NDArray[np.int64] | None]]
    parts = {"es_contribution": (weight * sample.fund_loss[:-1], None)}
    if of_assets:
        parts["es_contribution_by_asset"] = (-sample.asset_pnl, sample.asset_pnl_paths)
    totals = {level: expected_shortfall(output.loss[-1], level).value for level in levels}
    data: Table = {}
    for name, (losses, known) in parts.items():
        found = [euler(losses, sample.fund_loss[-1], p, total, output.paths, known) for p, total in totals.items()]
        value, error = (np.stack([pair[i] for pair in found], axis=1) for i in range(2))
        dims = ("asset" if name.endswith("asset") else "fund", "level")
        data[name] = (dims, value)
        data[f"{name}_se"] = (dims, np.zeros_like(error) if _fixed(output) else error)
    for suffix in ("", "_se"):
        data[f"mes{suffix}"] = (("fund", "level"), data[f"es_contribution{suffix}"][1] / weight)
    return data


def _conditional(output: SimulationOutput) -> Table:
    """CoVaR and what it exceeds the benchmark by, in id order."""
    levels = output.problem.estimation.levels
    pairs = [[_covar(output, row, level) for level in levels] for row in range(len(output.groups))]
    given = np.array([[[one.value, one.se] for one, _ in row] for row in pairs])
    usual = np.array([[[one.value, one.se] for _, one in row] for row in pairs])
    dims = ("fund", "level")
    return {
        "covar": (dims, given[..., 0]),
        "covar_se": (dims, given[..., 1]),
        "delta_covar": (dims, given[..., 0] - usual[..., 0]),
        "delta_covar_se": (dims, np.hypot(given[..., 1], usual[..., 1])),
    }


def _covar(output: SimulationOutput, row: int, level: str) -> tuple[Estimate, Estimate]:
    """CoVaR of a fund and its benchmark; without a draw every condition holds on the only path there is."""
    if _fixed(output):
        loss = replace(value_at_risk(output.loss[-1], level), se=0.0)
        return loss, loss
    sample = (output.sample.fund_loss[row], output.sample.fund_loss[-1])
    return covar(output.loss[row], output.loss[-1], level, sample), benchmark(level, sample)


def _fixed(output: SimulationOutput) -> bool:
    return output.problem.shocks.model == "none"
