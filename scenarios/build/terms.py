"""Margin terms and triggers of one fund: its own keys over the scenario's, over the defaults."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.days import steps_of
from stress.scenarios.read.fields import Table
from stress.scenarios.schema.funds import Fund
from stress.scenarios.schema.margin import BrokerTerms, Concentration, FundMargin, Hike
from stress.scenarios.schema.scenario import Scenario
from stress.scenarios.schema.triggers import fund_triggers
from stress.scenarios.triggers.protocol import Asked
from stress.scenarios.triggers.registry import TABLES

DEFAULT_CAP = 1.5


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
    allow_start_in_call: bool

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
    """Triggers of a fund type."""

    written: bool  # some table of the file speaks about this fund's triggers
    terms: dict[str, Any]  # what each trigger's keys come to, by name


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


def _as_set(place: str, table: Table | None) -> tuple[str, dict[str, Any]]:
    """A place of the file, and the keys that are set there."""
    return place, {} if table is None else {name: getattr(table, name) for name in table.model_fields_set}


def margin_of(scenario: Scenario, fund: Fund) -> MarginOf:
    """Margin terms of a fund; without any table there is no requirement.

    Raises:
        ScenarioError: lock-ups by tier for a crowd, durations in steps where there are several a day.
    """
    written = scenario.margin is not None or fund.margin is not None
    values = _merged(fund.margin, scenario.margin, FundMargin())
    tables = (_as_set(f"funds.{fund.id}.margin", fund.margin), _as_set("margin", scenario.margin))
    grace, lockup = (
        steps_of(name, tables, scenario.horizon.steps_per_day, 0, scenario.source) for name in ("grace", "lockup")
    )
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
        grace_steps=grace,
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
        allow_start_in_call=values["allow_start_in_call"],
    )


def triggers_of(scenario: Scenario, fund: Fund) -> TriggersOf:
    """Triggers of a fund.

    Raises:
        ScenarioError: keys that do not go together.
    """
    own, common = fund.triggers, scenario.triggers
    written = common is not None or own is not None
    asked = Asked(
        source=scenario.source,
        fund=fund.id,
        values=_merged(own, common, fund_triggers(tuple(TABLES.values()))()),
        own=frozenset() if own is None else frozenset(own.model_fields_set),
        common=None if common is None else {name: getattr(common, name) for name in type(common).model_fields},
        tables=(_as_set(f"funds.{fund.id}.triggers", own), _as_set("triggers", common)),
        per_day=scenario.horizon.steps_per_day,
        has_broker_terms=written or margin_of(scenario, fund).present,
    )
    return TriggersOf(written, {name: table.terms(asked) for name, table in TABLES.items()})
