"""The summary of a run recomputed from its stored paths by plain NumPy: fund types, the system and prime brokers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stress.questions.validate.check import Check, largest
from stress.questions.validate.engine import Run, every_path
from stress.questions.validate.figures import errors, expected
from stress.questions.validate.figures.histograms import histograms
from stress.questions.validate.figures.tails import expected_shortfall, value_at_risk
from stress.questions.validate.figures.told import Floats, Told, relative_gap
from stress.questions.validate.readings import Readings, groups
from stress.results.statistics.simulation_output import ROUNDING
from stress.scenarios.problem import Problem

CLOSE = 1e-9
SMALLEST_STATIC = 1e-3  # an amplification over less says nothing
LARGE_LOSS = 0.2
SUMMED_TO = 2.0**-32  # of NAV: what each path's value is rounded to in exact sums
TINY = 1e-15
SHARES = {"10pct": 0.1, "50pct": 0.5}
RISKS = {  # prefix and ending of VaR and ES -> what they are of
    ("", ""): "group_loss",
    ("", "_static"): "group_loss_static",
    ("trough_", ""): "trough",
    ("trough_", "_static"): "trough_static",
    ("drawdown_", ""): "max_drawdown",
}
USD = {  # mean of a USD amount -> fraction of NAV
    "expected_called_usd": "called",
    "expected_forced_sales_usd": "forced_sales",
    "expected_unliquidated_usd": "unliquidated",
}


def recomputed(part: str, problem: Problem, run: Run) -> Iterator[Check]:
    """Every figure of the summary, in a run with `store = "paths"` in float64."""
    found, told = every_path(run.output), Told(problem, run.tree, "summary")
    yield from expected.held(part, "summary", run.tree, expected.of_summary(problem))
    nav = groups(problem) @ problem.funds.nav
    yield Check(part, "nav_usd", relative_gap(told.rows("nav_usd"), nav), CLOSE)
    for (prefix, ending), name in RISKS.items():
        for measure, by_hand in (("var", value_at_risk), ("es", expected_shortfall)):
            variable = f"{prefix}{measure}{ending}"
            for level in (*(("0",) if measure == "es" else ()), *problem.estimation.levels):
                gap = relative_gap(told.rows(variable, level), by_hand(found[name], level))
                yield Check(part, f"{variable} at {level}", gap, CLOSE)
    yield from _amplification(part, problem, told, found)
    for variable, by_path in of_each_path(found).items():
        unit = nav if variable in USD else 1.0
        mean = np.asarray(np.mean(by_path, axis=1, dtype=np.float64))
        yield Check(part, variable, relative_gap(told.rows(variable) / unit, mean), CLOSE)
    yield from _brokers(part, problem, told, found)
    yield from histograms(part, problem, run.tree, found)
    if problem.shocks.model != "none":
        yield from errors.against_bootstrap(part, problem, told, found)
        yield from errors.of_means(part, told, of_each_path(found), found["broker_loss"])
    yield errors.intervals(part, told)


def of_each_path(found: Readings) -> dict[str, Floats]:
    """What each mean and probability of the summary is the mean of, (row, path); amounts over NAV."""
    means = {
        "mean_loss": found["group_loss"],
        "expected_max_drawdown": found["max_drawdown"],
        "called_nav_share": found["called_share"],
        "defaulted_nav_share": found["defaulted_share"],
        "prob_loss_over_20pct": found["group_loss"] > LARGE_LOSS,
        "prob_margin_call": found["first_call_step"] > 0,
        "prob_default": found["defaulted"],
    }
    means |= {name: found[reading] for name, reading in USD.items()}
    for kind in ("called", "defaulted"):
        for name, share in SHARES.items():
            means[f"prob_{kind}_over_{name}"] = found[f"{kind}_share"] > share + ROUNDING
    return means


def _amplification(part: str, problem: Problem, told: Told, found: Readings) -> Iterator[Check]:
    for level in ("0", *problem.estimation.levels):
        ours, theirs = (expected_shortfall(found[name], level) for name in ("group_loss", "group_loss_static"))
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(theirs >= SMALLEST_STATIC, ours / theirs, np.nan)
        for name, by_hand in (("amplification", ratio), ("added_loss", ours - theirs)):
            said = told.rows(name, level)
            unlike = np.isnan(said) != np.isnan(by_hand)
            gap = np.where(unlike, np.inf, np.nan_to_num(np.abs(said - by_hand)))
            allowed = CLOSE / SMALLEST_STATIC if name == "amplification" else CLOSE  # a quotient of means so close
            yield Check(part, f"{name} at {level}", largest(gap), allowed)


def _brokers(part: str, problem: Problem, told: Told, found: Readings) -> Iterator[Check]:
    if not problem.funds.brokers:
        return
    loss, nav = found["broker_loss"], problem.funds.nav.sum()
    share = (loss > 0.0).mean(axis=1)
    yield Check(part, "broker_loss_prob", relative_gap(told.by_broker("broker_loss_prob"), share), CLOSE)
    gap = np.abs(told.by_broker("broker_loss_mean") / nav - loss.mean(axis=1)) / (SUMMED_TO * share + TINY)
    yield Check(part, "broker_loss_mean", largest(gap), 1.0, "in roundings of each path's loss, which is mostly zero")
    for name, measure in (("broker_loss_var", value_at_risk), ("broker_loss_es", expected_shortfall)):
        for level in (*(("0",) if measure is expected_shortfall else ()), *problem.estimation.levels):
            gap = relative_gap(told.by_broker(name, level) / nav, measure(loss, level))
            yield Check(part, f"{name} at {level}", gap, CLOSE)
