"""One step's cascade: orders, price impact, lower equity, more orders, until no book of the tile sells.

A round reads every trigger at the prices of the round before (`orders`) and then trades all books at once (`trade`), so
the order of funds is immaterial. A path that is done does not move while its neighbours in the tile go on.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.impact import square_root
from stress.kernels.layout import books_to_members, books_to_shapes, members_to_books, shapes_to_books
from stress.kernels.linear import product
from stress.kernels.margin import margin_per_gross
from stress.kernels.records import Calls, Params, State, Structure, Terms
from stress.kernels.triggers.close_out import close_out_sale
from stress.kernels.triggers.leverage_limit import leverage_sale
from stress.kernels.triggers.margin_call import age_calls, margin_sale, open_calls
from stress.kernels.triggers.stop_loss import ladder_sale


class Round(NamedTuple):
    """What changes from round to round."""

    number: Array  # () int32 rounds traded so far
    price: Array  # (asset, path)
    flow: Array  # (asset, path)
    displacement: Array  # (asset, path)
    forced: Array  # (asset, path) forced flow of this step so far
    traded: Array  # (asset, path) absolute, orders under the participation cap; (0, path) without one
    held: Array  # (book, path)
    equity: Array  # (member, path)
    book_pnl: Array  # (book, path)
    calls: Calls
    sold: Array  # (member, path)
    pending: Array  # (member, path) bool: default to be booked at the end of the step
    done: Array  # (member, path) bool: its order was cut, nothing more this step
    book_value: Array  # (book, path) gross value per unit of start gross
    deficit: Array  # (member, path)
    sale: Array  # (book, path) fraction each book must trade away next
    close_out: Array  # (book, path) bool: that sale is a broker's, outside the participation cap


def orders(structure: Structure, params: Params, state: State, terms: Terms, now: Round, first: bool) -> Round:
    """Read every trigger at the current prices and equity: the largest fraction that applies to each book."""
    book_value = shapes_to_books(structure, product(params.gross_shapes, now.price))
    start_held = params.book_gross * now.held
    margin = jnp.zeros_like(now.equity)
    if structure.margin:
        margin = books_to_members(structure, start_held * margin_per_gross(structure, params, terms, now.price))
    pending = now.pending | ((now.equity <= 0) & ~state.defaulted)
    live = ~(pending | state.defaulted)
    deficit = margin - now.equity
    calls, fraction = now.calls, jnp.zeros_like(now.equity)
    if structure.margin:
        called = (margin > 0) & (deficit > 0) & ~state.defaulted
        calls = open_calls(age_calls(calls, deficit) if first else calls, deficit, called, terms.step)
        fraction = margin_sale(params, calls, now.equity, margin, live)
    if structure.leverage_limit:
        gross = books_to_members(structure, start_held * book_value)
        fraction = jnp.maximum(fraction, leverage_sale(params, now.equity, gross, live))
    if structure.participation:
        fraction = jnp.where(now.done, 0.0, fraction)
    sale = members_to_books(structure, fraction)
    close_out = jnp.zeros(sale.shape, bool)
    if first:
        if structure.book_ladder or structure.fund_ladder:
            own = ladder_sale(
                structure, params, state._replace(equity=now.equity, book_pnl=now.book_pnl, held=now.held)
            )
            sale = jnp.maximum(sale, jnp.where(members_to_books(structure, live), own, 0.0))
        closing = lax.cond(
            jnp.any(state.defaulted),
            lambda: close_out_sale(structure, params, state._replace(price=now.price), terms.depth, book_value),
            lambda: jnp.zeros_like(sale),
        )
        close_out = closing > 0
        sale = jnp.maximum(sale, closing)
    sale = jnp.where((sale > params.tolerance) & (now.held > 0), sale, 0.0)
    return now._replace(
        calls=calls, pending=pending, book_value=book_value, deficit=deficit, sale=sale, close_out=close_out
    )


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
    forced = -product(params.flow_matrix, books_to_shapes(structure, params.book_nav * start_held * now.sale))
    flow = forced + jnp.where(now.number == 0, outside, 0.0) if structure.retail else forced
    sold = now.sold + books_to_members(structure, start_held * now.sale * now.book_value)
    held = now.held * (1.0 - now.sale)
    now = now._replace(number=now.number + 1, forced=now.forced + forced, sold=sold)
    if not structure.impact:
        return now._replace(held=held)
    recent = now.flow + flow
    displacement = square_root(recent, terms.depth, params.impact_scale, params.impact_core)
    moved = flow != 0
    gain = now.price * jnp.expm1(jnp.where(moved, displacement - now.displacement, 0.0))
    kept = start_held * (1.0 - now.sale * (1.0 - params.execution_weight))
    pnl = kept * shapes_to_books(structure, product(params.shapes, gain))
    return now._replace(
        price=now.price + gain,
        flow=recent,
        displacement=jnp.where(moved, displacement, now.displacement),
        held=held,
        equity=now.equity + books_to_members(structure, pnl),
        book_pnl=now.book_pnl + pnl if structure.book_ladder else now.book_pnl,
    )


def cascade(structure: Structure, params: Params, state: State, terms: Terms, outside: Array) -> Round:
    """All rounds of one step.

    Args:
        structure: what is compiled.
        params: numbers.
        state: the tile after the outside shock.
        terms: margin multipliers and depth of this step.
        outside: (asset, path) retail flow in round 1, fraction of ADV; (0, path) without retail.

    Returns:
        The last round: a path whose `sale` is still positive anywhere has hit `max_rounds`.
    """
    now = Round(
        number=jnp.zeros((), jnp.int32),
        price=state.price,
        flow=state.flow,
        displacement=state.displacement,
        forced=jnp.zeros_like(state.price),
        traded=jnp.zeros_like(state.price) if structure.participation else state.price[:0],
        held=state.held,
        equity=state.equity,
        book_pnl=state.book_pnl,
        calls=state.calls,
        sold=state.sold,
        pending=jnp.zeros_like(state.defaulted),
        done=jnp.zeros_like(state.defaulted),
        book_value=jnp.zeros_like(state.held),
        deficit=jnp.zeros_like(state.equity),
        sale=jnp.zeros_like(state.held),
        close_out=jnp.zeros(state.held.shape, bool),
    )
    now = orders(structure, params, state, terms, now, first=True)

    def unfinished(now: Round) -> Array:
        wanted = jnp.any(now.sale > 0)
        if structure.retail:
            wanted = wanted | ((now.number == 0) & jnp.any(outside > 0))
        return wanted & (now.number < structure.max_rounds)

    def one_round(now: Round) -> Round:
        now = trade(structure, params, terms, outside, now)
        return orders(structure, params, state, terms, now, first=False)

    return lax.while_loop(unfinished, one_round, now)
