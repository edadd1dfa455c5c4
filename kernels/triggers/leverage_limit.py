"""The broker's leverage limit: gross over equity above `max_leverage` is brought down to `target_leverage`
(threshold deleveraging of Cont and Schaanning 2017)."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from stress.kernels.records import Params


def leverage_sale(params: Params, equity: Array, gross: Array, live: Array) -> Array:
    """Fraction to sell, `1 - target E / gross`, (member, path)."""
    breach = live & (gross > params.max_leverage * equity)
    return jnp.where(
        breach, jnp.maximum(1.0 - params.target_leverage * equity / jnp.where(breach, gross, 1.0), 0.0), 0.0
    )
