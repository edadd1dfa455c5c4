"""The runs of a sensitivity analysis, one after the other, and what each of them adds to the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.options import Progress, RunOptions
from stress.questions.sensitivity.asked import Asked
from stress.questions.sensitivity.designs import factors_at, latin, saltelli, trajectories
from stress.questions.sensitivity.parameters import Parameter
from stress.questions.sensitivity.points import Points
from stress.results.answers.sensitivity.dataset import Found
from stress.results.answers.sensitivity.derivatives import derivative
from stress.results.answers.sensitivity.figures import VARIABLES, Measured, Sheet, apply, measured, sheet
from stress.results.answers.world import Figure, difference
from stress.scenarios.problem import Problem
from stress.scenarios.schema.scenario import Scenario

Floats = npt.NDArray[np.float64]
Factors = Mapping[str, float]
MOST_HYPERCUBES = 10  # tried for points that can start


class Study:
    """One analysis.

    Attributes:
        left_out: points of the ranges that were drawn and cannot start.
        reason: why the first point that cannot start cannot; "" where all can.
    """

    def __init__(
        self,
        scenario: Scenario,
        problem: Problem,
        asked: Asked,
        options: RunOptions,
        report: Callable[[Progress], None],
    ) -> None:
        self._asked, self._problem, self._seed = asked, problem, options.seed
        self.left_out, self.reason = 0, ""
        total = asked.runs * options.paths

        def began(runs: int) -> None:
            report(Progress(runs * options.paths, total, "simulating"))

        def says(text: str) -> None:
            report(Progress(max(0, self._points.runs - 1) * options.paths, total, text))

        self._points = Points(scenario, asked.parameters, options, says, began)
        self._rows = len(problem.funds.types) + 1

    @property
    def runs(self) -> int:
        """Points that were simulated."""
        return self._points.simulated

    def found(self) -> Found:
        """All of it."""
        asked = self._asked
        base = self._sheet({})
        assert base is not None  # the scenario itself could be built
        found = Found(
            funds=self._problem.funds.types_file_order,
            levels=self._problem.estimation.levels,
            parameters=[],
            base=apply(_with_interval, base),
            slopes=[],
            ranged=[one.name for one in asked.ranged],
        )
        for one in asked.parameters:
            self._slope(one, base, found)
        if asked.points and asked.ranged:
            for one in asked.ranged:
                self._ends(one, base, found)
            self._hypercube(base, found)
        if asked.morris:
            shares, order = trajectories(asked.morris, len(asked.ranged), self._seed)
            found.trajectories = self._values(shares, base), shares, order
        if asked.sobol:
            found.matrices = self._values(saltelli(asked.sobol, len(asked.ranged), self._seed), base)
        return found

    def _sheet(self, factors: Factors) -> Sheet | None:
        """The figures at factors by parameter; None where the scenario cannot start there."""
        world = self._points.at(factors)
        if isinstance(world, str):
            self.reason = self.reason or world
            return None
        return sheet(world, self._rows, self._problem.estimation.levels)

    def _slope(self, one: Parameter, base: Sheet, found: Found) -> None:
        step = self._asked.step
        below, above = (self._sheet({one.name: factor}) for factor in (1 - step, 1 + step))
        sides = {(False, False): "both", (False, True): "below", (True, False): "above"}
        found.slopes.append(apply(lambda a, b, c: derivative(a, b, c, step), base, below, above))
        found.parameters.append(
            {
                "name": one.name,
                "title": one.title,
                "keys": len(one.start),
                "base": one.base,
                "low": one.low,
                "high": one.high,
                "law": one.law,
                "grade": one.grade,
                "source": one.source,
                "sides": sides.get((below is None, above is None), "none"),
            }
        )

    def _ends(self, one: Parameter, base: Sheet, found: Found) -> None:
        reached = tuple(self._points.reach(one.name, end) for end in (one.low, one.high))
        ends = [None if np.isnan(factor) else self._sheet({one.name: factor}) for factor in reached]
        found.reached[one.name] = (reached[0], reached[1])
        found.tornado[one.name] = apply(_bar, base, *ends)

    def _hypercube(self, base: Sheet, found: Found) -> None:
        """As many points that can start as were asked for, from one hypercube after the other."""
        asked, chosen = self._asked, list[Factors]()
        for number in range(MOST_HYPERCUBES):
            for row in latin(asked.points, len(asked.ranged), self._seed + number):
                if len(chosen) == asked.points:
                    break
                factors = factors_at(asked.ranged, row)
                problem = self._points.problem_at(factors)
                if isinstance(problem, str):
                    self.left_out, self.reason = self.left_out + 1, self.reason or problem
                else:
                    chosen.append(factors)
        found.factors = np.array([list(one.values()) for one in chosen]).reshape(-1, len(asked.ranged))
        for one in chosen:
            at = self._sheet(one)
            found.points.append(_unknown(base) if at is None else apply(measured, at))

    def _values(self, shares: Floats, base: Sheet) -> dict[str, Floats]:
        """(a, b, row[, level]) values of every figure at (a, b, parameter) shares; NaN where it cannot start."""
        found: dict[str, list[Any]] = {name: [] for name in VARIABLES}
        for row in shares.reshape(-1, shares.shape[-1]):
            at = self._sheet(factors_at(self._asked.ranged, row))
            numbers = _unknown(base) if at is None else apply(measured, at)
            for name in VARIABLES:
                found[name].append(numbers[name][0])
        return {
            name: np.array(values).reshape(*shares.shape[:-1], *np.shape(values[0])) for name, values in found.items()
        }


def _with_interval(figure: Figure) -> Sequence[float]:
    one = figure.estimate
    return one.value, one.se, one.low, one.high


def _bar(base: Figure, low: Figure | None, high: Figure | None) -> Sequence[float]:
    """The numbers of a tornado in the order of `dataset.PARTS`."""
    found: list[float] = []
    for one in (low, high):
        found += (np.nan, np.nan) if one is None else (one.estimate.value, one.estimate.se)
    for one in (low, high):
        found += (np.nan, np.nan) if one is None else difference(base, one)
    reached = [base.estimate.value, *(one.estimate.value for one in (low, high) if one is not None)]
    return [*found, max(reached) - min(reached)]


def _unknown(base: Sheet) -> Measured:
    return apply(lambda _: [np.nan] * 4, base)
