from __future__ import annotations

import random
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flat import limits_of, retail_of
from scenario_example import differences, example, full_example, problem_of
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.canonical import digest
from stress.scenarios.errors import ScenarioError, ScenarioWarning
from stress.scenarios.read.loader import scenario_from_document


def shuffled(value: Any, rng: random.Random) -> Any:
    """The same document with tables, assets, funds, books and script entries in another order."""
    if isinstance(value, dict):
        keys = list(value)
        rng.shuffle(keys)
        return {key: shuffled(value[key], rng) for key in keys}
    if isinstance(value, list):
        items = [shuffled(item, rng) for item in value]
        if items and all(isinstance(item, dict) for item in items):
            rng.shuffle(items)
        return items
    return value


@given(st.integers(0, 2**32))
def test_permuting_a_file_changes_no_bit(seed: int) -> None:
    matrix = {
        "semis": {"semis": 1.0, "bonds": 0.3, "japan": -0.2},
        "bonds": {"semis": 0.3, "bonds": 1.0, "japan": 0.1},
        "japan": {"semis": -0.2, "bonds": 0.1, "japan": 1.0},
    }
    permute(example(correlation={"matrix": matrix}), seed)
    permute(full_example() | {"correlation": {"matrix": matrix}}, seed)


def permute(document: dict[str, Any], seed: int) -> None:
    left, right = problem_of(document), problem_of(shuffled(document, random.Random(seed)))
    allowed = {"assets.file_order", "funds.types_file_order", "funds.brokers_file_order"}
    assert set(differences(left, right)) <= allowed
    assert digest(left.canonical) == digest(right.canonical)
    assert sorted(left.assets.file_order) == list(left.assets.ids)


def test_entities_are_sorted_and_file_order_is_kept() -> None:
    problem = problem_of(example())
    assert problem.assets.ids == ("bonds", "japan", "semis")
    assert problem.assets.file_order == ("semis", "bonds", "japan")
    assert problem.funds.types == ("longs", "quant")
    assert problem.funds.types_file_order == ("quant", "longs")
    assert problem.funds.brokers == ("pb_a", "pb_b", "pb_c")
    assert problem.funds.brokers_file_order == ("pb_b", "pb_a", "pb_c")
    assert problem.shocks.correlation[2].tolist() == [0.3, -0.2, 1.0]  # semis with bonds, japan, itself
    assert problem.shocks.script[0].tolist() == [0.0, 0.0, -0.0995]
    assert problem.funds.broker_share[1].tolist() == [0.4, 0.6, 0.0]


def test_tiers() -> None:
    problem = problem_of(example())
    funds, books = problem.funds, problem.books
    assert funds.ids == ("longs", "quant_t1", "quant_t2", "quant_t3", "quant_t4")
    assert funds.type_of.tolist() == [0, 1, 1, 1, 1]
    assert funds.lockup_steps.tolist() == [0, 60, 60, 0, 0]
    np.testing.assert_allclose(funds.nav[1:], 10e9 * np.array([0.30, 0.45, 0.20, 0.05]))
    assert books.ids[:3] == ("longs/main", "quant_t1/macro", "quant_t1/pod")
    assert books.fund_of.tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert books.shape_of.tolist() == [0, 1, 2, 1, 2, 1, 2, 1, 2]  # the tiers share their shapes
    assert books.type_of_shape.tolist() == [0, 1, 1]
    np.testing.assert_allclose(np.abs(books.shapes).sum(axis=1), 1.0)
    gross = np.bincount(books.fund_of, weights=books.size) / funds.nav
    np.testing.assert_allclose(gross, [1.6, 3 * 0.72, 3.0, 3 * 1.28, 3 * 1.56])
    np.testing.assert_allclose(limits_of(problem).max_leverage[1:], 1.25 * gross[1:])
    np.testing.assert_allclose(limits_of(problem).target_leverage[1:], 1.1 * gross[1:])
    assert np.isinf(limits_of(problem).max_leverage[0])


def test_count_and_spread() -> None:
    document = example()
    document["funds"][1] |= {"count": 11, "leverage_spread": "20 %"}
    problem = problem_of(document)
    assert problem.funds.ids[:2] == ("longs_t01", "longs_t02")
    assert list(problem.funds.ids[:11]) == sorted(problem.funds.ids[:11])
    np.testing.assert_allclose(problem.funds.nav[:11], 2e9 / 11)
    np.testing.assert_allclose(problem.books.size[:11] / problem.funds.nav[:11], 1.6 * np.linspace(0.8, 1.2, 11))


positive = st.floats(0.1, 10)


