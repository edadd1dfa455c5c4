"""The displacement: what flow has moved the log price by and time has not given back.

It is carried itself, not worked out again from the recent flow: depth prices new flow only. A change of depth moves no
price and changes no displacement, so with nothing permanent what was charged is given back, no more and no less.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from stress.kernels.impact.impact import Impact, log_displacement
from stress.kernels.impact.registry import LAWS
from stress.kernels.structure import Structure

LEAST_CHANGE = -16.0  # log price change by the trades of one step: beyond it float32 would have a price of exactly 0
NEGLIGIBLE = 1e-6  # of the participation below which a law is linear: there flow and displacement decay alike


def share_left(structure: Structure, impact: Impact, flow: Array, of_flow: Array, depth: Array) -> Array:
    """What the decay of one step leaves of a displacement, `F(J')/F(J)`, in [0, 1]: (asset, path).

    Args:
        structure: what is compiled, with impact.
        impact: numbers.
        flow: (asset, path) recent flow J before it decays, fraction of ADV.
        of_flow: (asset, path) F(J) at the last step's depth.
        depth: (asset, path) depth multiplier g of the last step.
    """
    left = log_displacement(structure, impact, flow * impact.decay, depth)
    law = LAWS[structure.impact.law] if structure.impact is not None else None
    small = NEGLIGIBLE * law.small(impact.law).astype(flow.dtype) if law is not None else 0.0
    negligible = (of_flow == 0) | (jnp.abs(flow) < small * depth)
    share = jnp.clip(left / jnp.where(negligible, 1.0, of_flow), 0.0, 1.0)
    return jnp.where(negligible, impact.decay, share)


def log_change(
    structure: Structure,
    impact: Impact | None,
    displacement: Array,
    of_flow: Array,
    recent: Array,
    new: Array,
    depth: Array,
) -> Array:
    """Log price change by all new flow of a step so far, `F(J + Q) - F(J)`, (asset, path); 0 where none is new.

    Differences of the impact law: selling in slices moves the price no further than selling at once. A step leaves at
    least `exp(LEAST_CHANGE)` of a price, and a law with a bound no more displacement than that.

    Args:
        structure: what is compiled, with impact.
        impact: numbers.
        displacement: (asset, path) D before the step's first round.
        of_flow: (asset, path) F(J) at today's depth.
        recent: (asset, path) J before the step's first round, fraction of ADV.
        new: (asset, path) Q, flow since then.
        depth: (asset, path) today's depth multiplier g.
    """
    change = jnp.maximum(log_displacement(structure, impact, recent + new, depth) - of_flow, LEAST_CHANGE)
    if structure.impact is not None and impact is not None:
        lowest = LAWS[structure.impact.law].lowest(impact.law)
        if lowest is not None:
            change = jnp.maximum(change, jnp.minimum(lowest - displacement, 0.0))
    return jnp.where(new != 0, change, 0.0)
