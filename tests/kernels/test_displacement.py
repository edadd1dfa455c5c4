"""The displacement is what flow moved the price by; with nothing permanent it is given back, no more and no less."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from compilation import compiled_quickly
from flat import with_limits
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.kernels.impact.displacement import log_change
from stress.kernels.path import start
from stress.kernels.step import advance
from stress.scenarios.problem import Problem
from tiny import BN, make_draws, make_problem, single

STEPS, PATHS = 25, 48
LAWS: dict[str, dict[str, Any]] = {
    "square_root": {},
    "linear": {"slope": 4e-12},
    "bounded_exponential": {},
    "exponential": {"beta": 1.0, "outstanding": np.array([40.0, 6.0, 12.0, 5.0, 25.0]) * 40 * BN},
}
TOLERANCE = {"float32": 3e-5, "float64": 1e-12}


@lru_cache(maxsize=8)
def problem_of(law: str) -> Problem:
    """Two-way targets and dip-buyers, so that flow crosses zero; depth that changes; 100 half-lives in 25 days."""
    problem = make_problem(
        steps=STEPS,
        impact={"law": law, "permanent": 0.0, "half_life": STEPS / 100.0} | LAWS[law],
        liquidity={"evaporation": 1.2, "flow_sensitivity": 0.5, "floor": 0.1},
        funds={"has_margin": False, "max_leverage": np.inf},
        books={"ladder_drawdown": np.inf},
    )
    gross = np.bincount(problem.books.fund_of, problem.books.size) / problem.funds.nav
    return with_limits(problem, leverage_target=gross, leverage_band=0.01, two_way=True)


def followed(problem: Problem, draws: np.ndarray[Any, Any], precision: str) -> tuple[np.ndarray[Any, Any], ...]:
    """log price less news, displacement and recent flow at every step end, each (step, asset, path)."""
    with jax.enable_x64(precision == "float64"):
        structure, dtype = structure_of(problem), jnp.dtype(precision)
        params = jax.tree.map(jnp.asarray, params_of(problem, 1, precision))

        @jax.jit
        def run(params: Any, draws: Any) -> Any:
            def one(carry: Any, inputs: Any) -> Any:
                state, news = carry
                draw, script, step = inputs
                state, _ = advance(structure, params, state, draw, script[:, None], step)
                news = news + draw + script[:, None]
                return (state, news), (jnp.log(state.price) - news, state.displacement, state.flow)

            begin = (start(structure, params, draws.shape[-1]), jnp.zeros(draws.shape[1:], dtype))
            steps = jnp.arange(1, problem.steps + 1, dtype=jnp.int32)
            return lax.scan(one, begin, (draws, params.shocks.script, steps))[1]

        options: Any = compiled_quickly()
        compiled = run.lower(params, jnp.asarray(draws, dtype)).compile(compiler_options=options)
        found: tuple[np.ndarray[Any, Any], ...] = jax.device_get(compiled(params, jnp.asarray(draws, dtype)))
        return found


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("law", LAWS)
def test_price_is_news_and_displacement_after_every_step(law: str, precision: str) -> None:
    problem = problem_of(law)
    beyond_news, displacement, flow = followed(problem, make_draws(problem, PATHS, seed=3), precision)
    assert np.abs(displacement).max() > 0.01
    crossed = np.sign(flow[1:]) * np.sign(flow[:-1]) < 0
    assert crossed.any()  # bought after sold within what is remembered
    np.testing.assert_allclose(beyond_news, displacement, rtol=0, atol=TOLERANCE[precision])


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("law", LAWS)
def test_flow_that_stops_leaves_the_price_at_the_news(law: str, precision: str) -> None:
    problem = problem_of(law)
    quiet = with_limits(problem, leverage_band=0.4)  # only the falls of the first days trade
    draws = make_draws(problem, PATHS, seed=4)
    draws[3:] = 0.0
    quiet = replace(
        quiet, shocks=replace(quiet.shocks, script=np.where(np.arange(STEPS)[:, None] < 3, problem.shocks.script, 0.0))
    )
    beyond_news, _, _ = followed(quiet, draws, precision)
    assert np.abs(beyond_news[:4]).max() > 0.003
    assert np.abs(beyond_news[-1]).max() < TOLERANCE[precision]


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_one_sale_in_a_market_that_dries_up(precision: str) -> None:
    """Evaporation after a sale restates nothing: the price ends at the news (it ended 12 % above)."""
    problem = single(
        steps=60,
        impact={"law": "square_root", "permanent": 0.0, "half_life": 1.0},
        liquidity={"evaporation": 1.2, "flow_sensitivity": 0.0, "floor": 0.1},
    )
    draws = np.zeros((60, 1, 1))
    draws[0], draws[1] = np.log(0.92), np.log(1.3)  # a call, then a day that takes depth to its floor
    beyond_news, displacement, _ = followed(problem, draws, precision)
    assert displacement[0, 0, 0] < -0.005
    np.testing.assert_allclose(beyond_news, displacement, rtol=0, atol=TOLERANCE[precision])
    assert abs(beyond_news[-1, 0, 0]) < TOLERANCE[precision]
    assert (np.diff(beyond_news[1:, 0, 0]) >= -TOLERANCE[precision]).all()  # it only comes back


def test_bounded_law_leaves_its_share_whatever_has_been_sold_before() -> None:
    problem = make_problem(impact={"law": "bounded_exponential", "bound": 0.6})
    structure, impact = structure_of(problem), params_of(problem, 1, "float64").impact
    assert impact is not None
    displacement, sold = np.linspace(np.log(0.6), 0.4, 5)[:, None], np.full((5, 1), -1e4)
    nothing, depth = np.zeros((5, 1)), np.ones((5, 1))
    with jax.enable_x64(True):
        tiles = [jnp.asarray(x) for x in (displacement, nothing, nothing, sold, depth)]
        change = np.asarray(log_change(structure, jax.tree.map(jnp.asarray, impact), *tiles))
    expected = np.maximum(np.log(0.6), np.log(0.6) - displacement)  # the law alone, or what its bound leaves
    np.testing.assert_allclose(change, expected, atol=1e-12)
