"""What is asked of a sensitivity analysis, and how many runs that takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stress.questions.sensitivity.parameters import Parameter, parameters_of
from stress.scenarios.errors import ScenarioError
from stress.scenarios.schema.scenario import Scenario

STEP = 0.05
POINTS = 64
LARGEST_STEP = 0.5
MOST = 100_000
FEWEST_POINTS = 16


@dataclass(frozen=True)
class Asked:
    """One question.

    Attributes:
        parameters: what varies.
        by: "group" or "number".
        step: of the central differences, relative.
        points: of the Latin hypercube.
        morris: trajectories.
        sobol: rows of the matrices.
    """

    parameters: tuple[Parameter, ...]
    by: str
    step: float
    points: int
    morris: int
    sobol: int

    @property
    def ranged(self) -> tuple[Parameter, ...]:
        """The parameters that have a range."""
        return tuple(one for one in self.parameters if one.has_range)

    @property
    def runs(self) -> int:
        """How many runs it takes, those that cannot start included."""
        inside = len(self.ranged)
        ends = 2 * inside if self.points else 0
        return (
            1
            + 2 * len(self.parameters)
            + ends
            + (self.points if inside else 0)
            + self.morris * (inside + 1)
            + self.sobol * (inside + 2)
        )

    def document(self) -> dict[str, Any]:
        """For the spec."""
        return {
            "parameters": [one.document() for one in self.parameters],
            "by": self.by,
            "step": self.step,
            "points": self.points,
            "morris": self.morris,
            "sobol": self.sobol,
        }


def asked_for(
    scenario: Scenario,
    by: str = "group",
    keys: Sequence[str] = (),
    step: float = STEP,
    points: int = POINTS,
    morris: int = 0,
    sobol: int = 0,
) -> Asked:
    """The question, checked.

    Raises:
        ScenarioError: see `parameters_of`; screening or indices of what has no range.
        ValueError: an option that is not possible.
    """
    if by not in ("group", "number"):
        raise ValueError(f"by = {by!r} is not possible; allowed: group, number")
    if not 0 < step <= LARGEST_STEP:
        raise ValueError(f"step = {step:g} is not possible; allowed: above 0, {LARGEST_STEP:g} at most")
    if points and not FEWEST_POINTS <= points <= MOST:
        raise ValueError(f"points = {points} is not possible; allowed: 0, or {FEWEST_POINTS} to {MOST:,}")
    if morris and not 2 <= morris <= MOST:
        raise ValueError(f"morris = {morris} is not possible; allowed: 0, or 2 to {MOST:,} trajectories")
    if sobol and (not 8 <= sobol <= MOST or sobol & (sobol - 1)):
        raise ValueError(f"sobol = {sobol} is not possible; allowed: 0, or a power of two from 8 to {MOST:,}")
    asked = Asked(parameters_of(scenario, by, keys), by, step, points, morris, sobol)
    if (morris or sobol) and not asked.ranged:
        raise ScenarioError(
            "has no range to screen",
            file=scenario.source,
            key="ranges",
            allowed="[[ranges]] with the keys that are asked for, or groups, which have ranges",
        )
    return asked
