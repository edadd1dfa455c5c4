"""Stop-loss ladder: a ceiling on what is held, falling with the drawdown; so it never fires twice for one loss.

Managers' books have drawdowns; the ceiling applies to each of their tiers.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from stress.kernels.books import Books
from stress.kernels.layout import managers_to_books, members_to_managers
from stress.kernels.linear import any_row
from stress.kernels.structure import Structure
from stress.kernels.triggers.protocol import QuietView, RoundView, StepMoves, Trigger


class StopLoss(NamedTuple):
    """Numbers of the trigger."""

    start: Array  # (point, manager, 1) drawdown
    width: Array  # (point, manager, 1)
    slope: Array  # (point, manager, 1)
    first_cut: Array  # (manager, 1)
    capital: Array | None  # (manager, 1) for a book's own drawdown, fraction of NAV; None: none reads it
    on_fund: Array | None  # (manager, 1) bool: reads the fund's drawdown; None: none does


class Peaks(NamedTuple):
    """What drawdowns are measured from: running peaks at the ends of days. Rows that nobody reads have length 0."""

    fund: Array  # (member, path) equity
    book: Array  # (manager, path) P&L


def drawdowns(structure: Structure, record: StopLoss, peaks: Peaks, equity: Array, book_pnl: Array) -> Array:
    """Drawdown that the ladder of each manager's book looks at, as a fraction of its capital, (manager, path).

    Of the book's own P&L, or of the fund's equity where `on_fund`.
    """
    if record.capital is None:
        return members_to_managers(structure, peaks.fund - equity)
    book = (peaks.book - book_pnl) / record.capital
    if record.on_fund is None:
        return book
    return jnp.where(record.on_fund, members_to_managers(structure, peaks.fund - equity), book)


class _StopLoss(Trigger[StopLoss, Peaks]):
    name = "stop_loss"
    asked_by = "fund"

    def reads_book_pnl(self, record: StopLoss) -> bool:
        return record.capital is not None

    def reads_equity(self, structure: Structure, record: StopLoss) -> bool:
        return record.on_fund is not None

    def start(self, structure: Structure, record: StopLoss, paths: int, dtype: DTypeLike) -> Peaks:
        return Peaks(
            fund=jnp.ones((0 if record.on_fund is None else structure.members, paths), dtype),
            book=jnp.zeros((0 if record.capital is None else structure.managers, paths), dtype),
        )

    def sale(self, record: StopLoss, own: Peaks, seen: RoundView) -> Array:
        """`max(0, 1 - (1 - cut)/k)` where there is a cut, linear between the points.

        Without a cut there is no ceiling: a two-way target may have bought beyond the start size.
        """
        drawdown = drawdowns(seen.structure, record, own, seen.equity, seen.book_pnl)
        cut = jnp.where(drawdown >= record.start[0], record.first_cut, 0.0)
        for p in range(record.start.shape[0]):
            cut = cut + record.slope[p] * jnp.clip(drawdown - record.start[p], 0.0, record.width[p])
        ceiling = managers_to_books(seen.structure, 1.0 - cut)
        return jnp.where((ceiling < 1) & (seen.held > ceiling), 1.0 - ceiling / jnp.maximum(seen.held, ceiling), 0.0)

    def alarm(self, record: StopLoss, own: Peaks, still: QuietView) -> Array:
        """A drawdown at the first point."""
        drawdown = drawdowns(still.structure, record, own, still.equity, still.book_pnl)
        return any_row(drawdown >= record.start[0])

    def after_step(self, structure: Structure, books: Books, record: StopLoss, own: Peaks, moved: StepMoves) -> Peaks:
        peaks = Peaks(
            fund=own.fund if record.on_fund is None else jnp.maximum(own.fund, moved.equity),
            book=own.book if record.capital is None else jnp.maximum(own.book, moved.book_pnl),
        )
        if moved.ends_day is None:
            return peaks
        return Peaks(*(jnp.where(moved.ends_day, new, old) for new, old in zip(peaks, own, strict=True)))


TRIGGER = _StopLoss()
