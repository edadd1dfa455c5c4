"""Default and close-out: a fund without equity, or one whose deficit grows although it sells all it may, is handed to
its brokers, who sell from the next step on at a share of the volume that is left."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import DTypeLike

from stress.kernels.convexity import gross_units, gross_value
from stress.kernels.layout import books_to_shapes, members_to_books, shapes_to_books
from stress.kernels.linear import any_row
from stress.kernels.structure import Structure
from stress.kernels.triggers.protocol import QuietView, RoundView, StepEnd, Trigger


class CloseOut(NamedTuple):
    """Numbers of the trigger."""

    cure_steps: Array  # (member, 1) int32
    participation: Array  # (member, 1) share of g ADV a step


class SellingAtLimit(NamedTuple):
    """How a fund's selling at the limit goes; no rows where nothing limits it."""

    steps: Array  # (member, path) int32 in a row
    deficit: Array  # (member, path) at the end of the last step


class _CloseOut(Trigger[CloseOut, SellingAtLimit]):
    name = "close_out"
    asked_by = "close-out"

    def reads_equity(self, structure: Structure, record: CloseOut) -> bool:
        return structure.margin is None

    def start(self, structure: Structure, record: CloseOut, paths: int, dtype: DTypeLike) -> SellingAtLimit:
        rows = structure.members if structure.participation and structure.margin is not None else 0
        return SellingAtLimit(jnp.zeros((rows, paths), jnp.int32), jnp.zeros((rows, paths), dtype))

    def sale(self, record: CloseOut, own: SellingAtLimit, seen: RoundView) -> Array:
        """`s = min(1, participation / days)`, `days` = value-weighted days of volume of the book.

        The books in close-out share the rate: the volume of each asset is divided among all of them.
        """
        structure, books = seen.structure, seen.books

        def sold() -> Array:
            closing = members_to_books(structure, seen.defaulted)
            units = jnp.where(closing, seen.held * books.gross * books.nav, 0.0)
            days = gross_units(books, seen.price, books_to_shapes(structure, units)) / seen.depth
            weighted = shapes_to_books(structure, gross_value(books, seen.price, seen.price * days))
            sells = closing & (weighted > 0)
            rate = members_to_books(structure, jnp.broadcast_to(record.participation, seen.equity.shape))
            sold = jnp.where(sells, jnp.minimum(1.0, rate * seen.value / jnp.where(sells, weighted, 1.0)), 0.0)
            return jnp.where(closing & ~sells, 1.0, sold) if structure.convex else sold  # no delta: no volume needed

        fraction: Array = lax.cond(jnp.any(seen.defaulted), sold, lambda: jnp.zeros_like(seen.held))
        return fraction

    def alarm(self, record: CloseOut, own: SellingAtLimit, still: QuietView) -> Array | None:
        """Equity that is gone; where there is margin a call comes first."""
        return any_row(still.equity <= 0) if still.structure.margin is None else None

    def in_default(
        self, record: CloseOut, own: SellingAtLimit, closing: StepEnd
    ) -> tuple[Array | None, SellingAtLimit]:
        """Funds that have sold at the limit for `cure_steps` and still owe more than a step before."""
        if own.steps.shape[0] == 0:
            return None, own
        steps = jnp.where(closing.at_limit, own.steps + 1, 0)
        deficit = jnp.maximum(closing.deficit, 0.0)
        failed = (steps >= record.cure_steps) & (deficit > 0) & (deficit > own.deficit)
        return failed, SellingAtLimit(steps, deficit)


TRIGGER = _CloseOut()
