"""`levstress check`: is a scenario valid, and how close does each fund start to its first margin call?"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stress.cli import options as common
from stress.cli.console import console, print_json, say
from stress.cli.exits import ends_with_exit_code
from stress.cli.street import Proxy, Street, problem_of, ties_json, ties_table
from stress.options import parse_count
from stress.results.terminal.cells import money_unit

if TYPE_CHECKING:
    import xarray as xr
    from rich.table import Table

    from stress.scenarios.problem import Problem
    from stress.scenarios.start import StartTable
    from stress.scenarios.tier_table import Tier

SHORT = 10_000  # paths of a short simulation
MOST_HELD = 10  # assets listed by how many days of volume the funds hold together
MOST_ALIKE = 8  # pairs of fund types listed by how much their positions overlap


@ends_with_exit_code
def check(
    scenario: common.Scenario,
    overrides: common.Set = None,
    street: Street = None,
    proxy: Proxy = None,
    paths: Annotated[
        int,
        typer.Option(
            "--paths",
            parser=parse_count,
            metavar="N",
            help="Paths of each of three short simulations, with haircuts 10 % lower, as they are, and 10 % higher; "
            "0 leaves them out.",
        ),
    ] = SHORT,
    json: common.Json = False,
) -> None:
    """Check a scenario and print its start: leverage, margin over equity, fall to the first call, days to sell.

    The fall to the first call hits every position: longs fall and shorts rise by that much. Days are at 25 % of
    average daily volume, until the slowest position is sold. Under max_participation it also prints the liquidity tiers
    into which every book is cut, and the days that each needs at the cap. Then who is called, with haircuts 10 % lower
    and higher. Exit 3 when the scenario is not valid.

    \b
    Examples:
      levstress check tariff-2025
      levstress check my.toml --set funds.quant.gross=5 --paths 0
      levstress check mybook --street ai-unwind-2026 --proxy "0700 HK=hong_kong"
    """
    from stress.results.terminal.loadings_table import loadings_table
    from stress.scenarios.start import start_table
    from stress.scenarios.switched_off import off_sentence, switched_off
    from stress.scenarios.tier_table import tier_table, why_alone

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            problem, found = problem_of(scenario, overrides or (), street, proxy)
        finally:
            doubts = [str(warning.message) for warning in caught]
            for doubt in doubts:
                say(f"levstress: warning: {doubt}")
    start, tiers = start_table(problem), tier_table(problem)
    moved = _with_other_haircuts(problem, paths)
    if json:
        more = {"warnings": doubts} | ({} if moved is None else {"haircuts": _haircuts_json(moved)})
        print_json(_document(problem, start, tiers) | ties_json(found) | more)
        return
    screen = console()
    if problem.origin.overrides:
        screen.print(problem.origin.sentence())
    screen.print(_funds(start, problem))
    off = off_sentence(switched_off(problem))
    for sentence in filter(None, (off, *_of_the_draw(problem))):
        screen.print(sentence)
    screen.print(_assets(start))
    tied = loadings_table(problem.assets) if found is None else ties_table(found, problem)
    if tied is not None:
        screen.print(tied)
    if tiers:
        screen.print(_tiers(tiers, problem.cascade.max_participation))
    for sentence in filter(None, (why_alone(tiers, tier) for tier in tiers)):
        say(sentence)
    if len(problem.funds.types) > 1:
        screen.print(_pairs(problem))
    if moved is not None:
        from stress.results.terminal.haircuts_table import haircuts_table

        screen.print(haircuts_table(moved))
    say(f"{problem.name} is valid; values left to their defaults: {len(problem.defaults_filled)} (--json lists them)")


def _of_the_draw(problem: Problem) -> Iterator[str]:
    """What became of the correlation that the file gives."""
    from stress.results.terminal.summary_table import repair_sentence
    from stress.scenarios.shocks.classes import between_classes

    if problem.shocks.repair_distance > 0:
        yield repair_sentence(problem.shocks.repair_distance)
    factors = between_classes(problem.shocks.class_dof)
    if factors:
        pairs = ", ".join(f"{factor:.2f} times between {pair}" for pair, factor in factors.items())
        yield f"Each asset class has a chi-square of its own, so draws are less correlated than their normals: {pairs}."


def _with_other_haircuts(problem: Problem, paths: int) -> xr.Dataset | None:
    """None where it is left out, or where nobody can be called."""
    if not paths or not problem.funds.has_margin.any() or not problem.cascade.feedback:
        return None
    from stress.questions.haircuts import haircuts

    return haircuts(problem, paths)


def _haircuts_json(moved: xr.Dataset) -> dict[str, Any]:
    """By fund, then by factor of all margin rates: shares, probabilities and their standard errors, null = unknown."""

    def plain(value: xr.DataArray) -> bool | float | None:
        number = float(value)
        return bool(value) if value.dtype.kind == "b" else number if math.isfinite(number) else None

    funds = {
        str(fund): {
            f"{factor:g}": {
                str(name): plain(value) for name, value in moved.sel(fund=fund, haircuts=factor).data_vars.items()
            }
            for factor in moved["haircuts"].values
        }
        for fund in moved["fund"].values
    }
    return {**{name: int(moved.attrs[name]) for name in ("paths", "seed")}, "funds": funds}


def _funds(start: StartTable, problem: Problem) -> Table:
    from rich.table import Table

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
    return table


def _amount(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


def _assets(start: StartTable) -> Table:
    from rich.table import Table

    table = Table(title="held by all funds, most days of volume first", title_justify="left")
    table.add_column("asset")
    unit, per_usd = money_unit(start.held_usd)
    table.add_column(f"held {unit}", justify="right")
    table.add_column("days of volume", justify="right")
    for i in start.held_days.argsort(kind="stable")[::-1][:MOST_HELD]:
        table.add_row(start.assets[i], _amount(start.held_usd[i] * per_usd), f"{start.held_days[i]:.3g}")
    return table


def _tiers(tiers: tuple[Tier, ...], cap: float) -> Table:
    from rich.table import Table

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


def _pairs(problem: Problem) -> Table:
    import numpy as np
    from rich.table import Table

    from stress.scenarios.overlap import liquidity_overlap, overlap

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


def _document(problem: Problem, start: StartTable, tiers: tuple[Tier, ...]) -> dict[str, Any]:
    """The start table as JSON: fractions and USD; null where a fund never gets a call."""
    from stress.results.terminal.loadings_table import by_name
    from stress.scenarios.overlap import liquidity_overlap, overlap
    from stress.scenarios.shocks.classes import between_classes
    from stress.scenarios.switched_off import switched_off
    from stress.scenarios.tier_table import why_alone

    funds = [
        {
            "fund": member,
            "type": start.types[i],
            "nav_usd": float(start.nav[i]),
            "gross": float(start.gross[i]),
            "net": float(start.net[i]),
            "requirement_over_equity": float(start.requirement[i]) if start.has_margin[i] else None,
            "fall_to_first_call": float(start.adverse_move[i]) if math.isfinite(start.adverse_move[i]) else None,
            "liquidation_days": float(start.liquidation_days[i]),
            "slowest_asset": start.slowest_asset[i] or None,
        }
        for i, member in enumerate(start.members)
    ]
    assets = [
        {"asset": asset, "held_usd": float(start.held_usd[i]), "held_days_of_volume": float(start.held_days[i])}
        for i, asset in enumerate(start.assets)
    ]
    liquidity = [
        {
            "tier": tier.number,
            "days_at_cap": {a: d if math.isfinite(d) else None for a, d in zip(tier.assets, tier.days, strict=True)},
            "held_usd": tier.usd,
            "books": tier.books,
            "alone": why_alone(tiers, tier) or None,
        }
        for tier in tiers
    ]
    alike, cost = overlap(problem), liquidity_overlap(problem)
    crowding = [
        {
            "type": problem.funds.types[f],
            "with": problem.funds.types[g],
            "overlap": float(alike[f, g]),
            "liquidity_overlap_usd": float(cost[f, g]),
        }
        for f in range(len(alike))
        for g in range(f + 1, len(alike))
    ]
    return {
        "scenario": problem.name,
        "valid": True,
        "correlation_repair_distance": float(problem.shocks.repair_distance),
        "correlation_between_classes": between_classes(problem.shocks.class_dof),
        "origin": problem.origin.document(),
        "switched_off": list(switched_off(problem)),
        "defaults": list(problem.defaults_filled),
        "inputs_sha256": problem.input_hashes,
        "loadings": {name: by_name(problem.assets, problem.assets.ids.index(name)) for name in problem.assets.tied},
        "funds": funds,
        "assets": assets,
        "liquidity_tiers": liquidity,
        "crowding": crowding,
    }
