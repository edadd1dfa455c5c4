"""What makes a book trade: fractions `s_b` to sell, units of k to build, what of it fits (model.md, "Triggers")."""

from __future__ import annotations

import numpy as np

from stress.reference.state import Array, State


# ---- "margin call": when it opens, ages and lapses; "default"
def age_calls(path: State) -> None:
    """A call that is met at the start of a cascade lapses, any other ages by one step."""
    path.open = path.open & (path.equity() < path.requirement(path.k))
    path.age = path.age + path.open


def read_calls(path: State, E: Array, M: Array) -> None:
    """In every round: latch funds without equity, open a call where E < M, measure the largest deficit of each call."""
    live = ~path.defaulted
    path.pending = path.pending | (live & (E <= 0.0))
    opens = live & ~path.open & (M > 0.0) & (E < M)
    path.open = path.open | opens
    path.age, path.call_size = np.where(opens, 0, path.age), np.where(opens, 0.0, path.call_size)
    path.first_call = np.where(opens & (path.first_call == 0), path.step, path.first_call)
    grown = np.where(path.open, np.maximum(0.0, M - E - path.call_size), 0.0)
    path.call_size, path.called = path.call_size + grown, path.called + grown


def book_defaults(path: State) -> None:
    """At the end of a step: no equity in a round, or a deficit that grows although the fund sells at the limit.

    At the limit is a fund with a call of age of which every book still held was cut to the cap in this step; it
    defaults from `cure_steps` of it in a row on, when its deficit is larger than a step before.
    """
    deficit = np.maximum(0.0, path.requirement(path.k) - path.equity())
    held, of_cut = (path.by_fund(path.book_gross(k)) for k in (path.k, path.k * path.done))
    of_age = path.open & ~path.pending & (path.age >= path.problem.funds.grace_steps)
    at_limit = of_age & (held > 0.0) & (of_cut == held)  # equal: every book that counts is done
    path.steps_at_limit = np.where(at_limit, path.steps_at_limit + 1, 0)
    cure_steps = path.problem.triggers["close_out"].cure_steps
    uncured = (path.steps_at_limit >= cure_steps) & (deficit > path.last_deficit) & at_limit
    path.defaulted = path.defaulted | path.pending | uncured
    path.open, path.last_deficit = path.open & ~path.defaulted, deficit


# ---- by brokers, in every round: a fraction of each fund, then of its books by priority
def brokers(path: State, E: Array, M: Array) -> tuple[Array, dict[str, Array]]:
    """The larger fraction of each fund, (fund,), and that of each book by trigger, (book,).

    Margin call: from age `grace_steps` on down to `E = (1 + buffer) M`, `s = 1 - E/((1 + buffer) M)`. Leverage above
    `max_leverage` down to `target_leverage`: `s = 1 - target_leverage E/sum |X|`.
    """
    funds, limit, k = path.problem.funds, path.problem.triggers.get("leverage_limit"), path.kept
    acts = (E > 0.0) & ~(path.defaulted | path.pending)
    due = acts & path.open & (path.age >= funds.grace_steps) & (M > 0.0)
    s_call = np.where(due, np.maximum(0.0, 1.0 - E / ((1.0 + funds.buffer) * np.where(due, M, 1.0))), 0.0)
    s_limit, book_gross = np.zeros_like(E), path.book_gross(k)
    if limit is not None:
        gross = path.by_fund(book_gross)
        breach = acts & (gross / np.where(acts, E, 1.0) > limit.limit)
        wanted = np.where(breach, limit.target, 0.0) * E
        s_limit = np.where(breach, np.maximum(0.0, 1.0 - wanted / np.where(breach, gross, 1.0)), 0.0)
    part_of_M = np.where(funds.portfolio[path.fund], book_gross, path.haircuts(k))
    by_book = {
        "margin_call": by_priority(path, s_call, part_of_M),
        "leverage_limit": by_priority(path, s_limit, book_gross),
    }
    return np.maximum(s_call, s_limit), by_book


def by_priority(path: State, s: Array, size: Array) -> Array:
    """(book,) fractions by which each fund sheds `s` (fund,) of its total `size` (book,), lower priorities first."""
    sell, priority = np.zeros(len(size)), path.problem.books.priority
    for f in np.flatnonzero(s > 0.0):
        mine = path.fund == f
        left = s[f] * size[mine].sum()
        for level in np.unique(priority[mine]):
            group = mine & (priority == level)
            total = size[group].sum()
            sell[group] = min(total, left) / total if total > 0.0 else 0.0
            left -= min(total, left)
    return sell


