"""The market side of a `Problem`: assets, shocks, impact, liquidity, outside flow, cascade."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from stress.scenarios.build.correlation import resolve_correlation
from stress.scenarios.errors import ScenarioError, ScenarioWarning, suggest
from stress.scenarios.outside.registry import TABLES
from stress.scenarios.problem import Assets, Cascade, Floats, Liquidity, Shocks
from stress.scenarios.schema.scenario import Scenario

_FEW_DEGREES_OF_FREEDOM = 3.0


def build_assets(scenario: Scenario) -> Assets:
    """Assets sorted by id, with `shock_vol` and `impact_vol` defaulting to `vol`."""
    ordered = sorted(scenario.assets, key=lambda asset: asset.id)
    return Assets(
        ids=tuple(a.id for a in ordered),
        file_order=tuple(a.id for a in scenario.assets),
        names=tuple(a.name or a.id for a in ordered),
        asset_class=tuple(a.asset_class for a in ordered),
        region=tuple(a.region for a in ordered),
        in_net=np.array([a.in_net for a in ordered], dtype=np.bool_),
        vol=np.array([a.vol for a in ordered]),
        shock_vol=np.array([a.vol if a.shock_vol is None else a.shock_vol for a in ordered]),
        impact_vol=np.array([a.vol if a.impact_vol is None else a.impact_vol for a in ordered]),
        adv=np.array([a.adv for a in ordered]),
        margin_rate=np.array([a.margin or 0.0 for a in ordered]),
    )


def build_shocks(scenario: Scenario, assets: Assets) -> Shocks:
    """The draw and the script; without a table nothing moves.

    Raises:
        ScenarioError: an unknown asset, a step beyond the horizon, an asset scripted twice in a step, a bad matrix.
    """
    correlation, distance = resolve_correlation(scenario.correlation, assets.ids, assets.file_order, scenario.files)
    table = scenario.shocks
    model = table.model if table is not None else "none"
    dof = table.dof if table is not None and model == "student_t" else math.inf
    if dof < _FEW_DEGREES_OF_FREEDOM:
        warnings.warn(
            f"{scenario.source}: shocks.dof = {dof}: below 3 the volatility is set by a handful of extreme draws",
            ScenarioWarning,
            stacklevel=3,
        )
    martingale = table is not None and table.drift == "martingale"
    if martingale and model == "student_t":
        warnings.warn(
            f'{scenario.source}: shocks.drift = "martingale" is minus half the variance: mean prices stay where they '
            "are exactly under gaussian, only nearly so under student_t",
            ScenarioWarning,
            stacklevel=3,
        )
    drift = table.drift if table is not None and not isinstance(table.drift, str) else 0.0
    return Shocks(
        model=model,
        dof=dof,
        scale=table.scale if table is not None else 1.0,
        drift=drift,
        martingale=martingale,
        max_move=table.max_move if table is not None else 1.0,
        correlation=correlation,
        repair_distance=distance,
        script=_script(scenario, assets),
    )


def _script(scenario: Scenario, assets: Assets) -> Floats:
    script = np.zeros((scenario.horizon.steps, len(assets.ids)))
    seen: set[tuple[int, str]] = set()
    for position, entry in enumerate(scenario.shocks.script if scenario.shocks is not None else []):
        key = f"shocks.script[{position}]"
        if entry.step > scenario.horizon.steps:
            raise ScenarioError(
                "lies outside the horizon",
                file=scenario.source,
                key=f"{key}.step",
                value=entry.step,
                allowed=f"1 to {scenario.horizon.steps} (horizon.steps)",
            )
        for asset, move in entry.moves.items():
            if asset not in assets.ids:
                raise unknown_asset(scenario, f"{key}.moves.{asset}", asset, move, assets)
            if (entry.step, asset) in seen:
                raise ScenarioError(
                    f"is scripted twice at step {entry.step}",
                    file=scenario.source,
                    key=f"{key}.moves.{asset}",
                    value=move,
                    allowed="one move for each asset and step",
                )
            seen.add((entry.step, asset))
            script[entry.step - 1, assets.ids.index(asset)] = move
    return script


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
