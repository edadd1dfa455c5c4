"""Price impact of the recent signed flow `J`: four laws, each odd in the flow.

Trading moves the price by differences of a law: concave impact is not charged afresh on slices. Flows are fractions of
ADV. Two laws give log price changes, two simple ones; `log_displacement` is the log change in any case.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from stress.kernels.records import Params, Structure

LINEAR_FLOOR = -0.95  # a simple change never goes below


def square_root(flow: Array, depth: Array | None, scale: Array, core: Array) -> Array:
    """Log change `sign(J) Y sigma (sqrt(|J|/(g ADV) + core) - sqrt(core))`; linear below `core`.

    The square-root law (Almgren et al. 2005; Toth et al. 2011); the core makes the slope at zero finite.

    Args:
        flow: (asset, path) signed flow J as a fraction of ADV.
        depth: (asset, path) depth multiplier g; None = 1.
        scale: (asset, 1) coefficient Y times daily volatility.
        core: participation below which the law is linear.

    Returns:
        (asset, path) log price displacement.
    """
    used = jnp.abs(flow) if depth is None else jnp.abs(flow) / depth
    size = scale * (jnp.sqrt(used + core) - jnp.sqrt(core))  # the same root: f(0) is 0 exactly
    return jnp.where(flow < 0, -size, size)


def linear(flow: Array, depth: Array | None, scale: Array) -> Array:
    """Simple change `lambda J/g`, not below -0.95 (Greenwood, Landier and Thesmar 2015).

    Args:
        flow: (asset, path) signed flow J as a fraction of ADV.
        depth: (asset, path) depth multiplier g; None = 1.
        scale: (asset, 1) lambda per USD times ADV.
    """
    change = scale * (flow if depth is None else flow / depth)
    return jnp.maximum(change, LINEAR_FLOOR)


def bounded_exponential(flow: Array, depth: Array | None, scale: Array, bound: Array) -> Array:
    """Simple change `sign(J) (1 - B)(1 - exp(-|J|/delta))`, `delta = (1 - B) c (ADV/sigma) sqrt(tau) g`.

    Cont and Schaanning (2017): however much is sold, the fraction B of the price is left.

    Args:
        flow: (asset, path) signed flow J as a fraction of ADV.
        depth: (asset, path) depth multiplier g; None = 1.
        scale: (asset, 1) ADV over delta at full depth, `sigma/((1 - B) c sqrt(tau))`.
        bound: B.
    """
    used = jnp.abs(flow) if depth is None else jnp.abs(flow) / depth
    size = -(1.0 - bound) * jnp.expm1(-scale * used)
    return jnp.where(flow < 0, -size, size)


def exponential(flow: Array, scale: Array) -> Array:
    """Log change `beta J/outstanding`, `beta = -ln(1 - pi)/0.05`: selling 5 % of an issue moves its price by pi.

    Cifuentes, Ferrucci and Shin (2005), as in the system-wide stress test of Farmer et al. (2020); depth is no part
    of it.

    Args:
        flow: (asset, path) signed flow J as a fraction of ADV.
        scale: (asset, 1) beta times ADV over the amount outstanding.
    """
    return scale * flow


def log_displacement(structure: Structure, params: Params, flow: Array, depth: Array) -> Array:
    """Displacement of the log price by the recent flow under the law of the structure, (asset, path)."""
    g = depth if structure.depth else None
    if structure.law == "square_root":
        return square_root(flow, g, params.impact_scale, params.impact_core)
    if structure.law == "linear":
        return jnp.log1p(linear(flow, g, params.impact_scale))
    if structure.law == "bounded_exponential":
        return jnp.log1p(bounded_exponential(flow, g, params.impact_scale, params.impact_bound))
    if structure.law == "exponential":
        return exponential(flow, params.impact_scale)
    raise ValueError(f"no impact law {structure.law!r}")
