"""What every book wants to trade next, at the prices of the round before: triggers by who asks, then the cap."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array

from stress.kernels.cascade.priority import by_priority
from stress.kernels.cascade.round import Round, book_value, counted, margin_values
from stress.kernels.cascade.today import before_trades
from stress.kernels.convexity import flow_of, gross_units
from stress.kernels.layout import (
    books_to_shapes,
    least_of_held,
    members_to_books,
    shapes_to_books,
)
from stress.kernels.linear import any_row
from stress.kernels.margin.calls import Calls
from stress.kernels.margin.requirement import Requirement, requirement
from stress.kernels.params import Params
from stress.kernels.state import State, Terms
from stress.kernels.structure import Structure
from stress.kernels.triggers.protocol import RoundView
from stress.kernels.triggers.registry import triggers_of


def required_now(structure: Structure, params: Params, terms: Terms, now: Round, held: Array) -> Requirement | None:
    """Margin requirement of holdings (book, path) at the prices of a round; None without margin."""
    if params.margin is None or terms.margin is None:
        return None
    held_gross = params.books.gross * held
    linear = margin_values(structure, now)
    return requirement(structure, params.books, params.margin, terms.margin, now.price, held_gross, linear)


def _seen(
    structure: Structure,
    params: Params,
    state: State,
    terms: Terms,
    calls: Calls,
    now: Round,
    required: Requirement | None,
) -> RoundView:
    """What triggers see of a round."""
    return RoundView(
        structure=structure,
        books=params.books,
        margin=params.margin,
        tolerance=params.rules.tolerance,
        price=now.price,
        depth=terms.depth,
        held=counted(structure, now),
        value=book_value(structure, now),
        equity=now.equity,
        book_pnl=now.book_pnl,
        added=now.added,
        live=~(now.pending | state.defaulted),
        defaulted=state.defaulted,
        required=required,
        calls=calls,
        worst=now.worst,
    )


def orders(
    structure: Structure, params: Params, state: State, terms: Terms, calls: Calls, now: Round
) -> tuple[Round, RoundView, Array]:
    """Read what brokers ask at the current prices and equity: the largest fraction applies to each book.

    Returns:
        The round with its sales, what triggers saw of it, and the fraction of each fund that its brokers want sold,
        (member, path).
    """
    required = required_now(structure, params, terms, now, counted(structure, now))
    now = now._replace(pending=now.pending | ((now.equity <= 0) & ~state.defaulted))
    if required is not None:
        short = required.by_member - now.equity
        called = jnp.where((required.by_member > 0) & ~state.defaulted & now.active, short, 0.0)
        now = now._replace(worst=jnp.maximum(now.worst, called))
    seen = _seen(structure, params, state, terms, calls, now, required)
    fractions, sales = [], []
    read = now.active & seen.live  # a mechanism from outside may not look who is in default
    for trigger in triggers_of(structure, "brokers"):
        record = params.triggers[trigger.name]
        fractions.append(jnp.where(read, trigger.fraction(record, state.triggers[trigger.name], seen), 0.0))
        if structure.priority:
            sales.append(by_priority(structure, fractions[-1], trigger.size(record, seen)))
    fraction = _largest(fractions, jnp.zeros_like(now.profit))
    all_alike = not structure.priority
    sale = members_to_books(structure, fraction) if all_alike else _largest(sales, jnp.zeros_like(now.order))
    order = _above_tolerance(params, seen, sale)
    if structure.participation:
        waits, order = jnp.where(now.done, order, 0.0), jnp.where(now.done, 0.0, order)
        # a path on which nothing can be traded any more is done: read again beside neighbours, it stays as it is
        now = now._replace(left=now.left - jnp.where(any_row(order > 0), waits, 0.0))
    return now._replace(order=order), seen, fraction


def once_a_step(
    structure: Structure, params: Params, state: State, now: Round, seen: RoundView, by_brokers: Array
) -> Round:
    """Before round 1: what own limits and the brokers of defaulted funds want sold, if it is more, and builds."""
    own = jnp.zeros_like(now.order)
    limits = triggers_of(structure, "fund")
    by_fund = before_trades(structure, params.books, state.today, seen)
    for trigger in limits:
        if trigger.sells:
            wanted = trigger.sale(params.triggers[trigger.name], state.triggers[trigger.name], by_fund)
            own = jnp.maximum(own, wanted)
    closings = triggers_of(structure, "close-out")
    sales = [t.sale(params.triggers[t.name], state.triggers[t.name], seen) for t in closings]
    if any(trigger.sells for trigger in limits):
        sales.append(jnp.where(members_to_books(structure, seen.live), own, 0.0))
    order = jnp.maximum(now.order, _above_tolerance(params, seen, _largest(sales, jnp.zeros_like(own))))
    if structure.builds:
        tolerance = params.rules.tolerance
        free = members_to_books(structure, seen.live & (by_brokers <= tolerance)) & (own <= tolerance)
        builds = (t.build(params.triggers[t.name], state.triggers[t.name], by_fund) for t in limits)
        build = _largest([more for more in builds if more is not None], jnp.zeros_like(own))
        order = jnp.where(free & (build > 0), -build, order)
    return now._replace(order=order)


def _largest(values: Sequence[Array], none: Array) -> Array:
    """The largest of some arrays, elementwise; `none` if there are none."""
    largest = none if not values else values[0]
    for more in values[1:]:
        largest = jnp.maximum(largest, more)
    return largest


def _above_tolerance(params: Params, seen: RoundView, sale: Array) -> Array:
    """k that a fraction of each book comes to, (book, path)."""
    return jnp.where((sale > params.rules.tolerance) & (seen.held > 0), sale * seen.held, 0.0)


def with_room(structure: Structure, params: Params, terms: Terms, now: Round) -> Round:
    """How much of the orders fits: all of them together stay within `max_participation` of g ADV, asset by asset.

    A hair below what fits, so that rounding exceeds no allowance. Close-outs have a rate of their own. Also which paths
    have orders at all.
    """
    now = now._replace(active=any_row(now.order != 0 if structure.builds else now.order > 0))  # as in `orders`
    if not structure.participation:
        return now
    books = params.books
    asked = jnp.abs(now.order) if structure.builds else now.order
    asked = jnp.where(now.close_out, 0.0, asked) if now.close_out.shape[0] else asked
    usd = books_to_shapes(structure, books.nav * books.gross * asked)
    requested = gross_units(books, now.price, usd)
    room = jnp.maximum(params.rules.max_participation * terms.depth - now.traded, 0.0)
    rounding = 8.0 * float(np.finfo(room.dtype).eps)
    tight = requested > room
    fits = jnp.where(tight, (1.0 - rounding) * room / jnp.where(tight, requested, 1.0), 1.0)
    fits = jnp.where(fits <= 2.0 * rounding, 0.0, fits)  # a share that small is none
    return now._replace(capped=usd, fits=fits)


def within_participation(structure: Structure, params: Params, now: Round) -> tuple[Round, Array | None]:
    """Scale orders to what fits (`with_room`).

    The tightest asset that a book (a liquidity tier) holds scales its order. A book whose order was cut is done for the
    step; what did not fit waits, and counts as traded in later rounds (`Round.left`).

    Returns:
        The round with the orders that fit, and their flow (asset, path), a fraction of ADV, where it is known already:
        in rounds of sales under the cap alone.
    """
    books, order, closes = params.books, now.order, now.close_out.shape[0] > 0
    by_shape = least_of_held(structure, now.fits)
    share = shapes_to_books(structure, by_shape)
    cut = (order != 0) & (share < 1.0)
    if closes:
        cut, share = cut & ~now.close_out, jnp.where(now.close_out, 1.0, share)
    fitted, usd = order * share, now.capped * by_shape
    waits = jnp.where(order > 0, order, fitted) if structure.builds else order
    traded = now.traded + gross_units(books, now.price, usd)
    flow = None if closes or structure.builds else flow_of(books, now.price, usd)
    return now._replace(left=now.left - waits, order=fitted, done=now.done | cut, traded=traded), flow
