"""The outside shock of one step: correlated log returns of every asset."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.linear import any_row, product
from stress.kernels.random import streams
from stress.kernels.random.normals import Key, Scratch, normals, scratch, step_keys
from stress.kernels.shocks.registry import MODELS
from stress.kernels.structure import Structure


class Shocks(NamedTuple):
    """Numbers of the outside shock."""

    seed: Array  # (2,) uint32
    matrix: Array  # (asset, normal) Cholesky factor times the step's standard deviation; zero columns pad the hash
    mean: Array  # (asset, 1) log return
    max_move: Array  # ()
    script: Array  # (step, asset) log(1 + m)
    model: Any  # record of the model


class Source(NamedTuple):
    """Where the draw of a step comes from; a leading step axis where it is of every step."""

    key: Key  # of the normals
    common: Array  # (path,) normals that all assets of the step share; (0,) when the draw needs none


def shock_scratch(structure: Structure, shocks: Shocks, paths: int) -> Scratch:
    """Room for the normals of one step of a tile."""
    return scratch(structure.assets if MODELS[structure.shocks].random else 0, paths, shocks.mean.dtype)


def sources(structure: Structure, shocks: Shocks, path_low: Array, path_high: Array) -> Source:
    """What the draws of every step of a tile start from, with a leading step axis."""
    dtype, steps = shocks.mean.dtype, structure.steps
    key = step_keys(shocks.seed, streams.SHOCKS, steps, structure.assets)
    if not MODELS[structure.shocks].common:
        return Source(key, jnp.zeros((steps, 0), dtype))
    once = step_keys(shocks.seed, streams.COMMON, 1, steps)
    room = scratch(steps, path_low.shape[0], dtype)
    drawn = normals(Key(once.first[0], once.second[0]), path_low, path_high, room)
    return Source(key, drawn.normals[:steps])


def draw(
    structure: Structure, shocks: Shocks, path_low: Array, path_high: Array, source: Source, room: Scratch
) -> tuple[Array, Array, Scratch]:
    """Log returns of the draw, `mean + model(L n)`, clipped at `max_move`.

    Args:
        structure: what is compiled.
        shocks: numbers; `matrix` is L, the Cholesky factor scaled to one step.
        path_low: (path,) uint32, low word of the path ids.
        path_high: (path,) uint32, high word.
        source: of this step, from `sources`.
        room: carried from step to step, see `normals`.

    Returns:
        (asset, path) log returns, (path,) 1 where any of them was clipped, and the room.
    """
    model, dtype, paths = MODELS[structure.shocks], shocks.mean.dtype, path_low.shape[0]
    if not model.random:
        return jnp.zeros((structure.assets, paths), dtype), jnp.zeros((paths,), jnp.int32), room
    room = normals(source.key, path_low, path_high, room)
    raw = model.shaped(shocks.model, product(shocks.matrix, room.normals), source.common) + shocks.mean
    clipped = any_row(jnp.abs(raw) > shocks.max_move).astype(jnp.int32)
    below = jnp.where(raw > shocks.max_move, shocks.max_move, raw)
    return jnp.where(below < -shocks.max_move, -shocks.max_move, below), clipped, room
