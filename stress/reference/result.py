"""Many paths of the reference, and what each reports (model.md, "What a path reports")."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from stress.reference.model import Path
from stress.reference.state import CAUSES, Array
from stress.scenarios.problem import Problem


@dataclass(frozen=True)
class Result:
    """What `simulate` returns; the comment of each field gives its axes and unit. Triggers: `state.TRIGGERS`."""

    loss: Array  # (member, path) fraction of NAV_0
    loss_static: Array  # (member, path) likewise of the start book held
    trough: Array  # (member, path) largest loss since the start over step ends, fraction of NAV_0
    max_drawdown: Array  # (member, path) fraction of the running peak, the start included
    called_usd: Array  # (member, path)
    first_call_step: Array  # (member, path) 1-based, 0 = none
    forced_sales_usd: Array  # (member, path)
    defaulted: Array  # (member, path)
    unliquidated_usd: Array  # (member, path)
    broker_loss_usd: Array  # (broker, path)
    attribution: Array  # (cause, member, path) P&L, fraction of NAV_0, in the order of `state.CAUSES`
    forgone_by_selling: Array  # (member, path) P&L of the start book held less the outside shock on positions held
    group_loss: Array  # (group, path) likewise of each type and, last, of all funds
    group_loss_static: Array  # (group, path)
    group_trough: Array  # (group, path)
    group_trough_static: Array  # (group, path)
    group_max_drawdown: Array  # (group, path)
    group_max_drawdown_static: Array  # (group, path)
    group_called_nav_share: Array  # (group, path) share of NAV_0 that got a call
    group_default_nav_share: Array  # (group, path)
    at_round_limit: Array  # (path,) in any step
    asset_pnl_usd: Array  # (asset, path) P&L of all funds
    rounds: Array  # (step, path)
    price: Array  # (step, asset, path) at the end of the step
    displacement: Array  # (step, asset, path) D, log
    news: Array  # (step, asset, path) log price by outside shocks alone
    depth: Array  # (step, asset, path) g in force during the step
    depth_next: Array  # (step, asset, path) g that the end of the step hands to the next one
    variance_ratio: Array  # (step, asset, path) sigma^2/sigma_0^2
    recent_flow: Array  # (step, asset, path) J/ADV
    forced_flow_usd: Array  # (step, asset, path) of that step, signed, at start prices, without retail
    forced_flow_by_fund_usd: Array  # (step, member, asset, path) likewise
    traded_usd: Array  # (step, asset, path) gross by orders under the cap in that step, at start prices
    retail_usd: Array  # (step, path) outlay
    retail_by_asset_usd: Array  # (step, asset, path)
    retail_down_days: Array  # (step, path) in a row, as of the end of the step
    retail_budget_usd: Array  # (step, path) left
    k: Array  # (step, book, path)
    pnl_variance: Array  # (step, book, path) u of the book's manager
    overlay_done: Array  # (step, book, path) what the overlay's rule has built
    done: Array  # (step, book, path) its order was cut to the cap
    equity: Array  # (step, member, path) fraction of NAV_0
    equity_static: Array  # (step, member, path) likewise of the start book held
    gross: Array  # (step, member, path) leverage
    net: Array  # (step, member, path)
    exposure_usd: Array  # (step, member, asset, path) signed
    exposure_gross_usd: Array  # (step, member, asset, path) sum over books of |X|
    open_call: Array  # (step, member, path)
    called_so_far_usd: Array  # (step, member, path) largest deficit of each call up to the step
    requirement: Array  # (step, member, path) USD
    forced_sales_step_usd: Array  # (step, member, path)
    built_usd_step: Array  # (step, member, path) towards two-way targets and for overlays
    sold_by_trigger_usd: Array  # (step, trigger, member, path) of that step
    built_by_trigger_usd: Array  # (step, trigger, member, path) of that step


def simulate(problem: Problem, draws: Array) -> Result:
    """Follow every path of `draws` (step, asset, path): log returns after mean, scale and clipping, assets by id.

    Raises ValueError for draws of another shape, NotImplementedError for mechanisms from outside the package.
    """
    if draws.shape[:2] != (problem.steps, len(problem.assets.ids)):
        raise ValueError(f"draws have shape {draws.shape}, expected (step, asset, path)")
    paths = [follow(Path(problem), np.asarray(draws[:, :, p], np.float64)) for p in range(draws.shape[2])]
    return Result(**{item.name: np.stack([path[item.name] for path in paths], axis=-1) for item in fields(Result)})


def price_taker(problem: Problem) -> Problem:
    """The problem with triggers, but without impact and retail (model.md, "Price taker")."""
    return replace(problem, impact=replace(problem.impact, law="none", parameters=None), outside={})


def parts(problem: Problem, draws: Array) -> dict[str, Array]:
    """Loss of each fund, (member, path) of NAV_0, as held still + cutting + selling + what dip-buyers did."""
    full, taker, alone = (simulate(x, draws) for x in (problem, price_taker(problem), replace(problem, outside={})))
    held_still, cutting, selling = full.loss_static, taker.loss - full.loss_static, alone.loss - taker.loss
    return {"held_still": held_still, "cutting": cutting, "selling": selling, "dip_buyers": full.loss - alone.loss}


def follow(path: Path, draws: Array) -> dict[str, Array]:
    """Carry a path through its draws (step, asset); the fields of `Result` without the path axis."""
    steps = []
    for r, m in zip(draws, path.problem.shocks.script[: len(draws)], strict=True):
        P_begin, k_begin = path.P, path.k
        growth = path.begin_step(r, m)
        path.g = path.depth()
        outlay = path.retail(growth)
        did = path.cascade(outlay / path.P)
        path.end_step(P_begin, k_begin)
        steps.append(did | {"retail_by_asset_usd": outlay} | _at_step_end(path))
    return _report(path, {key: np.asarray([step[key] for step in steps]) for key in steps[0]})


def _at_step_end(path: Path) -> dict[str, Any]:
    nav, X, E = path.problem.funds.nav, path.positions(path.k), path.equity()
    static = path.problem.books.start_held * (path.H @ (path.P_static - 1.0))
    in_net, none = X[:, path.problem.assets.in_net], np.where(path.by_fund(path.book_gross(path.k)) > 0.0, np.inf, 0.0)

    def leverage(per_book: Array) -> Array:
        return np.where(E > 0.0, path.by_fund(per_book) / np.where(E > 0.0, E, 1.0), none)

    prices = {"price": path.P, "displacement": path.D, "news": np.log(path.P_static), "variance_ratio": path.v}
    liquidity = {"depth": path.g, "depth_next": path.depth(), "recent_flow": path.J / path.ADV}
    flows = {"forced_flow_usd": path.Q_forced, "forced_flow_by_fund_usd": path.Q_by_fund, "traded_usd": path.traded}
    retail = {"retail_down_days": path.down_days, "retail_budget_usd": path.budget}
    calls = {"open_call": path.open, "called_so_far_usd": path.called}
    books = {"k": path.k, "pnl_variance": path.u, "overlay_done": path.built_by_overlay, "done": path.done}
    funds = {
        "equity": E / nav,
        "equity_static": 1.0 + path.by_fund(static) / nav,
        "gross": leverage(np.abs(X).sum(axis=1)),
        "net": leverage(in_net.sum(axis=1)),
        "exposure_usd": path.by_fund(X),
        "exposure_gross_usd": path.by_fund(np.abs(X)),
    }
    return prices | liquidity | flows | retail | books | calls | funds


def _report(path: Path, found: dict[str, Array]) -> dict[str, Array]:
    funds, sold, E, static = path.problem.funds, found["sold"], found["equity"], found["equity_static"]
    types = np.equal.outer(np.arange(len(funds.types)), funds.type_of)
    for name, chosen in (("", np.eye(len(funds.nav))), ("group_", np.vstack([types, np.ones(len(funds.nav))]))):
        mean = chosen * funds.nav / (chosen @ funds.nav)[:, None]  # by NAV_0
        for kind, equity in (("", E @ mean.T), ("_static", static @ mean.T)):
            found[f"{name}loss{kind}"] = 1.0 - equity[-1]
            found[f"{name}trough{kind}"] = (1.0 - equity).max(axis=0)
            found[f"{name}max_drawdown{kind}"] = drawdown(equity)
        found[f"{name}called_nav_share"] = mean @ (path.first_call > 0)
        found[f"{name}default_nav_share"] = mean @ path.defaulted
    return found | {
        "called_usd": path.called,
        "first_call_step": path.first_call,
        "forced_sales_usd": sold.sum(axis=(0, 1)),
        "defaulted": path.defaulted,
        "unliquidated_usd": np.where(path.defaulted, path.by_fund(path.book_gross(path.k)), 0.0),
        "broker_loss_usd": funds.broker_share.T @ (np.maximum(0.0, -E[-1]) * funds.nav),
        "attribution": path.causes,
        "forgone_by_selling": -found["loss_static"] - path.causes[CAUSES.index("outside_shock")],
        "at_round_limit": found["at_round_limit"].any(),
        "asset_pnl_usd": path.pnl_by_asset,
        "retail_usd": found["retail_by_asset_usd"].sum(axis=1),
        "forced_sales_step_usd": sold.sum(axis=1),
        "built_usd_step": found["built"].sum(axis=1),
        "sold_by_trigger_usd": sold,
        "built_by_trigger_usd": found["built"],
    }


def drawdown(equity: Array) -> Array:
    """Largest fall from the running peak of equity (step, entity), the start 1 included."""
    equity = np.concatenate([np.ones_like(equity[:1]), equity])
    peak = np.maximum.accumulate(equity, axis=0)
    return np.asarray(((peak - equity) / peak).max(axis=0))
