"""The kernels' draw against plain NumPy: drift, martingale, steps of a day, scale, correlation, Student-t, clips."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from plain_draw import plain_draw, times_clipped
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.kernels.quiet import hold_still
from stress.questions.validate.kernels import engine_draws
from stress.scenarios.problem import Problem
from tiny import make_problem

PATHS, SEED = 3_000, (7 << 32) + 3
MATRIX = np.full((5, 5), 0.2) + 0.8 * np.eye(5) + 0.3 * np.eye(5, k=1) + 0.3 * np.eye(5, k=-1)
CASES: dict[str, dict[str, Any]] = {
    "gaussian": {"shocks": {"model": "gaussian"}},
    "gaussian, drift, 4 steps a day": {"steps_per_day": 4, "shocks": {"model": "gaussian", "drift": 3.0}},
    "gaussian, martingale": {"shocks": {"model": "gaussian", "martingale": True, "scale": 8.0}},
    "gaussian, martingale, 5 steps a day": {
        "steps_per_day": 5,
        "shocks": {"model": "gaussian", "martingale": True, "scale": 8.0, "correlation": MATRIX},
    },
    "gaussian, clipped": {"shocks": {"model": "gaussian", "scale": 3.0, "max_move": 0.1}},
    "student": {"shocks": {"correlation": MATRIX}},
    "student, drift down, 3 steps a day": {"steps_per_day": 3, "shocks": {"drift": -2.0, "dof": 3.0}},
    "student, martingale, clipped": {"shocks": {"martingale": True, "scale": 4.0, "dof": 8.0, "max_move": 0.15}},
}


def problem(name: str) -> Problem:
    """Of five steps, the last of which is alone in its pair; nobody holds energy, and shocks are not `vol`'s."""
    found = make_problem(steps=5, **CASES[name])
    shapes = found.books.shapes.copy()
    shapes[:, 1] = 0.0
    script = found.shocks.script.copy()
    script[:, 1] = 0.0
    retail = replace(found.outside["retail"], weights=np.array([0.0, 0.0, 0.4, 0.1, 0.5]))
    vol = found.assets.shock_vol * np.array([1.0, 2.0, 0.5, 1.5, 1.2])
    return replace(
        found,
        assets=replace(found.assets, shock_vol=vol),
        books=replace(found.books, shapes=shapes),
        shocks=replace(found.shocks, script=script),
        outside={"retail": retail},
    )


@pytest.mark.parametrize("name", CASES)
def test_the_draw_is_the_one_of_the_model(name: str) -> None:
    asked = problem(name)
    expected, raw = plain_draw(asked, SEED, PATHS)
    found = engine_draws(asked, SEED, PATHS)
    exact = 1e-12 if asked.shocks.model == "gaussian" else 1e-6  # of a series for the common scale
    np.testing.assert_allclose(found, expected, rtol=exact, atol=1e-13 if exact < 1e-9 else 1e-9)
    limit = asked.shocks.max_move
    for side in (raw > limit, raw < -limit):
        assert side.any() or "clipped" not in name
    assert np.abs(found).max() <= limit


@pytest.mark.parametrize("name", ["gaussian, clipped", "student, martingale, clipped"])
def test_clipped_draws_are_counted_on_every_path(name: str) -> None:
    asked = problem(name)
    raw = plain_draw(asked, SEED, PATHS)[1]
    with jax.enable_x64(True):
        params = jax.tree.map(jnp.asarray, params_of(asked, SEED, "float64"))
        low = jnp.arange(PATHS, dtype=jnp.uint32)
        still = jax.jit(hold_still, static_argnums=0)(structure_of(asked), params, low, jnp.zeros_like(low))
        counted = np.asarray(still.draws_clipped)
    by_path = (np.abs(raw) > asked.shocks.max_move).any(axis=1).sum(axis=0)
    np.testing.assert_array_equal(counted.reshape(-1), by_path)
    assert by_path.max() > 1
    assert times_clipped(raw, asked.shocks.max_move) == by_path.sum()
