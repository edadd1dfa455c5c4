"""Volatility targets: `target_vol`, with `vol_band` and `speed`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from pydantic import Field

from stress.scenarios.errors import ScenarioError, at_least
from stress.scenarios.problem import ROUNDING, Floats
from stress.scenarios.read import units
from stress.scenarios.read.fields import FundVolatility, Number, Share, Table
from stress.scenarios.triggers.leverage_limit import limit_and_targets
from stress.scenarios.triggers.protocol import Asked, BookRow, Building, Rule, TriggerTable

DEFAULT_BAND = 1.25
DEFAULT_SPEED = 0.3
NO_VOL = 1e-9  # an annual volatility that is only rounding


class Keys(Table):
    """Keys of the target."""

    target_vol: FundVolatility | None = Field(
        default=None,
        description='annual volatility of P&L over NAV, or "start", or "1.1 x start"',
    )
    vol_band: Number | None = Field(
        default=None,
        description="multiple of target_vol at which gross is cut; 1.25",
        gt=0,
        le=100,
    )
    speed: Share = Field(
        default=DEFAULT_SPEED,
        description="share of the gap to target_vol closed per day",
        gt=0,
        le=1,
    )


class Terms(NamedTuple):
    """Of a fund type."""

    target: units.Volatility  # inf = off
    band: float
    speed: float

    @property
    def on(self) -> bool:
        """Whether the fund keeps to a volatility."""
        return math.isfinite(self.target.value)


@dataclass(frozen=True)
class VolTarget:
    """Arrays of every book and shape."""

    ceiling: Floats  # (book,) ceiling on k at start volatility (band x target/start); inf: no target
    speed: Floats  # (book,) share of the gap to the ceiling closed per day
    start_vol: Floats  # (shape,) annual volatility of the P&L per unit gross, before the stress, of the manager's books
    # that have the shape, or it as a tier; 0 where nobody asks


class _VolTarget(TriggerTable):
    name = "vol_target"
    because = "volatility targets"
    keys = Keys

    def terms(self, asked: Asked) -> Terms:
        """`band` is the band of the leverage target, and of this one where there is no other."""
        values, own = asked.values, limit_and_targets(asked)[2]
        target = units.Volatility(math.inf, False)
        if values["target_vol"] is not None:
            target = units.fund_volatility(values["target_vol"])
        band = values["band"] if own == units.NO_LEVERAGE and values["vol_band"] is None else values["vol_band"]
        speed = values["speed"] if math.isfinite(target.value) else DEFAULT_SPEED
        return Terms(target, DEFAULT_BAND if band is None else band, speed)

    def arrays(self, building: Building) -> VolTarget | None:
        """Ceilings and start volatilities of the books of funds with a target.

        The volatility of weights `w` is `sqrt(w' C w)`, `C` from `vol` and the correlation of the draw. A target
        relative to the start leaves the ceiling at `band` times its multiple; an absolute one is compared with the
        volatility of all that the fund holds over its NAV.

        Raises:
            ScenarioError: a fund without volatility, or one that exceeds its target from the start.
        """
        books, funds, assets, rows = building.books, building.funds, building.assets, building.rows
        covariance = building.correlation * np.outer(assets.vol, assets.vol)
        terms = [building.members[row.member].terms[self.name] for row in rows]
        chosen = [b for b, row in enumerate(rows) if terms[b].on and not row.empty]
        whole = np.zeros((len(funds.ids), len(assets.ids)))  # over NAV
        of_manager = np.zeros((books.managers, len(assets.ids)))  # over NAV
        for b in chosen:
            held = books.shapes[books.shape_of[b]] * books.size[b] / funds.nav[books.fund_of[b]]
            whole[books.fund_of[b]] += held
            of_manager[books.manager_of[b]] += held
        ceiling, start_vol = np.full(len(rows), np.inf), np.zeros(len(books.shapes))
        for b in chosen:
            if books.gamma is not None and books.gamma[books.shape_of[b]].any():
                fund = building.members[rows[b].member].fund
                raise ScenarioError(
                    f"is given, and {fund} holds options: the volatility of their P&L is not that of their deltas",
                    file=building.source,
                    key=f"funds.{fund}.triggers.target_vol",
                    allowed='target_vol in funds without options; "none" for this one',
                )
            if books.size[b] == 0:
                continue
            manager = of_manager[books.manager_of[b]]
            own = _volatility(manager / np.abs(manager).sum(), covariance)
            start_vol[books.shape_of[b]] = own
            ceiling[b] = _ceiling(building, rows[b], own, _volatility(whole[rows[b].member], covariance))
        speed = np.array([one.speed for one in terms])
        return VolTarget(ceiling, speed, start_vol) if np.isfinite(ceiling).any() else None

    def rules(self, terms: Mapping[str, Any]) -> Sequence[Rule]:
        return [Rule(key, "target_vol", terms[self.name].on, "target_vol") for key in ("band", "vol_band", "speed")]

    def matters(self, values: Mapping[str, Any]) -> dict[str, bool]:
        return {"speed": values["target_vol"] not in (None, "none")}

    def document(self, terms: Terms) -> dict[str, Any]:
        if not terms.on:
            return {}
        return {"target_vol": units.written(terms.target), "vol_band": terms.band, "speed": terms.speed}


def _volatility(weights: Floats, covariance: Floats) -> float:
    return math.sqrt(max(float(weights @ covariance @ weights), 0.0))


def _ceiling(building: Building, row: BookRow, own: float, of_fund: float) -> float:
    """Ceiling on k at the volatility of the start, for the volatilities of a book and of all that its fund holds."""
    member = building.members[row.member]
    terms = member.terms[TABLE.name]
    key, target = f"funds.{member.fund}.triggers.target_vol", terms.target
    if own < NO_VOL or (of_fund < NO_VOL and not target.relative):
        raise ScenarioError(
            f"{member.id} has no volatility at the start (book {row.id})",
            file=building.source,
            key=key,
            value=target.value,
            allowed="a target for funds whose positions do not offset each other exactly",
        )
    ceiling: float = terms.band * (target.value if target.relative else target.value / of_fund)
    if ceiling < 1 - ROUNDING:
        lowest = (1.0 if target.relative else of_fund) / terms.band if terms.band > 0 else math.inf
        raise ScenarioError(
            f"{member.id} starts above its target times the band of {terms.band:.6g}",
            file=building.source,
            key=key,
            value=target.value,
            allowed=(
                f"a target of {at_least(lowest)}{' x start' if target.relative else ''} or more"
                if math.isfinite(lowest)
                else "a band above 0"
            ),
        )
    return ceiling


TABLE = _VolTarget()
