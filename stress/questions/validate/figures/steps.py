"""Means by step, of all detailed paths and of those that are worst for the system, against the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.questions.validate.agreement import CLOSE, Compared
from stress.questions.validate.check import Check, largest
from stress.questions.validate.figures import expected
from stress.questions.validate.figures.parts import Parts
from stress.questions.validate.figures.quantiles import QUANTILES, quantiles
from stress.questions.validate.figures.tails import worst_paths
from stress.questions.validate.figures.told import Told
from stress.questions.validate.readings import groups, held_at_most
from stress.reference.state import TRIGGERS
from stress.scenarios.problem import Problem

Array = npt.NDArray[Any]
SLICES = {"worst_5pct": "0.05", "worst_1pct": "0.01", "worst_0.1pct": "0.001"}


class ByPath(NamedTuple):
    """What a figure is the mean of."""

    dims: tuple[str, ...]
    values: Array  # (*dims, path)
    unit: Array  # that a gap is relative to, of a shape that broadcasts to `dims`


def by_path(problem: Problem, compared: Compared) -> dict[str, ByPath]:
    """Every variable by step of the reference's paths, under its name in the result."""
    result, chosen = compared.result, groups(problem)
    nav, members = chosen @ problem.funds.nav, problem.funds.nav
    gross = max(1.0, float(compared.theirs["gross"].max()))

    def grouped(usd: Array) -> Array:
        """(..., member, path) -> (..., row, path)."""
        return np.asarray(np.einsum("gm,...mp->...gp", chosen, usd))

    loss, static = (grouped((1.0 - x) * members[:, None]) for x in (result.equity, result.equity_static))
    fund, share = ("step", "fund"), np.asarray(gross)
    usd = gross * nav
    sold, built = grouped(result.sold_by_trigger_usd), grouped(result.built_by_trigger_usd)
    called = np.diff(grouped(result.called_so_far_usd), axis=0, prepend=0.0)
    open_call = np.stack([result.open_call[:, mine].any(axis=1) for mine in chosen], axis=1)
    found = {
        "fund_loss": ByPath(fund, loss / nav[:, None], share),
        "fund_loss_static": ByPath(fund, static / nav[:, None], share),
        "added_loss": ByPath(fund, (loss - static) / nav[:, None], share),
        "open_call": ByPath(fund, open_call.astype(np.float64), np.ones(())),
        "called_usd": ByPath(fund, called, usd),
        "forced_sales_usd": ByPath(fund, grouped(result.forced_sales_step_usd), usd),
        "built_usd": ByPath(fund, grouped(result.built_usd_step), usd),
        "forced_sales_by_trigger_usd": ByPath(("step", "trigger", "fund"), sold, usd),
        "built_by_trigger_usd": ByPath(("step", "trigger", "fund"), built, usd),
    }
    for name, values in (
        ("exposure_usd", result.exposure_usd),
        ("gross_exposure_usd", result.exposure_gross_usd),
        ("forced_flow_by_fund_usd", result.forced_flow_by_fund_usd),
    ):
        by_row = np.einsum("gm,smap->sgap", chosen, values)
        found[name] = ByPath(("step", "fund", "asset"), by_row, usd[:, None])
    found |= _of_assets(problem, compared)
    for name in ("called_usd", "forced_sales_usd", "forced_sales_by_trigger_usd", "retail_purchases_usd"):
        if name in found:
            dims, values, unit = found[name]
            found[f"total_{name}"] = ByPath(dims[1:], values.sum(axis=0), unit)
    return found


def _of_assets(problem: Problem, compared: Compared) -> dict[str, ByPath]:
    result, asset, line = compared.result, ("step", "asset"), ("step",)

    def highest(values: Array) -> Array:
        return np.asarray(np.maximum(1.0, values.max(axis=(0, 2))))

    volatility = np.sqrt(result.variance_ratio)
    found = {
        "price": ByPath(asset, result.price, highest(result.price)),
        "volatility": ByPath(asset, volatility, highest(volatility)),
        "forced_flow_usd": ByPath(asset, result.forced_flow_usd, held_at_most(problem)),
    }
    if problem.cascade.feedback:  # else depth moves nothing
        found["depth"] = ByPath(asset, result.depth, highest(result.depth))
    retail = problem.outside.get("retail")
    if retail is not None:
        outlay = result.retail_by_asset_usd
        days = np.concatenate([np.zeros_like(result.retail_down_days[:1]), result.retail_down_days[:-1]])
        budget = result.retail_budget_usd
        found |= {
            "retail_purchases_usd": ByPath(asset, outlay, highest(outlay)),
            "retail_down_days": ByPath(line, days, np.asarray(float(problem.steps))),
            "retail_fatigue": ByPath(line, np.exp(-retail.fatigue * days), np.ones(())),
            "retail_budget_left_usd": ByPath(line, budget, np.maximum(1.0, np.asarray(budget.max()))),
        }
    return found


