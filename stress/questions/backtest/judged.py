"""The tests of every forecast, as a labelled dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.questions.backtest.rolling import TAIL, Forecasts, Plan
from stress.results.statistics.backtests.acerbi_szekely import p_value, simulated_z2, z2
from stress.results.statistics.backtests.block_bootstrap import overlapping_coverage
from stress.results.statistics.backtests.christoffersen import conditional_coverage, independence, transitions
from stress.results.statistics.backtests.kupiec import kupiec
from stress.results.statistics.backtests.pit import berkowitz, uniformity
from stress.results.statistics.backtests.quantile_score import quantile_score, score_difference
from stress.results.statistics.backtests.traffic_light import traffic_light

Floats = npt.NDArray[np.float64]
SIMULATIONS = 10_000  # of Z2
P = "p-value"
BY_LEVEL = {
    "exceptions": ("losses above VaR", "1"),
    "expected_exceptions": ("as many as the level says", "1"),
    "kupiec_p": (f"{P} of unconditional coverage (Kupiec)", "1"),
    "independence_p": (f"{P} of independence from the day before (Christoffersen)", "1"),
    "conditional_coverage_p": (f"{P} of both at once (Christoffersen)", "1"),
    "cumulative": ("chance of so many exceptions or fewer where the forecast is right", "1"),
    "zone": ("traffic light of that chance", ""),
    "quantile_score": ("mean quantile score, lower is better", "USD"),
    "score_p": (f"{P} of a score as good as that of the best model (Diebold-Mariano)", "1"),
    "mean_var": ("mean VaR", "USD"),
    "mean_es": ("mean ES", "USD"),
}
OVERLAPPING = {
    **{name: BY_LEVEL[name] for name in ("exceptions", "expected_exceptions")},
    "coverage_p": (f"{P} of unconditional coverage by a block bootstrap", "1"),
}
BY_MODEL = {
    "z2": (f"second test of Acerbi and Szekely, ES at {1 - TAIL:g}; below 0: losses larger than said", "1"),
    "z2_p": (f"{P} of it, its law simulated from the forecasts", "1"),
    "ks": ("Kolmogorov-Smirnov distance of the PIT from the uniform law", "1"),
    "ks_p": (f"{P} of that distance", "1"),
    "berkowitz_p": (f"{P} of the PIT's mean, variance and autocorrelation (Berkowitz)", "1"),
}


def judge(made: Mapping[int, Forecasts], funds: tuple[str, ...], plan: Plan, dates: tuple[str, ...]) -> xr.DataTree:
    """A group a horizon (`days_1`, `days_10`), with forecasts by day and the tests of them."""
    return xr.DataTree.from_dict({f"days_{h}": _horizon(one, funds, plan, dates) for h, one in made.items()})


def _horizon(made: Forecasts, funds: tuple[str, ...], plan: Plan, dates: tuple[str, ...]) -> xr.Dataset:
    shape = (len(plan.models), len(funds), len(plan.levels))
    by_level: dict[str, npt.NDArray[Any]] = {name: np.full(shape, np.nan) for name in BY_LEVEL}
    by_level["zone"] = np.full(shape, "", "U6")
    by_model = {name: np.full(shape[:2], np.nan) for name in BY_MODEL}
    scores = np.empty((*shape, len(made.days)))
    for m in range(shape[0]):
        for f in range(shape[1]):
            _by_model(by_model, made, m, f, plan)
            for n, level in enumerate(plan.levels):
                scores[m, f, n] = quantile_score(made.losses[:, f], made.var[m, :, f, n], level)
                _by_level(by_level, made, m, f, n, level)
    by_level["quantile_score"] = scores.mean(axis=-1)
    best = np.argmin(by_level["quantile_score"], axis=0)
    for m, f, n in np.ndindex(shape):
        by_level["score_p"][m, f, n] = score_difference(scores[m, f, n], scores[best[f, n], f, n]).p_value
    usd = {"units": "USD"}
    data: dict[str, Any] = {
        "loss": (("day", "fund"), made.losses, usd | {"long_name": "what the book of today lost"}),
        "var": (("model", "day", "fund", "level"), made.var, usd | {"long_name": "forecast VaR"}),
        "es": (("model", "day", "fund", "level"), made.es, usd | {"long_name": "forecast ES"}),
        "pit": (
            ("model", "day", "fund"),
            made.ranks,
            {"units": "1", "long_name": "rank of the loss in its forecast (probability integral transform)"},
        ),
    }
    for names, values, dims in (
        (BY_LEVEL, by_level, ("model", "fund", "level")),
        (BY_MODEL, by_model, ("model", "fund")),
    ):
        for name, (text, unit) in names.items():
            data[name] = (dims, values[name], {"long_name": text, "units": unit})
    return xr.Dataset(
        data,
        {
            "model": list(plan.models),
            "fund": list(funds),
            "level": list(plan.levels),
            "day": np.array([dates[day] for day in made.days], "datetime64[ns]"),
        },
        {"horizon_days": made.horizon, "window": plan.window, "refit": plan.refit, "draws": plan.draws},
    )


def judge_overlapping(made: Mapping[int, Forecasts], funds: tuple[str, ...], plan: Plan) -> dict[str, xr.Dataset]:
    """Coverage of forecasts that overlap, a dataset a horizon (`overlapping_10`): p by blocks of twice the horizon."""
    shape = (len(plan.models), len(funds), len(plan.levels))
    dims, found = ("model", "fund", "level"), {}
    for horizon, one in made.items():
        values = {name: np.full(shape, np.nan) for name in OVERLAPPING}
        for m, f, n in np.ndindex(shape):
            beyond, chance = one.losses[:, f] > one.var[m, :, f, n], 1 - plan.levels[n]
            values["exceptions"][m, f, n] = beyond.sum()
            values["expected_exceptions"][m, f, n] = chance * len(beyond)
            values["coverage_p"][m, f, n] = overlapping_coverage(beyond, chance, 2 * horizon, seed=plan.seed)
        data = {
            name: (dims, values[name], {"long_name": text, "units": unit}) for name, (text, unit) in OVERLAPPING.items()
        }
        coords = {"model": list(plan.models), "fund": list(funds), "level": list(plan.levels)}
        about = {"horizon_days": horizon, "forecasts": len(one.days), "block_days": 2 * horizon}
        found[f"overlapping_{horizon}"] = xr.Dataset(data, coords, about)
    return found


def _by_level(into: dict[str, npt.NDArray[Any]], made: Forecasts, m: int, f: int, n: int, level: float) -> None:
    beyond, days, chance = made.losses[:, f] > made.var[m, :, f, n], len(made.days), 1 - level
    count, light = int(beyond.sum()), traffic_light(int(beyond.sum()), days, chance)
    values = {
        "exceptions": count,
        "expected_exceptions": days * chance,
        "kupiec_p": kupiec(count, days, chance).p_value,
        "independence_p": independence(transitions(beyond)).p_value,
        "conditional_coverage_p": conditional_coverage(beyond, chance).p_value,
        "cumulative": light.cumulative,
        "zone": light.zone,
        "mean_var": made.var[m, :, f, n].mean(),
        "mean_es": made.es[m, :, f, n].mean(),
    }
    for name, value in values.items():
        into[name][m, f, n] = value


def _by_model(into: dict[str, Floats], made: Forecasts, m: int, f: int, plan: Plan) -> None:
    at = [n for n, level in enumerate(plan.levels) if abs(level - (1 - TAIL)) < 1e-9]
    var, es = made.var[m, :, f, at[0]], made.es[m, :, f, at[0]]
    if np.all(es > 0):
        found = z2(made.losses[:, f], var, es, TAIL)
        into["z2"][m, f] = found
        into["z2_p"][m, f] = p_value(found, simulated_z2(made.tails[m, :, f], TAIL, SIMULATIONS, plan.seed))
    uniform = uniformity(made.ranks[m, :, f])
    into["ks"][m, f], into["ks_p"][m, f] = uniform
    into["berkowitz_p"][m, f] = berkowitz(made.ranks[m, :, f]).p_value
