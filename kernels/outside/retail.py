"""Retail dip-buying: `min(cap, b max(0, -100 R)) exp(-fatigue n)` a day until the budget is spent, split by weight.

`R` is the index's simple return of the outside shock since the start of the day, `n` the down days in a row before
today. A step of a day with several is one part in so many of what the day so far asks for a whole day.
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
    fatigue: Array  # () per down day
    budget: Array  # () bn USD
    steps_per_day: Array  # ()


class RetailState(NamedTuple):
    """How retail stands between two steps."""

    down_days: Array  # (1, path) in a row before today
    spent: Array  # (1, path) bn USD
    day_return: Array  # (1, path) of the index since the start of the day
    into_day: Array  # (1, path) steps of the day so far


class _Retail(OutsideFlow[Retail, RetailState]):
    name = "retail"

    def start(self, record: Retail, paths: int, dtype: DTypeLike) -> RetailState:
        nothing = jnp.zeros((1, paths), dtype)
        return RetailState(nothing, nothing, nothing, nothing)

    def trade(self, record: Retail, own: RetailState, now: AfterShock) -> tuple[Array, RetailState]:
        step = product(record.weights, now.growth)
        index = own.day_return + (1.0 + own.day_return) * step
        wanted = jnp.minimum(record.cap, record.per_move * jnp.maximum(-index, 0.0))
        outlay = wanted * jnp.exp(-record.fatigue * own.down_days) / record.steps_per_day
        outlay = jnp.minimum(outlay, jnp.maximum(record.budget - own.spent, 0.0))
        ends = own.into_day + 1.0 >= record.steps_per_day
        down = jnp.where(index < 0, own.down_days + 1.0, 0.0)
        later = RetailState(
            down_days=jnp.where(ends, down, own.down_days),
            spent=own.spent + outlay,
            day_return=jnp.where(ends, 0.0, index),
            into_day=jnp.where(ends, 0.0, own.into_day + 1.0),
        )
        return record.flow * outlay / now.price, later

    def told(self, record: Retail, before: RetailState, after: RetailState) -> dict[str, Array]:
        """Down days in a row before the step, what fatigue leaves of a purchase, and what is left of the budget."""
        return {
            "down_days": before.down_days[0],
            "fatigue": jnp.exp(-record.fatigue * before.down_days[0]),
            "budget_left_usd": record.budget - after.spent[0],
        }


FLOW = _Retail()
