"""One step of the model for a tile of paths: rebound, outside shock, terms, cascade, books closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.cascade.asset_pnl import on_all, units_held
from stress.kernels.cascade.attribution import Causes, no_causes
from stress.kernels.cascade.cascade import cascade
from stress.kernels.cascade.round import Round
from stress.kernels.cascade.trade import forced_flow
from stress.kernels.impact.laws import LINEAR_FLOOR, linear, log_displacement
from stress.kernels.layout import books_to_members, shapes_to_books
from stress.kernels.linear import any_row, product
from stress.kernels.margin.requirement import multipliers, term_weights
from stress.kernels.market.simple_return import simple_return
from stress.kernels.market.volatility import depth, update_variance
from stress.kernels.outside.retail import purchases
from stress.kernels.records import Calls, Params, State, Structure, Terms
from stress.kernels.triggers.close_out import incurable
from stress.kernels.triggers.vol_target import update_pnl_variance

Resolve = Callable[[Structure, Params, State, Terms, Array], tuple[Round, Calls]]  # as `cascade`


class StepReport(NamedTuple):
    """What one step did to the tile, for timelines, attribution and replays."""

    price: Array  # (asset, path)
    depth: Array  # (asset, path) that the step's cascade met
    variance: Array  # (asset, path) over its start, at the end of the step; no rows where nobody asks
    forced: Array  # (asset, path) signed forced flow, fraction of ADV
    held: Array  # (book, path)
    profit: Array  # (member, path) equity less NAV_0
    static_profit: Array  # (member, path)
    called: Array  # (member, path) cumulative
    sold: Array  # (member, path) cumulative
    built: Array  # (member, path) cumulative
    call_open: Array  # (member, path) bool
    defaulted: Array  # (member, path) bool
    outside: Array  # (member, path) P&L of the outside shock
    rebound: Array  # (member, path) P&L of the decay of impact
    causes: Causes  # P&L of the cascade
    asset_pnl: Array  # (asset, path) P&L of all funds, fraction of the system's NAV; no rows where nobody asks
    gross: Array  # (member, path) start NAV multiples
    net: Array  # (member, path)
    rounds: Array  # () rounds used by the tile


def book_pnl(structure: Structure, params: Params, held: Array, gain: Array) -> Array:
    """P&L of each book on price gains (asset, path), as a fraction of its fund's start NAV: (book, path)."""
    return params.book_gross * held * shapes_to_books(structure, product(params.shapes, gain))


def _rebound(
    structure: Structure, params: Params, state: State, terms: Terms, units: Array
) -> tuple[State, Array, Array, Array]:
    """Decay of the recent flow gives back part of its price change; the displacement is restated at today's depth.

    Returns:
        The tile, the log price change, and its P&L: (member, path), and by asset on `units` (see `asset_pnl`).
    """

    def displaced(flow: Array, g: Array) -> Array:
        return log_displacement(structure, params, flow, g)

    def apply() -> tuple[State, Array, Array, Array]:
        flow, forced = state.flow * params.decay, state.forced_recent * params.decay
        back = (1.0 - params.permanent) * (displaced(flow, state.depth) - state.displacement)
        split = structure.attribution and structure.retail
        gain = state.price * simple_return(structure, back)
        pnl = book_pnl(structure, params, state.held, gain)
        return (
            state._replace(
                price=state.price + gain,
                flow=flow,
                displacement=displaced(flow, terms.depth),
                forced_recent=forced,
                forced_displacement=displaced(forced, terms.depth) if split else state.forced_displacement,
                profit=state.profit + books_to_members(structure, pnl),
                book_pnl=state.book_pnl + pnl if structure.book_ladder else state.book_pnl,
            ),
            back,
            books_to_members(structure, pnl),
            on_all(units, gain),
        )

    def nothing() -> tuple[State, Array, Array, Array]:
        return state, jnp.zeros_like(state.price), jnp.zeros_like(state.profit), jnp.zeros_like(units)

    result: tuple[State, Array, Array, Array] = lax.cond(state.any_flow, apply, nothing)
    return result


