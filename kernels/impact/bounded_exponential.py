"""Bounded impact: the simple change `sign(J) (1 - B)(1 - exp(-|J|/delta))`.

`delta = (1 - B) c (ADV/sigma) sqrt(tau) g`. Cont and Schaanning (2017): however much is sold, the fraction B of the
price is left.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.impact.protocol import Law


class BoundedExponential(NamedTuple):
    """Numbers of the law."""

    scale: Array  # (asset, 1) ADV over delta at full depth, `sigma/((1 - B) c sqrt(tau))`
    bound: Array  # () B


def simple_change(flow: Array, depth: Array | None, scale: Array, bound: Array) -> Array:
    """Simple change of the price, (asset, path)."""
    used = jnp.abs(flow) if depth is None else jnp.abs(flow) / depth
    size = -(1.0 - bound) * jnp.expm1(-scale * used)
    return jnp.where(flow < 0, -size, size)


class _Law(Law[BoundedExponential]):
    name = "bounded_exponential"

    def log_change(self, record: BoundedExponential, flow: Array, depth: Array | None) -> Array:
        return jnp.log1p(simple_change(flow, depth, record.scale, record.bound))

    def lowest(self, record: BoundedExponential) -> Array:
        return jnp.log(record.bound)


LAW = _Law()
