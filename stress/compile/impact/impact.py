"""Price impact: which law, and its numbers."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np

from stress.compile.market import evaporates
from stress.kernels.impact.impact import Impact
from stress.kernels.impact.registry import NAMES
from stress.kernels.structure import ImpactStructure
from stress.scenarios.problem import Problem

RECORDS: dict[str, Any] = {name: import_module(f"stress.compile.impact.{name}").record for name in NAMES}


def impact_structure(problem: Problem) -> ImpactStructure | None:
    """The law and whether flow decays; None where trading moves no price, or nobody trades."""
    if problem.impact.law == "none" or not problem.cascade.feedback:
        return None
    return ImpactStructure(problem.impact.law, math.isfinite(problem.impact.half_life) or evaporates(problem))


def impact(problem: Problem) -> Impact | None:
    """Numbers of impact, as arrays in float64; None as for `impact_structure`."""
    if impact_structure(problem) is None:
        return None
    permanent: Any = np.float64(problem.impact.permanent)
    whole: Any = np.float64(1.0)
    decay: Any = np.float64(0.5 ** (1.0 / (problem.impact.half_life * problem.steps_per_day)))
    return Impact(RECORDS[problem.impact.law](problem), permanent, decay, whole)
