"""Jumps: `[shocks.jump.common]` and `[shocks.jump.own]` with `rate`, `mean`, `sd`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from pydantic import Field, model_validator

from stress.scenarios.conditions.law import Part
from stress.scenarios.conditions.record import Condition
from stress.scenarios.problem import ROUNDING, TRADING_DAYS, Floats, Shocks
from stress.scenarios.read.fields import FractionsByAsset, Number, NumbersByAsset, Table, refuse
from stress.scenarios.shocks.protocol import Given, ShockTable, across, correlation_of

MOST_A_STEP = 2.0  # jumps on average: the kernel counts to 16
LARGEST = 2.0  # log return
MOST_COUNTED = 12  # jumps of a kind in a step that a condition reckons with
MOST_JUMPING = 2  # assets of a condition that have jumps of their own


class _Sizes(Table):
    mean: FractionsByAsset = Field(default=0.0, description="mean log return of a jump: one, or by asset id or class")
    sd: FractionsByAsset = Field(default=0.0, description="its standard deviation, likewise")


class CommonJumps(_Sizes):
    """Jumps of all assets at once, by one normal: mean_i N + sd_i sqrt(N) x."""

    rate: Number = Field(ge=0, description="jumps a year")


class OwnJumps(_Sizes):
    """Jumps of each asset by itself."""

    rate: NumbersByAsset = Field(description="jumps a year: one, or by asset id or class")


class JumpKeys(Table):
    """Jumps on top of a normal draw; both together have shock_vol, and the mean of the draw is `drift`."""

    common: CommonJumps | None = None
    own: OwnJumps | None = None

    @model_validator(mode="after")
    def _some(self) -> JumpKeys:
        if self.common is None and self.own is None:
            raise refuse("has no jumps", "a table common, own, or both", "common")
        return self


class Jumps(NamedTuple):
    """Numbers of one kind of jumps, each (asset,)."""

    rate: Floats  # a year; of common jumps the same for all
    mean: Floats
    sd: Floats

    @property
    def variance(self) -> Floats:
        """Of all jumps of a year, (asset,)."""
        return self.rate * (self.mean**2 + self.sd**2)


class Jump(NamedTuple):
    """Numbers of the model; None: no such jumps."""

    common: Jumps | None
    own: Jumps | None
    diffusion: Floats  # (asset,) annual volatility of the normal draw


class Case(NamedTuple):
    """Numbers of jumps of a step."""

    chance: float
    common: int
    jumping: tuple[int, ...]  # assets of a condition with jumps of their own
    own: tuple[int, ...]  # of each of these


def jumping_assets(given: Jump, rows: Floats) -> tuple[int, ...]:
    """Assets in rows (row, asset) that have jumps of their own."""
    if given.own is None:
        return ()
    sized = (given.own.rate > 0) & ((given.own.mean != 0) | (given.own.sd > 0))
    return tuple(int(i) for i in np.flatnonzero((rows != 0).any(axis=0) & sized))


def cases(given: Jump, rows: Floats, a_step: float) -> list[Case]:
    """Every number of common jumps and of each jumping asset's own up to `MOST_COUNTED`, in a fixed order."""
    from scipy import stats

    jumping, counts = jumping_assets(given, rows), np.arange(MOST_COUNTED + 1)
    chances = [np.ones(1) if given.common is None else stats.poisson.pmf(counts, given.common.rate[0] * a_step)]
    chances += [stats.poisson.pmf(counts, given.own.rate[i] * a_step) for i in jumping if given.own is not None]
    found = []
    for numbers in np.ndindex(*(len(chance) for chance in chances)):
        chance = float(np.prod([of[n] for of, n in zip(chances, numbers, strict=True)]))
        found.append(Case(chance, numbers[0], jumping, tuple(numbers[1:])))
    return found


