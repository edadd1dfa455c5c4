"""Stop-loss ladders: `stop_loss` points of a fund or of a book, and whose drawdown they read, `scope`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import Field, field_validator

from stress.scenarios.problem import Bools, Floats
from stress.scenarios.read.fields import LadderPoints, Table, refuse
from stress.scenarios.triggers.points import points_of
from stress.scenarios.triggers.protocol import Asked, BookKeys, Building, TriggerTable

Ladder = list[list[float]]


def check_ladder(ladder: Ladder | None) -> Ladder | None:
    """Points (drawdown, cut): drawdowns above 0 and strictly increasing, cuts in [0, 1] and not decreasing."""
    allowed = "points [drawdown, cut], drawdowns above 0 and increasing, cuts between 0 and 1 and not decreasing"
    last_drawdown, last_cut = 0.0, 0.0
    for drawdown, cut in ladder or []:
        if not 0 <= cut <= 1:
            raise refuse(f"has the cut {cut}, outside [0, 1]", allowed)
        if drawdown <= last_drawdown or cut < last_cut:
            raise refuse(f"is not increasing at [{drawdown}, {cut}]", allowed)
        last_drawdown, last_cut = drawdown, cut
    return ladder


class Keys(Table):
    """Keys of a fund."""

    stop_loss: LadderPoints | None = Field(
        default=None,
        description="[drawdown, cut] points of the start size; [] turns it off",
    )
    scope: Literal["book", "fund"] = Field(
        default="book",
        description="whose drawdown the stop_loss reads",
    )

    @field_validator("stop_loss")
    @classmethod
    def _ladder(cls, ladder: Ladder | None) -> Ladder | None:
        return check_ladder(ladder)


class LadderOfBook(BookKeys):
    """Keys of a book."""

    stop_loss: LadderPoints | None = None

    @field_validator("stop_loss")
    @classmethod
    def _ladder(cls, ladder: Ladder | None) -> Ladder | None:
        return check_ladder(ladder)


class Terms(NamedTuple):
    """Of a fund type."""

    ladder: Ladder  # [] = off
    scope: str


@dataclass(frozen=True)
class StopLoss:
    """Arrays of every book."""

    on_fund: Bools  # (book,) True: the fund's drawdown, False: the book's own
    drawdown: Floats  # (book, point) increasing; +inf padding; no ladder = all inf
    cut: Floats  # (book, point) share of the start size cut at that point; padding repeats the last
    capital: Floats  # (book,) USD on which the drawdown is measured (share x NAV; NAV for scope "fund")


class _StopLoss(TriggerTable):
    name = "stop_loss"
    because = "stop-losses"
    keys = Keys
    book_keys = LadderOfBook

    def terms(self, asked: Asked) -> Terms:
        return Terms(asked.values["stop_loss"] or [], asked.values["scope"])

    def book_terms(self, book: Any | None, terms: Terms) -> Ladder:
        if book is None:
            return terms.ladder
        own: Ladder = terms.ladder if book.stop_loss is None else book.stop_loss
        return [] if book.starts_at_nothing else own

    def arrays(self, building: Building) -> StopLoss | None:
        rows = building.rows
        members = [building.members[row.member] for row in rows]
        drawdown, cut = points_of([[(p[0], p[1]) for p in row.terms[self.name]] for row in rows])
        on_fund = [m.terms[self.name].scope == "fund" or r.share == 0 for r, m in zip(rows, members, strict=True)]
        shares = [1.0 if whole else row.share for row, whole in zip(rows, on_fund, strict=True)]
        capital = np.array([share * member.nav for share, member in zip(shares, members, strict=True)])
        if not np.isfinite(drawdown).any():
            return None
        return StopLoss(np.array(on_fund, dtype=np.bool_), drawdown, cut, capital)

    def document(self, terms: Terms) -> dict[str, Any]:
        return {"stop_loss": terms.ladder, "scope": terms.scope}

    def book_document(self, book_terms: Ladder, empty: bool) -> dict[str, Any]:
        return {} if empty else {"stop_loss": book_terms}


TABLE = _StopLoss()
