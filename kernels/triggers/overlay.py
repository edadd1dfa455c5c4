"""Hedge overlay: a book that starts at nothing and grows with the fund's loss, so that net falls while gross holds.

What a loss has built is not built again, and the rule never buys it back: in April 2025 short sales by funds outran
their long sales eight to one.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.books import Books
from stress.kernels.layout import managers_to_books, members_to_managers
from stress.kernels.linear import any_row
from stress.kernels.structure import Structure
from stress.kernels.triggers.protocol import QuietView, RoundView, Trigger


class Overlay(NamedTuple):
    """Numbers of the trigger."""

    start: Array  # (point, manager, 1) loss of the fund
    width: Array  # (point, manager, 1)
    slope: Array  # (point, manager, 1)
    first: Array  # (manager, 1) k at the first point


class _Overlay(Trigger[Overlay, tuple[()]]):
    name = "overlay"
    asked_by = "fund"
    sells = False

    def builds(self, record: Overlay) -> bool:
        return True

    def grows(self, structure: Structure, books: Books, record: Overlay) -> Array:
        return books.start_held <= 0

    def build(self, record: Overlay, own: tuple[()], seen: RoundView) -> Array:
        """The wanted k, linear between the points of loss, less what the rule has built."""
        loss = members_to_managers(seen.structure, 1.0 - seen.equity)
        wanted = jnp.where(loss >= record.start[0], record.first, 0.0)
        for p in range(record.start.shape[0]):
            wanted = wanted + record.slope[p] * jnp.clip(loss - record.start[p], 0.0, record.width[p])
        wanted = managers_to_books(seen.structure, wanted)
        more = jnp.maximum(wanted - seen.added, 0.0)  # nobody else builds a book that starts at nothing
        return jnp.where((seen.books.start_held <= 0) & (more > seen.tolerance), more, 0.0)

    def alarm(self, record: Overlay, own: tuple[()], still: QuietView) -> Array:
        """A loss at the first point."""
        return any_row(members_to_managers(still.structure, -still.profit) >= record.start[0])


TRIGGER = _Overlay()
