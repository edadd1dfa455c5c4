"""The paths of a scenario without some of its mechanisms: the same draws, path by path."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import numpy as np

from stress.options import RunOptions
from stress.questions.ablation.mechanisms import params_without, problem_without
from stress.questions.lean import run_lean
from stress.questions.world import world_of
from stress.results.answers.world import World
from stress.results.statistics.simulation_output import SimulationOutput
from stress.scenarios.problem import Problem


class Worlds:
    """The worlds of one scenario, each simulated once."""

    def __init__(
        self, problem: Problem, options: RunOptions, says: Callable[[str], None], began: Callable[[int], None]
    ) -> None:
        """`began` is told how many runs there were before each of them."""
        self.problem = replace(problem, fund_groups={})
        self.options, self._says, self._began = options, says, began
        self._known: dict[frozenset[str], World] = {}
        self._runs = 0

    def without(self, names: frozenset[str]) -> World:
        """The paths without these mechanisms; without crowding from a run of each fund alone in the market."""
        names = _that_matter(names)
        if names not in self._known:
            self._known[names] = self._simulated(names)
        return self._known[names]

    def _simulated(self, names: frozenset[str]) -> World:
        if "crowding" not in names:
            return world_of(self._run(names, None), self.options)
        order = [self.problem.funds.types.index(name) for name in self.problem.funds.types_file_order]
        of_book = self.problem.funds.type_of[self.problem.books.fund_of]
        rows = [world_of(self._run(names, of_book == fund), self.options).row(i) for i, fund in enumerate(order)]
        return World.of_funds_alone(rows, self._nav())

    def _run(self, names: frozenset[str], alone: np.ndarray | None) -> SimulationOutput:
        self._began(self._runs)
        self._runs += 1
        change = partial(params_without, without=names, alone=alone)
        return run_lean(problem_without(self.problem, names), self.options, self._says, change)

    def _nav(self) -> np.ndarray:
        order = [self.problem.funds.types.index(name) for name in self.problem.funds.types_file_order]
        return np.bincount(self.problem.funds.type_of, self.problem.funds.nav)[order]


def count_runs(every: Iterable[frozenset[str]], funds: int) -> int:
    """How many runs some worlds take: one each, without crowding one a fund."""
    return sum(funds if "crowding" in names else 1 for names in {_that_matter(names) for names in every})


def _that_matter(names: frozenset[str]) -> frozenset[str]:
    """Without impact nothing is left of crowding."""
    return names - {"crowding"} if "impact" in names else names
