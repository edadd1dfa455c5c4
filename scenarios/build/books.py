"""The books of a `Problem` in the order (type, member, book), with their shapes, and what triggers make of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from stress.scenarios.build.fund_types import BookOf, TypeOf
from stress.scenarios.build.tiers import under_cap
from stress.scenarios.problem import Assets, Books, Cascade, Floats, Funds, Ints, Liquidity, Shocks, plain_books
from stress.scenarios.schema.scenario import Scenario
from stress.scenarios.triggers.protocol import BookRow, Building, Member
from stress.scenarios.triggers.registry import TABLES


class _Row(NamedTuple):
    """One book of one member."""

    kind: TypeOf
    member: int  # among all members
    of_kind: int  # among those of the type
    book: BookOf
    shape: int

    @property
    def size(self) -> float:
        scale = 1.0 if self.book.empty else float(self.kind.member_scale[self.of_kind])
        return self.book.size * float(self.kind.member_nav[self.of_kind]) * scale


def build_books(
    types: Sequence[TypeOf], assets: Assets, liquidity: Liquidity, cascade: Cascade, steps_per_day: int
) -> Books:
    """Books, in liquidity tiers where forced orders have a cap.

    Members of a type share the shapes that they have in common, in other sizes.
    """
    return under_cap(managers_books(types), assets, liquidity, cascade, steps_per_day)


def managers_books(types: Sequence[TypeOf]) -> Books:
    """Books as managers run them."""
    rows, shapes, type_of_shape = _rows(types)
    return plain_books(
        ids=tuple(f"{row.kind.member_ids[row.of_kind]}/{row.book.id}" for row in rows),
        fund_of=np.array([row.member for row in rows], dtype=np.int64),
        shape_of=np.array([row.shape for row in rows], dtype=np.int64),
        size=np.array([row.size for row in rows]),
        priority=np.array([_rank(row.kind, row.book) for row in rows], dtype=np.int64),
        shapes=shapes,
        type_of_shape=type_of_shape,
        start_held=np.array([0.0 if row.book.empty else 1.0 for row in rows]),
    )


def build_triggers(
    scenario: Scenario, types: Sequence[TypeOf], assets: Assets, shocks: Shocks, funds: Funds, books: Books
) -> dict[str, Any]:
    """The record of each trigger that some fund has.

    Raises:
        ScenarioError: a fund that starts beyond a limit or off a target of its own.
    """
    members = [
        Member(
            id=kind.member_ids[n],
            fund=kind.fund.id,
            nav=float(kind.member_nav[n]),
            gross=kind.gross * float(kind.member_scale[n]),
            terms=kind.triggers.terms,
        )
        for kind in types
        for n in range(len(kind.member_ids))
    ]
    whole = [
        BookRow(row.book.id, row.member, row.book.share, row.book.empty, row.book.size, row.book.terms)
        for row in _rows(types)[0]
    ]
    rows = [whole[manager] for manager in books.manager_of]
    building = Building(scenario.source, assets, shocks.move_correlation, funds, books, members, rows)
    found = {name: table.arrays(building) for name, table in TABLES.items()}
    return {name: record for name, record in found.items() if record is not None}


def _rows(types: Sequence[TypeOf]) -> tuple[list[_Row], Floats, Ints]:
    """Every book of every member, the shapes (shape, asset) and the type of each shape."""
    rows: list[_Row] = []
    shapes: list[Floats] = []
    type_of_shape: list[int] = []
    first_member = 0
    for t, kind in enumerate(types):
        known: dict[tuple[str, int], int] = {}
        for n, style in enumerate(kind.style_of):
            for book in kind.styles[style]:
                if (book.id, book.style) not in known:
                    known[book.id, book.style] = len(shapes)
                    total = np.abs(book.weights).sum()
                    shapes.append(book.weights / total if total > 0 else np.zeros_like(book.weights))
                    type_of_shape.append(t)
                rows.append(_Row(kind, first_member + n, n, book, known[book.id, book.style]))
        first_member += len(kind.member_ids)
    return rows, np.array(shapes), np.array(type_of_shape, dtype=np.int64)


def _rank(kind: TypeOf, book: BookOf) -> int:
    """Place of a book in the sales of brokers: 0 first, those without a priority last."""
    given = sorted({other.priority for other in kind.books if other.priority is not None})
    return len(given) if book.priority is None else given.index(book.priority)
