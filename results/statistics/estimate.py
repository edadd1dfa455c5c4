"""A number with its error, and the ratio and difference of two from the same paths."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stress.results.statistics.few_paths import Z95, widened

SMALLEST_STATIC = 0.001  # below it a ratio to the twin's loss says nothing


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error and 95 % confidence interval, all in the unit of the number."""

    value: float
    se: float
    low: float
    high: float

    @staticmethod
    def symmetric(value: float, se: float) -> Estimate:
        """An estimate whose interval is value +- 1.96 se; all of the line where the se is infinite."""
        return Estimate(value, se, value - Z95 * se, value + Z95 * se)

    @staticmethod
    def unknown(value: float) -> Estimate:
        """An estimate from too few paths for an error."""
        return Estimate.symmetric(value, math.inf)


@dataclass(frozen=True)
class Pair:
    """Two estimates from the same paths, their variances and covariance, and the paths on which they rest."""

    value: float
    static: float
    variance: float
    static_variance: float
    covariance: float
    paths: float

    def against(self) -> tuple[Estimate, Estimate]:
        """Ratio and difference."""
        return self._ratio(), self._difference()

    def _difference(self) -> Estimate:
        spread = math.sqrt(np.maximum(self.variance + self.static_variance - 2 * self.covariance, 0.0))
        return Estimate.symmetric(self.value - self.static, widened(spread, self.paths))

    def _ratio(self) -> Estimate:
        """By the delta method; without an error where the twin's loss does not differ from zero by its own."""
        if not self.static >= SMALLEST_STATIC:
            return Estimate(math.nan, math.nan, math.nan, math.nan)
        ratio = self.value / self.static
        if not self.static > Z95 * widened(math.sqrt(self.static_variance), self.paths):
            return Estimate.unknown(ratio)
        noise = self.variance + ratio**2 * self.static_variance - 2 * ratio * self.covariance
        return Estimate.symmetric(ratio, widened(math.sqrt(np.maximum(noise, 0.0)) / self.static, self.paths))
