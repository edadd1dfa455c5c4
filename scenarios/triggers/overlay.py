"""Hedge overlays: books that start at nothing and grow with the fund's loss, by `overlay` points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field, field_validator, model_validator

from stress.scenarios.problem import Floats
from stress.scenarios.read.fields import Points, refuse
from stress.scenarios.triggers.points import points_of
from stress.scenarios.triggers.protocol import BookKeys, Building, TriggerTable


class OverlayBook(BookKeys):
    """Keys of a book."""

    overlay: Points | None = Field(
        default=None,
        description="[loss of the fund, size in multiples of NAV] points: a hedge that starts at 0",
    )

    @property
    def starts_at_nothing(self) -> bool:
        """Whether the book is an overlay."""
        return self.overlay is not None

    @property
    def turned_off(self) -> bool:
        """Whether it is one without points."""
        return self.overlay == []

    @field_validator("overlay")
    @classmethod
    def _points(cls, overlay: list[list[float]] | None) -> list[list[float]] | None:
        """Points (loss, size): losses above 0, up to 1, strictly increasing, sizes from 0 to 1000, not decreasing."""
        if not overlay:
            return overlay  # [] turns it off
        allowed = (
            "points [loss, size], losses of the fund above 0, up to 1 and increasing, "
            "sizes in multiples of its NAV not decreasing and the last above 0"
        )
        last_loss, last_size = 0.0, 0.0
        for loss, size in overlay:
            if not 0 <= size <= 1000:
                raise refuse(f"has the size {size}, outside [0, 1000]", allowed)
            if loss > 1:
                raise refuse(f"has the loss {loss}, above 1", allowed)
            if loss <= last_loss or size < last_size:
                raise refuse(f"is not increasing at [{loss}, {size}]", allowed)
            last_loss, last_size = loss, size
        if last_size == 0:
            raise refuse("never holds anything", allowed)
        return overlay

    @model_validator(mode="after")
    def _alone(self) -> OverlayBook:
        for key in ("stop_loss", "share"):
            if self.overlay and getattr(self, key, None) is not None:
                raise refuse("is given together with overlay", f"one of: overlay, {key}", key)
        return self


@dataclass(frozen=True)
class Overlay:
    """Arrays of every book."""

    loss: Floats  # (book, point) of the fund, fraction of NAV_0, increasing; +inf padding; no overlay = all inf
    held: Floats  # (book, point) k wanted at that loss, last one 1; padding repeats it


class _Overlay(TriggerTable):
    name = "overlay"
    because = "hedges"
    sells = False
    book_keys = OverlayBook

    def book_terms(self, book: Any | None, terms: Any) -> tuple[tuple[float, float], ...]:
        return () if book is None else tuple((loss, size) for loss, size in book.overlay or [])

    def largest(self, book_terms: tuple[tuple[float, float], ...]) -> float | None:
        return book_terms[-1][1] if book_terms else None

    def arrays(self, building: Building) -> Overlay | None:
        rows = building.rows
        loss, held = points_of([[(at, size / row.size) for at, size in row.terms[self.name]] for row in rows], fill=1.0)
        return Overlay(loss, held) if np.isfinite(loss).any() else None

    def book_document(self, book_terms: tuple[tuple[float, float], ...], empty: bool) -> dict[str, Any]:
        return {"overlay": [list(point) for point in book_terms]} if empty else {}


TABLE = _Overlay()