@given(
    longs=st.lists(positive, min_size=1, max_size=2),
    shorts=st.lists(positive, min_size=1, max_size=2),
    gross=positive,
    tilt=st.floats(-1, 1),
)
def test_gross_and_net_come_out_as_asked(longs: list[float], shorts: list[float], gross: float, tilt: float) -> None:
    document = example()
    ids = ["semis", "japan"]
    document["funds"][0] |= {
        "gross": gross,
        "net": gross * tilt,
        "margin": {"method": "none"},
        "books": [
            {"id": "a", "positions": dict(zip(ids, longs, strict=False))},
            {"id": "b", "positions": {k: -v for k, v in zip(ids, shorts, strict=False)}},
        ],
    }
    problem = problem_of(document)
    rows = problem.books.shapes[problem.books.shape_of] * problem.books.size[:, None]
    of_member = problem.books.fund_of == problem.funds.ids.index("quant_t2")
    nav = problem.funds.nav[problem.funds.ids.index("quant_t2")]
    assert np.abs(rows[of_member]).sum() / nav == pytest.approx(gross)
    assert rows[of_member].sum() / nav == pytest.approx(gross * tilt, abs=1e-9)


def test_opposite_positions_of_two_books_both_count() -> None:
    problem = problem_of(example())
    of = problem.books.fund_of == 2
    rows = (problem.books.shapes[problem.books.shape_of] * problem.books.size[:, None])[of] / problem.funds.nav[2]
    macro, pod = rows  # bonds, japan, semis
    longs, shorts = (3.0 + 0.5) / 2 / 2.5, (3.0 - 0.5) / 2 / 1.1
    np.testing.assert_allclose(macro, [1.5 * longs, 0.0, -0.5 * shorts])
    np.testing.assert_allclose(pod, [0.0, -0.6 * shorts, 1.0 * longs])


def test_net_leaves_out_assets_that_do_not_count() -> None:
    document = example()
    document["assets"][1]["in_net"] = False
    problem = problem_of(document)
    of = problem.books.fund_of == 2
    rows = (problem.books.shapes[problem.books.shape_of] * problem.books.size[:, None])[of] / problem.funds.nav[2]
    assert np.abs(rows).sum() == pytest.approx(3.0)
    assert (rows * problem.assets.in_net).sum() == pytest.approx(0.5)
    assert rows[0, 0] == pytest.approx(3.0 * 1.5 / 3.6)  # bonds keep their share of gross


def test_weights_without_gross_are_multiples_of_nav_and_a_file_is_usd(tmp_path: Path) -> None:
    document = example()
    inline = problem_of(document)
    (tmp_path / "longs.csv").write_text("asset,position\nsemis,2.4 bn USD\njapan,8e8\n")
    document["funds"][1]["positions"] = "longs.csv"
    from_file = build_problem(scenario_from_document(document, folder=tmp_path))
    np.testing.assert_allclose(inline.books.shapes[0] * inline.books.size[0], [0.0, 0.8e9, 2.4e9])
    np.testing.assert_allclose(from_file.books.shapes[0] * from_file.books.size[0], [0.0, 0.8e9, 2.4e9])
    assert list(from_file.input_hashes) == ["longs.csv"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("asset,position\nchips,1\n", "funds.longs.positions.chips"),
        ("asset,position\nsemis,1\nsemis,2\n", "funds.longs.positions.semis"),
        ("asset,position\nsemis,nan\n", "funds.longs.positions.semis"),
        ("asset,weight\nsemis,1\n", "funds.longs.positions"),
    ],
)
def test_faulty_position_files(tmp_path: Path, text: str, key: str) -> None:
    document = example()
    document["funds"][1]["positions"] = "longs.csv"
    (tmp_path / "longs.csv").write_text(text)
    with pytest.raises(ScenarioError) as caught:
        build_problem(scenario_from_document(document, folder=tmp_path))
    assert (caught.value.key, caught.value.file) == (key, "longs.csv")


def test_margin_rates_by_asset_class_and_asset() -> None:
    document = example()
    document["margin"]["rates"] = {"bonds": 0.02, "equity": 0.3}
    document["funds"][0]["margin"]["rates"] = {"equity": "14 %", "semis": "16 %"}
    rates = problem_of(document).funds.rates
    assert rates[1].tolist() == [0.02, 0.14, 0.16]  # quant: bonds from [margin], its own for the rest
    assert rates[0].tolist() == [0.02, 0.30, 0.30]


def test_a_rate_on_longs_counts_up_to_1() -> None:
    document = example()
    document["funds"][1]["positions"] = {"semis": 1.0}
    assert problem_of(document, "assets.semis.margin=2").funds.rates[0, 2] == 2.0
    with pytest.raises(ScenarioError, match="starts in a margin call"):
        problem_of(document, "assets.semis.margin=2", "funds.longs.positions.semis=-1")


def test_a_lone_book_is_watched_on_the_whole_nav() -> None:
    document = example()
    positions = document["funds"][1].pop("positions")
    document["funds"][1]["books"] = [{"id": "all", "positions": positions}]
    problem = problem_of(document)
    limits = limits_of(problem)
    assert problem.books.ids[0] == "longs/all"
    assert (limits.ladder_on_fund[0], limits.capital[0]) == (False, 2e9)
    assert limits_of(problem_of(document, "funds.longs.books.all.share=0")).ladder_on_fund[0]


