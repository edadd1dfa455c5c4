"""What a trigger is: a rule that makes a fund trade, and all that the engine asks of it.

Who asks decides when it is read. Brokers read theirs in every round of a cascade and name a fraction of the fund; a
fund's own limits are read once a step, before round 1, and name a fraction of each book (inside the rounds each sale
would trip the next rung); brokers that close out a fund in default are read once a step, too. The largest fraction
that applies to a book is traded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from stress.kernels.books import Books
from stress.kernels.convexity import gross_value
from stress.kernels.layout import books_to_members, shapes_to_books
from stress.kernels.margin.calls import Calls
from stress.kernels.margin.requirement import Margin, Requirement
from stress.kernels.margin.terms import StepTerms
from stress.kernels.structure import Structure

Record = TypeVar("Record")
Own = TypeVar("Own")
Asker = Literal["brokers", "fund", "close-out"]


@dataclass(frozen=True)
class RoundView:
    """What a trigger sees: the tile between two rounds of a cascade."""

    structure: Structure
    books: Books
    margin: Margin | None
    tolerance: Array  # () a fraction at or below it is none
    price: Array  # (asset, path)
    depth: Array  # (asset, path) multiplier g of this step
    held: Array  # (book, path) k; what waits for room under a participation cap counts as traded
    value: Array  # (book, path) gross value per unit of start gross
    equity: Array  # (member, path) fraction of NAV_0
    book_pnl: Array  # (manager, path) of managers' books, fraction of the fund's NAV_0; no rows where none reads it
    added: Array  # (book, path) k that books have added since the start of the path; no rows where none may
    live: Array  # (member, path) bool: neither in default nor about to be
    defaulted: Array  # (member, path) bool
    required: Requirement | None  # None without margin
    calls: Calls  # as they were aged at the start of the cascade
    worst: Array  # (member, path) largest deficit of this cascade so far, 0 = none

    @property
    def held_gross(self) -> Array:
        """Gross held at start prices, (book, path), multiple of NAV_0."""
        return self.books.gross * self.held

    @property
    def gross(self) -> Array:
        """Gross value of each fund, (member, path), multiple of NAV_0."""
        return books_to_members(self.structure, self.held_gross * self.value)


@dataclass(frozen=True)
class QuietView:
    """What an alarm sees: a tile on which nobody has traded, after the step's outside shock."""

    structure: Structure
    books: Books
    margin: Margin | None
    terms: StepTerms | None
    change: Array  # (asset, path) price - 1
    profit: Array  # (member, path) equity less NAV_0; no rows where no trigger reads equity
    book_pnl: Array  # (manager, path) of managers' books, fraction of the fund's NAV_0; no rows where none reads it

    @property
    def equity(self) -> Array:
        """Equity of each fund, (member, path), fraction of NAV_0."""
        return 1.0 + self.profit

    @property
    def price(self) -> Array:
        """Prices, (asset, path)."""
        return self.change + 1.0

    @property
    def gross(self) -> Array:
        """Gross value of each fund, (member, path), multiple of NAV_0."""
        value = shapes_to_books(self.structure, gross_value(self.books, self.change + 1.0))
        return books_to_members(self.structure, self.books.gross * self.books.start_held * value)


class StepMoves(NamedTuple):
    """What a step did, for what a trigger remembers of it."""

    before: Array  # (asset, path) prices at the start of the step
    held: Array  # (book, path) k at the start of the step; (book, 1) where nobody has traded
    gain: Array  # (asset, path) what the whole step added to them
    equity: Array  # (member, path) at its end
    book_pnl: Array  # (manager, path) at its end; no rows where no trigger reads it
    ends_day: Array | None  # () bool whether the step is the last of its day; None: a day is one step


def ends_day(structure: Structure, step: Array) -> Array | None:
    """Whether a step (1-based) is the last of its day; None where every step is."""
    return None if structure.steps_per_day == 1 else step % structure.steps_per_day == 0


class StepEnd(NamedTuple):
    """The end of a step's cascade, when defaults are booked."""

    deficit: Array  # (member, path) requirement less equity; no rows where nobody asks
    at_limit: Array  # (member, path) bool: a call of age, and orders of all it holds were cut to the cap; likewise


class Trigger(Generic[Record, Own]):
    """One trigger; registered in `kernels.triggers.registry` under its name.

    `record` holds its numbers, a NamedTuple at the top of its file; `own` is its state, any tree of (..., path) arrays
    that start in `start` and change in `after_step`. A trigger is compiled only where `Params.triggers` has a record of
    it. What differs between scenarios of one kind is a number there; what has to be known when a program is compiled
    is a field that is None.
    """

    name: str
    asked_by: Asker
    sells = True  # False: it only builds

    def builds(self, record: Record) -> bool:
        """Whether it may make a book grow."""
        return False

    def grows(self, structure: Structure, books: Books, record: Record) -> Array:
        """If so: the books that it may make grow, (book, 1) bool."""
        raise NotImplementedError

    def reads_book_pnl(self, record: Record) -> bool:
        """Whether it needs the P&L of managers' books."""
        return False

    def reads_equity(self, structure: Structure, record: Record) -> bool:
        """Whether its alarm needs the equity of funds."""
        return True

    def start(self, structure: Structure, record: Record, paths: int, dtype: DTypeLike) -> Own:
        """Its state before the first step."""
        return ()  # type: ignore[return-value]

    def fraction(self, record: Record, own: Own, seen: RoundView) -> Array:
        """If brokers ask: the fraction of each fund to sell, (member, path)."""
        raise NotImplementedError

    def size(self, record: Record, seen: RoundView) -> Array:
        """If brokers ask: what each book adds to the total that is to be shed, (book, path)."""
        return seen.held_gross * seen.value

    def sale(self, record: Record, own: Own, seen: RoundView) -> Array:
        """Else: the fraction of each book to sell, (book, path); below 0 is not a sale."""
        return jnp.zeros_like(seen.held)

    def build(self, record: Record, own: Own, seen: RoundView) -> Array | None:
        """k that each book adds, (book, path), at least 0; None where it never does."""
        return None

    def alarm(self, record: Record, own: Own, still: QuietView) -> Array | None:
        """Paths on which it may act, or would have acted, although nobody has traded, (path,) bool; None: on no path.

        It may be raised too often, never too seldom.
        """
        raise NotImplementedError

    def after_step(self, structure: Structure, books: Books, record: Record, own: Own, moved: StepMoves) -> Own:
        """Its state after a step, with or without trades."""
        return own

    def in_default(self, record: Record, own: Own, closing: StepEnd) -> tuple[Array | None, Own]:
        """Funds whose default it books at the end of a step, (member, path) bool or None, and its new state."""
        return None, own


AnyTrigger = Trigger[Any, Any]
