"""Margin methods, concentration and the terms of brokers of a scenario, by hand."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from scenario_example import alone, full_example, problem_of, refused
from stress.scenarios.problem import Problem
from stress.scenarios.start import start_table

JAPAN, SEMIS = 1, 2

CASES: list[dict[str, Any]] = [{"equity": "-15 %"}, {"equity": "15 %", "semis": 0.3, "rates": "-2 %"}]


def portfolio(**more: Any) -> dict[str, Any]:
    return {"method": "portfolio", "scenarios": CASES} | more


def test_portfolio_moves_by_asset_over_class() -> None:
    funds = problem_of(alone({"margin": portfolio(floor="1 %")})).funds
    assert funds.portfolio.tolist() == [True]
    np.testing.assert_array_equal(funds.portfolio_moves, [[[-0.02, 0.15, 0.3], [0.0, -0.15, -0.15]]])
    assert funds.portfolio_floor.tolist() == [0.01]


def test_portfolio_requirement_at_the_start() -> None:
    long_only = start_table(problem_of(alone({"margin": portfolio()})))
    assert long_only.requirement[0] == pytest.approx(0.15 * 1.6)
    # semis against japan: case 1 loses 0.15 (1.2 - 1.0), case 2 gains 0.3 * 1.2 - 0.15
    hedged = {"positions": {"semis": 1.2, "japan": -1.0}}
    assert start_table(problem_of(alone(hedged | {"margin": portfolio()}))).requirement[0] == pytest.approx(0.03)
    floored = start_table(problem_of(alone(hedged | {"margin": portfolio(floor=0.05)})))
    assert floored.requirement[0] == pytest.approx(0.05 * 2.2)


def test_other_members_and_fewer_cases_are_padded_with_zeros() -> None:
    document = full_example()
    document["funds"][1]["margin"] = {"method": "portfolio", "scenarios": [{"semis": -0.1}]}
    funds = problem_of(document).funds
    longs, macro, quant = (funds.ids.index(name) for name in ("longs", "macro", "quant_t1"))
    assert funds.portfolio_moves.shape == (len(funds.ids), 3, 3)
    np.testing.assert_array_equal(funds.portfolio_moves[longs], [[0, 0, -0.1], [0, 0, 0], [0, 0, 0]])
    assert funds.portfolio_moves[macro].any(axis=1).all()
    assert not funds.portfolio_moves[quant].any()
    assert funds.portfolio.sum() == 2


def test_no_margin_rate_is_needed_on_portfolio_margin() -> None:
    document = alone({"margin": portfolio()})
    del document["assets"][0]["margin"]
    assert problem_of(document).funds.rates[0].tolist() == [0.03, 0.15, 0.0]
    document["funds"][0]["margin"]["method"] = "haircut"
    del document["funds"][0]["margin"]["scenarios"]
    refused(document, "assets.semis.margin", "is missing")


@pytest.mark.parametrize("shift", [0.0, 0.03])
def test_the_move_to_the_first_call_on_portfolio_margin(shift: float) -> None:
    # long 3, short 1.5 of another equity asset, both moved by 15 % alike: M = 0.15 (3 (1 - x) - 1.5 (1 + x))
    # on the way down, E = 1 - 4.5 x
    table = {"positions": {"semis": 3.0, "japan": -1.5}, "margin": portfolio(scenarios=[{"equity": -0.15}])}
    table["margin"]["floor"] = shift
    found = start_table(problem_of(alone(table))).adverse_move[0]
    worst = (1 - 0.15 * 1.5) / (4.5 - 0.15 * 4.5)
    floored = (1 - shift * 4.5) / (4.5 - shift * 1.5)
    assert found == pytest.approx(min(worst, floored), rel=1e-12)


def test_shorts_may_be_called_after_longs_are_worthless_or_never() -> None:
    short = {"positions": {"semis": 0.3, "japan": -0.2}, "margin": portfolio(scenarios=[{"japan": 0.1}])}
    # E = 1 - 0.3 - 0.2 x = M = 0.02 (1 + x)
    assert start_table(problem_of(alone(short))).adverse_move[0] == pytest.approx(0.68 / 0.22)
    long = {"positions": {"semis": 0.5}, "margin": portfolio()}
    assert math.isinf(start_table(problem_of(alone(long))).adverse_move[0])


@pytest.mark.parametrize(
    ("margin", "key", "phrase"),
    [
        ({"method": "portfolio"}, "margin.scenarios", "longs is on portfolio margin"),
        ({"method": "portfolio", "scenarios": []}, "funds.longs.margin.scenarios", "longs is on portfolio margin"),
        (portfolio(scenarios=[{}]), "funds.longs.margin.scenarios[0]", "moves nothing"),
        (
            portfolio(scenarios=[CASES[0], {"semis": -1}]),
            "funds.longs.margin.scenarios[1].semis",
            "outside [-0.9999, 5]",
        ),
        (portfolio(scenarios=[{"semis": 10.1}]), "funds.longs.margin.scenarios[0].semis", "outside [-0.9999, 5]"),
        (portfolio(scenarios=[{"chips": 0.1}]), "funds.longs.margin.scenarios[0].chips", "neither an asset nor"),
        (portfolio(floor=-0.1), "funds.longs.margin.floor", "0 or more"),
        ({"scenarios": CASES}, "funds.longs.margin.scenarios", 'together with method = "portfolio"'),
        ({"floor": 0.1}, "funds.longs.margin.floor", 'together with method = "portfolio"'),
        (portfolio(concentration={"per_day": 0.1}), "funds.longs.margin.concentration", 'method = "haircut"'),
        ({"concentration": {"per_day": 0.1, "days": 3}}, "funds.longs.margin.concentration.days", "unknown key"),
        ({"concentration": {"above_days": 3}}, "funds.longs.margin.concentration.per_day", "is missing"),
        ({"hike": {"level": 0, "size": 0.2}}, "funds.longs.margin.hike.level", "greater than 0"),
        ({"hike": {"level": 2, "size": 0}}, "funds.longs.margin.hike.size", "greater than 0"),
    ],
)
def test_broken_margin(margin: dict[str, Any], key: str, phrase: str) -> None:
    refused(alone({"margin": margin}), key, phrase)


def test_common_scenarios_need_some_fund_on_portfolio_margin() -> None:
    document = alone(margin={"scenarios": CASES})
    refused(document, "margin.scenarios", "nothing reads it")
    document["margin"]["method"] = "none"  # all margin off: the rest may stay
    assert not problem_of(document).funds.has_margin.any()
    document["margin"]["method"] = "portfolio"
    assert problem_of(document).funds.portfolio.all()


def test_concentration_adds_to_the_rate_by_days_of_volume() -> None:
    # semis: 2.4 bn of 1 bn a day; japan: 0.8 bn of 30 bn a day
    margin = {"concentration": {"per_day": "2 %", "above_days": 0.9}}
    document = alone({"margin": margin})
    document["assets"][0]["adv"] = 1e9
    problem = problem_of(document)
    np.testing.assert_allclose(problem.funds.rates, [[0.03, 0.15, 0.15 + 0.02 * 1.5]])
    assert start_table(problem).requirement[0] == pytest.approx(0.18 * 1.2 + 0.15 * 0.4)


def test_concentration_is_a_member_s_and_net_over_its_books() -> None:
    books = [{"id": "a", "positions": {"semis": 1.0}}, {"id": "b", "positions": {"semis": -0.4, "japan": 0.3}}]
    document = alone({"books": books, "count": 2, "leverage_spread": 0.5})
    del document["funds"][0]["positions"]
    document["margin"] = {"concentration": {"per_day": 0.1}}
    document["assets"][0]["adv"] = 1e9
    rates = problem_of(document).funds.rates
    # each member has 1 bn: net 0.6 bn times 0.5 and 1.5 of semis
    np.testing.assert_allclose(rates[:, SEMIS], [0.15 + 0.1 * 0.3, 0.15 + 0.1 * 0.9])
    np.testing.assert_allclose(rates[:, JAPAN], [0.15 + 0.1 * 0.3 * 0.5 / 30, 0.15 + 0.1 * 0.3 * 1.5 / 30])


def test_the_highest_feasible_gross_knows_concentration() -> None:
    # a gross of 0.75 g semis: r = 0.15 + 0.01 days, days = 1.5 g bn / 0.5 bn a day: 0.15 g + 0.0225 g^2 = 1
    document = alone({"gross": 10.0, "margin": {"concentration": {"per_day": "1 %"}}})
    document["assets"][0]["adv"], document["assets"][2]["adv"] = 0.5e9, 1e30
    error = refused(document, "funds.longs.gross", "starts in a margin call")
    highest = float(re.findall(r"a gross of ([0-9.]+)", error.allowed)[0])
    exact = (-0.15 + math.sqrt(0.15**2 + 4 * 0.0225)) / (2 * 0.0225)
    assert highest == pytest.approx(math.floor(exact * 1e4) / 1e4)
    assert start_table(problem_of(document, f"funds.longs.gross={highest}")).requirement[0] == pytest.approx(
        1.0, abs=1e-4
    )


def brokers_example(**terms: Any) -> Problem:
    document = alone({"prime_brokers": {"pb_b": 0.5, "pb_a": 0.3, "pb_c": 0.2}})
    document["margin"] = {"procyclicality": 0.5, "hike": {"level": 2.0, "size": 0.25}}
    return problem_of(document | {"prime_brokers": terms})


def test_a_broker_overrides_the_fund_for_its_part() -> None:
    problem = brokers_example(
        pb_b={"rate_factor": 1.5, "procyclicality": 0.0, "hike": {"level": 1.2, "size": 1.0}},
        pb_c={"cap": 3.0},
    )
    funds = problem.funds
    np.testing.assert_allclose(funds.line_share, [[0.3, 0.5, 0.2, 0.0]])
    assert funds.rate_factor.tolist() == [[1.0, 1.5, 1.0, 1.0]]
    assert funds.procyclicality.tolist() == [[0.5, 0.0, 0.5, 0.5]]
    assert funds.margin_cap.tolist() == [[1.5, 1.0, 3.0, 1.5]]  # the default follows the procyclicality of the line
    assert funds.hike_level.tolist() == [[2.0, 1.2, 2.0, 2.0]]
    assert funds.hike_size.tolist() == [[0.25, 1.0, 0.25, 0.25]]
    # half of the fund at 1.5 times the rates
    assert start_table(problem).requirement[0] == pytest.approx(0.15 * 1.6 * 1.25)
    assert start_table(problem).adverse_move[0] == pytest.approx((1 - 0.3) / (1.6 - 0.3))


def test_without_hikes_the_level_is_never_reached() -> None:
    funds = problem_of(alone()).funds
    assert np.isinf(funds.hike_level).all()
    assert not funds.hike_size.any()
    assert funds.line_share.tolist() == [[1.0, 0.0]]


def test_a_hike_below_the_start_counts_at_the_start_unless_locked() -> None:
    document = alone(margin={"hike": {"level": 0.9, "size": 0.5}})
    assert start_table(problem_of(document)).requirement[0] == pytest.approx(1.5 * 0.24)
    assert start_table(problem_of(document, "margin.lockup_steps=3")).requirement[0] == pytest.approx(0.24)


def test_the_part_without_a_broker_is_the_last_line() -> None:
    document = alone()
    del document["funds"][0]["prime_brokers"]
    funds = problem_of(document).funds
    assert funds.line_share.tolist() == [[1.0]]
    assert funds.brokers == ()


def test_shares_that_sum_to_one_by_rounding_leave_no_line() -> None:
    shares = {"a": 0.1, "b": 0.2, "c": 0.7000004}
    funds = problem_of(alone({"prime_brokers": shares})).funds
    assert funds.line_share[0, 3] == 0.0
    assert funds.line_share.sum() == pytest.approx(1.0, abs=1e-15)


def test_a_broker_s_rates_on_longs_are_capped_line_by_line() -> None:
    document = alone({"positions": {"semis": 0.9}, "prime_brokers": {"a": 0.5, "b": 0.5}, "margin": {"rates": {}}})
    document["assets"][0]["margin"] = 0.6
    document["prime_brokers"] = {"a": {"rate_factor": 3.0}}
    table = start_table(problem_of(document))
    assert table.requirement[0] == pytest.approx(0.5 * 0.9 * 1.0 + 0.5 * 0.9 * 0.6)


@pytest.mark.parametrize(
    ("terms", "key", "phrase"),
    [
        ({"pb_x": {}}, "prime_brokers.pb_x", "finances no fund"),
        ({"pb_c": {"rate_factor": 0}}, "prime_brokers.pb_c.rate_factor", "greater than 0"),
        ({"pb_c": {"rate_factor": 11}}, "prime_brokers.pb_c.rate_factor", "10.0 or less"),
        ({"pb_c": {"rates": {}}}, "prime_brokers.pb_c.rates", "unknown key"),
        ({"pb_c": {"hike": {"level": 2}}}, "prime_brokers.pb_c.hike.size", "is missing"),
        ({"pb_c": {"cap": 0.5}}, "prime_brokers.pb_c.cap", "1 or more"),
    ],
)
def test_broken_broker_terms(terms: dict[str, Any], key: str, phrase: str) -> None:
    refused(alone(prime_brokers=terms), key, phrase)
