"""What the start looks like before anything moves: leverage, margin, distance to a call, days of volume."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stress.scenarios.build.requirement import by_fund, requirement, start_positions
from stress.scenarios.convexity import MOVE, earned, moved, start_options
from stress.scenarios.problem import ROUNDING, Bools, Floats, Problem

PARTICIPATION = 0.25
_HALVINGS = 60
_GRID = np.arange(1, 1000) / 1000  # moves that are tried, of funds with options


@dataclass(frozen=True)
class StartTable:
    """The start of every member fund (member,) in the order of the file, and of every asset (asset,) sorted by id."""

    members: tuple[str, ...]
    types: tuple[str, ...]  # (member,) the type of each
    nav: Floats  # USD
    gross: Floats  # (long + short) / NAV
    net: Floats  # (long - short) / NAV over the assets that count in net
    currencies: Floats  # the part of gross that is currencies outside net, over NAV
    has_margin: Bools
    requirement: Floats  # margin requirement / equity, 0 without margin
    adverse_move: (
        Floats  # fall of longs, and rise of shorts, to the first call; inf without one, 0: in one at the start
    )
    liquidation_days: Floats  # days to trade all positions at 25 % of volume: the slowest asset
    slowest_asset: tuple[str, ...]  # "" for a fund without positions
    assets: tuple[str, ...]
    held_usd: Floats  # (asset,) long plus short of all books
    held_days: Floats  # (asset,) the same in days of average volume


def start_table(problem: Problem) -> StartTable:
    """Work out the start table.

    The move to the first call hits every position: longs fall by `x`, shorts rise by `x`. On haircuts equity is then
    `E - x G` and the requirement `M_long (1 - x) + M_short (1 + x)`, which meet at
    `x = (E - M)/(G - M_long + M_short)`; a fund that is long only has the textbook `1 - (1 - i)/(1 - m)`. Beyond
    `x = 1` longs are worthless and only the shorts go on losing: a fund that survives that without shorts has no call.
    On portfolio margin the move is found by bisection; of a fund with options it is the smallest, to a tenth of a
    percent, of a fall of all assets, a rise of all, and the two moves against and with its deltas. Overlays hold
    nothing yet; concentration is that of the start.
    """
    funds, books, assets = problem.funds, problem.books, problem.assets
    members = len(funds.ids)
    positions = start_positions(books)

    def of_fund(values: Floats) -> Floats:
        return by_fund(values, books.fund_of, members)

    gross = of_fund(np.abs(positions).sum(axis=1))
    net = of_fund((positions * assets.in_net).sum(axis=1))
    fx = np.array([kind == "fx" for kind in assets.asset_class], np.bool_) & ~assets.in_net
    options = start_options(books)
    needed = requirement(funds, assets, books.fund_of, positions, None if options is None else options.gamma)
    # books of one fund that are long and short in the same asset offset each other when all is sold
    days = np.abs(of_fund(positions)) / (PARTICIPATION * assets.adv)
    slowest = days.argmax(axis=1)
    held = np.abs(positions).sum(axis=0)
    types = [funds.types[t] for t in funds.type_of]
    order = np.argsort([funds.types_file_order.index(name) for name in types], kind="stable")
    return StartTable(
        members=tuple(funds.ids[n] for n in order),
        types=tuple(types[n] for n in order),
        nav=funds.nav[order],
        gross=(gross / funds.nav)[order],
        net=(net / funds.nav)[order],
        currencies=(of_fund(np.abs(positions[:, fx]).sum(axis=1)) / funds.nav)[order],
        has_margin=funds.has_margin[order],
        requirement=(needed / funds.nav)[order],
        adverse_move=np.where(needed > funds.nav, 0.0, _with_options(problem, _adverse_move(problem, positions)))[
            order
        ],
        liquidation_days=days.max(axis=1)[order],
        slowest_asset=tuple(assets.ids[slowest[n]] if days[n, slowest[n]] > 0 else "" for n in order),
        assets=assets.ids,
        held_usd=held,
        held_days=held / assets.adv,
    )


def start_in_call(problem: Problem) -> list[str]:
    """Fund types with a member whose requirement exceeds its equity at the start, in file order."""
    funds, books = problem.funds, problem.books
    options = start_options(books)
    gamma = None if options is None else options.gamma
    needed = requirement(funds, problem.assets, books.fund_of, start_positions(books), gamma)
    called = {funds.types[t] for t in funds.type_of[needed > funds.nav * (1.0 + ROUNDING)]}
    return [name for name in funds.types_file_order if name in called]


@dataclass(frozen=True)
class MovedBook:
    """A fund with options before and after a move of all underlyings at once."""

    member: str
    move: float  # relative, of every asset
    delta: float  # net delta after it, multiple of NAV
    pnl: float  # delta-gamma P&L, multiple of NAV
    delta_pnl: float  # the part of it that the deltas of the start make
    requirement: float  # over the equity that is left; inf where there is none, 0 without margin
    theta: float  # a day, multiple of NAV; no part of `pnl`


def moved_options(problem: Problem, moves: tuple[float, ...] = (-MOVE, 0.0, MOVE)) -> tuple[MovedBook, ...]:
    """Every fund with options, in the order of the file, at every move; none where there are no options."""
    options, funds = start_options(problem.books), problem.funds
    if options is None:
        return ()
    fund_of, positions = problem.books.fund_of, start_positions(problem.books)
    curved = by_fund(np.abs(options.gamma) + np.abs(options.theta), fund_of, len(funds.ids)).sum(axis=1) > 0
    theta = by_fund(options.theta.sum(axis=1), fund_of, len(funds.ids))
    found: list[MovedBook] = []
    for n in np.argsort([funds.types_file_order.index(funds.types[t]) for t in funds.type_of], kind="stable"):
        for move in moves if curved[n] else ():
            at = np.full(positions.shape, move)
            pnl, by_delta, delta, needed = _after(problem, at)
            left = funds.nav[n] + pnl[n]
            found.append(
                MovedBook(
                    member=funds.ids[n],
                    move=move,
                    delta=float(delta[n] / funds.nav[n]),
                    pnl=float(pnl[n] / funds.nav[n]),
                    delta_pnl=float(by_delta[n] / funds.nav[n]),
                    requirement=float(needed[n] / left) if left > 0 else float("inf"),
                    theta=float(theta[n] / funds.nav[n]),
                )
            )
    return tuple(found)


def _after(problem: Problem, move: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """After moves (book, asset): P&L, its part by the start's deltas, net delta and requirement, each (member,) USD."""
    funds, fund_of, options = problem.funds, problem.books.fund_of, start_options(problem.books)
    positions, members = start_positions(problem.books), len(problem.funds.ids)
    gamma = None if options is None else options.gamma
    after = moved(positions, gamma, 1.0 + move)
    curved = None if gamma is None else gamma * (1.0 + move) ** 2
    pnl, by_delta, delta = (
        by_fund(usd.sum(axis=1), fund_of, members)
        for usd in (earned(positions, gamma, move), earned(positions, None, move), after)
    )
    return pnl, by_delta, delta, requirement(funds, problem.assets, fund_of, after, curved)


