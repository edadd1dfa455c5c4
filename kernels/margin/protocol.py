"""What a margin method is: a rule that says what brokers require of a fund for what it holds."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from jax import Array

from stress.kernels.books import Books
from stress.kernels.margin.terms import StepTerms
from stress.kernels.structure import MarginStructure, Structure

Record = TypeVar("Record")


class Holdings(NamedTuple):
    """What is held at some moment of a step."""

    price: Array  # (asset, path)
    gross: Array  # (book, path) held at start prices, multiple of NAV_0
    linear: Array  # (shape, path) value of a unit of gross by the method's `linear_shapes`; no rows where it has none


class MarginMethod(Generic[Record]):
    """One method; registered in `kernels.margin.registry` under its name, which is `margin.method` in scenario files.

    `record` holds the method's own numbers, a NamedTuple at the top of its file, all of every fund.
    """

    name: str

    def linear_shapes(self, margin: MarginStructure, record: Record) -> Array | None:
        """(shape, asset) what a unit of gross of each shape adds, where that is linear in prices; None: not asked."""
        return None

    def by_book(
        self, structure: Structure, margin: MarginStructure, record: Record, terms: StepTerms, now: Holdings
    ) -> Array | None:
        """Requirement of each book, (book, path), multiple of NAV_0; None where books offset each other."""
        return None

    def by_member(
        self,
        structure: Structure,
        margin: MarginStructure,
        books: Books,
        record: Record,
        terms: StepTerms,
        now: Holdings,
    ) -> Array:
        """Requirement of each fund, (member, path), multiple of NAV_0, of a method without `by_book`."""
        raise NotImplementedError

    def on(self, record: Record) -> Array:
        """(member, 1) bool: the funds that are on this method."""
        raise NotImplementedError
