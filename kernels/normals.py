"""Standard normals from random words: Box-Muller, with the angle handled as an integer phase.

One word gives the radius `sqrt(-2 log u)`, `u = (w + 1/2) 2^-32`, so the range is +-6.76 and the tail has the full 32
bits; the other word is a phase of 2^-32 turns, folded exactly (in integers) to a quarter turn, where an odd polynomial
gives the sine. Two words make two independent normals (Box and Muller 1958).
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import DTypeLike

from stress.kernels.threefry import threefry2x32

WORDS = 2  # words of one hash, hence normals of one hash
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


class Scratch(NamedTuple):
    """Room for the random numbers of one step, carried by the loop over steps so that XLA writes in place."""

    words: Array  # (pair + 1, path) complex64
    normals: Array  # (2 pair, path)


def scratch(rows: int, paths: int, dtype: DTypeLike) -> Scratch:
    """Room for `rows` normals of each path."""
    pairs = -(-rows // WORDS)
    return Scratch(jnp.zeros((pairs + 1, paths), jnp.complex64), jnp.zeros((WORDS * pairs, paths), dtype))


def normals(seed: Array, stream: int, path_low: Array, path_high: Array, step: Array, room: Scratch) -> Scratch:
    """Standard normals of one step.

    The counter of a hash is the 64-bit path id, its key a hash of (seed, stream, step, pair of rows). XLA on a CPU
    computes a fusion once for every array that it gives, so the two words of a hash go into one array, as the real
    and imaginary part of a complex number, bits unchanged. Writing into carried room keeps XLA from computing the hash
    again in every consumer, and from splitting the work over threads that other tiles need.

    Args:
        seed: (2,) uint32, the seed's two words.
        stream: which use of randomness this is (`streams`), so that a new use changes no other draw.
        path_low: (path,) uint32, low word of the path ids.
        path_high: (path,) uint32, high word.
        step: scalar uint32.
        room: where to write; its type decides that of the normals, both start from the same bits.

    Returns:
        The room with (row, path) normals, two rows a pair: first the cosine rows, then the sine rows.
    """
    pairs, dtype = room.words.shape[0] - 1, room.normals.dtype
    pair = jnp.arange(pairs, dtype=jnp.uint32)
    of_step = threefry2x32((seed[0], seed[1]), (jnp.uint32(stream), step))
    key = threefry2x32(of_step, (pair, jnp.zeros_like(pair)))
    hashed = threefry2x32((key[0][:, None], key[1][:, None]), (path_low, path_high))
    packed = lax.complex(*(lax.bitcast_convert_type(word, jnp.float32) for word in hashed))
    words = lax.dynamic_update_slice(room.words, packed, (0, 0))
    parts = (words[:pairs].real, words[:pairs].imag)
    radius_word, angle_word = (lax.bitcast_convert_type(part, jnp.uint32) for part in parts)
    cosines, sines = box_muller(radius_word, angle_word, dtype)
    normal = lax.dynamic_update_slice(room.normals, cosines, (0, 0))
    return Scratch(words, lax.dynamic_update_slice(normal, sines, (pairs, 0)))


def dtype_constant(value: float, dtype: DTypeLike) -> Array:
    """A scalar of the given type, so that float32 code never widens."""
    return jnp.asarray(value, dtype)
