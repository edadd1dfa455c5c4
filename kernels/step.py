"""One step of the model for a tile of paths: rebound, outside shock, terms, cascade, books closed."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.cascade import Round, cascade
from stress.kernels.growth import simple_return
from stress.kernels.impact import square_root
from stress.kernels.layout import books_to_members, shapes_to_books
from stress.kernels.linear import any_row, product, sum_rows
from stress.kernels.margin import multipliers
from stress.kernels.records import Calls, Params, State, Structure, Terms
from stress.kernels.retail import purchases
from stress.kernels.triggers.close_out import incurable
from stress.kernels.volatility import depth, update_variance


class StepReport(NamedTuple):
    """What one step did to the tile, for timelines, attribution and replays."""

    price: Array  # (asset, path)
    depth: Array  # (asset, path) that the step's cascade met
    forced: Array  # (asset, path) signed forced flow, fraction of ADV
    held: Array  # (book, path)
    equity: Array  # (member, path)
    static_equity: Array  # (member, path)
    called: Array  # (member, path) cumulative
    sold: Array  # (member, path) cumulative
    call_open: Array  # (member, path) bool
    defaulted: Array  # (member, path) bool
    outside: Array  # (member, path) P&L of the outside shock
    rebound: Array  # (member, path) P&L of the decay of impact
    impact: Array  # (member, path) P&L of the cascade
    gross: Array  # (member, path) start NAV multiples
    net: Array  # (member, path)
    rounds: Array  # () rounds used by the tile


def book_pnl(structure: Structure, params: Params, held: Array, gain: Array) -> Array:
    """P&L of each book on price gains (asset, path), as a fraction of its fund's start NAV: (book, path)."""
    return params.book_gross * held * shapes_to_books(structure, product(params.shapes, gain))


def _rebound(structure: Structure, params: Params, state: State, terms: Terms) -> tuple[State, Array, Array]:
    """Decay of the recent flow gives back part of its price change; the displacement is restated at today's depth."""

    def displaced(flow: Array, g: Array) -> Array:
        return square_root(flow, g if structure.depth else None, params.impact_scale, params.impact_core)

    def apply() -> tuple[State, Array, Array]:
        flow = state.flow * params.decay
        back = (1.0 - params.permanent) * (displaced(flow, state.depth) - state.displacement)
        gain = state.price * simple_return(structure, back)
        pnl = book_pnl(structure, params, state.held, gain)
        return (
            state._replace(
                price=state.price + gain,
                flow=flow,
                displacement=displaced(flow, terms.depth),
                equity=state.equity + books_to_members(structure, pnl),
                book_pnl=state.book_pnl + pnl if structure.book_ladder else state.book_pnl,
            ),
            back,
            books_to_members(structure, pnl),
        )

    def nothing() -> tuple[State, Array, Array]:
        return state, jnp.zeros_like(state.price), jnp.zeros_like(state.equity)

    result: tuple[State, Array, Array] = lax.cond(state.any_flow, apply, nothing)
    return result


