"""Every shock model of the kernels against its twin in NumPy, on the same random words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plain_models
from plain_models import MODELS, Plain
from scenario_example import problem_of
from shock_examples import IDS, SEED, SHOCKS, document, many_draws, problem
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.kernels.shocks.bootstrap import evenly
from stress.questions.validate.kernels import engine_draws
from stress.scenarios.problem import Problem

PATHS = 2_000


def plain(asked: Problem, paths: int = PATHS) -> np.ndarray:
    """Draws by the twin, clipped, (step, asset, path)."""
    shocks, made = asked.shocks, MODELS[asked.shocks.model](Plain(asked, SEED, paths))
    return np.clip(made + shocks.drift / (252.0 * asked.steps_per_day), -shocks.max_move, shocks.max_move)


@pytest.mark.parametrize("name", SHOCKS)
def test_the_draw_is_that_of_the_twin(name: str) -> None:
    asked, found = many_draws(name)
    np.testing.assert_allclose(found[:, :, :PATHS], plain(asked), rtol=1e-9, atol=1e-11)
    assert found.std(axis=(0, 2)).min() > 0.003


def test_steps_of_a_day_have_one_regime_and_smaller_jumps() -> None:
    for name in ("regime", "jump"):
        asked = replace(problem(name), steps_per_day=2)
        asked = replace(asked, shocks=replace(asked.shocks, drift=2.0, max_move=0.05))
        found = engine_draws(asked, SEED, PATHS)
        np.testing.assert_allclose(found, plain(asked), rtol=1e-9, atol=1e-11)
        assert (np.abs(found) == 0.05).any()
    crisis = plain_models.regimes(Plain(replace(problem("regime"), steps_per_day=2), SEED, PATHS))
    assert (crisis[0] == crisis[1]).all()
    assert (crisis[2] == crisis[3]).all()
    assert (crisis[1] != crisis[2]).any()


def test_a_day_is_drawn_evenly_and_exactly() -> None:
    words = np.array([0, 1, 2**16, 2**31, 2**32 - 1, 123456789, 0xFFFF0000], np.uint32)
    for count in (30, 252, 2_500, 20_000):
        exact = (words.astype(np.uint64) * np.uint64(count)) >> np.uint64(32)
        np.testing.assert_array_equal(np.asarray(evenly(jnp.asarray(words), count)), exact)


def test_no_number_of_a_model_compiles_again() -> None:
    """Another number is another argument of the same program: structures and shapes are the same."""
    changed: dict[str, dict[str, Any]] = {
        "student_t by class": {"dof": {"equity": 9, "rates": 3}},
        "garch": {"garch": {"alpha": 0.01, "gamma": 0.02, "beta": 0.3, "start": 1.0}},
        "regime": {"regime": {**SHOCKS["regime"]["regime"], "stay_calm": 0.5, "start": 0.0}},
        "jump": {"jump": {"common": {"rate": 1, "sd": 0.1}, "own": {"rate": 2, "mean": 0.01}}},
        "factor": {"factor": {"loadings": {n: {"market": 0.1, "rates": 0.1} for n in IDS}}},
        "bootstrap": {"bootstrap": {**SHOCKS["bootstrap"]["bootstrap"], "mean_block": 30}},
        "filtered_historical": {
            "filtered_historical": {**SHOCKS["filtered_historical"]["filtered_historical"], "beta": 0.1, "start": 3}
        },
    }
    for name, other in changed.items():
        assert_same_program(name, other)


def assert_same_program(name: str, other: dict[str, Any]) -> None:
    made = document(name)
    made["shocks"] |= other
    before, after = problem(name), problem_of(made)
    assert structure_of(before) == structure_of(after)
    one, two = (params_of(p, SEED, "float32") for p in (before, after))
    shapes = [jax.tree.map(lambda x: (np.shape(x), np.asarray(x).dtype), params) for params in (one, two)]
    assert str(jax.tree.structure(one)) == str(jax.tree.structure(two))
    assert shapes[0] == shapes[1]
    leaves = zip(jax.tree.leaves(one.shocks), jax.tree.leaves(two.shocks), strict=True)
    assert any(not np.array_equal(a, b) for a, b in leaves)
