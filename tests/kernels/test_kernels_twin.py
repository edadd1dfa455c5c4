"""The kernels against the reference, path by path, in float64: every mechanism, alone and together."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from fuzz import ALONE, random_problem
from held_against import assert_parity, close
from parity import Pair, run_both
from stress.compile.structure import structure_of
from stress.scenarios.problem import Problem
from tiered import tiered
from tiny import make_problem

SEEDS = (0, 1, 3, 5, 7, 8)  # they draw every way that a round is priced
MORE = [pytest.param(seed, marks=pytest.mark.slow) for seed in range(120) if seed not in SEEDS]


@pytest.mark.parametrize("seed", [*SEEDS, *MORE])
def test_random_problems(seed: int) -> None:
    assert_parity(run_both(random_problem(seed), 12, seed))


def test_random_problems_draw_every_way_that_a_round_is_priced() -> None:
    """Lines at base rates for good, beside others and alone, and execution at other weights than a half."""
    problems = [random_problem(seed) for seed in SEEDS]
    margins = [structure_of(one).margin for one in problems]
    assert any(margin and margin.base and margin.terms for margin in margins)
    assert any(margin and not margin.base for margin in margins)
    unlocked = [one.funds.procyclicality[(one.funds.lockup_steps == 0) & one.funds.has_margin] for one in problems]
    assert sum(bool((gamma == 0).any() and (gamma > 0).any()) for gamma in unlocked) >= 2
    weights = {one.impact.execution_weight for one in problems}
    assert len(weights - {0.0, 0.5, 1.0}) >= 1


@pytest.mark.parametrize("seed", [0, pytest.param(3, marks=pytest.mark.slow)])
def test_a_two_way_target_leaves_overlays_to_their_own_rule(seed: int) -> None:
    problem = random_problem(seed, only=("leverage_target", "overlay"))
    assert problem.triggers["leverage_target"].two_way.any()
    assert_parity(run_both(problem, 12, seed))


@pytest.mark.parametrize("name", [name for name, _ in ALONE])
def test_each_mechanism_alone(name: str) -> None:
    problem = dict(ALONE)[name]()
    pair = run_both(replace(problem, shocks=replace(problem.shocks, scale=3.0)), 64, seed=3)
    assert_parity(pair)
    assert (pair.report.sold[-1] > 0).any(axis=0).sum() + (pair.report.built > 0).any(axis=(0, 1)).sum() >= 10


SETTINGS: dict[str, dict[str, Any]] = {
    "everything": {"shocks": {"scale": 3.0}},
    "gaussian": {"shocks": {"scale": 3.0, "model": "gaussian"}},
    "defaults under a participation cap": {
        "shocks": {"scale": 4.0},
        "steps": 8,
        "cascade": {"max_participation": 0.05},
        "funds": {"grace_steps": 1},
    },
    "funds that cannot cure": {
        "shocks": {"scale": 5.0},
        "steps": 10,
        "cascade": {"max_participation": 0.02},
        "funds": {"cure_steps": 1},
    },
    "no impact": {"shocks": {"scale": 3.0}, "impact": {"law": "none"}},
    "impact that stays": {"shocks": {"scale": 3.0}, "impact": {"permanent": 1.0, "half_life": np.inf}},
    "four steps a day, lock-up, rates up to the full value": {
        "shocks": {"scale": 3.0},
        "steps_per_day": 4,
        "funds": {"lockup_steps": 2, "procyclicality": 1.0, "margin_cap": 8.0},
    },
    "retail alone": {
        "retail": {"per_percent": 3e9},
        "funds": {"has_margin": False, "max_leverage": np.inf},
        "books": {"ladder_drawdown": np.inf},
    },
    "a round limit": {"shocks": {"scale": 4.0}, "cascade": {"max_rounds": 3}},
    "nobody trades": {"shocks": {"scale": 3.0}, "cascade": {"feedback": False}},
}


@cache
def pair_of(name: str) -> Pair:
    return run_both(make_problem(**SETTINGS[name]), 60, seed=3)


# Draws of normals are held against their law elsewhere.
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "gaussian" else name for name in SETTINGS]
)
def test_mechanisms(name: str) -> None:
    assert_parity(pair_of(name))


def test_these_settings_reach_defaults_and_many_rounds() -> None:
    pair = pair_of("defaults under a participation cap")
    assert pair.twin.defaulted.mean() > 0.1
    assert pair.twin.broker_loss_usd.max() > 0
    assert pair_of("everything").twin.rounds.max() >= 5


def test_scripted_falls_cascade_over_several_rounds() -> None:
    script = np.zeros((4, 5))
    script[0], script[1, 1:], script[2, 2] = [-0.016, -0.096, -0.144, -0.048, -0.112], -0.08, -0.19
    problem = make_problem(steps=4, shocks={"model": "none", "script": script})
    pair = run_both(problem, 2)
    assert_parity(pair)
    assert pair.twin.rounds.max() >= 3, "the falls must make several rounds"
    assert np.count_nonzero(pair.twin.forced_sales_usd[:, 0]) >= 2, "several funds must sell"


def test_a_planted_bug_is_seen() -> None:
    pair = pair_of("everything")
    wrong = pair.twin.price.copy()
    wrong[-1, 0, 0] *= 1 + 1e-8
    with pytest.raises(AssertionError):
        close(pair.report.price, wrong)


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, *range(5, 40)))])
def test_random_problems_in_tiers_against_the_twin(seed: int) -> None:
    problem = random_problem(seed)
    if not np.isfinite(problem.cascade.max_participation):
        problem = replace(problem, cascade=replace(problem.cascade, max_participation=0.1))
    cut = tiered(problem)
    assert len(cut.books.ids) > len(problem.books.ids)
    assert_parity(run_both(cut, 12, seed))


CLASSES = np.array([2, 0, 1, 0, 1])
LADDERS = {"ladder_drawdown": np.tile([0.01, 0.05], (7, 1)), "ladder_cut": np.tile([0.2, 0.8], (7, 1))}


def ladders() -> Problem:
    problem = dict(ALONE)["leverage target"]()
    ladder = make_problem(books=LADDERS).triggers["stop_loss"]
    return replace(problem, triggers={"stop_loss": ladder, "close_out": problem.triggers["close_out"]})


@pytest.mark.parametrize(
    "name",
    [
        "ladder",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("overlay", "volatility target")),
        "two-way leverage target",
    ],
)
def test_own_limits_in_tiers_against_the_twin(name: str) -> None:
    problem = ladders() if name == "ladder" else dict(ALONE)[name]()
    problem = replace(problem, cascade=replace(problem.cascade, max_participation=0.05))
    pair = run_both(tiered(problem, CLASSES), 48, seed=3)
    assert_parity(pair)
    manager_of, held = pair.problem.books.manager_of, pair.report.held
    spread = max(np.ptp(held[:, manager_of == m], axis=1).max() for m in range(manager_of[-1] + 1))
    assert spread > 0.01  # tiers of one book went different ways
