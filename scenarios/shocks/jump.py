"""Jumps: `[shocks.jump.common]` and `[shocks.jump.own]` with `rate`, `mean`, `sd`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from pydantic import Field, model_validator

from stress.scenarios.problem import ROUNDING, TRADING_DAYS, Floats
from stress.scenarios.read.fields import FractionsByAsset, Number, NumbersByAsset, Table, refuse
from stress.scenarios.shocks.protocol import Given, ShockTable, correlation_of

MOST_A_STEP = 2.0  # jumps on average: the kernel counts to 16
LARGEST = 2.0  # log return


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

    def correlation(self, parameters: Jump, given: Given) -> Floats:
        covariance = np.outer(parameters.diffusion, parameters.diffusion) * given.correlation
        if parameters.common is not None:
            rate, mean, sd = parameters.common
            covariance = covariance + rate * (np.outer(mean, mean) + np.outer(sd, sd))
        if parameters.own is not None:
            covariance = covariance + np.diag(parameters.own.variance)
        return correlation_of(covariance)


TABLE = _Jump()
