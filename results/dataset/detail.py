"""The groups made from the detailed paths: `timeline` and `attribution`."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.dataset import coordinates
from stress.results.dataset.components import WORST, rare
from stress.results.dataset.summary import file_order, row_order
from stress.results.dataset.tables import LARGEST_TABLE, LOSS_PART, labels, variables, with_parts
from stress.results.dataset.units import described
from stress.results.statistics.estimate import SMALLEST_STATIC
from stress.results.statistics.estimators import binomial_ranks
from stress.results.statistics.few_paths import FEWEST, Z95, paths_that_count, widened
from stress.results.statistics.histogram import FloatHistogram
from stress.results.statistics.levels import order_rank, tail_mass
from stress.results.statistics.simulation_output import SimulationOutput, Timeline
from stress.results.statistics.slice_means import widened_means

Floats = npt.NDArray[np.float64]
Table = dict[str, tuple[tuple[str, ...], Floats]]
ROUNDING = 1e-6
QUANTILES = ("0.01", "0.05", "0.25", "0.5", "0.75", "0.95", "0.99")
LEVERAGES = ("gross_leverage", "net_leverage")
BY_ASSET = ("price", "depth", "volatility", "forced_flow_usd")
SLICES = {"all": "1", **WORST}
TIMELINE_NAMES = {
    "loss": "quantile of the loss up to the step, as a fraction of start NAV",
    "called_usd": "mean amount newly called in the step, the largest deficit of each call",
    "forced_sales_usd": "mean forced sales of the step, buy-backs of shorts included; what is built is not",
    "fund_loss": "mean loss up to the step, as a fraction of start NAV",
    "fund_loss_static": "mean loss of the book held still up to the step, as a fraction of start NAV",
    "amplification": "mean loss up to the step over that of the book held still, NaN where the latter is under 0.001",
    "added_loss": "mean loss up to the step less that of the book held still, as a fraction of start NAV",
}


def timeline(output: SimulationOutput) -> xr.Dataset:
    """Quantiles and means by step over the first `detail_paths` paths, with standard errors."""
    assets, line = output.problem.assets, output.timeline
    axes = {
        "fund": row_order(output),
        "asset": file_order(assets.ids, assets.file_order),
    }
    fixed = output.problem.shocks.model == "none"
    data: Table = {}
    for name in LEVERAGES:
        for suffix, values in zip(("", "_se"), _quantiles(line.quantiles[name], line.paths, fixed), strict=True):
            data[name + suffix] = (("step", "quantile", "fund"), values[..., axes["fund"]])
    for suffix, values in zip(("", "_se"), _kept(line, "fund_loss", fixed), strict=True):
        data[f"loss{suffix}"] = (("step", "quantile", "fund"), values[..., axes["fund"]])
    for name, (price, error) in {
        "price": _shifted(line, "price_change", fixed),
        "depth": _shifted(line, "depth_lost", fixed),
    }.items():
        data[name] = (("step", "quantile", "asset"), price[..., axes["asset"]])
        data[f"{name}_se"] = (("step", "quantile", "asset"), error[..., axes["asset"]])
    for name, (average, error) in line.means.items():
        entity = "asset" if name in BY_ASSET else "fund"
        plain = f"{name}_mean" if name in data else name
        error = np.zeros_like(error) if fixed else _widened(average, error, line.paths, rare=rare(name))
        data[plain] = (("step", entity), average[:, axes[entity]])
        data[f"{plain}_se"] = (("step", entity), error[:, axes[entity]])
    nav = output.group_nav[axes["fund"]]
    loss, static = data["fund_loss"][1], data["fund_loss_static"][1]
    loss_se, static_se = data["fund_loss_se"][1], data["fund_loss_static_se"][1]
    added_se = data["added_loss_se"][1]
    base = np.where(static >= SMALLEST_STATIC, static, np.nan)
    dims = ("step", "fund")
    data["amplification"] = (dims, loss / base)
    data["amplification_se"] = (dims, _ratio_error(loss / base, loss_se, static_se, added_se) / base)
    data["added_loss"] = (dims, loss - static)
    data["added_loss_usd"] = (dims, (loss - static) * nav)
    data["added_loss_usd_se"] = (dims, added_se * nav)
    by_fund = _flow_by_fund(output, data)
    more = with_parts(output, variables(output, line.tables))
    data |= by_fund | more
    coords = {
        "step": ("step", list(range(1, len(loss) + 1))),
        "quantile": ("quantile", [float(q) for q in QUANTILES]),
        **coordinates.of_funds(output, system=True),
        **coordinates.of_assets(output.problem),
        **labels(output, more),
    }
    dataset = xr.Dataset(data, coords)
    dataset.attrs["paths"] = line.paths
    if output.sample.parts:
        dataset.attrs["paths_taken_apart"] = _taken_apart(output)
    dataset.attrs["representative_path"], dataset.attrs["representative_of"] = output.sample.representative
    if not by_fund:
        dataset.attrs["note"] = f"no forced flow by fund: over {LARGEST_TABLE} steps times funds times assets"
    return described(dataset, **TIMELINE_NAMES)


def _widened(average: Floats, error: Floats, paths: int, rare: bool) -> Floats:
    """Errors of means over `paths` paths (`few_paths`); `rare`: of what is zero on most of them."""
    return widened_means(average, average**2 + error**2 * max(paths - 1, 1), error, paths, rare)


def _ratio_error(ratio: Floats, loss: Floats, static: Floats, difference: Floats) -> Floats:
    """Error of loss - ratio static from those of the two and of their difference, all over the same paths."""
    with np.errstate(invalid="ignore"):  # inf less inf, of too few paths
        squared = (1 - ratio) * (loss**2 - ratio * static**2) + ratio * difference**2
    return np.where(np.isinf(loss), np.inf, np.sqrt(np.maximum(squared, 0.0)))


def _flow_by_fund(output: SimulationOutput, data: Table) -> Table:
    """Forced flow by fund, the row of the system being `forced_flow_usd`; empty where the table would be too large."""
    values, errors = output.timeline.flow_by_fund
    if values.size > LARGEST_TABLE:
        return {}
    funds = file_order(output.groups, output.groups_file_order)
    assets = file_order(output.problem.assets.ids, output.problem.assets.file_order)
    if output.problem.shocks.model == "none":
        errors = np.zeros_like(errors)
    else:
        errors = _widened(values, errors, output.timeline.paths, rare=False)
    table: Table = {}
    for suffix, by_fund in (("", values), ("_se", errors)):
        whole = data[f"forced_flow_usd{suffix}"][1][:, None]
        by_label = np.concatenate([by_fund[:, funds][:, :, assets], whole], axis=1)
        table[f"forced_flow_by_fund_usd{suffix}"] = (("step", "fund", "asset"), by_label)
    return table


def _shifted(line: Timeline, kept: str, fixed: bool) -> tuple[Floats, Floats]:
    """Quantiles of price (1 plus the change kept) or depth (1 less what was lost), and their errors.

    Kept as distances from 1 because a histogram on float bits is fine near zero. When all paths are one (`fixed`), the
    mean is exact and has no error.
    """
    name = "price" if kept == "price_change" else "depth"
    if fixed:
        return _exact(line, name)
    value, error = _quantiles(line.quantiles[kept], line.paths, fixed, mirrored=name == "depth")
    if name == "price":
        return np.maximum(1.0 + value, 0.0), error
    return np.clip(1.0 - value, 0.0, 1.0), error


def _kept(line: Timeline, name: str, fixed: bool) -> tuple[Floats, Floats]:
    """Quantiles of what is kept as it is, and their errors; `fixed` as for `_shifted`."""
    return _exact(line, name) if fixed else _quantiles(line.quantiles[name], line.paths, fixed)


def _exact(line: Timeline, name: str) -> tuple[Floats, Floats]:
    """The mean as every quantile: all paths are one."""
    exact = np.repeat(line.means[name][0][:, None], len(QUANTILES), axis=1)
    return exact, np.zeros_like(exact)


def _quantiles(histogram: FloatHistogram, paths: int, fixed: bool, mirrored: bool = False) -> tuple[Floats, Floats]:
    """Quantiles, interpolated inside their bin by rank, and standard errors: both (step, quantile, entity).

    The error comes from the order statistics that bound the quantile with 95 % and holds the width of their bins; it
    is inf where one of them is infinite or missing, or fewer than ten paths lie beyond the quantile. `fixed`: all paths
    are the same one. `mirrored`: ranks count from the largest, for a variable that falls as the one counted rises.
    """
    ranks = [order_rank(q, paths) for q in QUANTILES]
    bounds = [(rank, rank) for rank in ranks] if fixed else [binomial_ranks(q, paths) for q in QUANTILES]
    if mirrored:
        ranks = [paths + 1 - rank for rank in ranks]
        bounds = [(paths + 1 - upper, paths + 1 - lower) for lower, upper in bounds]
    inside = [min(max(rank, 1), paths) for pair in bounds for rank in pair]
    _, low, high = histogram.order_statistics(inside)
    bottom, top = low[..., ::2], high[..., 1::2]
    few = [not fixed and min(tail_mass(q, paths), paths - tail_mass(q, paths)) < FEWEST for q in QUANTILES]
    missing = np.array([lower < 1 or upper > paths for lower, upper in bounds]) | np.array(few)
    bounded = np.isfinite(bottom) & np.isfinite(top) & ~missing
    with np.errstate(invalid="ignore"):  # inf - inf, replaced on the same line
        error = np.where(bounded, (top - bottom) / (2 * Z95), np.inf)
    return np.swapaxes(histogram.interpolated(ranks), 1, 2), np.swapaxes(error, 1, 2)


def attribution(output: SimulationOutput) -> xr.Dataset:
    """Parts of the loss and contributions of its causes, over all paths and the worst ones by the fund's own loss.

    The parts sum to the loss, over the paths that were taken apart. The causes sum to the P&L, over all detailed paths;
    beside them stands what selling has forgone: the P&L of the start book held still less that of the outside shock on
    what was held.
    """
    sample = output.sample
    causes = {**sample.attribution, "total": -sample.fund_loss}
    forgone = -sample.fund_loss_static - sample.attribution["outside_shock"]
    average, error = _by_slice(output, {**causes, "forgone": forgone})
    data: Table = {
        "contribution": (("fund", "component", "slice"), average[:, :-1]),
        "contribution_se": (("fund", "component", "slice"), error[:, :-1]),
        "forgone_by_selling": (("fund", "slice"), average[:, -1]),
        "forgone_by_selling_se": (("fund", "slice"), error[:, -1]),
    }
    if sample.parts:
        average, error = _by_slice(output, sample.parts)
        of_parts: Table = {
            LOSS_PART: (("fund", "part", "slice"), average),
            f"{LOSS_PART}_se": (("fund", "part", "slice"), error),
        }
        data = with_parts(output, of_parts) | data
    coords = {
        **coordinates.of_funds(output, system=True),
        "component": ("component", list(causes)),
        "slice": ("slice", list(SLICES)),
        **labels(output, data),
    }
    dataset = xr.Dataset(data, coords)
    dataset.attrs["paths"] = sample.fund_loss.shape[1]
    if sample.parts:
        dataset.attrs["paths_taken_apart"] = _taken_apart(output)
    return described(dataset)


def _taken_apart(output: SimulationOutput) -> int:
    """How many of the detailed paths, the first ones, were simulated without impact and without outside flow, too."""
    return int(output.sample.parts["total"].shape[1])


def _by_slice(output: SimulationOutput, every: dict[str, Floats]) -> tuple[Floats, Floats]:
    """Means over the slices of each fund's worst paths and their errors, (fund, variable, slice).

    Each variable is (row, first paths).
    """
    sample, rows, count = output.sample, row_order(output), next(iter(every.values())).shape[1]
    average = np.empty((len(rows), len(every), len(SLICES)))
    error = np.zeros_like(average)
    for at, row in enumerate(rows):
        worst_first = np.argsort(-sample.fund_loss[row, :count], kind="stable")
        for number, values in enumerate(every.values()):
            ordered = values[row][worst_first]
            for part, share in enumerate(SLICES.values()):
                average[at, number, part], error[at, number, part] = conditional_mean(ordered, share)
    if output.problem.shocks.model == "none":
        error[:] = 0.0
    return average, error


def conditional_mean(ordered: Floats, share: str) -> tuple[float, float]:
    """Mean over the first `ceil(share n)` values and its standard error.

    `ordered` (path,) is sorted by another quantity, worst first. The error is that of the influence function
    1{worst} (A - a) / share with a the mean of A at the boundary, taken over a quarter of the slice on either
    side: the boundary is estimated too. It is widened for few paths in the slice, or for few on which A is not zero;
    inf with fewer than ten.
    """
    paths = len(ordered)
    count = max(1, math.ceil(Fraction(share) * paths))
    chosen = ordered[:count]
    if count == paths:
        return float(chosen.mean()), widened(float(chosen.std() / math.sqrt(paths)), _rests_on(chosen))
    if Fraction(share) * paths < FEWEST:
        return float(chosen.mean()), math.inf
    near = max(1, count // 4)
    excess = chosen - ordered[count - near : count + near].mean()
    variance = (excess @ excess) / paths - (excess.sum() / paths) ** 2
    return float(chosen.mean()), widened(math.sqrt(max(float(variance), 0.0) * paths) / count, _rests_on(chosen))


def _rests_on(values: Floats) -> float:
    """On how many of these paths their mean rests; what is under a millionth of NAV is rounding."""
    size = np.where(np.abs(values) < ROUNDING, 0.0, np.abs(values))
    return paths_that_count(float(size.mean()), float((size**2).mean()), len(size))
