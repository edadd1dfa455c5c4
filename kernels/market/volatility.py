"""Realised volatility, `sigma^2 <- l sigma^2 + (1 - l) steps_per_day R^2` (RiskMetrics 1996), and the depth it leaves,
`g = clip((sigma_0/sigma)^kappa exp(-eta |forced flow of the last step, at the rate of a day|/ADV), floor, 1)`."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array


class Volatility(NamedTuple):
    """Numbers of realised volatility; None in `Params` where nothing depends on it."""

    memory: Array  # () weight of the old variance
    news: Array  # (asset, 1) (1 - memory) steps_per_day / daily variance


class Depth(NamedTuple):
    """Numbers of evaporation; None in `Params` where depth stays as it is."""

    evaporation: Array  # () kappa / 2
    flow_sensitivity: Array  # () eta times steps a day
    floor: Array  # ()


def update_variance(volatility: Volatility, variance: Array, step_return: Array) -> Array:
    """Variance over its start after one step's whole log return, (asset, path)."""
    return volatility.memory * variance + volatility.news * step_return * step_return


def depth_left(depth: Depth, variance: Array, forced: Array) -> Array:
    """Depth multiplier of the next step, (asset, path)."""
    return jnp.clip(
        jnp.exp(-depth.evaporation * jnp.log(variance) - depth.flow_sensitivity * jnp.abs(forced)), depth.floor, 1.0
    )
