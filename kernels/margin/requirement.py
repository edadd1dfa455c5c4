"""Margin requirement: `M_f = sum_l share_fl M_f(terms of line l)` over the brokers that finance a fund.

Haircut: `sum_b sum_i min(rate_i m_i, 1 for longs) |X_bi|`. Portfolio: the worst loss of the whole position over a set
of shock vectors (the principle of FINRA rule 4210(g)), a share of gross at least, times the gross-weighted mean of `m`.
`m_i = factor (clip((sigma_i/sigma_0i)^gamma, 1, cap) + hike)`; the hike is on while the mean of `sigma/sigma_0` over
equities is above its level; a lock-up keeps `m = factor`. Distinct factors and laws of motion are *terms*; base rates
(`m = 1`) come first, and each fund has a weight on each.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from stress.kernels.layout import books_to_members, members_to_books, shapes_to_books
from stress.kernels.linear import product
from stress.kernels.records import Params, Structure, Terms


def multipliers(structure: Structure, params: Params, variance: Array) -> tuple[Array, ...]:
    """Margin multiplier of each term from the variance ratio: per term (asset, path)."""
    if structure.margin_terms == 0:
        return ()
    log_variance = jnp.log(variance)
    stress = product(params.equity_weights, jnp.sqrt(variance)) if structure.hikes else None
    result = []
    for t in range(structure.margin_terms):
        moved = jnp.clip(jnp.exp(params.procyclicality[t] * log_variance), 1.0, params.multiplier_cap[t])
        if stress is not None:
            moved = moved + jnp.where(stress > params.hike_level[t], params.hike_size[t], 0.0)
        result.append(params.term_factor[t] * moved)
    return tuple(result)


def term_weights(params: Params, step: Array) -> Array:
    """Weight of base rates and of each term in a step, (1 + term, member, 1)."""
    return jnp.where(params.lockup_steps >= step, params.term_weight_locked, params.term_weight)


def base_haircut(params: Params, price: Array) -> Array:
    """Haircut at base rates of a unit of gross of each shape, (asset, path) -> (shape, path); linear in prices."""
    return product(params.margin_shapes, price)


def haircut_per_gross(structure: Structure, params: Params, terms: Terms, price: Array, base: Array) -> Array:
    """Haircut of each book per unit of its gross at k = 1, (book, path)."""
    if structure.margin_terms == 0:
        return shapes_to_books(structure, base)
    value = jnp.zeros((structure.books, price.shape[1]), price.dtype)
    if structure.base_margin:
        value = members_to_books(structure, terms.weight[0]) * shapes_to_books(structure, base)
    for t in range(structure.margin_terms):
        by_shape = product(params.term_shapes, price * terms.multiplier[t])
        if structure.long_cap:
            excess = jnp.maximum(params.margin_rates[:, :, None] * terms.multiplier[t][None] - 1.0, 0.0)
            by_shape = by_shape - jnp.sum(params.margin_long_shapes[:, :, None] * excess * price[None], axis=1)
        value = value + members_to_books(structure, terms.weight[t + 1]) * shapes_to_books(structure, by_shape)
    return value


def _portfolio(structure: Structure, params: Params, terms: Terms, price: Array, held_gross: Array) -> Array:
    """Requirement by the worst case, (member, path)."""

    def by_member(matrix: Array, tile: Array) -> Array:
        return books_to_members(structure, held_gross * shapes_to_books(structure, product(matrix, tile)))

    gross = by_member(params.gross_shapes, price)
    worst = params.portfolio_floor * gross
    for case in range(structure.portfolio_cases):
        worst = jnp.maximum(worst, -by_member(params.case_shapes[case], price))
    if structure.margin_terms == 0:
        return worst
    charged = terms.weight[0] * gross
    for t in range(structure.margin_terms):
        charged = charged + terms.weight[t + 1] * by_member(params.gross_shapes, price * terms.multiplier[t])
    return worst * charged / jnp.where(gross > 0, gross, 1.0)


def requirements(
    structure: Structure, params: Params, terms: Terms, price: Array, base: Array, held_gross: Array
) -> tuple[Array, Array]:
    """Requirement of every fund, and what each book adds to it in the order of brokers' sales.

    Args:
        structure: what is compiled.
        params: numbers.
        terms: multipliers and weights of this step.
        price: (asset, path).
        base: (shape, path) haircut at base rates of a unit of gross, see `base_haircut`.
        held_gross: (book, path) gross held at start prices, multiple of NAV_0.

    Returns:
        (member, path) requirement, fraction of NAV_0, and (book, path) haircuts, 0 rows where nobody asks.
    """
    if not structure.haircut:
        return _portfolio(structure, params, terms, price, held_gross), held_gross[:0]
    haircuts = held_gross * haircut_per_gross(structure, params, terms, price, base)
    required = books_to_members(structure, haircuts)
    if structure.portfolio_cases:
        worst = _portfolio(structure, params, terms, price, held_gross)
        required = jnp.where(params.on_portfolio, worst, required)
    return required, haircuts
