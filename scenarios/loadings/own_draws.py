"""Loadings of a scenario file, checked, and what they leave to an asset's own draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from stress.scenarios.build.correlation import resolve_correlation
from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.loadings.record import Circle, Loadings, loadings_of, own_volatility
from stress.scenarios.problem import Assets, Floats
from stress.scenarios.schema.scenario import Scenario
from stress.scenarios.shocks.protocol import correlation_of
from stress.scenarios.shocks.registry import TABLES


def build_loadings(scenario: Scenario) -> Loadings | None:
    """Loadings among the assets by id, None where nobody has any.

    Raises:
        ScenarioError: an unknown asset, assets that move with each other, a model of shocks whose draw cannot be split
            into what is an asset's own and the rest.
    """
    given: dict[str, Mapping[str, float]] = {a.id: a.loadings for a in scenario.assets if a.loadings}
    file, ids = scenario.files.tables.get("assets", scenario.source), [a.id for a in scenario.assets]
    for asset, table in given.items():
        for other, loading in table.items():
            if other not in ids:
                key = f"assets.{asset}.loadings.{other}"
                problem = f"{other!r} is no asset"
                raise ScenarioError(problem, file=file, key=key, value=loading, allowed=suggest(other, ids))
    try:
        found = loadings_of(sorted(ids), given)
    except Circle as circle:
        first, second, *_ = circle.ids
        raise ScenarioError(
            f"makes a circle: {circle}",
            file=file,
            key=f"assets.{first}.loadings.{second}",
            value=given[first][second],
            allowed="loadings on assets that do not move with this one in turn",
        ) from circle
    if found is not None:
        _check_model(scenario)
    return found


def _check_model(scenario: Scenario) -> None:
    """A model that draws whole moves, or jumps that all share, would move an asset with loadings twice."""
    shocks = scenario.shocks
    if shocks is None:
        return
    file, allowed = scenario.source, "gaussian, student_t, garch, regime, jump without common jumps, or none"
    if not TABLES[shocks.model].correlated:
        problem = "draws whole moves, and assets with loadings draw only what is their own"
        raise ScenarioError(problem, file=file, key="shocks.model", value=shocks.model, allowed=allowed)
    if shocks.model == "jump" and shocks.jump is not None and shocks.jump.common is not None:
        problem = "would move assets with loadings twice: by themselves and through these"
        raise ScenarioError(problem, file=file, key="shocks.jump.common", allowed=allowed)


def own_draws(scenario: Scenario, assets: Assets, loadings: Loadings) -> Assets:
    """Assets with `shock_vol` of those with loadings, where it is left out: what loadings leave of `vol`.

    Raises:
        ScenarioError: they leave less than nothing.
    """
    correlation, _ = resolve_correlation(
        scenario.correlation, assets.ids, assets.file_order, scenario.files, tied=assets.tied
    )
    own, shock_vol = own_volatility(assets.vol, correlation, loadings), assets.shock_vol.copy()
    left_out = {asset.id for asset in scenario.assets if asset.shock_vol is None}
    for i in np.flatnonzero(loadings.loaded):
        if assets.ids[i] not in left_out:
            continue
        if np.isnan(own[i]):
            alone = np.where(loadings.loaded, 0.0, assets.vol)
            least = float(np.sqrt(loadings.covariance(correlation * np.outer(alone, alone))[i, i]))
            raise ScenarioError(
                "is less than its loadings alone explain",
                file=scenario.files.tables.get("assets", scenario.source),
                key=f"assets.{assets.ids[i]}.vol",
                value=float(assets.vol[i]),
                allowed=f"the whole volatility, {least:.4g} or more; or a shock_vol, that of its own draw",
            )
        shock_vol[i] = own[i]
    return replace(assets, shock_vol=shock_vol)


def whole_correlation(assets: Assets, correlation: Floats) -> Floats:
    """Correlation of whole moves before the stress from that of own draws, (asset, asset)."""
    if assets.loadings is None:
        return correlation
    own = np.nan_to_num(own_volatility(assets.vol, correlation, assets.loadings))
    return correlation_of(assets.loadings.covariance(correlation * np.outer(own, own)))
