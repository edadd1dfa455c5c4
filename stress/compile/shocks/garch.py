"""Numbers of the GARCH draw, and of its recursion in other models."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from stress.compile.shocks.cholesky import step_deviation
from stress.compile.shocks.conditions import scales
from stress.compile.shocks.student_t import tails
from stress.kernels.shocks import garch as kernel
from stress.kernels.shocks.condition import Pins
from stress.scenarios.conditions.step import Law
from stress.scenarios.problem import Problem
from stress.scenarios.shocks.garch import Variance
from stress.scenarios.shocks.moments import step_mean


def record(problem: Problem) -> kernel.Garch:
    """As arrays in float64."""
    return kernel.Garch(tails(problem), recursion(problem, problem.shocks.parameters))


def recursion(problem: Problem, given: Variance) -> kernel.Variance:
    """Numbers of the variance over its long-run value."""
    omega = 1.0 - given.persistence
    rows: Any = (omega, given.alpha, given.gamma, given.beta, given.start, step_deviation(problem))
    return kernel.Variance(*(row[:, None] for row in rows))


def given(problem: Problem, laws: list[Law]) -> tuple[Pins, kernel.GarchGiven]:
    """Numbers of conditions: rows of single assets as pins of innovations, and the weighted rows."""
    fixed, rho = problem.shocks.conditions, problem.shocks.correlation
    mean, assets = step_mean(problem.shocks, problem.assets, step_deviation(problem), problem.steps_per_day), len(rho)
    alone = [(one.rows != 0).sum(axis=1) == 1 for one in fixed]
    slots = len(fixed) + 1
    most, most_weighted = max(int(a.sum()) for a in alone), max(int((~a).sum()) for a in alone)
    rows, gain = np.zeros((slots, most, assets)), np.zeros((slots, assets, most))
    missing, inverse = np.zeros((slots, most, 1)), np.zeros((slots, most, most))
    weighted, lacking, count = (
        np.zeros((slots, most_weighted, assets)),
        np.zeros((slots, most_weighted)),
        np.zeros(slots),
    )
    for number, (one, single) in enumerate(zip(fixed, alone, strict=True), start=1):
        own, others, lacks = one.rows[single], one.rows[~single], one.log_moves - one.rows @ mean
        inverse[number, : len(own), : len(own)] = np.linalg.inv(own @ rho @ own.T)
        rows[number, : len(own)], missing[number, : len(own), 0] = own, lacks[single]
        gain[number, :, : len(own)] = rho @ own.T @ inverse[number, : len(own), : len(own)]
        weighted[number, : len(others)], lacking[number, : len(others)] = others, lacks[~single]
        count[number] = len(one.keys)
    arrays: Any = (rows, gain, missing, np.ones(slots))
    dof = problem.shocks.dof if math.isfinite(problem.shocks.dof) else 0.0
    own_arrays: Any = (
        inverse,
        rho if most_weighted else None,
        weighted,
        lacking,
        count,
        np.float64(dof),
        scales(problem),
    )
    return Pins(*arrays), kernel.GarchGiven(*own_arrays)
