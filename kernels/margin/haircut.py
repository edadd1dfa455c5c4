"""Haircuts, book by book: `sum_b sum_i min(rate_i m_i, 1 for longs) |X_bi|`, `m` the multiplier of the terms."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.layout import members_to_books, shapes_to_books
from stress.kernels.linear import product
from stress.kernels.margin.protocol import Holdings, MarginMethod
from stress.kernels.margin.terms import StepTerms
from stress.kernels.structure import MarginStructure, Structure


class Haircut(NamedTuple):
    """Rates by shape; 0 for funds that are not on haircuts."""

    on: Array  # (member, 1) bool
    shapes: Array  # (shape, asset) rate, at most 1 on longs, times |weight|
    term_shapes: Array  # (shape, asset) the same with rates that terms multiply before they are capped
    long_shapes: Array  # (shape, asset) |weight| of longs, 0 for shorts (used with long_cap)
    rates: Array  # (shape, asset) rate (used with long_cap)


class _Method(MarginMethod[Haircut]):
    name = "haircut"

    def linear_shapes(self, margin: MarginStructure, record: Haircut) -> Array | None:
        return record.shapes if margin.base or not margin.terms else None

    def by_book(
        self, structure: Structure, margin: MarginStructure, record: Haircut, terms: StepTerms, now: Holdings
    ) -> Array:
        return now.gross * _per_gross(structure, margin, record, terms, now)

    def on(self, record: Haircut) -> Array:
        return record.on


def _per_gross(
    structure: Structure, margin: MarginStructure, record: Haircut, terms: StepTerms, now: Holdings
) -> Array:
    """Haircut of each book per unit of its gross at k = 1, (book, path)."""
    if margin.terms == 0:
        return shapes_to_books(structure, now.linear)
    price = now.price
    value = jnp.zeros((structure.books, price.shape[1]), price.dtype)
    if margin.base:
        value = members_to_books(structure, terms.weight[0]) * shapes_to_books(structure, now.linear)
    for t in range(margin.terms):
        by_shape = product(record.term_shapes, price * terms.multiplier[t])
        if margin.long_cap:
            excess = jnp.maximum(record.rates[:, :, None] * terms.multiplier[t][None] - 1.0, 0.0)
            by_shape = by_shape - jnp.sum(record.long_shapes[:, :, None] * excess * price[None], axis=1)
        value = value + members_to_books(structure, terms.weight[t + 1]) * shapes_to_books(structure, by_shape)
    return value


METHOD = _Method()