class _Jump(ShockTable):
    keys = JumpKeys
    required = ("common", "own")

    def parameters(self, table: JumpKeys, given: Given) -> Jump:
        common, own = self._jumps(table.common, "common", given), self._jumps(table.own, "own", given)
        by_jumps = sum((kind.variance for kind in (common, own) if kind is not None), np.zeros(len(given.assets.ids)))
        left = given.assets.shock_vol**2 - by_jumps
        if (left < -ROUNDING * by_jumps).any():
            i = int((left / np.maximum(by_jumps, 1e-300)).argmin())
            raise given.refused(
                f"gives {given.assets.ids[i]} a volatility of {np.sqrt(by_jumps[i]):.4g} by jumps alone",
                "common" if own is None else "own",
                None,
                f"rate (mean^2 + sd^2) of shock_vol^2 at most, {given.assets.shock_vol[i] ** 2:.4g} a year",
            )
        return Jump(common, own, np.sqrt(np.maximum(left, 0.0)))

    def _jumps(self, table: CommonJumps | OwnJumps | None, name: str, given: Given) -> Jumps | None:
        if table is None:
            return None
        rate, mean, sd = (given.by_asset(getattr(table, key), f"{name}.{key}") for key in ("rate", "mean", "sd"))
        most = MOST_A_STEP * TRADING_DAYS * given.steps_per_day
        for key, values, least, highest in (
            ("rate", rate, 0.0, most),
            ("mean", mean, -LARGEST, LARGEST),
            ("sd", sd, 0.0, LARGEST),
        ):
            wrong = (values < least) | (values > highest)
            if wrong.any():
                i = int(wrong.argmax())
                problem = f"is {values[i]:g} for {given.assets.ids[i]}"
                raise given.refused(problem, f"{name}.{key}", getattr(table, key), f"between {least:g} and {highest:g}")
        return Jumps(rate, mean, sd)

    def without_law(self, shocks: Shocks, condition: Condition) -> tuple[str, object, str] | None:
        jumping = jumping_assets(shocks.parameters, condition.rows)
        if len(jumping) <= MOST_JUMPING:
            return None
        allowed = f"{MOST_JUMPING} assets at most with jumps of their own at a step; common jumps alone have no limit"
        return f"fixes moves of {len(jumping)} assets with jumps of their own", list(condition.keys), allowed

    def parts(
        self, shocks: Shocks, deviation: Floats, mean: Floats, steps_per_day: int, condition: Condition
    ) -> list[Part]:
        """A part for each number of common jumps and of jumps of each asset in the condition, see `cases`."""
        p, rows, a_step = shocks.parameters, condition.rows, 1.0 / (TRADING_DAYS * steps_per_day)
        diffusion = shocks.scale * p.diffusion * np.sqrt(a_step)
        base = across(shocks.correlation, diffusion, rows)
        variance = diffusion**2 + (0.0 if p.own is None else shocks.scale**2 * p.own.variance * a_step)
        found = []
        for case in cases(p, rows, a_step):
            at, spread, with_rows = mean.copy(), variance.copy(), base.copy()
            if p.common is not None:
                size, sd = shocks.scale * p.common.mean, shocks.scale * p.common.sd
                at += size * (case.common - p.common.rate * a_step)
                spread += case.common * sd**2
                with_rows += case.common * np.outer(sd, rows @ sd)
            for i, number in zip(case.jumping, case.own, strict=True):
                at[i] += shocks.scale * p.own.mean[i] * (number - p.own.rate[i] * a_step)
                own = number * (shocks.scale * p.own.sd[i]) ** 2
                spread[i] += own - shocks.scale**2 * p.own.variance[i] * a_step
                with_rows[i] += own * rows[:, i]
            number = case.common + sum(case.own)
            found.append(Part(case.chance, at, spread, with_rows, name="1 jump" if number == 1 else f"{number} jumps"))
        return found

    def correlation(self, parameters: Jump, given: Given) -> Floats:
        covariance = np.outer(parameters.diffusion, parameters.diffusion) * given.correlation
        if parameters.common is not None:
            rate, mean, sd = parameters.common
            covariance = covariance + rate * (np.outer(mean, mean) + np.outer(sd, sd))
        if parameters.own is not None:
            covariance = covariance + np.diag(parameters.own.variance)
        return correlation_of(covariance)


TABLE = _Jump()
