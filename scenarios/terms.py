"""Margin terms and triggers of one fund: its own keys over the scenario's, over the defaults."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from stress.scenarios import units
from stress.scenarios.errors import ScenarioError
from stress.scenarios.fields import Table
from stress.scenarios.schema import Scenario
from stress.scenarios.schema_funds import Fund, FundMargin, FundTriggers

DEFAULT_CAP = 1.5
TARGET_OF_LIMIT = 0.95  # Cont and Schaanning 2017: sell down to 95 % of the limit


@dataclass(frozen=True)
class MarginOf:
    """Margin terms of a fund type."""

    present: bool  # False: no requirement
    written: bool  # some table of the file speaks about this fund's margin
    buffer: float
    grace_steps: int
    procyclicality: float
    cap: float
    lockup_steps: tuple[int, ...]  # (member,)
    own_rates: dict[str, float]
    common_rates: dict[str, float]


@dataclass(frozen=True)
class TriggersOf:
    """Triggers of a fund type; `stop_loss` [] = off, `max_leverage` inf = off."""

    written: bool
    max_leverage: units.Leverage
    target_leverage: units.Leverage
    stop_loss: list[list[float]]
    scope: str
    cure_steps: int
    closeout_participation: float


def _merged(own: Table | None, common: Table | None, fallback: Table) -> dict[str, Any]:
    """Values of `fallback`'s keys: the fund's where it sets them, else the scenario's, else the default."""
    result = {}
    for name in type(fallback).model_fields:
        source: Table = common if common is not None else fallback
        if own is not None and name in own.model_fields_set:
            source = own
        result[name] = getattr(source, name)
    return result


def margin_of(scenario: Scenario, fund: Fund) -> MarginOf:
    """Margin terms of a fund; without any table there is no requirement."""
    written = scenario.margin is not None or fund.margin is not None
    values = _merged(fund.margin, scenario.margin, FundMargin())
    gamma = values["procyclicality"]
    cap = values["cap"]
    lockup = values["lockup_steps"]
    return MarginOf(
        present=written and values["method"] != "none",
        written=written,
        buffer=values["buffer"],
        grace_steps=values["grace_steps"],
        procyclicality=gamma,
        cap=cap if cap is not None else DEFAULT_CAP if gamma > 0 else 1.0,
        lockup_steps=tuple(lockup) if isinstance(lockup, list) else (lockup,) * fund.members,
        own_rates=dict(fund.margin.rates) if fund.margin is not None else {},
        common_rates=dict(scenario.margin.rates) if scenario.margin is not None else {},
    )


def triggers_of(scenario: Scenario, fund: Fund) -> TriggersOf:
    """Triggers of a fund.

    Close-out after a default needs a broker with terms: a fund that neither a margin nor a triggers table speaks about
    holds still whatever happens (participation 0).

    Raises:
        ScenarioError: a target without a limit.
    """
    written = scenario.triggers is not None or fund.triggers is not None
    values = _merged(fund.triggers, scenario.triggers, FundTriggers())
    limit, target = values["max_leverage"], values["target_leverage"]
    if limit is None and target is not None:
        raise ScenarioError(
            "is given without max_leverage",
            file=scenario.source,
            key=f"funds.{fund.id}.triggers.target_leverage",
            value=target,
            allowed='max_leverage together with target_leverage (max_leverage = "none" turns both off)',
        )
    level = units.leverage(limit) if limit is not None else units.Leverage(math.inf, False)
    with_terms = written or margin_of(scenario, fund).present
    return TriggersOf(
        written=written,
        max_leverage=level,
        target_leverage=(
            units.leverage(target)
            if target is not None
            else units.Leverage(TARGET_OF_LIMIT * level.value, level.relative)
        ),
        stop_loss=values["stop_loss"] or [],
        scope=values["scope"],
        cure_steps=values["cure_steps"],
        closeout_participation=values["closeout_participation"] if with_terms else 0.0,
    )
