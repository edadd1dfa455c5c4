"""A fund's own target of gross over equity: it acts outside a band around it, and both ways where it is told to.

Leverage targeting as in Greenwood, Landier and Thesmar (2015); a leveraged ETF is a fund with a two-way target. Read
once a step: inside the rounds each trade would call for the next one.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from stress.kernels.records import Params


def target_sale(params: Params, equity: Array, gross: Array) -> Array:
    """Fraction to sell, `1 - target E/gross`, below 0 where a two-way target buys, (member, path).

    Args:
        params: numbers.
        equity: (member, path) fraction of NAV_0.
        gross: (member, path) fraction of NAV_0.
    """
    wanted = params.leverage_target * equity
    sells = gross > (1.0 + params.leverage_band) * wanted
    buys = params.two_way & (gross < (1.0 - params.leverage_band) * wanted)
    acts = (sells | buys) & (gross > 0) & (equity > 0) & jnp.isfinite(params.leverage_target)
    return jnp.where(acts, 1.0 - jnp.where(acts, wanted, 1.0) / jnp.where(acts, gross, 1.0), 0.0)