# ---- own limits, once a step before round 1: a fraction of each book, (book,)
def stop_loss(path: State) -> Array:
    """A ceiling `k_b <= 1 - cut` on the start size: `s = max(0, 1 - (1 - cut)/k_b)`, cut linear between the points.

    The drawdown is that of the manager's P&L over its capital (all tiers together), or of the fund.
    """
    s, record = np.zeros_like(path.k), path.problem.triggers.get("stop_loss")
    if record is None:
        return s
    of_fund = (path.fund_peak - path.equity())[path.fund]
    fall = np.where(record.on_fund, of_fund, path.pnl_peak - path.of_manager(path.pnl)) / record.capital
    for b in np.flatnonzero((path.k > 0.0) & np.isfinite(record.drawdown).any(axis=1)):
        points = np.isfinite(record.drawdown[b])
        cut = np.interp(fall[b], record.drawdown[b][points], record.cut[b][points], left=0.0)
        if cut > 0.0:  # a ladder that has not begun is no ceiling on what a two-way target bought
            s[b] = max(0.0, 1.0 - (1.0 - cut) / path.k[b])
    return s


def vol_target(path: State) -> Array:
    """A ceiling on k: that at the volatility of the start, over `u^(1/2)`; a step closes part of the gap to it."""
    record = path.problem.triggers.get("vol_target")
    if record is None:
        return np.zeros_like(path.k)
    speed, ceiling = 1.0 - (1.0 - record.speed) ** (1.0 / path.n), record.ceiling / np.sqrt(path.u)
    above = path.k > ceiling
    return np.where(above, speed * (1.0 - np.where(above, ceiling, 0.0) / np.where(above, path.k, 1.0)), 0.0)


def leverage_target(path: State) -> tuple[Array, Array]:
    """Fraction sold, and with `two_way` fraction bought: acts where `|gross/(E target) - 1| > band`."""
    down, up, record = np.zeros_like(path.k), np.zeros_like(path.k), path.problem.triggers.get("leverage_target")
    if record is None:
        return down, up
    E, gross = path.equity(), path.by_fund(path.book_gross(path.k))
    for f in np.flatnonzero(np.isfinite(record.target) & (E > 0.0) & (gross > 0.0)):
        q = gross[f] / (E[f] * record.target[f])
        if q - 1.0 > record.band[f]:
            down[path.fund == f] = 1.0 - 1.0 / q
        elif record.two_way[f] and 1.0 - q > record.band[f]:
            up[path.fund == f] = 1.0 / q - 1.0
    return down, np.where(path.problem.books.start_held > 0.0, up, 0.0)


def overlay(path: State) -> Array:
    """Units of k that the rule adds: a function of the fund's loss, less what it has built; it never falls."""
    add, record = np.zeros_like(path.k), path.problem.triggers.get("overlay")
    if record is None:
        return add
    loss = (1.0 - path.equity() / path.problem.funds.nav)[path.fund]
    for b in np.flatnonzero((path.problem.books.start_held == 0.0) & np.isfinite(record.loss).any(axis=1)):
        points = np.isfinite(record.loss[b])
        wanted = np.interp(loss[b], record.loss[b][points], record.held[b][points], left=0.0)
        add[b] = max(0.0, wanted - path.built_by_overlay[b])
    return add


# ---- by the brokers of funds in default, once a step
def close_out(path: State) -> Array:
    """`s_b = min(1, participation/(n days_b))`, `days_b` = value-weighted days of volume of all books in close-out."""
    s, closing, size = np.zeros_like(path.k), path.defaulted[path.fund], np.abs(path.positions(path.k))
    units = (path.k[:, None] * np.abs(path.H))[closing].sum(axis=0)
    participation = path.problem.triggers["close_out"].participation
    for b in np.flatnonzero(closing & (size.sum(axis=1) > 0.0)):
        days = float(size[b] @ (units / (path.g * path.ADV)) / size[b].sum())
        s[b] = min(1.0, participation[path.fund[b]] / path.n / days)
    return s


# ---- the cap `max_participation`, asset by asset, over all rounds of a step
def within_cap(path: State, cut: Array) -> Array:
    """What is traded of orders `cut` (book,), units of k; the rest of a sale waits, and its book is done for the step.

    requested_i = sum over capped orders of |cut_b| |H_bi|, room_i = max(0, cap/n g_i ADV_i - traded_i). The order of a
    book, which is a manager's book or a liquidity tier of it, is scaled by the least min(1, room_i/requested_i) of its
    assets.
    """
    cap = path.problem.cascade.max_participation
    if not np.isfinite(cap):
        return cut
    exempt = path.defaulted[path.fund]  # close-outs have a rate of their own
    asks = ~exempt & ~path.done & (cut != 0.0)
    requested = np.abs(np.where(asks, cut, 0.0)) @ np.abs(path.H)
    room = np.maximum(0.0, cap / path.n * path.g * path.ADV - path.traded)
    fits = np.minimum(1.0, room / np.where(requested > 0.0, requested, 1.0))
    least = np.where((path.H != 0.0) & (requested > 0.0), fits, 1.0).min(axis=1)
    share = np.where(asks, least, np.where(exempt | ~path.done, 1.0, 0.0))
    path.waiting = path.waiting + np.maximum(cut, 0.0) * (1.0 - share)  # of a book that is done: all of it
    path.done = path.done | (asks & (share < 1.0))
    path.traded = path.traded + np.abs(np.where(exempt, 0.0, cut * share)) @ np.abs(path.H)
    return cut * share
