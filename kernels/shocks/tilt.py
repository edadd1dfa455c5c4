"""Importance sampling of the draws: shifted normals, so that what is rare is not, and by how much that was more likely.

Paths are dealt to components by their ids; a component adds a constant to the normals that a step is made of
(Glasserman, Heidelberger and Shahabuddin 2000). Component 0 adds nothing. Of a path with normals `z` the likelihood
under component `c` is `exp(sum over steps of m_c z - m_c^2 / 2)` times the plain one, whichever component it came from;
so a path's weight against the whole mixture follows from these exponents (Veach and Guibas 1995, balance heuristic).
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.linear import product
from stress.kernels.shocks.student_t import Z_RANGE

SLOTS = 1000  # ids in a row that are dealt to components in the same way as the next ones
_REST = (1 << 32) % SLOTS


class Tilt(NamedTuple):
    """Numbers of a mixture."""

    component: Array  # (SLOTS,) int32 by id modulo SLOTS
    shifts: Array  # (2 x pair of steps, row of `normals`, component); of a step beyond the last 0

    def of_paths(self, low: Array, high: Array) -> Array:
        """The component of each path, (path,) int32, from the words of its id."""
        slots = jnp.uint32(SLOTS)
        slot = ((high % slots) * jnp.uint32(_REST) + low % slots) % slots
        return self.component[slot.astype(jnp.int32)]

    def shifted(self, step: Array, component: Array, normals: Array) -> Array:
        """The normals of a step, (row, path), moved."""
        return normals + jnp.take(self.shifts[step], component, axis=1, mode="clip")

    def drawn(self, step: Array, component: Array, normals: Array) -> Array:
        """As `shifted`, where a model knows what to do with them: a plain draw never lies beyond."""
        return jnp.clip(self.shifted(step, component, normals), -Z_RANGE, Z_RANGE)

    def exponents(self, step: Array, shifted: Array) -> Array:
        """What a step adds to the logarithm of each component's likelihood ratio, (component, path)."""
        moves = self.shifts[step]
        return product(moves.T, shifted) - 0.5 * jnp.sum(moves * moves, axis=0)[:, None]
