"""Volatility target: a ceiling on what is held, `band x start volatility / volatility` of the book's own P&L.

The volatility is that of the P&L per unit gross, exponentially weighted with 0.97 (RiskMetrics 1996), as of the end of
the last step; a book closes part of its gap to the ceiling a step. A whole book keeps its shape, so books of one shape
have one variance. The tiers of a manager's book share that of all of it, which depends on how much of each is held:
`sum_t k_t w_t dP / sum_t k_t |w_t| P` at the start of a step.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from stress.kernels.books import Books
from stress.kernels.layout import books_to_managers, managers_to_books, shapes_to_books
from stress.kernels.linear import any_row, product
from stress.kernels.structure import Structure
from stress.kernels.triggers.protocol import QuietView, RoundView, StepMoves, Trigger


class VolTarget(NamedTuple):
    """Numbers of the trigger. Its state is the variance of the P&L per unit gross over its start.

    Of each shape, or of each manager's book where one with a target is cut into tiers.
    """

    ceiling: Array  # (book, 1) on k at the volatility of the start; inf: none
    speed: Array  # (book, 1) share of the gap closed a step
    memory: Array  # () weight of the old variance
    news: Array  # (shape or manager, 1) (1 - memory) steps_per_day / daily variance of its P&L per unit gross
    gross: Array | None  # (book, 1) of each tier at k = 1, multiple of NAV; None: no book with a target is cut


def ceiling(structure: Structure, record: VolTarget, variance: Array) -> Array:
    """Largest k that the target allows, (book, path)."""
    to_books = shapes_to_books if record.gross is None else managers_to_books
    return record.ceiling / to_books(structure, jnp.sqrt(variance))


def managers_return(structure: Structure, books: Books, gross_at_1: Array, moved: StepMoves) -> Array:
    """P&L of a step per unit gross of what each manager's book held, (manager, path); 0 of one that held nothing."""
    held = gross_at_1 * moved.held
    pnl, gross = (
        books_to_managers(structure, held * shapes_to_books(structure, product(shapes, price)))
        for shapes, price in ((books.shapes, moved.gain), (books.gross_shapes, moved.before))
    )
    return jnp.where(gross > 0, pnl / jnp.where(gross > 0, gross, 1.0), 0.0)


class _VolTarget(Trigger[VolTarget, Array]):
    name = "vol_target"
    asked_by = "fund"

    def reads_equity(self, structure: Structure, record: VolTarget) -> bool:
        return False

    def start(self, structure: Structure, record: VolTarget, paths: int, dtype: DTypeLike) -> Array:
        return jnp.ones((structure.shapes if record.gross is None else structure.managers, paths), dtype)

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
        if record.gross is not None:
            per_gross = managers_return(structure, books, record.gross, moved)
        else:
            per_gross = product(books.shapes, moved.gain) / product(books.gross_shapes, moved.before)
        return record.memory * own + record.news * per_gross * per_gross


TRIGGER = _VolTarget()
