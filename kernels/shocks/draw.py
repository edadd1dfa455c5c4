"""The outside shock of one step: correlated log returns of every asset."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.linear import any_row, product
from stress.kernels.random import streams
from stress.kernels.random.normals import Key, Scratch, normals, scratch, step_keys
from stress.kernels.records import Params, Structure
from stress.kernels.shocks.student_t_scale import mixing_scale


class Source(NamedTuple):
    """Where the draw of a step comes from; a leading step axis where it is of every step."""

    key: Key  # of the normals
    mixing: Array  # (path,) normals that set the common scale of the step; (0,) when the draw needs none


def shock_scratch(structure: Structure, params: Params, paths: int) -> Scratch:
    """Room for the normals of one step of a tile."""
    return scratch(0 if structure.draw == "none" else structure.assets, paths, params.draw_mean.dtype)


def sources(structure: Structure, params: Params, path_low: Array, path_high: Array) -> Source:
    """What the draws of every step of a tile start from, with a leading step axis."""
    dtype, steps = params.draw_mean.dtype, structure.steps
    key = step_keys(params.seed, streams.SHOCKS, steps, structure.assets)
    if structure.draw != "student_t":
        return Source(key, jnp.zeros((steps, 0), dtype))
    once = step_keys(params.seed, streams.MIXING, 1, steps)
    room = scratch(steps, path_low.shape[0], dtype)
    drawn = normals(Key(once.first[0], once.second[0]), path_low, path_high, room)
    return Source(key, drawn.normals[:steps])


def draw(
    structure: Structure, params: Params, path_low: Array, path_high: Array, source: Source, room: Scratch
) -> tuple[Array, Array, Scratch]:
    """Log returns of the draw.

    Gaussian: `mean + L n`; Student-t: `mean + sqrt((dof - 2)/chi2) L n` with one chi-square per path and step, so that
    the standard deviation is the volatility in both. Clipped at `max_move`.

    Args:
        structure: what is compiled.
        params: numbers; `draw_matrix` is L, the Cholesky factor scaled to one step.
        path_low: (path,) uint32, low word of the path ids.
        path_high: (path,) uint32, high word.
        source: of this step, from `sources`.
        room: carried from step to step, see `normals`.

    Returns:
        (asset, path) log returns, (path,) 1 where any of them was clipped, and the room.
    """
    dtype, paths = params.draw_mean.dtype, path_low.shape[0]
    if structure.draw == "none":
        return jnp.zeros((structure.assets, paths), dtype), jnp.zeros((paths,), jnp.int32), room
    room = normals(source.key, path_low, path_high, room)
    z = product(params.draw_matrix, room.normals)
    if structure.draw == "student_t":
        z = z * mixing_scale(params.mixing, source.mixing)[None, :]
    raw = z + params.draw_mean
    clipped = any_row(jnp.abs(raw) > params.max_move).astype(jnp.int32)
    below = jnp.where(raw > params.max_move, params.max_move, raw)
    return jnp.where(below < -params.max_move, -params.max_move, below), clipped, room