def test_fund_tables_override_key_by_key() -> None:
    document = example()
    document["funds"][1]["margin"] = {"buffer": 0.2, "procyclicality": 0.0}
    document["funds"][1]["triggers"] = {"stop_loss": [], "cure_steps": 5}
    problem = problem_of(document)
    funds = problem.funds
    assert funds.buffer.tolist() == [0.2, 0.1, 0.1, 0.1, 0.1]
    assert funds.procyclicality[:, 0].tolist() == [0.0, 0.5, 0.5, 0.5, 0.5]
    assert funds.margin_cap[:, 0].tolist() == [1.0, 1.5, 1.5, 1.5, 1.5]  # the default follows the procyclicality
    assert limits_of(problem).cure_steps.tolist() == [5, 3, 3, 3, 3]
    assert np.isinf(limits_of(problem).ladder_drawdown[0]).all()
    assert problem.cascade.max_participation == 0.25


def test_ladders() -> None:
    problem = problem_of(example())
    books, limits = problem.books, limits_of(problem)
    longs, macro, pod = (
        books.ids.index("longs/main"),
        books.ids.index("quant_t2/macro"),
        books.ids.index("quant_t2/pod"),
    )
    assert limits.ladder_drawdown[macro].tolist() == [0.06, 0.1, 0.25]
    assert limits.ladder_cut[macro].tolist() == [0.0, 0.3, 0.6]
    assert limits.ladder_drawdown[pod].tolist() == [0.05, np.inf, np.inf]
    assert limits.ladder_cut[pod].tolist() == [0.5, 0.5, 0.5]
    assert limits.ladder_on_fund[[longs, macro, pod]].tolist() == [False, True, False]  # share 1, 0, 0.4
    np.testing.assert_allclose(limits.capital[[longs, macro, pod]], [2e9, 4.5e9, 0.4 * 4.5e9])
    whole = limits_of(problem_of(example(), 'triggers.scope="fund"'))
    assert whole.ladder_on_fund.all()
    np.testing.assert_allclose(whole.capital[[longs, macro, pod]], [2e9, 4.5e9, 4.5e9])


def test_tables_left_out_are_off() -> None:
    document = example(
        margin=None, triggers=None, impact=None, liquidity=None, retail=None, shocks=None, correlation=None
    )
    del document["funds"][0]["margin"], document["funds"][0]["triggers"], document["funds"][0]["books"][0]["stop_loss"]
    problem = problem_of(document)
    assert not problem.funds.has_margin.any()
    assert np.isinf(limits_of(problem).max_leverage).all()
    assert np.isfinite(limits_of(problem).target_leverage).all()
    assert not limits_of(problem).closeout_participation.any()
    assert np.isinf(limits_of(problem).ladder_drawdown).all()
    assert problem.impact.law == "none"
    assert (problem.liquidity.evaporation, problem.liquidity.flow_sensitivity) == (0.0, 0.0)
    assert retail_of(problem).per_percent == 0.0
    assert np.isinf(problem.cascade.max_participation)
    assert problem.shocks.model == "none"
    assert np.array_equal(problem.shocks.correlation, np.eye(3))
    assert not any(key.startswith(("margin", "triggers", "impact", "retail")) for key in problem.defaults_filled)


def test_defaults_are_filled_and_named() -> None:
    problem = problem_of(example())
    assert problem.impact.parameters.coefficient == 1.0
    assert problem.impact.permanent == pytest.approx(1 / 3)
    assert (problem.impact.parameters.core, problem.impact.half_life, problem.impact.execution_weight) == (
        1e-4,
        5.0,
        0.5,
    )
    assert (problem.liquidity.evaporation, problem.liquidity.floor) == (1.2, 0.1)
    assert limits_of(problem).closeout_participation.tolist() == [0.25] * 5
    assert problem.cascade.max_rounds == 64
    assert problem.estimation.levels == ("0.95", "0.99", "0.999")
    assert {"impact.coefficient", "liquidity.floor", "margin.cap", "triggers.cure_steps", "cascade.max_rounds"} <= set(
        problem.defaults_filled
    )
    assert "margin.buffer" not in problem.defaults_filled
    assert "triggers.stop_loss" not in problem.defaults_filled


def test_retail_defaults_to_us_equity_by_volume() -> None:
    assert retail_of(problem_of(example())).weights.tolist() == [0.0, 0.0, 1.0]
    document = example()
    document["assets"][2]["region"] = "US"
    np.testing.assert_allclose(retail_of(problem_of(document)).weights, [0.0, 0.3, 0.7])
    document["retail"]["weights"] = {"semis": 3, "bonds": 1}
    np.testing.assert_allclose(retail_of(problem_of(document)).weights, [0.25, 0.0, 0.75])


def test_shock_models() -> None:
    assert problem_of(example()).shocks.dof == 4.0
    gaussian = problem_of(example(), 'shocks.model="gaussian"', 'shocks.drift="martingale"').shocks
    assert np.isinf(gaussian.dof)
    assert gaussian.martingale
    with pytest.warns(ScenarioWarning, match=r"shocks\.dof = 2\.5"):
        problem_of(example(), "shocks.dof=2.5")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        problem_of(example(), "shocks.dof=3")
