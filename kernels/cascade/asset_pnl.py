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

import jax.numpy as jnp
from jax import Array

from stress.kernels.books import Books
from stress.kernels.convexity import pnl_by_asset
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


def no_flows(structure: Structure, price: Array) -> Array | None:
    """Forced flow by group before any, (group, asset, path); None where holdings tell it, or nobody asks."""
    if not (structure.attribution and structure.convex):
        return None
    return jnp.zeros((len(structure.group_members), *price.shape), price.dtype)


def on_all(structure: Structure, books: Books, held: Array, units: Array, before: Array, gain: Array) -> Array:
    """P&L of a step's price change from `before` while nobody trades, (asset, path) over ADV.

    No rows where `units` has none.
    """
    if books.convexity is None or units.shape[0] == 0:
        return units * gain[: units.shape[0]]
    return pnl_by_asset(structure, books, held, before, gain)


def add_round(
    structure: Structure,
    books: Books,
    execution_weight: Array,
    so_far: ByAsset,
    kept: Array,
    before: Array,
    forced: Array,
    gain: Array,
) -> ByAsset:
    """Add one round.

    Args:
        structure: what is compiled.
        books: start positions.
        execution_weight: w.
        so_far: before the round.
        kept: (book, path) k that gains: what is held after the round, and the part w of what was given up.
        before: (asset, path) prices before the round.
        forced: (asset, path) the round's net forced flow, fraction of ADV.
        gain: (asset, path) the round's price change.
    """
    if books.convexity is not None:  # units follow prices, so they are not carried on
        return so_far._replace(pnl=so_far.pnl + pnl_by_asset(structure, books, kept, before, gain, passes=False))
    gaining = so_far.units + (1.0 - execution_weight) * forced
    return ByAsset(units=so_far.units + forced, pnl=so_far.pnl + gaining * gain)
