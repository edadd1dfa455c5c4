"""Linear impact: the simple change `lambda J/g`, not below -0.95 (Greenwood, Landier and Thesmar 2015)."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.impact.protocol import Law

FLOOR = -0.95  # a simple change never goes below


class Linear(NamedTuple):
    """Numbers of the law."""

    scale: Array  # (asset, 1) lambda per USD times ADV


def simple_change(flow: Array, depth: Array | None, scale: Array) -> Array:
    """Simple change of the price, (asset, path)."""
    change = scale * (flow if depth is None else flow / depth)
    return jnp.maximum(change, FLOOR)


class _Law(Law[Linear]):
    name = "linear"

    def log_change(self, record: Linear, flow: Array, depth: Array | None) -> Array:
        return jnp.log1p(simple_change(flow, depth, record.scale))

    def floored(self, record: Linear, flow: Array, depth: Array | None) -> Array:
        return simple_change(flow, depth, record.scale) <= FLOOR


LAW = _Law()
