from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from scenario_example import problem_of
from stress.scenarios.build import tiers
from stress.scenarios.build.tiers import CLASS_FACTOR, MOST_ROWS, days_at_cap, in_tiers, liquidity_classes, under_cap
from stress.scenarios.problem import Books, Problem, plain_books
from stress.scenarios.tier_table import tier_table, why_alone
from tiny import make_problem


def classes_of(days: list[float], floor: float = 1e-3, usd: Any = None) -> list[int]:
    """Classes of assets that one book holds in equal parts, unless `usd` says otherwise."""
    held = np.ones((1, len(days))) if usd is None else np.asarray(usd, np.float64)
    allowance = held.sum(axis=0) / np.array(days)
    return [int(c) for c in liquidity_classes(held, allowance, floor)]


def books(*weights: list[float]) -> Books:
    shapes = np.array(weights)
    count = len(shapes)
    return plain_books(
        ids=tuple(f"f/{b}" for b in range(count)),
        fund_of=np.zeros(count, np.int64),
        shape_of=np.arange(count),
        size=np.arange(1.0, count + 1.0),
        shapes=shapes,
        type_of_shape=np.zeros(count, np.int64),
    )


def test_a_class_spans_a_factor_of_two_from_its_thinnest_asset() -> None:
    assert classes_of([1.0, 4.0, 2.0, 1.99, 3.9]) == [1, 0, 0, 1, 0]
    assert classes_of([5.0, 5.0, 5.0]) == [0, 0, 0]


def test_assets_that_never_bind_share_the_last_class() -> None:
    assert classes_of([10.0, 0.4, 0.01], floor=0.5) == [0, 1, 1]
    assert classes_of([10.0, 0.4, 0.01], floor=0.1) == [0, 1, 2]
    assert classes_of([0.4, 0.2, 0.001], floor=0.5) == [0, 0, 0]


def test_what_nobody_holds_makes_no_class() -> None:
    assert classes_of([8.0, 8.0], usd=[[1.0, 0.0]]) == [0, 0]
    nothing = liquidity_classes(np.zeros((1, 3)), np.ones(3), 0.1)
    assert nothing.tolist() == [0, 0, 0]


def test_without_an_allowance_nothing_is_cut() -> None:
    assert np.isinf(days_at_cap(np.ones((1, 2)), np.zeros(2))).all()
    assert liquidity_classes(np.ones((1, 2)), np.zeros(2), 0.1).tolist() == [0, 0]


def test_neighbours_are_merged_while_there_are_too_many_tiers_least_value_first() -> None:
    days = [1000.0, 100.0, 10.0, 1.0]
    assert classes_of(days) != [0, 1, 2, 3]  # four tiers of one book are too many
    # the value of the more liquid class is what merging slows down: that of the third here
    assert classes_of(days, usd=[[1.0, 5.0, 2.0, 9.0]]) == [0, 1, 1, 2]
    assert classes_of(days, usd=[[1.0, 2.0, 5.0, 9.0]]) == [0, 0, 1, 2]
    # a thin asset beside a large tier stays a tier of its own
    assert classes_of(days, usd=[[1e-3, 9.0, 0.1, 0.1]])[:2] == [0, 1]


@pytest.mark.parametrize("seed", range(50))
def test_classes_of_random_books(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(seed)
    count, assets = random.integers(1, 30), random.integers(1, 12)
    usd = random.lognormal(0.0, 2.0, (count, assets)) * (random.random((count, assets)) < 0.6)
    allowance, floor = random.lognormal(0.0, 3.0, assets), random.uniform(0.05, 1.0)
    merged, days = liquidity_classes(usd, allowance, floor), days_at_cap(usd, allowance)
    assert sum(max(1, len(np.unique(merged[held > 0]))) for held in usd) <= MOST_ROWS * count
    monkeypatch.setattr(tiers, "MOST_ROWS", 10**6)
    for classes in (merged, liquidity_classes(usd, allowance, floor)):
        found = [days[(classes == c) & (days > 0)] for c in range(classes.max() + 1)]
        assert all(len(one) for one in found) or not days.any()
        assert all(thin.min() > liquid.max() for thin, liquid in pairwise(found))
    assert all(one.min() >= one.max() / CLASS_FACTOR for one in found if len(one) and one.max() > floor)


def test_tiers_add_up_to_the_books() -> None:
    whole = books([0.5, -0.25, 0.25], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.3, 0.0, -0.7])
    cut = in_tiers(whole, np.array([1, 0, 1]))
    assert cut.manager_of.tolist() == [0, 0, 1, 2, 3]
    assert cut.tier.tolist() == [0, 1, 0, 1, 1]
    assert cut.ids == ("f/0 tier 1", "f/0 tier 2", "f/1", "f/2", "f/3")
    positions = cut.size[:, None] * cut.shapes[cut.shape_of]
    before = whole.size[:, None] * whole.shapes[whole.shape_of]
    for manager in range(4):
        np.testing.assert_allclose(positions[cut.manager_of == manager].sum(axis=0), before[manager], rtol=1e-15)
    for row, held in enumerate(positions):
        assert set(cut.tier_of_asset[held != 0]) <= {cut.tier[row]}
    gross = np.abs(cut.shapes).sum(axis=1)
    np.testing.assert_allclose(gross[gross > 0], 1.0, rtol=1e-15)


