"""Stop-loss ladder: a ceiling on what is held, falling with the drawdown; so it never fires twice for one loss."""

from __future__ import annotations

from typing import Protocol

import jax.numpy as jnp
from jax import Array

from stress.kernels.layout import members_to_books
from stress.kernels.records import Params, State, Structure


class Track(Protocol):
    """What a drawdown is measured from: a state with or without anybody having traded."""

    @property
    def equity(self) -> Array:
        """(member, path)."""

    @property
    def fund_peak(self) -> Array:
        """(member, path)."""

    @property
    def book_pnl(self) -> Array:
        """(book, path)."""

    @property
    def book_peak(self) -> Array:
        """(book, path)."""


def drawdowns(structure: Structure, params: Params, track: Track) -> Array:
    """Drawdown that each book's ladder looks at, as a fraction of its capital, (book, path).

    From the running peak at step ends: of the book's own P&L, or of the fund's equity where `ladder_on_fund`.
    """
    fund = members_to_books(structure, track.fund_peak - track.equity) if structure.fund_ladder else None
    book = (track.book_peak - track.book_pnl) / params.capital if structure.book_ladder else None
    if book is None or fund is None:
        chosen = fund if book is None else book
        if chosen is None:
            raise ValueError("a structure without ladders has no drawdowns")
        return chosen
    return jnp.where(params.ladder_on_fund, fund, book)


def ladder_sale(structure: Structure, params: Params, state: State) -> Array:
    """Fraction to sell, `max(0, 1 - (1 - cut)/k)` where there is a cut, (book, path), linear between the points.

    Without a cut there is no ceiling: a two-way target may have bought beyond the start size.
    """
    drawdown = drawdowns(structure, params, state)
    cut = jnp.where(drawdown >= params.ladder_start[0], params.ladder_first_cut, 0.0)
    for p in range(structure.ladder_points):
        cut = cut + params.ladder_slope[p] * jnp.clip(drawdown - params.ladder_start[p], 0.0, params.ladder_width[p])
    ceiling = 1.0 - cut
    return jnp.where((cut > 0) & (state.held > ceiling), 1.0 - ceiling / jnp.maximum(state.held, ceiling), 0.0)
