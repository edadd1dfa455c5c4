"""What the forced trades of a day have done so far, where a day has several steps.

A fund's own limits are read once a step, and they look at the outside moves of the day: what the day's own selling did
to prices they see on the next day. So a day in one step and in several trades the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from stress.kernels.books import Books
from stress.kernels.convexity import gross_value
from stress.kernels.layout import shapes_to_books
from stress.kernels.structure import Structure
from stress.kernels.triggers.protocol import RoundView
from stress.kernels.triggers.registry import triggers_of


class Today(NamedTuple):
    """Since the start of the day; no rows where a day is one step or no fund has limits of its own."""

    change: Array  # (asset, path) log price change
    profit: Array  # (member, path) P&L of cascades, fraction of NAV_0
    book_pnl: Array  # (manager, path) likewise


def _is_kept(structure: Structure) -> bool:
    return structure.steps_per_day > 1 and bool(triggers_of(structure, "fund"))


def no_trades(structure: Structure, paths: int, dtype: DTypeLike) -> Today:
    """Before the first step."""
    kept = _is_kept(structure)
    rows = (structure.assets, structure.members, structure.managers if structure.book_pnl else 0)
    return Today(*(jnp.zeros((n if kept else 0, paths), dtype) for n in rows))


def so_far(structure: Structure, today: Today, step: Array) -> Today:
    """At the start of a step (1-based): a new day begins with nothing."""
    if not _is_kept(structure):
        return today
    begins = (step - 1) % structure.steps_per_day == 0
    return Today(*(jnp.where(begins, 0.0, x) for x in today))


def with_cascade(structure: Structure, today: Today, change: Array, profit: Array, book_pnl: Array) -> Today:
    """After a cascade that made this log price change (asset, path) and P&L (member, path), (manager, path)."""
    if not _is_kept(structure):
        return today
    return Today(today.change + change, today.profit + profit, today.book_pnl + book_pnl)


def before_trades(structure: Structure, books: Books, today: Today, seen: RoundView) -> RoundView:
    """What own limits see: the tile without what the trades of the day have done."""
    if not _is_kept(structure):
        return seen
    price = seen.price * jnp.exp(-today.change)
    return replace(
        seen,
        price=price,
        value=shapes_to_books(structure, gross_value(books, price)),
        equity=seen.equity - today.profit,
        book_pnl=seen.book_pnl - today.book_pnl,
    )
