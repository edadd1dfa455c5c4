"""Own limits of the NumPy twin: ladder, leverage target, volatility target and overlay, read once a step."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from twin_state import State

Array = npt.NDArray[Any]


class OwnOrders(NamedTuple):
    """What each book's own limits want, before the broker has its say."""

    sell: Array  # (book,) fraction of the book, the largest of its limits
    buy: Array  # (book,) fraction of the book bought towards a two-way target
    add: Array  # (book,) units of k that an overlay builds


def own_orders(state: State) -> OwnOrders:
    """Read every own limit at present prices and equity."""
    down, up = leverage_target(state)
    sell = np.maximum(np.maximum(ladder(state), volatility_target(state)), down)
    add = overlay(state)
    none = (state.equity_usd() <= 0.0)[state.fund]
    return OwnOrders(np.where(none, 0.0, sell), np.where(none, 0.0, up), np.where(none, 0.0, add))


def ladder(state: State) -> Array:
    """Fraction that each book's stop-loss ladder wants sold."""
    limits = state.limits
    equity = state.equity_usd()
    sell = np.zeros(len(state.fund))
    for b, f in enumerate(state.fund):
        points = np.isfinite(limits.ladder_drawdown[b])
        if not points.any() or state.k[b] <= 0.0:
            continue
        if limits.ladder_on_fund[b]:
            fall = state.fund_peak[f] - equity[f]
        else:
            fall = state.book_peak[b] - (limits.capital[b] + state.of_manager(state.book_pnl)[b])
        cut = np.interp(
            fall / limits.capital[b],
            limits.ladder_drawdown[b][points],
            limits.ladder_cut[b][points],
            left=0.0,
        )
        if cut > 0.0:  # a ladder that has not begun is no ceiling on what a two-way target bought
            sell[b] = max(0.0, 1.0 - (1.0 - cut) / state.k[b])
    return sell


def leverage_target(state: State) -> tuple[Array, Array]:
    """Fractions that each book sells, and buys, towards its fund's leverage target."""
    limits = state.limits
    equity, gross = state.equity_usd(), state.gross_usd()
    down, up = np.zeros(len(state.fund)), np.zeros(len(state.fund))
    for b, f in enumerate(state.fund):
        target = limits.leverage_target[f]
        if not np.isfinite(target) or equity[f] <= 0.0 or gross[f] <= 0.0:
            continue
        q = gross[f] / (equity[f] * target)
        if q - 1.0 > limits.leverage_band[f]:
            down[b] = 1.0 - 1.0 / q
        if limits.two_way[f] and 1.0 - q > limits.leverage_band[f] and not limits.overlay[b] and state.k[b] > 0.0:
            up[b] = 1.0 / q - 1.0
    return down, up


def volatility_target(state: State) -> Array:
    """Fraction that each book's volatility target wants sold."""
    books = state.problem.books
    sell = np.zeros(len(state.fund))
    for b, row in enumerate(state.manager if state.by_manager else books.shape_of):
        if np.isfinite(state.limits.vol_ceiling[b]) and state.k[b] > 0.0:
            cap = state.limits.vol_ceiling[b] / np.sqrt(state.u[row])
            sell[b] = state.limits.vol_speed[b] * max(0.0, 1.0 - cap / state.k[b])
    return sell


def next_variance(state: State, begin: Array, k: Array) -> Array:
    """Ratio u at the end of a step that began at prices `begin` and holdings `k`; 1 without a start volatility."""
    books, steps_per_day = state.problem.books, state.problem.steps_per_day
    decay = 0.97 ** (1.0 / steps_per_day)
    after, start_vol, positions = state.u.copy(), state.limits.start_vol, books.shapes
    if state.by_manager:
        start_vol = np.array([start_vol[books.shape_of[state.manager == m][0]] for m in range(len(after))])
        positions = np.stack([(k[:, None] * state.held)[state.manager == m].sum(axis=0) for m in range(len(after))])
    for row, held in enumerate(positions):
        gross = np.abs(held) @ begin
        if start_vol[row] > 0.0 and gross > 0.0:
            per_gross = held @ (state.price - begin) / gross
            annual = steps_per_day * per_gross**2 * 252.0
            after[row] = decay * state.u[row] + (1.0 - decay) * annual / start_vol[row] ** 2
        elif state.by_manager and start_vol[row] > 0.0:
            after[row] = decay * state.u[row]  # nothing is held
    return after


def overlay(state: State) -> Array:
    """Units of k that each overlay's rule adds at its fund's present loss."""
    limits = state.limits
    loss = 1.0 - state.equity_usd() / state.problem.funds.nav
    add = np.zeros(len(state.fund))
    for b, f in enumerate(state.fund):
        points = np.isfinite(limits.overlay_loss[b])
        if limits.overlay[b] and points.any():
            wanted = np.interp(loss[f], limits.overlay_loss[b][points], limits.overlay_held[b][points], left=0.0)
            add[b] = max(0.0, wanted - state.overlay_done[b])
    return add
