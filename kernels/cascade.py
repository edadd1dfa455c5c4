"""One step's cascade: orders, price impact, lower equity, more orders, until no book of the tile sells.

A round reads every trigger at the prices of the round before (`orders`) and then trades all books at once (`trade`), so
the order of funds is immaterial. A path that is done does not move while its neighbours in the tile go on.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.growth import simple_return
from stress.kernels.impact import square_root
from stress.kernels.layout import books_to_members, books_to_shapes, members_to_books, shapes_to_books
from stress.kernels.linear import any_row, product
from stress.kernels.margin import margin_per_gross
from stress.kernels.records import Calls, Params, State, Structure, Terms
from stress.kernels.triggers.close_out import close_out_sale
from stress.kernels.triggers.leverage_limit import leverage_sale
from stress.kernels.triggers.margin_call import age_calls, margin_sale, record_calls
from stress.kernels.triggers.stop_loss import ladder_sale


class Round(NamedTuple):
    """What changes from round to round. Rows that a structure does not need have length 0."""

    number: Array  # () int32 rounds traded so far
    price: Array  # (asset, path)
    flow: Array  # (asset, path) recent signed flow J, fraction of ADV
    displacement: Array  # (asset, path) f(J)
    traded: Array  # (asset, path) absolute, orders under the participation cap
    held: Array  # (book, path)
    equity: Array  # (member, path)
    book_pnl: Array  # (book, path)
    worst: Array  # (member, path) largest deficit of this step, 0 = none
    sold: Array  # (member, path)
    pending: Array  # (member, path) bool: default to be booked at the end of the step
    done: Array  # (member, path) bool: its order was cut, nothing more this step
    book_value: Array  # (book, path) gross value per unit of start gross
    deficit: Array  # (member, path) requirement minus equity; kept under a participation cap alone
    sale: Array  # (book, path) fraction each book must trade away next
    close_out: Array  # (book, path) bool: that sale is a broker's, outside the participation cap


def _margin(structure: Structure, params: Params, terms: Terms, now: Round) -> Array:
    """Requirement of each fund, fraction of NAV_0, (member, path)."""
    per_gross = margin_per_gross(structure, params, terms, now.price)
    return books_to_members(structure, params.book_gross * now.held * per_gross)


def orders(structure: Structure, params: Params, state: State, terms: Terms, calls: Calls, now: Round) -> Round:
    """Read the triggers of every round at the current prices and equity: the largest fraction applies to each book."""
    book_value = shapes_to_books(structure, product(params.gross_shapes, now.price))
    pending = now.pending | ((now.equity <= 0) & ~state.defaulted)
    live = ~(pending | state.defaulted)
    worst, deficit, fraction = now.worst, now.deficit, jnp.zeros_like(now.equity)
    if structure.margin:
        margin = _margin(structure, params, terms, now)
        called = jnp.where((margin > 0) & ~state.defaulted, margin - now.equity, 0.0)
        worst = jnp.maximum(worst, called)
        fraction = margin_sale(params, calls, worst, now.equity, margin, live)
        deficit = margin - now.equity if structure.participation else deficit
    if structure.leverage_limit:
        gross = books_to_members(structure, params.book_gross * now.held * book_value)
        fraction = jnp.maximum(fraction, leverage_sale(params, now.equity, gross, live))
    if structure.participation:
        fraction = jnp.where(now.done, 0.0, fraction)
    sale = members_to_books(structure, fraction)
    return now._replace(
        worst=worst,
        pending=pending,
        book_value=book_value,
        deficit=deficit,
        sale=_above_tolerance(params, now, sale),
        close_out=jnp.zeros_like(now.close_out),
    )


def _once_a_step(structure: Structure, params: Params, state: State, terms: Terms, now: Round) -> Round:
    """Before round 1: what funds' own limits and the brokers of defaulted funds want sold, if it is more."""
    sale = now.sale
    if structure.book_ladder or structure.fund_ladder:
        live = members_to_books(structure, ~(now.pending | state.defaulted))
        sale = jnp.maximum(sale, jnp.where(live, ladder_sale(structure, params, state), 0.0))
    closing = lax.cond(
        jnp.any(state.defaulted),
        lambda: close_out_sale(structure, params, state._replace(price=now.price), terms.depth, now.book_value),
        lambda: jnp.zeros_like(sale),
    )
    close_out = closing > 0 if structure.participation else now.close_out
    return now._replace(sale=_above_tolerance(params, now, jnp.maximum(sale, closing)), close_out=close_out)


def _above_tolerance(params: Params, now: Round, sale: Array) -> Array:
    return jnp.where((sale > params.tolerance) & (now.held > 0), sale, 0.0)


