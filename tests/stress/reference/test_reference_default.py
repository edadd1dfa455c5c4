"""Default, close-out, participation cap and retail of the reference against sums by hand."""

from __future__ import annotations

import numpy as np
import pytest

from stress.reference.result import simulate
from stress.reference.state import CAUSES
from tiny import BN, INF, falls, single
from twin_books import pair

SQUARE_ROOT = {"law": "square_root"}
NO_MARGIN = {"has_margin": False}
SIGMA = 0.16 / np.sqrt(252.0)  # daily volatility of the one asset of `single`


def f(participation: float) -> float:
    """The square-root law with Y = 1 of `single`, by hand."""
    return float(np.copysign(SIGMA * (np.sqrt(abs(participation) + 1e-4) - np.sqrt(1e-4)), participation))


# -- default, close-out, participation ------------------------------------------------------------------------------


def test_default_is_booked_at_the_end_and_closed_out_at_the_brokers_rate() -> None:
    result = simulate(single(), falls(-0.30, 0.0, 0.0))
    # a quarter of a day's volume a step, from 4 days
    assert result.k[:, 0, 0] == pytest.approx([1.0, 0.9375, 0.875])
    assert bool(result.defaulted[0, 0])
    assert result.first_call_step[0, 0] == 1, "called although it has nothing left to sell for"
    requirement = single().funds.rates[0, 0] * 4 * 0.7
    assert result.called_usd[0, 0] == pytest.approx((requirement + 0.2) * BN)
    assert result.loss[0, 0] == pytest.approx(1.2)
    assert result.broker_loss_usd[0, 0] == pytest.approx(0.2 * BN)
    assert result.unliquidated_usd[0, 0] == pytest.approx(0.875 * 4 * 0.7 * BN)
    assert np.isposinf(result.gross[:, 0, 0]).all()
    assert np.isposinf(result.net[:, 0, 0]).all()


def test_default_is_latched_when_the_price_comes_back() -> None:
    result = simulate(single(), falls(-0.30, 0.50, 0.0))
    assert bool(result.defaulted[0, 0])
    assert result.equity[1, 0, 0] == pytest.approx(1.2)
    assert result.k[2, 0, 0] == pytest.approx(0.875)
    assert result.broker_loss_usd[0, 0] == 0.0


def test_participation_cap_ends_the_day_of_the_fund() -> None:
    result = simulate(single(steps=2, cascade={"max_participation": 0.5}), falls(-0.10, 0.0))
    assert result.k[:, 0, 0] == pytest.approx([3.5 / 4, 0.6 / (1.05 * 0.72)])
    assert result.rounds[:, 0].tolist() == [1, 1]
    assert result.open_call[:, 0, 0].tolist() == [True, True]
    assert result.called_usd[0, 0] == pytest.approx(0.12 * BN)


@pytest.mark.parametrize(("cure_steps", "second", "defaults"), [(2, -0.03, True), (3, -0.03, False), (2, 0.02, False)])
def test_default_of_a_call_that_cannot_be_cured(cure_steps: int, second: float, defaults: bool) -> None:
    problem = single(steps=2, funds={"cure_steps": cure_steps}, cascade={"max_participation": 0.05})
    result = simulate(problem, falls(-0.10, second))
    assert result.k[:, 0, 0] == pytest.approx([3.95 / 4, 3.9 / 4])
    assert bool(result.defaulted[0, 0]) is defaults
    assert bool(result.open_call[1, 0, 0]) is not defaults
    assert result.equity[1, 0, 0] > 0


def test_closeout_takes_no_room_under_the_cap() -> None:
    capped = simulate(pair(cascade={"max_participation": 0.5}), falls(-0.25, 0.0, 0.0))
    assert capped.k[1, :, 0] == pytest.approx([1 - 0.25 / 5, 1 - 0.5 / 3])
    free = simulate(pair(impact=SQUARE_ROOT), falls(-0.25, 0.0, 0.0))
    assert free.rounds[1, 0] > 1
    sold = 3 * (1 - free.k[1, 1, 0])
    barely = simulate(pair(impact=SQUARE_ROOT, cascade={"max_participation": sold + 0.05}), falls(-0.25, 0.0, 0.0))
    np.testing.assert_allclose(barely.k[1], free.k[1], rtol=1e-12)


def test_cap_and_closeout_follow_the_depth() -> None:
    problem = pair(cascade={"max_participation": 0.5}, liquidity={"evaporation": 1.2, "floor": 0.01})
    result = simulate(problem, falls(-0.25, 0.0, 0.0))
    depth = result.depth[1, 0, 0]
    assert depth < 0.5
    assert result.k[1, :, 0] == pytest.approx([1 - 0.25 * depth / 5, 1 - 0.5 * depth / 3])


def test_books_in_closeout_share_the_rate() -> None:
    result = simulate(pair(), falls(-0.40, 0.0, 0.0))
    assert result.defaulted[:, 0].tolist() == [True, True]
    assert result.forced_flow_usd[1:, 0, 0] == pytest.approx([-0.25 * BN, -0.25 * BN])
    assert result.k[1, :, 0] == pytest.approx([1 - 0.25 / 8, 1 - 0.25 / 8])
    assert result.broker_loss_usd[0, 0] == pytest.approx((1.0 + 0.2) * BN)
    assert result.group_loss[-1][0] == pytest.approx((2.0 + 1.2) / 2)


# -- retail ---------------------------------------------------------------------------------------------------------


def retail(**terms: float) -> dict[str, float]:
    return {"per_percent": 0.1 * BN, "weights": 1.0} | terms


def test_retail_buys_the_dip_in_the_first_round() -> None:
    problem = single(funds=NO_MARGIN, impact=SQUARE_ROOT | {"half_life": INF}, retail=retail(fatigue=0.3))
    result = simulate(problem, falls(-0.04, -0.02, 0.01))
    assert result.retail_usd[:, 0] == pytest.approx([0.4 * BN, 0.2 * np.exp(-0.3) * BN, 0.0])
    flow = 0.4 / 0.96
    first = 0.96 * np.exp(f(flow))
    assert result.price[0, 0, 0] == pytest.approx(first, rel=1e-13)
    more = flow + 0.2 * np.exp(-0.3) / (first * 0.98)
    assert result.price[1, 0, 0] == pytest.approx(first * 0.98 * np.exp(f(more) - f(flow)), rel=1e-13)
    assert result.rounds[:, 0].tolist() == [1, 1, 0]
    assert (result.forced_flow_usd == 0).all()
    assert result.attribution[CAUSES.index("retail_offset"), 0, 0] > 0


def test_retail_cap_budget_and_steps_per_day() -> None:
    draws = falls(-0.04, -0.02, -0.02)
    capped = simulate(single(funds=NO_MARGIN, retail=retail(cap=0.3 * BN)), draws)
    assert capped.retail_usd[:, 0] == pytest.approx(np.array([0.3, 0.2, 0.2]) * BN)
    spent = simulate(single(funds=NO_MARGIN, retail=retail(budget=0.5 * BN)), draws)
    assert spent.retail_usd[:, 0] == pytest.approx(np.array([0.4, 0.1, 0.0]) * BN)
    half_days = simulate(single(funds=NO_MARGIN, steps_per_day=2, retail=retail(fatigue=0.3)), draws)
    # the second step looks at the day so far, the third is a new day
    expected = np.array([0.4, 10 * (1 - 0.96 * 0.98), 0.2 * np.exp(-0.3)]) / 2 * BN
    assert half_days.retail_usd[:, 0] == pytest.approx(expected)
