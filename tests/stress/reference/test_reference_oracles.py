"""What model.md says must hold of displacement, of a day in one step and in four, and of the cap, on the reference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flat import overridden
from fuzz import random_problem
from stress.reference.result import parts, price_taker, simulate
from stress.reference.state import TRIGGERS
from stress.scenarios.problem import Problem
from tiny import BN, INF, falls, make_draws, make_problem, single
from twin_books import moves, several_books, two_assets

anywhere = given(seed=st.integers(0, 2**31 - 1))
few = settings(max_examples=20, derandomize=True)
LAWS: dict[str, dict[str, Any]] = {
    "square_root": {},
    "linear": {"slope": np.array([0.02 / BN])},
    "bounded_exponential": {},
    "exponential": {"beta": 1.2, "outstanding": np.array([30.0 * BN])},
}


# -- displacement ---------------------------------------------------------------------------------------------------


@few
@anywhere
def test_with_nothing_permanent_the_price_is_the_news_and_the_displacement(seed: int) -> None:
    problem = overridden(random_problem(seed), {"impact": {"permanent": 0.0, "half_life": 0.5 + seed % 5}})
    with np.errstate(over="ignore", invalid="ignore"):
        result = simulate(problem, make_draws(problem, 4, seed, scale=2.0))
    assume(result.price.max() < 1e6)
    np.testing.assert_allclose(np.log(result.price) - result.news, result.displacement, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("half_life", [0.05, 0.5])
@pytest.mark.parametrize("name", LAWS)
def test_a_price_without_new_flow_returns_to_the_news(name: str, half_life: float) -> None:
    """Whatever depth does in between: one sale, then 100 half-lives."""
    books = {"ladder_drawdown": np.array([[0.3]]), "ladder_cut": np.array([[0.5]])}
    problem = single(
        steps=max(5, int(100 * half_life)),
        funds={"has_margin": False},
        books=books,
        impact={"law": name, "permanent": 0.0, "half_life": half_life} | LAWS[name],
        liquidity={"evaporation": 1.2, "flow_sensitivity": 0.5, "floor": 0.05},
    )
    rest = np.tile([0.05, -0.05], problem.steps)[: problem.steps - 1]
    result = simulate(problem, falls(-0.10, *rest))
    assert result.displacement[0, 0, 0] < -1e-3
    assert (np.diff(result.displacement[:, 0, 0]) > 0).all() or half_life < 0.5
    assert result.price[-1, 0, 0] == pytest.approx(np.exp(result.news[-1, 0, 0]), rel=1e-12)


def test_the_bounded_law_leaves_its_bound_of_the_news_at_any_depth() -> None:
    """Sales at full depth, then at a tenth of it: each alone would take half of the price."""
    books = {"ladder_drawdown": np.array([[0.3, 0.6]]), "ladder_cut": np.array([[0.5, 1.0]])}
    funds = {"has_margin": False, "nav": 1000 * BN}
    problem = single(
        funds=funds,
        books=books | {"size": 4000 * BN, "capital": 1000 * BN},
        impact={"law": "bounded_exponential", "permanent": 0.0},
        liquidity={"evaporation": 2.0, "floor": 0.05},
    )
    result = simulate(problem, falls(-0.10, -0.10, 0.0))
    assert (result.displacement >= np.log(0.5)).all()
    assert result.displacement[1, 0, 0] == pytest.approx(np.log(0.5), rel=1e-6)


# -- a day in one step and in four ----------------------------------------------------------------------------------


def one_and_four(problem: Problem, move: float) -> tuple[Any, Any]:
    """The closing of a day whose outside shock comes at once, in one step and in four."""
    day = replace(problem, steps=1, steps_per_day=1)
    quarters = replace(problem, steps=4, steps_per_day=4)
    return simulate(day, falls(move)), simulate(quarters, falls(move, 0.0, 0.0, 0.0))


@pytest.mark.parametrize("name", ["none", *LAWS])
@pytest.mark.parametrize("cap", [INF, 0.4, 20.0])
def test_a_day_in_four_steps_ends_where_it_ends_in_one(name: str, cap: float) -> None:
    """A margin call, an order that has no cap, exceeds the day's allowance, or fits that of one step."""
    impact = {"law": name, "half_life": INF} | LAWS.get(name, {})
    problem = single(steps=4, impact=impact, cascade={"max_participation": cap}, funds={"cure_steps": 9})
    day, quarters = one_and_four(problem, -0.10)
    assert day.forced_sales_usd[0, 0] > 0
    for field in ("k", "price", "displacement") if cap == 0.4 else ("k", "price", "displacement", "equity"):
        assert getattr(quarters, field)[-1].ravel() == pytest.approx(getattr(day, field)[-1].ravel(), rel=1e-9)
    assert quarters.traded_usd.sum() == pytest.approx(day.traded_usd.sum(), rel=1e-9)


