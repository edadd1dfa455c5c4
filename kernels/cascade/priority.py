"""In which order a fund's books are sold: a fraction of the fund becomes a fraction of each book."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array

from stress.kernels.layout import books_to_members, members_to_books
from stress.kernels.structure import Structure


def by_priority(structure: Structure, fraction: Array, size: Array) -> Array:
    """Fraction to sell of each book, (book, path), so that `fraction` of the fund's total `size` is shed.

    Books of the lowest rank go first, those of one rank all by the same fraction.

    Args:
        structure: what is compiled; without ranks every book sheds `fraction`.
        fraction: (member, path).
        size: (book, path) what each book adds to the fund's total.
    """
    if not structure.priority:
        return members_to_books(structure, fraction)
    ranks = np.asarray(structure.priority)
    need = fraction * books_to_members(structure, size)
    sale = jnp.zeros_like(size)
    for rank in sorted(set(structure.priority)):
        chosen = jnp.asarray((ranks == rank)[:, None])
        group = books_to_members(structure, jnp.where(chosen, size, 0.0))
        shed = jnp.minimum(group, need)
        share = jnp.where(group > 0, shed / jnp.where(group > 0, group, 1.0), 0.0)
        sale = jnp.where(chosen, members_to_books(structure, share), sale)
        need = need - shed
    return sale
