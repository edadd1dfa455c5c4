"""Numbers of residual days and of the variance that they are given."""

from __future__ import annotations

from typing import Any

import numpy as np

from stress.compile.shocks.bootstrap import days, near_days
from stress.compile.shocks.cholesky import step_deviation
from stress.compile.shocks.conditions import pins
from stress.compile.shocks.garch import recursion
from stress.kernels.shocks.bootstrap import NearDays
from stress.kernels.shocks.condition import Pins
from stress.kernels.shocks.filtered_historical import FilteredHistorical
from stress.scenarios.conditions.step import Law
from stress.scenarios.problem import Problem


def record(problem: Problem) -> FilteredHistorical:
    """As arrays in float64."""
    given = problem.shocks.parameters
    return FilteredHistorical(days(given.days, given.mean_block), recursion(problem, given.variance))


def given(problem: Problem, laws: list[Law]) -> tuple[Pins, NearDays]:
    """Numbers of conditions, on residuals of the first step."""
    unit = step_deviation(problem) * np.sqrt(problem.shocks.parameters.variance.start)
    made = pins(problem, [law.given[0] for law in laws])
    inverse = np.divide(1.0, unit, out=np.zeros_like(unit), where=unit > 0)
    arrays: Any = (np.asarray(made.rows) * unit, np.asarray(made.gain) * inverse[:, None])
    return made._replace(rows=arrays[0], gain=arrays[1]), near_days(problem)
