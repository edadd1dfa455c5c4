"""The gaussian draw has no numbers of its own."""

from __future__ import annotations

from stress.scenarios.problem import Problem


def record(problem: Problem) -> None:
    """Nothing."""
