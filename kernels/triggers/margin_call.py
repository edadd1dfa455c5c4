"""Margin calls: opened by a deficit, aged by steps, cured by selling down to the requirement and its buffer.

Within a step's cascade a call only grows: `worst`, the largest deficit so far, says all that the rounds need, and the
calls themselves are written once, at the end.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from stress.kernels.records import Calls, Params


def age_calls(calls: Calls, deficit: Array) -> Calls:
    """Start of a cascade: an open call lapses when its deficit is gone, and ages by one step otherwise."""
    still_open = (calls.age >= 0) & (deficit > 0)
    return calls._replace(
        age=jnp.where(still_open, calls.age + 1, -1), size=jnp.where(still_open, calls.size, jnp.zeros_like(calls.size))
    )


def margin_sale(params: Params, calls: Calls, worst: Array, equity: Array, margin: Array, live: Array) -> Array:
    """Fraction to sell so that `E = (1 + buffer) M`: `1 - E/((1 + buffer) M)` after the grace, (member, path).

    Args:
        params: numbers.
        calls: as they were aged at the start of the cascade.
        worst: (member, path) largest deficit of this cascade so far; above 0 there is a call, of age 0 if a new one.
        equity: (member, path) fraction of NAV_0.
        margin: (member, path) requirement, fraction of NAV_0.
        live: (member, path) bool: neither in default nor about to be.
    """
    of_age = (calls.age >= params.grace_steps) | ((calls.age < 0) & (params.grace_steps <= 0) & (worst > 0))
    due = live & of_age & (margin > 0)
    target = params.cure_factor * jnp.where(due, margin, 1.0)
    return jnp.where(due, jnp.maximum(1.0 - equity / target, 0.0), 0.0)


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
