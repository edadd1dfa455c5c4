"""The scenario with its parameters at chosen factors: the same draws at every point."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence

from stress.options import RunOptions
from stress.questions.lean import run_lean
from stress.questions.sensitivity.parameters import Parameter
from stress.questions.world import world_of
from stress.results.answers.world import World
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError, ScenarioWarning
from stress.scenarios.problem import Problem
from stress.scenarios.schema.scenario import Scenario

HALVINGS = 12  # of the way to the end of a range, to where the scenario can still start


class Points:
    """A scenario, moved; each point is one lean run.

    Attributes:
        runs: points asked for.
        simulated: those of them that could start.
    """

    def __init__(
        self,
        scenario: Scenario,
        parameters: Sequence[Parameter],
        options: RunOptions,
        says: Callable[[str], None],
        began: Callable[[int], None],
    ) -> None:
        """`began` is told how many runs there were before each of them."""
        self._scenario, self._options = scenario, options
        self._parameters = {one.name: one for one in parameters}
        self._says, self._began = says, began
        self.runs = self.simulated = 0

    def problem_at(self, factors: Mapping[str, float]) -> Problem | str:
        """The scenario at factors by parameter, or why it cannot be."""
        values: dict[str, object] = {}
        for name, factor in factors.items():
            values |= self._parameters[name].values(factor)
        with warnings.catch_warnings():  # about numbers that this question chose
            warnings.simplefilter("ignore", ScenarioWarning)
            try:
                return build_problem(self._scenario.with_values(values) if values else self._scenario)
            except ScenarioError as error:
                return " ".join(str(error).split())

    def at(self, factors: Mapping[str, float]) -> World | str:
        """Every path there, or why the scenario cannot start there."""
        self._began(self.runs)
        self.runs += 1
        problem = self.problem_at(factors)
        if isinstance(problem, str):
            return problem
        self.simulated += 1
        return world_of(run_lean(problem, self._options, self._says), self._options)

    def reach(self, name: str, end: float) -> float:
        """The end of a range, or the factor nearest to it at which the scenario can still start; NaN: none."""
        if not isinstance(self.problem_at({name: end}), str):
            return end
        near, far = 1.0, end
        for _ in range(HALVINGS):
            middle = (near + far) / 2
            if isinstance(self.problem_at({name: middle}), str):
                far = middle
            else:
                near = middle
        return math.nan if near == 1.0 else near
