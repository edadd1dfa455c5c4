"""What kernels and reference say of the same paths, under one name and in one unit.

Amounts are fractions of the start NAV of their fund or group, flows fractions of all that is held of the asset where
every book is full. The last axis is the path. Groups are fund types and, last, the system.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stress.engine.detail.by_name import by_name
from stress.questions.validate.kernels import Simulated
from stress.reference.result import Result
from stress.reference.state import CAUSES, TRIGGERS
from stress.results.dataset.components import component_names
from stress.scenarios.problem import Problem

Array = npt.NDArray[Any]
Readings = dict[str, Array]
EXACT = ("first_call_step", "defaulted", "default", "open_call", "at_round_limit")  # no number is nearly right


def groups(problem: Problem) -> Array:
    """(group, member) which funds belong to each type and, last, to the system."""
    types = np.arange(len(problem.funds.types))
    return np.vstack([np.equal.outer(types, problem.funds.type_of), np.ones(len(problem.funds.ids), bool)])


def of_reference(problem: Problem, result: Result) -> Readings:
    """Readings of the reference."""
    nav, members = problem.funds.nav, groups(problem)
    group_nav, held = members @ nav, held_at_most(problem)

    def grouped(per_member_usd: Array) -> Array:
        return np.asarray(np.einsum("gm,...mp->...gp", members, per_member_usd) / group_nav[:, None])

    first = np.where(result.first_call_step > 0, result.first_call_step, problem.steps + 1)
    first = np.stack([first[chosen].min(axis=0) for chosen in members])
    return {
        "loss": result.loss,
        "group_loss": result.group_loss,
        "group_loss_static": result.group_loss_static,
        "trough": result.group_trough,
        "trough_static": result.group_trough_static,
        "max_drawdown": result.group_max_drawdown,
        "held_still_loss": result.group_loss_static,
        "held_still_trough": result.group_trough_static,
        "held_still_drawdown": result.group_max_drawdown_static,
        "called": grouped(result.called_usd),
        "called_share": result.group_called_nav_share,
        "defaulted_share": result.group_default_nav_share,
        "forced_sales": grouped(result.forced_sales_usd),
        "unliquidated": grouped(result.unliquidated_usd),
        "first_call_step": np.where(first > problem.steps, 0, first),
        "defaulted": np.stack([result.defaulted[chosen].any(axis=0) for chosen in members]),
        "broker_loss": result.broker_loss_usd / nav.sum(),
        "at_round_limit": result.at_round_limit,
        "asset_pnl": result.asset_pnl_usd / nav.sum(),
        "equity": result.equity,
        "equity_static": result.equity_static,
        "price": result.price,
        "depth": result.depth,
        "held": result.k,
        "open_call": result.open_call,
        "called_so_far": result.called_so_far_usd / nav[:, None],
        "sold": result.forced_sales_step_usd / nav[:, None],
        "built": result.built_usd_step / nav[:, None],
        "gross": result.exposure_gross_usd.sum(axis=2) / nav[:, None],
        "net": result.exposure_usd[:, :, problem.assets.in_net].sum(axis=2) / nav[:, None],
        "forced_flow": result.forced_flow_usd / held[:, None],
        "volatility": np.sqrt(result.variance_ratio),
        "sold_by_trigger": result.sold_by_trigger_usd / nav[:, None],
        "built_by_trigger": result.built_by_trigger_usd / nav[:, None],
        "retail_purchases": result.retail_by_asset_usd / problem.assets.adv[:, None],
    } | {name: part for name, part in zip(CAUSES, result.attribution, strict=True)}


def of_kernels(problem: Problem, found: Simulated) -> Readings:
    """Readings of the kernels; flows that no mechanism makes are zero."""
    metrics, report, held = found.metrics, found.report, held_at_most(problem)

    def by_step(cumulative: Array) -> Array:
        return np.diff(cumulative, axis=0, prepend=np.zeros_like(cumulative[:1]))

    steps, members, paths = report.profit.shape
    none, none_bought = np.zeros((steps, len(TRIGGERS), members, paths)), np.zeros_like(report.price)
    readings: Readings = {
        "loss": -report.profit[-1],
        "group_loss": metrics.fund_loss,
        "group_loss_static": metrics.fund_loss_static,
        "trough": metrics.trough,
        "trough_static": metrics.trough_static,
        "max_drawdown": metrics.max_drawdown,
        "held_still_loss": found.still.fund_loss,
        "held_still_trough": found.still.trough,
        "held_still_drawdown": found.still.max_drawdown,
        "called": metrics.called,
        "called_share": metrics.called_share,
        "defaulted_share": metrics.defaulted_share,
        "forced_sales": metrics.forced_sales,
        "unliquidated": metrics.unliquidated,
        "first_call_step": metrics.first_call_step,
        "defaulted": metrics.defaulted,
        "broker_loss": metrics.broker_loss,
        "at_round_limit": metrics.at_round_limit,
        "asset_pnl": report.asset_pnl.sum(axis=0),
        "equity": 1.0 + report.profit,
        "equity_static": 1.0 + report.static_profit,
        "price": report.price,
        "held": report.held,
        "open_call": report.call_open,
        "called_so_far": report.called,
        "sold": by_step(report.sold),
        "built": by_step(report.built) if len(report.built[0]) else np.zeros_like(report.profit),
        "gross": report.gross,
        "net": report.net,
        "forced_flow": report.forced * (problem.assets.adv / held)[:, None],
    }
    readings |= {"depth": report.depth, "volatility": np.sqrt(report.variance)}
    by_trigger = {"sold_by_trigger": report.by_trigger.sold, "built_by_trigger": report.by_trigger.built}
    for name, values in by_trigger.items():
        readings[name] = by_name(values, found.structure.triggers, TRIGGERS, axis=1) if values.shape[1] else none
    purchases = report.purchases[:, found.structure.outside.index("retail")] if found.structure.outside else none_bought
    readings["retail_purchases"] = purchases
    parts = np.stack([report.outside, *report.causes.in_order(), report.rebound]).sum(axis=1)
    names = component_names(found.structure.outside, bool(found.structure.sources))
    return readings | dict(zip(CAUSES, by_name(parts, names, CAUSES, axis=0), strict=True))


def held_at_most(problem: Problem) -> Array:
    """(asset,) USD at start prices where every book is full; 1 where nobody ever holds any."""
    books = problem.books
    held = books.size @ np.abs(books.shapes[books.shape_of])
    return np.where(held > 0.0, held, 1.0)


def not_compiled(found: Simulated) -> tuple[str, ...]:
    """Readings that a structure does without, as nothing in it depends on them."""
    needed = {"depth": found.structure.depth, "volatility": found.structure.volatility}
    return tuple(name for name, there in needed.items() if not there)


def gaps(ours: Readings, theirs: Readings, left_out: tuple[str, ...] = ()) -> dict[str, Array]:
    """Largest gap of each reading of `theirs` on each path, (path,), relative to max(1, gross, what it is).

    Gross is the largest leverage that any fund has on the path, over its start NAV. Flags differ by 1 or not at all.
    The gap of what is missing in `ours` is infinite.
    """
    gross = np.maximum(1.0, theirs["gross"].max(axis=(0, 1)))
    found = {}
    for name in theirs.keys() - {*left_out}:
        if name not in ours:
            found[name] = np.full_like(gross, np.inf)
            continue
        one, other = np.asarray(ours[name], np.float64), np.asarray(theirs[name], np.float64)
        if one.shape != other.shape:
            raise ValueError(f"{name} has shape {one.shape} on one side and {other.shape} by the reference")
        if name in EXACT:
            gap = (one != other).astype(np.float64)
        else:
            gap = np.abs(one - other) / np.maximum(gross, np.abs(other))
        gap = np.where((one == other), 0.0, np.nan_to_num(gap, nan=np.inf))
        found[name] = gap.reshape(-1, gap.shape[-1]).max(axis=0, initial=0.0)
    return found
