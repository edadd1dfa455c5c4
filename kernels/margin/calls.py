"""Margin calls of every fund: opened by a deficit, aged by steps, lapsed when it is gone.

Within a step's cascade a call only grows: the largest deficit so far says all that the rounds need, and the calls
themselves are written once, at the end.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike


class Calls(NamedTuple):
    """Margin calls of every member fund."""

    age: Array  # (member, path) int32 steps since the open call was made, -1 = no open call
    size: Array  # (member, path) largest deficit of the open call
    called: Array  # (member, path) largest deficits, summed over calls
    first: Array  # (member, path) int32 step of the first call, 0 = none


def no_calls(members: int, paths: int, dtype: DTypeLike) -> Calls:
    """Before the first step."""
    return Calls(
        age=jnp.full((members, paths), -1, jnp.int32),
        size=jnp.zeros((members, paths), dtype),
        called=jnp.zeros((members, paths), dtype),
        first=jnp.zeros((members, paths), jnp.int32),
    )


def age_calls(calls: Calls, deficit: Array) -> Calls:
    """Start of a cascade: an open call lapses when its deficit is gone, and ages by one step otherwise."""
    still_open = (calls.age >= 0) & (deficit > 0)
    return calls._replace(
        age=jnp.where(still_open, calls.age + 1, -1), size=jnp.where(still_open, calls.size, jnp.zeros_like(calls.size))
    )


def record_calls(calls: Calls, worst: Array, step: Array) -> Calls:
    """End of a cascade: a fund with a deficit and no open call has got one; the largest deficit of a call is kept.

    A fund whose equity is gone is called all the same; it only places no orders of its own.

    Args:
        calls: as they were aged at the start of the cascade.
        worst: (member, path) largest deficit of the cascade, 0 = none.
        step: () 1-based step.
    """
    opens = (worst > 0) & (calls.age < 0)
    age = jnp.where(opens, 0, calls.age)
    grown = jnp.where(age >= 0, jnp.maximum(worst - calls.size, 0.0), 0.0)
    first = jnp.where(opens & (calls.first == 0), step, calls.first)
    return Calls(age=age, size=calls.size + grown, called=calls.called + grown, first=first)