def advance(
    structure: Structure,
    params: Params,
    state: State,
    draw: Array,
    script: Array,
    step: Array,
    resolve: Resolve = cascade,
) -> tuple[State, StepReport]:
    """Carry a tile through one step, given its draw.

    Args:
        structure: what is compiled.
        params: numbers.
        state: the tile at the end of the last step.
        draw: (asset, path) log return of the outside draw.
        script: (asset, 1) `log(1 + m)` of this step's script.
        step: () int32, 1-based.
        resolve: the step's cascade; a replay passes one that keeps its rounds (`recording`).

    Returns:
        The tile at the end of this step and a report of what happened.
    """
    terms = Terms(
        multiplier=multipliers(structure, params, state.variance) if structure.margin else (),
        weight=term_weights(params, step),
        depth=depth(params, state.variance, state.forced) if structure.depth else state.depth,
        step=step,
    )
    begin = state.price
    units = units_held(structure, params, state.held)
    back, rebound_pnl, asset_pnl = jnp.zeros_like(state.price), jnp.zeros_like(state.profit), jnp.zeros_like(units)
    if structure.decay:
        state, back, rebound_pnl, asset_pnl = _rebound(structure, params, state, terms, units)
    news = draw + script
    growth = simple_return(structure, news)
    gain = state.price * growth
    pnl = book_pnl(structure, params, state.held, gain)
    outside_pnl = books_to_members(structure, pnl)
    asset_pnl = asset_pnl + on_all(units, gain)
    state = state._replace(
        price=state.price + gain,
        profit=state.profit + outside_pnl,
        book_pnl=state.book_pnl + pnl if structure.book_ladder else state.book_pnl,
    )
    if structure.twin:
        static_gain = state.static_price * growth
        static_pnl = book_pnl(structure, params, params.start_held, static_gain)
        state = state._replace(
            static_price=state.static_price + static_gain,
            static_profit=state.static_profit + books_to_members(structure, static_pnl),
        )
    outside_flow = state.price[:0]
    if structure.retail:
        outside_flow, down, spent = purchases(params, growth, state.price, state.down_steps, state.retail_spent)
        state = state._replace(down_steps=down, retail_spent=spent)
    before = state
    if structure.feedback:
        last, calls = resolve(structure, params, state, terms, outside_flow)
        state = _close_step(structure, params, state, terms, last, calls, outside_flow)
        rounds, causes = last.number, last.causes
        asset_pnl = asset_pnl + last.by_asset.pnl
        if structure.volatility:
            moved = back + news + (state.displacement - before.displacement)
            state = state._replace(variance=update_variance(params, state.variance, moved))
    else:
        rounds, causes = jnp.zeros((), jnp.int32), no_causes(structure, state.profit)
    if structure.vol_target:
        moved = state.price - begin
        state = state._replace(pnl_variance=update_pnl_variance(params, state.pnl_variance, begin, moved))
    group_equity = 1.0 + product(params.group_matrix, state.profit)
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
        variance=state.variance,
        forced=state.forced,
        held=state.held,
        profit=state.profit,
        static_profit=state.static_profit,
        called=state.calls.called,
        sold=state.sold,
        built=state.built,
        call_open=state.calls.age >= 0,
        defaulted=state.defaulted,
        outside=outside_pnl,
        rebound=rebound_pnl,
        causes=causes,
        asset_pnl=asset_pnl * params.adv_share[: asset_pnl.shape[0]],
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
    forced = forced_flow(structure, params, last.given_up)
    entered = forced + jnp.where(last.number > 0, outside, 0.0) if structure.retail else forced
    flow = state.flow + entered
    displaced = log_displacement(structure, params, flow, terms.depth) if structure.impact else state.displacement
    size = jnp.abs(forced)
    beyond = jnp.where(size > terms.depth, size, 0.0)
    at_floor = state.counts.at_impact_floor
    if structure.law == "linear":
        floored = linear(flow, terms.depth if structure.depth else None, params.impact_scale) <= LINEAR_FLOOR
        at_floor = at_floor + any_row(floored).astype(jnp.int32)
    counts = state.counts._replace(
        at_impact_floor=at_floor,
        at_round_limit=state.counts.at_round_limit | any_row(last.sale > 0),
        forced_usd=state.counts.forced_usd + product(params.adv.T, size),
        beyond_depth_usd=state.counts.beyond_depth_usd + product(params.adv.T, beyond),
    )
    return state._replace(
        price=last.price,
        flow=flow,
        displacement=jnp.where(entered != 0, displaced, state.displacement),
        forced=forced,
        depth=terms.depth,
        held=last.held,
        profit=last.profit,
        book_pnl=last.book_pnl,
        calls=calls._replace(age=jnp.where(pending, -1, calls.age)),
        defaulted=state.defaulted | pending,
        cut_steps=cut_steps,
        last_deficit=deficit,
        sold=last.sold,
        built=last.built,
        hedged=last.hedged,
        forced_recent=last.forced_recent,
        forced_displacement=last.forced_displacement,
        any_flow=state.any_flow | (last.number > 0),
        counts=counts,
    )
