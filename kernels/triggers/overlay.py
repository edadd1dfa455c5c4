"""Hedge overlay: a book that starts at nothing and grows with the fund's loss, so that net falls while gross holds.

What a loss has built is not built again, and the rule never buys it back: in April 2025 short sales by funds outran
their long sales eight to one.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from stress.kernels.layout import members_to_books
from stress.kernels.records import Params, Structure


def overlay_build(structure: Structure, params: Params, equity: Array, hedged: Array) -> Array:
    """What the rule adds to k, (book, path): the wanted k, linear between the points of loss, less what it has built.

    Args:
        structure: what is compiled.
        params: numbers.
        equity: (member, path) fraction of NAV_0.
        hedged: (book, path) k that the rule has built so far.
    """
    loss = members_to_books(structure, 1.0 - equity)
    wanted = jnp.where(loss >= params.overlay_start[0], params.overlay_first, 0.0)
    for p in range(structure.overlay_points):
        beyond = jnp.clip(loss - params.overlay_start[p], 0.0, params.overlay_width[p])
        wanted = wanted + params.overlay_slope[p] * beyond
    return jnp.maximum(wanted - hedged, 0.0)
