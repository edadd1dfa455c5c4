"""One path with every round of its cascades kept: what a replay is made of.

The mechanisms are those of `step.advance` and `cascade`, its loop over rounds too; only a round is written once more,
so that it can copy the tile's first column. A tile holds the one path in every column.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.cascade.cascade import all_rounds, before_rounds, next_orders
from stress.kernels.cascade.orders import required_now, within_participation
from stress.kernels.cascade.reasons import asked
from stress.kernels.cascade.round import Round, counted
from stress.kernels.cascade.trade import beginning, settle
from stress.kernels.convexity import gross_value, net_value
from stress.kernels.layout import books_to_members, shapes_to_books
from stress.kernels.margin.calls import Calls, record_calls
from stress.kernels.outside.flows import OutsideFlows
from stress.kernels.params import Params
from stress.kernels.path import PathMetrics, Source, drawn, finish, given, start
from stress.kernels.state import State, Terms
from stress.kernels.step import advance
from stress.kernels.step_report import StepReport
from stress.kernels.structure import Structure

Tree = TypeVar("Tree")


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
    held: Array  # (book,)
    done: Array  # (book,) bool: its order was cut to the participation cap; no rows without one
    causes: Array  # (cause, member) P&L of the cascade so far, as `attribution.Causes.in_order`


class Orders(NamedTuple):
    """What is traded in a round; entry r is round r, entry 0 is empty."""

    sale: Array  # (book,) fraction of what is held that is sold, after the participation cap
    build: Array  # (book,) k added; no rows where nobody builds
    asked: Array  # (trigger, book) fraction that each of `structure.triggers` wants sold, before the cap
    asked_build: Array  # (trigger, book) k that each of them wants added, before the cap; no rows where nobody builds


class Cascaded(NamedTuple):
    """One step's cascade, round by round."""

    moments: Moment
    orders: Orders
    age: Array  # (member,) int32 of the call open at the start of the cascade, -1 = none
    size: Array  # (member,) its size then
    outside: Array  # (flow, asset) each outside flow in round 1, fraction of ADV


class RecordedStep(NamedTuple):
    """One step of the path; a leading step axis is added."""

    draw: Array  # (asset,) log return of the outside draw
    report: StepReport  # without the path axis
    cascade: Cascaded | None  # None where nobody trades


def _first_column(tree: Tree) -> Tree:
    found: Tree = jax.tree.map(lambda x: x[..., 0] if x.ndim else x, tree)
    return found


def _split(structure: Structure, now: Round) -> tuple[Array, Array]:
    """Orders as the fraction of each book to sell and the k that it adds, each (book,); no rows where nobody builds."""
    order, held = now.order[:, 0], now.held[:, 0]
    sale = jnp.where(order > 0, order / jnp.where(held > 0, held, 1.0), 0.0)
    return sale, jnp.maximum(-order, 0.0)[: None if structure.builds else 0]


def _moment(
    structure: Structure, params: Params, state: State, terms: Terms, outside: OutsideFlows, now: Round
) -> Moment:
    held_gross = params.books.gross * now.held

    def value(by_shape: Array) -> Array:
        return books_to_members(structure, held_gross * shapes_to_books(structure, by_shape))

    required = required_now(structure, params, terms, now, counted(structure, now))
    flow = state.flow + now.forced
    if structure.outside:
        flow = flow + jnp.where(now.number > 0, outside.total, 0.0)
    return Moment(
        price=now.price[:, 0],
        flow=flow[:, 0],
        profit=now.profit[:, 0],
        worst=now.worst[:, 0],
        required=(jnp.zeros_like(now.profit) if required is None else required.by_member)[:, 0],
        gross=value(gross_value(params.books, now.price))[:, 0],
        net=value(net_value(params.books, now.price))[:, 0],
        sold=now.sold[:, 0],
        pending=now.pending[:, 0],
        held=now.held[:, 0],
        done=now.done[:, 0],
        causes=jnp.stack([cause[:, 0] for cause in now.causes.in_order()]),
    )


