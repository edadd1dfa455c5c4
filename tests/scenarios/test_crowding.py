"""Crowds of funds, and the overlap of fund types, with sums by hand."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flat import limits_of
from scenario_example import example, full_example, problem_of
from stress.scenarios.build.crowding import members_by_style, own_parts
from stress.scenarios.errors import ScenarioError
from stress.scenarios.overlap import days_of_volume, liquidity_overlap, market_depth, overlap, type_positions
from stress.scenarios.problem import Floats, Problem


def crowd_of(**crowd: Any) -> dict[str, Any]:
    document = full_example()
    document["crowding"] = {"crowd": document["crowding"]["crowd"] | crowd}
    return document


def member_positions(problem: Problem, kind: str) -> Floats:
    """(member of the type, asset) over NAV, net over books."""
    books, funds = problem.books, problem.funds
    held = np.zeros((len(funds.ids), len(problem.assets.ids)))
    np.add.at(
        held, books.fund_of, books.shapes[books.shape_of] * np.where(books.start_held == 0, 0, books.size)[:, None]
    )
    return np.asarray((held / funds.nav[:, None])[funds.type_of == funds.types.index(kind)], np.float64)


def test_members_hold_a_common_and_an_own_part() -> None:
    problem = problem_of(crowd_of())
    funds, books = problem.funds, problem.books
    assert funds.ids[:7] == tuple(f"crowd_t{n}" for n in range(1, 8))
    np.testing.assert_allclose(funds.nav[:7], 5e9 / 7)
    assert books.ids[:4] == ("crowd_t1/common", "crowd_t1/own", "crowd_t2/common", "crowd_t2/own")
    # styles 0 0 0 1 1 2 2: members 0, 3, 6, then 1, 4, then 2, 5
    assert books.shape_of[:14].tolist() == [0, 1, 0, 1, 0, 1, 0, 2, 0, 2, 0, 3, 0, 3]
    assert books.type_of_shape[:4].tolist() == [0, 0, 0, 0]
    multiples = np.linspace(0.85, 1.15, 7)[[0, 3, 6, 1, 4, 2, 5]]
    np.testing.assert_allclose(books.size[0:14:2], 0.6 * 4.0 * multiples * 5e9 / 7)
    np.testing.assert_allclose(books.size[1:14:2], 0.4 * 4.0 * multiples * 5e9 / 7)
    assert limits_of(problem).ladder_on_fund[:14].all()
    np.testing.assert_allclose(np.abs(books.shapes[:4]).sum(axis=1), 1.0)
    # bonds 0.4, japan -1, semis 1 scaled to a gross of 4 and a net of 0.2
    np.testing.assert_allclose(books.shapes[0], np.array([0.6, -1.9, 1.5]) / 4)


def test_own_parts_have_the_totals_of_the_type() -> None:
    problem = problem_of(crowd_of())
    own = problem.books.shapes[1:4]
    np.testing.assert_allclose(np.maximum(own, 0).sum(axis=1), 2.1 / 4)
    np.testing.assert_allclose(np.minimum(own, 0).sum(axis=1), -1.9 / 4)
    assert len({tuple(row) for row in own.round(12)}) == 3


def test_the_crowd_keeps_gross_and_net() -> None:
    problem = problem_of(crowd_of(leverage_spread=0.0))
    books = problem.books
    gross = np.bincount(books.fund_of, books.size)[:7] / problem.funds.nav[:7]
    np.testing.assert_allclose(gross, 4.0)
    np.testing.assert_allclose(member_positions(problem, "crowd").sum(axis=1), 0.2)


def test_all_in_common_is_a_plain_type_and_the_seed_moves_only_own_parts() -> None:
    alike = member_positions(problem_of(crowd_of(common=1.0, leverage_spread=0.0)), "crowd")
    np.testing.assert_allclose(alike, np.tile([0.6, -1.9, 1.5], (7, 1)))
    problem, other = problem_of(crowd_of()), problem_of(crowd_of(seed=6))
    np.testing.assert_array_equal(problem.books.shapes[0], other.books.shapes[0])
    assert not np.allclose(problem.books.shapes[1], other.books.shapes[1])
    np.testing.assert_array_equal(problem.books.shapes, problem_of(crowd_of()).books.shapes)


def test_more_in_common_is_more_overlap() -> None:
    def mean_overlap(common: float) -> float:
        held = member_positions(problem_of(crowd_of(common=common, count=8, styles=8)), "crowd")
        unit = held / np.linalg.norm(held, axis=1)[:, None]
        return float((unit @ unit.T)[np.triu_indices(8, 1)].mean())

    low, middle, high = mean_overlap(0.0), mean_overlap(0.5), mean_overlap(1.0)
    assert low < middle < high
    assert high == pytest.approx(1.0)


def test_styles_default_to_eight_or_the_count() -> None:
    for count, styles in ((3, 3), (20, 8)):
        document = crowd_of(count=count)
        del document["crowding"]["crowd"]["styles"]
        shapes = problem_of(document).books.shape_of
        assert len(set(shapes[: 2 * count].tolist())) == 1 + styles


def test_a_crowd_of_one_keeps_its_name() -> None:
    document = crowd_of(count=1)
    del document["crowding"]["crowd"]["styles"]
    assert problem_of(document).funds.ids[0] == "crowd"


@given(
    st.lists(st.floats(-5, 5).filter(lambda w: abs(w) > 1e-3), min_size=1, max_size=6),
    st.integers(0, 2**32),
    st.data(),
)
def test_totals_hold_for_any_type(weights: list[float], seed: int, data: st.DataObject) -> None:
    held = np.array(weights)
    in_net = np.array(data.draw(st.lists(st.booleans(), min_size=len(held), max_size=len(held))), dtype=np.bool_)
    parts = own_parts(held, in_net, 4, seed)
    for group in (in_net, ~in_net):
        for side in (1.0, -1.0):
            expected = np.maximum(side * held[group], 0).sum()
            np.testing.assert_allclose(np.maximum(side * parts[:, group], 0).sum(axis=1), expected, rtol=1e-12)
    np.testing.assert_array_equal(parts, own_parts(held, in_net, 4, seed))


def test_assets_that_are_not_held_stay_out() -> None:
    parts = own_parts(np.array([1.0, 0.0, -2.0]), np.ones(3, np.bool_), 5, 1)
    np.testing.assert_allclose(parts[:, 1], 0.0)


def test_members_of_a_style_are_adjacent() -> None:
    assert members_by_style(7, 3) == [0, 3, 6, 1, 4, 2, 5]
    assert members_by_style(3, 3) == [0, 1, 2]


@pytest.mark.parametrize(
    ("crowding", "key", "phrase"),
    [
        ({"crowds": {"count": 3, "common": 0.5}}, "crowding.crowds", "did you mean 'crowd'"),
        ({"quant": {"count": 3, "common": 0.5}}, "crowding.quant", "without books, tiers and count"),
        ({"crowd": {"common": 0.5}}, "crowding.crowd.count", "is missing"),
        ({"crowd": {"count": 3}}, "crowding.crowd.common", "is missing"),
        ({"crowd": {"count": 0, "common": 0.5}}, "crowding.crowd.count", "1 or more"),
        ({"crowd": {"count": 3, "common": 1.1}}, "crowding.crowd.common", "1.0 or less"),
        ({"crowd": {"count": 3, "common": 1, "styles": 4}}, "crowding.crowd.styles", "1 to 3"),
        ({"crowd": {"count": 3, "common": 1, "leverage_spread": 1}}, "crowding.crowd.leverage_spread", "less than 1"),
        ({"crowd": {"count": 3, "common": 1, "seed": -1}}, "crowding.crowd.seed", "0 or more"),
        ({"crowd": {"count": 3, "common": 1, "size": 1}}, "crowding.crowd.size", "unknown key"),
    ],
)
def test_broken_crowds(crowding: dict[str, Any], key: str, phrase: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(phrase)) as caught:
        problem_of(full_example() | {"crowding": crowding})
    assert caught.value.key == key


def test_a_crowd_has_no_count_of_its_own() -> None:
    document = crowd_of()
    document["funds"][2]["count"] = 3
    with pytest.raises(ScenarioError, match="which has count"):
        problem_of(document)


# --- overlap of types


def two_types() -> Problem:
    """`left`: 2 bn semis and -1 bn bonds, over two members; `right`: 1 bn semis and 2 bn japan, net of its books."""
    document = example(margin=None, triggers=None)
    document["funds"] = [
        {"id": "right", "nav": 1e9, "books": []},
        {"id": "left", "nav": 2e9, "count": 2, "positions": {"semis": 1.0, "bonds": -0.5}},
        {"id": "idle", "nav": 1e9, "positions": {}},
    ]
    document["funds"][0]["books"] = [
        {"id": "a", "positions": {"semis": 3.0, "japan": 2.0}},
        {"id": "b", "positions": {"semis": -2.0}},
        {"id": "tail", "positions": {"bonds": -1.0}, "overlay": [[0.1, 5.0]]},
    ]
    return problem_of(document)


def test_type_positions_are_net_over_books_and_members_without_overlays() -> None:
    problem = two_types()
    assert problem.funds.types == ("idle", "left", "right")
    np.testing.assert_allclose(type_positions(problem), [[0.0, 0.0, 0.0], [-1e9, 0.0, 2e9], [0.0, 2e9, 1e9]], atol=1e-3)


def test_cosine_overlap_by_hand() -> None:
    found = overlap(two_types())
    shared = 2.0 * 1.0 / (math.sqrt(5) * math.sqrt(5))
    np.testing.assert_allclose(found, [[0.0, 0.0, 0.0], [0.0, 1.0, shared], [0.0, shared, 1.0]], atol=1e-12)


def test_liquidity_overlap_by_hand() -> None:
    problem = two_types()
    daily = np.array([0.15, 0.2, 0.39]) / math.sqrt(252)
    depth = np.array([50e9, 30e9, 70e9]) / daily
    np.testing.assert_allclose(market_depth(problem), depth)
    left = 1e18 / depth[0] + 4e18 / depth[2]
    right = 4e18 / depth[1] + 1e18 / depth[2]
    both = 2e18 / depth[2]
    by_hand = np.array([[0.0, 0.0, 0.0], [0.0, left, both], [0.0, both, right]])
    np.testing.assert_allclose(liquidity_overlap(problem), by_hand, rtol=1e-12)


def test_an_asset_without_impact_weighs_nothing() -> None:
    document = full_example()
    for asset in document["assets"]:
        asset["impact_vol"] = 0
    assert not liquidity_overlap(problem_of(document)).any()


def test_days_of_volume_by_hand() -> None:
    days = days_of_volume(two_types())
    np.testing.assert_allclose(days, [[0.0, 0.0, 0.0], [1 / 50, 0.0, 2 / 70], [0.0, 2 / 30, 1 / 70]], atol=1e-12)
