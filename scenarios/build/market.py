"""The market side of a `Problem`: assets, liquidity, outside flow, cascade."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.loadings.own_draws import build_loadings, own_draws
from stress.scenarios.outside.registry import TABLES
from stress.scenarios.problem import Assets, Cascade, Liquidity
from stress.scenarios.schema.scenario import Scenario


def build_assets(scenario: Scenario) -> Assets:
    """Assets sorted by id, with `shock_vol` and `impact_vol` defaulting to `vol`.

    The default of an asset with loadings is what these leave of its `vol`.

    Raises:
        ScenarioError: as `build_loadings` and `own_draws`.
    """
    ordered = sorted(scenario.assets, key=lambda asset: asset.id)
    loadings = build_loadings(scenario)
    assets = Assets(
        ids=tuple(a.id for a in ordered),
        file_order=tuple(a.id for a in scenario.assets),
        names=tuple(a.name or a.id for a in ordered),
        asset_class=tuple(a.asset_class for a in ordered),
        region=tuple(a.region for a in ordered),
        sector=tuple(a.sector for a in ordered),
        in_net=np.array([a.in_net for a in ordered], dtype=np.bool_),
        vol=np.array([a.vol for a in ordered]),
        shock_vol=np.array([a.vol if a.shock_vol is None else a.shock_vol for a in ordered]),
        impact_vol=np.array([a.vol if a.impact_vol is None else a.impact_vol for a in ordered]),
        adv=np.array([a.adv for a in ordered]),
        margin_rate=np.array([a.margin or 0.0 for a in ordered]),
        loadings=loadings,
    )
    return assets if loadings is None else own_draws(scenario, assets, loadings)


def unknown_asset(scenario: Scenario, key: str, asset: str, value: object, assets: Assets) -> ScenarioError:
    """The error for an asset id that is not defined."""
    return ScenarioError(
        f"{asset!r} is no asset", file=scenario.source, key=key, value=value, allowed=suggest(asset, assets.file_order)
    )


def build_liquidity(scenario: Scenario) -> Liquidity:
    """Depth; without a table it stays as it is."""
    table = scenario.liquidity
    if table is None:
        return Liquidity(evaporation=0.0, flow_sensitivity=0.0, floor=1.0)
    return Liquidity(table.evaporation, table.flow_sensitivity, table.floor)


def build_outside(scenario: Scenario, assets: Assets) -> dict[str, Any]:
    """The record of each outside flow whose table is there; raises ScenarioError as they do."""
    tables = {name: getattr(scenario, name, None) for name in TABLES}
    return {n: TABLES[n].record(table, assets, scenario.source) for n, table in tables.items() if table is not None}


def build_cascade(scenario: Scenario) -> Cascade:
    """Rounds, and the limit on all forced sales together (`triggers.max_participation`)."""
    limit = scenario.triggers.max_participation if scenario.triggers is not None else None
    table = scenario.cascade
    return Cascade(table.max_rounds, table.tolerance, table.feedback, math.inf if limit is None else limit)
