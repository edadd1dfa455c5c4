"""Counter-based random bits: Threefry-4x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as
1, 2, 3"), unrolled in plain uint32 operations so that XLA fuses it with what consumes the bits.

The counter *is* the identity of a draw: key = (seed low, seed high, stream, 0), counter = (path id low, path id high,
step, draw). The bits of a path therefore depend on nothing else: not on block, tile, device or order.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

PARITY = 0x1BD11BDA
ROTATIONS = ((10, 26), (11, 21), (13, 27), (23, 5), (6, 20), (17, 11), (25, 10), (18, 20))
ROUNDS = 20


def _rotate_left(x: Array, bits: int) -> Array:
    rotated: Array = (x << jnp.uint32(bits)) | (x >> jnp.uint32(32 - bits))
    return rotated


def threefry4x32(
    key: tuple[Array, Array, Array, Array], counter: tuple[Array, Array, Array, Array]
) -> tuple[Array, Array, Array, Array]:
    """Four uint32 words for each counter.

    Args:
        key: four uint32 words, scalars or arrays that broadcast with the counter.
        counter: four uint32 words, arrays that broadcast with each other.

    Returns:
        Four uint32 arrays of the broadcast shape. Agrees with the known answers of the Random123 library.
    """
    k = (*key, jnp.uint32(PARITY) ^ key[0] ^ key[1] ^ key[2] ^ key[3])
    x0, x1, x2, x3 = (c + k[i] for i, c in enumerate(counter))
    for r in range(ROUNDS):
        left, right = ROTATIONS[r % 8]
        if r % 2 == 0:
            x0 = x0 + x1
            x1 = _rotate_left(x1, left) ^ x0
            x2 = x2 + x3
            x3 = _rotate_left(x3, right) ^ x2
        else:
            x0 = x0 + x3
            x3 = _rotate_left(x3, left) ^ x0
            x2 = x2 + x1
            x1 = _rotate_left(x1, right) ^ x2
        if r % 4 == 3:
            d = r // 4 + 1
            x0 = x0 + k[d % 5]
            x1 = x1 + k[(d + 1) % 5]
            x2 = x2 + k[(d + 2) % 5]
            x3 = x3 + k[(d + 3) % 5] + jnp.uint32(d)
    return x0, x1, x2, x3
