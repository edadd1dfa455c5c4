"""The `summary` group: risk by fund and level, for the whole system and for prime brokers, each with its error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.dataset import coordinates
from stress.results.dataset.units import described
from stress.results.statistics import estimators
from stress.results.statistics.estimate import NOTHING, Estimate
from stress.results.statistics.estimators import Moments
from stress.results.statistics.simulation_output import NAV_SHARES, Distribution, SimulationOutput

Floats = npt.NDArray[np.float64]
PARTS = {"": "value", "_se": "se", "_ci_low": "low", "_ci_high": "high"}
COUNTED = {"prob_loss_over_20pct": "loss_over_20pct", "prob_margin_call": "margin_call", "prob_default": "default"}
BY_SHARE = {"called": "called_over", "defaulted": "defaulted_over"}
SHARES = {"over_10pct": 0.1, "over_50pct": 0.5}  # of NAV
COURSES = {"trough_{}": "trough", "trough_{}_static": "trough_static", "drawdown_{}": "max_drawdown"}
AVERAGED = {
    "mean_loss": "fund_loss",
    "called_nav_share": "called_share",
    "defaulted_nav_share": "defaulted_share",
    "expected_called_usd": "called",
    "expected_forced_sales_usd": "forced_sales",
    "expected_unliquidated_usd": "unliquidated",
    "expected_max_drawdown": "max_drawdown",
}
HITS = {"called_nav_share": "margin_call", "defaulted_nav_share": "default"}  # paths on which a share is not zero


def parts_of(name: str) -> dict[str, str]:
    """Suffixes of the variables of one estimate."""
    few = name.endswith("_static") or name == "broker_loss_mean" or name.startswith("expected_")
    return {"": "value", "_se": "se"} if few else PARTS


def file_order(ids: Sequence[str], order: Sequence[str]) -> list[int]:
    """Positions in `ids` of the entities of `order`."""
    place = {name: index for index, name in enumerate(ids)}
    return [place[name] for name in order]


def row_order(output: SimulationOutput) -> list[int]:
    """Rows in file order, the system last."""
    return [*file_order(output.groups, output.groups_file_order), len(output.groups)]


def row_names(output: SimulationOutput) -> list[str]:
    """Names of the rows of `row_order`."""
    return [*output.groups_file_order, "system"]


def level_values(output: SimulationOutput) -> list[float]:
    """The `level` coordinate: 0 for the mean, then the levels asked for."""
    return [0.0, *(float(level) for level in output.problem.estimation.levels)]


def summary(output: SimulationOutput) -> xr.Dataset:
    """VaR, ES, amplification, added loss, probabilities and means with standard errors and 95 % intervals."""
    rows = [_by_level(output, row) for row in range(len(output.loss))]
    plain = [_by_fund(output, row) for row in range(len(output.loss))]
    order, system = row_order(output)[:-1], len(output.groups)
    data: dict[str, tuple[tuple[str, ...], Floats]] = {
        "nav_usd": (("fund",), output.group_nav[order]),
        "system_nav_usd": ((), output.group_nav[system]),
    }
    for name in rows[0]:
        for suffix, part in parts_of(name).items():
            table = np.array([[getattr(estimate, part) for estimate in row[name]] for row in rows])
            data[name + suffix] = (("fund", "level"), table[order])
            data[f"system_{name}{suffix}"] = (("level",), table[system])
    for name in plain[0]:
        for suffix, part in parts_of(name).items():
            column = np.array([getattr(row[name], part) for row in plain])
            data[name + suffix] = (("fund",), column[order])
            data[f"system_{name}{suffix}"] = ((), column[system])
    coords: dict[str, tuple[str, list[str] | list[float]]] = {
        **coordinates.of_funds(output, system=False),
        "level": ("level", level_values(output)),
    }
    if output.problem.funds.brokers:
        data |= _brokers(output)
        coords["prime_broker"] = ("prime_broker", list(output.problem.funds.brokers_file_order))
    return described(xr.Dataset(data, coords))


def _settled(output: SimulationOutput) -> Callable[[Estimate], Estimate]:
    """Without a random draw all paths are the same path: nothing is uncertain, however few they are."""
    if output.problem.shocks.model != "none":
        return lambda estimate: estimate
    return lambda estimate: (
        estimate if np.isnan(estimate.value) else Estimate(estimate.value, 0.0, estimate.value, estimate.value)
    )


def _by_level(output: SimulationOutput, row: int) -> dict[str, list[Estimate]]:
    settle, paths, sample = _settled(output), output.paths, output.sample
    loss, static = output.loss[row], output.loss_static[row]
    moments = Moments(
        paths=paths,
        loss=float(output.sums["fund_loss"][row]),
        loss_squared=float(output.squares["fund_loss"][row]),
        static=float(output.sums["fund_loss_static"][row]),
        static_squared=float(output.squares["fund_loss_static"][row]),
        cross=float(output.cross[row]),
    )
    ratio, difference = estimators.against_static_mean(moments)
    table: dict[str, list[Estimate]] = {
        "var": [NOTHING],
        "var_static": [NOTHING],
        "es": [estimators.mean(moments.loss, moments.loss_squared, paths)],
        "es_static": [estimators.mean(moments.static, moments.static_squared, paths)],
        "amplification": [ratio],
        "added_loss": [difference],
    }
    for level in output.problem.estimation.levels:
        table["var"].append(estimators.value_at_risk(loss, level))
        table["var_static"].append(estimators.value_at_risk(static, level))
        table["es"].append(estimators.expected_shortfall(loss, level))
        table["es_static"].append(estimators.expected_shortfall(static, level))
        ratio, difference = estimators.against_static(
            loss, static, level, sample.fund_loss[row], sample.fund_loss_static[row]
        )
        table["amplification"].append(ratio)
        table["added_loss"].append(difference)
    for name, metric in COURSES.items():
        distribution = output.distributions[metric][row]
        average = estimators.mean(float(output.sums[metric][row]), float(output.squares[metric][row]), paths)
        levels = output.problem.estimation.levels
        table[name.format("var")] = [NOTHING, *(estimators.value_at_risk(distribution, level) for level in levels)]
        table[name.format("es")] = [
            average,
            *(estimators.expected_shortfall(distribution, level) for level in levels),
        ]
    return {name: [settle(estimate) for estimate in estimates] for name, estimates in table.items()}


def _by_fund(output: SimulationOutput, row: int) -> dict[str, Estimate]:
    settle, paths, nav = _settled(output), output.paths, float(output.group_nav[row])
    table = {}
    for name, metric in AVERAGED.items():
        unit = nav if name.endswith("_usd") else 1.0
        sums, squares = output.sums[metric][row], output.squares[metric][row]
        rare = name.endswith("_usd")  # calls, sales and what is left of them: zero on most paths
        hits = int(output.counts[HITS[name]][row]) if name in HITS else None
        table[name] = settle(estimators.mean(float(sums) * unit, float(squares) * unit**2, paths, rare, hits))
    return table | {name: settle(one) for name, one in probabilities(output.counts, row, paths).items()}


def probabilities(counts: Mapping[str, npt.NDArray[np.int64]], row: int, paths: int) -> dict[str, Estimate]:
    """Of one row: of large losses, calls and defaults of any member, and of more than SHARES of its NAV.

    Args:
        counts: see `SimulationOutput.counts`.
        row: fund or system.
        paths: of the run.
    """
    table = {name: estimators.probability(int(counts[count][row]), paths) for name, count in COUNTED.items()}
    for kind, count in BY_SHARE.items():
        for over, share in SHARES.items():
            hits = int(counts[count][NAV_SHARES.index(share), row])
            table[f"prob_{kind}_{over}"] = estimators.probability(hits, paths)
    return table


def _brokers(output: SimulationOutput) -> dict[str, tuple[tuple[str, ...], Floats]]:
    settle, paths, nav = _settled(output), output.paths, float(output.group_nav[-1])
    funds = output.problem.funds
    order = file_order(funds.brokers, funds.brokers_file_order)
    data: dict[str, tuple[tuple[str, ...], Floats]] = {}

    def add(name: str, dims: tuple[str, ...], estimates: list[list[Estimate]]) -> None:
        for suffix, part in parts_of(name).items():
            table = np.array([[getattr(settle(one), part) for one in row] for row in estimates])
            data[name + suffix] = (dims, table if len(dims) == 2 else table[:, 0])

    sums, squares = output.broker_sums * nav, output.broker_squares * nav**2
    means = [estimators.mean(sums[b], squares[b], paths, rare=True) for b in order]
    add("broker_loss_mean", ("prime_broker",), [[one] for one in means])
    hits = output.counts["broker_loss"]
    add("broker_loss_prob", ("prime_broker",), [[estimators.probability(int(hits[b]), paths)] for b in order])
    by_level = ("prime_broker", "level")
    losses, levels = [output.broker_loss[b] for b in order], output.problem.estimation.levels
    add("broker_loss_var", by_level, [[NOTHING, *_in_usd(estimators.value_at_risk, d, levels, nav)] for d in losses])
    shortfalls = [_in_usd(estimators.expected_shortfall, d, levels, nav) for d in losses]
    add("broker_loss_es", by_level, [[average, *row] for average, row in zip(means, shortfalls, strict=True)])
    return data


def _in_usd(
    estimator: Callable[[Distribution, str], Estimate], loss: Distribution, levels: Sequence[str], nav: float
) -> list[Estimate]:
    found = [estimator(loss, level) for level in levels]
    return [Estimate(one.value * nav, one.se * nav, one.low * nav, one.high * nav) for one in found]
