"""Volatility target: a ceiling on what is held, `band x start volatility / volatility` of the book's own P&L.

The volatility is that of the P&L per unit gross, exponentially weighted with 0.97 (RiskMetrics 1996), as of the end of
the last step; a book closes part of its gap to the ceiling a step.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from stress.kernels.books import Books
from stress.kernels.layout import shapes_to_books
from stress.kernels.linear import any_row, product
from stress.kernels.structure import Structure
from stress.kernels.triggers.protocol import QuietView, RoundView, StepMoves, Trigger


class VolTarget(NamedTuple):
    """Numbers of the trigger. Its state is the variance of each shape's P&L per unit gross over its start."""

    ceiling: Array  # (book, 1) on k at the volatility of the start; inf: none
    speed: Array  # (book, 1) share of the gap closed a step
    memory: Array  # () weight of the old variance
    news: Array  # (shape, 1) (1 - memory) steps_per_day / daily variance of its P&L per unit gross


def ceiling(structure: Structure, record: VolTarget, variance: Array) -> Array:
    """Largest k that the target allows, (book, path)."""
    return record.ceiling / jnp.sqrt(shapes_to_books(structure, variance))


class _VolTarget(Trigger[VolTarget, Array]):
    name = "vol_target"
    asked_by = "fund"

    def reads_equity(self, structure: Structure, record: VolTarget) -> bool:
        return False

    def start(self, structure: Structure, record: VolTarget, paths: int, dtype: DTypeLike) -> Array:
        return jnp.ones((structure.shapes, paths), dtype)

    def sale(self, record: VolTarget, own: Array, seen: RoundView) -> Array:
        """`speed max(0, 1 - ceiling/k)`."""
        allowed = ceiling(seen.structure, record, own)
        above = seen.held > allowed
        gap = 1.0 - jnp.where(above, allowed, 0.0) / jnp.where(above, seen.held, 1.0)
        return jnp.where(above, record.speed * gap, 0.0)

    def alarm(self, record: VolTarget, own: Array, still: QuietView) -> Array:
        """A ceiling below the start size."""
        return any_row(ceiling(still.structure, record, own) < still.books.start_held)

    def after_step(self, structure: Structure, books: Books, record: VolTarget, own: Array, moved: StepMoves) -> Array:
        per_gross = product(books.shapes, moved.gain) / product(books.gross_shapes, moved.before)
        return record.memory * own + record.news * per_gross * per_gross


TRIGGER = _VolTarget()
