"""A day in one step and in four, with the shock in the first of them: the same trades, prices and purchases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from compilation import compiled_quickly
from flat import limits_of, with_limits
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.kernels.path import start
from stress.kernels.step import advance
from stress.scenarios.problem import Problem
from tiny import make_draws, make_problem
from twin_books import with_overlay

DAYS, PATHS = 4, 64
PLAIN: dict[str, dict[str, Any]] = {
    "funds": {"procyclicality": 0.0, "margin_cap": 1.0, "grace_steps": 0, "lockup_steps": 0},
    "impact": {"half_life": np.inf},
    "liquidity": {"evaporation": 0.0, "flow_sensitivity": 0.0},
}


def split(problem: Problem, per_day: int) -> Problem:
    """The same days in so many steps each; what is drawn or scripted is given to `closes`."""
    steps = problem.steps * per_day
    shocks = replace(problem.shocks, script=np.zeros((steps, len(problem.assets.ids))))
    return replace(problem, steps=steps, steps_per_day=per_day, shocks=shocks)


def closes(problem: Problem, per_day: int, days: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Price, held and retail's outlay so far at the end of each day, for draws (day, asset, path) in its first step."""
    draws = np.zeros((len(days) * per_day, *days.shape[1:]))
    draws[::per_day] = days
    with jax.enable_x64(True):
        problem = split(problem, per_day)
        structure = structure_of(problem)
        params = jax.tree.map(jnp.asarray, params_of(problem, 1, "float64"))

        def run(params: Any, draws: Any) -> Any:
            def one(state: Any, inputs: Any) -> Any:
                draw, step = inputs
                state, report = advance(structure, params, state, draw, jnp.zeros((draw.shape[0], 1)), step)
                spent = state.outside.own["retail"].spent if structure.outside else state.profit[:1]
                return state, (report.price, report.held, spent, state.defaulted)

            steps = jnp.arange(1, problem.steps + 1, dtype=jnp.int32)
            return lax.scan(one, start(structure, params, draws.shape[-1]), (draws, steps))[1]

        given = jnp.asarray(draws)
        found = jax.device_get(jax.jit(run, compiler_options=compiled_quickly())(params, given))
    return {n: x[per_day - 1 :: per_day] for n, x in zip(("price", "held", "spent", "defaulted"), found, strict=True)}


def of_ladders() -> Problem:
    return make_problem(steps=DAYS, retail={"per_percent": 0.0}, **PLAIN)


def of_targets() -> Problem:
    """Two-way leverage targets, and an overlay beside the ladders of one type.

    Without margin, and without a ladder beside a target: what one rule makes a fund sell another buys back, or builds,
    in the next step.
    """
    problem = make_problem(steps=DAYS, retail={"per_percent": 0.0}, **{**PLAIN, "funds": {"has_margin": False}})
    gross = np.bincount(problem.books.fund_of, problem.books.size) / problem.funds.nav
    targets = np.where(problem.funds.type_of == 2, np.inf, gross)
    ladders = np.where(problem.books.fund_of[:, None] == 4, np.inf, limits_of(problem).ladder_drawdown)
    problem = with_limits(
        problem,
        max_leverage=np.inf,
        leverage_target=targets,
        leverage_band=0.02,
        two_way=True,
        ladder_drawdown=ladders,
    )
    return with_overlay(problem, 2, [0.0, -0.25, -0.25, -0.25, -0.25], 1.5, [0.005, 0.02, 0.05], [0.1, 0.5, 1.0])


@pytest.mark.parametrize("per_day", [2, 4])
@pytest.mark.parametrize("of", [of_ladders, of_targets])
def test_forced_trades_of_a_day(of: Callable[[], Problem], per_day: int) -> None:
    problem = of()
    draws = make_draws(problem, PATHS, seed=5, scale=1.3)
    whole, parts = closes(problem, 1, draws), closes(problem, per_day, draws)
    calm = ~whole["defaulted"].any(axis=(0, 1))
    traded = np.ptp(whole["held"], axis=0).max(axis=0) > 0.01
    assert (calm & traded).sum() > PATHS // 4
    for name in ("price", "held"):
        np.testing.assert_allclose(parts[name][..., calm], whole[name][..., calm], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("per_day", [2, 4])
def test_retail_buys_as_much_in_parts_of_a_day(per_day: int) -> None:
    """Its cap, fatigue and budget are those of days: the cap binds on some days, the budget on some paths."""
    problem = make_problem(
        steps=6,
        retail={"per_percent": 1e9, "cap": 2e9, "fatigue": 0.4, "budget": 3e9},
        impact={"law": "none"},
        funds={"has_margin": False, "max_leverage": np.inf},
        books={"ladder_drawdown": np.inf},
        liquidity=PLAIN["liquidity"],
    )
    draws = make_draws(problem, PATHS, seed=6)
    whole, parts = closes(problem, 1, draws)["spent"], closes(problem, per_day, draws)["spent"]
    bought = np.diff(whole, axis=0, prepend=0.0)
    assert bought.max() > 1.99
    assert (whole[-1] > 3.0 - 1e-9).any()
    assert (whole[-1] < 2.9).any()
    np.testing.assert_allclose(parts, whole, rtol=1e-12, atol=1e-12)
