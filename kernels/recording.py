"""One path with every round of its cascades kept: what a replay is made of.

The mechanisms are those of `step.advance` and `cascade`; only the loop over rounds is written once more, so that it can
copy the tile's first column after each of them. A tile holds the one path in every column.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.cascade.cascade import before_rounds, unfinished
from stress.kernels.cascade.orders import margin_size, orders, within_participation
from stress.kernels.cascade.round import Round, base_haircuts, book_value
from stress.kernels.cascade.trade import forced_flow, trade
from stress.kernels.layout import books_to_members, members_to_books, shapes_to_books
from stress.kernels.linear import product
from stress.kernels.margin.requirement import requirements
from stress.kernels.path import PathMetrics, finish, start
from stress.kernels.random.normals import Scratch
from stress.kernels.records import Calls, Params, State, Structure, Terms
from stress.kernels.shocks.draw import Source, draw, shock_scratch, sources
from stress.kernels.step import StepReport, advance
from stress.kernels.triggers.close_out import close_out_sale
from stress.kernels.triggers.leverage_limit import leverage_sale
from stress.kernels.triggers.leverage_target import target_sale
from stress.kernels.triggers.margin_call import margin_sale, record_calls
from stress.kernels.triggers.priority import by_priority
from stress.kernels.triggers.stop_loss import ladder_sale
from stress.kernels.triggers.vol_target import vol_sale

Tree = TypeVar("Tree")
TRIGGERS = ("margin_call", "leverage_limit", "stop_loss", "vol_target", "leverage_target", "close_out")


class Moment(NamedTuple):
    """The path before round 1 (entry 0) and after each round; a leading round axis is added."""

    price: Array  # (asset,)
    flow: Array  # (asset,) recent signed flow J, fraction of ADV
    profit: Array  # (member,) equity less NAV_0
    worst: Array  # (member,) largest deficit of this step, 0 = none; no rows without margin
    required: Array  # (member,) margin requirement, fraction of NAV_0
    gross: Array  # (member,) start NAV multiples
    net: Array  # (member,)
    sold: Array  # (member,) cumulative since the start of the path
    pending: Array  # (member,) bool: without equity, its default is booked at the end of the step
    done: Array  # (member,) bool: its order was cut to the participation cap; no rows without one
    held: Array  # (book,)
    causes: Array  # (cause, member) P&L of the cascade so far, in the order of `attribution.Causes`


class Orders(NamedTuple):
    """What is traded in a round; entry r is round r, entry 0 is empty."""

    sale: Array  # (book,) fraction of what is held that is sold, after the participation cap
    build: Array  # (book,) k added; no rows where nobody builds
    asked: Array  # (trigger, book) fraction that each of `TRIGGERS` asks for, before the cap


class Cascaded(NamedTuple):
    """One step's cascade, round by round."""

    moments: Moment
    orders: Orders
    age: Array  # (member,) int32 of the call open at the start of the cascade, -1 = none
    size: Array  # (member,) its size then
    outside: Array  # (asset,) retail flow in round 1, fraction of ADV; no rows without retail


class RecordedStep(NamedTuple):
    """One step of the path; a leading step axis is added."""

    draw: Array  # (asset,) log return of the outside draw
    report: StepReport  # without the path axis
    cascade: Cascaded | None  # None where nobody trades


def _first_column(tree: Tree) -> Tree:
    found: Tree = jax.tree.map(lambda x: x[..., 0] if x.ndim else x, tree)
    return found


def _asked(
    structure: Structure, params: Params, state: State, terms: Terms, calls: Calls, now: Round, first: bool
) -> Array:
    """What each trigger asks of each book now, (trigger, book); own limits and close-outs act once a step."""
    nothing = jnp.zeros_like(now.held)
    wanted = dict.fromkeys(TRIGGERS, nothing)
    live = ~(now.pending | state.defaulted)
    held_gross, value = params.book_gross * now.held, book_value(structure, now)
    if structure.margin:
        required, haircuts = requirements(
            structure, params, terms, now.price, base_haircuts(structure, now), held_gross
        )
        fraction = margin_sale(params, calls, now.worst, now.equity, required, live)
        size = margin_size(structure, params, haircuts, held_gross * value)
        wanted["margin_call"] = by_priority(structure, fraction, size)
    gross = books_to_members(structure, held_gross * value)
    if structure.leverage_limit:
        above = leverage_sale(params, now.equity, gross, live)
        wanted["leverage_limit"] = by_priority(structure, above, held_gross * value)
    if first:
        if structure.book_ladder or structure.fund_ladder:
            wanted["stop_loss"] = ladder_sale(structure, params, state)
        if structure.vol_target:
            wanted["vol_target"] = vol_sale(structure, params, state.pnl_variance, now.held)
        if structure.leverage_target:
            wanted["leverage_target"] = members_to_books(structure, target_sale(params, now.equity, gross))
        acting = members_to_books(structure, live)
        wanted = {name: jnp.where(acting, fraction, 0.0) for name, fraction in wanted.items()}
        wanted["close_out"] = close_out_sale(structure, params, state, terms.depth, value)
    return jnp.stack([wanted[name][:, 0] for name in TRIGGERS])


