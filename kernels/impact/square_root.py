"""The square-root law, `sign(J) Y sigma (sqrt(x + core) - sqrt(core))`, `x = |J|/(g ADV)`, a log change; linear below
`core`.

Almgren et al. (2005), Toth et al. (2011); the core makes the slope at zero finite. Computed as
`Y sigma x/(sqrt(x + core) + sqrt(core))`, which loses no digit for small flows.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.impact.protocol import Law


class SquareRoot(NamedTuple):
    """Numbers of the law."""

    scale: Array  # (asset, 1) coefficient Y times daily volatility
    core: Array  # () participation below which the law is linear


def log_change(flow: Array, depth: Array | None, scale: Array, core: Array) -> Array:
    """Log change of the price, (asset, path)."""
    used = jnp.abs(flow) if depth is None else jnp.abs(flow) / depth
    roots = jnp.sqrt(used + core) + jnp.sqrt(core)
    size = scale * used / jnp.where(roots > 0, roots, 1.0)  # without a core, no flow has no root
    return jnp.where(flow < 0, -size, size)


class _Law(Law[SquareRoot]):
    name = "square_root"

    def log_change(self, record: SquareRoot, flow: Array, depth: Array | None) -> Array:
        return log_change(flow, depth, record.scale, record.core)

    def small(self, record: SquareRoot) -> Array:
        return record.core


LAW = _Law()
