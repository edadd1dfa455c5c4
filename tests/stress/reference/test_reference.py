"""The reference against sums by hand."""

from __future__ import annotations

import numpy as np
import pytest

from stress.reference.result import drawdown, simulate
from stress.reference.state import CAUSES
from tiny import BN, INF, falls, single
from twin_books import several_books

SQUARE_ROOT = {"law": "square_root"}
NO_MARGIN = {"has_margin": False}
SIGMA = 0.16 / np.sqrt(252.0)  # daily volatility of the one asset of `single`


def f(participation: float, g: float = 1.0) -> float:
    """The square-root law with Y = 1 of `single`, by hand."""
    size = SIGMA * (np.sqrt(abs(participation) / g + 1e-4) - np.sqrt(1e-4))
    return float(np.copysign(size, participation))


def ladder(*points: tuple[float, float]) -> dict[str, np.ndarray]:
    return {
        "ladder_drawdown": np.array([[drawdown for drawdown, _ in points]]),
        "ladder_cut": np.array([[cut for _, cut in points]]),
    }


# -- margin calls ---------------------------------------------------------------------------------------------------


def test_margin_call_sells_to_the_buffer() -> None:
    result = simulate(single(), falls(-0.10, 0.0, -0.05))
    # E = 0.6, X = 3.6, M = 0.72: the fund keeps k so that 0.6 = 1.05 x 0.2 x 3.6 k
    kept = 0.6 / (1.05 * 0.72)
    assert result.k[0, 0, 0] == pytest.approx(kept, rel=1e-14)
    assert result.called_usd[0, 0] == pytest.approx((0.12 + 0.19 * 3.6 * kept - (0.6 - 0.18 * kept)) * BN, rel=1e-12)
    assert result.forced_sales_step_usd[:, 0, 0] == pytest.approx([(1 - kept) * 3.6 * BN, 0.0, result_last(kept)])
    assert result.first_call_step[0, 0] == 1
    assert result.equity[:, 0, 0] == pytest.approx([0.6, 0.6, 0.6 - 0.05 * 3.6 * kept], rel=1e-12)
    assert result.rounds[:, 0].tolist() == [1, 0, 1]
    assert result.gross[1, 0, 0] == pytest.approx(1.0 / (1.05 * 0.2), rel=1e-12)
    assert result.loss_static[0, 0] == pytest.approx(4 * (1 - 0.9 * 0.95), rel=1e-12)


def result_last(kept: float) -> float:
    """Sales of the second call: positions 0.95 x 3.6 k against what the equity left carries."""
    positions, equity = 0.95 * 3.6 * kept, 0.6 - 0.05 * 3.6 * kept
    return (positions - equity / (1.05 * 0.2)) * BN


@pytest.mark.parametrize(("fall", "called"), [(0.0624, False), (0.0626, True)])
def test_first_call_comes_where_the_start_table_says(fall: float, called: bool) -> None:
    # 1 - 4 x = 0.2 x 4 (1 - x) at x = 1/16
    result = simulate(single(steps=1), falls(-fall))
    assert bool(result.first_call_step[0, 0] == 1) is called
    assert bool(result.forced_sales_usd[0, 0] > 0) is called


def test_grace_step_delays_the_sale_and_the_call_may_lapse() -> None:
    late = simulate(single(funds={"grace_steps": 1}), falls(-0.10, 0.0, 0.0))
    assert late.k[:, 0, 0] == pytest.approx([1.0, 0.6 / 0.756, 0.6 / 0.756])
    assert late.open_call[:, 0, 0].tolist() == [True, True, False]
    later = simulate(single(funds={"grace_steps": 2}), falls(-0.10, 0.0, 0.0))
    assert later.k[:, 0, 0] == pytest.approx([1.0, 1.0, 0.6 / 0.756])
    cured = simulate(single(funds={"grace_steps": 1}), falls(-0.10, 1 / 0.9 - 1, -0.08))
    assert cured.k[:, 0, 0].tolist() == [1.0, 1.0, 1.0]
    # two calls: 0.72 - 0.6 and 0.2 x 3.68 - 0.68
    assert cured.called_usd[0, 0] == pytest.approx((0.12 + 0.056) * BN)
    assert cured.first_call_step[0, 0] == 1


def test_called_amount_is_the_largest_deficit_of_one_call() -> None:
    result = simulate(single(funds={"grace_steps": 9}), falls(-0.10, -0.02, 0.01))
    assert result.called_usd[0, 0] == pytest.approx((0.2 * 4 * 0.882 - (1 - 4 * 0.118)) * BN)


