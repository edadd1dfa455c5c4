"""Own targets, overlays, priorities and impact laws of a scenario, by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from flat import limits_of
from scenario_example import alone, example, full_example, problem_of, refused
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import load_scenario
from stress.scenarios.start import start_table

SEMIS = 2


def test_a_target_without_a_limit_is_the_fund_s_own() -> None:
    problem = problem_of(alone({"triggers": {"target_leverage": 1.65, "band": 0.1, "two_way": True}}))
    funds = limits_of(problem)
    assert funds.leverage_target.tolist() == [1.65]
    assert (funds.leverage_band.tolist(), funds.two_way.tolist()) == ([0.1], [True])
    assert np.isinf(funds.max_leverage).all()


def test_own_targets_relative_to_the_start_of_each_member() -> None:
    tiers = {"count": 3, "leverage_spread": "50 %", "triggers": {"target_leverage": "1.02 x start"}}
    funds = limits_of(problem_of(alone(tiers)))
    np.testing.assert_allclose(funds.leverage_target, 1.02 * 1.6 * np.array([0.5, 1.0, 1.5]))
    assert funds.leverage_band.tolist() == [0.05] * 3
    assert not funds.two_way.any()


def test_with_a_limit_the_target_is_the_broker_s() -> None:
    limited = {"triggers": {"max_leverage": 2.0, "target_leverage": 1.8}}
    funds = limits_of(problem_of(alone(limited)))
    assert (funds.max_leverage[0], funds.target_leverage[0]) == (2.0, 1.8)
    assert np.isinf(funds.leverage_target).all()


def test_turning_a_common_limit_off_turns_its_target_off() -> None:
    common = {"max_leverage": 2.0, "target_leverage": 1.7}
    funds = limits_of(problem_of(alone({"triggers": {"max_leverage": "none"}}, triggers=common)))
    assert np.isinf([funds.max_leverage[0], funds.leverage_target[0]]).all()
    own = {"triggers": {"max_leverage": "none", "target_leverage": 1.6}}
    assert limits_of(problem_of(alone(own, triggers=common))).leverage_target[0] == 1.6
    off = {"triggers": {"target_leverage": "none"}}
    assert np.isinf(limits_of(problem_of(alone(off, triggers={"target_leverage": 1.6}))).leverage_target).all()


# longs: w = 0.75 semis (39 %), 0.25 japan (20 %), correlation -0.2
VOL = math.sqrt(0.2925**2 + 0.05**2 - 2 * 0.2 * 0.2925 * 0.05)


def test_volatility_targets() -> None:
    books = limits_of(problem_of(alone({"triggers": {"target_vol": "start"}})))
    assert books.start_vol[0] == pytest.approx(VOL)
    assert (books.vol_ceiling.tolist(), books.vol_speed.tolist()) == ([1.25], [0.3])
    books = limits_of(problem_of(alone({"triggers": {"target_vol": "1.1 x start", "vol_band": 1.2, "speed": "50 %"}})))
    assert books.vol_ceiling[0] == pytest.approx(1.32)
    assert books.vol_speed[0] == 0.5
    absolute = limits_of(problem_of(alone({"triggers": {"target_vol": "60 %", "band": 1.5}})))
    assert absolute.vol_ceiling[0] == pytest.approx(1.5 * 0.6 / (1.6 * VOL))


def test_band_is_the_leverage_target_s_where_there_are_both() -> None:
    problem = problem_of(alone({"triggers": {"target_vol": "start", "target_leverage": "1 x start", "band": 0.2}}))
    assert limits_of(problem).leverage_band.tolist() == [0.2]
    assert limits_of(problem).vol_ceiling.tolist() == [1.25]


def test_an_absolute_target_is_of_all_books_and_only_those_without_overlay() -> None:
    document = full_example()
    document["funds"][0]["triggers"] = {"target_vol": 1.0}
    problem = problem_of(document)
    books, funds, limits = problem.books, problem.funds, limits_of(problem)
    member = funds.ids.index("quant_t2")
    rows = np.flatnonzero(books.fund_of == member)
    macro, pod, tail = rows
    held = (books.shapes[books.shape_of] * books.size[:, None])[[macro, pod]].sum(axis=0) / funds.nav[member]
    vol = problem.assets.vol
    fund_vol = math.sqrt(held @ (problem.shocks.correlation * np.outer(vol, vol)) @ held)
    np.testing.assert_allclose(limits.vol_ceiling[[macro, pod]], 1.25 / fund_vol)
    assert np.isinf(limits.vol_ceiling[tail])
    assert limits.start_vol[books.shape_of[tail]] == 0.0
    assert (limits.start_vol[books.shape_of[[macro, pod]]] > 0).all()
    assert not limits.start_vol[books.type_of_shape == funds.types.index("longs")].any()


@pytest.mark.parametrize(
    ("triggers", "key", "phrase"),
    [
        ({"target_leverage": 1.5}, "target_leverage", "from 1.52381 to 1.68421"),
        ({"target_leverage": 1.8, "two_way": True}, "target_leverage", "starts off its own target"),
        ({"target_leverage": 1.0, "band": 2.0, "max_leverage": 1.2}, "max_leverage", "starts above its limit"),
        ({"max_leverage": 2.0, "target_leverage": "none"}, "target_leverage", "is no target for the limit"),
        ({"band": 0.1}, "band", "target_leverage without max_leverage, or target_vol"),
        ({"band": 0.1, "max_leverage": 2.0, "target_leverage": 1.8}, "band", "nothing reads it"),
        ({"two_way": True}, "two_way", "target_leverage without max_leverage"),
        ({"two_way": True, "target_vol": "start"}, "two_way", "nothing reads it"),
        ({"two_way": "yes", "target_leverage": 1.6}, "two_way", "true or false"),
        ({"vol_band": 1.3}, "vol_band", "target_vol"),
        ({"speed": 0.3}, "speed", "target_vol"),
        ({"speed": 0, "target_vol": "start"}, "speed", "greater than 0"),
        ({"band": -0.1, "target_leverage": 1.6}, "band", "0 or more"),
        ({"target_vol": "30 %"}, "target_vol", f"a target of {1.6 * VOL / 1.25:.6g} or more"),
        ({"target_vol": "0.5 x start"}, "target_vol", "a target of 0.8 x start or more"),
        ({"target_vol": 0}, "target_vol", "is not positive"),
        ({"target_vol": "calm"}, "target_vol", '"1.1 x start"'),
    ],
)
def test_broken_targets(triggers: dict[str, Any], key: str, phrase: str) -> None:
    refused(alone({"triggers": triggers}), f"funds.longs.triggers.{key}", phrase)


def test_common_keys_that_no_fund_reads() -> None:
    refused(alone(triggers={"band": 0.1}), "triggers.band", "nothing reads it")
    funds = limits_of(problem_of(alone({"triggers": {"target_leverage": 1.6}}, triggers={"band": 0.1})))
    assert funds.leverage_band.tolist() == [0.1]


@pytest.mark.parametrize("target", ["start", 0.3])
def test_a_volatility_target_needs_volatility(target: object) -> None:
    document = alone({"positions": {"semis": 0.2, "japan": -0.39}, "triggers": {"target_vol": target}})
    document["correlation"] = {"constant": 1.0}
    refused(document, "funds.longs.triggers.target_vol", "has no volatility at the start")


def with_overlay(**more: Any) -> dict[str, Any]:
    tail = {"id": "tail", "positions": {"semis": -3.0, "japan": -1.0}, "overlay": [[0.05, 0.1], [0.2, 0.4]]}
    document = alone({"count": 2, "leverage_spread": 0.5, "gross": 1.6}, triggers={"stop_loss": [[0.1, 0.5]]})
    positions = document["funds"][0].pop("positions")
    document["funds"][0]["books"] = [{"id": "core", "positions": positions}, tail | more]
    return document


def test_an_overlay_starts_at_nothing() -> None:
    problem = problem_of(with_overlay())
    books, limits = problem.books, limits_of(problem)
    assert books.ids == ("longs_t1/core", "longs_t1/tail", "longs_t2/core", "longs_t2/tail")
    assert limits.overlay.tolist() == [False, True, False, True]
    np.testing.assert_allclose(books.size, 1e9 * np.array([0.8, 0.4, 2.4, 0.4]))  # of NAV, whatever the gross
    np.testing.assert_allclose(books.shapes[1], [0.0, -0.25, -0.75])
    np.testing.assert_allclose(limits.overlay_loss[[0, 1]], [[np.inf, np.inf], [0.05, 0.2]])
    np.testing.assert_allclose(limits.overlay_held[1], [0.25, 1.0])
    assert np.isinf(limits.ladder_drawdown[[1, 3]]).all()
    assert limits.ladder_drawdown[[0, 2]].ravel().tolist() == [0.1, 0.1]
    assert limits.capital.tolist() == [1e9] * 4  # the one book that holds positions is watched on the whole NAV
    assert limits.ladder_on_fund.tolist() == [False, True, False, True]


def test_the_start_leaves_overlays_out() -> None:
    table = start_table(problem_of(with_overlay()))
    np.testing.assert_allclose(table.gross, [0.8, 2.4])
    np.testing.assert_allclose(table.requirement, 0.15 * np.array([0.8, 2.4]))
    np.testing.assert_allclose(table.held_usd, [0.0, 0.8e9, 2.4e9])
    margin = {"concentration": {"per_day": 1.0}}
    rates = problem_of(with_overlay() | {"margin": margin}).funds.rates
    np.testing.assert_allclose(rates[0, SEMIS], 0.15 + 0.6e9 / 70e9)
    huge = problem_of(with_overlay(overlay=[[0.1, 100.0]]), "funds.longs.triggers.max_leverage=3")
    assert huge.books.size[1] == 100e9


@pytest.mark.parametrize(
    ("book", "key", "phrase"),
    [
        ({"positions": {}}, "positions", "not all zero"),
        ({"stop_loss": [[0.1, 0.5]]}, "stop_loss", "one of: overlay, stop_loss"),
        ({"share": 0.5}, "share", "one of: overlay, share"),
        ({"overlay": [[0.1, 0.0]]}, "overlay", "never holds anything"),
        ({"overlay": [[0.0, 0.1]]}, "overlay", "not increasing at [0.0, 0.1]"),
        ({"overlay": [[0.1, 0.3], [0.2, 0.2]]}, "overlay", "not increasing at [0.2, 0.2]"),
        ({"overlay": [[0.1, 0.3], [0.1, 0.4]]}, "overlay", "not increasing at [0.1, 0.4]"),
        ({"overlay": [[0.1, -0.3]]}, "overlay", "outside [0, 1000]"),
        ({"priority": -1}, "priority", "0 or more"),
        ({"priority": 1.5}, "priority", "whole number"),
    ],
)
def test_broken_books(book: dict[str, Any], key: str, phrase: str) -> None:
    refused(with_overlay(**book), f"funds.longs.books.tail.{key}", phrase)


def test_a_fund_needs_a_book_besides_its_overlays() -> None:
    document = with_overlay()
    del document["funds"][0]["books"][0]
    refused(document, "funds.longs.books", "at least one book without overlay")


def test_priorities_rank_the_books_of_a_fund() -> None:
    document = example()
    books = document["funds"][0]["books"]
    books[0]["priority"] = 7
    books += [{"id": "a", "positions": {"semis": 0.1}, "priority": 2}, {"id": "b", "positions": {"semis": 0.1}}]
    problem = problem_of(document)
    member = problem.books.fund_of == problem.funds.ids.index("quant_t3")
    ids = [name.split("/")[1] for name, chosen in zip(problem.books.ids, member, strict=True) if chosen]
    assert dict(zip(ids, problem.books.priority[member].tolist(), strict=True)) == {
        "a": 0,
        "pod": 1,
        "b": 2,
        "macro": 2,
    }
    assert not problem.books.priority[0]


def test_impact_laws() -> None:
    linear = problem_of(example(impact={"law": "linear", "lambda": 2e-13})).impact
    assert linear.law == "linear"
    np.testing.assert_array_equal(linear.parameters.slope, [2e-13] * 3)
    table = {"equity": "1e-13", "semis": 3e-13, "rates": 2e-13}
    by_name = problem_of(example(impact={"law": "linear", "lambda": table, "permanent": 1.0})).impact
    np.testing.assert_array_equal(by_name.parameters.slope, [2e-13, 1e-13, 3e-13])
    assert by_name.permanent == 1.0
    bounded = problem_of(example(impact={"law": "bounded_exponential", "B": "40 %"})).impact
    assert (bounded.parameters.depth_coefficient, bounded.parameters.depth_days, bounded.parameters.bound) == (
        0.4,
        20.0,
        0.4,
    )
    table = {"equity": "40 tn", "bonds": "20 tn USD"}
    exponential = problem_of(example(impact={"law": "exponential", "pi": "5 %", "outstanding": table})).impact
    assert exponential.parameters.beta == pytest.approx(-math.log(0.95) / 0.05)
    np.testing.assert_array_equal(exponential.parameters.outstanding, [20e12, 40e12, 40e12])


def test_impact_may_be_turned_off_alone() -> None:
    impact = problem_of(example(impact={"law": "none", "coefficient": 2.0, "lambda": 1e-13})).impact
    assert impact.law == "none"


@pytest.mark.parametrize(
    ("impact", "key", "phrase"),
    [
        ({"law": "linear"}, "impact.lambda", "is missing, and the law is linear"),
        ({"law": "linear", "lambda": 0}, "impact.lambda", "is not positive"),
        ({"law": "linear", "lambda": {"semis": -1}}, "impact.lambda.semis", "is not positive"),
        ({"law": "linear", "lambda": {"semis": 1, "rates": 1}}, "impact.lambda.japan", "every asset"),
        ({"law": "linear", "lambda": {"chips": 1}}, "impact.lambda.chips", "neither an asset nor"),
        ({"law": "linear", "lambda": 1e-13, "core": 1e-3}, "impact.core", "belongs to the law square_root"),
        ({"law": "bounded_exponential", "pi": 0.1}, "impact.pi", "the law is bounded_exponential"),
        ({"law": "bounded_exponential", "B": 1.0}, "impact.B", "less than 1.0"),
        ({"law": "bounded_exponential", "tau": 0}, "impact.tau", "greater than 0"),
        ({"law": "exponential", "outstanding": 1e12}, "impact.pi", "is missing"),
        ({"law": "exponential", "pi": 0.1}, "impact.outstanding", "is missing"),
        ({"law": "exponential", "pi": 1, "outstanding": 1e12}, "impact.pi", "less than 1"),
        ({"law": "exponential", "pi": 0.1, "outstanding": {"bonds": 1}}, "impact.outstanding.japan", "is missing"),
        ({"coefficient": 1.0, "lambda": 1e-13}, "impact.lambda", "belongs to the law linear"),
        ({"law": "linear", "slope": 1e-13}, "impact.slope", "unknown key"),
    ],
)
def test_broken_impact(impact: dict[str, Any], key: str, phrase: str) -> None:
    refused(example(impact=impact), key, phrase)


def test_defaults_of_the_mechanisms_in_use_are_named() -> None:
    filled = set(problem_of(full_example()).defaults_filled)
    assert {"prime_brokers.pb_c.rate_factor", "margin.floor"} & filled == {"prime_brokers.pb_c.rate_factor"}
    assert not {"impact.coefficient", "impact.lambda", "impact.tau", "triggers.speed", "triggers.two_way"} & filled
    assert "crowding.crowd.styles" not in filled
    short = full_example()
    del short["crowding"]["crowd"]["styles"]
    assert "crowding.crowd.styles" in problem_of(short).defaults_filled


def overlays(problem: Problem) -> int:
    """Managers' books that are overlays."""
    return len(set(problem.books.manager_of[limits_of(problem).overlay]))


