"""Standard normals from random words: Box-Muller, with the angle handled as an integer phase.

One word gives the radius `sqrt(-2 log u)`, `u = (w + 1/2) 2^-32`, so the range is +-6.76 and the tail has the full 32
bits; the other word is a phase of 2^-32 turns, folded exactly (in integers) to a quarter turn, where an odd polynomial
gives the sine. Two words make two independent normals (Box and Muller 1958).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import DTypeLike

from stress.kernels.random.threefry import threefry2x32

GENERATOR = "threefry2x32-20, key = hash of (seed, stream, pair of steps, SHA-256 of the asset's id), counter = path id"
# sin(2 pi x) = x P(x^2) on |x| <= 1/4: least squares at Chebyshev nodes, reweighted to equal relative errors of 5e-9
_SINE = (6.2831854820251465, -41.341678619384766, 81.60223388671875, -76.57498931884766, 39.71091842651367)

# -2 log(1 + f)/f on [sqrt(1/2), sqrt(2)] - 1: least squares likewise, relative error 2e-7
_LOGARITHM = (
    -1.9999998807907104,
    1.0000072717666626,
    -0.6667011976242065,
    0.4993981719017029,
    -0.39800330996513367,
    0.34501659870147705,
    -0.32445159554481506,
    0.20213785767555237,
)
_ROOT_OF_HALF = 0x3F3504F3  # bits of the float32 sqrt(1/2)


def radius(word: Array, dtype: DTypeLike) -> Array:
    """`sqrt(-2 log((word + 1/2) 2^-32))`, shape of `word`."""
    half = word.astype(dtype) + dtype_constant(0.5, dtype)
    if jnp.dtype(dtype) == jnp.float64:
        return jnp.sqrt(-2.0 * jnp.log(half * 2.0**-32))
    # half = 2^power (1 + f) with 1 + f between the roots of 1/2 and 2
    above = lax.bitcast_convert_type(half, jnp.int32) - _ROOT_OF_HALF
    power = above >> 23
    f = lax.bitcast_convert_type((above & 0x7FFFFF) + _ROOT_OF_HALF, jnp.float32) - 1.0
    series = jnp.full_like(f, _LOGARITHM[-1])
    for coefficient in _LOGARITHM[-2::-1]:
        series = series * f + dtype_constant(coefficient, dtype)
    return jnp.sqrt(f * series + (32 - power).astype(dtype) * dtype_constant(2.0 * math.log(2.0), dtype))


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


class Scratch(NamedTuple):
    """Room for the random numbers of two steps, carried by the loop over steps so that XLA writes in place.

    There is a row more than is used: an array that is overwritten whole would be a new one.
    """

    words: Array  # (row + 1, path) complex64
    radii: Array  # (row + 1, path)
    first: Array  # (row + 1, path) normals of the first step; the last row is 0
    second: Array  # (row + 1, path) of the second


def scratch(rows: int, paths: int, dtype: DTypeLike) -> Scratch:
    """Room for `rows` normals of each path and step."""
    shape = (rows + 1, paths)
    return Scratch(jnp.zeros(shape, jnp.complex64), *(jnp.zeros(shape, dtype) for _ in range(3)))


class Key(NamedTuple):
    """Key of the hash for each row; a leading axis where it is of many pairs of steps."""

    first: Array  # (row,) uint32
    second: Array  # (row,) uint32


def pair_keys(seed: Array, stream: int, steps: int, names: Array) -> Key:
    """Keys of every pair of steps, each (pair, row): a hash of (seed, stream, pair, name of the row).

    Made once, outside the loop over steps: a hash of scalars in there would keep XLA from seeing that the rotations are
    by constants, and they would cost twice as much.

    Args:
        seed: (2,) uint32, the seed's two words.
        stream: which use of randomness this is (`streams`), so that a new use changes no other draw.
        steps: number of steps.
        names: (row, 2) uint32, the two words that tell a row from every other of its stream.
    """
    pair = jnp.arange(-(-steps // 2), dtype=jnp.uint32)
    of_pair = threefry2x32((seed[:1], seed[1:]), (jnp.full((1,), stream, jnp.uint32), pair))
    first, second = (word[:, None] for word in of_pair)
    return Key(*threefry2x32((first, second), (names[:, 0], names[:, 1])))


def normals(key: Key, path_low: Array, path_high: Array, room: Scratch) -> Scratch:
    """Standard normals of two steps.

    The counter of a hash is the 64-bit path id, and its two words give the normals of one row in two steps, so that no
    row shares a hash with another. XLA on a CPU computes a fusion once for every array that it gives, so the two words
    go into one array, as the real and imaginary part of a complex number, bits unchanged. Writing into carried room
    keeps XLA from computing hash and radius again in every consumer, and from splitting the work over threads that
    other tiles need.

    Args:
        key: of this pair of steps, one of `pair_keys`.
        path_low: (path,) uint32, low word of the path ids.
        path_high: (path,) uint32, high word.
        room: where to write; its type decides that of the normals, both start from the same bits.

    Returns:
        The room with the normals in `first` and `second`.
    """
    rows, dtype = room.first.shape[0] - 1, room.first.dtype
    hashed = threefry2x32((key.first[:, None], key.second[:, None]), (path_low, path_high))
    packed = lax.complex(*(lax.bitcast_convert_type(word, jnp.float32) for word in hashed))
    words = lax.dynamic_update_slice(room.words, packed, (0, 0))
    parts = (words[:rows].real, words[:rows].imag)
    radius_word, angle_word = (lax.bitcast_convert_type(part, jnp.uint32) for part in parts)
    radii = lax.dynamic_update_slice(room.radii, radius(radius_word, dtype), (0, 0))
    r, quarter = radii[:rows], jnp.uint32(0x40000000)
    first = lax.dynamic_update_slice(room.first, r * sine_of_phase(angle_word + quarter, dtype), (0, 0))
    second = lax.dynamic_update_slice(room.second, r * sine_of_phase(angle_word, dtype), (0, 0))
    return Scratch(words, radii, first, second)


def normals_of_step(
    key: Key, path_low: Array, path_high: Array, second: Array, dtype: DTypeLike
) -> tuple[Array, Array]:
    """The normals of one of the two steps, (row + 1, path), the last row 0, and the words that the step may read.

    For a device with arithmetic to spare: hashed again for every step, so that nothing is carried through its memory.

    Args:
        key: as for `normals`, whose numbers these are.
        path_low: (path,) uint32, low word of the path ids.
        path_high: (path,) uint32, high word.
        second: () 1 for the second of the two steps, else 0.
        dtype: of the normals.
    """
    radius_word, angle_word = threefry2x32((key.first[:, None], key.second[:, None]), (path_low, path_high))
    angle = angle_word + jnp.where(second != 0, jnp.uint32(0), jnp.uint32(0x40000000))
    drawn = radius(radius_word, dtype) * sine_of_phase(angle, dtype)
    return jnp.pad(drawn, ((0, 1), (0, 0))), jnp.where(second != 0, angle_word, radius_word)


def dtype_constant(value: float, dtype: DTypeLike) -> Array:
    """A scalar of the given type, so that float32 code never widens."""
    return jnp.asarray(value, dtype)
