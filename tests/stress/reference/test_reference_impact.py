"""Impact laws and attribution of the reference against sums by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from flat import impact_with
from stress.reference.result import simulate
from stress.reference.state import CAUSES, log_change
from stress.scenarios.problem import Impact
from tiny import BN, INF, falls, make_problem, single
from twin_books import pair, several_books

NO_MARGIN = {"has_margin": False}
SIGMA = 0.16 / np.sqrt(252.0)  # daily volatility of the one asset of `single`
HALF = {"ladder_drawdown": np.array([[0.3]]), "ladder_cut": np.array([[0.5]])}  # a fall of 10 % sells 2 days of volume
DELTA = 0.5 * 0.4 * np.sqrt(20.0) / SIGMA  # of the bounded law, over ADV


def f(participation: float) -> float:
    """The square-root law with Y = 1 of `single`, by hand."""
    return float(np.copysign(SIGMA * (np.sqrt(abs(participation) + 1e-4) - np.sqrt(1e-4)), participation))


# -- laws -----------------------------------------------------------------------------------------------------------

LAWS: dict[str, tuple[dict[str, Any], Any]] = {
    # name: (terms, log price change of a flow in days of volume at depth g)
    "linear": ({"slope": np.array([0.02 / BN])}, lambda j, g: np.log1p(0.02 * j / g)),
    "bounded_exponential": ({}, lambda j, g: np.log1p(np.sign(j) * 0.5 * (1 - np.exp(-abs(j) / (DELTA * g))))),
    "exponential": ({"beta": 1.2, "outstanding": np.array([30.0 * BN])}, lambda j, g: 1.2 * j / 30.0),
}


@pytest.mark.parametrize("name", LAWS)
def test_sale_rebound_and_depth_of_each_law(name: str) -> None:
    terms, change = LAWS[name]
    problem = single(
        funds=NO_MARGIN, books=HALF, impact={"law": name} | terms, liquidity={"evaporation": 1.2, "floor": 0.05}
    )
    result = simulate(problem, falls(-0.10, 0.0, 0.0))
    first = 0.9 * np.exp(change(-2.0, 1.0))
    left = -2.0 * 2 ** (-1 / 5)
    second = first * np.exp((2 / 3) * (change(left, 1.0) - change(-2.0, 1.0)))
    assert result.price[:2, 0, 0] == pytest.approx([first, second], rel=1e-13)
    depth = result.depth[1, 0, 0]
    assert depth < 0.5
    # D shrinks in proportion to F at the depth of the last step
    displaced = change(left, 1.0)
    third = second * np.exp((2 / 3) * displaced * (change(left * 2 ** (-1 / 5), depth) / change(left, depth) - 1))
    assert result.price[2, 0, 0] == pytest.approx(third, rel=1e-13)
    assert result.equity[0, 0, 0] == pytest.approx(0.6 + 4 * (first - 0.9) * 0.75, rel=1e-13)


def test_linear_fall_is_floored() -> None:
    problem = single(steps=1, funds=NO_MARGIN, books=HALF, impact={"law": "linear", "slope": np.array([0.6 / BN])})
    assert simulate(problem, falls(-0.10)).price[0, 0, 0] == pytest.approx(0.9 * 0.05)


def test_bounded_fall_leaves_the_bound() -> None:
    books = HALF | {"size": 4000 * BN, "capital": 1000 * BN}
    problem = single(steps=1, funds=NO_MARGIN | {"nav": 1000 * BN}, books=books, impact={"law": "bounded_exponential"})
    assert simulate(problem, falls(-0.10)).price[0, 0, 0] == pytest.approx(0.9 * 0.5, rel=1e-8)


@pytest.mark.parametrize("name", ["square_root", *LAWS])
def test_laws_are_odd_and_monotone(name: str) -> None:
    problem = make_problem()
    assets = problem.assets
    parameters: dict[str, Any] = {
        "square_root": {"coefficient": 0.8},
        "linear": {"slope": 0.01 / assets.adv},
        "exponential": {"beta": 1.0, "outstanding": assets.adv * 40.0},
    }
    problem = replace(problem, impact=impact_with(Impact("none", 0.0, 5.0, 0.5), law=name, **parameters.get(name, {})))
    rng = np.random.default_rng(3)
    flows, depth = np.sort(rng.normal(size=(200, 5)), axis=0), rng.uniform(0.2, 1.0, 5)
    changes = np.array([log_change(problem, flow * assets.adv, depth) for flow in flows])
    assert (np.diff(changes, axis=0) > 0).all()
    assert (np.sign(changes) == np.sign(flows)).all()
    mirrored = np.array([log_change(problem, -flow * assets.adv, depth) for flow in flows])
    if name in ("linear", "bounded_exponential"):  # given as simple changes
        changes, mirrored = np.expm1(changes), np.expm1(mirrored)
    np.testing.assert_allclose(mirrored, -changes, atol=1e-15)


def test_square_root_is_linear_below_its_core() -> None:
    problem = single(impact={"law": "square_root", "coefficient": 0.8})
    small = log_change(problem, np.array([1e-9]) * BN, np.array([0.5]))
    assert small[0] == pytest.approx(0.8 * SIGMA * 2e-9 / (2 * 0.01), rel=1e-4)
    assert log_change(problem, np.ones(1) * BN, np.ones(1))[0] == pytest.approx(0.8 * SIGMA * 0.99005, rel=1e-5)


# -- attribution ----------------------------------------------------------------------------------------------------


def parts(result: Any, member: int) -> dict[str, float]:
    return dict(zip(CAUSES, result.attribution[:, member, 0], strict=True))


def ladders(*cuts: float) -> dict[str, Any]:
    """Ladders that cut by so much after any loss of 10 % of capital, rounding aside."""
    return {"ladder_drawdown": np.full((len(cuts), 1), 0.1 - 1e-12), "ladder_cut": np.array(cuts)[:, None]}


SQUARE_ROOT = {"law": "square_root"}


def test_two_funds_and_dip_buyers() -> None:
    problem = pair(
        NO_MARGIN,
        ladders(0.5, 1 / 3),
        steps=2,
        impact=SQUARE_ROOT,
        retail={"per_percent": 0.1 * BN, "weights": 1.0},
    )
    result = simulate(problem, falls(-0.10, 0.0))
    flow = -2.5 - 1.0 + 1.0 / 0.9
    fall = 0.9 * np.exp(f(flow)) - 0.9
    forced = 0.9 * np.exp(f(-3.5)) - 0.9
    given_back = (0.9 + fall) * (np.exp((2 / 3) * (f(flow * 2 ** (-1 / 5)) - f(flow))) - 1)
    assert given_back > 0
    for member, (size, kept, share) in enumerate([(5.0, 0.5, 2.5 / 3.5), (3.0, 2 / 3, 1.0 / 3.5)]):
        got = parts(result, member)
        assert got["outside_shock"] == pytest.approx(-0.1 * size)
        assert got["own_impact"] == pytest.approx(size * kept * forced * share)
        assert got["others_impact"] == pytest.approx(size * kept * forced * (1 - share))
        assert got["retail_offset"] == pytest.approx(size * kept * (fall - forced))
        assert got["execution_shortfall"] == pytest.approx(size * (1 - kept) * fall / 2)
        assert got["rebound"] == pytest.approx(size * kept * given_back)
        assert result.loss[member, 0] == pytest.approx(-sum(got.values()), rel=1e-13)
    np.testing.assert_allclose(result.forgone_by_selling[:, 0], 0, atol=1e-15)


def long_and_short(**books: Any) -> dict[str, Any]:
    """Changes to the books of `pair`: fund f is short; the ladders cut a half and a third."""
    sides = {"shape_of": np.array([0, 1]), "shapes": np.array([[1.0], [-1.0]]), "type_of_shape": np.array([0, 1])}
    return ladders(0.5, 1 / 3) | sides | {"start_vol": np.zeros(2)} | books


def test_who_does_not_trade_bears_the_impact_of_others() -> None:
    result = simulate(pair(NO_MARGIN, long_and_short(), steps=1, impact=SQUARE_ROOT), falls(0.05))
    # the short lost 0.15 and buys back 1
    rise = 1.05 * np.exp(f(1.0)) - 1.05
    long, short = parts(result, 0), parts(result, 1)
    assert short["own_impact"] == pytest.approx(-2 * rise)
    assert short["others_impact"] == pytest.approx(0, abs=1e-15)
    assert short["execution_shortfall"] == pytest.approx(-rise / 2)
    assert long["own_impact"] == 0.0
    assert long["others_impact"] == pytest.approx(5 * rise)
    assert long["execution_shortfall"] == 0.0


def test_shares_are_those_of_the_side_of_the_net_flow() -> None:
    """A long that sells 2.5 and a short that covers 1 in the same round: the fall is the long's own."""
    at_once = np.array([[0.1], [-1e12]])  # the short cuts whatever it makes
    books = long_and_short(capital=np.array([1.0, 1e-9]) * BN, ladder_drawdown=at_once)
    result = simulate(pair(NO_MARGIN, books, steps=1, impact=SQUARE_ROOT), falls(-0.10))
    fall = 0.9 * np.exp(f(-1.5)) - 0.9
    long, short = parts(result, 0), parts(result, 1)
    assert long["own_impact"] == pytest.approx(2.5 * fall)
    assert long["others_impact"] == pytest.approx(0, abs=1e-15)
    assert long["execution_shortfall"] == pytest.approx(2.5 * fall / 2)
    assert short["own_impact"] == 0.0
    assert short["others_impact"] == pytest.approx(-2.0 * fall)
    assert short["execution_shortfall"] == pytest.approx(-1.0 * fall / 2)


