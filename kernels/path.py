"""A tile of paths from the first step to the last, and what it reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.cascade.today import no_trades
from stress.kernels.convexity import gross_value, still_pnl
from stress.kernels.course import no_course
from stress.kernels.layout import books_to_members, members_to_groups, shapes_to_books
from stress.kernels.linear import product
from stress.kernels.margin.calls import no_calls
from stress.kernels.outside.flows import no_outside_flows
from stress.kernels.params import Params
from stress.kernels.shocks.draw import draw, shock_keys, shock_room
from stress.kernels.state import Counts, State
from stress.kernels.step import advance
from stress.kernels.step_report import StepReport
from stress.kernels.structure import Structure
from stress.kernels.triggers.registry import start_states


class PathMetrics(NamedTuple):
    """What each path reports. USD amounts are fractions of the row's start NAV; the last row is the system."""

    fund_loss: Array  # (row, path)
    trough: Array  # (row, path) largest loss at any step end
    max_drawdown: Array  # (row, path)
    fund_loss_static: Array  # (row, path); like the next one (0, path) without a twin
    trough_static: Array  # (row, path)
    called: Array  # (row, path)
    forced_sales: Array  # (row, path)
    unliquidated: Array  # (row, path)
    called_share: Array  # (row, path) share of NAV_0 of the members that got a call
    defaulted_share: Array  # (row, path) likewise that defaulted
    first_call_step: Array  # (row, path) int32, 0 = none
    defaulted: Array  # (row, path) bool
    broker_loss: Array  # (broker, path) fraction of the system's NAV
    at_round_limit: Array  # (path,) bool
    at_impact_floor: Array  # (path,) int32 steps
    draws_clipped: Array  # (path,) int32
    forced_usd: Array  # (path,) bn USD
    beyond_depth_usd: Array  # (path,) bn USD


def start(structure: Structure, params: Params, paths: int) -> State:
    """The tile before the first step: prices 1, nothing sold, equity 1."""
    dtype = params.shocks.mean.dtype
    assets, books, members = structure.assets, structure.books, structure.members
    rows = params.reporting.group_matrix.shape[0]

    def zeros(n: int, kind: Any = dtype) -> Array:
        return jnp.zeros((n, paths), kind)

    def ones(n: int) -> Array:
        return jnp.ones((n, paths), dtype)

    split = structure.attribution and bool(structure.outside)
    return State(
        price=ones(assets),
        flow=zeros(assets),
        displacement=zeros(assets),
        of_flow=zeros(assets),
        forced=zeros(assets),
        variance=ones(assets if structure.volatility else 0),
        depth=ones(assets),
        held=jnp.broadcast_to(params.books.start_held, (books, paths)),
        profit=zeros(members),
        book_pnl=zeros(structure.managers if structure.book_pnl else 0),
        calls=no_calls(members, paths, dtype),
        defaulted=zeros(members, jnp.bool_),
        sold=zeros(members),
        built=zeros(members if structure.builds else 0),
        added=zeros(books if structure.builds else 0),
        course=no_course(rows, paths, dtype),
        static_change=zeros(assets if structure.twin else 0),
        static_trough=jnp.full((rows if structure.twin else 0, paths), -jnp.inf, dtype),
        any_flow=jnp.zeros((), bool),
        triggers=start_states(structure, params.triggers, paths, dtype),
        outside=no_outside_flows(structure, params.outside, paths, dtype),
        today=no_trades(structure, paths, dtype),
        forced_recent=zeros(assets if split else 0),
        of_forced=zeros(assets if split else 0),
        counts=Counts(
            at_round_limit=jnp.zeros((paths,), bool),
            draws_clipped=jnp.zeros((paths,), jnp.int32),
            at_impact_floor=jnp.zeros((paths,), jnp.int32),
            forced_usd=zeros(1),
            beyond_depth_usd=zeros(1),
        ),
    )


Source = Callable[[Array, Any], tuple[Array, Array, Any]]  # () int32 step from 0 on, carried -> draw, clipped, carried


def simulate(
    structure: Structure, params: Params, path_low: Array, path_high: Array, detail: bool = False
) -> tuple[PathMetrics, StepReport | None]:
    """Simulate one tile.

    Args:
        structure: what is compiled.
        params: numbers.
        path_low: (path,) uint32, low words of the 64-bit path ids.
        path_high: (path,) uint32, high words.
        detail: also split the P&L by cause, and return every step's report, stacked on a leading step axis.

    Returns:
        The metrics of each path and, with `detail`, the reports.
    """
    source, room = drawn(structure, params, path_low, path_high)
    return _through(structure, params, path_low.shape[0], source, room, detail)


