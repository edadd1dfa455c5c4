"""From a validated `Scenario` to the resolved `Problem`: ids joined, defaults filled, everything sorted by id."""

from __future__ import annotations

from dataclasses import replace

from stress.scenarios.build.books import build_books, build_triggers
from stress.scenarios.build.fund_types import resolve_fund_types
from stress.scenarios.build.funds import build_funds, build_groups
from stress.scenarios.build.impact import build_impact
from stress.scenarios.build.margin import check_start
from stress.scenarios.build.market import (
    build_assets,
    build_cascade,
    build_liquidity,
    build_outside,
)
from stress.scenarios.build.shocks import build_shocks
from stress.scenarios.build.unread_keys import check_unused
from stress.scenarios.canonical import canonical_document, filled_defaults
from stress.scenarios.conditions.build import build_conditions
from stress.scenarios.conditions.step import check_conditions
from stress.scenarios.loadings.moved_once import check_moved_once
from stress.scenarios.problem import Estimation, Problem
from stress.scenarios.read.size_limits import check_size
from stress.scenarios.replay.build import replay_document, with_replay
from stress.scenarios.schema.scenario import Scenario


def build_problem(scenario: Scenario) -> Problem:
    """Resolve a scenario.

    `Problem.canonical` is itself a scenario document: `scenario_from_document(problem.canonical)` builds the same
    numbers. Warns (`ScenarioWarning`) about numbers that deserve a second look.

    Raises:
        ScenarioError: an unknown id, inconsistent numbers, a fund that starts in a margin call.
    """
    if not isinstance(scenario, Scenario):
        raise TypeError(
            f"a value of type {type(scenario).__name__} is no scenario; allowed: what `load_scenario` returned"
        )
    check_size(scenario)
    assets = build_assets(scenario)
    types = resolve_fund_types(scenario, assets)
    shocks, shock_model = build_shocks(scenario, assets)
    shocks = with_replay(scenario, assets, shocks)
    funds = build_funds(scenario, assets, types)
    liquidity, cascade = build_liquidity(scenario), build_cascade(scenario)
    books = build_books(types, assets, liquidity, cascade, scenario.horizon.steps_per_day)
    triggers = build_triggers(scenario, types, assets, shocks, funds, books)
    shocks = replace(shocks, conditions=build_conditions(scenario, assets, books, shocks))
    check_moved_once(scenario, assets, shocks)
    check_conditions(scenario, shocks, assets)
    check_unused(scenario, types)
    check_start(scenario, types, assets, funds, books)
    outside = build_outside(scenario, assets)
    return Problem(
        name=scenario.name,
        title=scenario.title,
        description=scenario.description,
        sources=tuple(scenario.sources),
        steps=scenario.horizon.steps,
        steps_per_day=scenario.horizon.steps_per_day,
        assets=assets,
        shocks=shocks,
        funds=funds,
        books=books,
        impact=build_impact(scenario, assets),
        liquidity=liquidity,
        triggers=triggers,
        outside=outside,
        cascade=cascade,
        estimation=Estimation(
            levels=tuple(scenario.estimation.levels),
            detail_paths=scenario.estimation.detail_paths,
            method=scenario.estimation.method,
            question=scenario.estimation.question,
        ),
        canonical=canonical_document(
            scenario, assets, types, outside, shock_model | replay_document(scenario, assets, shocks.replay)
        ),
        input_hashes=scenario.files.hashes,
        defaults_filled=filled_defaults(scenario),
        origin=scenario.origin,
        fund_groups=build_groups(scenario, funds),
    )
