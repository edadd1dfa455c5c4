"""Engine and reference to 1e-12: random problems, books cut into tiers or whole, and every scenario of the library."""

from __future__ import annotations

import numpy as np
import pytest

from fuzz import random_problem
from stress.questions.validate.agreement import against_reference
from stress.questions.validate.kernels import engine_draws
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.library import list_names
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import load_scenario
from tiered import tiered
from tiny import make_draws

QUICK = ("archegos-2021", "long-short-2025-04-03")


def any_problem(seed: int) -> Problem:
    """A random problem; of those with a cap every other one in tiers."""
    problem = random_problem(seed)
    return tiered(problem) if seed // 10 % 2 and np.isfinite(problem.cascade.max_participation) else problem


# 200: a portfolio whose hedge waits for room under the cap, so that reading orders once more would give others
@pytest.mark.parametrize(
    "seed", [3, 14, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (200, *range(300, 1300)))]
)
def test_random_problems(seed: int) -> None:
    problem = any_problem(seed)
    with np.errstate(over="ignore", invalid="ignore"):
        checks, _ = against_reference(str(seed), problem, make_draws(problem, 16, seed, scale=2.5))
    assert [check for check in checks if not check.passed] == []


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in list_names()])
def test_the_library(name: str) -> None:
    problem = build_problem(load_scenario(name))
    checks, _ = against_reference(name, problem, engine_draws(problem, 1, 16))
    assert [check for check in checks if not check.passed] == []
