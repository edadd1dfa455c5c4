"""Keys that are taken in the tables that mechanisms add to: those of the format itself, and those of mechanisms."""

from __future__ import annotations

from stress.scenarios.impact.registry import LAWS
from stress.scenarios.read.fields import Table
from stress.scenarios.schema.funds import Book
from stress.scenarios.schema.impact import Impact
from stress.scenarios.schema.triggers import AllFunds
from stress.scenarios.triggers.registry import TABLES


def written(table: type[Table] | None) -> tuple[str, ...]:
    """The keys of a table under their names in the file."""
    fields = {} if table is None else table.model_fields
    return tuple(field.alias or name for name, field in fields.items())


def in_triggers() -> dict[str, str]:
    """Keys of `[triggers]`, and whose they are."""
    taken = {key: name for name, table in TABLES.items() for key in written(table.keys)}
    return taken | dict.fromkeys(written(AllFunds), "[triggers]")


def in_books() -> dict[str, str]:
    """Keys of `[[funds.books]]`, and whose they are."""
    taken = {key: name for name, table in TABLES.items() for key in written(table.book_keys)}
    return dict.fromkeys(written(Book), "[[funds.books]]") | taken


def in_impact() -> dict[str, str]:
    """Keys of `[impact]`, and whose they are."""
    taken = {key: f"the law {name}" for name, table in LAWS.items() for key in written(table.keys)}
    return taken | dict.fromkeys(written(Impact), "[impact]")
