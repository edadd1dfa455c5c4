"""Invariants of the model, on the reference and random problems."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flat import limits_of, overridden, retail_of
from fuzz import MECHANISMS, random_problem, scaled
from stress.reference.result import Result, simulate
from stress.scenarios.problem import Problem
from tiny import make_draws, make_problem

# Hypothesis picks the problems: the same ones on every run, and it prints the seed of one that breaks an invariant.
anywhere = given(seed=st.integers(0, 2**31 - 1))
few = settings(max_examples=25, derandomize=True)


@few
@anywhere
def test_invariants(seed: int) -> None:
    problem = random_problem(seed)
    with np.errstate(over="ignore", invalid="ignore"):
        result = simulate(problem, make_draws(problem, 4, seed, scale=2.0))
    assume(result.price.max() < 1e6)  # a two-way target may buy a price to any height
    np.testing.assert_allclose(result.attribution.sum(axis=0), -result.loss, atol=1e-12)
    assert (result.price > 0).all()
    never_builds = ~(limits_of(problem).overlay | limits_of(problem).two_way[problem.books.fund_of])
    assert (np.diff(with_start(problem, result), axis=0)[:, never_builds] <= 0).all()
    assert (result.k[:, limits_of(problem).overlay] <= 1 + 1e-12).all()
    assert (np.diff(result.overlay_done, axis=0) >= 0).all()
    assert (result.requirement[:, ~problem.funds.has_margin] == 0).all()
    assert (result.built_usd_step >= 0).all()
    assert (result.forced_sales_step_usd >= 0).all()
    assert (result.k >= 0).all()
    assert ((result.depth > 0) & (result.depth <= 1)).all()
    np.testing.assert_allclose(result.group_loss[-1], problem.funds.nav @ result.loss / problem.funds.nav.sum())
    np.testing.assert_array_equal(result.called_usd > 0, result.first_call_step > 0)
    assert result.retail_usd.sum(axis=0).max() <= retail_of(problem).budget * (1 + 1e-12)
    np.testing.assert_allclose(result.max_drawdown, drawdown_by_hand(result.equity), atol=1e-14)


def with_start(problem: Problem, result: Result) -> np.ndarray:
    start = np.where(limits_of(problem).overlay, 0.0, 1.0)
    return np.concatenate([np.repeat(start[None, :, None], result.k.shape[2], axis=2), result.k])


def drawdown_by_hand(equity: np.ndarray) -> np.ndarray:
    peak, worst = np.ones(equity.shape[1:]), np.zeros(equity.shape[1:])
    for now in equity:
        peak = np.maximum(peak, now)
        worst = np.maximum(worst, 1 - now / peak)
    return worst


@few
@anywhere
def test_without_feedback_the_loss_is_the_static_one(seed: int) -> None:
    problem = random_problem(seed)
    still = make_still(problem)
    result = simulate(still, make_draws(still, 3, seed, scale=2.0))
    np.testing.assert_allclose(result.loss, result.loss_static, atol=1e-12)
    idle = (result.called_usd, result.forced_sales_usd, result.first_call_step, result.rounds, result.built_usd_step)
    for quantity in idle:
        assert (quantity == 0).all()


def make_still(problem: Problem) -> Problem:
    return overridden(problem, {"cascade": {"feedback": False}})  # type: ignore[no-any-return]


@few
@anywhere
def test_without_impact_and_retail_nobody_is_hurt_by_others(seed: int) -> None:
    problem = overridden(random_problem(seed), {"impact": {"law": "none"}, "retail": {"per_percent": 0.0}})
    draws = make_draws(problem, 4, seed)
    result, still = simulate(problem, draws), simulate(make_still(problem), draws)
    np.testing.assert_array_equal(result.price, still.price)
    idle = (result.forced_sales_usd == 0) & (result.built_usd_step.sum(axis=0) == 0)
    np.testing.assert_allclose(result.loss[idle], result.loss_static[idle], atol=1e-12)
    for component in result.attribution[1:4]:  # impact and retail
        np.testing.assert_array_equal(component, 0)


@few
@anywhere
def test_scaling_all_dollars_changes_no_fraction(seed: int) -> None:
    problem, scale = random_problem(seed), 8.0  # a power of two: not even the rounding changes
    larger = scaled(problem, scale)
    draws = make_draws(problem, 4, seed, scale=2.0)
    one, other = simulate(problem, draws), simulate(larger, draws)
    fractions = ("loss", "price", "k", "depth", "attribution", "first_call_step", "rounds", "group_loss")
    for name in (*fractions, "pnl_variance", "overlay_done", "forgone_by_selling"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in (
        "called_usd",
        "forced_sales_usd",
        "unliquidated_usd",
        "broker_loss_usd",
        "forced_flow_usd",
        "requirement",
    ):
        np.testing.assert_array_equal(getattr(one, name) * scale, getattr(other, name))


def test_one_funds_sales_call_another() -> None:
    """With impact more funds are called on the same draws than without, and only in later rounds."""
    problem = make_problem(retail={"per_percent": 0.0})
    draws = make_draws(problem, 40, 7)
    with_impact = simulate(problem, draws)
    without = simulate(make_problem(retail={"per_percent": 0.0}, impact={"law": "none"}), draws)
    assert (with_impact.first_call_step > 0).sum() > (without.first_call_step > 0).sum()
    assert with_impact.rounds.max() >= 3
    assert with_impact.group_loss[-1].mean() > without.group_loss[-1].mean()


def test_random_problems_reach_every_mechanism() -> None:
    """A comparison on these problems would be empty if a mechanism never acted."""
    seen = dict.fromkeys(("late call", "default", "broker loss", "round limit", "many rounds", "retail", "cap"), 0)
    seen |= dict.fromkeys(("built", "hedged", "volatility", "square_root", "linear", "bounded_exponential"), 0)
    seen |= dict.fromkeys(("exponential", "none", "plain"), 0)
    for seed in range(40):
        problem = random_problem(seed)
        result = simulate(problem, make_draws(problem, 4, seed, scale=3.5))
        sold = int((result.forced_sales_usd > 0).sum())
        seen["late call"] += int((result.first_call_step > 1).sum())
        seen["default"] += int(result.defaulted.sum())
        seen["broker loss"] += int((result.broker_loss_usd > 0).sum())
        seen["round limit"] += int(result.at_round_limit.sum())
        seen["many rounds"] += int((result.rounds >= 5).sum())
        seen["retail"] += int((result.retail_usd > 0).sum())
        seen["cap"] += sold if np.isfinite(problem.cascade.max_participation) else 0
        two_way = limits_of(problem).two_way
        seen["built"] += int((result.built_usd_step[:, two_way] > 0).sum())
        seen["hedged"] += int((result.overlay_done[-1] > 0).sum())
        ceiling = limits_of(problem).vol_ceiling[:, None] / np.sqrt(result.pnl_variance[:-1, problem.books.shape_of])
        seen["volatility"] += int((result.k[1:] > ceiling).sum())
        seen[problem.impact.law] += sold
        limits = limits_of(problem)
        own = np.isfinite(limits.leverage_target).any() or limits.overlay.any()
        seen["plain"] += not (own or problem.funds.portfolio.any())
    assert {name: count for name, count in seen.items() if count < 5} == {}


@pytest.mark.parametrize("seed", range(60))
def test_no_random_problem_starts_in_a_call_or_outside_its_limits(seed: int) -> None:
    problem = overridden(random_problem(seed), {"shocks": {"script": 0.0}})
    result = simulate(problem, np.zeros((problem.steps, len(problem.assets.ids), 1)))
    assert (result.first_call_step == 0).all()
    assert (result.rounds == 0).all()
    assert (result.k == with_start(problem, result)[0]).all()


@pytest.mark.parametrize("name", MECHANISMS)
def test_one_mechanism_at_random_settings(name: str) -> None:
    """`only` switches the others off."""
    acts = 0
    for seed in range(5, 15):
        off, on = random_problem(seed, only=()), random_problem(seed, only=(name,))
        draws = make_draws(on, 5, seed, scale=3.5)
        acts += int((simulate(on, draws).group_loss[-1] != simulate(off, draws).group_loss[-1]).sum())
    assert acts >= 5
    assert not limits_of(off).overlay.any()
    assert not off.funds.portfolio.any()
    for problem in (off, on):
        limits, books = limits_of(problem), problem.books
        assert np.isfinite(limits.leverage_target).any() == (problem is on and name == "leverage_target")
        assert np.isfinite(limits.vol_ceiling).any() == (problem is on and name == "vol_target")
        assert limits.overlay.any() == (problem is on and name == "overlay")
        assert bool((books.priority > 0).any()) == (problem is on and name == "priority")
