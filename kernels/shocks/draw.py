"""The outside shock of one step: correlated log returns of every asset."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.linear import any_row, product
from stress.kernels.random import streams
from stress.kernels.random.normals import Key, Scratch, normals, pair_keys, scratch
from stress.kernels.shocks.registry import MODELS
from stress.kernels.structure import Structure


class Shocks(NamedTuple):
    """Numbers of the outside shock."""

    seed: Array  # (2,) uint32
    names: Array  # (asset, 2) uint32 of each asset's id, so that its normals are its own
    matrix: Array  # (asset and common, row of `normals`) factor of the correlation times the step's standard deviation
    mean: Array  # (asset, 1) log return
    max_move: Array  # ()
    script: Array  # (step, asset) log(1 + m)
    model: Any  # record of the model


def shock_scratch(structure: Structure, shocks: Shocks, paths: int) -> Scratch:
    """Room for the normals of a tile: a row an asset, and last what all of them share."""
    model = MODELS[structure.shocks]
    return scratch(structure.assets + model.common if model.random else 0, paths, shocks.mean.dtype)


def shock_keys(structure: Structure, shocks: Shocks) -> Key:
    """Keys of the normals of every pair of steps: of each asset, and last of what all of them share."""
    own = pair_keys(shocks.seed, streams.SHOCKS, structure.steps, shocks.names)
    if not MODELS[structure.shocks].common:
        return own
    shared = pair_keys(shocks.seed, streams.COMMON, structure.steps, jnp.zeros((1, 2), jnp.uint32))
    return Key(*(jnp.concatenate(words, axis=1) for words in zip(own, shared, strict=True)))


def draw(
    structure: Structure, shocks: Shocks, path_low: Array, path_high: Array, keys: Key, step: Array, room: Scratch
) -> tuple[Array, Array, Scratch]:
    """Log returns of the draw, `mean + model(L n)`, clipped at `max_move`.

    Args:
        structure: what is compiled.
        shocks: numbers; `matrix` is L, the factor of the correlation scaled to one step, and hands on what is common.
        path_low: (path,) uint32, low word of the path ids.
        path_high: (path,) uint32, high word.
        keys: of every pair of steps, from `shock_keys`.
        step: () int32, from 0 on, one after the other: the first step of a pair draws for both.
        room: carried from step to step.

    Returns:
        (asset, path) log returns, (path,) 1 where any of them was clipped, and the room.
    """
    model, dtype, paths = MODELS[structure.shocks], shocks.mean.dtype, path_low.shape[0]
    if not model.random:
        return jnp.zeros((structure.assets, paths), dtype), jnp.zeros((paths,), jnp.int32), room

    def two_steps(pair: Array, room: Scratch) -> Scratch:
        return normals(Key(*(word[pair] for word in keys)), path_low, path_high, room)

    # A loop of one pass or none: it writes in place, and what depends on its counter is not moved out of it.
    pair, second = step >> 1, step & 1
    room = lax.fori_loop(pair, pair + 1 - second, two_steps, room)
    moves = lax.cond(
        second, lambda z: product(shocks.matrix, z.second), lambda z: product(shocks.matrix, z.first), room
    )
    raw = model.shaped(shocks.model, moves[: structure.assets], moves[structure.assets :].reshape(-1)) + shocks.mean
    clipped = any_row(jnp.abs(raw) > shocks.max_move).astype(jnp.int32)
    below = jnp.where(raw > shocks.max_move, shocks.max_move, raw)
    return jnp.where(below < -shocks.max_move, -shocks.max_move, below), clipped, room