def _moment(structure: Structure, params: Params, state: State, terms: Terms, outside: Array, now: Round) -> Moment:
    held_gross = params.book_gross * now.held

    def value(shapes: Array) -> Array:
        return books_to_members(structure, held_gross * shapes_to_books(structure, product(shapes, now.price)))

    required = jnp.zeros_like(now.profit)
    if structure.margin:
        required, _ = requirements(structure, params, terms, now.price, base_haircuts(structure, now), held_gross)
    flow = state.flow + forced_flow(structure, params, now.given_up)
    if structure.retail:
        flow = flow + jnp.where(now.number > 0, outside, 0.0)
    return Moment(
        price=now.price[:, 0],
        flow=flow[:, 0],
        profit=now.profit[:, 0],
        worst=now.worst[:, 0],
        required=required[:, 0],
        gross=value(params.gross_shapes)[:, 0],
        net=value(params.net_shapes)[:, 0],
        sold=now.sold[:, 0],
        pending=now.pending[:, 0],
        done=now.done[:, 0],
        held=now.held[:, 0],
        causes=jnp.stack([cause[:, 0] for cause in now.causes]),
    )


def _recorded_cascade(
    structure: Structure, params: Params, state: State, terms: Terms, outside: Array, capacity: int
) -> tuple[Round, Calls, Cascaded]:
    """`cascade.cascade`, with up to `capacity` rounds kept."""
    now, calls = before_rounds(structure, params, state, terms)

    def buffer(x: Array) -> Array:
        return jnp.zeros((capacity + 1, *x.shape), x.dtype)

    def put(kept: Tree, at: Array | int, value: Tree) -> Tree:
        changed: Tree = jax.tree.map(lambda every, x: every.at[at].set(x, mode="drop"), kept, value)
        return changed

    moment = _moment(structure, params, state, terms, outside, now)
    asked = _asked(structure, params, state, terms, calls, now, first=True)
    idle = Orders(jnp.zeros_like(now.sale[:, 0]), jnp.zeros_like(now.build[:, 0]), asked)
    kept = Cascaded(
        moments=put(jax.tree.map(buffer, moment), 0, moment),
        orders=put(jax.tree.map(buffer, idle), 1, idle),
        age=calls.age[:, 0],
        size=calls.size[:, 0],
        outside=outside[:, 0],
    )
    uncapped = structure._replace(participation=False)

    def one_round(carry: tuple[Round, Cascaded]) -> tuple[Round, Cascaded]:
        now, kept = carry
        if structure.participation:
            now = lax.optimization_barrier(within_participation(structure, params, terms, now))
        number = now.number + 1
        traded = kept.orders._replace(
            sale=kept.orders.sale.at[number].set(now.sale[:, 0], mode="drop"),
            build=kept.orders.build.at[number].set(now.build[:, 0], mode="drop"),
        )
        now = trade(uncapped, params, state, terms, outside, now)
        now = orders(structure, params, state, terms, calls, now)[0]
        asked = _asked(structure, params, state, terms, calls, now, first=False)
        moments = put(kept.moments, number, _moment(structure, params, state, terms, outside, now))
        traded = traded._replace(asked=traded.asked.at[number + 1].set(asked, mode="drop"))
        return now, kept._replace(moments=moments, orders=traded)

    now, kept = lax.while_loop(lambda carry: unfinished(structure, outside, carry[0]), one_round, (now, kept))
    return now, record_calls(calls, now.worst, terms.step) if structure.margin else calls, kept


def record(
    structure: Structure, params: Params, path_low: Array, path_high: Array, capacity: int
) -> tuple[PathMetrics, RecordedStep]:
    """Simulate a tile that holds one path in every column, and keep all of it.

    Args:
        structure: what is compiled.
        params: numbers.
        path_low: (path,) uint32, low word of the path's id, repeated.
        path_high: (path,) uint32, high word.
        capacity: rounds a step that are kept; what `report.rounds` counts beyond them is simulated and lost.

    Returns:
        The path's metrics, (row,), and its steps, each (step, ...).
    """
    structure = structure._replace(attribution=True)
    begin = (start(structure, params, path_low.shape[0]), shock_scratch(structure, params, path_low.shape[0]))
    Carry = tuple[State, Scratch]

    def one_step(carry: Carry, inputs: tuple[Array, Array, Source]) -> tuple[Carry, RecordedStep]:
        (state, room), (index, script, source) = carry, inputs
        kept: list[Cascaded] = []  # by the step's one cascade; without feedback there is none

        def resolve(
            structure: Structure, params: Params, state: State, terms: Terms, outside: Array
        ) -> tuple[Round, Calls]:
            last, calls, rounds = _recorded_cascade(structure, params, state, terms, outside, capacity)
            kept.append(rounds)
            return last, calls

        r, clipped, room = draw(structure, params, path_low, path_high, source, room)
        state = state._replace(counts=state.counts._replace(draws_clipped=state.counts.draws_clipped + clipped))
        state, report = advance(structure, params, state, r, script[:, None], index + 1, resolve)
        report = _first_column(report)
        return (state, room), RecordedStep(r[:, 0], report, kept[0] if kept else None)

    steps = jnp.arange(structure.steps, dtype=jnp.int32)
    (state, _), recorded = lax.scan(
        one_step, begin, (steps, params.script, sources(structure, params, path_low, path_high))
    )
    return _first_column(finish(structure, params, state)), recorded
