"""A plain NumPy twin of the model: slow, one path at a time, written to be read.

It shares no code with the kernels. `simulate` takes the log returns of the outside draw, already scaled and clipped,
and follows each path through rebound, shock, cascade and end of step, in float64. The path axis appears only in the
results, where it is last.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from flat import retail_of
from stress.scenarios.problem import Problem
from twin_limits import next_variance
from twin_margin import requirement
from twin_path import Path
from twin_result import COMPONENTS, TwinResult

Array = npt.NDArray[Any]


def simulate(problem: Problem, draws: Array) -> TwinResult:
    """Follow every path of `draws` (step, asset, path): log returns after mean, scaling and clipping, assets by id."""
    if draws.shape[:2] != (problem.steps, len(problem.assets.ids)):
        raise ValueError(f"draws have shape {draws.shape}, expected (step, asset, path)")
    paths = [follow(problem, np.asarray(draws[:, :, p], dtype=np.float64)) for p in range(draws.shape[2])]
    return TwinResult(**{f.name: np.stack([path[f.name] for path in paths], axis=-1) for f in fields(TwinResult)})


def drawdown(equity: Array) -> Array:
    """Largest fall (peak - E)/peak of `equity` (step, entity) from its running peak, the start 1 included."""
    with_start = np.concatenate([np.ones((1, equity.shape[1])), equity])
    peak = np.maximum.accumulate(with_start, axis=0)
    return np.asarray(((peak - with_start) / peak).max(axis=0))


def follow(problem: Problem, draws: Array) -> dict[str, Any]:
    """Follow one path; `draws` is (step, asset)."""
    path = Path(problem)
    adv, liquidity = problem.assets.adv, problem.liquidity
    decay = 0.94 ** (1.0 / problem.steps_per_day)
    sigma0_squared = problem.assets.vol**2 / 252.0
    static_price = np.ones_like(adv)
    steps: list[dict[str, Any]] = []
    last_g = path.g
    at_limit = False
    for step in range(1, problem.steps + 1):
        start_price = path.price
        gross_return = np.exp(draws[step - 1]) * (1.0 + problem.shocks.script[step - 1])
        path.move(path.price * np.exp(path.rebound(last_g)), "rebound")
        path.move(path.price * gross_return, "outside_shock")
        static_price = static_price * gross_return
        record: dict[str, Any] = {
            "forced": np.zeros_like(adv),
            "sales": np.zeros(len(problem.funds.ids)),
            "built": np.zeros(len(problem.funds.ids)),
            "rounds": 0,
            "at_limit": False,
            "outlay": 0.0,
        }
        if problem.cascade.feedback:
            record["outlay"] = path.retail(gross_return - 1.0)
            outside = record["outlay"] * retail_of(problem).weights / (path.price * adv)
            record |= path.cascade(step, outside)
        at_limit = at_limit or record["at_limit"]
        record["requirement"] = requirement(path, step)
        # the step ends: peaks, volatility and depth
        equity = path.equity_usd()
        path.fund_peak = np.maximum(path.fund_peak, equity)
        path.book_peak = np.maximum(path.book_peak, path.limits.capital + path.book_pnl)
        whole = np.log(path.price / start_price)
        path.v = decay * path.v + (1.0 - decay) * problem.steps_per_day * whole**2 / sigma0_squared
        path.u = next_variance(path, start_price)
        last_g = path.g
        flow_factor = np.exp(-liquidity.flow_sensitivity * np.abs(record["forced"]))
        path.g = np.clip(path.v ** (-liquidity.evaporation / 2.0) * flow_factor, liquidity.floor, 1.0)
        record |= {"equity": equity / problem.funds.nav, "price": path.price, "k": path.k, "j": path.j}
        record |= {"depth": last_g, "depth_next": path.g, "v": path.v, "open": path.open.copy()}
        record |= {"forced_by_fund": path.forced_by_asset.copy(), "u": path.u, "overlay_done": path.overlay_done}
        record["gross"], record["net"] = path.leverage()
        steps.append(record)
    return report(path, steps, static_price, at_limit)


def report(path: Path, steps: list[dict[str, Any]], static_price: Array, at_limit: bool) -> dict[str, Any]:
    """The fields of `TwinResult` for this path."""
    problem, funds = path.problem, path.problem.funds

    def stacked(key: str) -> Array:
        return np.asarray([record[key] for record in steps])

    def by_type(per_member: Array) -> Array:
        total = np.zeros(len(funds.types))
        for f, t in enumerate(funds.type_of):
            total[t] += per_member[f] * funds.nav[f]
        return np.asarray(total / type_nav)

    type_nav = np.array([funds.nav[funds.type_of == t].sum() for t in range(len(funds.types))])
    equity = stacked("equity")
    loss = 1.0 - equity[-1]
    loss_static = -path.by_fund(path.start_k * (path.held @ (static_price - 1.0))) / funds.nav
    final_size = path.gross_usd()
    shortfall = np.maximum(0.0, -equity[-1]) * funds.nav
    return {
        "loss": loss,
        "loss_static": loss_static,
        "called_usd": path.called,
        "forced_sales_usd": stacked("sales").sum(axis=0),
        "unliquidated_usd": np.where(path.defaulted, final_size, 0.0),
        "first_call_step": path.first_call,
        "defaulted": path.defaulted,
        "max_drawdown": drawdown(equity),
        "attribution": path.attribution,
        "forgone_by_selling": -loss_static - path.attribution[COMPONENTS.index("outside_shock")],
        "broker_loss_usd": funds.broker_share.T @ shortfall,
        "type_loss": by_type(loss),
        "type_loss_static": by_type(loss_static),
        "type_max_drawdown": drawdown(np.stack([by_type(row) for row in equity])),
        "system_loss": np.sum(loss * funds.nav) / funds.nav.sum(),
        "system_loss_static": np.sum(loss_static * funds.nav) / funds.nav.sum(),
        "at_round_limit": at_limit,
        "rounds": stacked("rounds"),
        "price": stacked("price"),
        "depth": stacked("depth"),
        "depth_next": stacked("depth_next"),
        "variance_ratio": stacked("v"),
        "recent_flow": stacked("j"),
        "forced_flow_usd": stacked("forced") * problem.assets.adv,
        "forced_flow_by_fund_usd": stacked("forced_by_fund"),
        "asset_pnl_usd": path.pnl_by_asset.sum(axis=0),
        "retail_usd": stacked("outlay"),
        "k": stacked("k"),
        "equity": equity,
        "gross": stacked("gross"),
        "net": stacked("net"),
        "open_call": stacked("open"),
        "forced_sales_step_usd": stacked("sales"),
        "built_usd_step": stacked("built"),
        "pnl_variance": stacked("u"),
        "overlay_done": stacked("overlay_done"),
        "requirement": stacked("requirement"),
    }
