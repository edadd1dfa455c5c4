"""Draws of every kind of model are a path's own, in any tile, in both passes, and whatever other assets there are."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from compilation import compiled_quickly
from scenario_example import problem_of
from shock_examples import SEED, document, many_draws, problem
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.kernels.params import Params
from stress.kernels.path import simulate
from stress.kernels.quiet import hold_still
from stress.kernels.shocks.draw import Room, draw, shock_keys, shock_room
from stress.questions.validate.kernels import engine_draws

PATHS, APART = 512, 100


@pytest.mark.parametrize("device", ["cpu", "gpu"])
@pytest.mark.parametrize("name", ["regime, student_t", "jump", "filtered_historical"])
def test_a_path_has_its_draws_in_any_tile_and_precision(
    name: str, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regimes, counts of jumps and days of a history are decided in whole numbers, the same in both precisions.

    What a GPU would compile, where each step's numbers are hashed by themselves, runs on a CPU as well.
    """
    asked, exact = many_draws(name)
    if device == "gpu":
        monkeypatch.setattr(lax, "platform_dependent", lambda *args, cpu, default: default(*args))
    structure, params = structure_of(asked), jax.tree.map(jnp.asarray, params_of(asked, SEED, "float32"))

    @partial(jax.jit, compiler_options=compiled_quickly())
    def run(params: Params, low: jax.Array) -> jax.Array:
        keys, begin = shock_keys(structure, params.shocks), shock_room(structure, params.shocks, PATHS)

        def one(room: Room, step: jax.Array) -> tuple[Room, jax.Array]:
            r, _, room = draw(structure, params.shocks, low, low * 0, keys, step, room)
            return room, r

        drawn: jax.Array = lax.scan(one, begin, jnp.arange(structure.steps, dtype=jnp.int32))[1]
        return drawn

    low = jnp.arange(PATHS, dtype=jnp.uint32)
    found, moved = (np.asarray(run(params, ids)) for ids in (low, low + APART))
    np.testing.assert_array_equal(found[:, :, APART:], moved[:, :, :-APART])
    np.testing.assert_allclose(found, exact[:, :, :PATHS], rtol=1e-4, atol=2e-6)


def test_both_passes_hold_the_same_book_through_the_same_draws() -> None:
    """The pass that holds still, the twin beside the traded book, and the draws and scripts by themselves."""
    name = "filtered_historical"  # which remembers both a day and a variance
    asked, draws = problem(name), many_draws(name)[1][:, :, :64]
    with jax.enable_x64(True):
        structure = structure_of(asked)
        params = jax.tree.map(jnp.asarray, params_of(asked, SEED, "float64"))
        low = jnp.arange(64, dtype=jnp.uint32)
        quickly: dict[str, Any] = {"static_argnums": 0, "compiler_options": compiled_quickly()}
        still = np.asarray(jax.jit(hold_still, **quickly)(structure, params, low, low * 0).fund_loss)
        traded = jax.jit(simulate, **quickly)(structure, params, low, low * 0)[0]
        exposure = np.asarray(params.books.group_exposure)
    price = np.prod(np.exp(draws) * (1.0 + asked.shocks.script)[:, :, None], axis=0)
    np.testing.assert_allclose(still, -exposure @ (price - 1.0), rtol=0, atol=1e-12)
    np.testing.assert_allclose(traded.fund_loss_static, still, rtol=0, atol=1e-12)
    assert np.abs(np.asarray(traded.fund_loss) - still).max() > 1e-4


@pytest.mark.parametrize("name", ["factor", "bootstrap"])
def test_an_asset_that_nobody_holds_changes_no_other_draw(name: str) -> None:
    made = document(name)
    made["assets"].append({"id": "gold", "asset_class": "commodity", "region": "us", "vol": 0.2, "adv": 1e9})
    table = made["shocks"][name]["loadings" if name == "factor" else "returns"]
    table["gold"] = {"market": 0.1} if name == "factor" else table["semis"][::-1]
    wider = problem_of(made)
    found = engine_draws(wider, SEED, PATHS)
    others = [wider.assets.ids.index(asset) for asset in problem(name).assets.ids]
    np.testing.assert_allclose(found[:, others], many_draws(name)[1][:, :, :PATHS], rtol=0, atol=1e-15)
