"""Default and close-out: a fund without equity, or one whose deficit grows although it sells all it may, is handed to
its brokers, who sell from the next step on at a share of the volume that is left."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from stress.kernels.layout import books_to_shapes, members_to_books, shapes_to_books
from stress.kernels.linear import product
from stress.kernels.records import Params, State, Structure


def close_out_sale(structure: Structure, params: Params, state: State, depth: Array, book_gross_value: Array) -> Array:
    """Fraction that brokers sell this step of each book in close-out, (book, path).

    `s = min(1, participation / days)`, `days` = value-weighted days of volume of the book, the books in close-out
    sharing the rate: the volume of each asset is divided among all of them.

    Args:
        structure: what is compiled.
        params: numbers.
        state: the tile.
        depth: (asset, path) depth multiplier of this step.
        book_gross_value: (book, path) gross value per unit of start gross.
    """
    closing = members_to_books(structure, state.defaulted)
    units = jnp.where(closing, state.held * params.book_gross * params.book_nav, 0.0)
    days = product(params.gross_flow_matrix, books_to_shapes(structure, units)) / depth
    weighted = shapes_to_books(structure, product(params.gross_shapes, state.price * days))
    sells = closing & (weighted > 0)
    rate = members_to_books(structure, jnp.broadcast_to(params.closeout_participation, state.profit.shape))
    return jnp.where(sells, jnp.minimum(1.0, rate * book_gross_value / jnp.where(sells, weighted, 1.0)), 0.0)


def incurable(params: Params, state: State, deficit: Array, sold_at_limit: Array) -> tuple[Array, Array]:
    """End of a step: which funds have sold at the limit for `cure_steps` and still owe more than a step before.

    Args:
        params: numbers.
        state: `cut_steps` and `last_deficit` of the step before.
        deficit: (member, path) requirement minus equity at the end of the step.
        sold_at_limit: (member, path) the fund had a call of age and its order was cut in this step.

    Returns:
        (member, path) bool default, and the new count of steps at the limit.
    """
    cut_steps = jnp.where(sold_at_limit, state.cut_steps + 1, 0)
    return (cut_steps >= params.cure_steps) & (deficit > 0) & (deficit > state.last_deficit), cut_steps
