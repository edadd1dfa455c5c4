"""The state of one path of the NumPy twin, and what is held and owed at present prices.

Arrays run over books, members or assets; there is no path axis. Flows are fractions of ADV, in units (start prices).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from flat import limits_of, retail_of
from stress.scenarios.problem import Problem
from twin_result import COMPONENTS

Array = npt.NDArray[Any]


class State:
    """Prices, books and funds of one path."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        assets, funds, books = problem.assets, problem.funds, problem.books
        self.held = books.size[:, None] * books.shapes[books.shape_of]  # H, (book, asset) USD at k = 1
        self.fund = books.fund_of
        tolerance = problem.cascade.tolerance
        self.tolerance = 1e-9 if tolerance is None else tolerance
        # prices and liquidity
        self.price = np.ones(len(assets.ids))
        self.j = np.zeros(len(assets.ids))  # recent flow
        self.j_forced = np.zeros(len(assets.ids))  # its forced part alone
        self.v = np.ones(len(assets.ids))
        self.g = np.ones(len(assets.ids))  # the clip to [floor, 1] leaves 1 alone
        # books
        self.limits = limits_of(problem)
        self.start_k = books.start_held
        self.k = self.start_k
        self.waiting = np.zeros(len(books.ids))  # k of orders of this step that did not fit under the cap
        self.done = np.zeros(len(books.ids), dtype=bool)  # order cut by the cap in this step
        self.manager = books.manager_of
        self.book_pnl = np.zeros(len(books.ids))
        self.book_peak = self.limits.capital.astype(np.float64)  # of the manager's whole book
        tiers = np.bincount(self.manager)[self.manager]
        self.by_manager = bool((np.isfinite(self.limits.vol_ceiling) & (tiers > 1)).any())
        # EWMA variance of the P&L per unit gross over its start: of a shape, or of a manager's book
        self.u = np.ones(self.manager[-1] + 1 if self.by_manager else len(books.shapes))
        self.overlay_done = np.zeros(len(books.ids))  # what the overlay's rule has built so far
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
        self.cut_steps = np.zeros(members, dtype=np.int64)
        self.last_deficit = np.zeros(members)
        self.attribution = np.zeros((len(COMPONENTS), members))
        self.pnl_by_asset = np.zeros((members, len(assets.ids)))  # USD
        self.forced_by_asset = np.zeros((members, len(assets.ids)))  # of the present step, USD at start prices
        # outside buyers
        self.down_steps = 0
        self.budget = retail_of(problem).budget

    def by_fund(self, per_book: Array) -> Array:
        """Sum over the books of each member."""
        total = np.zeros(len(self.problem.funds.ids))
        for b, f in enumerate(self.fund):
            total[f] += per_book[b]
        return total

    def of_manager(self, per_book: Array) -> Array:
        """Sum over the tiers of each book's manager, (book,)."""
        return np.bincount(self.manager, per_book)[self.manager]

    def positions(self) -> Array:
        """X, (book, asset) signed USD at present prices; what waits for room counts as traded."""
        return (self.k - self.waiting)[:, None] * self.held * self.price

    def book_gross(self) -> Array:
        """USD per book at present prices."""
        return np.asarray(np.abs(self.positions()).sum(axis=1))

    def equity_usd(self) -> Array:
        return self.problem.funds.nav + self.by_fund(self.book_pnl)

    def gross_usd(self) -> Array:
        return self.by_fund(self.book_gross())

    def leverage(self) -> tuple[Array, Array]:
        """Gross and net leverage of each member; +inf when positions stand on no equity, 0 when flat."""
        gross = self.gross_usd()
        net = self.by_fund(self.positions()[:, self.problem.assets.in_net].sum(axis=1))
        equity = self.equity_usd()
        above = equity > 0.0
        safe = np.where(above, equity, 1.0)
        none = np.where(gross > 0.0, np.inf, 0.0)
        return np.where(above, gross / safe, none), np.where(above, net / safe, none)
