"""The draw of an asset is its own: promise (A) of the contract, with assets that nobody holds added to a scenario."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parity import run_both
from scenario_example import example, problem_of
from stress.compile.params import params_of
from stress.compile.shocks.cholesky import cholesky, cholesky_in_order, matter
from stress.compile.structure import structure_of
from stress.kernels.random.normals import Key, normals
from stress.kernels.shocks.draw import shock_keys, shock_room
from stress.scenarios.problem import Problem

PATHS = 64
NEW = ("aaa", "kkk", "zzz")  # before, between and after bonds, japan and semis


def wider(*new: str, model: str = "student_t", **tables: Any) -> Problem:
    """The example with assets that nobody holds."""
    document = example(retail=None, **({"correlation": {"constant": 0.3}} | tables))
    document["shocks"]["model"] = model
    document["horizon"]["steps"] = 5
    document["assets"] += [{"id": a, "asset_class": "fx", "region": "eu", "vol": 0.5, "adv": 1e9} for a in new]
    return problem_of(document)


def independent(problem: Problem) -> dict[str, np.ndarray]:
    """Normals of each asset, and of what all share, in the first two pairs of steps: (2, 2, path)."""
    structure, params = structure_of(problem), jax.tree.map(jnp.asarray, params_of(problem, 3, "float32"))
    low = jnp.arange(PATHS, dtype=jnp.uint32)
    keys, room = shock_keys(structure, params.shocks), shock_room(structure, params.shocks, PATHS).numbers
    rooms = [normals(Key(keys.first[m], keys.second[m]), low, jnp.zeros_like(low), room) for m in (0, 1)]
    drawn = np.array([[room.first[:-1], room.second[:-1]] for room in rooms])
    return {name: drawn[:, :, row] for row, name in enumerate([*problem.assets.ids, "common"][: drawn.shape[2]])}


@pytest.mark.parametrize("model", ["gaussian", "student_t"])
@pytest.mark.parametrize("new", [NEW[:1], NEW[1:2], NEW[2:], NEW])
def test_an_asset_that_nobody_holds_changes_no_other_draw(new: tuple[str, ...], model: str) -> None:
    old, now = independent(wider(model=model)), independent(wider(*new, model=model))
    assert set(now) - set(old) == set(new)
    assert ("common" in old) == (model == "student_t")
    for name, values in old.items():
        np.testing.assert_array_equal(now[name], values)
    everything = np.stack(list(now.values()))
    assert len(np.unique(everything)) > 0.99 * everything.size


@pytest.mark.slow
def test_losses_are_the_same_but_for_rounding() -> None:
    """In five steps, the last of which is alone in its pair; where draws are independent, bit for bit."""
    old, now = run_both(wider(), PATHS), run_both(wider(*NEW), PATHS)
    held = [now.problem.assets.ids.index(name) for name in old.problem.assets.ids]
    np.testing.assert_allclose(now.draws[:, held], old.draws, rtol=0, atol=1e-15)
    np.testing.assert_allclose(now.metrics.fund_loss, old.metrics.fund_loss, rtol=0, atol=1e-12)
    assert np.ptp(old.metrics.fund_loss, axis=1).min() > 0.01
    now = run_both(wider(*NEW, correlation=None), PATHS)
    old = run_both(wider(correlation=None), PATHS)
    np.testing.assert_array_equal(now.draws[:, held], old.draws)


def test_the_factor_of_what_is_held_is_worked_out_alone() -> None:
    random = np.random.default_rng(2)
    for _ in range(20):
        count = int(random.integers(2, 12))
        root = random.normal(size=(count, count + 2))
        matrix = root @ root.T
        matrix /= np.sqrt(np.outer(np.diag(matrix), np.diag(matrix)))
        first = random.random(count) < 0.6
        factor = cholesky_in_order(matrix, first)
        np.testing.assert_allclose(factor @ factor.T, matrix, atol=1e-14)
        np.testing.assert_array_equal(factor[np.ix_(first, first)], cholesky(matrix[np.ix_(first, first)]))
        assert not factor[np.ix_(first, ~first)].any()


def test_a_singular_matrix_has_a_factor_in_the_same_order() -> None:
    """An asset that nobody holds and that moves with another in step."""
    matrix = np.array([[1.0, 1.0, 0.3], [1.0, 1.0, 0.3], [0.3, 0.3, 1.0]])
    factor = cholesky_in_order(matrix, np.array([False, True, True]))
    np.testing.assert_allclose(factor @ factor.T, matrix, atol=1e-15)
    np.testing.assert_allclose(factor[1:, 1:], cholesky(matrix[1:, 1:]), atol=1e-15)
    np.testing.assert_allclose(factor[1:, 0], 0.0, atol=1e-15)


def test_what_matters_is_held_scripted_or_bought_from_outside() -> None:
    assert matter(problem_of(example())).tolist() == [True, True, True]
    assert matter(wider(*NEW)).tolist() == [False, True, True, False, True, False]
    document = example(retail=None)
    document["assets"] += [
        {"id": name, "asset_class": "equity", "region": "us", "vol": 0.2, "adv": 1e9, "margin": 0.1}
        for name in ("a", "b", "c")
    ]
    document["correlation"] = {"constant": 0.1}
    document["shocks"]["script"].append({"step": 3, "moves": {"a": 0.02}})
    document["retail"] = {"per_percent": 1e9, "cap": 5e9, "budget": 5e10, "weights": {"b": 1.0, "c": 0.0}}
    assert matter(problem_of(document)).tolist() == [True, True, True, False, True, True]  # a b bonds c japan semis
    document["shocks"]["condition"] = [{"step": 1, "moves": {"c": -0.01}}]
    assert matter(problem_of(document)).all()
