"""The square-root law, `sign(J) Y sigma (sqrt(|J|/(g ADV) + core) - sqrt(core))`, a log change; linear below `core`.

Almgren et al. (2005), Toth et al. (2011); the core makes the slope at zero finite.
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
    size = scale * (jnp.sqrt(used + core) - jnp.sqrt(core))  # the same root: f(0) is 0 exactly
    return jnp.where(flow < 0, -size, size)


class _Law(Law[SquareRoot]):
    name = "square_root"

    def log_change(self, record: SquareRoot, flow: Array, depth: Array | None) -> Array:
        return log_change(flow, depth, record.scale, record.core)


LAW = _Law()
