"""Margin terms and triggers of one fund: its own keys over the scenario's, over the defaults."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from stress.scenarios.read import units
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.fields import Table
from stress.scenarios.schema.scenario import Scenario
from stress.scenarios.schema.funds import Fund
from stress.scenarios.schema.margin import BrokerTerms, Concentration, FundMargin, Hike
from stress.scenarios.schema.triggers import FundTriggers

DEFAULT_CAP = 1.5
DEFAULT_BAND = 0.05
DEFAULT_VOL_BAND = 1.25
DEFAULT_SPEED = 0.3
TARGET_OF_LIMIT = 0.95  # Cont and Schaanning 2017: sell down to 95 % of the limit
_OFF = units.Leverage(math.inf, False)


class LineTerms(NamedTuple):
    """How the margin rates of one financing line move."""

    rate_factor: float
    procyclicality: float
    cap: float
    hike_level: float  # inf: never
    hike_size: float


@dataclass(frozen=True)
class MarginOf:
    """Margin terms of a fund type."""

    method: str  # "haircut", "portfolio" or "none"
    written: bool  # some table of the file speaks about this fund's margin
    buffer: float
    grace_steps: int
    procyclicality: float
    written_cap: float | None
    hike: Hike | None
    lockup_steps: tuple[int, ...]  # (member,)
    own_rates: dict[str, float]
    common_rates: dict[str, float]
    concentration: Concentration | None
    scenarios: list[dict[str, float]]
    scenarios_key: str  # where they are written
    floor: float

    @property
    def present(self) -> bool:
        """Whether there is a requirement."""
        return self.method != "none"

    @property
    def cap(self) -> float:
        """Cap of the multiplier on lines whose broker has no terms of its own."""
        return self.line(None).cap

    def line(self, broker: BrokerTerms | None) -> LineTerms:
        """Terms of the part that a broker finances: its own keys over the fund's."""
        own = broker if broker is not None else BrokerTerms()
        gamma = own.procyclicality if own.procyclicality is not None else self.procyclicality
        cap = own.cap if own.cap is not None else self.written_cap
        hike = own.hike or self.hike
        return LineTerms(
            rate_factor=own.rate_factor,
            procyclicality=gamma,
            cap=cap if cap is not None else DEFAULT_CAP if gamma > 0 else 1.0,
            hike_level=hike.level if hike is not None else math.inf,
            hike_size=hike.size if hike is not None else 0.0,
        )


@dataclass(frozen=True)
class TriggersOf:
    """Triggers of a fund type; `stop_loss` [] = off; limits and targets inf = off."""

    written: bool
    max_leverage: units.Leverage
    target_leverage: units.Leverage  # where a breach of max_leverage sells down to
    own_target: units.Leverage
    band: float
    two_way: bool
    target_vol: units.Volatility
    vol_band: float
    speed: float
    stop_loss: list[list[float]]
    scope: str
    cure_steps: int
    closeout_participation: float

    @property
    def has_target(self) -> bool:
        """Whether the fund keeps to a leverage of its own."""
        return math.isfinite(self.own_target.value)

    @property
    def has_target_vol(self) -> bool:
        """Whether the fund keeps to a volatility."""
        return math.isfinite(self.target_vol.value)


def members_of(scenario: Scenario, fund: Fund) -> int:
    """Number of members of a fund type."""
    crowd = scenario.crowding.get(fund.id)
    return fund.members if crowd is None else crowd.count


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
    """Margin terms of a fund; without any table there is no requirement.

    Raises:
        ScenarioError: lock-ups by tier for a crowd.
    """
    written = scenario.margin is not None or fund.margin is not None
    values = _merged(fund.margin, scenario.margin, FundMargin())
    lockup = values["lockup_steps"]
    if isinstance(lockup, list) and fund.id in scenario.crowding:
        raise ScenarioError(
            "is a list, and the members of a crowd have no tiers",
            file=scenario.source,
            key=f"funds.{fund.id}.margin.lockup_steps",
            value=lockup,
            allowed="one number of steps for all of them",
        )
    own_scenarios = fund.margin is not None and "scenarios" in fund.margin.model_fields_set
    return MarginOf(
        method=values["method"] if written else "none",
        written=written,
        buffer=values["buffer"],
        grace_steps=values["grace_steps"],
        procyclicality=values["procyclicality"],
        written_cap=values["cap"],
        hike=values["hike"],
        lockup_steps=tuple(lockup) if isinstance(lockup, list) else (lockup,) * members_of(scenario, fund),
        own_rates=dict(fund.margin.rates) if fund.margin is not None else {},
        common_rates=dict(scenario.margin.rates) if scenario.margin is not None else {},
        concentration=values["concentration"],
        scenarios=values["scenarios"],
        scenarios_key=f"funds.{fund.id}.margin.scenarios" if own_scenarios else "margin.scenarios",
        floor=values["floor"],
    )


def triggers_of(scenario: Scenario, fund: Fund) -> TriggersOf:
    """Triggers of a fund.

    `target_leverage` belongs to the broker's limit where there is one, else it is the fund's own. A fund that turns a
    limit of `[triggers]` off turns off the target beside it, too. Close-out after a default needs a broker with terms:
    a fund that neither a margin nor a triggers table speaks about holds still whatever happens (participation 0).

    Raises:
        ScenarioError: a limit whose target is "none".
    """
    own, common = fund.triggers, scenario.triggers
    written = common is not None or own is not None
    values = _merged(own, common, FundTriggers())
    limit = _OFF if values["max_leverage"] is None else units.leverage(values["max_leverage"])
    target = None if values["target_leverage"] is None else units.leverage(values["target_leverage"])
    limited = math.isfinite(limit.value)
    if limited and target == _OFF:
        raise ScenarioError(
            "is no target for the limit",
            file=scenario.source,
            key=f"funds.{fund.id}.triggers.target_leverage",
            value="none",
            allowed='a positive number or "1.1 x start", or leave it out: 0.95 times max_leverage',
        )
    of_common_limit = common is not None and common.max_leverage not in (None, "none")
    if not limited and of_common_limit and (own is None or "target_leverage" not in own.model_fields_set):
        target = None
    own_target = _OFF if limited or target is None else target
    vol = units.Volatility(math.inf, False)
    if values["target_vol"] is not None:
        vol = units.volatility_target(values["target_vol"])
    band = values["band"]
    only_vol = band if own_target == _OFF and values["vol_band"] is None else values["vol_band"]
    with_terms = written or margin_of(scenario, fund).present
    return TriggersOf(
        written=written,
        max_leverage=limit,
        target_leverage=(
            target if limited and target is not None else units.Leverage(TARGET_OF_LIMIT * limit.value, limit.relative)
        ),
        own_target=own_target,
        band=DEFAULT_BAND if band is None or own_target == _OFF else band,
        two_way=values["two_way"],
        target_vol=vol,
        vol_band=DEFAULT_VOL_BAND if only_vol is None else only_vol,
        speed=values["speed"] if math.isfinite(vol.value) else DEFAULT_SPEED,
        stop_loss=values["stop_loss"] or [],
        scope=values["scope"],
        cure_steps=values["cure_steps"],
        closeout_participation=values["closeout_participation"] if with_terms else 0.0,
    )