def test_procyclical_multiplier_its_cap_and_the_lockup() -> None:
    draws = falls(-0.05, 0.0)
    variance = 0.94 + 0.06 * np.log(0.95) ** 2 / SIGMA**2
    free = simulate(single(steps=2, funds={"procyclicality": 0.7, "margin_cap": 9.0}), draws)
    assert free.variance_ratio[0, 0, 0] == pytest.approx(variance, rel=1e-12)
    assert free.called_usd[0, 0] == pytest.approx((0.2 * variance**0.35 * 3.8 - 0.8) * BN)
    assert free.first_call_step[0, 0] == 2
    capped = simulate(single(steps=2, funds={"procyclicality": 1.0, "margin_cap": 1.5}), draws)
    assert capped.called_usd[0, 0] == pytest.approx((0.3 * 3.8 - 0.8) * BN)
    locked = simulate(single(steps=2, funds={"procyclicality": 1.0, "margin_cap": 1.5, "lockup_steps": 2}), draws)
    assert locked.called_usd[0, 0] == 0.0


@pytest.mark.parametrize("rate", [0.9, 1.0, 1.5])
def test_long_only_below_leverage_one_is_never_sold(rate: float) -> None:
    # just under 1, as at 1 the call would hang on the last bit of E against M
    problem = single(funds={"rates": rate}, books={"size": 0.999 * BN}, impact=SQUARE_ROOT)
    result = simulate(problem, falls(-0.5, -0.5, -0.5))
    assert result.forced_sales_usd[0, 0] == 0.0
    assert result.called_usd[0, 0] == 0.0


def test_rate_above_one_binds_a_short() -> None:
    short = single(funds={"rates": 1.5}, books={"size": 0.6 * BN, "shapes": -1.0})
    result = simulate(short, falls(0.10, 0.0, 0.0))
    # E = 0.94, M = 1.5 x 0.66
    assert result.called_usd[0, 0] == pytest.approx((0.99 - 0.94) * BN)
    assert result.k[0, 0, 0] == pytest.approx(0.94 / (1.05 * 0.99))
    assert result.forced_flow_usd[0, 0, 0] == pytest.approx(0.6 * BN * (1 - 0.94 / (1.05 * 0.99)))
    assert result.net[0, 0, 0] == pytest.approx(-result.gross[0, 0, 0])


# -- leverage limit, ladder -----------------------------------------------------------------------------------------


def test_leverage_limit_sells_to_its_target() -> None:
    funds = {"has_margin": False, "max_leverage": 5.0, "target_leverage": 4.5}
    result = simulate(single(funds=funds), falls(-0.10, 0.0, 0.0))
    assert result.k[:, 0, 0] == pytest.approx([0.75, 0.75, 0.75])
    assert result.gross[0, 0, 0] == pytest.approx(4.5)
    assert result.first_call_step[0, 0] == 0


def test_ladder_is_a_ceiling_measured_from_the_peak() -> None:
    problem = single(steps=4, funds=NO_MARGIN, books=ladder((0.2, 0.0), (0.4, 0.5)))
    result = simulate(problem, falls(0.05, -0.075, 0.0, -0.20))
    # peak 1.2; the fall of 7.5 % from 4.2 loses 0.315: cut (0.115 / 0.2) x 0.5
    assert result.k[:3, 0, 0] == pytest.approx([1.0, 1 - 0.2875, 1 - 0.2875])
    assert result.k[3, 0, 0] == pytest.approx(0.5)  # the last cut holds beyond the last point
    assert result.max_drawdown[0, 0] == pytest.approx((1.2 - result.equity[-1, 0, 0]) / 1.2)


def test_ladder_on_the_fund_reads_the_funds_equity() -> None:
    steps = ladder((0.1, 0.4))
    books = several_books(
        2.0,
        2.0,
        shapes=[[1.0], [-1.0]],
        capital=np.array([1.0, 0.5]) * BN,
        ladder_on_fund=np.array([True, False]),
        ladder_drawdown=np.vstack([steps["ladder_drawdown"]] * 2),
        ladder_cut=np.vstack([steps["ladder_cut"]] * 2),
    )
    result = simulate(single(funds=NO_MARGIN, books=books), falls(0.06, 0.0, 0.0))
    # the fund is flat: only the short book, which lost 0.12 of its capital 0.5, is cut
    assert result.k[0, :, 0] == pytest.approx([1.0, 0.6])


def test_ladder_on_the_fund_falls_from_the_funds_peak() -> None:
    problem = single(funds=NO_MARGIN, books=ladder((0.15, 0.4)) | {"ladder_on_fund": True})
    result = simulate(problem, falls(0.05, -0.04, 0.0))
    # 1.2 at the peak, 1.2 - 0.168 after the fall
    assert result.k[:2, 0, 0] == pytest.approx([1.0, 0.6])


# -- impact, rebound, depth -----------------------------------------------------------------------------------------


