"""Numbers of residual days and of the variance that they are given."""

from __future__ import annotations

from stress.compile.shocks.bootstrap import days
from stress.compile.shocks.garch import recursion
from stress.kernels.shocks.filtered_historical import FilteredHistorical
from stress.scenarios.problem import Problem


def record(problem: Problem) -> FilteredHistorical:
    """As arrays in float64."""
    given = problem.shocks.parameters
    return FilteredHistorical(days(given.days, given.mean_block), recursion(problem, given.variance))
