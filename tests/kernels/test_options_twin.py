"""Options in books: kernels against the reference with options (`helpers/plain_options.py`), path by path."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fuzz import random_problem
from held_against import assert_parity
from options_example import with_options
from parity import Pair, run_both
from stress.kernels import convexity
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import scenario_from_document
from tiered import tiered
from tiny import make_problem, single

SETTINGS: dict[str, dict[str, Any]] = {
    "everything": {"shocks": {"scale": 2.0}, "steps": 4},
    "defaults under a cap": {
        "shocks": {"scale": 3.5},
        "steps": 6,
        "cascade": {"max_participation": 0.05},
        "funds": {"grace_steps": 1},
    },
}
MORE: dict[str, dict[str, Any]] = {
    "no impact": {"shocks": {"scale": 3.0}, "impact": {"law": "none"}, "steps": 3},
    "four steps a day": {"shocks": {"scale": 3.0}, "steps_per_day": 4, "steps": 8},
    "nobody trades": {"shocks": {"scale": 3.0}, "cascade": {"feedback": False}, "steps": 3},
    "no retail": {"shocks": {"scale": 2.0}, "steps": 4, "retail": {"per_percent": 0.0}},
}


@pytest.mark.parametrize("name", [*SETTINGS, *(pytest.param(name, marks=pytest.mark.slow) for name in MORE)])
def test_every_path_is_the_twins(name: str) -> None:
    problem = with_options(make_problem(**(SETTINGS | MORE)[name]))
    if name == "defaults under a cap":
        problem = tiered(problem)
    pair = run_both(problem, 40, seed=3)
    assert_parity(pair)
    if problem.cascade.feedback:
        assert (pair.report.sold[-1][[1, 4]] > 0).any(), "funds with options must sell"


def desk(*moves: float, theta: float = 0.001) -> Pair:
    """One fund on scripted moves: NAV 1 bn, delta 4 bn, gamma -10 bn, theta 1 m a day, margin by moves of 10 %."""
    plain = single(steps=len(moves), shocks={"model": "none", "script": np.array(moves)[:, None]})
    size = 4.0 + 10.0 + theta
    books = replace(
        plain.books,
        size=np.array([size * 1e9]),
        shapes=np.array([[4.0 / size]]),
        gamma=np.array([[-10.0 / size]]),
        theta=np.array([[theta / size]]),
    )
    funds = replace(
        plain.funds,
        portfolio=np.array([True]),
        portfolio_moves=np.array([[[-0.1], [0.1]]]),
        portfolio_floor=np.array([0.02]),
    )
    return run_both(replace(plain, funds=funds, books=books), 2)


def test_a_sale_cuts_delta_gamma_and_theta_alike() -> None:
    pair = desk(-0.12, -0.05)
    assert_parity(pair)
    equity = 1.0 - 4.0 * 0.12 - 5.0 * 0.12**2 + 0.001
    delta = 4.0 + 10.0 * 0.12  # units, after the fall
    required = 0.1 * delta * 0.88 + 5.0 * 0.1**2 * 0.88**2
    sold = 1.0 - equity / (1.05 * required)
    assert equity < required
    np.testing.assert_allclose(pair.report.held[0], 1.0 - sold, atol=1e-12)
    np.testing.assert_allclose(pair.report.forced[0], -sold * delta, atol=1e-12)  # its flow is its delta, ADV 1 bn
    fall = 0.88 * 0.05
    later = (1.0 - sold) * (-delta * fall - 5.0 * fall**2 + 0.001)
    np.testing.assert_allclose(pair.report.profit[1] + 1.0, equity + later, atol=1e-12)
    np.testing.assert_allclose(pair.report.static_profit[1], -4.0 * 0.164 - 5.0 * 0.164**2 + 0.002, atol=1e-12)


def test_in_how_many_steps_a_move_comes_makes_no_difference() -> None:
    """Without a call: delta follows each step by gamma times its move."""
    at_once, in_two = desk(-0.06, 0.0, theta=0.0), desk(-0.04, 0.94 / 0.96 - 1.0, theta=0.0)
    assert not at_once.report.sold.any()
    np.testing.assert_allclose(in_two.report.profit[1], at_once.report.profit[0], atol=1e-12)
    np.testing.assert_allclose(in_two.report.net[1], at_once.report.net[0], atol=1e-12)


PLANTED = {
    "a delta that does not follow": ("deltas", lambda books, price: books.shapes[:, :, None] + 0.0 * price[None]),
    "gamma without its half": ("_quadratic", lambda before, gain: (before - 1.0 + gain) * gain),
    "flow of the start's delta": (
        "flow_of",
        lambda books, price, by_shape: -books.flow_matrix @ by_shape,
    ),
}


SLOW = ("a delta that does not follow", "flow of the start's delta")


@pytest.mark.parametrize("name", ["gamma without its half", *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW)])
def test_planted_errors_are_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    function, wrong = PLANTED[name]
    monkeypatch.setattr(convexity, function, wrong)
    pair = run_both(with_options(make_problem(steps=3, shocks={"scale": 3.0})), 24, seed=3)
    with pytest.raises(AssertionError):
        assert_parity(pair)


def test_a_book_of_options_without_a_delta_is_sold_when_its_turn_comes() -> None:
    """In a call it goes first, by its size; in a default it is closed at once, as no volume is needed for it."""
    asset = {"asset_class": "equity", "region": "us", "vol": 0.3, "adv": 1e9}
    options = {"id": "options", "positions": {}, "gamma": {"a": -20.0}, "priority": 0}
    document = {
        "schema": 1,
        "name": "options",
        "horizon": {"steps": 3},
        "assets": [{"id": "a", **asset}, {"id": "b", **asset}],
        "shocks": {
            "model": "none",
            "script": [{"step": 1, "moves": {"b": -0.25}}, {"step": 2, "moves": {"b": -0.6}}],
        },
        "margin": {"method": "portfolio", "scenarios": [{"a": 0.2, "b": 0.1}, {"a": -0.2, "b": -0.1}], "buffer": 0.1},
        "funds": [
            {"id": "f", "nav": 1e9, "books": [options, {"id": "stocks", "positions": {"b": 2.0}, "priority": 1}]}
        ],
    }
    report = run_both(build_problem(scenario_from_document(document)), 1).report
    equity, of_options, of_stocks = 0.5, 20.0 * 0.2**2 / 2, 2.0 * 0.75 * 0.1
    fraction = 1.0 - equity / (1.1 * (of_options + of_stocks))
    total, size = 0.1 * 20.0 + 2.0 * 0.75, 0.1 * 20.0  # delta, and a tenth of gamma
    np.testing.assert_allclose(report.held[0, :, 0], [1.0 - fraction * total / size, 1.0], atol=1e-12)
    assert report.defaulted[1].all()
    assert not report.defaulted[0].any()
    np.testing.assert_allclose(report.held[2, 0], 0.0)
    assert (report.held[2, 1] > 0.0).all()  # stocks wait for volume


def random_options(seed: int) -> Problem:
    """A random problem on portfolio margin with options in two of five positions; rules that refuse them left out."""
    problem, rng = random_problem(seed), np.random.default_rng(seed)
    books, assets = problem.books, len(problem.assets.ids)
    gamma = rng.normal(0.0, 2.0, books.shapes.shape) * (rng.random(books.shapes.shape) < 0.4)
    gamma[books.shape_of[books.start_held == 0.0]] = 0.0
    theta = 0.01 * rng.normal(size=gamma.shape) * (gamma != 0.0)
    on = problem.funds.has_margin
    of_type = rng.normal(0.0, 0.1, (len(problem.funds.types), 3, assets))  # members of a type are margined alike
    moves = np.where(on[:, None, None], of_type[problem.funds.type_of], 0.0)
    funds = replace(problem.funds, portfolio=on, portfolio_moves=moves, portfolio_floor=np.where(on, 0.03, 0.0))
    triggers = {name: of for name, of in problem.triggers.items() if name not in ("vol_target", "overlay")}
    books = replace(books, gamma=gamma, theta=theta, priority=0 * books.priority)
    return replace(problem, funds=funds, books=books, triggers=triggers)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_random_problems_with_options(seed: int) -> None:
    assert_parity(run_both(random_options(seed), 10, seed))
