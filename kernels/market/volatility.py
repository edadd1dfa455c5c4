"""Realised volatility, `sigma^2 <- l sigma^2 + (1 - l) steps_per_day R^2` (RiskMetrics 1996), and the depth it leaves,
`g = clip((sigma_0/sigma)^kappa exp(-eta |forced flow of the last step|/ADV), floor, 1)`."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from stress.kernels.records import Params


def update_variance(params: Params, variance: Array, step_return: Array) -> Array:
    """Variance over its start after one step's whole log return, (asset, path)."""
    return params.memory * variance + params.news * step_return * step_return


def depth(params: Params, variance: Array, forced: Array) -> Array:
    """Depth multiplier of the next step, (asset, path)."""
    return jnp.clip(
        jnp.exp(-params.evaporation * jnp.log(variance) - params.flow_sensitivity * jnp.abs(forced)),
        params.depth_floor,
        1.0,
    )
