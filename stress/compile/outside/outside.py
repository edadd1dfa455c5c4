"""Flow from outside the funds: who there is, and their numbers."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from stress.kernels.outside.registry import NAMES
from stress.scenarios.problem import Problem

RECORDS: dict[str, Any] = {name: import_module(f"stress.compile.outside.{name}").record for name in NAMES}


def outside(problem: Problem) -> dict[str, Any]:
    """Numbers of each outside flow that is on, as arrays in float64."""
    if not problem.cascade.feedback:
        return {}
    found = {name: record(problem) for name, record in RECORDS.items()}
    return {name: numbers for name, numbers in found.items() if numbers is not None}
