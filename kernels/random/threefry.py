"""Counter-based random bits: Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as
1, 2, 3"), unrolled in plain uint32 operations so that XLA fuses it with what consumes the bits.

The counter *is* the identity of a draw: no state is carried, so the bits of a path depend on nothing but its id and the
key: not on block, tile, device or order.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

PARITY = 0x1BD11BDA
ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
ROUNDS = 20


def _rotate_left(x: Array, bits: int) -> Array:
    rotated: Array = (x << jnp.uint32(bits)) | (x >> jnp.uint32(32 - bits))
    return rotated


def threefry2x32(key: tuple[Array, Array], counter: tuple[Array, Array]) -> tuple[Array, Array]:
    """Two uint32 words for each counter.

    Args:
        key: two uint32 words, scalars or arrays that broadcast with the counter.
        counter: two uint32 words, arrays that broadcast with each other.

    Returns:
        Two uint32 arrays of the broadcast shape. Agrees with the known answers of the Random123 library.
    """
    k = (*key, jnp.uint32(PARITY) ^ key[0] ^ key[1])
    x0, x1 = counter[0] + k[0], counter[1] + k[1]
    for r in range(ROUNDS):
        x0 = x0 + x1
        x1 = _rotate_left(x1, ROTATIONS[r % 8]) ^ x0
        if r % 4 == 3:
            d = r // 4 + 1
            x0, x1 = x0 + k[d % 3], x1 + k[(d + 1) % 3] + jnp.uint32(d)
    return x0, x1
