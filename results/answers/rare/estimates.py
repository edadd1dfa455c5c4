"""Figures of weighted paths; of plain ones as a run has them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.results.statistics import estimators, weighted
from stress.results.statistics.estimate import Estimate
from stress.results.statistics.few_paths import FEWEST, paths_that_count, widening
from stress.results.statistics.simulation_output import Distribution
from stress.results.statistics.weighted import Weighted

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


TILT, SCREEN = "tilt", "screen"
CHOSEN = 2  # component of screened paths that chance alone has chosen, see `stress.engine.weighted.screen`


@dataclass(frozen=True)
class Paths:
    """Losses of one row with their weights.

    Attributes:
        losses: (path,) fraction of start NAV; -inf of a path that was left out.
        weights: (path,); 0 of a path that was left out.
        defaulted: (path,).
        components: (path,) of a mixture, 0 the plain ones; of screened paths why they were simulated, or not.
        method: "plain", "tilt" or "screen".
    """

    losses: Floats
    weights: Floats
    defaulted: Bools
    components: npt.NDArray[np.integer[Any]]
    method: str = "plain"

    @property
    def plain(self) -> bool:
        """Whether each path counts as one, nothing having been tilted."""
        return self.method != SCREEN and not self.components.any()

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
        if not happened.any():
            return Estimate(0.0, math.inf, 0.0, self._at_most())
        found = _widened(weighted.probability(happened, self.sample), np.where(happened, self.weights, 0.0))
        return Estimate(found.value, found.se, max(found.low, 0.0), min(found.high, 1.0))

    def _at_most(self) -> float:
        """The probability that an event has at most (95 %) which no path had.

        Tilted paths need not go where it happens: only plain ones say how rare it is. Of screened paths those of a part
        are simulated by chance, one in `1 / chance`: where the whole event lies in that part it is met so much more
        seldom, but it is no larger than the part.
        """
        if self.method != SCREEN:
            return estimators.probability(0, max(1, int(np.count_nonzero(self.components == 0)))).high
        paths, of_part = len(self.components), int(np.count_nonzero(self.components >= CHOSEN))
        met, part = (estimators.probability(count, paths).high for count in (0, of_part))
        chosen = self.weights[self.components == CHOSEN]
        chance = 1.0 / float(chosen.max()) if len(chosen) else 0.0
        hidden = min(part, met / chance) if chance > 0 else part
        return min(1.0, hidden + max(met - chance * hidden, 0.0))

    def tilted_alone(self, happened: Bools) -> Estimate:
        """Probability of an event by the tilted paths alone, as far as they reach.

        Of N paths n are plain: with the weight w against all of them, the mean likelihood ratio of the N components is
        1/w, of which the plain ones have n/N; the weight against the others alone is (N - n) / (N/w - n). It is
        truncated (Ionides 2008) at N/n, above which no weight against all of them is: where it is larger, paths are
        plain ones in the main, and what the tilted ones miss is not to be made up for by a few that are heavy.
        """
        tilted = self.components > 0
        paths, plain = len(tilted), int(np.count_nonzero(~tilted))
        ratio = np.maximum(paths / self.weights[tilted] - plain, (paths - plain) * plain / paths)
        return weighted.mean(np.where(happened[tilted], (paths - plain) / ratio, 0.0), paths - plain)


def _widened(found: Estimate, terms: Floats) -> Estimate:
    """An estimate whose error is that of a mean of terms, most of them zero: by the rule for few paths."""
    paths = paths_that_count(float(terms.mean()), float((terms**2).mean()), len(terms))
    if paths < FEWEST or math.isnan(found.value):
        return Estimate.unknown(found.value)
    factor = widening(paths)
    low, high = (found.value + factor * (end - found.value) for end in (found.low, found.high))
    return Estimate(found.value, factor * found.se, low, high)
