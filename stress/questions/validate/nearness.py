"""How near to a threshold the triggers of a path came: there rounding alone decides whether one acts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stress.reference.model import Path
from stress.reference.result import follow
from stress.scenarios.problem import Problem

Array = npt.NDArray[np.float64]
OF_TOLERANCE = 1e-4  # a fraction to sell this near to the cascade's tolerance, relative to it


class Watched(Path):
    """A path that keeps the least distance of any trigger from its threshold."""

    nearest = np.inf

    def _near(self, distance: Array | float) -> None:
        found = np.abs(np.asarray(distance, np.float64))
        found = found[np.isfinite(found)]
        self.nearest = min(self.nearest, float(found.min(initial=np.inf)))

    def orders(self, first: bool) -> tuple[Array, Array]:
        """Look at every threshold, then read the orders."""
        E, M = self.equity(), self.requirement(self.kept)
        gross = self.by_fund(self.book_gross(self.kept))
        nav, live = self.problem.funds.nav, ~self.defaulted & (gross > 0)
        self._near((E / nav)[live])
        self._near(((E - M) / nav)[live & (M > 0)])
        with np.errstate(invalid="ignore", divide="ignore"):
            leverage = np.where(live & (E > 0), gross / E, np.inf)
        limit = self.problem.triggers.get("leverage_limit")
        if limit is not None:
            self._near(leverage / limit.limit - 1.0)
        if first:
            self._near_hikes()
            now = (self.P, self.pnl)  # as in the model: own limits do not look at what the day's trades have done
            self.P, self.pnl = self.P * np.exp(-self.change_today), self.pnl - self.pnl_today
            self._near_own_limits()
            self.P, self.pnl = now
        cut, cause = super().orders(first)
        with np.errstate(invalid="ignore", divide="ignore"):
            s = np.abs(cut) / np.where(self.kept > 0, self.kept, np.inf)
        near = np.abs(s / self.tolerance - 1.0) if self.tolerance > 0 else np.full_like(s, np.inf)
        self._near(np.where(near < OF_TOLERANCE, 0.0, np.inf))
        return cut, cause

    def retail(self, growth: Array) -> Array:
        """Look at whether the day counts as a down day, `R < 0`, when it ends."""
        terms, so_far = self.problem.outside.get("retail"), self.R
        outlay = super().retail(growth)
        if terms is not None and self.problem.cascade.feedback and self.step % self.n == 0:
            moved = so_far != 0.0 or bool((growth * terms.weights != 0.0).any())
            day = (1.0 + so_far) * (1.0 + float(terms.weights @ growth)) - 1.0
            self._near(day if moved else np.inf)  # an index that stands still is zero on both sides
        return outlay

    def _near_hikes(self) -> None:
        """How far the equities' mean of `sigma/sigma_0` is from the level at which a broker asks for more."""
        funds = self.problem.funds
        equity = [i for i, kind in enumerate(self.problem.assets.asset_class) if kind == "equity"]
        if not equity or self.step == 1:  # before the first step it is 1 on both sides
            return
        asks = (funds.has_margin & (funds.lockup_steps < self.step))[:, None] & (funds.line_share * funds.hike_size > 0)
        self._near((np.sqrt(self.v)[equity].mean() / funds.hike_level - 1.0)[asks])

    def _near_own_limits(self) -> None:
        names = ("stop_loss", "overlay", "vol_target", "leverage_target")
        ladder, hedge, vol, target = (self.problem.triggers.get(name) for name in names)
        if target is not None:
            E, gross = self.equity(), self.by_fund(self.book_gross(self.k))
            q = np.where(E > 0, gross, np.inf) / np.where(E > 0, E * target.target, 1.0)
            self._near(np.abs(q - 1.0) - target.band)
        if ladder is not None:
            of_fund = (self.fund_peak - self.equity())[self.fund]
            fall = np.where(ladder.on_fund, of_fund, self.pnl_peak - self.of_manager(self.pnl)) / ladder.capital
            self._near(fall[:, None] - ladder.drawdown)
        if hedge is not None:
            loss = (1.0 - self.equity() / self.problem.funds.nav)[self.fund]
            self._near(loss[:, None] - hedge.loss)
        if vol is not None:
            self._near(self.k * np.sqrt(self.u) / vol.ceiling - 1.0)


def nearest_threshold(problem: Problem, draws: Array) -> float:
    """The least distance, as a fraction, of any trigger from its threshold on a path with draws (step, asset)."""
    path = Watched(problem)
    follow(path, draws)
    return path.nearest
