"""Margin of the NumPy twin: multipliers, haircut and portfolio requirements, and which books a fund gives up first."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from twin_state import State

Array = npt.NDArray[Any]


def multipliers(state: State, step: int, f: int) -> Array:
    """(line, asset) factor on the rates of member `f`, from the volatility at the end of the last step."""
    funds, assets = state.problem.funds, state.problem.assets
    factor = funds.rate_factor[f][:, None] * np.ones(len(assets.ids))
    if step <= funds.lockup_steps[f]:
        return np.asarray(factor)
    ratio = np.sqrt(state.v)
    rise = np.clip(ratio ** funds.procyclicality[f][:, None], 1.0, funds.margin_cap[f][:, None])
    equities = [i for i, name in enumerate(assets.asset_class) if name == "equity"]
    mean = ratio[equities].mean() if equities else -np.inf
    hike = np.where(mean > funds.hike_level[f], funds.hike_size[f], 0.0)
    return np.asarray(factor * (rise + hike[:, None]))


def haircuts(state: State, step: int) -> Array:
    """(book,) haircut requirement in USD, whatever the method of the fund; 0 for funds without margin."""
    funds = state.problem.funds
    size = np.abs(state.positions())
    total = np.zeros(len(state.fund))
    for b, f in enumerate(state.fund):
        if not funds.has_margin[f]:
            continue
        for share, multiplier in zip(funds.line_share[f], multipliers(state, step, f), strict=True):
            rate = funds.rates[f] * multiplier
            rate = np.where(state.held[b] > 0.0, np.minimum(rate, 1.0), rate)
            total[b] += share * np.sum(rate * size[b])
    return total


def worst_case(state: State, step: int, f: int) -> float:
    """Portfolio requirement of member `f` in USD."""
    funds = state.problem.funds
    mine = state.fund == f
    positions = state.positions()[mine]
    net, size = positions.sum(axis=0), np.abs(positions).sum(axis=0)
    gross = float(size.sum())
    if gross <= 0.0:
        return 0.0
    worst = max((max(0.0, -float(net @ move)) for move in funds.portfolio_moves[f]), default=0.0)
    mean_multiplier = multipliers(state, step, f) @ size / gross  # (line,)
    return float(max(worst, funds.portfolio_floor[f] * gross) * (funds.line_share[f] @ mean_multiplier))


def requirement(state: State, step: int) -> Array:
    """Margin requirement of each member in USD, at present prices and the terms of `step`."""
    funds = state.problem.funds
    total = state.by_fund(haircuts(state, step))
    for f in range(len(funds.ids)):
        if funds.has_margin[f] and funds.portfolio[f]:
            total[f] = worst_case(state, step, f)
    return total


def margin_base(state: State, step: int) -> Array:
    """(book,) what a margin sale is served from: the haircut requirement, or the gross of a portfolio fund's book."""
    return np.where(state.problem.funds.portfolio[state.fund], state.book_gross(), haircuts(state, step))


def by_priority(state: State, f: int, fraction: float, base: Array) -> Array:
    """(book,) fractions by which member `f` gives up `fraction` of its total `base`, lower priorities first."""
    sell = np.zeros(len(state.fund))
    mine = state.fund == f
    priority = state.problem.books.priority
    left = fraction * base[mine].sum()
    for level in np.unique(priority[mine]):
        group = mine & (priority == level)
        total = base[group].sum()
        if total > 0.0:
            given = min(total, left)
            sell[group] = given / total
            left -= given
    return sell
