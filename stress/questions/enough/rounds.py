"""Rounds of runs, each longer than the last, until a standard error is small enough or the time is up.

A pilot says how many paths that takes; a run of so many is begun, with the pilot's blocks in it. Where its error is
still too large, a longer one takes its place and its blocks over. So what stands in the directory at any time is an
ordinary run of N paths, bit for bit that of `run --paths N`, and is taken up again as one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import xarray as xr

from stress.engine.chunks import Chunk
from stress.engine.totals import State
from stress.options import RunOptions
from stress.questions.enough.goal import Goal
from stress.questions.enough.pilot import Pilot, run_pilot
from stress.scenarios.problem import Problem

SPARE = 1.1  # of paths, for an error that the pilot has too small
OF_BUDGET = 0.95  # that is planned with
DETAIL = 2.0  # a detailed path takes as long as so many others
ROUNDS = 4
ROUND = 1_000  # paths are asked for in such numbers

Blocks = Sequence[tuple[Chunk, State]]


class Run(Protocol):
    """Runs the scenario, in which some blocks are known; a `later` round replaces the run of the last one."""

    def __call__(self, options: RunOptions, known: Blocks, later: bool) -> tuple[xr.DataTree, Callable[[], Blocks]]:
        """The result, and what gives all of its blocks to a later round, by path id."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What came of it: `reached` is None without a goal, `stopped_by` what ended it."""

    tree: xr.DataTree
    paths: int
    goal: Goal | None
    se: float
    reached: bool | None
    stopped_by: str  # "target", "time budget" or "paths"

    def sentence(self) -> str:
        """For a reader."""
        text = f"{self.paths:,} paths"
        if self.goal is not None:
            size = "no error" if not math.isfinite(self.se) else f"{100 * self.se:.2g} %"
            verdict = "reached" if self.reached else "not reached"
            text += f": standard error of {self.goal.figure} {size}, target {100 * self.goal.se:.2g} % {verdict}"
        if self.stopped_by == "time budget":
            return f"{text}; as many as fit the time budget"
        if self.stopped_by == "paths" and self.reached is not True:
            return f"{text}; the most that --paths allows"
        return text


def run_until(
    problem: Problem,
    options: RunOptions,
    goal: Goal | None,
    budget: float | None,
    run: Run,
    says: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Run a scenario with as many paths as are enough, `options.paths` at most.

    Args:
        problem: the scenario.
        options: of the run; `paths` is the most.
        goal: stop when this figure has its standard error; None: none.
        budget: seconds; None: none.
        run: runs it.
        says: is told what one waits for, and what was decided.
    """
    started = time.perf_counter()
    pilot = run_pilot(problem, options, goal, budget is not None, says)
    affordable = options.paths if budget is None else _affordable(problem, pilot, budget, options.paths)
    wanted = options.paths if goal is None else _needed(goal, pilot.se, pilot.paths)
    known: Blocks = pilot.chunks
    for number in range(ROUNDS):
        paths = max(min(wanted, affordable, options.paths), known[-1][0].last)
        says(f"{paths:,} paths" + (f" for {goal.figure}" if goal else ""))
        tree, blocks = run(replace(options, paths=paths), known, number > 0)
        se = math.nan if goal is None else goal.of_result(tree)
        reached = None if goal is None else bool(se <= goal.se)
        if budget is not None:
            left = budget - (time.perf_counter() - started)
            affordable = min(affordable, max(paths, int(paths + OF_BUDGET * left / pilot.pace)))
        if reached or paths >= min(affordable, options.paths) or goal is None:
            break
        known, wanted = blocks(), max(_needed(goal, se, paths), paths + ROUND)
    by = (
        "target" if reached else "paths" if paths >= options.paths else "time budget" if budget is not None else "paths"
    )
    return Outcome(tree, paths, goal, se, reached, by)


def _needed(goal: Goal, se: float, paths: int) -> int:
    """Paths that bring an error of so many down to the goal, rounded up."""
    if not math.isfinite(se):  # too few for an error
        return 8 * paths
    return math.ceil(min(SPARE * paths * (se / goal.se) ** 2, 2.0**62) / ROUND) * ROUND


def _affordable(problem: Problem, pilot: Pilot, budget: float, most: int) -> int:
    """Paths that fit a time in seconds, whole blocks; the pilot's at least."""
    detail = min(problem.estimation.detail_paths, most) * DETAIL * pilot.pace
    left = OF_BUDGET * budget - 2.0 * pilot.compiling - pilot.paths * pilot.pace - detail
    further = math.floor(max(left, 0.0) / pilot.pace / pilot.block) * pilot.block
    return pilot.paths + further
