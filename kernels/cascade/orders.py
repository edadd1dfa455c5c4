"""What every book wants to trade next, at the prices of the round before: triggers, once-a-step rules, the cap."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from stress.kernels.cascade.round import Round, base_haircuts, book_value
from stress.kernels.layout import books_to_members, books_to_shapes, members_to_books, shapes_to_books
from stress.kernels.linear import product
from stress.kernels.margin.requirement import requirements
from stress.kernels.records import Calls, Params, State, Structure, Terms
from stress.kernels.triggers.close_out import close_out_sale
from stress.kernels.triggers.leverage_limit import leverage_sale
from stress.kernels.triggers.leverage_target import target_sale
from stress.kernels.triggers.margin_call import margin_sale
from stress.kernels.triggers.overlay import overlay_build
from stress.kernels.triggers.priority import by_priority
from stress.kernels.triggers.stop_loss import ladder_sale
from stress.kernels.triggers.vol_target import vol_sale


def orders(
    structure: Structure, params: Params, state: State, terms: Terms, calls: Calls, now: Round
) -> tuple[Round, Array]:
    """Read the triggers of every round at the current prices and equity: the largest fraction applies to each book.

    Returns:
        The round with its sales, and the fraction of each fund that its brokers want sold, (member, path).
    """
    value = book_value(structure, now)
    held_gross = params.book_gross * now.held
    pending = now.pending | ((now.equity <= 0) & ~state.defaulted)
    live = ~(pending | state.defaulted)
    worst, deficit, fraction = now.worst, now.deficit, jnp.zeros_like(now.profit)
    sale = jnp.zeros_like(now.sale) if structure.priority else None
    if structure.margin:
        margin, haircuts = requirements(structure, params, terms, now.price, base_haircuts(structure, now), held_gross)
        called = jnp.where((margin > 0) & ~state.defaulted, margin - now.equity, 0.0)
        worst = jnp.maximum(worst, called)
        fraction = margin_sale(params, calls, worst, now.equity, margin, live)
        deficit = margin - now.equity if structure.participation else deficit
        if sale is not None:
            sale = by_priority(structure, fraction, margin_size(structure, params, haircuts, held_gross * value))
    if structure.leverage_limit:
        gross = books_to_members(structure, held_gross * value)
        above = leverage_sale(params, now.equity, gross, live)
        fraction = jnp.maximum(fraction, above)
        if sale is not None:
            sale = jnp.maximum(sale, by_priority(structure, above, held_gross * value))
    if structure.participation:
        fraction = jnp.where(now.done, 0.0, fraction)
        sale = None if sale is None else jnp.where(members_to_books(structure, now.done), 0.0, sale)
    sale = members_to_books(structure, fraction) if sale is None else sale
    now = now._replace(
        worst=worst,
        pending=pending,
        deficit=deficit,
        sale=_above_tolerance(params, now, sale),
        build=jnp.zeros_like(now.build),
        close_out=jnp.zeros_like(now.close_out),
    )
    return now, fraction


def margin_size(structure: Structure, params: Params, haircuts: Array, gross: Array) -> Array:
    """What each book adds to the total that a margin call sheds: its haircut, or its gross under portfolio margin."""
    if not structure.haircut:
        return gross
    if not structure.portfolio_cases:
        return haircuts
    return jnp.where(members_to_books(structure, params.on_portfolio), gross, haircuts)


def once_a_step(
    structure: Structure, params: Params, state: State, terms: Terms, now: Round, by_brokers: Array
) -> Round:
    """Before round 1: what own limits and the brokers of defaulted funds want sold, if it is more, and builds."""
    sale, build = now.sale, now.build
    live = ~(now.pending | state.defaulted)
    own = jnp.zeros_like(sale)
    if structure.book_ladder or structure.fund_ladder:
        own = jnp.maximum(own, ladder_sale(structure, params, state))
    if structure.vol_target:
        own = jnp.maximum(own, vol_sale(structure, params, state.pnl_variance, now.held))
    wanted = jnp.zeros_like(now.profit)
    if structure.leverage_target:
        gross = books_to_members(structure, params.book_gross * now.held * book_value(structure, now))
        wanted = target_sale(params, now.equity, gross)
        own = jnp.maximum(own, members_to_books(structure, wanted))
    if structure.book_ladder or structure.fund_ladder or structure.vol_target or structure.leverage_target:
        sale = jnp.maximum(sale, jnp.where(members_to_books(structure, live), own, 0.0))
    closing = lax.cond(
        jnp.any(state.defaulted),
        lambda: close_out_sale(structure, params, state, terms.depth, book_value(structure, now)),
        lambda: jnp.zeros_like(sale),
    )
    close_out = closing > 0 if structure.participation else now.close_out
    sale = _above_tolerance(params, now, jnp.maximum(sale, closing))
    if structure.builds:
        free = members_to_books(structure, live & (by_brokers <= params.tolerance)) & (own <= params.tolerance)
        if structure.two_way:
            up = members_to_books(structure, jnp.where(wanted < -params.tolerance, -wanted, 0.0))
            build = jnp.where(params.start_held > 0, up * now.held, 0.0)
        if structure.overlay_points:
            more = overlay_build(structure, params, now.equity, state.hedged)
            build = jnp.maximum(build, jnp.where((params.start_held <= 0) & (more > params.tolerance), more, 0.0))
        build = jnp.where(free, build, 0.0)
    return now._replace(sale=sale, build=build, close_out=close_out)


def _above_tolerance(params: Params, now: Round, sale: Array) -> Array:
    return jnp.where((sale > params.tolerance) & (now.held > 0), sale, 0.0)


def within_participation(structure: Structure, params: Params, terms: Terms, now: Round) -> Round:
    """Scale orders so that forced sellers together stay within `max_participation` of g ADV, asset by asset.

    Each book's order is scaled by the value-weighted share of its assets that fits; a fund whose order was cut is done
    for the step.
    """
    units = params.book_nav * params.book_gross
    asked = jnp.where(now.close_out, 0.0, now.held * now.sale)
    if structure.builds:
        asked = asked + now.build
    requested = product(params.gross_flow_matrix, books_to_shapes(structure, units * asked))
    room = jnp.maximum(params.max_participation * terms.depth - now.traded, 0.0)
    misses = jnp.where(requested > room, 1.0 - room / jnp.maximum(requested, room), 0.0)
    left_out = shapes_to_books(structure, product(params.gross_shapes, now.price * misses))
    cut_book = (asked > 0) & (left_out > 0)
    share = 1.0 - left_out / jnp.where(cut_book, book_value(structure, now), 1.0)
    rounding = 8.0 * float(np.finfo(share.dtype).eps)  # a share that small is none
    share = jnp.where(cut_book, jnp.where(share <= rounding, 0.0, share), 1.0)
    fits = jnp.where(cut_book, asked * share, asked)
    return now._replace(
        sale=jnp.where(cut_book, now.sale * share, now.sale),
        build=jnp.where(cut_book, now.build * share, now.build) if structure.builds else now.build,
        done=now.done | (books_to_members(structure, cut_book.astype(jnp.int32)) > 0),
        traded=now.traded + product(params.gross_flow_matrix, books_to_shapes(structure, units * fits)),
    )
