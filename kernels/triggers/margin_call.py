"""Margin calls: after the grace a fund sells down to the requirement and its buffer."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.convexity import size
from stress.kernels.layout import shapes_to_books
from stress.kernels.linear import any_row, product
from stress.kernels.margin.requirement import linear_shapes, requirement, sizes
from stress.kernels.structure import Structure
from stress.kernels.triggers.protocol import QuietView, RoundView, Trigger


class MarginCall(NamedTuple):
    """Numbers of the trigger; grace and requirement are those of `kernels.margin`."""

    cure_factor: Array  # (member, 1) 1 + buffer
    start_excess: Array  # (member, asset) what a price move does to equity less base requirement, fraction of NAV
    excess_room: Array  # (member, 1) equity less base requirement at the start, fraction of NAV
    excess_limit: Array  # (member, 1) a fund acts below it: 0; without a requirement at 0, too


class _MarginCall(Trigger[MarginCall, tuple[()]]):
    name = "margin_call"
    asked_by = "brokers"

    def reads_equity(self, structure: Structure, record: MarginCall) -> bool:
        return structure.margin is not None and not (structure.margin.linear and not structure.convex)

    def fraction(self, record: MarginCall, own: tuple[()], seen: RoundView) -> Array:
        """Sell so that `E = (1 + buffer) M`: `1 - E/((1 + buffer) M)` once a call has been open for the grace."""
        if seen.required is None or seen.margin is None:
            raise ValueError("a margin call needs a requirement")
        required, grace = seen.required.by_member, seen.margin.grace_steps
        of_age = (seen.calls.age >= grace) | ((seen.calls.age < 0) & (grace <= 0) & (seen.worst > 0))
        due = seen.live & of_age & (required > 0)
        target = record.cure_factor * jnp.where(due, required, 1.0)
        return jnp.where(due, jnp.maximum(1.0 - seen.equity / target, 0.0), 0.0)

    def size(self, record: MarginCall, seen: RoundView) -> Array:
        """A book's part of the requirement; where books offset each other, and hold options, their sizes."""
        if seen.required is None or seen.margin is None:
            raise ValueError("a margin call needs a requirement")
        value = seen.value
        if seen.books.convexity is not None:
            value = shapes_to_books(seen.structure, size(seen.books, seen.price, jnp.ones_like(seen.price)))
        return sizes(seen.structure, seen.margin, seen.required, seen.held_gross * value)

    def alarm(self, record: MarginCall, own: tuple[()], still: QuietView) -> Array:
        """Equity below the requirement, or gone."""
        structure, books, margin = still.structure, still.books, still.margin
        if structure.margin is None or margin is None or still.terms is None:
            raise ValueError("a margin call needs a requirement")
        if structure.margin.linear and not structure.convex:
            excess = record.excess_room + product(record.start_excess, still.change)
            return any_row(excess < record.excess_limit)  # equity that is gone is below a requirement, too
        shapes = linear_shapes(structure, margin)
        linear = product(jnp.concatenate(shapes), still.price) if shapes else still.change[:0]
        start_gross = books.gross * books.start_held
        required = requirement(structure, books, margin, still.terms, still.price, start_gross, linear).by_member
        return any_row((still.equity <= 0) | (required > still.equity))


TRIGGER = _MarginCall()
