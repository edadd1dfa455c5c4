"""What happens to one path of the NumPy twin within a step: rebound, outside buyers, orders, rounds and defaults.

Orders are cuts in units of k: positive for sales, negative for what is built.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from flat import retail_of
from twin_impact import log_change
from twin_limits import OwnOrders, own_orders
from twin_margin import by_priority, margin_base, requirement
from twin_result import COMPONENTS
from twin_state import State

Array = npt.NDArray[Any]


class Path(State):
    """The state of one path, and what happens to it within a step."""

    def book(self, component: str, per_book: Array) -> None:
        """Add a P&L in USD per book to a component of its fund."""
        self.attribution[COMPONENTS.index(component)] += self.by_fund(per_book) / self.problem.funds.nav

    def move(self, new_price: Array, component: str) -> None:
        """Book a price move on every book while nobody trades."""
        pnl = self.k * (self.held @ (new_price - self.price))
        self.pnl_by_asset += self.of_members(self.k[:, None] * self.held) * (new_price - self.price)
        self.book_pnl = self.book_pnl + pnl
        self.book(component, pnl)
        self.price = new_price

    def of_members(self, per_book: Array) -> Array:
        """Sum (book, asset) over the books of each member: (member, asset)."""
        return np.stack([per_book[self.fund == f].sum(axis=0) for f in range(len(self.problem.funds.ids))])

    def impact(self, j: Array) -> Array:
        """Log price change of a recent flow at the present depth."""
        return log_change(self.problem.impact, self.problem.assets, j, self.g)

    def rebound(self, g: Array) -> Array:
        """Decay the recent flow and return the log price change that this gives back, at depth `g`."""
        law, assets = self.problem.impact, self.problem.assets
        decay = 2.0 ** (-1.0 / (law.half_life * self.problem.steps_per_day))
        given_back = log_change(law, assets, self.j * decay, g) - log_change(law, assets, self.j, g)
        self.j = self.j * decay
        self.j_forced = self.j_forced * decay
        return np.asarray((1.0 - law.permanent) * given_back)

    def retail(self, simple_return: Array) -> float:
        """Outlay of the dip buyers in USD; moves their day count and budget on."""
        terms = retail_of(self.problem)
        if terms.per_percent <= 0.0:
            return 0.0
        index = float(terms.weights @ simple_return)
        days = self.down_steps / self.problem.steps_per_day
        outlay = min(terms.cap, terms.per_percent * max(0.0, -100.0 * index)) * np.exp(-terms.fatigue * days)
        outlay = min(outlay / self.problem.steps_per_day, self.budget)
        self.budget -= outlay
        self.down_steps = self.down_steps + 1 if index < 0.0 else 0
        return float(outlay)

    def closeout(self) -> Array:
        """Fraction that the brokers sell of each book of a fund whose default was booked in an earlier step."""
        sell = np.zeros(len(self.fund))
        in_closeout = self.defaulted[self.fund]
        units = (self.k[:, None] * np.abs(self.held))[in_closeout].sum(axis=0)
        days_of_asset = units / (self.g * self.problem.assets.adv)
        size = np.abs(self.positions())
        for b, f in enumerate(self.fund):
            if in_closeout[b] and size[b].sum() > 0.0:
                days = float((size[b] * days_of_asset).sum() / size[b].sum())
                sell[b] = min(1.0, self.limits.closeout_participation[f] / days)
        return sell

    def age_calls(self, step: int) -> None:
        """At the start of a cascade: a call that is met lapses, any other ages by one step."""
        met = self.equity_usd() >= requirement(self, step)
        for f in np.flatnonzero(self.open & ~self.defaulted):
            if met[f]:
                self.open[f] = False
            else:
                self.age[f] += 1

    def broker_sales(self, step: int) -> tuple[Array, Array]:
        """Latch defaults, open and measure calls; return what brokers force: per member, and per book."""
        funds = self.problem.funds
        equity, needed, gross = self.equity_usd(), requirement(self, step), self.gross_usd()
        per_member, per_book = np.zeros(len(funds.ids)), np.zeros(len(self.fund))
        for f in range(len(funds.ids)):
            if self.defaulted[f]:
                continue
            if equity[f] <= 0.0:
                self.pending[f] = True
            if not self.open[f] and needed[f] > 0.0 and equity[f] < needed[f]:
                self.open[f], self.age[f], self.call_max[f] = True, 0, 0.0
                if self.first_call[f] == 0:
                    self.first_call[f] = step
            if self.open[f]:
                deficit = max(0.0, needed[f] - equity[f])
                self.called[f] += max(0.0, deficit - self.call_max[f])
                self.call_max[f] = max(self.call_max[f], deficit)
            if self.pending[f]:
                continue
            margin, limit = 0.0, 0.0
            if self.open[f] and self.age[f] >= funds.grace_steps[f] and needed[f] > 0.0:
                margin = max(0.0, 1.0 - equity[f] / ((1.0 + funds.buffer[f]) * needed[f]))
            if gross[f] / equity[f] > self.limits.max_leverage[f]:
                limit = max(0.0, 1.0 - self.limits.target_leverage[f] * equity[f] / gross[f])
            per_member[f] = max(margin, limit)
            if margin > 0.0:
                per_book = np.maximum(per_book, by_priority(self, f, margin, margin_base(self, step)))
            if limit > 0.0:
                per_book = np.maximum(per_book, by_priority(self, f, limit, self.book_gross()))
        return per_member, per_book

    def orders(self, step: int, first_round: bool, own: OwnOrders) -> Array:
        """Evaluate every fund at present prices and return the cuts of k before the participation cap."""
        per_member, sell = self.broker_sales(step)
        if first_round:
            sell = np.maximum(sell, own.sell)
        idle = (self.defaulted | self.pending)[self.fund]
        sell[idle] = 0.0
        if first_round:
            sell = np.maximum(sell, self.closeout())
        left = self.k - self.waiting
        sell[(sell <= self.tolerance) | (left <= 0.0)] = 0.0
        self.waiting = self.waiting + np.where(self.done, sell * left, 0.0)
        cut = np.where(self.done, 0.0, sell * self.k)
        if first_round:
            builds = ~idle & (per_member[self.fund] <= self.tolerance) & (own.sell <= self.tolerance)
            for b in np.flatnonzero(builds):
                if own.buy[b] > self.tolerance:
                    cut[b] = -own.buy[b] * self.k[b]
                elif own.add[b] > self.tolerance:
                    cut[b] = -own.add[b]
        return np.asarray(cut)

    def fit(self, cut: Array, traded: Array) -> tuple[Array, Array]:
        """Scale orders to the participation cap, class by class; return them and the books whose order was cut."""
        limit = self.problem.cascade.max_participation / self.problem.steps_per_day
        short = np.zeros(len(self.fund), dtype=bool)
        if not np.isfinite(limit):
            return cut, short
        cut, books = cut.copy(), self.problem.books
        under_cap = ~self.defaulted[self.fund]
        requested = self.volume(np.where(under_cap, cut, 0.0))
        room = np.maximum(0.0, limit * self.g - traded)
        asset_fit = np.ones_like(room)
        asked = requested > 0.0
        asset_fit[asked] = np.minimum(1.0, room[asked] / requested[asked])
        for b in np.flatnonzero(under_cap & (cut != 0.0)):
            fits = asset_fit[books.tier_of_asset == books.tier[b]].min()
            if fits < 1.0:
                cut[b] *= 0.0 if fits < 1e-14 else fits
                short[b] = True
        return cut, short

    def volume(self, cut: Array) -> Array:
        """Absolute units traded per asset, as a fraction of ADV."""
        return np.asarray((np.abs(cut)[:, None] * np.abs(self.held)).sum(axis=0) / self.problem.assets.adv)

    def trade(self, cut: Array, outside: Array) -> Array:
        """Execute one round; return the forced flow per asset as a fraction of ADV."""
        order = -cut[:, None] * self.held / self.problem.assets.adv  # q, (book, asset)
        forced = order.sum(axis=0)
        flow = forced + outside
        new_price = self.price * np.exp(self.impact(self.j + flow) - self.impact(self.j))
        by_forced = self.price * (np.exp(self.impact(self.j_forced + forced) - self.impact(self.j_forced)) - 1.0)
        weight = self.problem.impact.execution_weight
        change = new_price - self.price
        pnl = self.held @ change * (self.k - cut * (1.0 - weight))
        self.pnl_by_asset += self.of_members((self.k - cut * (1.0 - weight))[:, None] * self.held) * change
        self.forced_by_asset += self.of_members(order) * self.problem.assets.adv
        # the forced move is shared among the books that trade in the direction of the net forced flow
        along = np.where(np.sign(order) == np.sign(forced), np.abs(order), 0.0)
        total = along.sum(axis=0)
        share = along / np.where(total > 0.0, total, 1.0)
        kept = self.k - np.maximum(cut, 0.0)
        own = kept * (self.held * by_forced * share).sum(axis=1)
        everyone = kept * (self.held @ by_forced)
        self.book("own_impact", own)
        self.book("others_impact", everyone - own)
        self.book("retail_offset", kept * (self.held @ (change - by_forced)))
        self.book("execution_shortfall", pnl - kept * (self.held @ change))
        self.book_pnl = self.book_pnl + pnl
        self.price = new_price
        self.j = self.j + flow
        self.j_forced = self.j_forced + forced
        self.k = self.k - cut
        self.overlay_done = self.overlay_done + np.where(self.limits.overlay, np.maximum(-cut, 0.0), 0.0)
        return np.asarray(forced)

    def cascade(self, step: int, outside: Array) -> dict[str, Any]:
        """Rounds of forced orders; `outside` (fraction of ADV) joins in the first."""
        cascade = self.problem.cascade
        self.pending[:] = False
        self.done[:], self.waiting = False, np.zeros(len(self.fund))
        self.forced_by_asset[:] = 0.0
        forced, traded = np.zeros_like(self.price), np.zeros_like(self.price)
        sales, built = np.zeros(len(self.problem.funds.ids)), np.zeros(len(self.problem.funds.ids))
        self.age_calls(step)
        own = own_orders(self)
        rounds, at_limit = 0, False
        for number in range(1, cascade.max_rounds + 2):
            asked = self.orders(step, number == 1, own)
            cut, short = self.fit(asked, traded)
            if number > cascade.max_rounds:
                at_limit = bool((cut != 0.0).any())
                break
            self.done |= short
            self.waiting = self.waiting + np.maximum(asked, 0.0) - np.maximum(cut, 0.0)
            outside_now = outside if number == 1 else np.zeros_like(outside)
            if not (cut != 0.0).any() and not (outside_now != 0.0).any():
                break
            rounds = number
            traded += self.volume(np.where(self.defaulted[self.fund], 0.0, cut))
            value = np.abs(self.held) @ self.price
            sales += self.by_fund(np.maximum(cut, 0.0) * value)
            built += self.by_fund(np.maximum(-cut, 0.0) * value)
            forced += self.trade(cut, outside_now)
        self.waiting = np.zeros(len(self.fund))
        self.book_defaults(step)
        return {"forced": forced, "sales": sales, "built": built, "rounds": rounds, "at_limit": at_limit}

    def book_defaults(self, step: int) -> None:
        """Book pending defaults and those of funds that could not cure their call in time."""
        funds = self.problem.funds
        deficit = requirement(self, step) - self.equity_usd()
        for f in range(len(funds.ids)):
            cut = self.done[(self.fund == f) & (self.k * np.abs(self.held).sum(axis=1) > 0.0)]
            held_up = self.open[f] and self.age[f] >= funds.grace_steps[f] and cut.size > 0 and bool(cut.all())
            self.cut_steps[f] = self.cut_steps[f] + 1 if held_up else 0
            uncured = (
                held_up
                and self.cut_steps[f] >= self.limits.cure_steps[f]
                and deficit[f] > 0.0
                and deficit[f] > self.last_deficit[f]
            )
            if self.pending[f] or uncured:
                self.defaulted[f] = True
                self.open[f] = False
            self.last_deficit[f] = max(0.0, deficit[f])
