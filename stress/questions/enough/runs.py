"""Runs in their directory, or in memory, for the rounds of `run_until`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

import xarray as xr

from stress.options import Progress, RunOptions
from stress.questions.enough.goal import read_goal, read_seconds
from stress.questions.enough.rounds import Blocks, Outcome, run_until
from stress.run_directory.chunk_store import ChunkStore
from stress.run_directory.run_location import RunLocation
from stress.run_directory.spec import identity_digest, spec_of
from stress.scenarios.problem import Problem


class RunProblem(Protocol):
    """Simulates a scenario in which some blocks are known, as `stress.api.run_problem` does."""

    def __call__(
        self, problem: Problem, options: RunOptions, location: RunLocation | None, overwrite: bool, *, known: Blocks
    ) -> xr.DataTree:
        """The result, written to `location` unless that is None."""
        ...


def run_enough(
    run_problem: RunProblem,
    problem: Problem,
    options: RunOptions,
    where: Callable[[RunOptions], RunLocation | None],
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
    target_se: float | str | None = None,
    time_budget: float | str | None = None,
) -> Outcome:
    """Run with as many paths as a standard error takes or a time allows; `where` says the place of the first run.

    Raises:
        ValueError: a target or a time that is none, or of a fund or level that is not there.
    """
    goal = None if target_se is None else read_goal(target_se, problem, options.members)
    budget = None if time_budget is None else read_seconds(time_budget)
    places: list[RunLocation | None] = []

    def run(options: RunOptions, known: Blocks, later: bool) -> tuple[xr.DataTree, Callable[[], Blocks]]:
        if not later:
            places.append(where(options))
        tree = run_problem(problem, options, places[0], overwrite or later, known=known)
        return tree, partial(_blocks, problem, options, places[0], known)

    def says(text: str) -> None:
        if progress is not None:
            progress(Progress(0, options.paths, text))

    return run_until(problem, options, goal, budget, run, says)


def _blocks(problem: Problem, options: RunOptions, location: RunLocation | None, known: Blocks) -> Blocks:
    """All blocks of a run that is done; of one that was kept in memory alone those that were known before."""
    if location is None:
        return known
    return list(ChunkStore(location.folder, identity_digest(spec_of(problem, options))).read_all())