def _recorded_cascade(
    structure: Structure, params: Params, state: State, terms: Terms, outside: OutsideFlows, capacity: int
) -> tuple[Round, Calls, Cascaded]:
    """`cascade.cascade`, with up to `capacity` rounds kept."""
    now, calls, seen = before_rounds(structure, params, state, terms)

    def buffer(x: Array) -> Array:
        return jnp.zeros((capacity + 1, *x.shape), x.dtype)

    def put(kept: Tree, at: Array | int, value: Tree) -> Tree:
        changed: Tree = jax.tree.map(lambda every, x: every.at[at].set(x, mode="drop"), kept, value)
        return changed

    moment = _moment(structure, params, state, terms, outside, now)
    wanted = _first_column(asked(structure, params, state, seen, first=True))
    sale, build = _split(structure, now)
    idle = Orders(jnp.zeros_like(sale), jnp.zeros_like(build), *wanted)
    kept = Cascaded(
        moments=put(jax.tree.map(buffer, moment), 0, moment),
        orders=put(jax.tree.map(buffer, idle), 1, idle),
        age=calls.age[:, 0],
        size=calls.size[:, 0],
        outside=jnp.stack(outside.parts)[:, :, 0] if outside.parts else outside.total[None, :, 0][:0],
    )

    def one_round(rules: Structure, now: Round, kept: Cascaded) -> tuple[Round, Cascaded]:
        flow, now = None, beginning(rules, outside, now)
        if structure.participation:
            now, flow = within_participation(rules, params, now)
        number = now.number + 1
        sale, build = _split(structure, now)
        traded = kept.orders._replace(
            sale=kept.orders.sale.at[number].set(sale, mode="drop"),
            build=kept.orders.build.at[number].set(build, mode="drop"),
        )
        now = settle(rules, params, state, terms, outside, now, flow)
        now, seen = next_orders(rules, params, state, terms, calls, now)
        wanted = _first_column(asked(structure, params, state, seen, first=False))
        moments = put(kept.moments, number, _moment(structure, params, state, terms, outside, now))
        traded = traded._replace(
            asked=traded.asked.at[number + 1].set(wanted[0], mode="drop"),
            asked_build=traded.asked_build.at[number + 1].set(wanted[1], mode="drop"),
        )
        return now, kept._replace(moments=moments, orders=traded)

    now, kept = all_rounds(structure, outside, one_round, now, kept)
    return now, record_calls(calls, now.worst, terms.step) if structure.margin is not None else calls, kept


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
    source, room = drawn(structure, params, path_low, path_high)
    return _recorded(structure, params, path_low.shape[0], source, room, capacity)


def record_given(structure: Structure, params: Params, moves: Array, capacity: int) -> tuple[PathMetrics, RecordedStep]:
    """As `record`, of the path through given moves, (step, asset, path), the same in every column."""
    return _recorded(structure, params, moves.shape[2], given(moves), (), capacity)


def _recorded(
    structure: Structure, params: Params, paths: int, source: Source, room: Any, capacity: int
) -> tuple[PathMetrics, RecordedStep]:
    structure = structure._replace(attribution=True)
    begin = (start(structure, params, paths), room)
    Carry = tuple[State, Any]

    def one_step(carry: Carry, inputs: tuple[Array, Array]) -> tuple[Carry, RecordedStep]:
        (state, room), (index, script) = carry, inputs
        kept: list[Cascaded] = []  # by the step's one cascade; without feedback there is none

        def resolve(
            structure: Structure, params: Params, state: State, terms: Terms, outside: OutsideFlows
        ) -> tuple[Round, Calls]:
            last, calls, rounds = _recorded_cascade(structure, params, state, terms, outside, capacity)
            kept.append(rounds)
            return last, calls

        r, clipped, room = source(index, room)
        state = state._replace(counts=state.counts._replace(draws_clipped=state.counts.draws_clipped + clipped))
        state, report = advance(structure, params, state, r, script[:, None], index + 1, resolve)
        report = _first_column(report)
        return (state, room), RecordedStep(r[:, 0], report, kept[0] if kept else None)

    steps = jnp.arange(structure.steps, dtype=jnp.int32)
    (state, _), recorded = lax.scan(one_step, begin, (steps, params.shocks.script))
    return _first_column(finish(structure, params, state)), recorded
