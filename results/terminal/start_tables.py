"""How a scenario starts, as tables: its funds, what they hold together, liquidity tiers, funds that are alike."""

from __future__ import annotations

import math

import numpy as np
from rich.table import Table

from stress.results.terminal.cells import money_unit
from stress.scenarios.overlap import liquidity_overlap, overlap
from stress.scenarios.problem import Problem
from stress.scenarios.start import StartTable
from stress.scenarios.tier_table import Tier

MOST_HELD = 10  # assets listed by how many days of volume the funds hold together
MOST_TOLD, LEAST_TOLD = 6, 0.005  # funds with currencies in gross, and how much of it over NAV is told
MOST_ALIKE = 8  # pairs of fund types listed by how much their positions overlap


def funds_table(start: StartTable, problem: Problem) -> Table:
    """Leverage, margin over equity, the fall to the first call and days to sell, of each member fund."""
    table = Table(
        title=f"{problem.origin.titled(problem.title or problem.name)}: the funds at the start", title_justify="left"
    )
    table.add_column("fund")
    unit, per_usd = money_unit(start.nav)
    for heading in (f"NAV {unit}", "gross", "net", "margin / equity", "fall to first call", "days to sell"):
        table.add_column(heading, justify="right")
    table.add_column("slowest asset")
    for i, member in enumerate(start.members):
        move = start.adverse_move[i]
        table.add_row(
            member,
            _amount(start.nav[i] * per_usd),
            f"{start.gross[i]:.2f}",
            f"{start.net[i]:.2f}",
            f"{start.requirement[i]:.1%}" if start.has_margin[i] else "none",
            "in one" if move == 0 else f"{move:.1%}" if math.isfinite(move) else "never",
            f"{start.liquidation_days[i]:.2g}",
            start.slowest_asset[i],
        )
    parts = [f"{start.currencies[i]:.2f} of {start.members[i]}" for i in np.flatnonzero(start.currencies >= LEAST_TOLD)]
    if parts:
        more = ", …" if len(parts) > MOST_TOLD else ""
        table.caption = f"currencies count in gross and not in net: {', '.join(parts[:MOST_TOLD])}{more}"
    return table


def _amount(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


def assets_table(start: StartTable) -> Table:
    """What all funds hold of an asset together, in USD and days of its volume."""
    table = Table(title="held by all funds, most days of volume first", title_justify="left")
    table.add_column("asset")
    unit, per_usd = money_unit(start.held_usd)
    table.add_column(f"held {unit}", justify="right")
    table.add_column("days of volume", justify="right")
    for i in start.held_days.argsort(kind="stable")[::-1][:MOST_HELD]:
        table.add_row(start.assets[i], _amount(start.held_usd[i] * per_usd), f"{start.held_days[i]:.3g}")
    return table


def tiers_table(tiers: tuple[Tier, ...], cap: float) -> Table:
    """Liquidity tiers of books, and how long each takes at the cap (a share of volume a day)."""
    table = Table(title=f"liquidity tiers of every book, at {cap:.4g} of volume a day", title_justify="left")
    table.add_column("tier")
    unit, per_usd = money_unit(tier.usd for tier in tiers)
    for heading in ("days to trade all", f"held {unit}", "books"):
        table.add_column(heading, justify="right")
    table.add_column("assets, most days first")
    for tier in tiers:
        most, least = f"{tier.days[0]:.3g}", f"{tier.days[-1]:.3g}"
        days = most if most == least else f"{least} to {most}"
        table.add_row(str(tier.number), days, _amount(tier.usd * per_usd), str(tier.books), ", ".join(tier.assets))
    table.caption = "a cut order trades at the pace of its tier's tightest asset"
    return table


def pairs_table(problem: Problem) -> Table:
    """Fund types whose positions are most alike, and what the sale of one costs the other."""
    alike, cost = overlap(problem), liquidity_overlap(problem)
    nav = np.bincount(problem.funds.type_of, problem.funds.nav)
    first, second = np.triu_indices(len(nav), 1)
    table = Table(title="crowding: fund types whose start positions are most alike", title_justify="left")
    table.add_column("fund type")
    table.add_column("and")
    for heading in ("overlap", "first loses, % of NAV", "second loses, % of NAV"):
        table.add_column(heading, justify="right")
    for at in np.argsort(-alike[first, second], kind="stable")[:MOST_ALIKE]:
        f, g = first[at], second[at]
        shares = (f"{100 * cost[f, g] / nav[f]:.2f}", f"{100 * cost[g, f] / nav[g]:.2f}")
        table.add_row(problem.funds.types[f], problem.funds.types[g], f"{alike[f, g]:.2f}", *shares)
    table.caption = "loses: to first order, when the other sells all of its positions"
    return table