def by_step(part: str, tree: xr.DataTree, compared: Compared, parts: Parts) -> Iterator[Check]:
    """Every mean of the timeline, and of its worst slices."""
    problem, figures = compared.problem, by_path(compared.problem, compared)
    renamed = {"price": "price_mean", "depth": "depth_mean"}
    whole = {renamed.get(name, name): figure for name, figure in figures.items()}
    names = expected.of_steps(problem, compared.result)
    derived = {"amplification", "added_loss_usd", "loss_part", "loss_part_usd", "price_mean", *QUANTILES}
    wanted, known = expected.with_errors(names | derived), expected.with_errors({*whole, "depth"})
    yield from expected.held(part, "timeline", tree, wanted, known)
    line = Told(problem, tree, "timeline")
    yield from _means(part, "mean by step", line, whole, names | {"price_mean"}, {}, slice(None))
    yield from quantiles(part, line, compared)
    yield from _derived(part, line, compared, figures, parts)
    yield from expected.held(
        part, "tail_timeline", tree, expected.with_errors(names | {"price"}), expected.with_errors(figures)
    )
    tail, system = Told(problem, tree, "tail_timeline"), compared.result.group_loss[-1:]
    for word, share in SLICES.items():
        worst = worst_paths(system, share)[0]
        yield from _means(part, f"mean by step, {word}", tail, figures, names | {"price"}, {"slice": word}, worst)


def _means(
    part: str,
    words: str,
    told: Told,
    figures: Mapping[str, ByPath],
    wanted: set[str],
    at: Mapping[str, str],
    paths: Any,
) -> Iterator[Check]:
    for name, (dims, values, unit) in figures.items():
        if name not in wanted and name not in told.table:
            continue
        ours, gap = told.array(name, dims, at, {"trigger": [*TRIGGERS]} if "trigger" in dims else None), np.inf
        mean = values[..., paths].mean(axis=-1)
        if ours is not None and ours.shape == mean.shape:
            gap = largest(np.abs(ours - mean) / unit)
        yield Check(part, f"{words}: {name.replace('_', ' ')}", gap, CLOSE)


def _derived(part: str, told: Told, compared: Compared, figures: Mapping[str, ByPath], parts: Parts) -> Iterator[Check]:
    """Amplification, added loss in USD and the parts of the loss by step."""
    problem, dims = compared.problem, ("step", "fund")
    nav = groups(problem) @ problem.funds.nav
    gross = float(figures["fund_loss"].unit)
    loss, static = (figures[name].values.mean(axis=-1) for name in ("fund_loss", "fund_loss_static"))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(static >= 1e-3, loss / static, np.nan)
    said, gap = told.array("amplification", dims), np.inf
    if said is not None:
        near = np.abs(static - 1e-3) < CLOSE  # rounding decides whether there is a ratio
        unlike = (np.isnan(said) != np.isnan(ratio)) & ~near
        gap = largest(np.where(unlike, np.inf, np.nan_to_num(np.abs(said - ratio)) / np.maximum(1.0, gross)))
    yield Check(part, "by step: amplification", gap, CLOSE / 1e-3 * max(1.0, float(np.abs(np.nan_to_num(ratio)).max())))
    said = told.array("added_loss_usd", dims)
    gap = np.inf if said is None else largest(np.abs(said / nav - (loss - static)) / gross)
    yield Check(part, "by step: added loss usd", gap, CLOSE)
    for name, unit in (("loss_part", np.ones(len(nav))), ("loss_part_usd", nav)):
        for label, values in parts.by_step.items():
            said = told.array(name, dims, {"part": label})
            gap = np.inf if said is None else largest(np.abs(said / unit - values.mean(axis=-1)) / gross)
            yield Check(part, f"by step: {name.replace('_', ' ')}, {label.replace('_', ' ')}", gap, CLOSE)
