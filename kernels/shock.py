"""The outside shock of one step: correlated log returns of every asset."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from stress.kernels import streams
from stress.kernels.linear import largest_size, product
from stress.kernels.mixing import mixing_scale
from stress.kernels.normals import Scratch, normals, scratch
from stress.kernels.records import Params, Structure


def shock_scratch(structure: Structure, params: Params, paths: int) -> Scratch:
    """Room for the normals of one step of a tile."""
    return scratch(0 if structure.draw == "none" else structure.assets, paths, params.draw_mean.dtype)


def mixing_normals(structure: Structure, params: Params, path_low: Array, path_high: Array) -> Array:
    """Normals that set the common scale of each step: (step, path); (step, 0) when the draw needs none."""
    dtype = params.draw_mean.dtype
    if structure.draw != "student_t":
        return jnp.zeros((structure.steps, 0), dtype)
    room = scratch(structure.steps, path_low.shape[0], dtype)
    return normals(params.seed, streams.MIXING, path_low, path_high, jnp.uint32(0), room).normals[: structure.steps]


def draw(
    structure: Structure, params: Params, path_low: Array, path_high: Array, step: Array, mixing: Array, room: Scratch
) -> tuple[Array, Array, Scratch]:
    """Log returns of the draw.

    Gaussian: `mean + L n`; Student-t: `mean + sqrt((dof - 2)/chi2) L n` with one chi-square per path and step, so that
    the standard deviation is the volatility in both. Clipped at `max_move`.

    Args:
        structure: what is compiled.
        params: numbers; `draw_matrix` is L, the Cholesky factor scaled to one step.
        path_low: (path,) uint32, low word of the path ids.
        path_high: (path,) uint32, high word.
        step: scalar uint32, 0-based.
        mixing: (path,) normals of this step from `mixing_normals`.
        room: carried from step to step, see `normals`.

    Returns:
        (asset, path) log returns, (path,) 1 where any of them was clipped, and the room.
    """
    dtype, paths = params.draw_mean.dtype, path_low.shape[0]
    if structure.draw == "none":
        return jnp.zeros((structure.assets, paths), dtype), jnp.zeros((paths,), jnp.int32), room
    room = normals(params.seed, streams.SHOCKS, path_low, path_high, step, room)
    z = product(params.draw_matrix, room.normals)
    if structure.draw == "student_t":
        z = z * mixing_scale(params.mixing, mixing)[None, :]
    raw = z + params.draw_mean
    clipped = (largest_size(raw) > params.max_move).astype(jnp.int32)
    return jnp.clip(raw, -params.max_move, params.max_move), clipped, room