def _within_participation(structure: Structure, params: Params, terms: Terms, now: Round) -> Round:
    """Scale orders so that forced sellers together stay within `max_participation` of g ADV, asset by asset.

    Each book's order is scaled by the value-weighted share of its assets that fits; a fund whose order was cut is done
    for the step.
    """
    units = params.book_nav * params.book_gross * now.held
    asked = jnp.where(now.close_out, 0.0, now.sale)
    requested = product(params.gross_flow_matrix, books_to_shapes(structure, units * asked))
    room = jnp.maximum(params.max_participation * terms.depth - now.traded, 0.0)
    misses = jnp.where(requested > room, 1.0 - room / jnp.maximum(requested, room), 0.0)
    left_out = shapes_to_books(structure, product(params.gross_shapes, now.price * misses))
    cut_book = (asked > 0) & (left_out > 0)
    share = jnp.where(cut_book, jnp.maximum(1.0 - left_out / jnp.where(cut_book, now.book_value, 1.0), 0.0), 1.0)
    sale = jnp.where(cut_book, now.sale * share, now.sale)
    sold = jnp.where(now.close_out, 0.0, sale)
    return now._replace(
        sale=sale,
        done=now.done | (books_to_members(structure, cut_book.astype(jnp.int32)) > 0),
        traded=now.traded + product(params.gross_flow_matrix, books_to_shapes(structure, units * sold)),
    )


def trade(structure: Structure, params: Params, terms: Terms, outside: Array, now: Round) -> Round:
    """Trade all orders of a round: flow, price, equity of what is kept and of what was sold."""
    if structure.participation:
        now = _within_participation(structure, params, terms, now)
        now = lax.optimization_barrier(now)  # else XLA repeats the scaling in every consumer of an order
    start_held = params.book_gross * now.held
    flow = product(-params.flow_matrix, books_to_shapes(structure, params.book_nav * start_held * now.sale))
    if structure.retail:
        flow = flow + jnp.where(now.number == 0, outside, 0.0)
    sold = now.sold + books_to_members(structure, start_held * now.sale * now.book_value)
    kept = start_held * (1.0 - now.sale * (1.0 - params.execution_weight))
    recent = now.flow + flow
    now = now._replace(number=now.number + 1, flow=recent, sold=sold, held=now.held * (1.0 - now.sale))
    if not structure.impact:
        return now
    displaced = square_root(recent, terms.depth if structure.depth else None, params.impact_scale, params.impact_core)
    change = jnp.where(flow != 0, displaced - now.displacement, 0.0)  # a path that is done does not move
    gain = now.price * simple_return(structure, change)
    pnl = kept * shapes_to_books(structure, product(params.shapes, gain))
    return now._replace(
        price=now.price + gain,
        displacement=now.displacement + change,
        equity=now.equity + books_to_members(structure, pnl),
        book_pnl=now.book_pnl + pnl if structure.book_ladder else now.book_pnl,
    )


def cascade(structure: Structure, params: Params, state: State, terms: Terms, outside: Array) -> tuple[Round, Calls]:
    """All rounds of one step.

    Args:
        structure: what is compiled.
        params: numbers.
        state: the tile after the outside shock.
        terms: margin multipliers and depth of this step.
        outside: (asset, path) retail flow in round 1, fraction of ADV; (0, path) without retail.

    Returns:
        The last round, and the calls at the end of the step. A path whose `sale` is still positive anywhere has hit
        `max_rounds`.
    """
    capped = structure.participation
    now = Round(
        number=jnp.zeros((), jnp.int32),
        price=state.price,
        flow=state.flow,
        displacement=state.displacement,
        traded=jnp.zeros_like(state.price[: None if capped else 0]),
        held=state.held,
        equity=state.equity,
        book_pnl=state.book_pnl,
        worst=jnp.zeros_like(state.equity[: None if structure.margin else 0]),
        sold=state.sold,
        pending=jnp.zeros_like(state.defaulted),
        done=jnp.zeros_like(state.defaulted[: None if capped else 0]),
        book_value=jnp.zeros_like(state.held),
        deficit=jnp.zeros_like(state.equity[: None if capped else 0]),
        sale=jnp.zeros_like(state.held),
        close_out=jnp.zeros_like(state.held[: None if capped else 0], bool),
    )
    calls = state.calls
    if structure.margin:
        calls = age_calls(calls, _margin(structure, params, terms, now) - now.equity)
    now = orders(structure, params, state, terms, calls, now)
    now = _once_a_step(structure, params, state, terms, now)

    def unfinished(now: Round) -> Array:
        wanted = jnp.any(any_row(now.sale > 0))
        if structure.retail:
            wanted = wanted | ((now.number == 0) & jnp.any(outside > 0))
        return wanted & (now.number < structure.max_rounds)

    def one_round(now: Round) -> Round:
        return orders(structure, params, state, terms, calls, trade(structure, params, terms, outside, now))

    last = lax.while_loop(unfinished, one_round, now)
    return last, record_calls(calls, last.worst, terms.step) if structure.margin else calls
