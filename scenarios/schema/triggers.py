"""Tables of the file that describe triggers: `[triggers]`, `[funds.triggers]` and what triggers add to books.

Their keys are those of the triggers there are (`scenarios.triggers`), extensions included.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, create_model

from stress.scenarios.read.fields import Fraction, Table
from stress.scenarios.read.quantities import PARTICIPATION
from stress.scenarios.triggers.protocol import BookKeys, TriggerTable

LEAST_PARTICIPATION = 1e-6  # with less nothing would trade, and days to sell be no number


def _none_is_off(value: object) -> object:
    return None if value == "none" else value


class AllFunds(Table):
    """Keys of `[triggers]` alone."""

    max_participation: Annotated[Annotated[Fraction, PARTICIPATION] | None, BeforeValidator(_none_is_off)] = Field(
        default=None,
        ge=LEAST_PARTICIPATION,
        le=PARTICIPATION.most,
        description='limit on all forced orders together, share of depth times adv per asset and day; "none": no limit',
    )


@lru_cache(maxsize=4)
def fund_triggers(tables: tuple[TriggerTable, ...]) -> type[Table]:
    """The model of `[funds.triggers]`; a key left out is taken from `[triggers]`."""
    keys = tuple(table.keys for table in tables if table.keys is not None)
    return _joined("FundTriggers", keys, "`[funds.triggers]`; a key left out is taken from `[triggers]`.")


def triggers(of_funds: type[Table]) -> type[Table]:
    """The model of `[triggers]`: of every fund."""
    return _joined("Triggers", (of_funds, AllFunds), "`[triggers]`: of every fund.")


def book_keys(tables: tuple[TriggerTable, ...]) -> tuple[type[BookKeys], ...]:
    """What triggers add to `[[funds.books]]`; those that build from nothing first, as they say where a book starts."""
    found = [table for table in tables if table.book_keys is not None]
    return tuple(t.book_keys for t in sorted(found, key=lambda t: t.sells) if t.book_keys is not None)


def _joined(name: str, parts: tuple[type[Table], ...], doc: str) -> type[Table]:
    model: Any = create_model(name, __base__=parts[::-1], __doc__=doc)  # pydantic collects fields from the last base on
    found: type[Table] = model
    return found
