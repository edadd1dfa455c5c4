"""The impact of a `Problem`: which law, and its parameters by asset."""

from __future__ import annotations

import math

import numpy as np

from stress.scenarios.build.margin import by_asset_or_class
from stress.scenarios.errors import ScenarioError
from stress.scenarios.impact.protocol import OneOrByAsset
from stress.scenarios.impact.registry import LAWS
from stress.scenarios.problem import Assets, Floats, Impact
from stress.scenarios.schema.scenario import Scenario


def build_impact(scenario: Scenario, assets: Assets) -> Impact:
    """Impact; without a table, or with law "none", prices do not react.

    Raises:
        ScenarioError: parameters for unknown names, or none for an asset.
    """
    table = scenario.impact
    if table is None or table.law == "none":
        return Impact("none", permanent=1.0, half_life=math.inf, execution_weight=0.5)
    half_life = math.inf if isinstance(table.half_life, str) else table.half_life
    parameters = LAWS[table.law].parameters(table, lambda given, key: _by_asset(scenario, given, key, assets))
    return Impact(table.law, table.permanent, half_life, table.execution_weight, parameters)


def _by_asset(scenario: Scenario, given: OneOrByAsset, key: str, assets: Assets) -> Floats:
    """One number, or a table by asset id or class, as an array (asset,)."""
    if not isinstance(given, dict):
        return np.full(len(assets.ids), given, np.float64)
    found = by_asset_or_class(scenario, given, f"impact.{key}", assets)
    for asset, value in zip(assets.ids, found, strict=True):
        if value is None:
            raise ScenarioError(
                "is missing",
                file=scenario.source,
                key=f"impact.{key}.{asset}",
                allowed="a number for every asset: by its id, by its class, or one for all",
            )
    return np.array([value for value in found if value is not None])
