"""Margin requirement of every fund: `M_f = sum_l share_fl M_f(terms of line l)` over the brokers that finance it."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.books import Books
from stress.kernels.layout import books_to_members, members_to_books
from stress.kernels.margin.protocol import Holdings
from stress.kernels.margin.registry import METHODS
from stress.kernels.margin.terms import StepTerms, Terms, step_terms
from stress.kernels.structure import Structure


class Margin(NamedTuple):
    """All numbers of margin; None in `Params` where no fund has a requirement."""

    methods: dict[str, Any]  # record of each method that some fund is on
    terms: Terms
    grace_steps: Array  # (member, 1) int32 age from which a call forces sales


class Requirement(NamedTuple):
    """What brokers require at some moment, fraction of NAV_0."""

    by_member: Array  # (member, path)
    by_book: dict[str, Array]  # (book, path) what each book adds, by each method that has such parts


def terms_of_step(structure: Structure, margin: Margin | None, variance: Array, step: Array) -> StepTerms | None:
    """Terms of a step from the variance of the last, see `terms.step_terms`; None without margin."""
    if structure.margin is None or margin is None:
        return None
    return step_terms(structure.margin, margin.terms, variance, step)


def linear_shapes(structure: Structure, margin: Margin | None) -> list[Array]:
    """(shape, asset) of each method whose requirement is linear in prices, for one product with all else that is."""
    if structure.margin is None or margin is None:
        return []
    found = (METHODS[name].linear_shapes(structure.margin, margin.methods[name]) for name in structure.margin.methods)
    return [shapes for shapes in found if shapes is not None]


def requirement(
    structure: Structure, books: Books, margin: Margin, terms: StepTerms, price: Array, held_gross: Array, linear: Array
) -> Requirement:
    """Requirement of every fund.

    Args:
        structure: what is compiled, with margin.
        books: start positions.
        margin: numbers.
        terms: of this step.
        price: (asset, path).
        held_gross: (book, path) gross held at start prices, multiple of NAV_0.
        linear: (n shape, path) values of a unit of gross by `linear_shapes`, below each other.
    """
    static = structure.margin
    if static is None:
        raise ValueError("a structure without margin has no requirement")
    required, by_book = None, {}
    for name in static.methods:
        method, record = METHODS[name], margin.methods[name]
        rows = 0 if method.linear_shapes(static, record) is None else structure.shapes
        now, linear = Holdings(price, held_gross, linear[:rows]), linear[rows:]
        parts = method.by_book(structure, static, record, terms, now)
        if parts is None:
            found = method.by_member(structure, static, books, record, terms, now)
        else:
            found, by_book[name] = books_to_members(structure, parts), parts
        required = found if required is None else jnp.where(method.on(record), found, required)
    if required is None:
        raise ValueError("margin without a method")
    return Requirement(required, by_book)


def sizes(structure: Structure, margin: Margin, required: Requirement, gross: Array) -> Array:
    """What each book adds to the total that a margin call sheds, (book, path).

    Its part of the requirement, or its gross value where books offset each other.
    """
    if len(margin.methods) == 1 and required.by_book:
        return next(iter(required.by_book.values()))
    for name, parts in required.by_book.items():
        on = members_to_books(structure, METHODS[name].on(margin.methods[name]))
        gross = jnp.where(on, parts, gross)
    return gross