def _with_options(problem: Problem, without: Floats) -> Floats:
    """The adverse move (member,), with that of funds with options in its place; inf without one up to 99.9 %."""
    options, funds = start_options(problem.books), problem.funds
    if options is None:
        return without
    fund_of, positions = problem.books.fund_of, start_positions(problem.books)
    curved = by_fund(np.abs(options.gamma), fund_of, len(funds.ids)).sum(axis=1) > 0
    side = np.sign(by_fund(positions, fund_of, len(funds.ids)))[fund_of]
    result = np.where(curved, np.inf, without)
    one = np.ones_like(side)
    for direction in (-one, one, -side, side):
        for size in _GRID:
            pnl, _, _, needed = _after(problem, size * direction)
            called = curved & funds.has_margin & (needed > funds.nav + pnl) & (size < result)
            result = np.where(called, size, result)
            if (result <= size)[curved & funds.has_margin].all():
                break
    return result


def _adverse_move(problem: Problem, positions: Floats) -> Floats:
    """Fall of longs and rise of shorts to the first call (member,), inf without one."""
    funds, fund_of, members = problem.funds, problem.books.fund_of, len(problem.funds.ids)
    long, short = np.maximum(positions, 0.0), np.maximum(-positions, 0.0)
    margin_long = requirement(funds, problem.assets, fund_of, long)
    margin_short = requirement(funds, problem.assets, fund_of, -short)
    long_usd, short_usd = (by_fund(side.sum(axis=1), fund_of, members) for side in (long, short))
    move = _quotient(funds.nav - margin_long - margin_short, long_usd + short_usd - margin_long + margin_short)
    worthless = _quotient(funds.nav - long_usd - margin_short, short_usd + margin_short)
    move = np.where(move <= 1, move, worthless)
    if (funds.portfolio & funds.has_margin).any():
        move = np.where(funds.portfolio, _bisected_move(problem, long, short, long_usd, short_usd), move)
    return np.where(funds.has_margin, move, np.inf)


def _bisected_move(problem: Problem, long: Floats, short: Floats, long_usd: Floats, short_usd: Floats) -> Floats:
    """The adverse move (member,) at which equity falls below the requirement, inf without one.

    Equity less requirement is concave in the move up to 1 and again beyond, and starts above 0: it crosses 0 once. At
    the latest that is where equity is gone.
    """
    funds, fund_of = problem.funds, problem.books.fund_of

    def spare(move: Floats) -> Floats:
        left = np.maximum(1.0 - move, 0.0)
        after = long * left[fund_of][:, None] - short * (1.0 + move)[fund_of][:, None]
        equity = funds.nav - long_usd * (1.0 - left) - short_usd * move
        return equity - requirement(funds, problem.assets, fund_of, after)

    one = np.ones(len(funds.ids))
    beyond = spare(one) >= 0
    broke = _quotient(funds.nav - long_usd, short_usd)
    never = beyond & ~np.isfinite(broke)
    low, high = np.where(beyond, 1.0, 0.0), np.where(beyond & ~never, np.maximum(broke, 1.0), 1.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        holds = spare(middle) >= 0
        low, high = np.where(holds, middle, low), np.where(holds, high, middle)
    return np.where(never, np.inf, low)


def _quotient(numerator: Floats, denominator: Floats) -> Floats:
    """Elementwise quotient, inf where the denominator is not positive."""
    result = np.full(numerator.shape, np.inf)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result
