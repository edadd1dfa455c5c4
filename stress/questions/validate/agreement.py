"""Engine against reference, path by path; which paths stood so near a threshold that rounding decides is said aside."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stress.questions.validate.check import Check, largest
from stress.questions.validate.kernels import Floats, Simulated, through_kernels
from stress.questions.validate.nearness import nearest_threshold
from stress.questions.validate.readings import Readings, gaps, not_compiled, of_kernels, of_reference
from stress.reference.result import Result, simulate
from stress.scenarios.problem import Problem

CLOSE = 1e-12  # relative to max(1, gross)
NEAR = 1e-9  # of a threshold: rounding may decide
ASIDE = 1e-5  # of all paths that may lie so near


class Compared(NamedTuple):
    """Paths that both sides have followed."""

    problem: Problem
    draws: Floats
    theirs: Readings
    result: Result
    aside: npt.NDArray[np.int64]  # paths on which rounding decides, left out of every comparison


def against_reference(part: str, problem: Problem, draws: Floats) -> tuple[list[Check], Compared]:
    """Every reading of the kernels on given draws (step, asset, path) against the reference's."""
    result = simulate(problem, draws)
    found = through_kernels(problem, draws)
    theirs = of_reference(problem, result)
    gap = gaps(of_kernels(problem, found), theirs, not_compiled(found))
    aside = _aside(problem, draws, gap)
    kept = np.setdiff1d(np.arange(draws.shape[2]), aside)
    checks = [
        Check(part, f"kernels against reference: {name.replace('_', ' ')}", largest(each[kept]), CLOSE)
        for name, each in sorted(gap.items())
    ]
    checks.append(listed_aside(part, aside, draws.shape[2]))
    if not found.structure.outside:
        checks.append(_alarms(part, found, result, kept))
    return checks, Compared(problem, draws, theirs, result, aside)


def listed_aside(part: str, aside: npt.NDArray[np.int64], paths: int) -> Check:
    """How many paths lie within NEAR of a threshold; one is always allowed."""
    names = ", ".join(str(path) for path in aside[:20])
    note = f"paths {names}" if len(aside) else ""
    return Check(part, f"paths within {NEAR:g} of a threshold, left aside", len(aside), max(1, ASIDE * paths), note)


def _aside(problem: Problem, draws: Floats, gap: dict[str, Floats]) -> npt.NDArray[np.int64]:
    """Paths that differ, and on which a trigger stood within NEAR of its threshold."""
    wrong = np.flatnonzero(np.max([*gap.values()], axis=0) > CLOSE)
    few = wrong[:20]  # of more than that it is not rounding
    return np.array([path for path in few if nearest_threshold(problem, draws[:, :, path]) <= NEAR], np.int64)


def _alarms(part: str, found: Simulated, result: Result, kept: npt.NDArray[np.int64]) -> Check:
    """The pass that holds still may raise its alarm too early, never too late."""
    traded = (result.forced_sales_step_usd > 0) | (result.built_usd_step > 0) | result.open_call
    acts = np.asarray(traded.any(axis=1))
    first = np.where(acts.any(axis=0), acts.argmax(axis=0) + 1, 0)
    alarm = found.still.first_trigger
    late = (first > 0) & ((alarm == 0) | (alarm > first))
    return Check(part, "paths whose first trigger the pass without sales misses", float(late[kept].sum()), 0)
