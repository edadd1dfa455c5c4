"""Portfolio margin: the worst loss of a fund's whole position over a set of shock vectors, a share of gross at least.

The principle of FINRA rule 4210(g): hedges offset each other. Times the gross-weighted mean of the terms' multipliers.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.books import Books
from stress.kernels.layout import books_to_members, shapes_to_books
from stress.kernels.linear import product
from stress.kernels.margin.protocol import Holdings, MarginMethod
from stress.kernels.margin.terms import StepTerms
from stress.kernels.structure import MarginStructure, Structure


class Portfolio(NamedTuple):
    """Shock vectors by shape; 0 for funds that are not on portfolio margin."""

    on: Array  # (member, 1) bool
    cases: Array  # (case, shape, asset) weights times the moves of a case
    floor: Array  # (member, 1) fraction of gross


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
        def by_member(matrix: Array, tile: Array) -> Array:
            return books_to_members(structure, now.gross * shapes_to_books(structure, product(matrix, tile)))

        gross = by_member(books.gross_shapes, now.price)
        worst = record.floor * gross
        for case in record.cases:
            worst = jnp.maximum(worst, -by_member(case, now.price))
        if margin.terms == 0:
            return worst
        charged = terms.weight[0] * gross
        for t in range(margin.terms):
            charged = charged + terms.weight[t + 1] * by_member(books.gross_shapes, now.price * terms.multiplier[t])
        return worst * charged / jnp.where(gross > 0, gross, 1.0)

    def on(self, record: Portfolio) -> Array:
        return record.on


METHOD = _Method()
