"""The paths of one world, and its figures: values, standard errors, and what each path adds to them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stress.results.statistics import estimators, paired
from stress.results.statistics.estimate import NOTHING, Estimate
from stress.results.statistics.paired import Influence
from stress.results.statistics.simulation_output import Distribution

Floats = npt.NDArray[np.float64]
BY_LEVEL = {"var": "fund_loss", "es": "fund_loss", "trough_var": "trough", "trough_es": "trough"}
BY_FUND = {
    "mean_loss": "fund_loss",
    "called_nav_share": "called_nav_share",
    "prob_default": "defaulted",
    "expected_forced_sales_usd": "forced_sales_usd",
}


class Figure(NamedTuple):
    """A figure of one row: its estimate, and the influence of each path; None where there is none."""

    estimate: Estimate
    influence: Influence | None


UNKNOWN = Figure(NOTHING, None)


@dataclass(frozen=True)
class World:
    """Metrics of every path, each (row, path): the funds in the order of the file, and the system last.

    `fund_loss` and `trough` are fractions of the row's start NAV, `called_nav_share` is one of NAV, `forced_sales_usd`
    an amount, `defaulted` true or false; NaN is unknown.
    """

    metrics: Mapping[str, npt.NDArray[Any]]
    _sorted: dict[tuple[str, int], Distribution] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of_funds_alone(cls, rows: Sequence[World], nav: Floats) -> World:
        """The world whose funds (rows, each with one row) meet each other's sales nowhere; `nav` (fund,) are theirs.

        The system's trough is not known: funds may be lowest at different times.
        """
        together = {name: np.concatenate([row.metrics[name] for row in rows]) for name in rows[0].metrics}
        share = (nav / nav.sum())[:, None]
        system = {
            "fund_loss": (together["fund_loss"] * share).sum(axis=0),
            "trough": np.full(together["trough"].shape[1], np.nan),
            "called_nav_share": (together["called_nav_share"] * share).sum(axis=0),
            "forced_sales_usd": together["forced_sales_usd"].sum(axis=0),
            "defaulted": together["defaulted"].any(axis=0),
        }
        return cls({name: np.concatenate([values, system[name][None]]) for name, values in together.items()})

    def row(self, index: int) -> World:
        """One fund by itself."""
        return World({name: values[index : index + 1] for name, values in self.metrics.items()})

    def figure(self, name: str, row: int, level: str | None) -> Figure:
        """A figure of BY_LEVEL, at a level, or of BY_FUND; as in the group `summary` of a run of these paths."""
        if level is not None:
            return self._of_tail(name, row, level)
        values = self.metrics[BY_FUND[name]][row]
        if values.dtype == np.bool_:
            return Figure(estimators.probability(int(values.sum()), len(values)), paired.of_share(values))
        numbers = np.asarray(values, np.float64)
        total, squares, paths = float(numbers.sum()), float((numbers**2).sum()), len(numbers)
        hits = int(np.count_nonzero(numbers)) if name == "called_nav_share" else None
        rare = name == "expected_forced_sales_usd"
        return Figure(estimators.mean(total, squares, paths, rare, hits), paired.of_mean(numbers))

    def _of_tail(self, name: str, row: int, level: str) -> Figure:
        metric = BY_LEVEL[name]
        values = np.asarray(self.metrics[metric][row], np.float64)
        if np.isnan(values).any():
            return UNKNOWN
        if (metric, row) not in self._sorted:
            self._sorted[metric, row] = Distribution.of(values)
        found = self._sorted[metric, row]
        quantile = estimators.value_at_risk(found, level)
        if name.endswith("var"):
            influence = paired.of_quantile(values, float(level), quantile.value, quantile.se, len(values))
            return Figure(quantile, influence)
        tail_mean = estimators.expected_shortfall(found, level)
        return Figure(tail_mean, paired.of_tail_mean(values, float(level), quantile.value))


def difference(a: Figure, b: Figure) -> tuple[float, float]:
    """B less A, and its error from the paths that both have."""
    if a is b:
        return 0.0 * b.estimate.value, 0.0 * b.estimate.value
    found = b.estimate.value - a.estimate.value
    if math.isnan(found) or a.influence is None or b.influence is None:
        return found, math.nan
    paths = len(a.influence.values)
    return found, paired.error_of_difference(a.influence, b.influence, paths, paths)


def in_its_unit(influence: Influence | None) -> Influence | None:
    """An indicator in the unit of its figure, to be added to others; None where no density scales it."""
    if influence is None or influence.scale is None:
        return influence
    if not math.isfinite(influence.scale):
        return None
    return Influence(influence.values * influence.scale, None, influence.tail)
