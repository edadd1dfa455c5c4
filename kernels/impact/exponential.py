"""Exponential impact: the log change `beta J/outstanding`, `beta = -ln(1 - pi)/0.05`: selling 5 % of an issue moves its
price by pi.

Cifuentes, Ferrucci and Shin (2005), as in the system-wide stress test of Farmer et al. (2020); depth is no part of it.
"""

from __future__ import annotations

from typing import NamedTuple

from jax import Array

from stress.kernels.impact.protocol import Law


class Exponential(NamedTuple):
    """Numbers of the law."""

    scale: Array  # (asset, 1) beta times ADV over the amount outstanding


class _Law(Law[Exponential]):
    name = "exponential"

    def log_change(self, record: Exponential, flow: Array, depth: Array | None) -> Array:
        return record.scale * flow


LAW = _Law()
