"""Portfolio margin: the worst loss of a fund's whole position over a set of shock vectors, a share of gross at least.

The principle of FINRA rule 4210(g): hedges offset each other. Times the gross-weighted mean of the terms' multipliers.
Options are revalued by delta and gamma at each vector's moves `m`: at price `P` a position is worth
`(delta + gamma (P - 1)) P m + gamma P^2 m^2/2` more. Weights of means are then sizes (`convexity.size`).
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.books import Books
from stress.kernels.convexity import gross_value, size
from stress.kernels.layout import books_to_members, shapes_to_books
from stress.kernels.linear import product
from stress.kernels.margin.protocol import Holdings, MarginMethod
from stress.kernels.margin.terms import StepTerms
from stress.kernels.structure import MarginStructure, Structure


class Moved(NamedTuple):
    """Gammas times the moves of a case."""

    linear: Array  # (case, shape, asset) gamma times moves
    square: Array  # (case, shape, asset) gamma times half their squares


class Portfolio(NamedTuple):
    """Shock vectors by shape; 0 for funds that are not on portfolio margin."""

    on: Array  # (member, 1) bool
    cases: Array  # (case, shape, asset) weights times the moves of a case
    floor: Array  # (member, 1) fraction of gross
    gamma: Moved | None = None  # of options; None: there are none


class _Method(MarginMethod[Portfolio]):
    name = "portfolio"

    def by_member(
        self,
        structure: Structure,
        margin: MarginStructure,
        books: Books,
        record: Portfolio,
        terms: StepTerms,
        now: Holdings,
    ) -> Array:
        def held(by_shape: Array) -> Array:
            return books_to_members(structure, now.gross * shapes_to_books(structure, by_shape))

        gross = held(gross_value(books, now.price))
        worst = record.floor * gross
        for number, case in enumerate(record.cases):
            gained = product(case, now.price)
            if record.gamma is not None:
                gained = gained + product(record.gamma.linear[number], (now.price - 1.0) * now.price)
                gained = gained + product(record.gamma.square[number], now.price * now.price)
            worst = jnp.maximum(worst, -held(gained))
        if margin.terms == 0:
            return worst
        whole = gross if record.gamma is None else held(size(books, now.price, jnp.ones_like(now.price)))
        charged = terms.weight[0] * whole
        for t in range(margin.terms):
            charged = charged + terms.weight[t + 1] * held(size(books, now.price, terms.multiplier[t]))
        return worst * charged / jnp.where(whole > 0, whole, 1.0)

    def on(self, record: Portfolio) -> Array:
        return record.on


METHOD = _Method()
