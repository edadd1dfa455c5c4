"""One step of the model for a tile of paths: rebound, outside shock, terms, cascade, books closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.cascade.asset_pnl import no_flows, on_all, units_held
from stress.kernels.cascade.attribution import no_causes
from stress.kernels.cascade.by_trigger import booked, nothing_traded
from stress.kernels.cascade.cascade import cascade
from stress.kernels.cascade.orders import required_now
from stress.kernels.cascade.round import Round
from stress.kernels.cascade.today import so_far, with_cascade
from stress.kernels.convexity import book_pnl, gross_value, net_value, still_pnl
from stress.kernels.course import after_step
from stress.kernels.impact.displacement import log_change, share_left
from stress.kernels.impact.impact import floored, log_displacement
from stress.kernels.layout import books_to_managers, books_to_members, shapes_to_books
from stress.kernels.linear import any_row, product
from stress.kernels.margin.calls import Calls
from stress.kernels.margin.requirement import terms_of_step
from stress.kernels.market.loadings import whole
from stress.kernels.market.simple_return import simple_return
from stress.kernels.market.volatility import depth_left, update_variance
from stress.kernels.outside.flows import OutsideFlows, outside_flows, scaled, told
from stress.kernels.outside.protocol import AfterShock
from stress.kernels.params import Params
from stress.kernels.state import State, Terms
from stress.kernels.step_report import StepReport
from stress.kernels.structure import Structure
from stress.kernels.triggers.protocol import StepEnd, StepMoves, ends_day
from stress.kernels.triggers.registry import triggers_of

Resolve = Callable[[Structure, Params, State, Terms, OutsideFlows], tuple[Round, Calls]]  # as `cascade`


def _rebound(structure: Structure, params: Params, state: State, terms: Terms) -> tuple[State, Array, Array]:
    """Decay of the recent flow gives back part of what it has moved the price by (`impact.displacement`).

    Returns:
        The tile, its P&L not booked yet, the asset's own log price change and the price change, each (asset, path).
    """
    impact = params.impact
    if impact is None:
        raise ValueError("without impact nothing decays")

    def displaced(flow: Array, g: Array) -> Array:
        return log_displacement(structure, impact, flow, g)

    def apply() -> tuple[State, Array, Array]:
        flow, forced = state.flow * impact.decay, state.forced_recent * impact.decay
        share = share_left(structure, impact, state.flow, state.of_flow, state.depth)
        displacement = state.displacement * share
        back = (1.0 - impact.permanent) * (displacement - state.displacement)
        split = structure.attribution and bool(structure.outside)
        gain = state.price * simple_return(structure, whole(structure, params.loadings, back))
        return (
            state._replace(
                price=state.price + gain,
                flow=flow,
                displacement=displacement,
                of_flow=displaced(flow, terms.depth),
                forced_recent=forced,
                of_forced=displaced(forced, terms.depth) if split else state.of_forced,
            ),
            back,
            gain,
        )

    def nothing() -> tuple[State, Array, Array]:
        return state, jnp.zeros_like(state.price), jnp.zeros_like(state.price)

    result: tuple[State, Array, Array] = lax.cond(state.any_flow, apply, nothing)
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
        draw: (asset, path) log return of the outside draw; of an asset with loadings, of its own part.
        script: (asset, 1) `log(1 + m)` of this step's script, likewise.
        step: () int32, 1-based.
        resolve: the step's cascade; a replay passes one that keeps its rounds (`recording`).

    Returns:
        The tile at the end of this step and a report of what happened.
    """
    terms = Terms(
        margin=terms_of_step(structure, params.margin, state.variance, step),
        depth=state.depth if params.depth is None else depth_left(params.depth, state.variance, state.forced),
        step=step,
    )
    begin, held = state.price, state.held
    state = state._replace(today=so_far(structure, state.today, step))
    units = units_held(structure, params.books, state.held)
    back, rebound = jnp.zeros_like(state.price), jnp.zeros_like(state.price)
    decays = structure.impact is not None and structure.impact.decay
    if decays:
        state, back, rebound = _rebound(structure, params, state, terms)
    news = draw + script
    growth = simple_return(structure, whole(structure, params.loadings, news))
    gain = state.price * growth
    pnl = book_pnl(structure, params.books, state.held, begin, gain + rebound)  # both in one product
    moved_pnl, rebound_pnl = books_to_members(structure, pnl), jnp.zeros_like(state.profit)
    asset_pnl = on_all(structure, params.books, state.held, units, begin, gain + rebound)
    if structure.attribution and decays:
        of_rebound = book_pnl(structure, params.books, state.held, begin, rebound, steps=0)
        rebound_pnl = books_to_members(structure, of_rebound)
    state = state._replace(
        price=state.price + gain,
        profit=state.profit + moved_pnl,
        book_pnl=_managers_pnl(structure, state, pnl),
    )
    if structure.twin:
        static_change = state.static_change + (state.static_change + 1.0) * growth
        static_loss = product(params.reporting.group_matrix, -still_pnl(params.books, static_change, step))
        state = state._replace(static_change=static_change, static_trough=jnp.maximum(state.static_trough, static_loss))
    decay = params.impact.decay if params.impact is not None and decays else None
    shocked = AfterShock(growth, state.price)
    outside, others = outside_flows(structure, params.outside, state.outside, shocked, decay)
    if structure.attribution and structure.outside:
        outside = scaled(outside, params.rules.outside)
    spent = jnp.stack(outside.parts) * state.price if outside.parts else outside.total[None]
    said = told(structure, params.outside, state.outside, others)
    state = state._replace(outside=others)
    before = state
    rounds, causes = jnp.zeros((), jnp.int32), no_causes(structure, state.profit)
    by_trigger, by_group = nothing_traded(structure, state.held, state.profit), no_flows(structure, state.price)
    if structure.feedback:
        last, calls = resolve(structure, params, state, terms, outside)
        state = _close_step(structure, params, state, terms, last, calls, outside)
        rounds, causes, by_trigger, by_group = last.number, last.causes, last.by_trigger, last.by_group
        asset_pnl = asset_pnl + last.by_asset.pnl
        if params.volatility is not None:
            moved = back + news + (state.displacement - before.displacement)
            moved = whole(structure, params.loadings, moved)
            state = state._replace(variance=update_variance(params.volatility, state.variance, moved))
    state = state._replace(triggers=_remembered(structure, params, state, begin, held, step))
    group = params.reporting.group_matrix
    state = state._replace(course=after_step(state.course, product(group, state.profit)))

    def value(by_shape: Array) -> Array:
        by_book = shapes_to_books(structure, by_shape)
        return books_to_members(structure, params.books.gross * state.held * by_book)

    def reported() -> StepReport:
        return StepReport(
            price=state.price,
            depth=terms.depth,
            variance=state.variance,
            forced=state.forced,
            held=state.held,
            profit=state.profit,
            static_profit=still_pnl(params.books, state.static_change, step) if structure.twin else state.profit[:0],
            called=state.calls.called,
            sold=state.sold,
            built=state.built,
            call_open=state.calls.age >= 0,
            defaulted=state.defaulted,
            outside=moved_pnl - rebound_pnl,
            rebound=rebound_pnl,
            causes=causes,
            asset_pnl=asset_pnl * params.reporting.adv_share[: asset_pnl.shape[0]],
            by_trigger=booked(structure, params.triggers, by_trigger),
            purchases=spent,
            told=said,
            gross=value(gross_value(params.books, state.price)),
            net=value(net_value(params.books, state.price)),
            rounds=rounds,
            by_group=by_group,
        )

    return state, _where_explained(structure, params, reported)._replace(profit=state.profit)


