"""Invariants of the model, on the NumPy twin and random problems."""

from __future__ import annotations

import numpy as np
import pytest

from fuzz import random_problem
from stress.scenarios.problem import Problem
from tiny import make_draws, make_problem, overridden
from twin import simulate

SEEDS = range(24)


@pytest.mark.parametrize("seed", SEEDS)
def test_invariants(seed: int) -> None:
    problem = random_problem(seed)
    result = simulate(problem, make_draws(problem, 4, seed, scale=2.0))
    np.testing.assert_allclose(result.attribution.sum(axis=0), -result.loss, atol=1e-12)
    assert (result.price > 0).all()
    start = np.ones((1, *result.k.shape[1:]))
    assert (np.diff(np.concatenate([start, result.k]), axis=0) <= 0).all()
    assert (result.k >= 0).all()
    assert ((result.depth > 0) & (result.depth <= 1)).all()
    np.testing.assert_allclose(result.system_loss, problem.funds.nav @ result.loss / problem.funds.nav.sum())
    np.testing.assert_array_equal(result.called_usd > 0, result.first_call_step > 0)
    assert (result.forced_sales_usd[~result.defaulted] >= 0).all()
    assert result.retail_usd.sum(axis=0).max() <= problem.retail.budget * (1 + 1e-12)
    np.testing.assert_allclose(result.max_drawdown, drawdown_by_hand(result.equity), atol=1e-14)


def drawdown_by_hand(equity: np.ndarray) -> np.ndarray:
    peak, worst = np.ones(equity.shape[1:]), np.zeros(equity.shape[1:])
    for now in equity:
        peak = np.maximum(peak, now)
        worst = np.maximum(worst, 1 - now / peak)
    return worst


@pytest.mark.parametrize("seed", SEEDS)
def test_without_feedback_the_loss_is_the_static_one(seed: int) -> None:
    problem = random_problem(seed)
    still = make_still(problem)
    result = simulate(still, make_draws(still, 3, seed, scale=2.0))
    np.testing.assert_allclose(result.loss, result.loss_static, atol=1e-12)
    for quantity in (result.called_usd, result.forced_sales_usd, result.first_call_step, result.rounds):
        assert (quantity == 0).all()


def make_still(problem: Problem) -> Problem:
    return overridden(problem, {"cascade": {"feedback": False}})  # type: ignore[no-any-return]


def test_without_impact_and_retail_nobody_is_hurt_by_others() -> None:
    problem = make_problem(impact={"law": "none"}, retail={"per_percent": 0.0})
    result = simulate(problem, make_draws(problem, 30, 5, scale=1.5))
    idle = result.forced_sales_usd == 0
    assert idle.any()
    assert not idle.all()
    np.testing.assert_allclose(result.loss[idle], result.loss_static[idle], atol=1e-12)
    np.testing.assert_allclose(result.price, simulate(make_still(problem), make_draws(problem, 30, 5, 1.5)).price)


@pytest.mark.parametrize("seed", range(6))
def test_scaling_all_dollars_changes_no_fraction(seed: int) -> None:
    problem = random_problem(seed)
    scale = 8.0  # a power of two: not even the rounding changes
    larger = overridden(
        problem,
        {
            "assets": {"adv": problem.assets.adv * scale},
            "funds": {"nav": problem.funds.nav * scale},
            "books": {"size": problem.books.size * scale, "capital": problem.books.capital * scale},
            "retail": {name: getattr(problem.retail, name) * scale for name in ("per_percent", "cap", "budget")},
        },
    )
    draws = make_draws(problem, 4, seed, scale=2.0)
    one, other = simulate(problem, draws), simulate(larger, draws)
    for name in ("loss", "price", "k", "depth", "attribution", "first_call_step", "rounds", "system_loss"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in ("called_usd", "forced_sales_usd", "unliquidated_usd", "broker_loss_usd", "forced_flow_usd"):
        np.testing.assert_array_equal(getattr(one, name) * scale, getattr(other, name))


def test_one_funds_sales_call_another() -> None:
    """With impact more funds are called on the same draws than without, and only in later rounds."""
    problem = make_problem(retail={"per_percent": 0.0})
    draws = make_draws(problem, 40, 7)
    with_impact = simulate(problem, draws)
    without = simulate(make_problem(retail={"per_percent": 0.0}, impact={"law": "none"}), draws)
    assert (with_impact.first_call_step > 0).sum() > (without.first_call_step > 0).sum()
    assert with_impact.rounds.max() >= 3
    assert with_impact.system_loss.mean() > without.system_loss.mean()


def test_random_problems_reach_every_mechanism() -> None:
    """A comparison on these problems would be empty if a mechanism never acted."""
    seen = dict.fromkeys(("late call", "default", "broker loss", "round limit", "many rounds", "retail", "cap"), 0)
    for seed in range(40):
        problem = random_problem(seed)
        result = simulate(problem, make_draws(problem, 4, seed, scale=3.5))
        seen["late call"] += int((result.first_call_step > 1).sum())
        seen["default"] += int(result.defaulted.sum())
        seen["broker loss"] += int((result.broker_loss_usd > 0).sum())
        seen["round limit"] += int(result.at_round_limit.sum())
        seen["many rounds"] += int((result.rounds >= 5).sum())
        seen["retail"] += int((result.retail_usd > 0).sum())
        if np.isfinite(problem.cascade.max_participation):
            seen["cap"] += int((result.forced_sales_usd > 0).sum())
    assert all(count >= 5 for count in seen.values()), seen
