"""Triggers: which there are, and their numbers."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from stress.kernels.triggers.registry import NAMES
from stress.scenarios.problem import Problem

RECORDS: dict[str, Any] = {name: import_module(f"stress.compile.triggers.{name}").record for name in NAMES}


def triggers(problem: Problem, dtype: np.dtype[Any]) -> dict[str, Any]:
    """Numbers of each trigger that some fund has, in the order of the registry, as arrays in float64."""
    if not problem.cascade.feedback:
        return {}
    found = {name: record(problem, dtype) for name, record in RECORDS.items()}
    return {name: numbers for name, numbers in found.items() if numbers is not None}
