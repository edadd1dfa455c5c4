"""Sales and prices that agree with each other: the fixed points of `balance_sheets` when everything clears at once.

Breuer, Summer and Urosevic (2023): at a price fall `delta` each bank sells the share that brings it back to its limit
at that very price, and the sales cause `delta`. The more the price falls the more is sold, so iterating from "none
sold" rises to the least fixed point and from "all sold" falls to the greatest; they need not be the same.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.published.balance_sheets import (
    Marked,
    Rules,
    Sheets,
    flow_of,
    mark,
    must_shed,
    open_book,
    price_after,
    share_of,
)

MAX_ITERATIONS = 10_000
PRECISION = 1e-14  # change of a price, relative to the one at the start, at which the iteration ends


class Equilibrium(NamedTuple):
    """One fixed point."""

    price: Array  # (asset, path)
    share: Array  # (bank, path) of the holdings that is sold
    marked: Marked  # (bank, path) all holdings at that price, before the proceeds pay back debt
    iterations: Array  # () int32
    converged: Array  # (path,) bool


def equilibrium(rules: Rules, sheets: Sheets, from_all_sold: bool) -> Equilibrium:
    """The least fixed point, or the greatest when started from all sold."""
    book = open_book(sheets)
    scale = jnp.where(sheets.price > 0.0, sheets.price, 1.0)

    def respond(price: Array) -> tuple[Array, Marked]:
        marked = mark(sheets, book._replace(price=price))
        return share_of(must_shed(rules, sheets, marked), marked.value), marked

    def price_of(share: Array) -> Array:
        return price_after(rules, sheets, sheets.price, flow_of(rules, sheets, share, sheets.price))

    def moved(old: Array, new: Array) -> Array:
        return jnp.max(jnp.abs(new - old) / scale, axis=0)

    def unsettled(state: tuple[Array, Array, Array]) -> Array:
        _, change, iterations = state
        return jnp.any(change > PRECISION) & (iterations < MAX_ITERATIONS)

    def improve(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        price, _, iterations = state
        new = price_of(respond(price)[0])
        return new, moved(price, new), iterations + 1

    start = price_of(jnp.ones_like(book.held)) if from_all_sold else sheets.price
    first = (start, jnp.ones(start.shape[-1], start.dtype), jnp.zeros((), jnp.int32))
    price, change, iterations = lax.while_loop(unsettled, improve, first)
    share, marked = respond(price)
    return Equilibrium(price, share, marked, iterations, change <= PRECISION)
