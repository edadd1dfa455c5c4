"""The figures that a result has to hold, group by group: one that is absent fails, and so does one nobody looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import xarray as xr

from stress.questions.validate.check import Check
from stress.reference.result import Result
from stress.results.dataset.tables import LARGEST_TABLE
from stress.scenarios.problem import Problem

COURSES = ("trough_var", "trough_es", "trough_var_static", "trough_es_static", "drawdown_var", "drawdown_es")
BY_LEVEL = ("var", "es", "var_static", "es_static", "amplification", "added_loss", *COURSES)
IN_USD = ("expected_called_usd", "expected_forced_sales_usd", "expected_unliquidated_usd")
OVER = ("prob_called_over_10pct", "prob_called_over_50pct", "prob_defaulted_over_10pct", "prob_defaulted_over_50pct")
PROBABILITIES = ("prob_loss_over_20pct", "prob_margin_call", "prob_default", *OVER)
MEANS = ("mean_loss", "called_nav_share", "defaulted_nav_share", "expected_max_drawdown", *IN_USD)
BROKERS = ("broker_loss_mean", "broker_loss_prob", "broker_loss_var", "broker_loss_es")
HISTOGRAMS = ("loss", "loss_static", "trough", "trough_static", "drawdown")
SHARES_OVER = ("called_over", "defaulted_over")
ATTRIBUTION = ("contribution", "forgone_by_selling", "loss_part", "loss_part_usd")
CONTRIBUTIONS = ("es_contribution", "es_contribution_by_asset", "mes", "covar", "delta_covar")


def with_interval(name: str) -> bool:
    """Whether a figure of the summary has the ends of an interval beside its error."""
    return not (name.endswith("_static") or name == "broker_loss_mean" or name.startswith("expected_"))


def of_summary(problem: Problem) -> set[str]:
    """Every variable of the summary."""
    every = (*BY_LEVEL, *MEANS, *PROBABILITIES)
    names = [*every, *(f"system_{name}" for name in every), *(BROKERS if problem.funds.brokers else ())]
    found = {"nav_usd", "system_nav_usd"}
    for name in names:
        parts = ("", "_se", "_ci_low", "_ci_high") if with_interval(name.removeprefix("system_")) else ("", "_se")
        found |= {name + part for part in parts}
    return found


def of_steps(problem: Problem, result: Result) -> set[str]:
    """Means by step that every table by step has to hold, without those that only the whole timeline has."""
    funds = {"called_usd", "forced_sales_usd", "fund_loss", "fund_loss_static", "added_loss", "open_call"}
    names = funds | {"forced_flow_usd", "total_called_usd", "total_forced_sales_usd"}
    rows = len(problem.funds.types) + 1
    if problem.steps * rows * len(problem.assets.ids) <= LARGEST_TABLE:
        names |= {"exposure_usd", "gross_exposure_usd", "forced_flow_by_fund_usd"}
    if (result.sold_by_trigger_usd != 0).any():
        names |= {"forced_sales_by_trigger_usd", "total_forced_sales_by_trigger_usd"}
    if (result.built_by_trigger_usd != 0).any():
        names |= {"built_usd", "built_by_trigger_usd"}
    if (result.retail_usd != 0).any():
        names |= {"retail_purchases_usd", "total_retail_purchases_usd"}
        names |= {"retail_down_days", "retail_fatigue", "retail_budget_left_usd"}
    return names


def held(part: str, group: str, tree: xr.DataTree, names: Iterable[str], known: Iterable[str] = ()) -> Iterator[Check]:
    """Two checks: which of `names` a group lacks, and what it holds besides them and `known`."""
    table = tree[group].to_dataset() if group in tree.children else xr.Dataset()
    wanted, there = {*names}, {*map(str, table.data_vars)}
    absent, unknown = sorted(wanted - there), sorted(there - wanted - {*known})
    yield Check(part, f"figures missing in `{group}`", len(absent), 0, ", ".join(absent))
    yield Check(part, f"figures of `{group}` that nothing is compared with", len(unknown), 0, ", ".join(unknown))


def with_errors(names: Iterable[str]) -> set[str]:
    """Figures and the standard error of each."""
    return {name + part for name in names for part in ("", "_se")}
