"""The outside shock of one step: correlated log returns of every asset."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels import streams
from stress.kernels.linear import product
from stress.kernels.mixing import mixing_scale
from stress.kernels.normals import normals
from stress.kernels.records import Params, Structure


def mixing_normals(structure: Structure, params: Params, path_low: Array, path_high: Array) -> Array:
    """Normals that set the common scale of each step: (step, path); (step, 0) when the draw needs none."""
    if structure.draw != "student_t":
        return jnp.zeros((structure.steps, 0), params.draw_mean.dtype)
    dtype = params.draw_mean.dtype
    z = normals(params.seed, streams.MIXING, path_low, path_high, jnp.uint32(0), structure.steps, dtype)
    return z[: structure.steps]


def draw(
    structure: Structure, params: Params, path_low: Array, path_high: Array, step: Array, mixing: Array
) -> tuple[Array, Array]:
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

    Returns:
        (asset, path) log returns and (path,) the number of returns that were clipped.
    """
    dtype = params.draw_mean.dtype
    if structure.draw == "none":
        none = jnp.zeros((structure.assets, path_low.shape[0]), dtype)
        return none, jnp.zeros(path_low.shape, jnp.int32)
    z = normals(params.seed, streams.SHOCKS, path_low, path_high, step, structure.assets, dtype)
    z = product(params.draw_matrix, lax.optimization_barrier(z))
    if structure.draw == "student_t":
        z = z * mixing_scale(params.mixing, mixing)[None, :]
    raw = z + params.draw_mean
    clipped = jnp.sum(jnp.abs(raw) > params.max_move, axis=0, dtype=jnp.int32)
    return jnp.clip(raw, -params.max_move, params.max_move), clipped