def _where_explained(structure: Structure, params: Params, reported: Callable[[], StepReport]) -> StepReport:
    """The report of a step; zeros where the detailed program wants the profits alone, see `Rules.explained`."""
    if not structure.attribution:
        return reported()
    nothing = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(reported))
    report: StepReport = lax.cond(params.rules.explained, reported, lambda: nothing)
    return report


def _managers_pnl(structure: Structure, state: State, pnl: Array) -> Array:
    """P&L of managers' books with what each book has gained, (book, path), if some trigger reads it."""
    return state.book_pnl + books_to_managers(structure, pnl) if structure.book_pnl else state.book_pnl


def _remembered(
    structure: Structure, params: Params, state: State, begin: Array, held: Array, step: Array
) -> dict[str, Any]:
    """What each trigger remembers of a step that began with prices `begin` and holdings `held`."""
    moved = StepMoves(begin, held, state.price - begin, state.equity, state.book_pnl, ends_day(structure, step))
    return {
        t.name: t.after_step(structure, params.books, params.triggers[t.name], state.triggers[t.name], moved)
        for t in triggers_of(structure)
    }


def _step_end(structure: Structure, params: Params, state: State, terms: Terms, last: Round, calls: Calls) -> StepEnd:
    """What defaults are read from; no rows where nothing limits sales, or nobody has a requirement.

    A fund sells at the limit when it has a call of age and the orders of all that it holds were cut.
    """
    required = required_now(structure, params, terms, last, last.held) if structure.participation else None
    if required is None or params.margin is None:
        return StepEnd(last.profit[:0], last.pending[:0])
    due = (calls.age >= params.margin.grace_steps) & ~(last.pending | state.defaulted)
    free = (params.books.gross * last.held > 0) & ~last.done
    counted = books_to_members(structure, jnp.where(free, 1 << 16, last.done.astype(jnp.int32)))  # both in one sum
    return StepEnd(required.by_member - last.equity, due & (counted > 0) & (counted < 1 << 16))


