"""The reference with options: deltas that follow prices by gamma, and theta; for the twin of the kernels alone."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from stress.reference import result
from stress.reference.model import Path
from stress.reference.result import Result, follow
from stress.reference.state import CAUSES, TRIGGERS, Array, log_change
from stress.scenarios.problem import Problem

LEVER = 0.1


class OptionsPath(Path):
    """One path. `H` is what deltas are at present prices, in units; `H0`, `G` and `T` stay."""

    def __init__(self, problem: Problem) -> None:
        books = problem.books
        super().__init__(replace(problem, books=replace(books, gamma=None, theta=None)))
        size = books.size[:, None]
        self.H0 = size * books.shapes[books.shape_of]
        self.G = size * books.gamma[books.shape_of]  # type: ignore[index]
        self.T = size * books.theta[books.shape_of] / problem.steps_per_day  # type: ignore[index]

    @property
    def H(self) -> Array:  # noqa: N802
        return np.asarray(self.H0 + self.G * (self.P - 1.0))

    @H.setter
    def H(self, _: Array) -> None:  # noqa: N802
        """Set by `State` from deltas alone."""

    def gains(self, before: Array, dP: Array) -> Array:
        """(book, asset) USD that a move brings at k = 1."""
        return np.asarray((self.H0 + self.G * (before - 1.0)) * dP + 0.5 * self.G * dP**2)

    def mark(self, P: Array, cause: str) -> None:
        each = self.gains(self.P, P - self.P) + (self.T if cause == "outside_shock" else 0.0)
        self.add(cause, self.k * each.sum(axis=1))
        self.pnl_by_asset = self.pnl_by_asset + self.k @ each
        self.pnl, self.P = self.pnl + self.k * each.sum(axis=1), P

    def portfolio(self, k: Array, f: Any) -> float:
        funds, mine = self.problem.funds, self.fund == f
        X, G = self.positions(k)[mine], (k[:, None] * self.G * self.P**2)[mine]
        worst = 0.0
        for move in funds.portfolio_moves[f]:
            worst = max(worst, -float((X * move + 0.5 * G * move**2).sum()))
        worst = max(worst, float(funds.portfolio_floor[f] * np.abs(X).sum()))
        size = (np.abs(X) + LEVER * np.abs(G)).sum(axis=0)
        if size.sum() <= 0.0:
            return 0.0
        return float(worst * (funds.line_share[f] @ (self.multipliers(f) @ size / size.sum())))

    def trade(self, cut: Array, cause: Array, Q_outside: Array) -> None:
        before, H, w = self.P, self.H, self.problem.impact.execution_weight
        order, usd = -cut[:, None] * H, np.abs(cut) * self.book_gross(np.ones_like(cut))
        Q_forced = order.sum(axis=0)
        for x in range(len(TRIGGERS)):
            self.sold[x] += self.by_fund(usd * ((cause == x) & (cut > 0.0)))
            self.built[x] += self.by_fund(usd * ((cause == x) & (cut < 0.0)))
        self.built_by_overlay = self.built_by_overlay + np.maximum(-cut, 0.0) * (cause == TRIGGERS.index("overlay"))
        P, J, D = self.opening
        self.Q, self.Q_forced = self.Q + Q_forced + Q_outside, self.Q_forced + Q_forced
        self.Q_by_fund = self.Q_by_fund + self.by_fund(order)
        change = self.change(J, D, self.Q)
        self.P, self.D, self.J = P * np.exp(change), D + change, J + self.Q
        each = self.gains(before, self.P - before)
        gains = self.k - cut * (1.0 - w)
        pnl = gains * each.sum(axis=1)
        self.pnl_by_asset = self.pnl_by_asset + gains @ each
        F_forced = [log_change(self.problem, J, self.g) for J in (self.J_forced, self.J_forced + Q_forced)]
        others = any(flow.per_percent > 0.0 for flow in self.problem.outside.values())
        by_forced = before * np.expm1(F_forced[1] - F_forced[0]) if others else self.P - before
        forced = self.gains(before, by_forced)
        self.J_forced = self.J_forced + Q_forced
        along = np.where(np.sign(order) == np.sign(Q_forced), np.abs(order), 0.0)
        share = along / np.where(along.sum(axis=0) > 0.0, along.sum(axis=0), 1.0)
        stays = self.k - np.maximum(cut, 0.0)
        own = stays * (forced * share).sum(axis=1)
        self.add("own_impact", own)
        self.add("others_impact", stays * forced.sum(axis=1) - own)
        self.add("retail_offset", stays * (each - forced).sum(axis=1))
        self.add("execution_shortfall", pnl - stays * each.sum(axis=1))
        self.pnl, self.k = self.pnl + pnl, self.k - cut


def followed(path: OptionsPath, draws: Array) -> dict[str, Array]:
    """As `stress.reference.result.follow`."""
    found = follow(path, draws)
    return found | _held_still(path.problem, path, found)


def simulate(problem: Problem, draws: Array) -> Result:
    """As `stress.reference.result.simulate`."""
    paths = [followed(OptionsPath(problem), np.asarray(draws[:, :, p], np.float64)) for p in range(draws.shape[2])]
    return Result(**{item.name: np.stack([path[item.name] for path in paths], axis=-1) for item in fields(Result)})


def taught(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that follows the reference knows options."""
    monkeypatch.setattr(result, "Path", OptionsPath)
    monkeypatch.setattr(result, "follow", followed)


def _held_still(problem: Problem, path: OptionsPath, found: dict[str, Array]) -> dict[str, Array]:
    """The start book held, by news alone: what the reference makes of deltas is done again with gammas and thetas."""
    P, funds, held = np.exp(found["news"]), problem.funds, problem.books.start_held[:, None]
    steps = np.arange(1, len(P) + 1)
    E = [
        1.0
        + path.by_fund((held * (path.H0 * (p - 1) + 0.5 * path.G * (p - 1) ** 2 + t * path.T)).sum(axis=1)) / funds.nav
        for p, t in zip(P, steps, strict=True)
    ]
    static, types = np.array(E), np.equal.outer(np.arange(len(funds.types)), funds.type_of)
    fixed: dict[str, Array] = {"equity_static": static}
    for name, chosen in (("", np.eye(len(funds.nav))), ("group_", np.vstack([types, np.ones(len(funds.nav))]))):
        mean = chosen * funds.nav / (chosen @ funds.nav)[:, None]
        equity = static @ mean.T
        fixed |= {f"{name}loss_static": 1.0 - equity[-1], f"{name}trough_static": (1.0 - equity).max(axis=0)}
        fixed[f"{name}max_drawdown_static"] = result.drawdown(equity)
    shock = path.causes[CAUSES.index("outside_shock")]
    return fixed | {"forgone_by_selling": -fixed["loss_static"] - shock}
