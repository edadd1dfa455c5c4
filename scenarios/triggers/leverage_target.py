"""A fund's own target of gross over equity: `target_leverage` without `max_leverage`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field, StrictBool

from stress.scenarios.errors import ScenarioError, at_least, at_most
from stress.scenarios.problem import ROUNDING, Bools, Floats
from stress.scenarios.read import units
from stress.scenarios.read.fields import Fraction, Table
from stress.scenarios.read.quantities import BAND
from stress.scenarios.triggers.leverage_limit import limit_and_targets
from stress.scenarios.triggers.protocol import Asked, Building, Member, Rule, TriggerTable

DEFAULT_BAND = 0.05
NEEDS = "target_leverage without max_leverage"


class Keys(Table):
    """Keys of the target, beside `target_leverage`."""

    band: Annotated[Fraction, BAND] | None = Field(
        default=None,
        description="relative distance from its own target at which a fund acts; 0.05",
        ge=0,
        le=BAND.most,
    )
    two_way: StrictBool = Field(
        default=False,
        description="it also buys back up to its own target",
    )


class Terms(NamedTuple):
    """Of a fund type."""

    target: units.Leverage  # inf = off
    band: float
    two_way: bool

    @property
    def on(self) -> bool:
        """Whether the fund keeps to a leverage of its own."""
        return math.isfinite(self.target.value)


@dataclass(frozen=True)
class LeverageTarget:
    """Arrays of every member."""

    target: Floats  # (member,) gross over equity; inf: none
    band: Floats  # (member,) relative distance from the target at which it acts
    two_way: Bools  # (member,) it also buys back up to its target


class _LeverageTarget(TriggerTable):
    name = "leverage_target"
    because = "its leverage target"
    keys = Keys

    def terms(self, asked: Asked) -> Terms:
        own, band = limit_and_targets(asked)[2], asked.values["band"]
        chosen = DEFAULT_BAND if band is None or own == units.NO_LEVERAGE else band
        return Terms(own, chosen, asked.values["two_way"])

    def arrays(self, building: Building) -> LeverageTarget | None:
        """Raises ScenarioError for a fund that starts off its own target."""
        terms = [member.terms[self.name] for member in building.members]
        target = np.array([_of_member(building.source, member) for member in building.members])
        band = np.array([one.band for one in terms])
        two_way = np.array([one.two_way and one.on for one in terms], dtype=np.bool_)
        return LeverageTarget(target, band, two_way) if np.isfinite(target).any() else None

    def rules(self, terms: Mapping[str, Any]) -> Sequence[Rule]:
        on = terms[self.name].on
        return [Rule("band", "target_leverage", on, NEEDS), Rule("two_way", "target_leverage", on, NEEDS)]

    def matters(self, values: Mapping[str, Any]) -> dict[str, bool]:
        limited = values["max_leverage"] not in (None, "none")
        return {"two_way": not limited and values["target_leverage"] not in (None, "none")}

    def document(self, terms: Terms) -> dict[str, Any]:
        if not terms.on:
            return {}
        return {"target_leverage": units.written(terms.target), "band": terms.band, "two_way": terms.two_way}


def _of_member(source: str, member: Member) -> float:
    """The gross that a member keeps to of itself, as a multiple of its equity; inf without one."""
    start, terms = member.gross, member.terms[TABLE.name]
    target, band = terms.target.at(start), terms.band
    if not terms.on or target == 0:
        return math.inf
    if abs(start / target - 1.0) > band + ROUNDING:
        highest = at_most(start / (1.0 - band)) if band < 1 else "any number"
        lowest = at_least(start / (1.0 + band))
        raise ScenarioError(
            f"{member.id} starts off its own target, at a gross of {start:.6g}",
            file=source,
            key=f"funds.{member.fund}.triggers.target_leverage",
            value=target,
            allowed=f"a target from {lowest} to {highest} (its gross within the band of {band:.6g})",
        )
    return float(target)


TABLE = _LeverageTarget()