def _defaults(
    structure: Structure, params: Params, state: State, terms: Terms, last: Round, calls: Calls
) -> tuple[Array, dict[str, Any]]:
    """Funds whose default is booked now, (member, path), and what each trigger remembers of it."""
    pending, own = last.pending, dict(state.triggers)
    closing = _step_end(structure, params, state, terms, last, calls)
    for trigger in triggers_of(structure):
        failed, own[trigger.name] = trigger.in_default(params.triggers[trigger.name], own[trigger.name], closing)
        if failed is not None:
            pending = pending | (failed & ~state.defaulted)
    return pending, own


def _close_step(
    structure: Structure, params: Params, state: State, terms: Terms, last: Round, calls: Calls, outside: OutsideFlows
) -> State:
    """Book defaults and copy what the cascade changed back into the tile's state."""
    pending, own = _defaults(structure, params, state, terms, last, calls)
    forced = last.forced
    entered = forced + jnp.where(last.number > 0, outside.total, 0.0) if structure.outside else forced
    flow, displacement, of_flow = state.flow + entered, state.displacement, state.of_flow
    change = jnp.zeros_like(flow)
    if structure.impact is not None:
        change = log_change(structure, params.impact, displacement, of_flow, state.flow, entered, terms.depth)
        of_flow = log_displacement(structure, params.impact, flow, terms.depth)
    moved = whole(structure, params.loadings, change)
    size = jnp.abs(forced)
    beyond = jnp.where(size > terms.depth, size, 0.0)
    at_floor, cut = state.counts.at_impact_floor, floored(structure, params.impact, flow, terms.depth)
    if cut is not None:
        at_floor = at_floor + any_row(cut).astype(jnp.int32)
    adv = params.books.adv
    counts = state.counts._replace(
        at_impact_floor=at_floor,
        at_round_limit=state.counts.at_round_limit | any_row(last.order > 0),
        forced_usd=state.counts.forced_usd + product(adv.T, size),
        beyond_depth_usd=state.counts.beyond_depth_usd + product(adv.T, beyond),
    )
    return state._replace(
        price=last.price,
        flow=flow,
        displacement=displacement + change,
        of_flow=of_flow,
        forced=forced,
        depth=terms.depth,
        held=last.held,
        profit=last.profit,
        book_pnl=last.book_pnl,
        calls=calls._replace(age=jnp.where(pending, -1, calls.age)),
        defaulted=state.defaulted | pending,
        triggers=own,
        sold=last.sold,
        built=last.built,
        added=last.added,
        forced_recent=last.forced_recent,
        of_forced=last.of_forced,
        any_flow=state.any_flow | (last.number > 0),
        today=with_cascade(structure, state.today, moved, last.profit - state.profit, last.book_pnl - state.book_pnl),
        counts=counts,
    )
