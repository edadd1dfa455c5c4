"""What a trigger is on the side of the file: its keys, what they come to for a fund and a book, and its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from stress.scenarios.problem import Assets, Books, Floats, Funds
from stress.scenarios.read.fields import Table


class BookKeys(Table):
    """What is asked of the keys that triggers add to `[[funds.books]]`."""

    @property
    def starts_at_nothing(self) -> bool:
        """Whether the book holds nothing before its trigger builds it."""
        return False

    @property
    def turned_off(self) -> bool:
        """Whether the book is written and yet left out."""
        return False


@dataclass(frozen=True)
class Asked:
    """What a file asks of one fund type: its own keys over the common ones, over the defaults."""

    source: str  # name of the file, for messages
    fund: str
    values: Mapping[str, Any]  # every key of `[triggers]` and `[funds.triggers]`
    own: frozenset[str]  # keys that the fund's table sets
    common: Mapping[str, Any] | None  # values of `[triggers]`, None without that table
    tables: Sequence[tuple[str, Mapping[str, Any]]]  # place and the keys set there: the fund's table, then `[triggers]`
    per_day: int  # steps a day
    has_broker_terms: bool  # whether some table speaks about the fund's margin or triggers


class Member(NamedTuple):
    """One fund, as triggers know it."""

    id: str
    fund: str  # its type
    nav: float  # USD
    gross: float  # at the start, multiple of NAV
    terms: Mapping[str, Any]  # of its type, by trigger


class BookRow(NamedTuple):
    """The manager's book that one row of `Books` is (a tier of), as triggers know it."""

    id: str  # within its fund
    member: int
    share: float
    empty: bool  # starts at nothing
    size: float  # gross at the start, or at its largest, multiple of NAV
    terms: Mapping[str, Any]  # of the book, by trigger


@dataclass(frozen=True)
class Building:
    """What arrays are built from."""

    source: str
    assets: Assets
    correlation: Floats  # (asset, asset) of the draw
    funds: Funds
    books: Books
    members: Sequence[Member]
    rows: Sequence[BookRow]  # of each row of `books`


class Rule(NamedTuple):
    """When a key is read: else it is an error that it was written."""

    key: str
    main: str  # a key that, turned off by name, excuses it
    read: bool
    needs: str


class TriggerTable:
    """One trigger; registered in `scenarios.triggers.registry` under its name.

    Attributes:
        name: the one word for it, from here to the labels of results.
        because: why a fund trades, in a sentence: "volatility targets".
        sells: False: it only builds.
        keys: its keys of `[triggers]` and `[funds.triggers]`; None: it has none.
        book_keys: its keys of `[[funds.books]]`.
    """

    name: str
    because: str
    sells: bool = True
    keys: type[Table] | None = None
    book_keys: type[BookKeys] | None = None

    def terms(self, asked: Asked) -> Any:
        """What the keys come to for a fund type."""
        return None

    def book_terms(self, book: Any | None, terms: Any) -> Any:
        """What they come to for a book as written (None: the lone book of a fund), given the terms of its fund."""
        return None

    def largest(self, book_terms: Any) -> float | None:
        """Gross at its largest, multiple of NAV, of a book that this trigger builds from nothing; None: of no other."""
        return None

    def arrays(self, building: Building) -> Any:
        """The record in `Problem.triggers`; None where no fund has the trigger."""
        return None

    def rules(self, terms: Mapping[str, Any]) -> Sequence[Rule]:
        """When its keys are read, given the terms of all triggers of a fund type."""
        return ()

    def matters(self, values: Mapping[str, Any]) -> dict[str, bool]:
        """Whether a key left to its default has any effect, given all keys of its table; True for those not named."""
        return {}

    def document(self, terms: Any) -> dict[str, Any]:
        """Its keys of `[funds.triggers]` in full."""
        return {}

    def book_document(self, book_terms: Any, empty: bool) -> dict[str, Any]:
        """Its keys of `[[funds.books]]` in full, of a book that starts at nothing or of another."""
        return {}
