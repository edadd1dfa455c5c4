"""Retail dip-buying: `min(cap, b max(0, -100 R)) exp(-fatigue n)` a day until the budget is spent, split by weight.

`R` is the index's simple return in the step's outside shock, `n` the down days in a row before today.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from stress.kernels.linear import product
from stress.kernels.outside.protocol import AfterShock, OutsideFlow


class Retail(NamedTuple):
    """Numbers of retail."""

    weights: Array  # (1, asset) of the index
    flow: Array  # (asset, 1) weight over ADV, 1/(bn USD)
    per_move: Array  # () bn USD a day for a fall of 1 (100 %)
    cap: Array  # () bn USD a day
    fatigue: Array  # () per down step
    budget: Array  # () bn USD
    steps_per_day: Array  # ()


class RetailState(NamedTuple):
    """How retail stands between two steps."""

    down_steps: Array  # (1, path) down steps in a row
    spent: Array  # (1, path) bn USD


class _Retail(OutsideFlow[Retail, RetailState]):
    name = "retail"

    def start(self, record: Retail, paths: int, dtype: DTypeLike) -> RetailState:
        return RetailState(jnp.zeros((1, paths), dtype), jnp.zeros((1, paths), dtype))

    def trade(self, record: Retail, own: RetailState, now: AfterShock) -> tuple[Array, RetailState]:
        index = product(record.weights, now.growth)
        wanted = jnp.minimum(record.cap, record.per_move * jnp.maximum(-index, 0.0))
        outlay = wanted * jnp.exp(-record.fatigue * own.down_steps) / record.steps_per_day
        outlay = jnp.minimum(outlay, jnp.maximum(record.budget - own.spent, 0.0))
        down = jnp.where(index < 0, own.down_steps + 1.0, 0.0)
        return record.flow * outlay / now.price, RetailState(down, own.spent + outlay)

    def told(self, record: Retail, before: RetailState, after: RetailState) -> dict[str, Array]:
        """Down days in a row before the step, what fatigue leaves of a purchase, and what is left of the budget."""
        return {
            "down_days": before.down_steps[0] / record.steps_per_day,
            "fatigue": jnp.exp(-record.fatigue * before.down_steps[0]),
            "budget_left_usd": record.budget - after.spent[0],
        }


FLOW = _Retail()
