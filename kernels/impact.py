"""Price impact of the recent signed flow.

Square root law with a linear core (Almgren et al. 2005; Toth et al. 2011; core: model document): the log price is
displaced by `f(J) = sign(J) Y sigma (sqrt(|J|/(g ADV) + core) - sqrt(core))`, `sigma` the daily volatility, so that the
slope at zero is finite. Trading moves the price by differences of `f`: concave impact is not charged afresh on slices.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array


def square_root(flow: Array, depth: Array | None, scale: Array, core: Array) -> Array:
    """Displacement of the log price.

    Args:
        flow: (asset, path) signed flow J as a fraction of ADV.
        depth: (asset, path) depth multiplier g; None = 1.
        scale: (asset, 1) coefficient Y times daily volatility.
        core: participation below which the law is linear.

    Returns:
        (asset, path) log price displacement, odd in `flow`.
    """
    used = jnp.abs(flow) if depth is None else jnp.abs(flow) / depth
    size = scale * (jnp.sqrt(used + core) - jnp.sqrt(core))  # the same root: f(0) is 0 exactly
    return jnp.where(flow < 0, -size, size)
