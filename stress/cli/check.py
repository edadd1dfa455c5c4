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

if TYPE_CHECKING:
    import xarray as xr

    from stress.scenarios.problem import Problem
    from stress.scenarios.start import StartTable
    from stress.scenarios.tier_table import Tier

SHORT = 10_000  # paths of a short simulation


@ends_with_exit_code
def check(
    scenario: common.Scenario,
    overrides: common.Set = None,
    shock: common.Shock = None,
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
    from stress.results.terminal.options_table import options_table
    from stress.results.terminal.start_tables import assets_table, funds_table, pairs_table, tiers_table
    from stress.scenarios.convexity import NOT_REVALUED
    from stress.scenarios.start import moved_options, start_table
    from stress.scenarios.switched_off import off_sentence, switched_off
    from stress.scenarios.tier_table import tier_table, why_alone

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            problem, found = problem_of(scenario, overrides or (), shock or (), street, proxy)
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
    screen.print(funds_table(start, problem))
    options = moved_options(problem)
    if options:
        screen.print(options_table(options))
        say(NOT_REVALUED)
    off = off_sentence(switched_off(problem))
    for sentence in filter(None, (off, *_of_the_draw(problem))):
        screen.print(sentence)
    screen.print(assets_table(start))
    tied = loadings_table(problem.assets) if found is None else ties_table(found, problem)
    if tied is not None:
        screen.print(tied)
    if tiers:
        screen.print(tiers_table(tiers, problem.cascade.max_participation))
    for sentence in filter(None, (why_alone(tiers, tier) for tier in tiers)):
        say(sentence)
    if len(problem.funds.types) > 1:
        screen.print(pairs_table(problem))
    if moved is not None:
        from stress.results.terminal.haircuts_table import haircuts_table

        screen.print(haircuts_table(moved))
    say(f"{problem.name} is valid; values left to their defaults: {len(problem.defaults_filled)} (--json lists them)")


def _of_the_draw(problem: Problem) -> Iterator[str]:
    """What is fixed of the draw, and what became of the correlation that the file gives."""
    from stress.results.terminal.summary_table import repair_sentence
    from stress.scenarios.conditions.report import condition_facts, condition_sentences
    from stress.scenarios.replay.report import replay_facts, replay_sentences
    from stress.scenarios.shocks.classes import between_classes

    yield from replay_sentences(replay_facts(problem))
    yield from condition_sentences(condition_facts(problem))
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


def _document(problem: Problem, start: StartTable, tiers: tuple[Tier, ...]) -> dict[str, Any]:
    """The start table as JSON: fractions and USD; null where a fund never gets a call."""
    from stress.results.terminal.loadings_table import by_name
    from stress.results.terminal.options_table import options_document
    from stress.scenarios.conditions.report import condition_facts
    from stress.scenarios.overlap import liquidity_overlap, overlap
    from stress.scenarios.replay.report import replay_facts
    from stress.scenarios.shocks.classes import between_classes
    from stress.scenarios.start import moved_options
    from stress.scenarios.switched_off import switched_off
    from stress.scenarios.tier_table import why_alone

    funds = [
        {
            "fund": member,
            "type": start.types[i],
            "nav_usd": float(start.nav[i]),
            "gross": float(start.gross[i]),
            "net": float(start.net[i]),
            "currencies_in_gross": float(start.currencies[i]),
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
        "replay": replay_facts(problem),
        "conditions": condition_facts(problem),
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
    } | options_document(moved_options(problem))
