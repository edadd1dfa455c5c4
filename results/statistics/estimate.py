"""A number with its error, and the ratio and difference of two from the same paths."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stress.results.statistics.few_paths import FEWEST, Z95, widened

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
        """With Fieller's interval; no error where the twin's loss does not differ from zero by its own."""
        if not self.static >= SMALLEST_STATIC:
            return Estimate(math.nan, math.nan, math.nan, math.nan)
        ratio = self.value / self.static
        if self.paths < FEWEST:
            return Estimate.unknown(ratio)
        wide = (Z95 * widened(1.0, self.paths)) ** 2  # of the squared error, to the edge of the interval
        square = self.static**2 - wide * self.static_variance
        if square <= 0:
            return Estimate.unknown(ratio)
        middle = (self.value * self.static - wide * self.covariance) / square
        spread = math.sqrt(max(middle**2 - (self.value**2 - wide * self.variance) / square, 0.0))
        noise = self.variance + ratio**2 * self.static_variance - 2 * ratio * self.covariance
        se = widened(math.sqrt(np.maximum(noise, 0.0)) / self.static, self.paths)
        return Estimate(ratio, se, middle - spread, middle + spread)
