"""What `--target-se` and `--time-budget` ask for: a figure and the standard error that it is to have, and seconds."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import xarray as xr

from stress.questions.limit_grammar import SYSTEM, LimitError, parse_limit
from stress.results.statistics import estimators
from stress.results.statistics.simulation_output import Distribution
from stress.scenarios.problem import Problem
from stress.scenarios.read.python_values import as_in_a_file
from stress.scenarios.read.units import UnitError, fraction

METRICS = {"var": "fund_loss", "es": "fund_loss", "trough_var": "trough", "trough_es": "trough"}
FORM = "a fraction of NAV such as 0.001 or '0.1 %', or with its figure: 'es(quant, 0.99) <= 0.1 %'"
UNITS = {"s": 1.0, "sec": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"\s*([0-9.]+)\s*([a-z]*)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Goal:
    """A figure whose standard error is to be `se` at most, a fraction of NAV."""

    measure: str  # of METRICS
    who: str  # a fund, or "system"
    level: str  # decimal text
    se: float

    @property
    def figure(self) -> str:
        """As a user writes it."""
        return f"{self.measure}({self.who}, {self.level})"

    def of_distributions(self, distributions: dict[str, list[Distribution]], rows: tuple[str, ...]) -> float:
        """Its standard error, from the distributions of all `rows`, which end with the system."""
        found = distributions[METRICS[self.measure]][rows.index(self.who)]
        estimator = estimators.value_at_risk if self.measure.endswith("var") else estimators.expected_shortfall
        return estimator(found, self.level).se

    def of_result(self, tree: xr.DataTree) -> float:
        """Its standard error in a result."""
        summary = tree["summary"].to_dataset().sel(level=float(self.level))
        if self.who == SYSTEM:
            return float(summary[f"system_{self.measure}_se"])
        return float(summary[f"{self.measure}_se"].sel(fund=self.who))


def read_goal(text: float | str, problem: Problem, members: bool = False) -> Goal:
    """The goal of a run: a bare number is of the system's ES at the highest level.

    Raises:
        ValueError: it has not this form, or there is no such fund or level.
    """
    levels = problem.estimation.levels
    highest = max(levels, key=float)
    figure = re.search(r"\(", str(text))
    if not figure:
        goal = Goal("es", SYSTEM, highest, _fraction(text))
    else:
        try:
            limit = parse_limit(str(text))
        except LimitError as error:
            raise ValueError(f"{error}; allowed: {FORM}") from error
        if limit.measure not in METRICS or limit.comparison not in ("<=", "<"):
            raise ValueError(f"{text!r}: allowed: {', '.join(METRICS)} and '<=', {FORM}")
        goal = Goal(limit.measure, limit.who, limit.level or highest, limit.bound)
    funds = problem.funds.ids if members else problem.funds.types_file_order
    if goal.who not in (*funds, SYSTEM):
        raise ValueError(f"{text!r}: there is no fund {goal.who!r}; allowed: {SYSTEM}, {', '.join(funds)}")
    same = [level for level in levels if float(level) == float(goal.level)]
    if not same:
        raise ValueError(f"{text!r}: the scenario has no level {goal.level}; allowed: {', '.join(levels)}")
    if not 0 < goal.se < math.inf:
        raise ValueError(f"a standard error of {goal.se} is not possible; allowed: {FORM}")
    return Goal(goal.measure, goal.who, same[0], goal.se)


def _fraction(text: float | str) -> float:
    try:
        return fraction(as_in_a_file(text))
    except UnitError as error:
        raise ValueError(f"{text!r} {error.problem}; allowed: {FORM}") from error


def read_seconds(text: float | str) -> float:
    """Seconds of `90`, `90 s`, `10min`, `1.5 h`.

    Raises:
        ValueError: it is no duration.
    """
    found = _DURATION.fullmatch(str(text))
    unit = UNITS.get(found.group(2).lower() or "s") if found else None
    try:
        seconds = float(found.group(1)) * unit if found and unit else math.nan
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise ValueError(f"{text!r} is no duration; allowed: 90, '90 s', '10min', '1.5 h'")
    return seconds
