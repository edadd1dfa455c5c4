"""What the start looks like before anything moves: leverage, margin, distance to a call, days of volume."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stress.scenarios.problem import Bools, Floats, Problem

PARTICIPATION = 0.25


@dataclass(frozen=True)
class StartTable:
    """The start of every member fund (member,) in the order of the file, and of every asset (asset,) sorted by id."""

    members: tuple[str, ...]
    types: tuple[str, ...]  # (member,) the type of each
    nav: Floats  # USD
    gross: Floats  # (long + short) / NAV
    net: Floats  # (long - short) / NAV over the assets that count in net
    has_margin: Bools
    requirement: Floats  # margin requirement / equity, 0 without margin
    adverse_move: Floats  # fall of longs, and rise of shorts, to the first call; inf without one
    liquidation_days: Floats  # days to trade all positions at 25 % of volume: the slowest asset
    slowest_asset: tuple[str, ...]  # "" for a fund without positions
    assets: tuple[str, ...]
    held_usd: Floats  # (asset,) long plus short of all books
    held_days: Floats  # (asset,) the same in days of average volume


def start_table(problem: Problem) -> StartTable:
    """Work out the start table.

    The move to the first call hits every position: longs fall by `x`, shorts rise by `x`. Equity is then
    `E - x G` and the requirement `M_long (1 - x) + M_short (1 + x)`, which meet at
    `x = (E - M)/(G - M_long + M_short)`; a fund that is long only has the textbook `1 - (1 - i)/(1 - m)`. Beyond
    `x = 1` longs are worthless and only the shorts go on losing: a fund that survives that without shorts has no call.
    """
    funds, books, assets = problem.funds, problem.books, problem.assets
    members = len(funds.ids)
    weights = books.shapes[books.shape_of] * books.size[:, None]  # (book, asset) USD
    rates = funds.rates[funds.type_of[books.fund_of]]
    long, short = np.maximum(weights, 0.0), np.maximum(-weights, 0.0)

    def by_fund(values: Floats) -> Floats:
        total = np.zeros((members, *values.shape[1:]))
        np.add.at(total, books.fund_of, values)
        return total

    long_usd, short_usd = by_fund(long.sum(axis=1)), by_fund(short.sum(axis=1))
    gross = long_usd + short_usd
    net = by_fund(((long - short) * assets.in_net).sum(axis=1))
    margin_long = np.where(funds.has_margin, by_fund((np.minimum(rates, 1.0) * long).sum(axis=1)), 0.0)
    margin_short = np.where(funds.has_margin, by_fund((rates * short).sum(axis=1)), 0.0)
    move = _quotient(funds.nav - margin_long - margin_short, gross - margin_long + margin_short)
    worthless = _quotient(funds.nav - long_usd - margin_short, short_usd + margin_short)
    move = np.where(funds.has_margin, np.where(move <= 1, move, worthless), np.inf)
    # books of one fund that are long and short in the same asset offset each other when all is sold
    days = np.abs(by_fund(weights)) / (PARTICIPATION * assets.adv)
    slowest = days.argmax(axis=1)
    held = (long + short).sum(axis=0)
    types = [funds.types[t] for t in funds.type_of]
    order = np.argsort([funds.types_file_order.index(name) for name in types], kind="stable")
    return StartTable(
        members=tuple(funds.ids[n] for n in order),
        types=tuple(types[n] for n in order),
        nav=funds.nav[order],
        gross=(gross / funds.nav)[order],
        net=(net / funds.nav)[order],
        has_margin=funds.has_margin[order],
        requirement=((margin_long + margin_short) / funds.nav)[order],
        adverse_move=move[order],
        liquidation_days=days.max(axis=1)[order],
        slowest_asset=tuple(assets.ids[slowest[n]] if days[n, slowest[n]] > 0 else "" for n in order),
        assets=assets.ids,
        held_usd=held,
        held_days=held / assets.adv,
    )


def _quotient(numerator: Floats, denominator: Floats) -> Floats:
    """Elementwise quotient, inf where the denominator is not positive."""
    result = np.full(numerator.shape, np.inf)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result
