"""One step's cascade: orders, price impact, lower equity, more orders, until no book of the tile sells.

A round reads every trigger at the prices of the round before (`orders`) and then trades all books at once (`trade`), so
the order of funds is immaterial. A path that is done does not move while its neighbours in the tile go on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.cascade import asset_pnl
from stress.kernels.cascade.asset_pnl import ByAsset
from stress.kernels.cascade.attribution import no_causes
from stress.kernels.cascade.by_trigger import nothing_traded
from stress.kernels.cascade.orders import once_a_step, orders, required_now, with_room
from stress.kernels.cascade.reasons import first_reasons, next_reasons
from stress.kernels.cascade.round import Round, values
from stress.kernels.cascade.trade import beginning, trade
from stress.kernels.layout import members_to_books
from stress.kernels.margin.calls import Calls, age_calls, record_calls
from stress.kernels.outside.flows import OutsideFlows
from stress.kernels.params import Params
from stress.kernels.state import State, Terms
from stress.kernels.structure import Structure
from stress.kernels.triggers.protocol import RoundView

Kept = TypeVar("Kept")
OneRound = Callable[[Structure, Round, Kept], tuple[Round, Kept]]


def before_rounds(structure: Structure, params: Params, state: State, terms: Terms) -> tuple[Round, Calls, RoundView]:
    """The tile after the outside shock with its first orders, its calls, aged by this step, and what triggers saw."""
    capped = structure.participation
    units = asset_pnl.units_held(structure, params.books, state.held)
    opening = values(structure, params.books, params.margin, state.price, net=False)
    now = Round(
        number=jnp.zeros((), jnp.int32),
        opening_price=state.price,
        opening=opening,
        gain=jnp.zeros_like(state.price),
        gained=jnp.zeros((structure.shapes + opening.shape[0], opening.shape[1]), opening.dtype),
        forced=jnp.zeros_like(state.price),
        traded=jnp.zeros_like(state.price[: None if capped else 0]),
        held=state.held,
        left=state.held[: None if capped else 0],
        done=jnp.zeros_like(state.held[: None if capped else 0], bool),
        profit=state.profit,
        book_pnl=state.book_pnl,
        worst=jnp.zeros_like(state.profit[: None if structure.margin is not None else 0]),
        sold=state.sold,
        pending=jnp.zeros_like(state.defaulted),
        active=jnp.ones(state.held.shape[1], bool),
        order=jnp.zeros_like(state.held),
        built=state.built,
        added=state.added,
        forced_recent=state.forced_recent,
        of_forced=state.of_forced,
        causes=no_causes(structure, state.profit),
        by_asset=ByAsset(units, jnp.zeros_like(units)),
        by_trigger=nothing_traded(structure, state.held, state.profit),
        capped=jnp.zeros((structure.shapes if capped else 0, state.profit.shape[1]), state.profit.dtype),
        fits=jnp.ones_like(state.price[: None if capped else 0]),
        close_out=members_to_books(structure, state.defaulted) if capped else state.defaulted[:0],
        by_group=asset_pnl.no_flows(structure, state.price),
    )
    calls = state.calls
    required = required_now(structure, params, terms, now, now.held)
    if required is not None:
        calls = age_calls(calls, required.by_member - now.equity)
    now, seen, by_brokers = orders(structure, params, state, terms, calls, now)
    now = with_room(structure, params, terms, once_a_step(structure, params, state, now, seen, by_brokers))
    reasons = first_reasons(structure, params, state, seen, now.by_trigger)
    return now._replace(by_trigger=reasons), calls, seen


def next_orders(
    structure: Structure, params: Params, state: State, terms: Terms, calls: Calls, now: Round
) -> tuple[Round, RoundView]:
    """A round that has traded with the orders of the next one, their room and reasons, and what triggers saw."""
    now, seen, _ = orders(structure, params, state, terms, calls, now)
    now = with_room(structure, params, terms, now)
    return now._replace(by_trigger=next_reasons(structure, params, state, seen, now.by_trigger)), seen


def _sells(structure: Structure, now: Round) -> Array:
    """Whether some path of the tile has another round to trade, () bool."""
    return jnp.any(now.active) & (now.number < structure.max_rounds)


def all_rounds(
    structure: Structure, outside: OutsideFlows, one_round: OneRound[Kept], now: Round, kept: Kept
) -> tuple[Round, Kept]:
    """Round 1, where somebody trades, and later ones as long as somebody sells.

    Later rounds are sales of the brokers alone: nobody builds, no close-out begins and nobody from outside comes, so
    none of that is compiled in them. Whichever neighbours a path has, its first round is round 1's program.

    Args:
        structure: what is compiled.
        outside: flow from outside the funds, which trades in round 1.
        one_round: (structure, round, kept) to the same a round later.
        now: the tile with its first orders.
        kept: what is carried beside it.
    """
    begins = _sells(structure, beginning(structure, outside, now))
    first = partial(one_round, structure)
    now, kept = lax.cond(begins, first, lambda now, kept: (now, kept), now, kept)
    later = structure._replace(builds=False)
    now = now._replace(close_out=now.close_out[:0])
    last: tuple[Round, Kept] = lax.while_loop(
        lambda carry: _sells(later, carry[0]), lambda carry: one_round(later, *carry), (now, kept)
    )
    return last


def cascade(
    structure: Structure, params: Params, state: State, terms: Terms, outside: OutsideFlows
) -> tuple[Round, Calls]:
    """All rounds of one step.

    Args:
        structure: what is compiled.
        params: numbers.
        state: the tile after the outside shock.
        terms: margin multipliers and depth of this step.
        outside: flow from outside the funds in round 1.

    Returns:
        The last round, and the calls at the end of the step. A path whose `order` is still positive anywhere has hit
        `max_rounds`.
    """
    now, calls, _ = before_rounds(structure, params, state, terms)

    def one_round(structure: Structure, now: Round, kept: tuple[()]) -> tuple[Round, tuple[()]]:
        now = trade(structure, params, state, terms, outside, now)
        return next_orders(structure, params, state, terms, calls, now)[0], kept

    last, _ = all_rounds(structure, outside, one_round, now, ())
    return last, record_calls(calls, last.worst, terms.step) if structure.margin is not None else calls
