"""What is traded in a step because of which trigger; `reasons` says what asks for a trade.

Own limits, close-outs and builds act in round 1 alone, so what they trade is kept by book and booked once a step; later
rounds are of the brokers' triggers, which ask for a fraction of the fund.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.layout import books_to_members
from stress.kernels.structure import Structure
from stress.kernels.triggers.registry import triggers_of


class Booked(NamedTuple):
    """A step's trades by trigger, in the order of the structure; no rows where nobody asks.

    Fractions of NAV_0 at prices before their round.
    """

    sold: Array  # (trigger, member, path)
    built: Array  # (trigger, member, path); no rows where nobody builds


class ByTrigger(NamedTuple):
    """What of it is known in a round. Amounts are fractions of NAV_0; no rows where nobody asks."""

    of_sale: Array  # (book, path) int32 the trigger that the sale of round 1 is booked on
    of_build: Array  # (book, path) int32 likewise of what is built; no rows where nobody builds
    of_later: Array  # (member, path), or (book, path) with priorities: int32 which of the brokers' triggers wants most
    first: Array  # (book, path) sold in round 1
    built: Array  # (book, path) built in round 1
    later: Array  # (brokers' trigger, member, path) sold in later rounds


def nothing_traded(structure: Structure, held: Array, profit: Array) -> ByTrigger:
    """Before round 1, for holdings (book, path) and profits (member, path)."""
    on, brokers = structure.attribution and bool(structure.triggers), len(triggers_of(structure, "brokers"))
    books, asked = jnp.zeros_like(held[: None if on else 0]), held if structure.priority else profit
    building = books[: None if structure.builds else 0]
    return ByTrigger(
        of_sale=books.astype(jnp.int32),
        of_build=building.astype(jnp.int32),
        of_later=jnp.zeros_like(asked[: None if on and brokers > 1 else 0], jnp.int32),
        first=books,
        built=building,
        later=jnp.zeros((brokers if on else 0, *profit.shape), profit.dtype),
    )


def add_round(structure: Structure, so_far: ByTrigger, number: Array, shed: Array, grown: Array | None) -> ByTrigger:
    """Add one round.

    Args:
        structure: what is compiled.
        so_far: before the round.
        number: () rounds traded before it.
        shed: (book, path) what each book sells, fraction of NAV_0.
        grown: (book, path) what it builds; None where nobody builds.
    """
    if so_far.first.shape[0] == 0:
        return so_far
    again, later = number > 0, so_far.later
    if later.shape[0] == 1:
        later = later + jnp.where(again, books_to_members(structure, shed), 0.0)[None]
    elif later.shape[0]:
        which = [so_far.of_later == b for b in range(later.shape[0])]
        if structure.priority:
            parts = [books_to_members(structure, jnp.where(mine & again, shed, 0.0)) for mine in which]
        else:
            whole = books_to_members(structure, shed)
            parts = [jnp.where(mine & again, whole, 0.0) for mine in which]
        later = later + jnp.stack(parts)
    return so_far._replace(
        first=jnp.where(again, so_far.first, shed),
        built=so_far.built if grown is None else jnp.where(again, so_far.built, grown),
        later=later,
    )


def booked(structure: Structure, records: dict[str, Any], last: ByTrigger) -> Booked:
    """All of the step after its last round; `records` has the numbers of each trigger."""
    every = triggers_of(structure)

    def round_one(amount: Array, reason: Array, acting: Sequence[bool]) -> list[Array]:
        if amount.shape[0] == 0:
            return []
        none = jnp.zeros((structure.members, *amount.shape[1:]), amount.dtype)
        return [
            books_to_members(structure, jnp.where(reason == t, amount, 0.0)) if acts else none
            for t, acts in enumerate(acting)
        ]

    sold = round_one(last.first, last.of_sale, [t.sells or t.asked_by != "fund" for t in every])
    built = round_one(last.built, last.of_build, [t.builds(records[t.name]) for t in every])
    if sold:
        for broker, trigger in enumerate(triggers_of(structure, "brokers")):
            t = structure.triggers.index(trigger.name)
            sold[t] = sold[t] + last.later[broker]
    nothing = jnp.zeros((0, 0, last.later.shape[-1]), last.later.dtype)
    return Booked(jnp.stack(sold) if sold else nothing, jnp.stack(built) if built else nothing)
