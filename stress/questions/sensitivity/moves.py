"""What a factor makes of the numbers of a group: keys of a scenario, and the values that they get."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from stress.questions.numbers import entry_at, key_of, keys_matching, number_at, parts_of
from stress.scenarios.build.correlation import resolve_correlation
from stress.scenarios.build.market import build_assets
from stress.scenarios.errors import ScenarioError
from stress.scenarios.impact.registry import LAWS
from stress.scenarios.ranges.groups import Group
from stress.scenarios.schema.impact import Impact
from stress.scenarios.schema.scenario import Scenario
from stress.scenarios.shocks.registry import TABLES as MODELS

MOST_CORRELATED = 0.9999  # off the diagonal; 1 would make two assets one


def start_of(scenario: Scenario, group: Group) -> dict[str, Any]:
    """The numbers of a group that the scenario reads and a factor can change, by key; empty: it has none.

    Tables of the whole scenario count with their defaults, those of a fund or a broker with what is written in them.
    """
    if group.kind == "correlation":
        return _correlation(scenario)
    if group.kind == "script":
        return _script(scenario)
    found: dict[str, Any] = {}
    for pattern in group.keys:
        try:
            keys = keys_matching(scenario, pattern)
        except ScenarioError:
            continue  # no entry: `funds.*.books.*` where no fund has books
        for key in keys:
            ladders = group.kind == "ladders"
            value = entry_at(scenario, parts_of(key)) if ladders else number_at(scenario, key)
            if value and is_read(scenario, key):
                found[key] = value
    return found


def moved(kind: str, start: Mapping[str, Any], factor: float) -> dict[str, object]:
    """The values at a factor, by key; see `Group.kind`."""
    if kind == "ladders":
        return {key: [[drawdown * factor, cut] for drawdown, cut in points] for key, points in start.items()}
    if kind == "script":
        return {key: math.expm1(factor * math.log1p(move)) for key, move in start.items()}
    if kind == "correlation":
        return {key: toward_one(table, factor) for key, table in start.items()}
    return {key: value * factor for key, value in start.items()}


def toward_one(matrix: Mapping[str, Mapping[str, float]], factor: float) -> dict[str, Any]:
    """A table `[correlation]` with 1 - rho times (2 - factor): all the way to 1 at a factor of 2.

    What is exactly 0, as between an asset with loadings and others, stays. Below a factor of 1 the matrix may be
    indefinite: the nearest one is taken then.
    """
    names = list(matrix)
    rho = np.array([[matrix[a][b] for b in names] for a in names])
    nearer = np.clip(1.0 - (1.0 - rho) * (2.0 - factor), -MOST_CORRELATED, MOST_CORRELATED)
    nearer = np.where(rho == 0.0, 0.0, np.where(np.abs(rho) > MOST_CORRELATED, rho, nearer))
    np.fill_diagonal(nearer, 1.0)
    rows = (dict(zip(names, row, strict=True)) for row in nearer.tolist())
    return {"matrix": dict(zip(names, rows, strict=True)), "repair": True}


def _correlation(scenario: Scenario) -> dict[str, Any]:
    shocks = scenario.shocks
    if scenario.correlation is None or shocks is None or shocks.model == "none" or not MODELS[shocks.model].correlated:
        return {}
    assets = build_assets(scenario)
    if len(assets.ids) < 2:
        return {}
    matrix, _ = resolve_correlation(
        scenario.correlation, assets.ids, assets.file_order, scenario.files, tied=assets.tied
    )
    rows = (dict(zip(assets.ids, row, strict=True)) for row in matrix.tolist())
    return {"correlation": dict(zip(assets.ids, rows, strict=True))}


def _script(scenario: Scenario) -> dict[str, Any]:
    if scenario.shocks is None:
        return {}
    entries = enumerate(scenario.shocks.script)
    return {
        key_of(("shocks", "script", str(n), "moves", asset)): move
        for n, one in entries
        for asset, move in one.moves.items()
        if move
    }


def is_read(scenario: Scenario, key: str) -> bool:
    """Whether a number has a say: that of another law or model has none, nor has what a fund takes from all."""
    parts = parts_of(key)
    if parts[0] == "impact" and scenario.impact is not None:
        law = scenario.impact.law
        return law != "none" and (parts[1] in Impact.model_fields or parts[1] in LAWS[law].keys.written_keys())
    if parts[0] == "shocks" and scenario.shocks is not None:
        model = MODELS[scenario.shocks.model]
        drawn = scenario.shocks.model != "none"
        return drawn and (parts[1] != "dof" or model.fat(scenario.shocks.own_table()))
    if (parts[0] in ("funds", "prime_brokers") and len(parts) > 3) or parts[0] == "prime_brokers":
        return _is_written(scenario, parts)
    return True


def _is_written(scenario: Scenario, parts: list[str]) -> bool:
    """Whether the table that a key is of has it, and not only its default."""
    here = entry_at(scenario, parts[:-1])
    return isinstance(here, Mapping) or parts[-1] in getattr(here, "model_fields_set", ())
