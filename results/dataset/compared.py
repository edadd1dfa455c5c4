"""Two results side by side: every figure of the summary in both, the difference and its standard error."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.dataset.shared_paths import Errors, draws_that_differ
from stress.results.dataset.units import description
from stress.results.fund_groups.in_both import groups_in_both
from stress.results.statistics.few_paths import two_sided_p

Floats = npt.NDArray[np.float64]

BY_LEVEL = ("var", "es", "trough_var", "trough_es", "drawdown_var", "drawdown_es", "amplification", "added_loss")
BY_FUND = (
    "mean_loss",
    "prob_loss_over_20pct",
    "prob_margin_call",
    "called_nav_share",
    "prob_called_over_10pct",
    "prob_called_over_50pct",
    "prob_default",
    "defaulted_nav_share",
    "prob_defaulted_over_10pct",
    "prob_defaulted_over_50pct",
    "expected_called_usd",
    "expected_forced_sales_usd",
)
SYSTEM = "system"
PURE = ("bound", "z")  # numbers without a unit
T = TypeVar("T")


def compared(a: xr.DataTree, b: xr.DataTree) -> xr.Dataset:
    """The summaries of two results on the funds and levels that both have, B less A.

    The standard error of a difference between runs with different seeds is `sqrt(se_a^2 + se_b^2)`. Runs with the same
    seed are paired path by path over the first paths that both keep (`stress.results.statistics.paired`), which holds
    whether they draw the same shocks (same assets and steps) or not. Where paths or their metrics are missing, or too
    few have a say, it is `se_a + se_b`, an upper bound however the two are correlated.

    Returns:
        Dims fund (order of A, groups of funds that both have or that are all funds of one, "system" last) and level
        (0 = the mean). For every NAME of BY_LEVEL (fund, level) and of BY_FUND (fund): NAME_a, NAME_b,
        NAME_difference, NAME_difference_se (unit of NAME), NAME_bound (1 where that error is an upper bound), NAME_z,
        the difference over its standard error (NaN where that is zero or unknown), and NAME_p, its two-sided p-value,
        adjusted for all differences of this dataset (see `holm`). Attributes: same_seed (0 or 1), paired_paths (how
        many; 0 with other seeds, and of groups none), differences (how many have a p-value), and, as JSON lists,
        draws_differ_by (what keeps runs with one seed from sharing their draws) and what only one of them has:
        funds_only_in_a, funds_only_in_b, levels_only_in_a, levels_only_in_b.
    """
    first, second = a["summary"].to_dataset(), b["summary"].to_dataset()
    funds, *alone = _shared(_funds(first), _funds(second))
    levels, *levels_alone = _shared(_levels(first), _levels(second))
    errors, groups = Errors(a, b), groups_in_both(a, b)
    of_groups = [(x["summary"].to_dataset(), y["summary"].to_dataset(), Errors(x, y)) for x, y in groups.values()]
    data: dict[str, Any] = {}
    p_values: dict[str, Floats] = {}
    for name in (*BY_LEVEL, *BY_FUND):
        units, long_name = description(name)
        dims = ("fund", "level") if name in BY_LEVEL else ("fund",)
        at = levels if name in BY_LEVEL else None
        every = _figures(name, first, second, errors, funds, at)
        parts = [_figures(name, *sides, [], at) for sides in of_groups]
        value_a, value_b, error, bound, rests_on = (
            np.concatenate([one[:-1], *(part[i] for part in parts), one[-1:]]) for i, one in enumerate(every)
        )
        difference, known = value_b - value_a, (error > 0) & np.isfinite(error)
        columns = {
            "a": (value_a, f"A: {long_name}"),
            "b": (value_b, f"B: {long_name}"),
            "difference": (difference, f"B less A: {long_name}"),
            "difference_se": (error, f"standard error of B less A: {long_name}"),
            "bound": (bound, f"whether the error is an upper bound: {long_name}"),
            "z": (
                np.divide(difference, error, out=np.full_like(difference, np.nan), where=known),
                f"B less A over its standard error: {long_name}",
            ),
        }
        for suffix, (values, text) in columns.items():
            data[f"{name}_{suffix}"] = (dims, values, {"units": "1" if suffix in PURE else units, "long_name": text})
        p_values[name] = np.vectorize(two_sided_p, otypes=[float])(data[f"{name}_z"][1], rests_on)
    differences = _add_p_values(data, p_values)
    coords = {
        name: (name, values, dict(zip(("units", "long_name"), description(name), strict=True)))
        for name, values in {"fund": [*funds, *groups, SYSTEM], "level": levels}.items()
    }
    about: dict[str, Any] = {
        "same_seed": int(errors.same_seed),
        "paired_paths": errors.paired_paths,
        "draws_differ_by": json.dumps(draws_that_differ(a, b) if errors.same_seed else []),
        "differences": differences,
        "funds_only_in_a": json.dumps(alone[0]),
        "funds_only_in_b": json.dumps(alone[1]),
        "levels_only_in_a": json.dumps(levels_alone[0]),
        "levels_only_in_b": json.dumps(levels_alone[1]),
    }
    return xr.Dataset(data, coords, about)


def _figures(
    name: str, first: xr.Dataset, second: xr.Dataset, errors: Errors, funds: list[str], levels: list[float] | None
) -> tuple[npt.NDArray[Any], ...]:
    """Of two summaries, the system last: both values, the error of the difference, whether it is a bound, its paths."""
    (value_a, error_a), (value_b, error_b) = (_table(summary, name, funds, levels) for summary in (first, second))
    sides = (_none_at_zero(value_a, error_a), _none_at_zero(value_b, error_b))
    return value_a, value_b, *errors.of(name, [*funds, SYSTEM], levels, *sides)


def _none_at_zero(value: Floats, error: Floats) -> Floats:
    """Errors, 0 where nothing happened on any path: what is known of a difference then comes from the other run."""
    return np.where((value == 0) & np.isinf(error), 0.0, error)


def _add_p_values(data: dict[str, Any], p_values: dict[str, Floats]) -> int:
    """Put NAME_p, adjusted for their number, beside every NAME_z; returns how many there are."""
    adjusted = holm(np.concatenate([values.ravel() for values in p_values.values()]))
    ends = np.cumsum([values.size for values in p_values.values()])
    for (name, values), part in zip(p_values.items(), np.split(adjusted, ends[:-1]), strict=True):
        long_name = f"p-value of B less A, adjusted for all differences compared (Holm): {description(name)[1]}"
        data[f"{name}_p"] = (data[f"{name}_z"][0], part.reshape(values.shape), {"units": "1", "long_name": long_name})
    return int(np.isfinite(adjusted).sum())


def holm(p_values: Floats) -> Floats:
    """p-values adjusted for their number, (test,); NaN stays NaN and is not counted.

    Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6: the
    k-th smallest of m becomes the largest of `(m - i + 1) p_i` for `i <= k`, at most 1. Calling those under a
    threshold significant errs at all with that probability at most, however the tests depend on each other.
    """
    adjusted = np.full(p_values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    weights = np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(weights * p_values[order]), 1.0)
    return adjusted


def only_in(numbers: xr.Dataset, kind: str, side: str) -> list[Any]:
    """What one run alone has: `kind` "funds" or "levels", `side` "a" or "b"."""
    found: list[Any] = json.loads(numbers.attrs[f"{kind}_only_in_{side}"])
    return found


def same_numbers(a: xr.DataTree, b: xr.DataTree) -> bool:
    """Whether the whole summaries are equal to the last bit, NaN to NaN."""
    return a["summary"].to_dataset().equals(b["summary"].to_dataset())


def _funds(summary: xr.Dataset) -> list[str]:
    return [str(fund) for fund in summary["fund"].values]


def _levels(summary: xr.Dataset) -> list[float]:
    return [float(level) for level in summary["level"].values]


def _shared(a: Sequence[T], b: Sequence[T]) -> tuple[list[T], list[T], list[T]]:
    """What both have, what A alone has, what B alone has."""
    return [x for x in a if x in b], [x for x in a if x not in b], [x for x in b if x not in a]


def _table(summary: xr.Dataset, name: str, funds: list[str], levels: list[float] | None) -> tuple[Floats, Floats]:
    """Values and standard errors (fund, level) or (fund,), the system last."""
    found = []
    for variable in (name, f"{name}_se"):
        one = summary[variable].sel(fund=funds)
        system = summary[f"system_{variable}"]
        if levels is not None:
            one, system = one.sel(level=levels).transpose("fund", "level"), system.sel(level=levels)
        found.append(np.concatenate([one.values, system.values[None]]).astype(np.float64))
    return found[0], found[1]
