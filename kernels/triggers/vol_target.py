"""Volatility target: a ceiling on what is held, `band x start volatility / volatility` of the book's own P&L.

The volatility is that of the P&L per unit gross, exponentially weighted with 0.97 (RiskMetrics 1996), as of the end of
the last step; a book closes part of its gap to the ceiling a step.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from stress.kernels.layout import shapes_to_books
from stress.kernels.linear import product
from stress.kernels.records import Params, Structure


def vol_ceiling(structure: Structure, params: Params, pnl_variance: Array) -> Array:
    """Largest k that the target allows, (book, path)."""
    return params.vol_ceiling / jnp.sqrt(shapes_to_books(structure, pnl_variance))


def vol_sale(structure: Structure, params: Params, pnl_variance: Array, held: Array) -> Array:
    """Fraction to sell, `speed max(0, 1 - ceiling/k)`, (book, path)."""
    ceiling = vol_ceiling(structure, params, pnl_variance)
    above = held > ceiling
    return jnp.where(
        above, params.vol_speed * (1.0 - jnp.where(above, ceiling, 0.0) / jnp.where(above, held, 1.0)), 0.0
    )


def update_pnl_variance(params: Params, pnl_variance: Array, before: Array, change: Array) -> Array:
    """Variance over its start after a step, (shape, path).

    Args:
        params: numbers.
        pnl_variance: (shape, path) after the last step.
        before: (asset, path) prices at the start of the step.
        change: (asset, path) what the whole step added to them.
    """
    per_gross = product(params.shapes, change) / product(params.gross_shapes, before)
    return params.vol_memory * pnl_variance + params.vol_news * per_gross * per_gross
