"""Options in books: P&L that is quadratic in the price of the underlying, and runs on with time.

Held in full, a book gains on an asset, with `P` its price over the start and `t` the steps since then,

    V = delta (P - 1) + gamma (P - 1)^2/2 + theta t

so its delta at another price is `delta + gamma (P - 1)`, in units of the underlying (USD at start prices): every move
takes delta along by gamma times the move, and a path is consistent whatever steps it is cut into. What is held of a
book, `k`, multiplies all three; its flow is its delta. Nothing here is full revaluation: gamma and theta stay.

Where no book has options `Books.convexity` is None, and each function is the product that it was without them.
Products serve all that is linear or quadratic in prices; absolute deltas cost (shape, asset, path).
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from stress.kernels.books import Books
from stress.kernels.layout import books_to_shapes, members_to_books, shapes_to_books
from stress.kernels.linear import join_rows, product
from stress.kernels.structure import Structure

LEVER = 0.1  # move whose change of delta counts as size beside delta, see `size_shapes`


def _quadratic(before: Array, gain: Array) -> Array:
    """What a gamma of 1 makes of a price move beside the start's delta, (asset, path)."""
    return (before - 1.0 + 0.5 * gain) * gain


def earned(books: Books, before: Array, gain: Array) -> Array:
    """P&L of a unit of each shape on a move from prices `before` by `gain`, (asset, path) -> (shape, path)."""
    linear = product(books.shapes, gain)
    if books.convexity is None:
        return linear
    return linear + product(books.convexity.gamma, _quadratic(before, gain))


def book_pnl(
    structure: Structure, books: Books, held: Array, before: Array, gain: Array, steps: Array | int = 1
) -> Array:
    """P&L of each book over some steps, as a fraction of its fund's start NAV: (book, path).

    Args:
        structure: what is compiled.
        books: start positions.
        held: (book, path) k through them.
        before: (asset, path) prices at their start.
        gain: (asset, path) what was added to them.
        steps: that pass: 0 for a part of a step.
    """
    by_shape = earned(books, before, gain)
    if books.convexity is not None:
        by_shape = by_shape + steps * books.convexity.theta
    return books.gross * held * shapes_to_books(structure, by_shape)


def still_pnl(books: Books, change: Array, steps: Array | int, groups: bool = False) -> Array:
    """P&L of the start book held still, fraction of start NAV: by member, or by reported group: (row, path).

    Args:
        books: start positions.
        change: (asset, path) price - 1.
        steps: () since the start.
        groups: by reported group, system last.
    """
    linear = product(books.group_exposure if groups else books.start_exposure, change)
    convexity = books.convexity
    if convexity is None:
        return linear
    gamma, theta = (
        (convexity.group_gamma, convexity.group_theta) if groups else (convexity.member_gamma, convexity.member_theta)
    )
    return linear + product(gamma, 0.5 * change * change) + steps * theta


def deltas(books: Books, price: Array) -> Array:
    """Delta of a unit of each shape at prices (asset, path): (shape, asset, path); without options one path."""
    if books.convexity is None:
        return books.shapes[:, :, None]
    return books.shapes[:, :, None] + books.convexity.gamma[:, :, None] * (price - 1.0)[None]


def gross_value(books: Books, price: Array, per_unit: Array | None = None) -> Array:
    """Sum over assets of |delta| times what a unit is worth (by default its price), (shape, path)."""
    worth = price if per_unit is None else per_unit
    if books.convexity is None:
        return product(books.gross_shapes, worth)
    return jnp.sum(jnp.abs(deltas(books, price)) * worth[None], axis=1)


def net_value(books: Books, price: Array) -> Array:
    """Value of the deltas in assets that count in net, (shape, path)."""
    linear = product(books.net_shapes, price)
    if books.convexity is None:
        return linear
    return linear + product(books.convexity.net_gamma, (price - 1.0) * price)


def size(books: Books, price: Array, weights: Array) -> Array:
    """Size of each shape with a weight on each asset: |delta| plus what a move by LEVER makes of it, (shape, path).

    For means and shares: it is gross where there are no options, and not nothing where a hedge has brought delta to 0.
    """
    value = gross_value(books, price, price * weights)
    if books.convexity is None:
        return value
    return value + product(LEVER * jnp.abs(books.convexity.gamma), price * price * weights)


def gross_units(books: Books, price: Array, by_shape: Array) -> Array:
    """Gross units of all books over ADV, deltas at prices: (shape, path) bn USD of k = 1 -> (asset, path)."""
    if books.convexity is None:
        return product(books.gross_flow_matrix, by_shape)
    return jnp.sum(jnp.abs(deltas(books, price)) * by_shape[:, None], axis=0) / books.adv


def flow_of(books: Books, price: Array, by_shape: Array) -> Array:
    """Signed flow, a fraction of ADV, of giving up so much, deltas at prices: (shape, path) bn USD -> (asset, path)."""
    linear = product(-books.flow_matrix, by_shape)
    if books.convexity is None:
        return linear
    return linear - product(books.convexity.flow_matrix, by_shape) * (price - 1.0)


def forced_flow(structure: Structure, books: Books, price: Array, given_up: Array) -> Array:
    """Signed flow, a fraction of ADV, of giving up k of each book at prices: (book, path) -> (asset, path)."""
    return flow_of(books, price, books_to_shapes(structure, books.nav * books.gross * given_up))


def flow_by_group(structure: Structure, books: Books, price: Array, given_up: Array) -> Array:
    """`forced_flow` of each reported group, (group, asset, path): without options holdings tell it afterwards."""
    members = np.arange(structure.members)
    mine = np.stack([(members >= first) & (members < end) for first, end in structure.group_members])
    of_books = members_to_books(structure, jnp.asarray(mine.T, given_up.dtype)).T[:, :, None]
    flows: Array = lax.map(lambda chosen: forced_flow(structure, books, price, chosen * given_up), of_books)
    return flows


def pnl_by_asset(
    structure: Structure, books: Books, held: Array, before: Array, gain: Array, passes: bool = True
) -> Array:
    """P&L of all books on each asset while k is held, (asset, path) over ADV, as `book_pnl`; theta if a step passes."""
    by_shape = books_to_shapes(structure, books.nav * books.gross * held)
    linear = product(books.flow_matrix, by_shape) * gain
    convexity = books.convexity
    if convexity is None:
        return linear
    pnl = linear + product(convexity.flow_matrix, by_shape) * _quadratic(before, gain)
    return pnl + product(convexity.theta_matrix, by_shape) if passes else pnl


def gained_since(books: Books, opening_price: Array, gain: Array, gross_at_opening: Array) -> Array:
    """P&L of a unit of each shape, and the change of its gross, since a cascade began: (2 shape, path)."""
    later = gross_value(books, opening_price + gain)
    return join_rows([earned(books, opening_price, gain), later - gross_at_opening])
