"""The record of a round: what is carried from one round of a cascade to the next, and values at its prices."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.books import Books
from stress.kernels.cascade.asset_pnl import ByAsset
from stress.kernels.cascade.attribution import Causes
from stress.kernels.cascade.by_trigger import ByTrigger
from stress.kernels.convexity import gained_since, gross_value
from stress.kernels.layout import shapes_to_books
from stress.kernels.linear import join_rows, product
from stress.kernels.margin.requirement import Margin, linear_shapes
from stress.kernels.structure import Structure


class Rules(NamedTuple):
    """Numbers of every cascade."""

    tolerance: Array  # () a fraction at or below it is no order
    max_participation: Array  # () share of g ADV that forced orders together may trade in a step
    execution_weight: Array  # () w: sold at (1-w) P_before + w P_after
    explained: Array  # () bool, of the detailed program: whether the P&L is split by cause, and steps report
    outside: Array  # () 1; 0 where, in a part of the detailed program, nobody from outside trades


def values(structure: Structure, books: Books, margin: Margin | None, price: Array, net: bool = True) -> Array:
    """What a unit of gross of each shape is worth at prices (asset, path), below each other: (n shape, path).

    Net (unless `net` is false), gross, and what margin methods ask for that is linear in prices
    (`margin.requirement.linear_shapes`): all in one product. With options without net, see `values_gained`.
    """
    if books.convexity is None:
        kinds = [*((books.shapes,) if net else ()), books.gross_shapes, *linear_shapes(structure, margin)]
        return product(jnp.concatenate(kinds), price)
    return join_rows(
        [gross_value(books, price), *(product(shapes, price) for shapes in linear_shapes(structure, margin))]
    )


def values_gained(structure: Structure, books: Books, margin: Margin | None, now: Round, gain: Array) -> Array:
    """Change of `values`, net included, as prices gain (asset, path) since the cascade began: (n shape, path).

    With options net is P&L: what is worth more is not all that was gained.
    """
    if books.convexity is None:
        return values(structure, books, margin, gain)
    shapes = structure.shapes
    pnl_and_gross = gained_since(books, now.opening_price, gain, now.opening[:shapes])
    return join_rows([pnl_and_gross, *(product(shapes, gain) for shapes in linear_shapes(structure, margin))])


class Round(NamedTuple):
    """What changes from round to round. Rows that a structure does not need have length 0."""

    number: Array  # () int32 rounds traded so far
    opening_price: Array  # (asset, path) before round 1
    opening: Array  # (n shape, path) `values` at those prices, without net
    gain: Array  # (asset, path) price change since then
    gained: Array  # (n shape, path) `values` of that change
    forced: Array  # (asset, path) flow of forced orders since the start of the cascade, fraction of ADV
    traded: Array  # (asset, path) absolute, orders under the participation cap
    held: Array  # (book, path)
    left: Array  # (book, path) k once every order so far has traded in full; kept under a participation cap alone
    done: Array  # (book, path) bool: its order was cut, it trades no more this step; likewise
    profit: Array  # (member, path) equity less NAV_0
    book_pnl: Array  # (manager, path)
    worst: Array  # (member, path) largest deficit of this step, 0 = none
    sold: Array  # (member, path)
    pending: Array  # (member, path) bool: default to be booked at the end of the step
    active: Array  # (path,) bool: somebody trades next, or has traded in the round; a path that is done stays as it is
    order: Array  # (book, path) k that each book trades next: above 0 it sells, below 0 it builds by its own rule
    built: Array  # (member, path)
    added: Array  # (book, path) k that books have added since the start of the path
    forced_recent: Array  # (asset, path) recent flow of forced orders alone
    of_forced: Array  # (asset, path) what the law makes of it
    causes: Causes
    by_asset: ByAsset
    by_trigger: ByTrigger
    capped: Array  # (shape, path) orders under the participation cap, bn USD; kept under one alone
    fits: Array  # (asset, path) share of them that there is room for
    close_out: Array  # (book, path) bool: its fund is in default, so its sales are its brokers', outside the cap
    by_group: Array | None = None  # (group, asset, path) forced flow of each; of options, where somebody asks

    @property
    def equity(self) -> Array:
        """Equity of each fund, (member, path), fraction of NAV_0."""
        return 1.0 + self.profit

    @property
    def price(self) -> Array:
        """Prices of this round, (asset, path)."""
        return self.opening_price + self.gain


def counted(structure: Structure, now: Round) -> Array:
    """k that requirement and triggers read: what waits for room counts as traded, (book, path)."""
    return now.left if structure.participation else now.held


def book_value(structure: Structure, now: Round) -> Array:
    """Gross value of each book per unit of start gross, (book, path)."""
    shapes = structure.shapes
    return shapes_to_books(structure, now.opening[:shapes] + now.gained[shapes : 2 * shapes])


def margin_values(structure: Structure, now: Round) -> Array:
    """What margin methods ask for that is linear in prices, (n shape, path)."""
    return now.opening[structure.shapes :] + now.gained[2 * structure.shapes :]