def simulate_given(structure: Structure, params: Params, moves: Array) -> PathMetrics:
    """Simulate one tile through given moves in the place of the draw.

    Args:
        structure: what is compiled; its shock model is not read.
        params: numbers; the script is added as ever.
        moves: (step, asset, path) log returns, as `kernels.shocks.draw.moves_given` makes them.
    """
    metrics, _ = _through(structure, params, moves.shape[2], given(moves), (), detail=False)
    return metrics


def drawn(structure: Structure, params: Params, path_low: Array, path_high: Array) -> tuple[Source, Any]:
    """Draws from random numbers, and what they carry from step to step."""
    every = shock_keys(structure, params.shocks)

    def source(index: Array, room: Any) -> tuple[Array, Array, Any]:
        return draw(structure, params.shocks, path_low, path_high, every, index, room)

    return source, shock_room(structure, params.shocks, path_low.shape[0])


def given(moves: Array) -> Source:
    """Moves (step, asset, path) that are there already; nothing of them is clipped."""
    return lambda index, nothing: (moves[index], jnp.zeros((moves.shape[2],), jnp.int32), nothing)


def _through(
    structure: Structure, params: Params, paths: int, source: Source, room: Any, detail: bool
) -> tuple[PathMetrics, StepReport | None]:
    """The loop over steps."""
    structure = structure._replace(attribution=detail)
    Carry = tuple[State, Any]

    def one_step(carry: Carry, inputs: tuple[Array, Array]) -> tuple[Carry, StepReport | None]:
        (state, room), (index, script) = carry, inputs
        r, clipped, room = source(index, room)
        state = state._replace(counts=state.counts._replace(draws_clipped=state.counts.draws_clipped + clipped))
        state, report = advance(structure, params, state, r, script[:, None], index + 1)
        return (state, room), report if detail else None

    steps = jnp.arange(structure.steps, dtype=jnp.int32)
    (state, _), reports = lax.scan(one_step, (start(structure, params, paths), room), (steps, params.shocks.script))
    return finish(structure, params, state), reports


def finish(structure: Structure, params: Params, state: State) -> PathMetrics:
    """Metrics of each path from the tile's last state; what is in default and unsold is marked, not floored."""
    group, books = params.reporting.group_matrix, params.books
    value = books.gross * state.held * shapes_to_books(structure, gross_value(books, state.price))
    left = jnp.where(state.defaulted, books_to_members(structure, value), 0.0)
    first, defaulted = _by_group(structure, state)
    loss, trough = product(group, -state.profit), state.course.trough
    static, static_trough = loss[:0], state.static_trough
    if structure.twin:
        static = product(group, -still_pnl(books, state.static_change, structure.steps))
    if structure.twin and not structure.feedback:
        loss, trough = static, static_trough
    return PathMetrics(
        fund_loss=loss,
        trough=jnp.maximum(trough, loss),
        max_drawdown=state.course.drawdown,
        fund_loss_static=static,
        trough_static=jnp.maximum(static_trough, static),
        called=product(group, state.calls.called),
        forced_sales=product(group, state.sold),
        unliquidated=product(group, left),
        called_share=_share(group, state.calls.first > 0),
        defaulted_share=_share(group, state.defaulted),
        first_call_step=first,
        defaulted=defaulted,
        broker_loss=product(params.reporting.broker_matrix, jnp.maximum(-state.equity, 0.0)),
        at_round_limit=state.counts.at_round_limit,
        at_impact_floor=state.counts.at_impact_floor,
        draws_clipped=state.counts.draws_clipped,
        forced_usd=state.counts.forced_usd[0],
        beyond_depth_usd=state.counts.beyond_depth_usd[0],
    )


def _share(group: Array, members: Array) -> Array:
    """Share of each row's start NAV that some members hold, (member, path) bool -> (row, path)."""
    return jnp.minimum(product(group, members.astype(group.dtype)), 1.0)


def _by_group(structure: Structure, state: State) -> tuple[Array, Array]:
    """First call and default of each group and of the system: the earliest and any of its members."""
    never = jnp.int32(structure.steps + 1)
    first = members_to_groups(structure, jnp.where(state.calls.first > 0, state.calls.first, never), jnp.minimum)
    return jnp.where(first == never, 0, first), members_to_groups(structure, state.defaulted, jnp.logical_or)
