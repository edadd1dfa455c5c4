"""Margin requirement: haircuts on the value of each book, with a procyclical multiplier.

`M_f = sum_b sum_i min(rate_i m_i, 1 for longs) |X_bi|`, `m_i = clip((sigma_i/sigma_0i)^gamma, 1, cap)`; a lock-up keeps
`m = 1`.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array

from stress.kernels.layout import members_to_books, shapes_to_books
from stress.kernels.linear import product
from stress.kernels.records import Params, Structure, Terms


def multipliers(structure: Structure, params: Params, variance: Array) -> tuple[Array, ...]:
    """Margin multiplier of each term from the variance ratio: per term (asset, path)."""
    if structure.margin_terms == 0:
        return ()
    log_variance = jnp.log(variance)
    return tuple(
        jnp.clip(jnp.exp(params.procyclicality[t] * log_variance), 1.0, params.multiplier_cap[t])
        for t in range(structure.margin_terms)
    )


def margin_per_gross(structure: Structure, params: Params, terms: Terms, price: Array) -> Array:
    """Requirement of each book per unit of its start gross, (book, path)."""
    members = np.asarray(structure.term_of_member)
    value: Array | None = None
    if structure.lockup or bool((members < 0).any()):
        value = shapes_to_books(structure, product(params.margin_shapes, price))
    for t in range(structure.margin_terms):
        by_shape = product(params.margin_shapes, price * terms.multiplier[t])
        if structure.long_cap:
            excess = jnp.maximum(params.margin_rates[:, :, None] * terms.multiplier[t][None] - 1.0, 0.0)
            by_shape = by_shape - jnp.sum(params.margin_long_shapes[:, :, None] * excess * price[None], axis=1)
        moved = shapes_to_books(structure, by_shape)
        if value is None:
            value = moved
            continue
        applies = jnp.asarray((members == t)[:, None]) & ~terms.locked
        value = jnp.where(members_to_books(structure, applies), moved, value)
    if value is None:
        raise ValueError("a structure with margin has members with terms")
    return value
