"""The summary of a run recomputed from its stored paths by plain NumPy."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import xarray as xr

from stress.questions.validate.check import Check, largest
from stress.questions.validate.engine import by_path
from stress.questions.validate.kernels import Floats
from stress.questions.validate.readings import groups
from stress.scenarios.problem import Problem

CLOSE = 1e-9
SMALLEST_STATIC = 1e-3  # an amplification over less says nothing
RESAMPLES = 200
ERROR_RATIO = 1.5  # of a standard error to that of a bootstrap, either way
SHARES = {"10pct": 0.1, "50pct": 0.5}
FEWEST_IN_TAIL = 100  # for errors to be compared with a bootstrap


def value_at_risk(loss: Floats, level: str) -> Floats:
    """Order statistic of rank `ceil(p N)` of each row, (row,)."""
    paths = loss.shape[1]
    rank = max(1, math.ceil(Fraction(level) * paths))
    return np.asarray(np.sort(loss, axis=1)[:, rank - 1])


def expected_shortfall(loss: Floats, level: str) -> Floats:
    """Mean of the worst `(1 - p) N` of each row, the boundary one counted in part, (row,)."""
    mass = (1 - Fraction(level)) * loss.shape[1]
    worst = -np.sort(-loss, axis=1)
    whole = int(mass)
    total = worst[:, :whole].sum(axis=1)
    if mass > whole:
        total = total + float(mass - whole) * worst[:, whole]
    return np.asarray(total / float(mass))


def recomputed(part: str, problem: Problem, tree: xr.DataTree) -> Iterator[Check]:
    """Every figure of the summary that stored paths decide, in a run with `store = "paths"` in float64."""
    summary, found = tree["summary"].to_dataset(), by_path(problem, tree)
    types = list(problem.funds.types)
    nav = groups(problem)[:-1] @ problem.funds.nav
    levels = problem.estimation.levels
    risks = {
        "": ("group_loss", "group_loss_static"),
        "trough_": ("trough", "trough_static"),
        "drawdown_": ("max_drawdown", None),
    }
    for prefix, names in risks.items():
        for name, static in zip(names, ("", "_static"), strict=True):
            if name is None or name not in found or f"{prefix}var{static}" not in summary:
                continue
            for measure, by_hand in (("var", value_at_risk), ("es", expected_shortfall)):
                variable = f"{prefix}{measure}{static}"
                for level in levels:
                    ours = np.asarray(summary[variable].sel(fund=types, level=float(level)))
                    if name == "group_loss":
                        ours = np.append(ours, float(summary[f"system_{variable}"].sel(level=float(level))))
                    yield Check(
                        part, f"{variable} at {level}", _gap(ours, by_hand(found[name][: len(ours)], level)), CLOSE
                    )
    yield from _amplification(part, summary, found, types, levels)
    means = {
        "mean_loss": (found["group_loss"][:-1], 1.0),
        "expected_called_usd": (found["called"], nav),
        "expected_forced_sales_usd": (found["forced_sales"], nav),
        "expected_unliquidated_usd": (found["unliquidated"], nav),
        "expected_max_drawdown": (found["max_drawdown"], 1.0),
        "called_nav_share": (found.get("called_share"), 1.0),
        "defaulted_nav_share": (found.get("defaulted_share"), 1.0),
        "prob_loss_over_20pct": (found["group_loss"][:-1] > 0.2, 1.0),
        "prob_margin_call": (found["first_call_step"] > 0, 1.0),
        "prob_default": (found["defaulted"], 1.0),
    }
    for kind in ("called", "defaulted"):
        if f"{kind}_share" in found:
            above = {f"prob_{kind}_over_{name}": found[f"{kind}_share"] > share for name, share in SHARES.items()}
            means |= {name: (values, 1.0) for name, values in above.items()}
    for variable, (values, unit) in means.items():
        if values is not None and variable in summary:
            ours = np.asarray(summary[variable].sel(fund=types)) / unit
            yield Check(part, variable, _gap(ours, np.mean(values, axis=1, dtype=np.float64)), CLOSE)
    yield from _counts(part, tree, found, types)
    if problem.shocks.model != "none":
        yield from _errors(part, summary, found, types, levels)


def _gap(ours: Floats, theirs: Floats) -> float:
    return largest(np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs)))


def _amplification(
    part: str, summary: xr.Dataset, found: dict[str, Floats], types: list[str], levels: tuple[str, ...]
) -> Iterator[Check]:
    loss, static = found["group_loss"][:-1], found["group_loss_static"][: len(types)]
    for level in ("0", *levels):
        ours, theirs = (expected_shortfall(x, level) for x in (loss, static))
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(theirs >= SMALLEST_STATIC, ours / theirs, np.nan)
        for name, expected in (("amplification", ratio), ("added_loss", ours - theirs)):
            said = np.asarray(summary[name].sel(fund=types, level=float(level)))
            unlike = np.isnan(said) != np.isnan(expected)
            gap = np.where(unlike, np.inf, np.nan_to_num(np.abs(said - expected)))
            allowed = CLOSE / SMALLEST_STATIC if name == "amplification" else CLOSE  # a quotient of means so close
            yield Check(part, f"{name} at {level}", largest(gap), allowed)


def _counts(part: str, tree: xr.DataTree, found: dict[str, Floats], types: list[str]) -> Iterator[Check]:
    """The histograms hold every path in the right bin."""
    table = tree["distribution"].to_dataset()
    names = {"loss": "group_loss", "loss_static": "group_loss_static", "trough": "trough", "drawdown": "max_drawdown"}
    for variable, name in names.items():
        if variable not in table or name not in found:
            continue
        counts = np.asarray(table[variable].sel(fund=types))
        low, high = np.asarray(table["bin_low"]), np.asarray(table["bin_high"])
        wrong = np.abs(counts.sum(axis=1) - found[name].shape[1]).sum()
        for row, values in enumerate(found[name][: len(types)].astype(np.float32)):  # bins are of float32 bits
            # at an edge a bin may hold its lower or its upper end: both ways of counting bound the exact one
            closed = [
                np.searchsorted(np.sort(values), edge, side) for side in ("left", "right") for edge in (low, high)
            ]
            least = closed[1] - closed[2]
            most = closed[3] - closed[0]
            wrong += int(((counts[row] < least) | (counts[row] > most)).sum())
        yield Check(part, f"histogram of {variable}: bins with another count", float(wrong), 0)


def _errors(
    part: str, summary: xr.Dataset, found: dict[str, Floats], types: list[str], levels: tuple[str, ...]
) -> Iterator[Check]:
    """Standard errors against those of a bootstrap over the paths, where the tail is not thin."""
    loss = found["group_loss"][: len(types)]
    paths = loss.shape[1]
    rng = np.random.default_rng(1)
    picks = rng.integers(0, paths, (RESAMPLES, paths))
    compared = [("mean_loss", "0"), *(("es", level) for level in levels), *(("var", level) for level in levels)]
    for variable, level in compared:
        if level != "0" and float((1 - Fraction(level)) * paths) < FEWEST_IN_TAIL:
            continue
        by_hand = value_at_risk if variable == "var" else expected_shortfall
        samples = np.stack([by_hand(loss[:, pick], level) for pick in picks])
        table = summary[f"{variable}_se"].sel(fund=types)
        said = np.asarray(table if variable == "mean_loss" else table.sel(level=float(level)))
        spread = samples.std(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(spread > 0, said / spread, 1.0)
            off = np.exp(np.abs(np.log(ratio)))
        name = variable if variable == "mean_loss" else f"{variable} at {level}"
        yield Check(part, f"standard error of {name} over a bootstrap's", largest(off), ERROR_RATIO, "or its inverse")
