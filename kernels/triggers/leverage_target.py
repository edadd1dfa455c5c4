"""A fund's own target of gross over equity: it acts outside a band around it, and both ways where it is told to.

Leverage targeting as in Greenwood, Landier and Thesmar (2015); a leveraged ETF is a fund with a two-way target.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.books import Books
from stress.kernels.layout import members_to_books
from stress.kernels.linear import any_row
from stress.kernels.structure import Structure
from stress.kernels.triggers.protocol import QuietView, RoundView, Trigger


class LeverageTarget(NamedTuple):
    """Numbers of the trigger."""

    target: Array  # (member, 1) inf: none
    band: Array  # (member, 1)
    two_way: Array | None  # (member, 1) bool; None where no fund buys back


def target_sale(record: LeverageTarget, equity: Array, gross: Array) -> Array:
    """Fraction to sell, `1 - target E/gross`, below 0 where a two-way target buys, (member, path).

    Args:
        record: numbers.
        equity: (member, path) fraction of NAV_0.
        gross: (member, path) fraction of NAV_0.
    """
    wanted = record.target * equity
    acts = gross > (1.0 + record.band) * wanted
    if record.two_way is not None:
        acts = acts | (record.two_way & (gross < (1.0 - record.band) * wanted))
    acts = acts & (gross > 0) & (equity > 0) & jnp.isfinite(record.target)
    return jnp.where(acts, 1.0 - jnp.where(acts, wanted, 1.0) / jnp.where(acts, gross, 1.0), 0.0)


class _LeverageTarget(Trigger[LeverageTarget, tuple[()]]):
    name = "leverage_target"
    asked_by = "fund"

    def builds(self, record: LeverageTarget) -> bool:
        return record.two_way is not None

    def grows(self, structure: Structure, books: Books, record: LeverageTarget) -> Array:
        buys_back = False if record.two_way is None else record.two_way
        return members_to_books(structure, jnp.isfinite(record.target) & buys_back)

    def sale(self, record: LeverageTarget, own: tuple[()], seen: RoundView) -> Array:
        return members_to_books(seen.structure, target_sale(record, seen.equity, seen.gross))

    def build(self, record: LeverageTarget, own: tuple[()], seen: RoundView) -> Array | None:
        """Books are bought in proportion; one that starts at nothing belongs to another rule."""
        if record.two_way is None:
            return None
        wanted = target_sale(record, seen.equity, seen.gross)
        up = members_to_books(seen.structure, jnp.where(wanted < -seen.tolerance, -wanted, 0.0))
        return jnp.where(seen.books.start_held > 0, up * seen.held, 0.0)

    def alarm(self, record: LeverageTarget, own: tuple[()], still: QuietView) -> Array:
        """Leverage outside the band."""
        return any_row(target_sale(record, still.equity, still.gross) != 0)


TRIGGER = _LeverageTarget()
