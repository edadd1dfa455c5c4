"""Who moved the price: the P&L of a round of trades split into own impact, others' impact, retail, loadings, execution.

The forced part of a round's move, on what a book keeps, is shared among the books that trade in the direction of the
round's net forced flow, by size; the book's own share is its own impact. Because a book sells pro rata, its share needs
products with squared weights only: the state stays O(assets + books).

An asset with loadings also moves with what the trades of the round do to others: on what a book keeps that is apart
(`through_loadings`), beside the move that the trades in the asset itself make. What is sold bears the whole move.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.books import Books
from stress.kernels.layout import books_to_members, books_to_shapes, shapes_to_books
from stress.kernels.linear import product
from stress.kernels.structure import Structure


class Causes(NamedTuple):
    """P&L of a step's cascade by cause, fraction of NAV_0; (member, path), or no rows where nobody asks."""

    own_impact: Array
    others_impact: Array
    outside: tuple[Array, ...]  # what each outside flow makes of it, in the order of the structure
    through_loadings: tuple[Array, ...]  # one, () where nobody has loadings
    execution_shortfall: Array

    def in_order(self) -> list[Array]:
        """All causes one after the other."""
        between = (*self.outside, *self.through_loadings)
        return [self.own_impact, self.others_impact, *between, self.execution_shortfall]


def no_causes(structure: Structure, profit: Array) -> Causes:
    """Nothing yet, shaped like `profit` (member, path)."""
    none = jnp.zeros_like(profit[: None if structure.attribution else 0])
    through = (none,) if structure.sources else ()
    return Causes(none, none, tuple(none for _ in structure.outside), through, none)


def _own(structure: Structure, books: Books, cut: Array, forced_flow: Array, forced_gain: Array) -> Array:
    """P&L per unit kept of each book that its own trades cause, (book, path)."""
    longs, shorts = jnp.maximum(books.shapes, 0.0), jnp.maximum(-books.shapes, 0.0)
    per_adv = 1.0 / books.adv[:, 0]
    usd = books.nav * books.gross
    less = books_to_shapes(structure, usd * jnp.maximum(cut, 0.0))
    more = books_to_shapes(structure, usd * jnp.maximum(-cut, 0.0))
    sellers = product((longs * per_adv).T, less) + product((shorts * per_adv).T, more)
    buyers = product((shorts * per_adv).T, less) + product((longs * per_adv).T, more)
    down, up = (forced_flow < 0) & (sellers > 0), (forced_flow > 0) & (buyers > 0)
    fall = jnp.where(down, forced_gain / jnp.where(down, sellers, 1.0), 0.0)
    rise = jnp.where(up, forced_gain / jnp.where(up, buyers, 1.0), 0.0)

    def by_book(weights: Array, gain: Array) -> Array:
        return shapes_to_books(structure, product(weights * weights * per_adv, gain))

    reducing = by_book(longs, fall) - by_book(shorts, rise)
    adding = by_book(longs, rise) - by_book(shorts, fall)
    return books.gross * usd * jnp.where(cut > 0, cut * reducing, -cut * adding)


def add_round(
    structure: Structure,
    books: Books,
    execution_weight: Array,
    causes: Causes,
    held: Array,
    cut: Array,
    gain: Array,
    own_gain: Array,
    forced_flow: Array,
    forced_gain: Array,
    outside_shares: Sequence[Array],
) -> Causes:
    """Add one round.

    Args:
        structure: what is compiled.
        books: start positions.
        execution_weight: w.
        causes: of the step so far.
        held: (book, path) k before the round.
        cut: (book, path) what each book gives up, below 0 what it adds.
        gain: (asset, path) the round's price change.
        own_gain: (asset, path) what trades in the asset itself make of it; `gain` where nobody has loadings.
        forced_flow: (asset, path) the round's net forced flow.
        forced_gain: (asset, path) the price change that forced flow alone would make.
        outside_shares: (asset, path) part of each outside flow in what they do together; () where there is one.
    """
    kept = held - jnp.maximum(cut, 0.0)
    on_gain = books.gross * shapes_to_books(structure, product(books.shapes, gain))
    on_own, through = on_gain, causes.through_loadings
    if structure.sources:
        on_own = books.gross * shapes_to_books(structure, product(books.shapes, own_gain))
        through = (through[0] + books_to_members(structure, kept * (on_gain - on_own)),)
    on_forced = books.gross * shapes_to_books(structure, product(books.shapes, forced_gain))
    own = kept * _own(structure, books, cut, forced_flow, forced_gain)
    if len(causes.outside) < 2:
        offsets = [books_to_members(structure, kept * (on_own - on_forced)) for _ in causes.outside]
    else:
        offsets = [
            books_to_members(structure, kept * (books.gross * shapes_to_books(structure, product(books.shapes, part))))
            for part in ((own_gain - forced_gain) * share for share in outside_shares)
        ]
    sold_part = jnp.where(cut > 0, execution_weight * cut, -(1.0 - execution_weight) * cut)
    return Causes(
        own_impact=causes.own_impact + books_to_members(structure, own),
        others_impact=causes.others_impact + books_to_members(structure, kept * on_forced - own),
        outside=tuple(so_far + of for so_far, of in zip(causes.outside, offsets, strict=True)),
        through_loadings=through,
        execution_shortfall=causes.execution_shortfall + books_to_members(structure, sold_part * on_gain),
    )
