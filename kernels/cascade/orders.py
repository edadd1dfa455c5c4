"""What every book wants to trade next, at the prices of the round before: triggers by who asks, then the cap."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array

from stress.kernels.cascade.priority import by_priority
from stress.kernels.cascade.round import Round, book_value, margin_values
from stress.kernels.cascade.today import before_trades
from stress.kernels.layout import books_to_members, books_to_shapes, members_to_books, shapes_to_books
from stress.kernels.linear import product
from stress.kernels.margin.calls import Calls
from stress.kernels.margin.requirement import Requirement, requirement
from stress.kernels.params import Params
from stress.kernels.state import State, Terms
from stress.kernels.structure import Structure
from stress.kernels.triggers.protocol import RoundView
from stress.kernels.triggers.registry import triggers_of


def required_now(structure: Structure, params: Params, terms: Terms, now: Round) -> Requirement | None:
    """Margin requirement at the prices and holdings of a round; None without margin."""
    if params.margin is None or terms.margin is None:
        return None
    held_gross = params.books.gross * now.held
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
        held=now.held,
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
    required = required_now(structure, params, terms, now)
    now = now._replace(pending=now.pending | ((now.equity <= 0) & ~state.defaulted))
    if required is not None:
        short = required.by_member - now.equity
        called = jnp.where((required.by_member > 0) & ~state.defaulted, short, 0.0)
        now = now._replace(
            worst=jnp.maximum(now.worst, called), deficit=short if structure.participation else now.deficit
        )
    seen = _seen(structure, params, state, terms, calls, now, required)
    fractions, sales = [], []
    for trigger in triggers_of(structure, "brokers"):
        record = params.triggers[trigger.name]
        fractions.append(trigger.fraction(record, state.triggers[trigger.name], seen))
        if structure.priority:
            sales.append(by_priority(structure, fractions[-1], trigger.size(record, seen)))
    fraction = _largest(fractions, jnp.zeros_like(now.profit))
    sale = _largest(sales, jnp.zeros_like(now.sale)) if structure.priority else None
    if structure.participation:
        fraction = jnp.where(now.done, 0.0, fraction)
        sale = None if sale is None else jnp.where(members_to_books(structure, now.done), 0.0, sale)
    sale = members_to_books(structure, fraction) if sale is None else sale
    now = now._replace(
        sale=_above_tolerance(params, now, sale),
        build=jnp.zeros_like(now.build),
        close_out=jnp.zeros_like(now.close_out),
    )
    return now, seen, fraction


def once_a_step(
    structure: Structure, params: Params, state: State, now: Round, seen: RoundView, by_brokers: Array
) -> Round:
    """Before round 1: what own limits and the brokers of defaulted funds want sold, if it is more, and builds."""
    sale, build = now.sale, now.build
    own = jnp.zeros_like(sale)
    limits = triggers_of(structure, "fund")
    by_fund = before_trades(structure, params.books, state.today, seen)
    for trigger in limits:
        if trigger.sells:
            wanted = trigger.sale(params.triggers[trigger.name], state.triggers[trigger.name], by_fund)
            own = jnp.maximum(own, wanted)
    if any(trigger.sells for trigger in limits):
        sale = jnp.maximum(sale, jnp.where(members_to_books(structure, seen.live), own, 0.0))
    closings = triggers_of(structure, "close-out")
    closing = _largest(
        [t.sale(params.triggers[t.name], state.triggers[t.name], seen) for t in closings], jnp.zeros_like(sale)
    )
    close_out = closing > 0 if structure.participation else now.close_out
    sale = _above_tolerance(params, now, jnp.maximum(sale, closing))
    if structure.builds:
        tolerance = params.rules.tolerance
        free = members_to_books(structure, seen.live & (by_brokers <= tolerance)) & (own <= tolerance)
        builds = (t.build(params.triggers[t.name], state.triggers[t.name], by_fund) for t in limits)
        build = jnp.where(free, _largest([more for more in builds if more is not None], build), 0.0)
    return now._replace(sale=sale, build=build, close_out=close_out)


def _largest(values: Sequence[Array], none: Array) -> Array:
    """The largest of some arrays, elementwise; `none` if there are none."""
    largest = none if not values else values[0]
    for more in values[1:]:
        largest = jnp.maximum(largest, more)
    return largest


def _above_tolerance(params: Params, now: Round, sale: Array) -> Array:
    return jnp.where((sale > params.rules.tolerance) & (now.held > 0), sale, 0.0)


def within_participation(structure: Structure, params: Params, terms: Terms, now: Round) -> Round:
    """Scale orders so that forced sellers together stay within `max_participation` of g ADV, asset by asset.

    Each book's order is scaled by the value-weighted share of its assets that fits; a fund whose order was cut is done
    for the step.
    """
    books = params.books
    units = books.nav * books.gross
    asked = jnp.where(now.close_out, 0.0, now.held * now.sale)
    if structure.builds:
        asked = asked + now.build
    requested = product(books.gross_flow_matrix, books_to_shapes(structure, units * asked))
    room = jnp.maximum(params.rules.max_participation * terms.depth - now.traded, 0.0)
    misses = jnp.where(requested > room, 1.0 - room / jnp.maximum(requested, room), 0.0)
    left_out = shapes_to_books(structure, product(books.gross_shapes, now.price * misses))
    cut_book = (asked > 0) & (left_out > 0)
    share = 1.0 - left_out / jnp.where(cut_book, book_value(structure, now), 1.0)
    rounding = 8.0 * float(np.finfo(share.dtype).eps)  # a share that small is none
    share = jnp.where(cut_book, jnp.where(share <= rounding, 0.0, share), 1.0)
    fits = jnp.where(cut_book, asked * share, asked)
    return now._replace(
        sale=jnp.where(cut_book, now.sale * share, now.sale),
        build=jnp.where(cut_book, now.build * share, now.build) if structure.builds else now.build,
        done=now.done | (books_to_members(structure, cut_book.astype(jnp.int32)) > 0),
        traded=now.traded + product(books.gross_flow_matrix, books_to_shapes(structure, units * fits)),
    )
