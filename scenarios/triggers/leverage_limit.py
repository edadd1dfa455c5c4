"""The broker's leverage limit, `max_leverage`, and where a breach sells down to, `target_leverage`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from pydantic import Field

from stress.scenarios.errors import ScenarioError, at_least, at_most
from stress.scenarios.problem import ROUNDING, Floats
from stress.scenarios.read import units
from stress.scenarios.read.fields import LeverageLimit as Limit
from stress.scenarios.read.fields import Table
from stress.scenarios.triggers.protocol import Asked, Building, Member, TriggerTable

TARGET_OF_LIMIT = 0.95  # Cont and Schaanning 2017: sell down to 95 % of the limit


class Keys(Table):
    """Keys of the limit; `target_leverage` is the fund's own target where there is no limit."""

    max_leverage: Limit | None = Field(
        default=None,
        description="the broker's limit on gross over equity",
    )
    target_leverage: Limit | None = Field(
        default=None,
        description="with max_leverage: where a breach sells down to, default 0.95 times the limit; "
        "without: the fund's own target of gross over equity",
    )


class Terms(NamedTuple):
    """Of a fund type; inf = off."""

    limit: units.Leverage
    target: units.Leverage


@dataclass(frozen=True)
class LeverageLimit:
    """Arrays of every member."""

    limit: Floats  # (member,) gross over equity; inf: none
    target: Floats  # (member,) where a breach sells down to


def limit_and_targets(asked: Asked) -> tuple[units.Leverage, units.Leverage, units.Leverage]:
    """The broker's limit, the target that belongs to it, and the fund's own target.

    `target_leverage` belongs to the limit where there is one, else it is the fund's own. A fund that turns a limit of
    `[triggers]` off turns off the target beside it, too.

    Raises:
        ScenarioError: a limit whose target is "none".
    """
    values = asked.values
    limit = units.NO_LEVERAGE if values["max_leverage"] is None else units.leverage(values["max_leverage"])
    target = None if values["target_leverage"] is None else units.leverage(values["target_leverage"])
    limited = math.isfinite(limit.value)
    if limited and target == units.NO_LEVERAGE:
        raise ScenarioError(
            "is no target for the limit",
            file=asked.source,
            key=f"funds.{asked.fund}.triggers.target_leverage",
            value="none",
            allowed='a positive number or "1.1 x start", or leave it out: 0.95 times max_leverage',
        )
    of_common_limit = asked.common is not None and asked.common["max_leverage"] not in (None, "none")
    if not limited and of_common_limit and "target_leverage" not in asked.own:
        target = None
    own = units.NO_LEVERAGE if limited or target is None else target
    default = units.Leverage(TARGET_OF_LIMIT * limit.value, limit.relative)
    return limit, target if limited and target is not None else default, own


class _LeverageLimit(TriggerTable):
    name = "leverage_limit"
    because = "the leverage limit"
    keys = Keys

    def terms(self, asked: Asked) -> Terms:
        limit, target, _ = limit_and_targets(asked)
        return Terms(limit, target)

    def arrays(self, building: Building) -> LeverageLimit | None:
        """Raises ScenarioError for a fund that starts above its limit, or a target that is not below it."""
        found = np.array([_of_member(building.source, member) for member in building.members])
        return LeverageLimit(found[:, 0], found[:, 1]) if np.isfinite(found[:, 0]).any() else None

    def matters(self, values: Mapping[str, Any]) -> dict[str, bool]:
        return {"target_leverage": values["max_leverage"] not in (None, "none")}

    def document(self, terms: Terms) -> dict[str, Any]:
        limit = units.written(terms.limit)
        return {"max_leverage": limit} | ({} if limit == "none" else {"target_leverage": units.written(terms.target)})


def _of_member(source: str, member: Member) -> tuple[float, float]:
    """Limit and target of one member; without a limit (inf, its own start gross)."""
    start, terms = member.gross, member.terms[TABLE.name]
    limit, target = terms.limit.at(start), terms.target.at(start)
    if not math.isfinite(limit) or start == 0:
        return math.inf, start
    key = f"funds.{member.fund}.triggers"
    if start > limit + ROUNDING:
        raise ScenarioError(
            f"{member.id} starts above its limit, at a gross of {start:.6g}",
            file=source,
            key=f"{key}.max_leverage",
            value=limit,
            allowed=f"a limit of {at_least(start)} or more",
        )
    if target >= limit:
        raise ScenarioError(
            f"is not below the limit of {limit:.6g} ({member.id})",
            file=source,
            key=f"{key}.target_leverage",
            value=target,
            allowed=f"a target below {at_most(limit)}",
        )
    return limit, target


TABLE = _LeverageLimit()