def test_one_round_of_impact_and_its_execution_price() -> None:
    result = simulate(single(steps=1, impact=SQUARE_ROOT, cascade={"max_rounds": 1}), falls(-0.10))
    sold = 1 - 0.6 / (1.05 * 0.72)
    price = 0.9 * np.exp(f(-4 * sold))
    assert result.price[0, 0, 0] == pytest.approx(price, rel=1e-13)
    assert result.equity[0, 0, 0] == pytest.approx(0.6 + 4 * (price - 0.9) * (1 - sold / 2), rel=1e-13)
    assert result.forced_flow_usd[0, 0, 0] == pytest.approx(-4 * sold * BN, rel=1e-13)
    assert bool(result.at_round_limit[0])
    assert result.rounds[0, 0] == 1


def test_rounds_charge_the_cumulative_flow_once() -> None:
    result = simulate(single(steps=1, impact=SQUARE_ROOT), falls(-0.10))
    flow = result.forced_flow_usd[0, 0, 0] / BN
    assert result.rounds[0, 0] > 2
    assert not result.at_round_limit[0]
    assert result.price[0, 0, 0] == pytest.approx(0.9 * np.exp(f(flow)), rel=1e-13)
    assert result.recent_flow[0, 0, 0] == pytest.approx(flow, rel=1e-13)
    # what is left is back at the buffer
    equity, gross = result.equity[0, 0, 0], result.gross[0, 0, 0]
    assert equity / (0.2 * gross * equity) == pytest.approx(1.05, rel=1e-8)


def test_rebound_of_the_decayed_flow_at_the_depth_of_the_step_before() -> None:
    problem = single(
        funds=NO_MARGIN, books=ladder((0.3, 0.5)), impact=SQUARE_ROOT, liquidity={"evaporation": 1.2, "floor": 0.05}
    )
    result = simulate(problem, falls(-0.10, 0.0, 0.0))
    first = 0.9 * np.exp(f(-2.0))
    left = -2.0 * 2 ** (-1 / 5)
    second = first * np.exp((2 / 3) * (f(left) - f(-2.0)))
    assert result.price[:2, 0, 0] == pytest.approx([first, second], rel=1e-13)
    variance = 0.94 + 0.06 * np.log(first) ** 2 / SIGMA**2
    assert result.depth[:2, 0, 0] == pytest.approx([1.0, variance**-0.6], rel=1e-12)
    quarters = simulate(single(funds=NO_MARGIN, steps_per_day=4), falls(-0.10, 0.0, 0.0))
    decay = 0.94**0.25
    expected = decay + (1 - decay) * 4 * np.log(0.9) ** 2 / SIGMA**2
    assert quarters.variance_ratio[0, 0, 0] == pytest.approx(expected, rel=1e-12)
    # the third step gives back in proportion to F at the depth of the second, of what was charged at that of the first
    share = f(left * 2 ** (-1 / 5), variance**-0.6) / f(left, variance**-0.6)
    third = second * np.exp((2 / 3) * f(left) * (share - 1))
    assert result.price[2, 0, 0] == pytest.approx(third, rel=1e-13)
    assert result.attribution[CAUSES.index("rebound"), 0, 0] == pytest.approx(2 * (third - first), rel=1e-10)


def test_depth_falls_with_the_forced_flow_of_the_last_step_only() -> None:
    problem = single(
        funds=NO_MARGIN,
        books=ladder((0.3, 0.5)),
        liquidity={"flow_sensitivity": 0.5},
        retail={"per_percent": BN, "weights": 1.0},
    )
    result = simulate(problem, falls(-0.10, 0.0, 0.0))
    assert result.depth[:, 0, 0] == pytest.approx([1.0, np.exp(-0.5 * 2.0), 1.0])
    floored = simulate(single(funds=NO_MARGIN, liquidity={"evaporation": 9.0, "floor": 0.3}), falls(-0.10, 0.0, 0.0))
    assert floored.depth[1, 0, 0] == 0.3


def test_unknown_impact_law_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="cubic"):
        simulate(single(impact={"law": "cubic"}), falls(-0.1, 0.0, 0.0))


def test_drawdown_counts_the_start() -> None:
    assert drawdown(np.array([[0.8], [1.2], [0.9]]))[0] == pytest.approx(0.25)
    assert drawdown(np.array([[0.7], [1.2], [0.9]]))[0] == pytest.approx(0.3)


def test_draws_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        simulate(single(), np.zeros((2, 1, 1)))


def test_splitting_a_day_changes_nothing_without_decay() -> None:
    terms = {"impact": SQUARE_ROOT | {"half_life": INF}}
    day = simulate(single(steps=1, **terms), falls(-0.10))
    quarters = simulate(single(steps=4, steps_per_day=4, **terms), falls(-0.10, 0.0, 0.0, 0.0))
    assert quarters.equity[-1, 0, 0] == pytest.approx(day.equity[-1, 0, 0], rel=1e-12)
    assert quarters.price[-1, 0, 0] == pytest.approx(day.price[-1, 0, 0], rel=1e-12)
