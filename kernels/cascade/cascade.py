"""One step's cascade: orders, price impact, lower equity, more orders, until no book of the tile sells.

A round reads every trigger at the prices of the round before (`orders`) and then trades all books at once (`trade`), so
the order of funds is immaterial. A path that is done does not move while its neighbours in the tile go on.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.cascade import asset_pnl
from stress.kernels.cascade.asset_pnl import ByAsset
from stress.kernels.cascade.attribution import no_causes
from stress.kernels.cascade.by_trigger import nothing_traded
from stress.kernels.cascade.orders import once_a_step, orders, required_now
from stress.kernels.cascade.reasons import first_reasons, next_reasons
from stress.kernels.cascade.round import Round, values
from stress.kernels.cascade.trade import trade
from stress.kernels.layout import members_to_books
from stress.kernels.linear import any_row
from stress.kernels.margin.calls import Calls, age_calls, record_calls
from stress.kernels.outside.flows import OutsideFlows
from stress.kernels.params import Params
from stress.kernels.state import State, Terms
from stress.kernels.structure import Structure
from stress.kernels.triggers.protocol import RoundView


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
        order=jnp.zeros_like(state.held),
        built=state.built,
        added=state.added,
        forced_recent=state.forced_recent,
        of_forced=state.of_forced,
        causes=no_causes(structure, state.profit),
        by_asset=ByAsset(units, jnp.zeros_like(units)),
        by_trigger=nothing_traded(structure, state.held, state.profit),
        close_out=members_to_books(structure, state.defaulted) if capped else state.defaulted[:0],
    )
    calls = state.calls
    required = required_now(structure, params, terms, now, now.held)
    if required is not None:
        calls = age_calls(calls, required.by_member - now.equity)
    now, seen, by_brokers = orders(structure, params, state, terms, calls, now)
    now = once_a_step(structure, params, state, now, seen, by_brokers)
    reasons = first_reasons(structure, params, state, seen, now.by_trigger)
    return now._replace(by_trigger=reasons), calls, seen


def unfinished(structure: Structure, outside: OutsideFlows, now: Round) -> Array:
    """Whether some path of the tile has another round to trade, () bool."""
    wanted = jnp.any(any_row(now.order != 0))
    if structure.outside:
        wanted = wanted | ((now.number == 0) & jnp.any(outside.total != 0))
    return wanted & (now.number < structure.max_rounds)


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

    def one_round(now: Round) -> Round:
        now = trade(structure, params, state, terms, outside, now)
        now, seen, _ = orders(structure, params, state, terms, calls, now)
        return now._replace(by_trigger=next_reasons(structure, params, state, seen, now.by_trigger))

    last = lax.while_loop(lambda now: unfinished(structure, outside, now), one_round, now)
    return last, record_calls(calls, last.worst, terms.step) if structure.margin is not None else calls
