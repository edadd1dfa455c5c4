"""Figures of weighted paths; of plain ones as a run has them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from stress.results.statistics import estimators, weighted
from stress.results.statistics.estimate import Estimate
from stress.results.statistics.few_paths import FEWEST, paths_that_count, widening
from stress.results.statistics.simulation_output import Distribution
from stress.results.statistics.weighted import Weighted

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Paths:
    """Losses of one row with their weights.

    Attributes:
        losses: (path,) fraction of start NAV.
        weights: (path,).
        defaulted: (path,).
        components: (path,) of the mixture, 0 the plain ones.
        alone: (path,) weights against the mixture of the others alone; NaN of plain paths.
    """

    losses: Floats
    weights: Floats
    defaulted: Bools
    components: npt.NDArray[np.int32]
    alone: Floats

    @property
    def plain(self) -> bool:
        """Whether nothing was tilted."""
        return not self.components.any()

    @cached_property
    def sample(self) -> Weighted:
        """Losses with weights."""
        return Weighted(self.losses, self.weights, len(self.losses))

    def at_level(self, kind: str, level: str) -> Estimate:
        """VaR or ES."""
        if self.plain:
            found = Distribution.of(self.losses)
            return (estimators.value_at_risk if kind == "var" else estimators.expected_shortfall)(found, level)
        quantile = weighted.value_at_risk(self.sample, level)
        if kind == "var":
            return _widened(quantile, self.weights * (self.losses > quantile.value))
        excess = np.maximum(self.losses - quantile.value, 0.0)
        return _widened(weighted.expected_shortfall(self.sample, level), self.weights * excess)

    def probability(self, happened: Bools) -> Estimate:
        """Of an event."""
        if self.plain:
            return estimators.probability(int(np.count_nonzero(happened)), len(happened))
        if not happened.any():  # tilted paths need not go where it happens: only plain ones say how rare it is
            plain = estimators.probability(0, int(np.count_nonzero(self.components == 0)))
            return Estimate(0.0, math.inf, 0.0, plain.high)
        found = _widened(weighted.probability(happened, self.sample), np.where(happened, self.weights, 0.0))
        return Estimate(found.value, found.se, max(found.low, 0.0), min(found.high, 1.0))

    def tilted_alone(self, happened: Bools) -> Estimate:
        """Probability of an event by the tilted paths alone."""
        tilted = self.components > 0
        terms = np.where(happened, self.alone, 0.0)[tilted]
        return weighted.mean(terms, int(np.count_nonzero(tilted)))


def _widened(found: Estimate, terms: Floats) -> Estimate:
    """An estimate whose error is that of a mean of terms, most of them zero: by the rule for few paths."""
    paths = paths_that_count(float(terms.mean()), float((terms**2).mean()), len(terms))
    if paths < FEWEST or math.isnan(found.value):
        return Estimate.unknown(found.value)
    factor = widening(paths)
    low, high = (found.value + factor * (end - found.value) for end in (found.low, found.high))
    return Estimate(found.value, factor * found.se, low, high)