def advance(
    structure: Structure, params: Params, state: State, draw: Array, script: Array, step: Array
) -> tuple[State, StepReport]:
    """Carry a tile through one step, given its draw.

    Args:
        structure: what is compiled.
        params: numbers.
        state: the tile at the end of the last step.
        draw: (asset, path) log return of the outside draw.
        script: (asset, 1) `log(1 + m)` of this step's script.
        step: () int32, 1-based.

    Returns:
        The tile at the end of this step and a report of what happened.
    """
    terms = Terms(
        multiplier=multipliers(structure, params, state.variance) if structure.margin else (),
        locked=params.lockup_steps >= step,
        depth=depth(params, state.variance, state.forced) if structure.depth else state.depth,
        step=step,
    )
    back, rebound_pnl = jnp.zeros_like(state.price), jnp.zeros_like(state.equity)
    if structure.decay:
        state, back, rebound_pnl = _rebound(structure, params, state, terms)
    news = draw + script
    growth = simple_return(structure, news)
    gain = state.price * growth
    pnl = book_pnl(structure, params, state.held, gain)
    outside_pnl = books_to_members(structure, pnl)
    state = state._replace(
        price=state.price + gain,
        equity=state.equity + outside_pnl,
        book_pnl=state.book_pnl + pnl if structure.book_ladder else state.book_pnl,
    )
    if structure.twin:
        static_gain = state.static_price * growth
        static_pnl = book_pnl(structure, params, jnp.ones_like(state.held), static_gain)
        state = state._replace(
            static_price=state.static_price + static_gain,
            static_equity=state.static_equity + books_to_members(structure, static_pnl),
        )
    outside_flow = state.price[:0]
    if structure.retail:
        outside_flow, down, spent = purchases(params, growth, state.price, state.down_steps, state.retail_spent)
        state = state._replace(down_steps=down, retail_spent=spent)
    before = state
    if structure.feedback:
        last, calls = cascade(structure, params, state, terms, outside_flow)
        state = _close_step(structure, params, state, terms, last, calls, outside_flow)
        rounds = last.number
        if structure.volatility:
            moved = back + news + (state.displacement - before.displacement)
            state = state._replace(variance=update_variance(params, state.variance, moved))
    else:
        rounds = jnp.zeros((), jnp.int32)
    group_equity = product(params.group_matrix, state.equity)
    group_peak = jnp.maximum(state.group_peak, group_equity)
    state = state._replace(
        group_peak=group_peak,
        drawdown=jnp.maximum(state.drawdown, (group_peak - group_equity) / group_peak),
        fund_peak=jnp.maximum(state.fund_peak, state.equity) if structure.fund_ladder else state.fund_peak,
        book_peak=jnp.maximum(state.book_peak, state.book_pnl) if structure.book_ladder else state.book_peak,
    )

    def value(shapes: Array) -> Array:
        by_book = shapes_to_books(structure, product(shapes, state.price))
        return books_to_members(structure, params.book_gross * state.held * by_book)

    report = StepReport(
        price=state.price,
        depth=terms.depth,
        forced=state.forced,
        held=state.held,
        equity=state.equity,
        static_equity=state.static_equity,
        called=state.calls.called,
        sold=state.sold,
        call_open=state.calls.age >= 0,
        defaulted=state.defaulted,
        outside=outside_pnl,
        rebound=rebound_pnl,
        impact=state.equity - before.equity,
        gross=value(params.gross_shapes),
        net=value(params.net_shapes),
        rounds=rounds,
    )
    return state, report


def _close_step(
    structure: Structure, params: Params, state: State, terms: Terms, last: Round, calls: Calls, outside: Array
) -> State:
    """Book defaults and copy what the cascade changed back into the tile's state."""
    due = (calls.age >= params.grace_steps) & ~(last.pending | state.defaulted)
    pending, cut_steps, deficit = last.pending, state.cut_steps, state.last_deficit
    if structure.participation and structure.margin:
        deficit = jnp.maximum(last.deficit, 0.0)
        failed, cut_steps = incurable(params, state, deficit, due & last.done)
        pending = pending | (failed & ~state.defaulted)
    forced = last.flow - state.flow
    if structure.retail:
        forced = forced - jnp.where(last.number > 0, outside, 0.0)
    forced_usd = jnp.abs(forced) * params.adv
    beyond = jnp.where(jnp.abs(forced) > terms.depth, forced_usd, 0.0)
    counts = state.counts._replace(
        at_round_limit=state.counts.at_round_limit | any_row(last.sale > 0),
        forced_usd=state.counts.forced_usd + sum_rows(forced_usd)[None],
        beyond_depth_usd=state.counts.beyond_depth_usd + sum_rows(beyond)[None],
    )
    return state._replace(
        price=last.price,
        flow=last.flow,
        displacement=last.displacement,
        forced=forced,
        depth=terms.depth,
        held=last.held,
        equity=last.equity,
        book_pnl=last.book_pnl,
        calls=calls._replace(age=jnp.where(pending, -1, calls.age)),
        defaulted=state.defaulted | pending,
        cut_steps=cut_steps,
        last_deficit=deficit,
        sold=last.sold,
        any_flow=state.any_flow | (last.number > 0),
        counts=counts,
    )
