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
from stress.kernels.convexity import deltas, earned
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


def _own_convex(
    structure: Structure, books: Books, cut: Array, price: Array, forced_flow: Array, forced_gain: Array
) -> Array:
    """`_own` of books with options, whose deltas follow prices (asset, path): by sums over assets, not products."""
    if books.convexity is None:
        raise ValueError("without options shares are products")
    delta, usd = deltas(books, price), books.nav * books.gross
    size = jnp.abs(delta) / books.adv
    of_gain = (delta + 0.5 * books.convexity.gamma[:, :, None] * forced_gain) * forced_gain
    given_up, added = jnp.maximum(cut, 0.0), jnp.maximum(-cut, 0.0)
    result, with_flow, total = jnp.zeros_like(cut), [], jnp.zeros_like(price)
    for amount, direction in ((given_up, -jnp.sign(delta)), (added, jnp.sign(delta))):
        along = jnp.where(direction == jnp.sign(forced_flow), size, 0.0)
        total = total + jnp.sum(along * books_to_shapes(structure, usd * amount)[:, None], axis=0)
        with_flow.append((amount, along))
    for amount, along in with_flow:
        share = jnp.where(total > 0, along / jnp.where(total > 0, total, 1.0), 0.0)
        result = result + amount * shapes_to_books(structure, jnp.sum(share * of_gain, axis=1))
    return books.gross * usd * result


def add_round(
    structure: Structure,
    books: Books,
    execution_weight: Array,
    causes: Causes,
    held: Array,
    cut: Array,
    price: Array,
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
        price: (asset, path) before the round.
        gain: (asset, path) the round's price change.
        own_gain: (asset, path) what trades in the asset itself make of it; `gain` where nobody has loadings.
        forced_flow: (asset, path) the round's net forced flow.
        forced_gain: (asset, path) the price change that forced flow alone would make.
        outside_shares: (asset, path) part of each outside flow in what they do together; () where there is one.
    """
    kept = held - jnp.maximum(cut, 0.0)
    on_gain = books.gross * shapes_to_books(structure, earned(books, price, gain))
    on_own, through = on_gain, causes.through_loadings
    if structure.sources:
        on_own = books.gross * shapes_to_books(structure, earned(books, price, own_gain))
        through = (through[0] + books_to_members(structure, kept * (on_gain - on_own)),)
    on_forced = books.gross * shapes_to_books(structure, earned(books, price, forced_gain))
    if books.convexity is None:
        own = kept * _own(structure, books, cut, forced_flow, forced_gain)
    else:
        own = kept * _own_convex(structure, books, cut, price, forced_flow, forced_gain)
    if len(causes.outside) < 2:
        offsets = [books_to_members(structure, kept * (on_own - on_forced)) for _ in causes.outside]
    else:
        offsets = [
            books_to_members(structure, kept * (books.gross * shapes_to_books(structure, by_shape)))
            for by_shape in _offsets(books, price, own_gain, forced_gain, outside_shares)
        ]
    sold_part = jnp.where(cut > 0, execution_weight * cut, -(1.0 - execution_weight) * cut)
    return Causes(
        own_impact=causes.own_impact + books_to_members(structure, own),
        others_impact=causes.others_impact + books_to_members(structure, kept * on_forced - own),
        outside=tuple(so_far + of for so_far, of in zip(causes.outside, offsets, strict=True)),
        through_loadings=through,
        execution_shortfall=causes.execution_shortfall + books_to_members(structure, sold_part * on_gain),
    )


def _offsets(books: Books, price: Array, gain: Array, forced_gain: Array, shares: Sequence[Array]) -> list[Array]:
    """What each of several outside flows makes of a unit of each shape, (shape, path), beside the forced move."""
    rest = gain - forced_gain
    if books.convexity is None:
        return [product(books.shapes, rest * share) for share in shares]
    middle = price + forced_gain + 0.5 * rest - 1.0  # where the delta is that the rest is earned with
    delta = books.shapes[:, :, None] + books.convexity.gamma[:, :, None] * middle[None]
    return [jnp.sum(delta * (rest * share)[None], axis=1) for share in shares]
