"""A number with its error, and the ratio and difference of two from the same paths."""

from __future__ import annotations

import math
from dataclasses import dataclass

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


NOTHING = Estimate(math.nan, math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Pair:
    """Two estimates from the same paths, their variances and covariance, and the paths on which they rest."""

    value: float
    static: float
    variance: float
    static_variance: float
    covariance: float
    paths: float

    def difference(self) -> Estimate:
        """The first less the second."""
        spread = math.sqrt(max(self.variance + self.static_variance - 2 * self.covariance, 0.0))
        return Estimate.symmetric(self.value - self.static, widened(spread, self.paths))

    def ratio(self) -> Estimate:
        """By the delta method; NaN where the second is under 0.001, no error where it is not clearly above zero."""
        if not self.static >= SMALLEST_STATIC:
            return NOTHING
        ratio = self.value / self.static
        if not self.static > Z95 * widened(math.sqrt(max(self.static_variance, 0.0)), self.paths):
            return Estimate.unknown(ratio)
        noise = self.variance + ratio**2 * self.static_variance - 2 * ratio * self.covariance
        return Estimate.symmetric(ratio, widened(math.sqrt(max(noise, 0.0)) / self.static, self.paths))

    def ratio_near_zero(self) -> Estimate:
        """The ratio with Fieller's interval (1954), which covers however near to zero the second is."""
        ratio = self.ratio()
        if not math.isfinite(ratio.se):
            return ratio
        wide = (Z95 * widened(1.0, self.paths)) ** 2
        square = self.static**2 - wide * self.static_variance
        middle = (self.value * self.static - wide * self.covariance) / square
        reach = math.sqrt(max(middle**2 - (self.value**2 - wide * self.variance) / square, 0.0))
        return Estimate(ratio.value, reach / Z95, middle - reach, middle + reach)
