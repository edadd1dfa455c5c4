"""Margin calls: opened by a deficit, aged by steps, cured by selling down to the requirement and its buffer."""

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


def open_calls(calls: Calls, deficit: Array, called: Array, step: Array) -> Calls:
    """In every round: a fund that is `called` and has no open call gets one; the largest deficit of a call is kept.

    A fund whose equity is gone is called all the same; it only places no orders of its own.

    Args:
        calls: the calls so far.
        deficit: (member, path) requirement minus equity, fraction of NAV_0.
        called: (member, path) bool: a requirement above equity, and no default booked.
        step: () 1-based step.
    """
    opens = called & (calls.age < 0)
    age = jnp.where(opens, 0, calls.age)
    grown = jnp.where(age >= 0, jnp.maximum(deficit - calls.size, 0.0), 0.0)
    first = jnp.where(opens & (calls.first == 0), step, calls.first)
    return Calls(age=age, size=calls.size + grown, called=calls.called + grown, first=first)


def margin_sale(params: Params, calls: Calls, equity: Array, margin: Array, live: Array) -> Array:
    """Fraction to sell so that `E = (1 + buffer) M`: `1 - E/((1 + buffer) M)` after the grace, (member, path)."""
    due = live & (calls.age >= params.grace_steps) & (margin > 0)
    target = params.cure_factor * jnp.where(due, margin, 1.0)
    return jnp.where(due, jnp.maximum(1.0 - equity / target, 0.0), 0.0)
