"""Own limits of the reference against sums by hand, and each mechanism alone."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from stress.reference.result import simulate
from stress.reference.state import CAUSES
from tiny import BN, falls, make_draws, single
from twin_alone import ALONE, SETTINGS, base_of, without
from twin_books import moves, several_books, two_assets, with_overlay

SQUARE_ROOT = {"law": "square_root"}
NO_MARGIN = {"has_margin": False}
SIGMA = 0.16 / np.sqrt(252.0)  # daily volatility of the one asset of `single`
INF = np.inf


def f(participation: float) -> float:
    """The square-root law with Y = 1 of `single`, by hand."""
    return float(np.copysign(SIGMA * (np.sqrt(abs(participation) + 1e-4) - np.sqrt(1e-4)), participation))


# -- leverage target ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("move", "two_way", "acts"),
    [(-0.01, True, False), (-0.02, False, True), (0.05, False, False), (0.05, True, True), (-0.25, True, False)],
)
def test_leverage_target_acts_outside_its_band(move: float, two_way: bool, acts: bool) -> None:
    funds = NO_MARGIN | {"leverage_target": 4.0, "two_way": two_way}
    result = simulate(single(steps=1, funds=funds), falls(move))
    value, equity = 4 * (1 + move), 1 + 4 * move
    k = 4 * equity / value if acts else 1.0
    assert result.k[0, 0, 0] == pytest.approx(k)
    assert result.forced_sales_usd[0, 0] == pytest.approx(max(0, 1 - k) * value * BN)
    assert result.built_usd_step[0, 0, 0] == pytest.approx(max(0, k - 1) * value * BN)


def test_what_is_built_is_paid_at_the_execution_price() -> None:
    funds = NO_MARGIN | {"leverage_target": 4.0, "two_way": True}
    result = simulate(single(steps=1, funds=funds, impact=SQUARE_ROOT), falls(0.05))
    bought = 4.8 / 4.2 - 1
    rise = 1.05 * np.exp(f(4 * bought)) - 1.05
    assert result.price[0, 0, 0] == pytest.approx(1.05 + rise, rel=1e-13)
    assert result.forced_flow_usd[0, 0, 0] == pytest.approx(4 * bought * BN)
    assert result.equity[0, 0, 0] == pytest.approx(1.2 + 4 * rise * (1 + bought / 2), rel=1e-13)
    parts = dict(zip(CAUSES, result.attribution[:, 0, 0], strict=True))
    assert parts["own_impact"] == pytest.approx(4 * rise)
    assert parts["execution_shortfall"] == pytest.approx(4 * rise * bought / 2)
    assert parts["others_impact"] == pytest.approx(0, abs=1e-15)


def test_participation_cap_counts_what_is_built() -> None:
    funds = NO_MARGIN | {"leverage_target": 4.0, "two_way": True}
    result = simulate(single(steps=2, funds=funds, cascade={"max_participation": 0.25}), falls(0.05, 0.0))
    assert result.k[:, 0, 0] == pytest.approx([1.0625, 1.125])


def test_no_building_while_brokers_sell() -> None:
    funds = {"leverage_target": 4.0, "two_way": True, "leverage_band": 0.2, "hike_level": 1.2, "hike_size": 1.0}
    result = simulate(single(steps=2, funds=funds), falls(-0.03, 0.15))
    # q = (4.462 / 1.462) / 4 = 0.763, but the requirement is 0.4 x 4.462
    assert result.k[1, 0, 0] == pytest.approx(1.462 / (1.05 * 0.4 * 4.462))
    free = simulate(single(steps=2, funds=funds | {"hike_size": 0.0}), falls(-0.03, 0.15))
    assert free.k[1, 0, 0] == pytest.approx(4 * 1.462 / 4.462)


def test_a_book_that_sells_by_itself_does_not_build() -> None:
    points = {"ladder_drawdown": np.array([[INF], [0.1]]), "ladder_cut": np.array([[0.0], [0.3]])}
    books = several_books(6.0, 2.0, shapes=[[1.0], [-1.0]], **points)
    funds = NO_MARGIN | {"leverage_target": 8.0, "two_way": True}
    result = simulate(single(steps=1, funds=funds, books=books), falls(0.05))
    # the short loses 0.1 and cuts to 0.7; gross 8.4 on equity 1.2 is below the target 8 x 1.2
    assert result.k[0, :, 0] == pytest.approx([9.6 / 8.4, 0.7])


def test_replay_of_august_2007() -> None:
    days = (-0.0116, -0.0283, -0.0286, 0.0592)
    problem = two_assets(
        NO_MARGIN | {"leverage_target": 8.0, "leverage_band": 0.0, "two_way": True},
        books={"size": 8 * BN, "shapes": np.array([[0.5, -0.5]])},
        steps=4,
    )
    result = simulate(problem, moves(*((day / 2, -day / 2) for day in days)))
    equity = np.append(1.0, result.equity[:, 0, 0])
    assert equity[1:] / equity[:-1] - 1 == pytest.approx([-0.0464, -0.1132, -0.1144, 0.2368], rel=1e-12)
    assert equity[1:] == pytest.approx([0.9536, 0.8457, 0.7489, 0.9263], abs=5e-5)
    assert result.gross[:, 0, 0] == pytest.approx(8.0)
    assert result.built_usd_step[:3, 0, 0].tolist() == [0.0, 0.0, 0.0]
    assert result.built_usd_step[3, 0, 0] > 0


# -- volatility target ----------------------------------------------------------------------------------------------


def test_volatility_target_closes_part_of_the_gap_each_step() -> None:
    books = {"vol_ceiling": 1.25, "start_vol": 0.16}
    result = simulate(single(funds=NO_MARGIN, books=books), falls(-0.06, 0.0, 0.0))
    u = 0.97 + 0.03 * 0.06**2 * 252 / 0.16**2
    assert result.pnl_variance[:, 0, 0] == pytest.approx([u, 0.97 * u, 0.97**2 * u])
    second = 1 - 0.3 * (1 - 1.25 / np.sqrt(u))
    third = second * (1 - 0.3 * (1 - 1.25 / np.sqrt(0.97 * u) / second))
    assert result.k[:, 0, 0] == pytest.approx([1.0, second, third])
    calm = simulate(single(funds=NO_MARGIN, books=books), falls(-0.03, 0.0, 0.0))
    assert calm.k[:, 0, 0].tolist() == [1.0, 1.0, 1.0]


def test_volatility_of_a_book_is_that_of_its_pnl_over_its_gross() -> None:
    books = {"size": 7 * BN, "shapes": np.array([[4.0, -3.0]]) / 7, "start_vol": 0.1, "vol_ceiling": 1e9}
    problem = two_assets(NO_MARGIN, books=books, steps=2, steps_per_day=2)
    result = simulate(problem, moves((-0.04, 0.01), (0.02, 0.03)))
    decay, u = 0.97**0.5, 1.0
    for pnl, gross in ((-0.16 - 0.03, 7.0), (3.84 * 0.02 - 3.03 * 0.03, 3.84 + 3.03)):
        u = decay * u + (1 - decay) * 2 * (pnl / gross) ** 2 * 252 / 0.1**2
    assert result.pnl_variance[1, 0, 0] == pytest.approx(u)


# -- overlay --------------------------------------------------------------------------------------------------------


def hedged(loss: list[float], held: list[float], **overrides: Any) -> Any:
    """`single` with a short overlay of 2 bn at its largest."""
    return with_overlay(single(**overrides), 0, [-1.0], 2.0, loss, held)


def test_overlay_follows_the_loss_up_and_never_down() -> None:
    result = simulate(hedged([0.1, 0.3], [0.0, 1.0], funds=NO_MARGIN), falls(-0.05, 0.05, -0.10))
    assert result.k[:, 1, 0] == pytest.approx([0.5, 0.5, 1.0])
    assert result.overlay_done[:, 1, 0] == pytest.approx([0.5, 0.5, 1.0])
    assert result.gross[0, 0, 0] == pytest.approx((3.8 + 0.95) / 0.8)
    assert result.net[0, 0, 0] == pytest.approx((3.8 - 0.95) / 0.8)
    equity = np.array([0.8, 0.8 + 3 * 0.0475, 0.9425 - 3 * 0.09975])
    assert result.equity[:, 0, 0] == pytest.approx(equity)
    assert result.built_usd_step[:, 0, 0] == pytest.approx(np.array([0.95, 0.0, 0.89775]) * BN)
    assert result.forced_flow_usd[:, 0, 0] == pytest.approx(np.array([-1.0, 0.0, -1.0]) * BN)
    assert result.forced_sales_usd[0, 0] == 0.0
    assert result.loss_static[0, 0] == pytest.approx(4 * (1 - 0.89775))


@pytest.mark.parametrize(("fall", "held"), [(0.02, 0.0), (0.025, 0.4), (0.0375, 0.7), (0.1, 1.0)])
def test_overlay_starts_at_its_first_point(fall: float, held: float) -> None:
    result = simulate(hedged([0.1 - 1e-12, 0.2], [0.4, 1.0], steps=1, funds=NO_MARGIN), falls(-fall))
    assert result.k[0, 1, 0] == pytest.approx(held)


def test_overlay_cut_by_brokers_is_not_rebuilt() -> None:
    result = simulate(hedged([0.1, 0.3], [0.0, 1.0]), falls(-0.05, 0.0, 0.0))
    # built in round 1 the overlay makes a requirement of 0.76 + 0.19 on equity 0.8: a call in round 2
    left = 0.8 / (1.05 * 0.95)
    assert result.rounds[:, 0].tolist() == [2, 0, 0]
    assert result.k[:, 1, 0] == pytest.approx([0.5 * left] * 3)
    assert result.k[:, 0, 0] == pytest.approx([left] * 3)
    assert result.overlay_done[:, 1, 0] == pytest.approx([0.5] * 3)


def test_overlay_under_the_participation_cap_goes_on_the_next_day() -> None:
    problem = hedged([0.1, 0.3], [0.0, 1.0], funds=NO_MARGIN, cascade={"max_participation": 0.4})
    result = simulate(problem, falls(-0.05, 0.0, 0.0))
    assert result.k[:, 1, 0] == pytest.approx([0.2, 0.4, 0.5])
    assert result.overlay_done[:, 1, 0] == pytest.approx([0.2, 0.4, 0.5])


def test_leverage_target_cuts_overlays_but_never_builds_them() -> None:
    funds = NO_MARGIN | {"leverage_target": 4.0, "two_way": True}
    problem = hedged([0.1 - 1e-12, 0.3], [0.5, 1.0], steps=4, funds=funds)
    result = simulate(problem, falls(-0.025, 0.0, 0.0, 0.10))
    # first day: the target cuts 3.9 to 3.6, and who is above it builds nothing; then half of 1.95 is built, and cut
    assert result.k[0, :, 0] == pytest.approx([3.6 / 3.9, 0.0])
    assert result.k[1, :, 0] == pytest.approx([3.6 / 3.9, 0.5])
    left = 3.6 / (3.6 + 0.975)
    assert result.k[2, :, 0] == pytest.approx([3.6 / 3.9 * left, 0.5 * left])
    up = 4 * (0.9 + 0.1 * (3.6 - 0.975) * left) / (1.1 * 3.6)  # from a gross of 3.6 before the rise
    assert up > 1
    assert result.k[3, 0, 0] == pytest.approx(3.6 / 3.9 * left * up)
    assert result.k[3, 1, 0] == pytest.approx(0.5 * left)


def test_closeout_takes_overlays_and_no_fund_in_default_builds() -> None:
    result = simulate(hedged([0.1], [1.0], funds=NO_MARGIN), falls(-0.10, -0.2, -0.2))
    # net 3.6 - 1.8 = 1.8 on equity 0.6, which loses 0.36; then 0.288 more
    assert result.defaulted[0, 0]
    assert result.k[:, 1, 0] == pytest.approx([1.0, 1.0, 1.0])
    later = simulate(hedged([0.1], [1.0], steps=4, funds=NO_MARGIN), falls(-0.10, -0.2, -0.2, 0.0))
    assert later.k[3, :, 0] == pytest.approx([1 - 0.25 / 6] * 2)


# -- each mechanism alone -------------------------------------------------------------------------------------------


@cache
def plain_loss(like: str) -> Any:
    problem = without(like)
    return simulate(problem, make_draws(problem, 64, 3, problem.shocks.scale)).group_loss[-1]


@pytest.mark.parametrize("name", [name for name, _ in ALONE])
def test_each_mechanism_alone_acts(name: str) -> None:
    problem = dict(ALONE)[name]()
    draws = make_draws(problem, 64, 3, problem.shocks.scale)
    assert (simulate(replace(problem, steps=1), 0 * draws[:1, :, :1]).first_call_step == 0).all()
    like = next(other for other in SETTINGS if base_of(other) == base_of(name))  # many share one problem without
    assert (np.abs(simulate(problem, draws).group_loss[-1] - plain_loss(like)) > 1e-9).sum() >= 24
