"""Retail dip-buying: `min(cap, b max(0, -100 R)) exp(-fatigue n)` a day until the budget is spent, split by weight.

`R` is the index's simple return in the step's outside shock, `n` the down days in a row before today.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from stress.kernels.linear import product
from stress.kernels.records import Params


def purchases(params: Params, gain: Array, price: Array, down_steps: Array, spent: Array) -> tuple[Array, Array, Array]:
    """What retail buys in this step.

    Args:
        params: numbers.
        gain: (asset, path) simple return of the outside shock.
        price: (asset, path) after the shock.
        down_steps: (1, path) down steps in a row before this one.
        spent: (1, path) bn USD spent so far.

    Returns:
        (asset, path) flow in units as a fraction of ADV, the new `down_steps`, the new `spent`.
    """
    index = product(params.retail_weights, gain)
    wanted = jnp.minimum(params.retail_cap, params.retail_per_move * jnp.maximum(-index, 0.0))
    outlay = wanted * jnp.exp(-params.retail_fatigue * down_steps) / params.steps_per_day
    outlay = jnp.minimum(outlay, jnp.maximum(params.retail_budget - spent, 0.0))
    return params.retail_flow * outlay / price, jnp.where(index < 0, down_steps + 1.0, 0.0), spent + outlay
