"""The story of one path as a labelled DataTree: `outcome`, `steps`, `rounds` and `members`.

Figures of `outcome` are those of the run. Everything else is of the recording, which is the same path computed with its
rounds kept; `recording_gap` says how far the two are apart.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.dataset.components import component_names, every_trigger
from stress.results.dataset.coordinates import Labels, of_assets, of_types
from stress.results.dataset.paths import METRICS
from stress.results.dataset.summary import file_order
from stress.results.story.flows import Flows, called, flows
from stress.results.story.recorded_path import RecordedPath
from stress.results.story.units import OUTCOME, described, purchases
from stress.scenarios.outside.registry import TABLES as OUTSIDE

Floats = npt.NDArray[np.float64]
SYSTEM = "system"
CONVENTIONS = {
    "round": "0 is the step's rebound and outside shock; calls are read at the prices after a round",
    "missing": "NaN beyond the last round of a step",
    "amounts": "USD of this path; trades at the prices before their round",
    "loss": "-(equity - start equity) / start equity; positive = loss",
    "system": "sums in USD over the sum of start NAVs",
    "leverage": "inf while positions are held with equity at or below zero, 0 when flat",
    "contribution": "profit is positive",
    "trigger": "of each book what asked for the largest sale, the first named on a tie",
}


def to_story(recorded: RecordedPath, attrs: dict[str, Any]) -> xr.DataTree:
    """The story of a recorded path.

    Args:
        recorded: the path.
        attrs: where it comes from; texts and numbers.
    """
    problem = recorded.problem
    traded = flows(recorded)
    everything = {
        "name": problem.name,
        "title": problem.origin.titled(problem.title or problem.name),
        "changed": problem.origin.sentence() if problem.origin.overrides else "",
        "steps": problem.steps,
        "steps_per_day": problem.steps_per_day,
        "paths_are_the_same": int(problem.shocks.model == "none"),
        **attrs,
        "conventions": json.dumps(CONVENTIONS, sort_keys=True),
    }
    by_fund = _Rows(recorded, recorded.group_of, recorded.group_nav[:-1])
    groups = {
        "/": xr.Dataset(attrs=everything),
        "outcome": outcome(recorded),
        "steps": steps(recorded, traded, by_fund),
        "rounds": rounds(recorded, traded, by_fund),
        "members": members(recorded, traded),
    }
    return xr.DataTree.from_dict(groups, name=problem.name)


class _Rows:
    """Sums over members: by some grouping of them, and last over all."""

    def __init__(self, recorded: RecordedPath, group_of: npt.NDArray[np.int64], nav: Floats) -> None:
        one_hot = (np.arange(len(nav))[:, None] == group_of[None, :]).astype(np.float64)
        self._sum = np.concatenate([one_hot, np.ones((1, len(group_of)))])
        self._member_nav = recorded.problem.funds.nav
        self.nav = np.append(nav, nav.sum())
        self._beyond = np.arange(recorded.moments.price.shape[1])[None, :] > recorded.rounds[:, None]

    def count(self, values: npt.NDArray[Any]) -> Floats:
        """(..., member) -> (..., row)."""
        return np.asarray(np.asarray(values, np.float64) @ self._sum.T)

    def usd(self, fractions: Floats) -> Floats:
        """Fractions of each member's NAV (..., member) as USD (..., row)."""
        return self.count(fractions * self._member_nav)

    def until_last(self, values: Floats) -> Floats:
        """(step, moment, ...) with NaN beyond the last round of each step."""
        beyond = self._beyond.reshape(*self._beyond.shape, *(1 for _ in values.shape[2:]))
        return np.where(beyond, np.nan, values)