def test_a_day_in_four_steps_has_the_same_outlay() -> None:
    retail = {"per_percent": 0.1 * BN, "cap": 0.7 * BN, "budget": 5 * BN, "weights": 1.0, "fatigue": 0.3}
    for move in (-0.04, -0.15, 0.02):
        day, quarters = one_and_four(single(steps=4, funds={"has_margin": False}, retail=retail), move)
        assert quarters.retail_usd.sum() == pytest.approx(day.retail_usd.sum(), rel=1e-12)
        assert quarters.retail_down_days[-1, 0] == day.retail_down_days[-1, 0]


# -- the cap --------------------------------------------------------------------------------------------------------


def tiered(size: float, thin: float, **overrides: Any) -> Problem:
    """A fund of gross 4 whose book is cut into a liquid asset and `size` bn of one with `thin` bn a day."""
    books = several_books(4.0 - size, size, shapes=[[1.0, 0.0], [0.0, 1.0]], manager_of=np.zeros(2, np.int64))
    books |= {"tier": np.array([1, 0]), "tier_of_asset": np.array([1, 0])}
    assets = {"adv": np.array([100.0, thin]) * BN}
    return two_assets(assets=assets, books=books, cascade={"max_participation": 0.1}, **overrides)


def test_a_thin_name_does_not_hold_up_the_rest() -> None:
    result = simulate(tiered(0.2, 0.05), moves((-0.10, -0.10)))
    kept = 0.6 / (1.05 * 0.72)
    assert result.k[0, 0, 0] == pytest.approx(kept)
    assert result.k[0, 1, 0] == pytest.approx(1 - 0.1 * 0.05 / 0.2)
    assert result.done[0, :, 0].tolist() == [False, True]
    assert result.rounds[0, 0] == 1, "what waits counts as sold"


def test_an_order_that_waits_is_given_again_the_next_day() -> None:
    result = simulate(tiered(2.0, 0.5, steps=2), moves((-0.10, -0.10), (0.0, 0.0)))
    assert result.k[:, 1, 0] == pytest.approx([0.975, 0.95])
    s = 1 - 0.6 * BN / (1.05 * result.requirement[0, 0, 0])  # a fraction of what is held
    assert s > 0.05
    assert result.k[:, 0, 0] == pytest.approx(0.6 / (1.05 * 0.72) * np.array([1, 1 - s]))


@few
@anywhere
def test_no_asset_trades_more_than_its_allowance_and_who_is_cut_uses_it(seed: int) -> None:
    problem = random_problem(seed)
    cap = 0.02 + 0.3 * (seed % 7) / 7
    problem = overridden(problem, {"cascade": {"max_participation": cap}, "impact": {"half_life": 5.0}})
    with np.errstate(over="ignore", invalid="ignore"):
        result = simulate(problem, make_draws(problem, 4, seed, scale=3.0))
    assume(result.price.max() < 1e6)
    room = cap / problem.steps_per_day * result.depth * problem.assets.adv[:, None]
    assert (result.traded_usd <= room * (1 + 1e-12)).all()
    cut = result.done.any(axis=1)
    assert (((result.traded_usd / room).max(axis=1) >= 1 - 1e-6) | ~cut).all()


# -- what is reported -----------------------------------------------------------------------------------------------


def test_the_four_parts_sum_to_the_loss_and_each_acts() -> None:
    problem = make_problem(shocks={"scale": 3.0})
    draws = make_draws(problem, 6, 3, 3.0)
    found = parts(problem, draws)
    np.testing.assert_allclose(sum(found.values()), simulate(problem, draws).loss, atol=1e-12)
    assert all(np.abs(part).max() > 1e-4 for part in found.values())
    taker = simulate(price_taker(problem), draws)
    np.testing.assert_allclose(np.log(taker.price), taker.news, atol=1e-14)
    assert (taker.forced_sales_usd > 0).any()


def test_sales_by_trigger_trough_and_called_share() -> None:
    problem = make_problem(shocks={"scale": 3.0})
    result = simulate(problem, make_draws(problem, 20, 3, 3.0))
    np.testing.assert_allclose(result.sold_by_trigger_usd.sum(axis=(0, 1)), result.forced_sales_usd)
    sold = dict(zip(TRIGGERS, result.sold_by_trigger_usd.sum(axis=(0, 2, 3)), strict=True))
    assert {name for name, usd in sold.items() if usd > 0} >= {"margin_call", "leverage_limit", "stop_loss"}
    np.testing.assert_array_equal(result.trough, (1 - result.equity).max(axis=0))
    assert (result.group_trough >= result.group_loss - 1e-15).all()
    nav, kind = problem.funds.nav, problem.funds.type_of
    for t in range(len(problem.funds.types)):
        called = ((result.first_call_step > 0) * nav[:, None])[kind == t].sum(axis=0) / nav[kind == t].sum()
        np.testing.assert_allclose(result.group_called_nav_share[t], called, rtol=1e-14)
    np.testing.assert_allclose(result.exposure_usd.sum(axis=1), exposure(problem, result))


def exposure(problem: Problem, result: Any) -> np.ndarray:
    held = problem.books.size[:, None] * problem.books.shapes[problem.books.shape_of]
    return np.asarray(np.einsum("sbp,ba->sap", result.k, held) * result.price)
