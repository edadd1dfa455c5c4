"""Lines, hikes, portfolio margin and priorities of the reference against sums by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stress.reference.result import simulate
from tiny import BN, INF, falls, single
from twin_books import moves, several_books, two_assets

SIGMA = 0.16 / np.sqrt(252.0)  # daily volatility of the one asset of `single`


def ratio(move: float) -> float:
    """sigma over sigma_0 after one day of that simple return."""
    return float(np.sqrt(0.94 + 0.06 * np.log1p(move) ** 2 / SIGMA**2))


def test_each_line_has_its_own_factor() -> None:
    lines = {"line_share": np.array([[0.75, 0.25]]), "rate_factor": np.array([[1.2, 0.8]])}
    result = simulate(single(steps=1, funds=lines), falls(-0.05))
    # 0.2 x (0.75 x 1.2 + 0.25 x 0.8) = 0.22 on 3.8
    assert result.called_usd[0, 0] == pytest.approx((0.836 - 0.8) * BN)
    assert result.k[0, 0, 0] == pytest.approx(0.8 / (1.05 * 0.836))
    assert result.requirement[0, 0, 0] == pytest.approx(0.8 / 1.05 * BN)


@pytest.mark.parametrize(("side", "rate"), [(1.0, 0.1 * 1.0 + 0.9 * 0.1), (-1.0, 0.1 * 1.2 + 0.9 * 0.1)])
def test_rates_on_longs_are_capped_line_by_line(side: float, rate: float) -> None:
    lines = {"line_share": np.array([[0.1, 0.9]]), "rate_factor": np.array([[6.0, 0.5]])}
    result = simulate(single(steps=1, funds=lines, books={"shapes": side}), falls(0.0))
    assert result.requirement[0, 0, 0] == pytest.approx(rate * 4 * BN)


def test_multiplier_and_cap_of_each_line() -> None:
    lines = {
        "line_share": np.array([[0.5, 0.5]]),
        "procyclicality": np.array([[1.0, 0.5]]),
        "margin_cap": np.array([[1.1, 9.0]]),
    }
    result = simulate(single(steps=2, funds=lines | {"grace_steps": 9}), falls(-0.03, 0.0))
    rate = 0.2 * (0.5 * 1.1 + 0.5 * ratio(-0.03) ** 0.5)
    assert result.requirement[:, 0, 0] == pytest.approx(np.array([0.2, rate]) * 3.88 * BN)


@pytest.mark.parametrize(
    ("terms", "rate"),
    [
        ({"hike_level": 1.21}, 0.3),
        ({"hike_level": 1.23}, 0.2),  # sigma rose 1.2198 times
        ({"hike_level": np.array([[1.21, INF]]), "line_share": np.array([[0.6, 0.4]])}, 0.26),
        ({"hike_level": 1.21, "lockup_steps": 2}, 0.2),
        ({"hike_level": 1.21, "lockup_steps": 1}, 0.3),
        ({"hike_level": 1.21, "rate_factor": 1.1}, 0.33),
        ({"hike_level": 1.21, "rate_factor": 1.1, "lockup_steps": 2}, 0.22),
    ],
)
def test_hike_of_the_step_after_the_volatility(terms: dict[str, Any], rate: float) -> None:
    funds = {"hike_size": 0.5, "grace_steps": 9} | terms
    result = simulate(single(steps=2, funds=funds), falls(-0.03, 0.0))
    assert ratio(-0.03) == pytest.approx(1.2198, abs=1e-4)
    assert result.requirement[1, 0, 0] == pytest.approx(rate * 3.88 * BN)
    start = 0.22 if "rate_factor" in terms else 0.2
    assert result.requirement[0, 0, 0] == pytest.approx(start * 3.88 * BN)


@pytest.mark.parametrize(
    ("classes", "level", "on"),
    [
        (("equity", "equity"), (1.2198 + np.sqrt(0.94)) / 2 - 0.01, True),
        (("equity", "equity"), (1.2198 + np.sqrt(0.94)) / 2 + 0.01, False),
        (("equity", "rates"), 1.21, True),
        (("rates", "equity"), 0.98, False),
        (("rates", "rates"), 0.0, False),
    ],
)
def test_hike_follows_the_mean_over_equities(classes: tuple[str, str], level: float, on: bool) -> None:
    problem = two_assets(
        funds={"hike_level": level, "hike_size": 0.5, "lockup_steps": 0, "grace_steps": 9},
        assets={"asset_class": classes},
        books={"size": 2 * BN, "shapes": np.array([[0.5, 0.5]])},
        steps=2,
    )
    result = simulate(problem, moves((-0.03, 0.0), (0.0, 0.0)))
    assert result.requirement[1, 0, 0] == pytest.approx((0.3 if on else 0.2) * 1.97 * BN)


CASES = np.array([[[-0.2, -0.2], [0.1, 0.2], [-0.15, 0.1], [0.0, 0.0]]])
LONG_SHORT = {"size": 7 * BN, "shapes": np.array([[4.0, -3.0]]) / 7}


def test_portfolio_margin_is_the_worst_case_of_the_net_position() -> None:
    # at the start: 0.2, 0.2 and 0.9, against haircuts of 1.4
    terms = {"portfolio": True, "portfolio_moves": CASES}
    result = simulate(two_assets(terms, books=LONG_SHORT), moves((-0.02, 0.02)))
    worst = 0.15 * 3.92 + 0.1 * 3.06
    assert result.called_usd[0, 0] == pytest.approx((worst - 0.86) * BN)
    assert result.k[0, 0, 0] == pytest.approx(0.86 / (1.05 * worst))
    lines = {"line_share": np.array([[0.5, 0.5]]), "rate_factor": np.array([[1.0, 1.1]]), "grace_steps": 9}
    result = simulate(two_assets(terms | lines, books=LONG_SHORT), moves((-0.02, 0.02)))
    assert result.requirement[0, 0, 0] == pytest.approx(1.05 * worst * BN)


def test_portfolio_floor_and_gross_weighted_multiplier() -> None:
    terms = {
        "portfolio": True,
        "portfolio_moves": 0.0 * CASES,
        "portfolio_floor": 0.1,
        "procyclicality": 1.0,
        "margin_cap": 9.0,
    }
    result = simulate(two_assets(terms, books=LONG_SHORT, steps=2), moves((-0.03, 0.0), (0.0, 0.0)))
    assert result.requirement[0, 0, 0] == pytest.approx(0.1 * 6.88 * BN)
    mean = (3.88 * ratio(-0.03) + 3.0) / 6.88  # the other asset's volatility fell: clipped at 1
    assert result.requirement[1, 0, 0] == pytest.approx(0.1 * 6.88 * mean * BN)


def test_portfolio_margin_nets_books_and_serves_them_by_gross() -> None:
    books = several_books(4.0, 3.5, shapes=[[1.0, 0.0], [-1.0, 0.0]], priority=np.array([1, 0]))
    terms = {"portfolio": True, "portfolio_moves": CASES, "portfolio_floor": 0.12}
    result = simulate(two_assets(terms, books=books), moves((-0.09, 0.0)))
    # net 0.455: worst 0.091; the floor is 0.12 of 6.825; equity 1 - 0.045
    assert result.first_call_step[0, 0] == 0
    assert result.requirement[0, 0, 0] == pytest.approx(0.819 * BN)
    result = simulate(two_assets(terms | {"portfolio_floor": 0.132}, books=books), moves((0.09, 0.0)))
    # equity 1.045, gross 8.175, requirement 1.0791
    shed = (1 - 1.045 / (1.05 * 1.0791)) * 8.175
    assert result.k[0, :, 0] == pytest.approx([1.0, 1 - shed / (3.5 * 1.09)])


@pytest.mark.parametrize("fall", [0.10, 0.15])
def test_brokers_sell_books_of_lower_priority_first(fall: float) -> None:
    books = several_books(3.0, 1.0, priority=np.array([1, 0]))
    result = simulate(single(steps=1, books=books), falls(-fall))
    equity, price = 1 - 4 * fall, 1 - fall
    shed = 0.2 * 4 * price - equity / 1.05  # of the requirement
    first = min(shed, 0.2 * price)
    assert result.k[0, :, 0] == pytest.approx([1 - (shed - first) / (0.6 * price), 1 - first / (0.2 * price)])
    assert (result.k[0, 1, 0] == 0) == (fall == 0.15)


@pytest.mark.parametrize("target", [6.0, 3.0])
def test_requirement_counts_for_margin_and_gross_for_the_leverage_limit(target: float) -> None:
    books = several_books(3.0, 2.0, shapes=np.eye(2), priority=np.array([0, 1]))
    terms = {"rates": np.array([[0.1, 0.3]]), "max_leverage": 6.2, "target_leverage": target}
    result = simulate(two_assets(terms, books=books, cascade={"max_rounds": 1}), moves((-0.05, -0.05)))
    margin = (0.855 - 0.75 / 1.05) / 0.285
    limit = (4.75 - target * 0.75) / 2.85
    assert result.k[0, :, 0] == pytest.approx([1 - max(margin, limit), 1.0])
    assert (limit > margin) == (target == 3.0)


def test_books_of_one_priority_share_alike_after_those_before() -> None:
    books = several_books(1.0, 2.0, 1.0, priority=np.array([5, 5, -1]))
    result = simulate(single(steps=1, books=books), falls(-0.15))
    alike = 1 - (0.68 - 0.4 / 1.05 - 0.17) / 0.51
    assert result.k[0, :, 0] == pytest.approx([alike, alike, 0.0])
