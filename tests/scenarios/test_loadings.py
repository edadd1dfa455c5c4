"""`loadings` of assets: what they come to, canonical documents, CSV files, and everything that is refused."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scenario_example import problem_of
from stress.compile.params import params_of
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.loadings.record import Circle, loadings_of, moves_with
from stress.scenarios.overlap import liquidity_overlap
from stress.scenarios.read.loader import load_scenario, scenario_from_document

ASSETS: list[dict[str, Any]] = [
    {"id": "tech", "asset_class": "equity", "region": "us", "vol": 0.3, "adv": 1e9},
    {"id": "bonds", "asset_class": "rates", "vol": 0.1, "adv": 1e9},
    {"id": "apple", "asset_class": "equity", "region": "us", "vol": 0.4, "adv": 1e8, "loadings": {"tech": 1.1}},
    {"id": "basket", "asset_class": "equity", "region": "us", "vol": 0.5, "adv": 1e8},
]
BASKET = {"apple": 0.5, "bonds": "-0.4"}


def document(**changes: Any) -> dict[str, Any]:
    assets = copy.deepcopy(ASSETS)
    assets[3]["loadings"] = dict(BASKET)
    funds = [{"id": "mine", "nav": 1e9, "positions": {"apple": 1.0, "basket": 0.5}}]
    made = {"schema": 1, "name": "loaded", "horizon": {"steps": 2}, "assets": assets, "funds": funds}
    return made | {"correlation": {"constant": 0.3}, "shocks": {"model": "gaussian"}} | changes


def with_asset(name: str, **changes: Any) -> dict[str, Any]:
    made = document()
    next(asset for asset in made["assets"] if asset["id"] == name).update(changes)
    return made


def test_who_moves_with_whom() -> None:
    chain = {"c": {"b": 1.0}, "b": {"a": 2.0, "z": 0.0}, "d": {}, "e": {"c": 1.0, "b": 1.0}}
    assert moves_with(chain) == {"c": ("a", "b"), "b": ("a",), "e": ("a", "b", "c")}
    assert loadings_of(["a", "b"], {"b": {"a": 0.0}}) is None
    with pytest.raises(Circle, match="a -> b -> a"):
        moves_with({"a": {"b": 1.0}, "b": {"a": 1.0}})
    found = loadings_of(["a", "b", "c", "d", "e", "z"], chain)
    assert found is not None
    np.testing.assert_array_equal(found.moves(np.array([1.0, 0, 0, 0, 0, 0])), [1.0, 2.0, 2.0, 0.0, 4.0, 0.0])


def test_own_volatility_is_what_the_loadings_leave_and_the_whole_one_stays() -> None:
    problem = problem_of(document())
    assets = problem.assets
    vol, own = (dict(zip(assets.ids, values, strict=True)) for values in (assets.vol, assets.shock_vol))
    assert own["apple"] == pytest.approx(np.sqrt(0.4**2 - (1.1 * 0.3) ** 2))
    between = 0.3 * 0.3 * 0.1
    explained = 0.5**2 * 0.4**2 + 0.4**2 * 0.1**2 - 2 * 0.5 * 0.4 * 1.1 * between
    assert own["basket"] == pytest.approx(np.sqrt(0.5**2 - explained))
    assert (own["tech"], own["bonds"], vol["apple"]) == (0.3, 0.1, 0.4)
    loadings = assets.loadings
    assert loadings is not None
    whole = loadings.covariance(problem.shocks.correlation * np.outer(assets.shock_vol, assets.shock_vol))
    np.testing.assert_allclose(np.sqrt(np.diag(whole)), assets.vol)
    np.testing.assert_allclose(problem.shocks.move_correlation * np.outer(assets.vol, assets.vol), whole)


def test_a_small_own_volatility_is_not_taken_for_rounding() -> None:
    for own in (0.02, 1e-4):
        made = with_asset("apple", vol=float(np.hypot(1.1 * 0.3, own)))
        assets = problem_of(made).assets
        assert assets.shock_vol[assets.ids.index("apple")] == pytest.approx(own, rel=1e-6)


def test_own_draws_are_uncorrelated_with_what_they_move_with() -> None:
    problem = problem_of(document())
    ids = problem.assets.ids
    for asset in ("apple", "basket"):
        row = problem.shocks.correlation[ids.index(asset)]
        np.testing.assert_array_equal(row, np.eye(4)[ids.index(asset)])
    assert problem.shocks.correlation[ids.index("tech"), ids.index("bonds")] == 0.3


@pytest.mark.parametrize(
    "matrix", [{"tech": {"tech": 1, "bonds": 0.2}, "bonds": {"tech": 0.2, "bonds": 1}}, [[1, 0.2], [0.2, 1]]]
)
def test_a_matrix_may_leave_out_assets_with_loadings(matrix: Any) -> None:
    problem = problem_of(document(correlation={"matrix": matrix}))
    ids = problem.assets.ids
    assert problem.shocks.correlation[ids.index("tech"), ids.index("bonds")] == 0.2
    assert problem.shocks.correlation[ids.index("apple")].sum() == 1.0
    again = build_problem(scenario_from_document(problem.canonical))
    np.testing.assert_array_equal(again.shocks.correlation, problem.shocks.correlation)


def test_the_canonical_document_is_the_same_problem_in_any_order() -> None:
    asked = problem_of(document())
    turned = document()
    turned["assets"].reverse()
    for found in (build_problem(scenario_from_document(asked.canonical)), problem_of(turned)):
        assert found.canonical["assets"] == asked.canonical["assets"]
        ours, theirs = found.assets.loadings, asked.assets.loadings
        assert ours is not None
        assert theirs is not None
        np.testing.assert_array_equal(ours.whole, theirs.whole)
        np.testing.assert_array_equal(found.assets.shock_vol, asked.assets.shock_vol)
    assert (
        "loadings"
        not in problem_of(
            document(assets=ASSETS[:2], funds=[{"id": "f", "nav": 1e9, "positions": {"tech": 1}}])
        ).canonical["assets"][0]
    )


def test_columns_of_a_csv_file(tmp_path: Path) -> None:
    (tmp_path / "assets.csv").write_text(
        "id,asset_class,vol,adv,loadings.tech,loadings.bonds\n"
        "tech,equity,0.3,1e9,,\nbonds,rates,0.1,1e9,,\napple,equity,0.4,1e8,1.1,-0.2\n"
    )
    (tmp_path / "scenario.toml").write_text(
        'schema = 1\nname = "t"\nassets = "assets.csv"\n[shocks]\nmodel = "none"\n'
        '[[funds]]\nid = "f"\nnav = 1e9\npositions = {apple = 1.0}\n'
    )
    problem = build_problem(load_scenario(tmp_path))
    assert problem.assets.tied == {"apple": ("bonds", "tech")}


def test_means_keep_mean_prices_under_martingale_and_take_the_drift_of_what_they_move_with() -> None:
    problem = problem_of(document(shocks={"model": "gaussian", "drift": "martingale"}))
    loadings, sigma = problem.assets.loadings, problem.assets.shock_vol / np.sqrt(252)
    assert loadings is not None
    covariance = loadings.covariance(problem.shocks.correlation * np.outer(sigma, sigma))
    mean = np.asarray(params_of(problem, 1, "float64").shocks.mean)[:, 0]
    np.testing.assert_allclose(loadings.moves(mean), -0.5 * np.diag(covariance), rtol=1e-12)
    drifting = problem_of(document(shocks={"model": "gaussian", "drift": 0.1}))
    mean = np.asarray(params_of(drifting, 1, "float64").shocks.mean)[:, 0]
    np.testing.assert_array_equal(mean[[0, 1]], [0.0, 0.0])  # apple, basket


def test_households_and_brokers_look_at_what_names_move_with() -> None:
    retail = {"per_percent": 1e6, "cap": 1e9, "budget": 1e9}
    problem = problem_of(document(retail=retail))
    weights = dict(zip(problem.assets.ids, problem.outside["retail"].weights, strict=True))
    assert weights == {"apple": 0.0, "basket": 0.0, "bonds": 0.0, "tech": 1.0}
    assert problem.assets.ids[int(np.flatnonzero(problem.assets.leading_equities)[0])] == "tech"


@pytest.mark.parametrize(
    ("broken", "key", "says"),
    [
        (with_asset("apple", loadings={"tehc": 1.0}), "assets.apple.loadings.tehc", "tech"),
        (with_asset("apple", loadings={"apple": 1.0}), "assets.apple.loadings.apple", "apple -> apple"),
        (
            with_asset("tech", loadings={"basket": 1.0}),
            "assets.tech.loadings.basket",
            "tech -> basket -> apple -> tech",
        ),
        (with_asset("apple", loadings={"tech": 11}), "assets.apple.loadings.tech", "10"),
        (with_asset("apple", loadings={"tech": "much"}), "assets.apple.loadings.tech", "number"),
        (with_asset("apple", vol=0.3), "assets.apple.vol", "0.33"),
        (
            document(shocks={"model": "none", "script": [{"step": 1, "moves": {"basket": 0.1, "tech": 0.1}}]}),
            "shocks.script[0].moves.basket",
            "not both",
        ),
        (
            document(shocks={"model": "bootstrap", "bootstrap": {"returns": {"tech": [0.1, 0.2]}}}),
            "shocks.model",
            "student_t",
        ),
        (
            document(shocks={"model": "jump", "jump": {"common": {"rate": 1.0, "mean": -0.05, "sd": 0.02}}}),
            "shocks.jump.common",
            "without common jumps",
        ),
        (
            document(correlation={"matrix": (0.2 + 0.8 * np.eye(4)).tolist()}),
            "correlation.matrix.apple.bonds",
            "leaves out",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(broken: dict[str, Any], key: str, says: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        problem_of(broken)
    assert caught.value.key == key
    assert says in str(caught.value)


def test_a_script_of_a_name_alone_or_at_another_step_comes_on_top() -> None:
    script = [{"step": 1, "moves": {"tech": -0.1}}, {"step": 2, "moves": {"apple": -0.2}}]
    problem = problem_of(document(shocks={"model": "none", "script": script}))
    assert (problem.shocks.script != 0).sum() == 2


def test_own_draws_of_two_names_may_be_correlated() -> None:
    """Where neither moves with the other."""
    made = document()
    made["assets"][3]["loadings"] = {"bonds": 0.5}
    matrix = np.eye(4)
    matrix[2, 3] = matrix[3, 2] = 0.5
    made["correlation"] = {"matrix": matrix.tolist()}
    problem = problem_of(made)
    assert problem.shocks.correlation[0, 1] == 0.5  # apple, basket


def test_what_one_fund_sells_costs_who_holds_what_follows_it_and_not_the_other_way_round() -> None:
    funds = [
        {"id": "mine", "nav": 1e9, "positions": {"apple": 1.0}},
        {"id": "street", "nav": 2e9, "positions": {"tech": 1.0}},
    ]
    cost = liquidity_overlap(problem_of(document(funds=funds)))
    assert cost[1, 0] == 0.0
    assert cost[0, 1] == pytest.approx(1e9 * 1.1 * 2e9 * 0.3 / np.sqrt(252) / 1e9)
    assert cost[0, 0] == pytest.approx(1e9 * 1e9 * 0.4 / np.sqrt(252) / 1e8)
