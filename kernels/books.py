"""What funds hold: books of few shapes in many sizes, so that the state is one number a book and path."""

from __future__ import annotations

from typing import NamedTuple

from jax import Array

from stress.kernels.layout import books_to_shapes, shapes_to_books
from stress.kernels.linear import product
from stress.kernels.structure import Structure


class Books(NamedTuple):
    """Positions at the start."""

    shapes: Array  # (shape, asset) signed weights, sum |w| = 1
    gross_shapes: Array  # (shape, asset) |weights|
    net_shapes: Array  # (shape, asset) weights of assets that count in net
    gross: Array  # (book, 1) gross at k = 1 as a multiple of the fund's NAV
    start_held: Array  # (book, 1) k at the start: 1, or 0 of a book that starts at nothing
    nav: Array  # (book, 1) NAV of the book's fund, bn USD
    start_exposure: Array  # (member, asset) signed positions at the start, fraction of NAV
    group_exposure: Array  # (row, asset) the same of each reported group, system last
    flow_matrix: Array  # (asset, shape) weights over ADV, in 1/(bn USD)
    gross_flow_matrix: Array  # (asset, shape) |weights| over ADV, in 1/(bn USD)
    adv: Array  # (asset, 1) average daily volume, bn USD


def book_pnl(structure: Structure, books: Books, held: Array, gain: Array) -> Array:
    """P&L of each book on price gains (asset, path), as a fraction of its fund's start NAV: (book, path)."""
    return books.gross * held * shapes_to_books(structure, product(books.shapes, gain))


def forced_flow(structure: Structure, books: Books, given_up: Array) -> Array:
    """Signed flow, a fraction of ADV, of giving up k of each book: (book, path) -> (asset, path)."""
    usd = books.nav * books.gross * given_up
    return product(-books.flow_matrix, books_to_shapes(structure, usd))
