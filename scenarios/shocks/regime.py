"""Calm and crisis: `stay_calm`, `stay_crisis`, `crisis_scale`, `start`, `innovations`, `correlation`."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from stress.scenarios.conditions.law import Part
from stress.scenarios.conditions.record import Condition
from stress.scenarios.problem import Floats, Shocks
from stress.scenarios.read.fields import NumbersByAsset, Share, Table
from stress.scenarios.schema.correlation import Correlation
from stress.scenarios.shocks.protocol import Given, ShockTable, across, correlation_of

MOST_SCALE = 100.0


class RegimeKeys(Table):
    """Two regimes, a Markov chain of days; the mix of both has shock_vol in the long run."""

    stay_calm: Share = Field(default=0.99, gt=0, lt=1, description="probability a day that calm goes on")
    stay_crisis: Share = Field(default=0.95, gt=0, lt=1, description="probability a day that crisis goes on")
    crisis_scale: NumbersByAsset = Field(
        default=3.0, description="volatility in crisis over that in calm: one, or by asset id or asset class"
    )
    start: Share | Literal["stationary"] = Field(
        default="stationary", description="probability that the first day is one of crisis"
    )
    innovations: Literal["gaussian", "student_t"] = Field(default="gaussian", description="student_t reads shocks.dof")
    correlation: Correlation | None = Field(default=None, description="in crisis; default: as in calm")


class Regime(NamedTuple):
    """Numbers of the model."""

    stay_calm: float
    stay_crisis: float
    first_in_crisis: float  # probability
    in_crisis: float  # share of days in the long run
    calm: Floats  # (asset,) standard deviation in calm over the one asked for
    crisis: Floats  # (asset,)
    correlation: Floats | None  # (asset, asset) in crisis; None: as in calm


class _Regime(ShockTable):
    keys = RegimeKeys

    def parameters(self, table: RegimeKeys, given: Given) -> Regime:
        leaves = 2.0 - table.stay_calm - table.stay_crisis
        share = (1.0 - table.stay_calm) / leaves
        ratio = given.by_asset(table.crisis_scale, "crisis_scale")
        wrong = (ratio <= 0) | (ratio > MOST_SCALE)
        if wrong.any():
            i = int(wrong.argmax())
            problem = f"is {ratio[i]:g} for {given.assets.ids[i]}"
            raise given.refused(problem, "crisis_scale", table.crisis_scale, f"above 0, {MOST_SCALE:g} at most")
        calm = 1.0 / np.sqrt(1.0 - share + share * ratio**2)
        start = share if isinstance(table.start, str) else table.start
        assets, own = given.assets, table.correlation
        matrix = None if own is None else given.matrix(own, "correlation", assets.ids, assets.file_order)
        return Regime(table.stay_calm, table.stay_crisis, start, share, calm, calm * ratio, matrix)

    def correlation(self, parameters: Regime, given: Given) -> Floats:
        p, crisis = parameters, parameters.correlation
        other = given.correlation if crisis is None else crisis
        mixed = (1.0 - p.in_crisis) * np.outer(p.calm, p.calm) * given.correlation
        return correlation_of(mixed + p.in_crisis * np.outer(p.crisis, p.crisis) * other)

    def parts(
        self, shocks: Shocks, deviation: Floats, mean: Floats, steps_per_day: int, condition: Condition
    ) -> list[Part]:
        """Calm and crisis, with the chances that the step has before any condition."""
        p: Regime = shocks.parameters
        crisis = p.first_in_crisis
        for _ in range((condition.step - 1) // steps_per_day):
            crisis = crisis * p.stay_crisis + (1.0 - crisis) * (1.0 - p.stay_calm)
        other = shocks.correlation if p.correlation is None else p.correlation
        kinds = (
            ("calm", 1.0 - crisis, p.calm, shocks.correlation),
            ("crisis", crisis, p.crisis, other),
        )
        return [
            Part(
                chance,
                mean,
                (deviation * ratio) ** 2,
                across(matrix, deviation * ratio, condition.rows),
                shocks.dof,
                name,
            )
            for name, chance, ratio, matrix in kinds
        ]

    def document(self, table: RegimeKeys, parameters: Regime, given: Given) -> dict[str, Any]:
        if parameters.correlation is None:
            return {}
        return {"correlation": {"matrix": parameters.correlation.tolist()}}


TABLE = _Regime()
