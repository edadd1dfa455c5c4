"""Standard normals from random words: Box-Muller, with the angle handled as an integer phase.

One word gives the radius `sqrt(-2 log u)`, `u = (w + 1/2) 2^-32`, so the range is +-6.76 and the tail has the full 32
bits; the other word is a phase of 2^-32 turns, folded exactly (in integers) to a quarter turn, where an odd polynomial
gives the sine. Two words make two independent normals (Box and Muller 1958).
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import DTypeLike

from stress.kernels.linear import join_rows
from stress.kernels.threefry import threefry4x32

WORDS = 4  # words of one hash, hence normals of one hash
# sin(2 pi x) = x P(x^2) on |x| <= 1/4: least squares at Chebyshev nodes, reweighted to equal relative errors of 5e-9
_SINE = (6.2831854820251465, -41.341678619384766, 81.60223388671875, -76.57498931884766, 39.71091842651367)


def radius(word: Array, dtype: DTypeLike) -> Array:
    """`sqrt(-2 log((word + 1/2) 2^-32))`, shape of `word`."""
    uniform = (word.astype(dtype) + dtype_constant(0.5, dtype)) * dtype_constant(2.0**-32, dtype)
    return jnp.sqrt(dtype_constant(-2.0, dtype) * jnp.log(uniform))


def sine_of_phase(word: Array, dtype: DTypeLike) -> Array:
    """`sin(2 pi word 2^-32)`, shape of `word`; the phase is folded to a quarter turn without rounding."""
    beyond_quarter = (word ^ (word << jnp.uint32(1))) >= jnp.uint32(0x80000000)
    folded = jnp.where(beyond_quarter, jnp.uint32(0x80000000) - word, word)
    turns = lax.bitcast_convert_type(folded, jnp.int32).astype(dtype) * dtype_constant(2.0**-32, dtype)
    if jnp.dtype(dtype) == jnp.float64:
        return jnp.sin(2.0 * jnp.pi * turns)
    square = turns * turns
    value = jnp.full_like(turns, _SINE[-1])
    for coefficient in _SINE[-2::-1]:
        value = value * square + dtype_constant(coefficient, dtype)
    return turns * value


def box_muller(word_radius: Array, word_angle: Array, dtype: DTypeLike) -> tuple[Array, Array]:
    """Two independent standard normals for each pair of words, shapes of the words."""
    r = radius(word_radius, dtype)
    quarter = jnp.uint32(0x40000000)
    return r * sine_of_phase(word_angle + quarter, dtype), r * sine_of_phase(word_angle, dtype)


def normals(
    key: Array, stream: int, path_low: Array, path_high: Array, step: Array, rows: int, dtype: DTypeLike
) -> Array:
    """Standard normals of one step.

    Args:
        key: (2,) uint32, the seed's two words.
        stream: which use of randomness this is (`streams`), so that a new use changes no other draw.
        path_low: (path,) uint32, low word of the path ids.
        path_high: (path,) uint32, high word.
        step: scalar uint32.
        rows: number of normals per path that are needed.
        dtype: float32 or float64; both start from the same words.

    Returns:
        (row, path) normals, `rows` rounded up to whole hashes.
    """
    calls = -(-rows // WORDS)
    draw = jnp.arange(calls, dtype=jnp.uint32)[:, None]
    words = threefry4x32(
        (key[0], key[1], jnp.uint32(stream), jnp.uint32(0)), (path_low[None, :], path_high[None, :], step, draw)
    )
    words = lax.optimization_barrier(words)  # else XLA computes the hash again in every consumer
    return join_rows((*box_muller(words[0], words[1], dtype), *box_muller(words[2], words[3], dtype)))


def dtype_constant(value: float, dtype: DTypeLike) -> Array:
    """A scalar of the given type, so that float32 code never widens."""
    return jnp.asarray(value, dtype)
