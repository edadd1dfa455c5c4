"""Numbers of the jumps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from stress.compile.shocks.cholesky import step_deviation
from stress.compile.shocks.conditions import pins
from stress.compile.shocks.thresholds import threshold
from stress.kernels.shocks import jump as kernel
from stress.kernels.shocks.condition import Pins
from stress.scenarios.conditions.law import reweighted
from stress.scenarios.conditions.step import Law
from stress.scenarios.problem import TRADING_DAYS, Problem
from stress.scenarios.shocks.jump import Jumps, cases
from stress.scenarios.shocks.moments import step_mean
from stress.scenarios.shocks.protocol import across

UNLIKELY = 1e-12  # a number of jumps, given the moves, that is left out
MOST = 16  # jumps of a step that are counted; more have a probability below 1e-9


def record(problem: Problem) -> kernel.Jump:
    """As arrays in float64, probabilities as thresholds."""
    given, a_step = problem.shocks.parameters, 1.0 / (TRADING_DAYS * problem.steps_per_day)
    scale = problem.shocks.scale
    diffusion: Any = scale * given.diffusion[:, None] * math.sqrt(a_step)

    def jumps(kind: Jumps | None, shared: bool) -> kernel.Jumps | None:
        if kind is None:
            return None
        number = kind.rate * a_step
        rows: Any = (scale * kind.mean, scale * kind.sd, scale * kind.mean * number)
        counts: Any = thresholds(number[:1] if shared else number)[:, :, None]
        return kernel.Jumps(counts, *(row[:, None] for row in rows))

    return kernel.Jump(diffusion, jumps(given.common, True), jumps(given.own, False))


def thresholds(number: Any) -> Any:
    """Poisson counts of means (row,) as thresholds, (MOST, row): n jumps where a chance reaches n of them."""
    from scipy import stats

    return threshold(stats.poisson.cdf(np.arange(MOST)[:, None], number[None, :]))


def given(problem: Problem, laws: list[Law]) -> tuple[Pins, kernel.JumpGiven]:
    """Numbers of conditions: cases that are likely given the moves, and the covariance of the rows in each."""
    fixed, shocks, p = problem.shocks.conditions, problem.shocks, problem.shocks.parameters
    a_step, assets = 1.0 / (TRADING_DAYS * problem.steps_per_day), len(problem.assets.ids)
    diffusion = shocks.scale * p.diffusion * math.sqrt(a_step)
    mean, made = (
        step_mean(shocks, problem.assets, step_deviation(problem), problem.steps_per_day),
        pins(problem, [x.given[0] for x in laws]),
    )
    gain, missing, found = np.zeros_like(made.gain), np.zeros_like(made.missing), []
    for number, (one, law) in enumerate(zip(fixed, laws, strict=True), start=1):
        rows = one.rows
        gain[number, :, : len(rows)] = across(shocks.correlation, diffusion, rows)
        missing[number, : len(rows), 0] = one.log_moves - rows @ mean
        chances = reweighted(law.parts, law.given)
        likely = np.flatnonzero(chances > UNLIKELY)
        every = cases(p, rows, a_step)
        found.append((chances[likely], [every[i] for i in likely], [law.parts[i] for i in likely], rows))
    slots, most = len(fixed) + 1, max(len(chances) for chances, *_ in found)
    jumping = max(1, *(len(every[0].jumping) for _, every, *_ in found))
    many = made.rows.shape[1]
    reached, row = np.ones((slots, most)), np.zeros(slots, np.int64)
    common, jumps = np.zeros((slots, most)), np.zeros((slots, jumping, most))
    select, inverse = np.zeros((slots, assets, jumping)), np.zeros((slots, most, many, many))
    for number, (chances, every, parts, rows) in enumerate(found, start=1):
        count = len(every)
        reached[number, :count] = np.cumsum(chances) / chances.sum()
        common[number, :count] = [case.common for case in every]
        for j, asset in enumerate(every[0].jumping):
            select[number, asset, j], jumps[number, j, :count] = 1.0, [case.own[j] for case in every]
        if p.common is None and every[0].jumping:
            row[number] = every[0].jumping[0]
        for i, part in enumerate(parts):
            inverse[number, i, : len(rows), : len(rows)] = np.linalg.inv(rows @ part.across)
    arrays: Any = (made.rows, gain, missing, np.ones(slots))
    own: Any = (threshold(reached), row, common, select, jumps, inverse)
    return Pins(*arrays), kernel.JumpGiven(*own)