@pytest.mark.parametrize(
    "override",
    [
        "funds.trend.triggers.target_vol=none",
        "funds.leveraged_etf.triggers.target_leverage=none",
        "funds.fundamental_ls.books.index_hedge.overlay=[]",
        "triggers.max_participation=none",
    ],
)
def test_what_the_library_switches_on_can_be_switched_off(override: str) -> None:
    with_it = build_problem(load_scenario("calm"))
    without = build_problem(load_scenario("calm", [override]))
    off = {
        "target_vol": not np.isfinite(limits_of(without).vol_ceiling).any()
        and np.isfinite(limits_of(with_it).vol_ceiling).any(),
        "target_leverage": not np.isfinite(limits_of(without).leverage_target).any(),
        "overlay": overlays(without) == overlays(with_it) - 4,
        "max_participation": np.isinf(without.cascade.max_participation),
    }
    assert off[override.split("=")[0].split(".")[-1]]


def test_lockups_by_tier_are_not_for_a_crowd() -> None:
    overrides = ["crowding.trend.count=3", "crowding.trend.common=0.5", "funds.trend.margin.lockup_steps=[5]"]
    with pytest.raises(ScenarioError, match="is a list, and the members of a crowd have no tiers"):
        build_problem(load_scenario("desk", overrides))
