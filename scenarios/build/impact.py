"""The impact law of a `Problem`, its parameters by asset."""

from __future__ import annotations

import math

import numpy as np

from stress.scenarios.build.margin import by_asset_or_class
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Assets, Floats, Impact
from stress.scenarios.schema.scenario import Scenario

_SOLD = 0.05  # of what is outstanding: the sale to which `pi` belongs


def build_impact(scenario: Scenario, assets: Assets) -> Impact:
    """Impact; without a table, or with law "none", prices do not react.

    Raises:
        ScenarioError: parameters for unknown names, or none for an asset.
    """
    table = scenario.impact
    if table is None or table.law == "none":
        return Impact("none", permanent=1.0, half_life=math.inf, execution_weight=0.5)
    half_life = math.inf if isinstance(table.half_life, str) else table.half_life
    return Impact(
        law=table.law,
        permanent=table.permanent,
        half_life=half_life,
        execution_weight=table.execution_weight,
        coefficient=table.coefficient,
        core=table.core,
        slope=_by_asset(scenario, table.slope, "impact.lambda", assets),
        depth_coefficient=table.c,
        depth_days=table.tau,
        bound=table.bound,
        beta=-math.log1p(-table.pi) / _SOLD if table.pi is not None else 0.0,
        outstanding=_by_asset(scenario, table.outstanding, "impact.outstanding", assets),
    )


def _by_asset(scenario: Scenario, given: float | dict[str, float] | None, key: str, assets: Assets) -> Floats | None:
    """One number, or a table by asset id or class, as an array (asset,)."""
    if given is None:
        return None
    if not isinstance(given, dict):
        return np.full(len(assets.ids), given)
    found = by_asset_or_class(scenario, given, key, assets)
    for asset, value in zip(assets.ids, found, strict=True):
        if value is None:
            raise ScenarioError(
                "is missing",
                file=scenario.source,
                key=f"{key}.{asset}",
                allowed="a number for every asset: by its id, by its class, or one for all",
            )
    return np.array([value for value in found if value is not None])
