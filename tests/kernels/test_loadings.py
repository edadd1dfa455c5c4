"""Assets that move with others: kernels against the reference, identities, and errors that these see."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from held_against import assert_parity
from loaded import LOADINGS, loaded_problem
from parity import Pair, run_both
from scenario_example import problem_of
from stress.kernels import quiet as quiet_module
from stress.kernels import step as step_module
from stress.kernels.cascade import attribution as attribution_module
from stress.kernels.cascade import trade as trade_module
from stress.reference.result import price_taker, simulate
from stress.reference.state import CAUSES
from tiny import make_problem

PATHS = 6


def street(**mine: Any) -> dict[str, Any]:
    """A street that sells one asset, and a name that moves with it exactly, in a fund without any limit."""
    name = {"id": "name", "asset_class": "equity", "vol": 0.3, "adv": 1e9, "loadings": {"tech": 1.0}, "shock_vol": 0.0}
    return {
        "schema": 1,
        "name": "identity",
        "horizon": {"steps": 4},
        "assets": [{"id": "tech", "asset_class": "equity", "region": "us", "vol": 0.3, "adv": 5e9}, name | mine],
        "shocks": {
            "model": "gaussian",
            "drift": "martingale",
            "script": [{"step": 1, "moves": {"tech": -0.15}}],
        },
        "funds": [
            {
                "id": "levered",
                "nav": 10e9,
                "gross": 4.0,
                "positions": {"tech": 1.0},
                "margin": {"rates": {"tech": 0.2}},
            },
            {"id": "mine", "nav": 1e9, "gross": 0.5, "positions": {"name": 1.0}, "margin": {"method": "none"}},
        ],
        "margin": {},
        "triggers": {"max_participation": 0.3},
        "impact": {"law": "square_root"},
        "liquidity": {},
        "retail": {"per_percent": 1e8, "cap": 1e9, "budget": 1e10},
    }


@cache
def _pair(kind: str) -> Pair:
    changes: dict[str, dict[str, Any]] = {
        "all": {},
        "nobody outside": {"retail": {"per_percent": 0.0}},
        "steps of a day": {"steps_per_day": 2, "funds": {"grace_steps": 0, "lockup_steps": 0}},
        "hikes": {"funds": {"hike_level": 1.05, "hike_size": 0.5}},
    }
    return run_both(loaded_problem(**changes[kind]), PATHS, 3)


@pytest.mark.parametrize(
    "kind", ["all", "nobody outside", *(pytest.param(x, marks=pytest.mark.slow) for x in ("steps of a day", "hikes"))]
)
def test_kernels_and_reference_agree(kind: str) -> None:
    pair = _pair(kind)
    assert_parity(pair)
    through = pair.twin.attribution[CAUSES.index("through_loadings")]
    assert np.abs(through).max() > 1e-3
    np.testing.assert_allclose(pair.twin.attribution.sum(axis=0), -pair.twin.loss, atol=1e-14)


def test_prices_are_the_loadings_times_whole_moves_and_what_is_their_own() -> None:
    """By the definition, not by the matrix that the kernels use: news, displacement and rebound of each asset alone."""
    problem = replace(_pair("nobody outside").problem)
    given_back = replace(problem, impact=replace(problem.impact, permanent=0.0))
    pair = run_both(given_back, PATHS, 3)
    logs, ids = np.log(np.asarray(pair.report.price)), problem.assets.ids
    own = np.cumsum(pair.draws + np.log1p(problem.shocks.script)[:, :, None], axis=0) + pair.twin.displacement
    whole: dict[str, Any] = {}
    for asset in ("bonds", "staples", "tech", "semis", "energy"):
        others = sum((loading * whole[other] for other, loading in LOADINGS.get(asset, {}).items()), 0.0)
        whole[asset] = own[:, ids.index(asset)] + others
        np.testing.assert_allclose(logs[:, ids.index(asset)], whole[asset], atol=1e-11)
    assert np.abs(pair.twin.displacement).max() > 0.01


def test_a_name_without_a_draw_or_sales_of_its_own_has_the_price_of_what_it_moves_with() -> None:
    pair = run_both(problem_of(street()), PATHS, 5)
    tech, name = pair.problem.assets.ids.index("tech"), pair.problem.assets.ids.index("name")
    price = np.asarray(pair.report.price)
    assert np.abs(np.log(price[:, tech]) - pair.twin.news[:, tech]).max() > 0.01  # the street has sold
    np.testing.assert_allclose(price[:, name], price[:, tech], rtol=1e-12, atol=0)
    assert_parity(pair)


def test_what_is_sold_of_a_name_moves_no_other() -> None:
    """A fund that has to sell the name: the street trades, and its prices move, as they do without that fund."""
    alone = street(adv=1e9)
    mine = {"id": "mine", "nav": 1e9, "gross": 4.0, "positions": {"name": 1.0}}
    beside = alone | {"funds": [alone["funds"][0], mine | {"margin": {"rates": {"name": 0.24}}}]}
    first, second = (run_both(problem_of(one), PATHS, 5) for one in (alone, beside))
    tech = first.problem.assets.ids.index("tech")
    assert np.abs(second.twin.forced_flow_usd[:, 1 - tech]).max() > 1e8
    np.testing.assert_allclose(second.report.price[:, tech], first.report.price[:, tech], rtol=1e-12)
    flow = first.twin.forced_flow_usd[:, tech]
    np.testing.assert_allclose(second.twin.forced_flow_usd[:, tech], flow, rtol=1e-9, atol=1.0)


def test_held_still_and_price_taker_move_by_news_alone_and_without_impact_nothing_comes_through() -> None:
    pair = _pair("all")
    problem, loadings = pair.problem, pair.problem.assets.loadings
    assert loadings is not None
    news = np.cumsum(loadings.moves(pair.draws + np.log1p(problem.shocks.script)[:, :, None], axis=1), axis=0)
    np.testing.assert_allclose(pair.twin.news, news, atol=1e-13)
    taker = simulate(price_taker(problem), pair.draws)
    np.testing.assert_allclose(np.log(taker.price), news, atol=1e-13)
    assert not taker.attribution[CAUSES.index("through_loadings")].any()
    still = simulate(replace(problem, cascade=replace(problem.cascade, feedback=False)), pair.draws)
    np.testing.assert_allclose(still.loss, pair.twin.loss_static, atol=1e-12)


def test_loadings_of_zero_are_none() -> None:
    none = replace(make_problem(), assets=loaded_problem({"semis": {"tech": 1e-300}}).assets)
    moved, plain = (simulate(one, np.full((8, 5, 1), -0.03)) for one in (none, make_problem()))
    np.testing.assert_allclose(moved.price, plain.price, rtol=1e-14)


@pytest.mark.parametrize(
    ("module", "name", "wrong"),
    [
        (trade_module, "whole", lambda structure, loadings, own: own),  # the street's selling does not come through
        (quiet_module, "whole", lambda structure, loadings, own: own),
        (step_module, "whole", lambda structure, loadings, own: own),
        (trade_module, "_without_loadings", lambda *arguments: arguments[-1]),  # all of it is own impact
    ],
)
def test_a_planted_error_is_seen(module: Any, name: str, wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(AssertionError):
        assert_parity(run_both(_pair("nobody outside").problem, 3, 3))


def test_the_cause_is_left_out_where_nobody_has_loadings() -> None:
    structure = type("S", (), {"attribution": True, "outside": (), "sources": ()})
    assert attribution_module.no_causes(structure, jnp.zeros((1, 1))).through_loadings == ()  # type: ignore[arg-type]
