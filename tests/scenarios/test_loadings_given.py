"""Conditions and replays of a scenario in which assets move with others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scenario_example import problem_of, refused
from stress.questions.validate.kernels import engine_draws
from stress.scenarios.conditions.report import condition_facts

PATHS = 20_000
ASSETS: list[dict[str, Any]] = [
    {"id": "tech", "asset_class": "equity", "region": "us", "vol": 0.3, "adv": 1e9},
    {"id": "semis", "asset_class": "equity", "region": "us", "vol": 0.45, "adv": 1e9},
    {
        **{"id": "apple", "asset_class": "equity", "region": "us", "sector": "phones", "vol": 0.4, "adv": 1e8},
        "loadings": {"tech": 1.1},
    },
    {
        **{"id": "nvidia", "asset_class": "equity", "region": "us", "sector": "chips", "vol": 0.6, "adv": 1e8},
        "loadings": {"semis": 1.2, "tech": 0.1},
    },
]
IDS = tuple(sorted(asset["id"] for asset in ASSETS))


def document(steps: int = 1, **shocks: Any) -> dict[str, Any]:
    funds = [{"id": "mine", "nav": 1e9, "positions": {"apple": 1.0, "nvidia": 0.5}}]
    made = {"schema": 1, "name": "loaded", "horizon": {"steps": steps}, "assets": ASSETS, "funds": funds}
    return made | {"correlation": {"constant": 0.3}, "shocks": {"model": "gaussian"} | shocks}


def given(**moves: float) -> list[dict[str, Any]]:
    return [{"step": 1, "moves": moves}]


def whole(problem: Any) -> Any:
    """Whole draws of the first step, (asset, path)."""
    return problem.assets.loadings.moves(engine_draws(problem, 5, PATHS)[0])


@pytest.mark.parametrize("key", ["apple", "tech", "equity"])
def test_a_condition_is_met_by_whole_draws_and_the_rest_follows_their_law(key: str) -> None:
    """Against the regression of whole draws on the weighted move, from the covariance of whole draws alone."""
    problem, plain = problem_of(document(condition=given(**{key: -0.1}))), problem_of(document())
    assets, daily = problem.assets, problem.assets.vol / np.sqrt(252)
    covariance = plain.shocks.move_correlation * np.outer(daily, daily)
    held = {"apple": 2 / 3, "nvidia": 1 / 3} if key == "equity" else {key: 1.0}
    weights = np.array([held.get(asset, 0.0) for asset in assets.ids])
    drawn = whole(problem)
    np.testing.assert_allclose(weights @ drawn, np.log(0.9), atol=1e-12)
    across = covariance @ weights
    mean = across / (weights @ across) * np.log(0.9)
    left = covariance - np.outer(across, across) / (weights @ across)
    error = np.sqrt(np.maximum(np.diag(left), 0.0) / PATHS)
    assert (np.abs(drawn.mean(axis=1) - mean) <= 5 * error + 1e-12).all()
    found, scale = np.cov(drawn), np.sqrt(np.outer(np.diag(left), np.diag(left)) + left**2)
    assert (np.abs(found - left) <= 5 * scale / np.sqrt(PATHS) + 1e-12).all()
    facts = condition_facts(problem)[0]
    assert facts["distance"] == pytest.approx(-np.log(0.9) / np.sqrt(weights @ across))
    if key == "equity":
        simple = weights @ np.expm1(drawn)
        assert facts["simple_moves"]["equity"] == pytest.approx(simple.mean(), abs=5 * simple.std() / np.sqrt(PATHS))


def test_a_move_comes_from_one_place_alone() -> None:
    """From a script, a condition, a replay, or through loadings."""
    script = [{"step": 1, "moves": {"tech": -0.05}}]
    refused(
        document(script=script, condition=given(apple=-0.1)),
        "shocks.condition[0].moves.apple",
        "moves with tech, which has a scripted move",
    )
    problem_of(document(script=script, condition=given(semis=-0.1)))
    by_hand = {"episode": "tariff-2025", "map": {"apple": "tech"}}
    refused(document(5, replay=by_hand), "shocks.replay.map.apple", "moves with tech by its loadings")
    refused(
        document(5, replay="tariff-2025", condition=given(nvidia=-0.1)),
        "shocks.condition[0].moves.nvidia",
        "has a scripted move",
    )


def test_a_replay_reaches_assets_with_loadings_through_these() -> None:
    problem = problem_of(document(5, replay="tariff-2025"))
    replay, script = problem.shocks.replay, problem.shocks.script
    assert replay is not None
    how = dict(zip(IDS, replay.how, strict=True))
    assert how == {
        **{"tech": "itself", "semis": "itself", "apple": "through its loadings", "nvidia": "through its loadings"}
    }
    at = {name: problem.assets.ids.index(name) for name in IDS}
    assert (script[:, [at["tech"], at["semis"]]] != 0).all()
    assert (script[:, [at["apple"], at["nvidia"]]] == 0).all()
    drawn = engine_draws(problem, 5, PATHS)[0]
    own = problem.assets.shock_vol[at["apple"]] / np.sqrt(252)
    assert np.abs(drawn[at["tech"]]).max() == 0
    assert drawn[at["apple"]].std() == pytest.approx(own, rel=0.03)


@pytest.mark.parametrize(
    ("beside", "by"),
    [
        ({"condition": given(tech=-0.05)}, "a condition"),
        ({"replay": {"episode": "tariff-2025", "map": {"semis": "draw"}}}, "the replay"),
        ({"script": given(tech=-0.05)}, "a script"),
    ],
)
def test_a_script_beside_what_loadings_bring_is_refused(beside: dict[str, Any], by: str) -> None:
    scripts = beside.get("script", [])
    made = document(steps=6, **beside | {"script": [*scripts, *given(apple=-0.1)]})
    refused(made, f"shocks.script[{len(scripts)}].moves.apple", f"step 1, and {by} moves tech there")
    made["shocks"]["script"][-1]["step"] = 6
    assert problem_of(made).shocks.script[5].any()
