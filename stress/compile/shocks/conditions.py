"""Numbers of conditions on the draw: by slot, 0 being that of steps without any.

The module of a model may have `given(problem, laws)`, its pins and what else it needs; the others take `plain`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from stress.kernels.shocks.condition import Pins
from stress.kernels.shocks.student_t import scale_coefficients
from stress.scenarios.conditions.law import Given
from stress.scenarios.conditions.step import Law, law_at
from stress.scenarios.problem import Problem


def slots(problem: Problem) -> Any:
    """The slot of each step, (step,)."""
    slot = np.zeros(problem.steps, np.int64)
    for number, condition in enumerate(problem.shocks.conditions, start=1):
        slot[condition.step - 1] = number
    return slot


def laws(problem: Problem) -> list[Law]:
    """The law at the step of each condition."""
    shocks = problem.shocks
    return [law_at(shocks, problem.assets, problem.steps_per_day, one) for one in shocks.conditions]


def plain(problem: Problem, every: Sequence[Law]) -> tuple[Pins, Any]:
    """Numbers of conditions on a draw whose law is one part, normal or Student-t."""
    return pins(problem, [law.given[0] for law in every]), scales(problem)


def pins(problem: Problem, every: Sequence[Given]) -> Pins:
    """What a part of the law needs to meet each condition."""
    fixed, assets = problem.shocks.conditions, len(problem.assets.ids)
    slot, most = len(fixed) + 1, max(len(one.keys) for one in fixed)
    rows, gain = np.zeros((slot, most, assets)), np.zeros((slot, assets, most))
    missing, spread = np.zeros((slot, most, 1)), np.ones(slot)
    for number, (condition, given) in enumerate(zip(fixed, every, strict=True), start=1):
        count = len(condition.keys)
        rows[number, :count], gain[number, :, :count] = condition.rows, given.gain
        missing[number, :count, 0], spread[number] = given.missing, given.spread
    arrays: Any = (rows, gain, missing, spread)
    return Pins(*arrays)


def scales(problem: Problem) -> Any:
    """Student-t scales by slot, (slot, coefficient): p rows make p more degrees of freedom; None: normal draws."""
    dof = problem.shocks.dof
    if math.isinf(dof):
        return None
    counts = (0, *(len(one.keys) for one in problem.shocks.conditions))
    return np.stack([scale_coefficients(dof + count) for count in counts])