def test_books_of_one_fund_are_others_to_each_other() -> None:
    books = several_books(3.0, 1.0, **ladders(0.5, 0.25))
    result = simulate(single(steps=1, funds=NO_MARGIN, books=books, impact=SQUARE_ROOT), falls(-0.10))
    forced = 0.9 * np.exp(f(-1.75)) - 0.9
    got = parts(result, 0)
    assert got["own_impact"] == pytest.approx((1.5 * 1.5 + 0.75 * 0.25) / 1.75 * forced)
    assert got["own_impact"] + got["others_impact"] == pytest.approx(2.25 * forced)


def test_retail_offset_keeps_a_forced_flow_of_its_own() -> None:
    """Dip buyers of the day before make a sale cheaper or dearer only by the curvature of the law."""
    problem = single(
        steps=2,
        funds=NO_MARGIN,
        books={"ladder_drawdown": np.array([[0.5]]), "ladder_cut": np.array([[0.5]])},
        impact=SQUARE_ROOT | {"half_life": INF},
        retail={"per_percent": 0.1 * BN, "cap": 0.5 * BN, "budget": 0.5 * BN, "weights": 1.0},
    )
    result = simulate(problem, falls(-0.05, -0.10))
    bought = 0.5 / 0.95
    first = 0.95 * np.exp(f(bought))
    before = first * 0.9
    fall = before * np.exp(f(bought - 2.0) - f(bought)) - before
    forced = before * np.exp(f(-2.0)) - before
    got = parts(result, 0)
    assert got["own_impact"] == pytest.approx(2 * forced)
    assert got["retail_offset"] == pytest.approx(4 * (first - 0.95) + 2 * (fall - forced))
    assert result.equity[1, 0, 0] == pytest.approx(1 + sum(got.values()), rel=1e-13)


def test_what_selling_avoids() -> None:
    result = simulate(single(steps=2, funds=NO_MARGIN, books=HALF), falls(-0.10, -0.10))
    # half of the position misses the second fall of 0.09
    assert result.forgone_by_selling[0, 0] == pytest.approx(-4 * 0.19 + 0.4 + 2 * 0.09)
    assert result.loss[0, 0] == pytest.approx(0.4 + 2 * 0.09)
