"""Who moved the price: the P&L of a round of trades split into own impact, others' impact, retail and execution.

The forced part of a round's move, on what a book keeps, is shared among the books that trade in the direction of the
round's net forced flow, by size; the book's own share is its own impact. Because a book sells pro rata, its share needs
products with squared weights only: the state stays O(assets + books).
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.layout import books_to_members, books_to_shapes, shapes_to_books
from stress.kernels.linear import product
from stress.kernels.records import Params, Structure


class Causes(NamedTuple):
    """P&L of a step's cascade by cause, fraction of NAV_0; (member, path), or no rows where nobody asks."""

    own_impact: Array
    others_impact: Array
    retail_offset: Array
    execution_shortfall: Array


def no_causes(structure: Structure, profit: Array) -> Causes:
    """Nothing yet, shaped like `profit` (member, path)."""
    none = jnp.zeros_like(profit[: None if structure.attribution else 0])
    return Causes(none, none, none, none)


def _own(structure: Structure, params: Params, cut: Array, forced_flow: Array, forced_gain: Array) -> Array:
    """P&L per unit kept of each book that its own trades cause, (book, path)."""
    longs, shorts = jnp.maximum(params.shapes, 0.0), jnp.maximum(-params.shapes, 0.0)
    per_adv = 1.0 / params.adv[:, 0]
    usd = params.book_nav * params.book_gross
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
    return params.book_gross * usd * jnp.where(cut > 0, cut * reducing, -cut * adding)


def add_round(
    structure: Structure,
    params: Params,
    causes: Causes,
    held: Array,
    cut: Array,
    gain: Array,
    forced_flow: Array,
    forced_gain: Array,
) -> Causes:
    """Add one round.

    Args:
        structure: what is compiled.
        params: numbers.
        causes: of the step so far.
        held: (book, path) k before the round.
        cut: (book, path) what each book gives up, below 0 what it adds.
        gain: (asset, path) the round's price change.
        forced_flow: (asset, path) the round's net forced flow.
        forced_gain: (asset, path) the price change that forced flow alone would make.
    """
    kept = held - jnp.maximum(cut, 0.0)
    on_gain = params.book_gross * shapes_to_books(structure, product(params.shapes, gain))
    on_forced = params.book_gross * shapes_to_books(structure, product(params.shapes, forced_gain))
    own = kept * _own(structure, params, cut, forced_flow, forced_gain)
    sold_part = jnp.where(cut > 0, params.execution_weight * cut, -(1.0 - params.execution_weight) * cut)
    return Causes(
        own_impact=causes.own_impact + books_to_members(structure, own),
        others_impact=causes.others_impact + books_to_members(structure, kept * on_forced - own),
        retail_offset=causes.retail_offset + books_to_members(structure, kept * (on_gain - on_forced)),
        execution_shortfall=causes.execution_shortfall + books_to_members(structure, sold_part * on_gain),
    )
