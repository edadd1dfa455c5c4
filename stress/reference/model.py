"""One path from start to end: the steps of model.md, "One step", in their order. Nothing here is shared with kernels.

Impact laws, triggers and outside flows that are registered from outside the package are not known to the reference; it
refuses them with NotImplementedError.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from stress.reference import triggers
from stress.reference.state import CAUSES, TRIGGERS, Array, State, log_change, still_displaced

LEAST_CHANGE = -16.0  # of the log price by the flow of one step


class Path(State):
    """One path, and what moves it on."""

    # ---- "One step", 1 and 2: outside shock, marked to market

    def begin_step(self, r: Array, m: Array) -> Array:
        """Rebound, then the draw r (log) and the script m (simple); (asset,) the simple return of these two."""
        self.step += 1
        permanent, decay = self.problem.impact.permanent, 2.0 ** (-1.0 / (self.problem.impact.half_life * self.n))
        D = self.D * still_displaced(self.problem, self.J, self.g, decay)  # the permanent part leaves D, not the price
        self.mark(self.P * np.exp(self.whole((1.0 - permanent) * (D - self.D))), "rebound")
        self.D, self.J, self.J_forced = D, self.J * decay, self.J_forced * decay
        growth = np.exp(self.whole(r + np.log1p(m)))
        self.mark(self.P * growth, "outside_shock")
        self.P_static = self.P_static * growth
        return np.asarray(growth - 1.0)

    def mark(self, P: Array, cause: str) -> None:
        """A price move while nobody trades: `E_f += sum_b k_b sum_i H_bi dP_i`."""
        pnl = self.k * (self.H @ (P - self.P))
        self.pnl_by_asset = self.pnl_by_asset + self.k @ self.H * (P - self.P)
        self.add(cause, pnl)
        self.pnl, self.P = self.pnl + pnl, P

    def add(self, cause: str, per_book: Array) -> None:
        """Add a P&L per book to a cause of its fund."""
        self.causes[CAUSES.index(cause)] += self.by_fund(per_book) / self.problem.funds.nav

    # ---- 3: terms of this step (those of margin are read where they are needed); "Volatility, depth"

    def depth(self) -> Array:
        """`g = clip((sigma_0/sigma)^kappa exp(-eta n |forced flow of the last step|/ADV), floor, 1)`."""
        of = self.problem.liquidity
        fled = np.exp(-of.flow_sensitivity * self.n * np.abs(self.Q_forced) / self.ADV)
        return np.clip(self.v ** (-of.evaporation / 2.0) * fled, of.floor, 1.0)

    # ---- "Retail dip-buying"

    def retail(self, growth: Array) -> Array:
        """(asset,) outlay after an outside shock `growth` (simple): `min(cap, b max(0, -100 R)) exp(-fatigue days)/n`.

        R is the index's compounded return since the start of the day.
        """
        terms = self.problem.outside.get("retail")
        if terms is None or not self.problem.cascade.feedback:
            return np.zeros_like(growth)
        self.R = (1.0 + self.R) * (1.0 + float(terms.weights @ growth)) - 1.0
        wanted = min(terms.cap, terms.per_percent * max(0.0, -100.0 * self.R))
        outlay = min(wanted * np.exp(-terms.fatigue * self.down_days) / self.n, self.budget)
        self.budget -= outlay
        if self.step % self.n == 0:  # the day ends
            self.down_days, self.R = (self.down_days + 1 if self.R < 0.0 else 0), 0.0
        return np.asarray(outlay * terms.weights)

    # ---- 4: cascade

    def cascade(self, Q_outside: Array) -> dict[str, Any]:
        """Rounds until no book sells or `max_rounds`; outside flow (units) joins in round 1. What the step did."""
        rounds, at_round_limit, most = 0, False, self.problem.cascade.max_rounds
        self.opening, pnl, D = (self.P, self.J, self.D), self.pnl, self.D
        if (self.step - 1) % self.n == 0:  # a day begins
            self.pnl_today, self.change_today = 0.0 * self.k, 0.0 * self.P
        self.Q, self.Q_forced, self.traded = 0.0 * self.P, 0.0 * self.P, 0.0 * self.P
        self.Q_by_fund = self.by_fund(0.0 * self.H)
        self.sold, self.built = np.zeros((2, len(TRIGGERS), len(self.Q_by_fund)))
        self.waiting, self.done, self.pending = 0.0 * self.k, self.k < 0.0, self.defaulted & False
        if self.problem.cascade.feedback:
            triggers.age_calls(self)
            for number in range(1, most + 2):
                cut, cause = self.orders(first=number == 1)
                wanted = (cut[~self.done] != 0.0).any() or (number == 1 and (Q_outside != 0.0).any())
                if not wanted or number > most:
                    at_round_limit = bool(wanted)
                    break
                self.trade(triggers.within_cap(self, cut), cause, Q_outside * (number == 1))
                rounds = number
            self.waiting = 0.0 * self.k
            triggers.book_defaults(self)
        self.pnl_today, self.change_today = self.pnl_today + self.pnl - pnl, self.change_today + self.whole(self.D - D)
        did = {"sold": self.sold, "built": self.built, "requirement": self.requirement(self.k)}
        return did | {"rounds": rounds, "at_round_limit": at_round_limit}

    def orders(self, first: bool) -> tuple[Array, Array]:
        """4a: the largest fraction of what is kept, as a cut of k (below 0: a build), and the trigger, (book,).

        Of equal fractions the first in the order of TRIGGERS is the reason.
        """
        E, M = self.equity(), self.requirement(self.kept)
        triggers.read_calls(self, E, M)
        by_brokers, asked = triggers.brokers(self, E, M)
        acting = ~(self.defaulted | self.pending)[self.fund]
        if first:
            now = (self.P, self.pnl)  # own limits do not look at what the day's own trades have done
            self.P, self.pnl = self.P * np.exp(-self.change_today), self.pnl - self.pnl_today
            (down, up), hedged = triggers.leverage_target(self), triggers.overlay(self)
            own = {"stop_loss": triggers.stop_loss(self), "vol_target": triggers.vol_target(self)}
            self.P, self.pnl = now
            own = {name: s * acting for name, s in (own | {"leverage_target": down}).items()}
            asked |= own | {"close_out": triggers.close_out(self)}
        every = np.stack([asked.get(name, 0.0 * self.k) for name in TRIGGERS])
        s, cause = every.max(axis=0), every.argmax(axis=0)
        cut = np.where((s > self.tolerance) & (self.k > 0.0), s * self.kept, 0.0)
        if first:  # builds: of books of which nobody wants anything sold
            free = acting & (by_brokers[self.fund] <= self.tolerance) & (s <= self.tolerance)
            for name, add, unit in (("leverage_target", up, self.k), ("overlay", hedged, 1.0)):
                builds = free & (add > self.tolerance)
                cut, cause = np.where(builds, -add * unit, cut), np.where(builds, TRIGGERS.index(name), cause)
        return cut, cause

    def trade(self, cut: Array, cause: Array, Q_outside: Array) -> None:
        """4b-d: flow in units, price, P&L of what is kept and of what was sold, and whose doing it was."""
        P_before, D_before = self.P, self.D
        order, usd = -cut[:, None] * self.H, np.abs(cut) * self.book_gross(np.ones_like(cut))
        Q_forced = order.sum(axis=0)  # Q_i = -sum_b s_b k_b H_bi
        for x in range(len(TRIGGERS)):
            self.sold[x] += self.by_fund(usd * ((cause == x) & (cut > 0.0)))
            self.built[x] += self.by_fund(usd * ((cause == x) & (cut < 0.0)))
        self.built_by_overlay = self.built_by_overlay + np.maximum(-cut, 0.0) * (cause == TRIGGERS.index("overlay"))
        # P <- P exp(f(J + Q) - f(J)) at today's g, D and J likewise; as differences from before round 1
        P, J, D = self.opening
        self.Q, self.Q_forced = self.Q + Q_forced + Q_outside, self.Q_forced + Q_forced
        self.Q_by_fund = self.Q_by_fund + self.by_fund(order)
        change = self.change(J, D, self.Q)
        self.P, self.D, self.J = P * np.exp(self.whole(change)), D + change, J + self.Q
        # the part sold trades at (1-w) P_before + w P_after, the part kept is marked at P_after
        dP, w = self.P - P_before, self.problem.impact.execution_weight
        gains = self.k - cut * (1.0 - w)
        pnl = gains * (self.H @ dP)
        self.pnl_by_asset = self.pnl_by_asset + gains @ self.H * dP
        # "Attribution that sums to the P&L": the forced move, shared by size among books that trade in its direction
        F_forced = [log_change(self.problem, J, self.g) for J in (self.J_forced, self.J_forced + Q_forced)]
        others = any(flow.per_percent > 0.0 for flow in self.problem.outside.values())
        by_own = np.where(self.problem.assets.loaded, P_before * np.expm1(self.D - D_before), dP)
        by_forced = P_before * np.expm1(F_forced[1] - F_forced[0]) if others else by_own
        self.J_forced = self.J_forced + Q_forced
        along = np.where(np.sign(order) == np.sign(Q_forced), np.abs(order), 0.0)
        share = along / np.where(along.sum(axis=0) > 0.0, along.sum(axis=0), 1.0)
        stays = self.k - np.maximum(cut, 0.0)
        own = stays * (self.H * by_forced * share).sum(axis=1)
        self.add("own_impact", own)
        self.add("others_impact", stays * (self.H @ by_forced) - own)
        self.add("retail_offset", stays * (self.H @ (by_own - by_forced)))
        self.add("through_loadings", stays * (self.H @ (dP - by_own)))
        self.add("execution_shortfall", pnl - stays * (self.H @ dP))
        self.pnl, self.k = self.pnl + pnl, self.k - cut

    def change(self, J: Array, D: Array, Q: Array) -> Array:
        """(asset,) log price change by the flow Q of the step so far; the bounded law leaves `D >= log B`."""
        impact = self.problem.impact
        change = log_change(self.problem, J + Q, self.g) - log_change(self.problem, J, self.g)
        if impact.law == "bounded_exponential" and impact.parameters.bound > 0.0:
            change = np.maximum(change, np.log(impact.parameters.bound) - D)
        return np.where(Q != 0.0, np.maximum(change, LEAST_CHANGE), 0.0)

    # ---- 5: end of step

    def end_step(self, P_begin: Array, k_begin: Array) -> None:
        """Peaks of days, `sigma^2 <- l sigma^2 + (1 - l) n R^2`, and u of managers; depth follows from sigma."""
        problem, vol_target = self.problem, self.problem.triggers.get("vol_target")
        if self.step % self.n == 0:
            self.fund_peak = np.maximum(self.fund_peak, self.equity())
            self.pnl_peak = np.maximum(self.pnl_peak, self.of_manager(self.pnl))
        decay, R = 0.94 ** (1.0 / self.n), np.log(self.P / P_begin)
        self.v = decay * self.v + (1.0 - decay) * self.n * R**2 / (problem.assets.vol**2 / 252.0)
        if vol_target is not None:
            decay, start_vol = 0.97 ** (1.0 / self.n), vol_target.start_vol[problem.books.shape_of]
            k = np.where(self.of_manager(k_begin) > 0.0, k_begin, 1.0)
            gross = self.of_manager(k * (np.abs(self.H) @ P_begin))
            known = (start_vol > 0.0) & (gross > 0.0)
            per_gross = self.of_manager(k * (self.H @ (self.P - P_begin))) / np.where(known, gross, 1.0)
            news = self.n * per_gross**2 * 252.0 / np.where(known, start_vol, 1.0) ** 2
            self.u = np.where(known, decay * self.u + (1.0 - decay) * news, self.u)
