"""P&L of all funds together on each asset; it sums over the assets to the P&L of the system.

A book trades pro rata, so every cent it gains or loses is gained or lost on one asset. All funds together hold
`n` units of an asset (USD at start prices), net of shorts. Forced orders `q` are all that changes `n`. A round moves
the price by `gain` on what is kept and on the part of the orders that gets the price after the round:

    P&L = (n + (1 - w) q) gain,    then n <- n + q

with `w` the execution weight (sold at (1 - w) P_before + w P_after). Rebound and outside shock move the price on all of
`n`. So the split by asset needs one product a step, and none in the rounds.
"""

from __future__ import annotations

from typing import NamedTuple

from jax import Array

from stress.kernels.books import Books
from stress.kernels.layout import books_to_shapes
from stress.kernels.linear import product
from stress.kernels.structure import Structure


class ByAsset(NamedTuple):
    """What all funds hold and have gained since the start of a step; (asset, path), or no rows where nobody asks."""

    units: Array  # net, over ADV at start prices
    pnl: Array  # over ADV at start prices


def units_held(structure: Structure, books: Books, held: Array) -> Array:
    """Net units of all funds over ADV, (book, path) -> (asset, path); no rows without attribution."""
    if not structure.attribution:
        return held[:0]
    return product(books.flow_matrix, books_to_shapes(structure, books.nav * books.gross * held))


def on_all(units: Array, gain: Array) -> Array:
    """P&L of a price change while nobody trades, (asset, path) over ADV; no rows where `units` has none."""
    return units * gain[: units.shape[0]]


def add_round(execution_weight: Array, so_far: ByAsset, forced: Array, gain: Array) -> ByAsset:
    """Add one round.

    Args:
        execution_weight: w.
        so_far: before the round.
        forced: (asset, path) the round's net forced flow, fraction of ADV.
        gain: (asset, path) the round's price change.
    """
    kept = so_far.units + (1.0 - execution_weight) * forced
    return ByAsset(units=so_far.units + forced, pnl=so_far.pnl + kept * gain)
