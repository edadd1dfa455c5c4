from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flat import limits_of
from scenario_example import example, full_example, problem_of
from stress.scenarios.problem import Problem
from stress.scenarios.start import start_table

LONGS = 4  # the example's second fund, after the four tiers of the first


def test_by_hand() -> None:
    problem = problem_of(example())
    table = start_table(problem)
    assert table.members == ("quant_t1", "quant_t2", "quant_t3", "quant_t4", "longs")
    assert table.types == ("quant", "quant", "quant", "quant", "longs")
    assert table.nav.tolist() == pytest.approx([3e9, 4.5e9, 2e9, 0.5e9, 2e9])
    assert table.has_margin.all()
    assert table.gross[4] == pytest.approx(1.6)
    assert table.net[4] == pytest.approx(1.6)
    assert table.requirement[4] == pytest.approx(1.6 * 0.15)
    assert table.adverse_move[4] == pytest.approx((1 - 0.24) / (1.6 - 0.24))
    assert table.liquidation_days[4] == pytest.approx(2.4e9 / (0.25 * 70e9))
    assert table.slowest_asset[4] == "semis"
    assert table.gross[1] == pytest.approx(3.0)
    assert table.net[1] == pytest.approx(0.5)
    longs, shorts = 1.75 / 2.5, 1.25 / 1.1
    needed = 0.14 * (longs + 0.6 * shorts + 0.5 * shorts) + 0.03 * 1.5 * longs
    assert table.requirement[1] == pytest.approx(needed)


@pytest.mark.parametrize(("initial", "maintenance"), [(0.5, 0.25), (0.5, 0.3), (0.3, 0.15)])
def test_long_only_is_the_textbook_formula(initial: float, maintenance: float) -> None:
    document = example()
    document["funds"][1]["positions"] = {"semis": 1 / initial}
    document["assets"][0]["margin"] = maintenance
    table = start_table(problem_of(document))
    assert table.adverse_move[LONGS] == pytest.approx(1 - (1 - initial) / (1 - maintenance))


def _requirement_and_equity(problem: Problem, member: int, move: float) -> tuple[float, float]:
    """Haircut or portfolio margin of one member after the move, line by line, by loops; overlays hold nothing."""
    funds, needed, equity = problem.funds, 0.0, float(problem.funds.nav[member])
    net, gross = np.zeros(len(problem.assets.ids)), 0.0
    lines = list(zip(funds.line_share[member], funds.rate_factor[member], strict=True))
    for book in np.flatnonzero((problem.books.fund_of == member) & ~limits_of(problem).overlay):
        position = problem.books.shapes[problem.books.shape_of[book]] * problem.books.size[book]
        after = np.where(position > 0, max(1 - move, 0.0), 1 + move) * position
        for share, factor in lines:
            rates = factor * funds.rates[member]
            needed += share * float((np.where(position > 0, np.minimum(rates, 1.0), rates) * np.abs(after)).sum())
        equity += float((after - position).sum())
        net, gross = net + after, gross + float(np.abs(after).sum())
    if funds.portfolio[member]:
        worst = max(0.0, *(-float((case * net).sum()) for case in funds.portfolio_moves[member]))
        needed = max(worst, funds.portfolio_floor[member] * gross) * sum(share * factor for share, factor in lines)
    return needed, equity


@given(st.floats(0.5, 4.0), st.floats(-0.5, 0.5), st.integers(0, 4))
def test_equity_meets_the_requirement_at_the_call(gross: float, tilt: float, member: int) -> None:
    problem = problem_of(example(), f"funds.quant.gross={gross}", f"funds.quant.net={gross * tilt}")
    table = start_table(problem)
    row = table.members.index(problem.funds.ids[member])
    needed, equity = _requirement_and_equity(problem, member, float(table.adverse_move[row]))
    assert equity == pytest.approx(needed, rel=1e-9, abs=1e-3)
    needed, equity = _requirement_and_equity(problem, member, 0.0)
    assert table.requirement[row] == pytest.approx(needed / equity)


@given(st.floats(0.1, 3.0), st.floats(0.0, 0.2), st.floats(0.5, 1.5), st.integers(0, 12))
def test_equity_meets_the_requirement_under_every_mechanism(
    gross: float, floor: float, factor: float, member: int
) -> None:
    overrides = (f"funds.macro.gross={gross}", f"funds.macro.margin.floor={floor}")
    problem = problem_of(full_example(), *overrides, f"prime_brokers.pb_a.rate_factor={factor}")
    table = start_table(problem)
    assert len(table.members) == 13
    row = table.members.index(problem.funds.ids[member])
    if np.isfinite(table.adverse_move[row]):
        needed, equity = _requirement_and_equity(problem, member, float(table.adverse_move[row]))
        assert equity == pytest.approx(needed, rel=1e-9, abs=1e-3)
    needed, equity = _requirement_and_equity(problem, member, 0.0)
    assert table.requirement[row] == pytest.approx(needed / equity)


def test_a_fund_that_can_lose_all_its_longs_is_never_called() -> None:
    document = example()
    document["funds"][1]["positions"] = {"semis": 0.9}
    table = start_table(problem_of(document))
    assert np.isinf(table.adverse_move[LONGS])
    assert np.isfinite(table.adverse_move[:LONGS]).all()


def test_without_margin_there_is_no_call() -> None:
    document = example(margin=None)
    del document["funds"][0]["margin"]
    table = start_table(problem_of(document))
    assert np.isinf(table.adverse_move).all()
    assert not table.requirement.any()


def test_days_of_volume() -> None:
    problem = problem_of(example())
    table = start_table(problem)
    positions = problem.books.shapes[problem.books.shape_of] * problem.books.size[:, None]
    np.testing.assert_allclose(table.held_usd, np.abs(positions).sum(axis=0))
    np.testing.assert_allclose(table.held_days, np.abs(positions).sum(axis=0) / problem.assets.adv)
    assert table.assets == problem.assets.ids


def test_books_that_offset_each_other_need_no_trading() -> None:
    document = example()
    document["funds"][1] = {
        "id": "longs",
        "nav": 1e9,
        "books": [{"id": "a", "positions": {"semis": 0.5}}, {"id": "b", "positions": {"semis": -0.5}}],
    }
    table = start_table(problem_of(document))
    assert table.gross[LONGS] == pytest.approx(1.0)
    assert table.liquidation_days[LONGS] == 0.0
    assert table.slowest_asset[LONGS] == ""
