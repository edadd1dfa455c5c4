"""The state of one path (model.md, "Objects" and "State per path"), impact laws, and what is held and owed at a moment.

Letters are model.md's: `P` price over its start, `J` recent flow (units: USD at start prices), `D` displacement of the
log price, `g` depth, `k` held fraction of a book, `H` its positions at k = 1, `X = k H P`, `E` equity, `M` margin
requirement, `s` fraction to sell, `Q` flow, `n` steps a day. Arrays run over assets, books or funds (members of a
type), in USD unless it says otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stress.scenarios.problem import Problem

Array = npt.NDArray[Any]
LAWS = ("none", "square_root", "linear", "bounded_exponential", "exponential")
TRIGGERS = ("margin_call", "leverage_limit", "stop_loss", "vol_target", "leverage_target", "close_out", "overlay")
CAUSES: tuple[str, ...] = ("outside_shock", "own_impact", "others_impact", "retail_offset", "through_loadings")
CAUSES += ("execution_shortfall", "rebound")


# ---- "Impact laws f(J)"
def log_change(problem: Problem, J: Array, g: Array) -> Array:
    """F, (asset,): the log price change of a recent flow J at depth g; `log(1 + f)` of laws in simple changes."""
    law, of, ADV = problem.impact.law, problem.impact.parameters, problem.assets.adv
    sigma, x = problem.assets.impact_vol / np.sqrt(252.0), np.abs(J) / (g * ADV)
    F = np.zeros_like(J)
    if law == "square_root":  # sign(J) Y sigma (sqrt(x + core) - sqrt(core))
        F = np.sign(J) * of.coefficient * sigma * x / (np.sqrt(x + of.core) + np.sqrt(of.core))
    elif law == "linear":  # J lambda/g
        F = np.log1p(np.maximum(of.slope * J / g, -0.95))
    elif law == "bounded_exponential":  # sign(J) (1 - B)(1 - exp(-|J|/delta))
        delta = (1.0 - of.bound) * of.depth_coefficient * ADV / sigma * np.sqrt(of.depth_days) * g
        F = np.log1p(-np.sign(J) * (1.0 - of.bound) * np.expm1(-np.abs(J) / delta))
    elif law == "exponential":  # beta J/outstanding
        F = of.beta * J / of.outstanding
    return F


def still_displaced(problem: Problem, J: Array, g: Array, decay: float) -> Array:
    """(asset,) in [0, 1]: the share `F(J')/F(J)` of D that is left when J decays to J', at the last step's depth g."""
    F = log_change(problem, J, g)
    core = problem.impact.parameters.core if problem.impact.law == "square_root" else 1e-4
    tiny = (F == 0.0) | (np.abs(J) / (g * problem.assets.adv) < 1e-6 * core)
    return np.clip(np.where(tiny, decay, log_change(problem, decay * J, g) / np.where(tiny, 1.0, F)), 0.0, 1.0)


class State:
    """Prices, books and funds of one path."""

    def __init__(self, problem: Problem) -> None:
        unknown = {*problem.triggers} - {*TRIGGERS} | ({*problem.outside} - {"retail"}) | {problem.impact.law} - {*LAWS}
        unknown |= set() if problem.books.gamma is None else {"options (gamma and theta)"}
        if unknown:
            raise NotImplementedError(f"the reference does not know {', '.join(sorted(unknown))}")
        assets, funds, books = problem.assets, problem.funds, problem.books
        asset, book, fund = (np.zeros(len(x.ids)) for x in (assets, books, funds))
        self.problem, self.n, self.step = problem, problem.steps_per_day, 0  # steps count from 1
        self.ADV, self.fund = assets.adv, books.fund_of
        self.H = books.size[:, None] * books.shapes[books.shape_of]
        self._terms: tuple[dict[Any, Array], Array] = ({}, asset)
        self._terms_of: tuple[int, Array] = (-1, asset)  # the step and its v
        self.tolerance = 1e-9 if problem.cascade.tolerance is None else problem.cascade.tolerance
        # prices and liquidity
        self.P, self.P_static = asset + 1.0, asset + 1.0
        self.J, self.D, self.J_forced = asset, asset, asset  # J_forced: as if forced flow were alone
        self.pnl_today, self.change_today = book, asset  # of the day's trades so far: P&L, log price change
        self.v, self.g = asset + 1.0, asset + 1.0  # (sigma/sigma_0)^2; depth in force in the last step
        self.Q, self.Q_forced, self.traded = asset, asset, asset  # of the step: all flow, forced, under the cap
        # books; several are the tiers of one manager
        self.k, self.waiting = books.start_held, book  # waiting: what did not fit the cap in this step, units of k
        self.pnl, self.pnl_peak = book, book  # of the book; highest of its manager at the end of a day
        self.u = book + 1.0  # (volatility of the manager's P&L per unit gross, over its start)^2
        self.built_by_overlay, self.done = book, book > 0.0  # done: its order was cut to the cap in this step
        # funds
        self.fund_peak = funds.nav.astype(np.float64)
        self.open, self.pending, self.defaulted = fund > 0.0, fund > 0.0, fund > 0.0
        self.age, self.first_call, self.steps_at_limit = (fund.astype(np.int64) for _ in range(3))
        self.call_size, self.called, self.last_deficit = fund, fund, fund
        self.causes, self.pnl_by_asset = np.zeros((len(CAUSES), len(fund))), asset  # P&L: fraction of NAV_0; USD
        # retail: index return since the start of the day, days down in a row before today, budget left
        self.R, self.down_days = 0.0, 0
        self.budget = problem.outside["retail"].budget if "retail" in problem.outside else 0.0

    def whole(self, own: Array) -> Array:
        """(asset,) whole log moves of own ones: `own_i + sum_j l_ij whole_j`, loadings being without circles."""
        moves, loadings = own, self.problem.assets.loadings
        for _ in loadings.sources if loadings is not None else ():
            moves = own + loadings.direct @ moves[loadings.sources]  # type: ignore[union-attr]
        return moves

    def by_fund(self, per_book: Array) -> Array:
        """Sum over the books of each fund, (book, ...) -> (fund, ...)."""
        total = np.zeros((len(self.problem.funds.ids), *per_book.shape[1:]))
        np.add.at(total, self.fund, per_book)
        return total

    def of_manager(self, per_book: Array) -> Array:
        """(book,) the sum over all tiers of the book's manager."""
        manager = self.problem.books.manager_of
        return np.bincount(manager, per_book)[manager]

    def positions(self, k: Array) -> Array:
        """X, (book, asset)."""
        return np.asarray(k[:, None] * self.H * self.P)

    def book_gross(self, k: Array) -> Array:
        """(book,) sum |X|."""
        return np.asarray(np.abs(self.positions(k)).sum(axis=1))

    @property
    def kept(self) -> Array:
        """(book,) k less what waits to be sold: what requirement and gross are read from within a cascade."""
        return np.maximum(0.0, self.k - self.waiting)

    def equity(self) -> Array:
        """E, (fund,)."""
        return np.asarray(self.problem.funds.nav + self.by_fund(self.pnl))

    # ---- "Margin": `M_f = sum_p share_fp M_f(terms of p)`; lines are brokers and, last, what no broker finances

    def multipliers(self, f: Any) -> Array:
        """(line, asset) factor on the rates of fund `f`: `factor (clip((sigma/sigma_0)^gamma, 1, cap) + hike)`."""
        funds, assets, ratio = self.problem.funds, self.problem.assets, np.sqrt(self.v)
        factor = funds.rate_factor[f][:, None] * np.ones(len(ratio))
        if self.step <= funds.lockup_steps[f]:  # rates stay frozen
            return np.asarray(factor)
        rise = np.clip(ratio ** funds.procyclicality[f][:, None], 1.0, funds.margin_cap[f][:, None])
        equity = assets.leading_equities
        hiked = (ratio[equity].mean() if equity.any() else -np.inf) > funds.hike_level[f]
        return np.asarray(factor * (rise + np.where(hiked, funds.hike_size[f], 0.0)[:, None]))

    def terms(self) -> tuple[dict[Any, Array], Array]:
        """Those of the step, which hold through its rounds: `multipliers` by fund, and a rate on |X|, (book, asset).

        The rate is the sum over lines of `share rate`, on longs at most 100 %; 0 for funds without margin.
        """
        if self._terms_of[0] == self.step and self._terms_of[1] is self.v:
            return self._terms
        funds, by_fund, rates = self.problem.funds, dict[Any, Array](), np.zeros_like(self.H)
        for f in np.flatnonzero(funds.has_margin):
            mine, by_fund[f] = self.fund == f, self.multipliers(f)
            for share, multiplier in zip(funds.line_share[f], by_fund[f], strict=True):
                rate = funds.rates[f] * multiplier
                rates[mine] += share * np.where(self.H[mine] > 0.0, np.minimum(rate, 1.0), rate)
        self._terms_of, self._terms = (self.step, self.v), (by_fund, rates)
        return self._terms

    def haircuts(self, k: Array) -> Array:
        """(book,) `sum_i rate_bi |X_bi|` at holdings k."""
        return np.asarray((self.terms()[1] * np.abs(self.positions(k))).sum(axis=1))

    def portfolio(self, k: Array, f: Any) -> float:
        """Of fund `f`: the worst loss of its whole position over the moves, at least a floor on its gross.

        It is multiplied by the gross-weighted mean of the multipliers.
        """
        funds, X = self.problem.funds, self.positions(k)[self.fund == f]
        net, size = X.sum(axis=0), np.abs(X).sum(axis=0)
        gross = float(size.sum())
        if gross <= 0.0:
            return 0.0
        worst = max((max(0.0, -float(net @ move)) for move in funds.portfolio_moves[f]), default=0.0)
        mean_multiplier = self.terms()[0][f] @ size / gross
        return float(max(worst, funds.portfolio_floor[f] * gross) * (funds.line_share[f] @ mean_multiplier))

    def requirement(self, k: Array) -> Array:
        """M, (fund,) at present prices, holdings k and the terms of the step."""
        funds, M = self.problem.funds, self.by_fund(self.haircuts(k))
        for f in np.flatnonzero(funds.has_margin & funds.portfolio):
            M[f] = self.portfolio(k, f)
        return M
