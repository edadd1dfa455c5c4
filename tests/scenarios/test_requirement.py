"""The requirement of the start against the reference's, which knows nothing of how the scenario layer works it out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fuzz import random_problem
from stress.reference.state import State
from stress.scenarios.build.requirement import requirement, start_positions
from stress.scenarios.problem import Problem
from tiny import make_problem


def both(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """USD (member,) by the scenario layer and by the reference."""
    held = start_positions(problem.books)
    ours = requirement(problem.funds, problem.assets, problem.books.fund_of, held)
    reference = State(problem)
    reference.step = 1  # whose terms are those of the start
    return ours, reference.requirement(problem.books.start_held)


@pytest.mark.parametrize("seed", range(12))
def test_random_problems(seed: int) -> None:
    """Haircuts and worst cases, several lines, overlays that hold nothing, rates above 1."""
    problem = random_problem(seed, only=("lines", "hikes", "portfolio", "overlay") if seed < 6 else None)
    ours, theirs = both(problem)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    assert (ours > 0).any()


@pytest.mark.parametrize("locked", [False, True])
def test_a_hike_below_the_volatility_of_the_start(locked: bool) -> None:
    """Every line hikes at once, but for funds in a lock-up."""
    base = make_problem()
    lines = base.funds.line_share.shape
    terms: dict[str, Any] = {
        "hike_level": np.full(lines, 0.9),
        "hike_size": np.full(lines, 0.4),
        "rate_factor": np.full(lines, 1.2),
    }
    funds = replace(base.funds, **terms, lockup_steps=np.where(locked, 2, 0) * np.ones(lines[0], np.int64))
    ours, theirs = both(replace(base, funds=funds))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    plain = both(replace(base, funds=replace(base.funds, rate_factor=terms["rate_factor"])))[0]
    np.testing.assert_allclose(ours / plain, 1.0 if locked else 1.4, rtol=0.03)  # a rate is at most 1


def test_the_floor_of_worst_cases_is_on_gross_over_books() -> None:
    """Two books of a fund that offset each other: the floor counts both, the worst case their difference."""
    base = make_problem()
    shapes = base.books.shapes.copy()
    shapes[3] = -shapes[2]  # the pods of multistrat
    members = np.isin(np.arange(5), [2, 3])
    cases = np.zeros((5, 1, 5))
    cases[members] = -0.2
    funds = replace(base.funds, portfolio=members, portfolio_moves=cases, portfolio_floor=np.where(members, 0.05, 0.0))
    ours, theirs = both(replace(base, funds=funds, books=replace(base.books, shapes=shapes)))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    gross = np.bincount(base.books.fund_of, base.books.size)
    np.testing.assert_allclose(ours[members], 0.05 * gross[members], rtol=1e-12)
