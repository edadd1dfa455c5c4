"""The margin requirement of the start, on the terms of every line that finances a fund."""

from __future__ import annotations

import numpy as np

from stress.scenarios.problem import Assets, Books, Floats, Funds, Ints


def start_positions(books: Books) -> Floats:
    """Signed positions (book, asset) in USD at the start; books that start at nothing hold nothing."""
    size = np.where(books.start_held > 0, books.size, 0.0)
    return np.asarray(books.shapes[books.shape_of] * size[:, None], np.float64)


def by_fund(values: Floats, fund_of: Ints, members: int) -> Floats:
    """Sums over the books of each member: (book, ...) -> (member, ...)."""
    total = np.zeros((members, *values.shape[1:]))
    np.add.at(total, fund_of, values)
    return total


def start_multipliers(funds: Funds, assets: Assets) -> Floats:
    """What each line multiplies margin rates by at the start (member, line).

    Volatility ratios are 1, so that only the broker's factor is left, and a hike whose level lies below 1; a lock-up
    freezes rates without it.
    """
    hiked = (funds.hike_level < 1.0) & ("equity" in assets.asset_class) & (funds.lockup_steps == 0)[:, None]
    return np.asarray(funds.rate_factor * (1.0 + np.where(hiked, funds.hike_size, 0.0)), np.float64)


def requirement(funds: Funds, assets: Assets, fund_of: Ints, positions: Floats, gamma: Floats | None = None) -> Floats:
    """Requirement of each member, USD (member,), at the volatility of the start.

    Haircut: `sum rate |X|` book by book, the rate on longs capped at 1. Portfolio: the worst loss of the fund's net
    positions over its cases, options by delta and gamma, at least `floor` of gross, times the mean multiplier of its
    lines.

    Args:
        funds: rates and terms.
        assets: their classes.
        fund_of: (book,) member of each book.
        positions: (book, asset) signed USD; of options their deltas.
        gamma: (book, asset) USD, of options, see `scenarios.convexity`; None: there are none.
    """
    members = len(funds.ids)
    multipliers = start_multipliers(funds, assets)
    held, rates = np.abs(positions), funds.rates[fund_of]
    haircut = np.zeros(members)
    for line in np.flatnonzero((funds.line_share > 0).any(axis=0)):
        applied = rates * multipliers[fund_of, line][:, None]
        applied = np.where(positions > 0, np.minimum(applied, 1.0), applied)
        haircut += funds.line_share[:, line] * by_fund((applied * held).sum(axis=1), fund_of, members)
    needed = np.where(funds.portfolio, 0.0, haircut)
    if funds.portfolio.any():
        net, gross = by_fund(positions, fund_of, members), by_fund(held.sum(axis=1), fund_of, members)
        losses = -np.einsum("fa,fca->fc", net, funds.portfolio_moves)
        if gamma is not None:
            losses -= np.einsum("fa,fca->fc", by_fund(gamma, fund_of, members), 0.5 * funds.portfolio_moves**2)
        worst = losses.max(axis=1, initial=0.0)
        mean = (funds.line_share * multipliers).sum(axis=1)
        needed = np.where(funds.portfolio, np.maximum(worst, funds.portfolio_floor * gross) * mean, needed)
    return np.where(funds.has_margin, needed, 0.0)