def test_books_of_one_shape_keep_common_shapes() -> None:
    whole = books([0.5, 0.5], [0.5, 0.5])
    alike = in_tiers(plain_books(**{**vars(whole), "shape_of": np.zeros(2, np.int64)}), np.array([0, 1]))
    assert alike.shape_of.tolist() == [0, 1, 0, 1]


def thin_fund(cap: object = 0.25, **changes: Any) -> Problem:
    """A fund of 10 bn with 32 bn in a liquid asset, 8 bn in a thin one."""
    asset = {"asset_class": "equity", "vol": 0.3, "margin": 0.2}
    document = {
        "schema": 1,
        "name": "thin",
        "horizon": {"steps": 2},
        "assets": [asset | {"id": "liquid", "adv": 100e9}, asset | {"id": "thin", "adv": 0.1e9}],
        "funds": [{"id": "f", "nav": 10e9, "positions": {"liquid": 3.2, "thin": 0.8}, "prime_brokers": {"pb": 1.0}}],
        "margin": {"buffer": 0.05},
        "triggers": {"max_participation": cap, "stop_loss": [[0.1, 0.5]]},
    }
    return problem_of(document | changes)


def test_a_scenario_is_cut_where_forced_orders_have_a_cap() -> None:
    problem = thin_fund()
    assert problem.books.ids == ("f/main tier 1", "f/main tier 2")
    assert problem.books.tier_of_asset.tolist() == [1, 0]
    assert problem.books.size == pytest.approx([8e9, 32e9])
    ladder = problem.triggers["stop_loss"]
    assert ladder.capital.tolist() == [10e9, 10e9]  # that of the manager's whole book
    for whole in (thin_fund("none"), thin_fund(cascade={"feedback": False})):
        assert whole.books.ids == ("f/main",)
        assert whole.books.manager_of.tolist() == [0]
        assert not whole.books.tier_of_asset.any()


def test_the_canonical_document_is_that_of_the_managers_books() -> None:
    problem = thin_fund()
    assert problem.canonical["funds"][0]["positions"] == {"liquid": 3.2, "thin": 0.8}
    again = problem_of(problem.canonical)
    assert again.books.ids == problem.books.ids
    np.testing.assert_array_equal(again.books.size, problem.books.size)


def test_the_table_of_tiers_says_why_a_thin_asset_stands_alone() -> None:
    found = tier_table(thin_fund())
    assert [tier.assets for tier in found] == [("thin",), ("liquid",)]
    assert [tier.days[0] for tier in found] == pytest.approx([8 / 0.025, 32 / 25])
    assert [tier.usd for tier in found] == pytest.approx([8e9, 32e9])
    assert why_alone(found, found[0]) == (
        "thin is a tier of its own: it needs 250 times the days of liquid, and would hold up 32 bn USD"
    )
    assert why_alone(found, found[1]) == ""
    assert tier_table(thin_fund("none")) == ()


@pytest.mark.parametrize(("steps_per_day", "classes"), [(1, [0, 0, 1, 1, 1]), (4, [0, 0, 1, 1, 2])])
def test_what_a_step_can_trade_at_the_least_depth_is_one_class(steps_per_day: int, classes: list[int]) -> None:
    """10 days, 0.15 and 0.04 of them; at a fifth of the depth a day trades 0.2 days' worth, a quarter of it 0.05."""
    days = np.array([10.0, 10.0, 0.15, 0.15, 0.04])
    base = make_problem()
    alone = plain_books(
        ids=("f/0",),
        fund_of=np.array([0]),
        shape_of=np.array([0]),
        size=np.array([10e9]),
        shapes=np.full((1, 5), 0.2),
        type_of_shape=np.array([0]),
    )
    assets = replace(base.assets, adv=2e9 / (0.1 * days))
    liquidity = replace(base.liquidity, floor=0.2)
    cascade = replace(base.cascade, max_participation=0.1)
    cut = under_cap(alone, assets, liquidity, cascade, steps_per_day)
    assert cut.tier_of_asset.tolist() == classes
