"""Keys that are taken in the tables that mechanisms add to: those of the format itself, and those of mechanisms."""

from __future__ import annotations

from stress.scenarios.impact.registry import LAWS
from stress.scenarios.schema.funds import Book
from stress.scenarios.schema.impact import Impact
from stress.scenarios.schema.triggers import AllFunds
from stress.scenarios.triggers.registry import TABLES


def in_triggers() -> dict[str, str]:
    """Keys of `[triggers]`, and whose they are."""
    taken = {key: name for name, table in TABLES.items() if table.keys for key in table.keys.written_keys()}
    return taken | dict.fromkeys(AllFunds.written_keys(), "[triggers]")


def in_books() -> dict[str, str]:
    """Keys of `[[funds.books]]`, and whose they are."""
    taken = {key: name for name, table in TABLES.items() if table.book_keys for key in table.book_keys.written_keys()}
    return dict.fromkeys(Book.written_keys(), "[[funds.books]]") | taken


def in_impact() -> dict[str, str]:
    """Keys of `[impact]`, and whose they are."""
    taken = {key: f"the law {name}" for name, table in LAWS.items() for key in table.keys.written_keys()}
    return taken | dict.fromkeys(Impact.written_keys(), "[impact]")