def _at_ends(recorded: RecordedPath, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(step, moment, ...) at the last round of each step: (step, ...)."""
    return values[np.arange(len(recorded.rounds)), recorded.rounds]


def _leverage(position: Floats, equity: Floats, gross: Floats) -> Floats:
    positive = equity > 0
    return np.asarray(np.where(positive, position / np.where(positive, equity, 1.0), np.where(gross > 0, np.inf, 0.0)))


def outcome(recorded: RecordedPath) -> xr.Dataset:
    """The figures of the whole path, by fund and for the system, exactly as the run has them."""
    table, problem = recorded.outcome, recorded.problem
    order = [*file_order(recorded.groups, recorded.groups_file_order), len(recorded.groups)]
    data: dict[str, Any] = {"nav_usd": ("fund", recorded.group_nav[order])}
    for name, metric in METRICS.items():
        unit = recorded.group_nav if name.endswith("_usd") else 1.0
        data[name] = ("fund", (table.metrics[metric][:, 0] * unit)[order])
    data["first_call_step"] = ("fund", table.first_call_step[order, 0])
    data["defaulted"] = ("fund", table.defaulted[order, 0])
    brokers = file_order(problem.funds.brokers, problem.funds.brokers_file_order)
    coords: dict[str, Any] = {**_fund_coords(recorded)}
    if brokers:
        data["broker_loss_usd"] = ("prime_broker", (table.broker_loss[:, 0] * recorded.group_nav[-1])[brokers])
        coords["prime_broker"] = list(problem.funds.brokers_file_order)
    return described(xr.Dataset(data, coords), **OUTCOME)


def _fund_coords(recorded: RecordedPath) -> Labels:
    """Funds in file order, the system last, with what they are."""
    funds, rows = recorded.problem.funds, {name: row for row, name in enumerate(recorded.groups)}
    members = [int(np.argmax(recorded.group_of == rows[name])) for name in recorded.groups_file_order]
    labels = of_types(recorded.problem, [funds.types[funds.type_of[member]] for member in members], "fund")
    whole = {name: (dim, [*values, ""]) for name, (dim, values) in labels.items()}
    return {"fund": ("fund", [*recorded.groups_file_order, SYSTEM]), **whole}


def steps(recorded: RecordedPath, traded: Flows, by_fund: _Rows) -> xr.Dataset:
    """What each step did: the shock, the rebound, the cascade as a whole, and how funds stand at its end."""
    problem, now = recorded.problem, recorded.moments
    asset = file_order(problem.assets.ids, problem.assets.file_order)
    fund = [*file_order(recorded.groups, recorded.groups_file_order), len(recorded.groups)]
    close = _at_ends(recorded, now.price)
    opening = np.concatenate([np.ones_like(close[:1]), close[:-1]])
    outside = np.exp(recorded.draw) * (1.0 + problem.shocks.script) - 1.0
    rebounds, loadings = now.flow[:, 0] != 0, problem.assets.loadings
    if loadings is not None:
        outside = np.expm1(loadings.moves(recorded.draw + np.log1p(problem.shocks.script), axis=1))
        rebounds = rebounds | np.any(rebounds[:, None, loadings.sources] & (loadings.whole != 0), axis=-1)
    # Without a recent flow there is nothing to rebound, and the quotient would show the rounding of prices.
    rebound = np.where(rebounds, now.price[:, 0] / (opening * (1.0 + outside)) - 1.0, 0.0)
    value = problem.assets.adv * now.price[:, 0]
    bought = {purchases(name): recorded.outside_flow.get(name, np.zeros_like(value)) * value for name in OUTSIDE}
    grown, _ = called(recorded)
    signs = {"longs_sold_usd": -1, "shorts_covered_usd": 1, "longs_bought_usd": 1, "shorts_sold_usd": -1}
    flow = sum(sign * traded.by_asset[name] for name, sign in signs.items() if name in traded.by_asset)
    gross, net = (by_fund.usd(_at_ends(recorded, part)) for part in (now.gross, now.net))
    equity = by_fund.usd(1.0 + _at_ends(recorded, now.profit))
    by_asset = {
        "outside_return": outside,
        "scripted_return": problem.shocks.script,
        "rebound_return": rebound,
        "impact_return": close / now.price[:, 0] - 1.0,
        "price": close,
        "depth": recorded.depth,
        "volatility": recorded.volatility,
        **bought,
        "flow_usd": np.asarray(flow)[:, :, -1].sum(axis=1),
    }
    of_funds = {
        "fund_loss": -by_fund.usd(_at_ends(recorded, now.profit)) / by_fund.nav,
        "fund_loss_static": -by_fund.usd(recorded.profit_static) / by_fund.nav,
        "called_usd": by_fund.count(grown.sum(axis=1)),
        "forced_sales_usd": by_fund.count(traded.forced_sales.sum(axis=1)),
        "built_usd": by_fund.count(traded.built.sum(axis=1)),
        "gross_leverage": _leverage(gross, equity, gross),
        "net_leverage": _leverage(net, equity, gross),
        "requirement_usd": by_fund.usd(_at_ends(recorded, now.required)),
        "open_calls": by_fund.count(recorded.call_open).astype(np.int64),
        "defaults": by_fund.count(recorded.defaulted).astype(np.int64),
    }
    parts = np.stack([recorded.outside, *np.moveaxis(_at_ends(recorded, now.causes), 1, 0), recorded.rebound], axis=1)
    data: dict[str, Any] = {name: (("step", "asset"), values[:, asset]) for name, values in by_asset.items()}
    data |= {name: (("step", "fund"), values[:, fund]) for name, values in of_funds.items()}
    contribution = by_fund.usd(parts) / by_fund.nav
    data["contribution"] = (("step", "component", "fund"), contribution[..., fund])
    data["rounds"] = ("step", recorded.rounds)
    coords = {
        "step": ("step", np.arange(1, problem.steps + 1)),
        "component": ("component", list(component_names(loadings=problem.assets.loadings is not None))),
        **_fund_coords(recorded),
        **of_assets(recorded.problem),
    }
    return described(
        xr.Dataset(data, coords),
        price="price at the end of the step, start = 1",
        requirement_usd="margin requirement at the end of the step",
        gross_leverage="gross positions over equity at the end of the step",
        net_leverage="net positions over equity at the end of the step",
    )


def _of_members(recorded: RecordedPath, traded: Flows, rows: _Rows, order: list[int]) -> dict[str, Any]:
    """Variables by (step, round, row) of funds or of single members; the last dimension is still to be named."""
    now = recorded.moments
    grown, opened = called(recorded)
    equity, gross, net = rows.usd(1.0 + now.profit), rows.usd(now.gross), rows.usd(now.net)
    shocks = np.zeros((*now.profit.shape[:2], 2, now.profit.shape[2]))
    shocks[:, 0, 0], shocks[:, 0, 1] = recorded.outside, recorded.rebound
    causes = np.diff(now.causes, axis=1, prepend=0.0)
    parts = np.concatenate([shocks[:, :, :1], causes, shocks[:, :, 1:]], axis=2)
    plain = {
        "called_usd": rows.count(grown),
        "new_calls": rows.count(opened),
        "forced_sales_usd": rows.count(traded.forced_sales),
        "built_usd": rows.count(traded.built),
        "orders_cut": rows.count(_members_cut(recorded, now.done)),
        "loss": -rows.usd(now.profit) / rows.nav,
        "equity_usd": equity,
        "requirement_usd": rows.usd(now.required),
        "gross_leverage": _leverage(gross, equity, gross),
        "net_leverage": _leverage(net, equity, gross),
    }
    found: dict[str, Any] = {name: ((), rows.until_last(values)[..., order]) for name, values in plain.items()}
    why = {"forced_sales_by_trigger_usd": traded.sold_because, "built_by_trigger_usd": traded.built_because}
    for name, amounts in why.items():
        found[name] = (("trigger",), rows.until_last(rows.count(amounts))[..., order])
    split = rows.usd(parts) / rows.nav
    found["contribution"] = (("component",), rows.until_last(split)[..., order])
    return found


def _members_cut(recorded: RecordedPath, cut: npt.NDArray[Any]) -> Floats:
    """(..., book) that the cap has cut -> (..., member) that have such a book."""
    of_member = recorded.problem.books.fund_of[:, None] == np.arange(len(recorded.problem.funds.ids))
    return np.asarray(cut.astype(np.float64) @ of_member > 0, np.float64)


def _by_tier(recorded: RecordedPath, by_fund: _Rows) -> tuple[dict[str, Any], dict[str, Any]]:
    """Members with an order cut, by liquidity tier; variables and coordinates, none where nothing is capped."""
    problem, books = recorded.problem, recorded.problem.books
    if not np.isfinite(problem.cascade.max_participation):
        return {}, {}
    tiers = range(int(books.tier_of_asset.max()) + 1)
    cut = [by_fund.count(_members_cut(recorded, recorded.moments.done & (books.tier == t)))[..., -1] for t in tiers]
    names = [", ".join(problem.assets.ids[i] for i in np.flatnonzero(books.tier_of_asset == t)) for t in tiers]
    coords = {"tier": ("tier", [t + 1 for t in tiers]), "tier_assets": ("tier", names)}
    return {"orders_cut_in_tier": (("step", "round", "tier"), by_fund.until_last(np.stack(cut, axis=-1)))}, coords


def _round_coords(recorded: RecordedPath) -> dict[str, Any]:
    return {
        "step": ("step", np.arange(1, recorded.problem.steps + 1)),
        "round": ("round", np.arange(recorded.moments.price.shape[1])),
        "trigger": ("trigger", list(every_trigger())),
        "component": ("component", list(component_names(loadings=recorded.problem.assets.loadings is not None))),
    }


def rounds(recorded: RecordedPath, traded: Flows, by_fund: _Rows) -> xr.Dataset:
    """Every round: calls, trades by fund and asset, why, what they did to prices and to equity."""
    problem, price = recorded.problem, recorded.moments.price
    asset = file_order(problem.assets.ids, problem.assets.file_order)
    fund = [*file_order(recorded.groups, recorded.groups_file_order), len(recorded.groups)]
    found = _of_members(recorded, traded, by_fund, fund)
    data: dict[str, Any] = {name: (("step", "round", *dims, "fund"), values) for name, (dims, values) in found.items()}
    for name, values in traded.by_asset.items():
        data[name] = (("step", "round", "fund", "asset"), by_fund.until_last(values)[:, :, fund][..., asset])
    opening = np.concatenate([np.ones_like(price[:1, 0]), _at_ends(recorded, price)[:-1]])
    before = np.concatenate([opening[:, None], price[:, :-1]], axis=1)
    data["price"] = (("step", "round", "asset"), by_fund.until_last(price)[..., asset])
    data["price_move"] = (
        ("step", "round", "asset"),
        by_fund.until_last(price / np.where(before > 0, before, 1.0) - 1.0)[..., asset],
    )
    by_tier, tiers = _by_tier(recorded, by_fund)
    coords = {**_round_coords(recorded), **_fund_coords(recorded), **of_assets(recorded.problem), **tiers}
    return described(xr.Dataset(data | by_tier, coords), price="price at the end of the round, start = 1")


def members(recorded: RecordedPath, traded: Flows) -> xr.Dataset:
    """The same by member of a fund type, without assets."""
    funds = recorded.problem.funds
    rows = _Rows(recorded, np.arange(len(funds.ids)), funds.nav)
    place = {name: at for at, name in enumerate(funds.types_file_order)}
    order = sorted(range(len(funds.ids)), key=lambda m: (place[funds.types[funds.type_of[m]]], m))
    found = _of_members(recorded, traded, rows, order)
    data: dict[str, Any] = {
        name: (("step", "round", *dims, "member"), values) for name, (dims, values) in found.items()
    }
    data["nav_usd"] = ("member", funds.nav[order])
    coords = {
        **_round_coords(recorded),
        "member": ("member", [funds.ids[m] for m in order]),
        "member_fund": ("member", [funds.types[funds.type_of[m]] for m in order]),
    }
    return described(xr.Dataset(data, coords))
