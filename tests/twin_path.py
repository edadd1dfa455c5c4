"""One path of the NumPy twin: its state, its rebound, orders, rounds and defaults.

Arrays run over books, members or assets; there is no path axis. Flows are fractions of ADV, in units (start prices).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stress.scenarios.problem import Impact, Problem
from twin_result import COMPONENTS

Array = npt.NDArray[Any]


def impact(law: Impact, sigma: Array, j: Array, g: Array) -> Array:
    """Log price change f of a recent flow `j` (fraction of ADV) at depth `g`, with daily impact volatility `sigma`."""
    if law.law == "none":
        return np.zeros_like(j)
    if law.law == "square_root":
        change = np.sign(j) * law.coefficient * sigma * (np.sqrt(np.abs(j) / g + law.core) - np.sqrt(law.core))
        return np.asarray(change)
    raise ValueError(f"the twin knows no impact law {law.law!r}")


class Path:
    """The state of one path, and what happens to it within a step."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        assets, funds, books = problem.assets, problem.funds, problem.books
        self.held = books.size[:, None] * books.shapes[books.shape_of]  # H, (book, asset) USD at the start
        self.fund = books.fund_of
        tolerance = problem.cascade.tolerance
        self.tolerance = 1e-9 if tolerance is None else tolerance
        self.impact_sigma = assets.impact_vol / np.sqrt(252.0)
        # prices and liquidity
        self.price = np.ones(len(assets.ids))
        self.j = np.zeros(len(assets.ids))
        self.v = np.ones(len(assets.ids))
        self.g = np.ones(len(assets.ids))  # the clip to [floor, 1] leaves 1 alone
        # books
        self.k = np.ones(len(books.ids))
        self.book_pnl = np.zeros(len(books.ids))
        self.book_peak = books.capital.astype(np.float64)
        # funds
        members = len(funds.ids)
        self.fund_peak = funds.nav.astype(np.float64)
        self.open = np.zeros(members, dtype=bool)
        self.age = np.zeros(members, dtype=np.int64)
        self.call_max = np.zeros(members)  # largest deficit of the present call
        self.called = np.zeros(members)
        self.first_call = np.zeros(members, dtype=np.int64)
        self.defaulted = np.zeros(members, dtype=bool)
        self.pending = np.zeros(members, dtype=bool)
        self.done = np.zeros(members, dtype=bool)  # order cut by the participation cap in this step
        self.cut_steps = np.zeros(members, dtype=np.int64)
        self.last_deficit = np.zeros(members)
        self.attribution = np.zeros((len(COMPONENTS), members))
        # outside buyers
        self.down_steps = 0
        self.budget = problem.retail.budget

    # -- what is held and owed at present prices ----------------------------------------------------------------

    def by_fund(self, per_book: Array) -> Array:
        """Sum over the books of each member."""
        total = np.zeros(len(self.problem.funds.ids))
        for b, f in enumerate(self.fund):
            total[f] += per_book[b]
        return total

    def positions(self) -> Array:
        """X, (book, asset) signed USD at present prices."""
        return self.k[:, None] * self.held * self.price

    def equity_usd(self) -> Array:
        return self.problem.funds.nav + self.by_fund(self.book_pnl)

    def gross_usd(self) -> Array:
        return self.by_fund(np.abs(self.positions()).sum(axis=1))

    def requirement(self, step: int) -> Array:
        """Margin requirement of each member in USD, at present prices and the terms of `step`."""
        funds = self.problem.funds
        per_book = np.zeros(len(self.fund))
        for b, f in enumerate(self.fund):
            if not funds.has_margin[f]:
                continue
            multiplier = np.clip(self.v ** (funds.procyclicality[f] / 2.0), 1.0, funds.margin_cap[f])
            if step <= funds.lockup_steps[f]:
                multiplier = np.ones_like(multiplier)
            rate = funds.rates[funds.type_of[f]] * multiplier
            rate = np.where(self.held[b] > 0, np.minimum(rate, 1.0), rate)
            per_book[b] = np.sum(rate * np.abs(self.k[b] * self.held[b] * self.price))
        return self.by_fund(per_book)

    # -- the parts of a step ------------------------------------------------------------------------------------

    def move(self, new_price: Array, sold: Array, component: int) -> None:
        """Book a price move on every book, of which the fraction `sold` trades at the execution price."""
        weight = self.problem.impact.execution_weight
        pnl = self.k * (self.held @ (new_price - self.price)) * (1.0 - sold * (1.0 - weight))
        self.book_pnl = self.book_pnl + pnl
        self.attribution[component] += self.by_fund(pnl) / self.problem.funds.nav
        self.price = new_price

    def rebound(self, g: Array) -> Array:
        """Decay the recent flow and return the log price change that this gives back, at depth `g`."""
        law = self.problem.impact
        decayed = self.j * 2.0 ** (-1.0 / (law.half_life * self.problem.steps_per_day))
        given_back = impact(law, self.impact_sigma, decayed, g) - impact(law, self.impact_sigma, self.j, g)
        self.j = decayed
        return (1.0 - law.permanent) * given_back

    def retail(self, simple_return: Array) -> float:
        """Outlay of the dip buyers in USD; moves their day count and budget on."""
        terms = self.problem.retail
        if terms.per_percent <= 0.0:
            return 0.0
        index = float(terms.weights @ simple_return)
        days = self.down_steps / self.problem.steps_per_day
        outlay = min(terms.cap, terms.per_percent * max(0.0, -100.0 * index)) * np.exp(-terms.fatigue * days)
        outlay = min(outlay / self.problem.steps_per_day, self.budget)
        self.budget -= outlay
        self.down_steps = self.down_steps + 1 if index < 0.0 else 0
        return float(outlay)

    def ladder(self) -> Array:
        """Fraction that each book's stop-loss ladder wants sold, read once a step."""
        books = self.problem.books
        equity = self.equity_usd()
        sell = np.zeros(len(self.fund))
        for b, f in enumerate(self.fund):
            points = np.isfinite(books.ladder_drawdown[b])
            if not points.any() or self.k[b] <= 0.0:
                continue
            if books.ladder_on_fund[b]:
                fall = self.fund_peak[f] - equity[f]
            else:
                fall = self.book_peak[b] - (books.capital[b] + self.book_pnl[b])
            cut = np.interp(
                fall / books.capital[b], books.ladder_drawdown[b][points], books.ladder_cut[b][points], left=0.0
            )
            sell[b] = max(0.0, 1.0 - (1.0 - cut) / self.k[b])
        return sell

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
                sell[b] = min(1.0, self.problem.funds.closeout_participation[f] / days)
        return sell

    def age_calls(self, step: int) -> None:
        """At the start of a cascade: a call that is met lapses, any other ages by one step."""
        met = self.equity_usd() >= self.requirement(step)
        for f in np.flatnonzero(self.open & ~self.defaulted):
            if met[f]:
                self.open[f] = False
            else:
                self.age[f] += 1

    def orders(self, step: int, first_round: bool, own: Array) -> Array:
        """Evaluate every fund at present prices: latch defaults, open and measure calls, return s before the cap."""
        funds = self.problem.funds
        equity, requirement, gross = self.equity_usd(), self.requirement(step), self.gross_usd()
        fund_sells = np.zeros(len(funds.ids))
        for f in range(len(funds.ids)):
            if self.defaulted[f]:
                continue
            if equity[f] <= 0.0:
                self.pending[f] = True
            if not self.open[f] and requirement[f] > 0.0 and equity[f] < requirement[f]:
                self.open[f], self.age[f], self.call_max[f] = True, 0, 0.0
                if self.first_call[f] == 0:
                    self.first_call[f] = step
            if self.open[f]:
                deficit = max(0.0, requirement[f] - equity[f])
                self.called[f] += max(0.0, deficit - self.call_max[f])
                self.call_max[f] = max(self.call_max[f], deficit)
            if self.pending[f]:
                continue
            if self.open[f] and self.age[f] >= funds.grace_steps[f] and requirement[f] > 0.0:
                fund_sells[f] = max(0.0, 1.0 - equity[f] / ((1.0 + funds.buffer[f]) * requirement[f]))
            if gross[f] / equity[f] > funds.max_leverage[f]:
                fund_sells[f] = max(fund_sells[f], 1.0 - funds.target_leverage[f] * equity[f] / gross[f])
        sell = fund_sells[self.fund]
        if first_round:
            sell = np.maximum(sell, own)
        sell[(self.defaulted | self.pending | self.done)[self.fund]] = 0.0
        if first_round:
            sell = np.maximum(sell, self.closeout())
        sell[(sell <= self.tolerance) | (self.k <= 0.0)] = 0.0
        return sell

    def fit(self, sell: Array, traded: Array) -> tuple[Array, Array]:
        """Scale orders to the participation cap; return them and the members whose order was cut."""
        limit = self.problem.cascade.max_participation
        cut = np.zeros(len(self.problem.funds.ids), dtype=bool)
        if not np.isfinite(limit):
            return sell, cut
        sell = sell.copy()
        under_cap = ~self.defaulted[self.fund]
        requested = self.volume(np.where(under_cap, sell, 0.0))
        room = np.maximum(0.0, limit * self.g - traded)
        asset_fit = np.ones_like(room)
        asked = requested > 0.0
        asset_fit[asked] = np.minimum(1.0, room[asked] / requested[asked])
        size = np.abs(self.positions())
        for b in np.flatnonzero(under_cap & (sell > 0.0)):
            if size[b].sum() > 0.0 and (asset_fit[size[b] > 0.0] < 1.0).any():
                sell[b] *= float((size[b] * asset_fit).sum() / size[b].sum())
                cut[self.fund[b]] = True
        return sell, cut

    def volume(self, sell: Array) -> Array:
        """Absolute units traded per asset, as a fraction of ADV."""
        return np.asarray(((sell * self.k)[:, None] * np.abs(self.held)).sum(axis=0) / self.problem.assets.adv)

    def cascade(self, step: int, outside: Array) -> dict[str, Any]:
        """Rounds of forced sales; `outside` (fraction of ADV) joins in the first."""
        adv, cascade, law = self.problem.assets.adv, self.problem.cascade, self.problem.impact
        self.pending[:] = False
        self.done[:] = False
        forced = np.zeros_like(adv)
        traded = np.zeros_like(adv)
        sales = np.zeros(len(self.problem.funds.ids))
        self.age_calls(step)
        own = self.ladder()
        rounds, at_limit = 0, False
        for number in range(1, cascade.max_rounds + 2):
            sell, cut = self.fit(self.orders(step, number == 1, own), traded)
            if number > cascade.max_rounds:
                at_limit = bool((sell > 0.0).any())
                break
            self.done |= cut
            outside_now = outside if number == 1 else np.zeros_like(outside)
            if not (sell > 0.0).any() and not (outside_now != 0.0).any():
                break
            rounds = number
            traded += self.volume(np.where(self.defaulted[self.fund], 0.0, sell))
            forced_now = -((sell * self.k)[:, None] * self.held).sum(axis=0) / adv
            forced += forced_now
            flow = forced_now + outside_now
            sales += self.by_fund(sell * np.abs(self.positions()).sum(axis=1))
            before = impact(law, self.impact_sigma, self.j, self.g)
            after = impact(law, self.impact_sigma, self.j + flow, self.g)
            self.move(self.price * np.exp(after - before), sell, COMPONENTS.index("impact"))
            self.j = self.j + flow
            self.k = self.k * (1.0 - sell)
        self.book_defaults(step)
        return {"forced": forced, "sales": sales, "rounds": rounds, "at_limit": at_limit}

    def book_defaults(self, step: int) -> None:
        """Book pending defaults and those of funds that could not cure their call in time."""
        funds = self.problem.funds
        deficit = self.requirement(step) - self.equity_usd()
        for f in range(len(funds.ids)):
            held_up = self.open[f] and self.age[f] >= funds.grace_steps[f] and self.done[f]
            self.cut_steps[f] = self.cut_steps[f] + 1 if held_up else 0
            uncured = (
                held_up
                and self.cut_steps[f] >= funds.cure_steps[f]
                and deficit[f] > 0.0
                and deficit[f] > self.last_deficit[f]
            )
            if self.pending[f] or uncured:
                self.defaulted[f] = True
                self.open[f] = False
            self.last_deficit[f] = max(0.0, deficit[f])

    def leverage(self) -> tuple[Array, Array]:
        """Gross and net leverage of each member; +inf when positions stand on no equity, 0 when flat."""
        positions = self.positions()
        gross = self.by_fund(np.abs(positions).sum(axis=1))
        net = self.by_fund(positions[:, self.problem.assets.in_net].sum(axis=1))
        equity = self.equity_usd()
        above = equity > 0.0
        safe = np.where(above, equity, 1.0)
        none = np.where(gross > 0.0, np.inf, 0.0)
        return np.where(above, gross / safe, none), np.where(above, net / safe, none)
