"""Numbers of a history of days."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stress.compile.shocks.cholesky import step_deviation
from stress.compile.shocks.conditions import pins
from stress.compile.shocks.thresholds import threshold
from stress.kernels.shocks import bootstrap as kernel
from stress.kernels.shocks.condition import Pins
from stress.scenarios.conditions.step import Law
from stress.scenarios.problem import Problem
from stress.scenarios.shocks.moments import step_mean
from stress.scenarios.shocks.registry import TABLES


def record(problem: Problem) -> kernel.Bootstrap:
    """As arrays in float64."""
    given = problem.shocks.parameters
    return kernel.Bootstrap(days(step_deviation(problem)[:, None] * given.days, given.mean_block))


def days(returns: npt.NDArray[Any], mean_block: float) -> kernel.Days:
    """A history (asset, day), drawn in blocks of a mean length."""
    arrays: Any = (returns, threshold(1.0 / mean_block))
    return kernel.Days(*arrays)


def given(problem: Problem, laws: list[Law]) -> tuple[Pins, kernel.NearDays]:
    """Numbers of conditions."""
    return pins(problem, [law.given[0] for law in laws]), near_days(problem)


def near_days(problem: Problem) -> kernel.NearDays:
    """Days near each condition."""
    shocks = problem.shocks
    deviation = step_deviation(problem)
    mean = step_mean(shocks, problem.assets, deviation, problem.steps_per_day)
    kernels = (TABLES[shocks.model].picked_days(shocks, deviation, mean, one) for one in shocks.conditions)
    chances = [one.chances for one in kernels if one is not None]
    reached: Any = threshold(np.cumsum([np.full_like(chances[0], 1.0 / len(chances[0])), *chances], axis=1))
    return kernel.NearDays(reached)
