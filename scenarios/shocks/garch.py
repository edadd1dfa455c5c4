"""GJR-GARCH(1,1): `alpha`, `gamma`, `beta`, `start`, `innovations`."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from stress.scenarios.conditions.law import Part
from stress.scenarios.conditions.record import Condition
from stress.scenarios.problem import Floats, Shocks
from stress.scenarios.read.fields import NumbersByAsset, Table
from stress.scenarios.shocks.protocol import Given, ShockTable

HIGHEST_START = 1_000.0
MOST_WEIGHTED = 8  # moves of several assets that a step may fix: the kernel takes one after the other


class VarianceKeys(Table):
    """Keys of the recursion; each is one number, or a table by asset id or class."""

    alpha: NumbersByAsset = Field(default=0.03, description="what yesterday's square adds to today's variance")
    gamma: NumbersByAsset = Field(default=0.10, description="what it adds on top after a fall")
    beta: NumbersByAsset = Field(default=0.90, description="share of yesterday's variance that stays")


class GarchKeys(VarianceKeys):
    """Volatility that clusters: h' = omega + (alpha + gamma [r < 0]) r^2 + beta h a day, shock_vol in the long run."""

    start: NumbersByAsset = Field(default=1.0, description="variance of the first day over the long-run one")
    innovations: Literal["student_t", "gaussian"] = Field(default="student_t", description="student_t reads shocks.dof")


class Variance(NamedTuple):
    """Numbers of the recursion, each (asset,)."""

    alpha: Floats
    gamma: Floats
    beta: Floats
    persistence: Floats  # alpha + gamma E[z^2; z < 0] + beta
    start: Floats  # variance of the first day over the long-run one


def variance(table: Any, given: Given, start: Floats, falls: Floats | float) -> Variance:
    """The numbers of a table.

    Args:
        table: with `VarianceKeys`.
        given: what they are worked out from.
        start: variance of the first day over the long-run one, (asset,).
        falls: `E[z^2; z < 0]` of the innovations, whose variance is 1.

    Raises:
        ScenarioError: a negative variance, or one without a long-run value.
    """
    alpha, gamma, beta = (given.by_asset(getattr(table, key), key) for key in ("alpha", "gamma", "beta"))
    persistence = alpha + gamma * falls + beta
    for key, values, wrong, allowed in (
        ("alpha", alpha, alpha < 0, "0 or more"),
        ("beta", beta, beta < 0, "0 or more"),
        ("gamma", gamma, alpha + gamma < 0, "alpha + gamma of 0 or more"),
        (
            "beta",
            persistence,
            persistence >= 1,
            "alpha + gamma/2 + beta below 1, as there is no long-run variance else",
        ),
        ("start", start, (start < 0) | (start > HIGHEST_START), f"between 0 and {HIGHEST_START:g}"),
    ):
        if wrong.any():
            i = int(wrong.argmax())
            what = "makes alpha + gamma/2 + beta" if values is persistence else "is"
            raise given.refused(f"{what} {values[i]:g} for {given.assets.ids[i]}", key, getattr(table, key), allowed)
    return Variance(alpha, gamma, beta, persistence, start)


class _Garch(ShockTable):
    keys = GarchKeys
    daily = True

    def parameters(self, table: GarchKeys, given: Given) -> Variance:
        return variance(table, given, given.by_asset(table.start, "start"), falls=0.5)

    def without_law(self, shocks: Shocks, condition: Condition) -> tuple[str, object, str] | None:
        weighted = [key for key, row in zip(condition.keys, condition.rows, strict=True) if (row != 0).sum() > 1]
        if len(weighted) <= MOST_WEIGHTED:
            return None
        allowed = f"{MOST_WEIGHTED} moves of classes and sectors at most at a step under garch; any number of assets"
        return f"has {len(weighted)} moves of classes and sectors", weighted, allowed

    def parts(
        self, shocks: Shocks, deviation: Floats, mean: Floats, steps_per_day: int, condition: Condition
    ) -> list[Part]:
        """One part with the variance that is expected for that step; on each path it is the path's own."""
        p: Variance = shocks.parameters
        ratio = 1.0 + (p.start - 1.0) * p.persistence ** (condition.step - 1)
        return super().parts(shocks, deviation * np.sqrt(ratio), mean, steps_per_day, condition)


TABLE = _Garch()
