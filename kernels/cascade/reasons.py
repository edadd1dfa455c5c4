"""Why funds trade: what each trigger asks of each book.

A book trades the largest fraction that any trigger asks for; all of it is booked on that trigger, on the first in the
order of the registry where several ask for as much.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array

from stress.kernels.cascade.by_trigger import ByTrigger
from stress.kernels.cascade.priority import by_priority
from stress.kernels.cascade.today import before_trades
from stress.kernels.layout import members_to_books
from stress.kernels.params import Params
from stress.kernels.state import State
from stress.kernels.structure import Structure
from stress.kernels.triggers.protocol import RoundView
from stress.kernels.triggers.registry import triggers_of


def asked(structure: Structure, params: Params, state: State, seen: RoundView, first: bool) -> tuple[Array, Array]:
    """What each trigger wants sold (fraction) and added (k) of each book, before any cap, (trigger, book, path).

    Args:
        structure: what is compiled.
        params: numbers.
        state: the tile before round 1.
        seen: what triggers see of a round.
        first: before round 1, when a fund's own limits and close-outs are read.

    Returns:
        Sales, and builds: no books where nobody builds.
    """
    acting, nothing = members_to_books(structure, seen.live), jnp.zeros_like(seen.held)
    by_fund = before_trades(structure, params.books, state.today, seen)
    sales, builds = [], []
    for trigger in triggers_of(structure):
        record, own = params.triggers[trigger.name], state.triggers[trigger.name]
        sale, build = nothing, None
        if trigger.asked_by == "brokers":
            sale = by_priority(structure, trigger.fraction(record, own, seen), trigger.size(record, seen))
        elif first:
            view = by_fund if trigger.asked_by == "fund" else seen
            sale = trigger.sale(record, own, view) if trigger.sells else nothing
            sale = jnp.where(acting, sale, 0.0) if trigger.asked_by == "fund" else sale
            build = trigger.build(record, own, view) if structure.builds else None
        sales.append(sale)
        builds.append((nothing if build is None else build)[: None if structure.builds else 0])
    return jnp.stack(sales), jnp.stack(builds)


def first_reasons(structure: Structure, params: Params, state: State, seen: RoundView, so_far: ByTrigger) -> ByTrigger:
    """On which triggers the trades of round 1 are booked; arguments as for `asked`."""
    if so_far.of_sale.shape[0] == 0:
        return so_far
    sales, builds = asked(structure, params, state, seen, first=True)
    return so_far._replace(of_sale=_largest(sales), of_build=_largest(builds))


def next_reasons(structure: Structure, params: Params, state: State, seen: RoundView, so_far: ByTrigger) -> ByTrigger:
    """On which of the brokers' triggers the sales of the next round are booked; arguments as for `asked`."""
    if so_far.of_later.shape[0] == 0:
        return so_far
    wanted = []
    for trigger in triggers_of(structure, "brokers"):
        record = params.triggers[trigger.name]
        fraction = trigger.fraction(record, state.triggers[trigger.name], seen)
        by_book = by_priority(structure, fraction, trigger.size(record, seen)) if structure.priority else fraction
        wanted.append(by_book)
    return so_far._replace(of_later=_largest(wanted))


def _largest(wanted: Sequence[Array] | Array) -> Array:
    """Which of some arrays is the largest, elementwise, int32; the first of equal ones."""
    most, which = wanted[0], jnp.zeros(wanted[0].shape, jnp.int32)
    for number, more in enumerate(wanted[1:], 1):
        which = jnp.where(more > most, number, which)
        most = jnp.maximum(most, more)
    return which
