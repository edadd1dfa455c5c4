"""A tile of paths on which nobody trades: the start book held through draws and scripts, and the first trigger.

This is the hold-still twin of every path. Where no trigger acts it is the path itself, so only the others have to be
simulated again with their sales (`path.simulate`); a scenario with outside flows has no quiet paths.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.books import Books, book_pnl
from stress.kernels.course import Course, after_step, no_course
from stress.kernels.layout import books_to_managers
from stress.kernels.linear import product
from stress.kernels.margin.requirement import terms_of_step
from stress.kernels.market.loadings import whole
from stress.kernels.market.simple_return import simple_return
from stress.kernels.market.volatility import update_variance
from stress.kernels.params import Params
from stress.kernels.shocks.draw import Room, draw, shock_keys, shock_room
from stress.kernels.structure import Structure
from stress.kernels.triggers.protocol import QuietView, StepMoves, ends_day
from stress.kernels.triggers.registry import start_states, triggers_of


class QuietMetrics(NamedTuple):
    """What the start book gives on each path, as fractions of the row's start NAV; the last row is the system."""

    fund_loss: Array  # (row, path)
    trough: Array  # (row, path)
    max_drawdown: Array  # (row, path)
    first_trigger: Array  # (path,) int32 1-based step in which somebody may have to trade, 0 = never
    draws_clipped: Array  # (path,) int32


class Quiet(NamedTuple):
    """One tile between two steps. Rows that a structure does not need have length 0."""

    change: Array  # (asset, path) price - 1
    variance: Array  # (asset, path) sigma^2 / sigma_0^2
    triggers: dict[str, Any]  # own state of each trigger that is on
    course: Course
    first_trigger: Array  # (path,) int32
    draws_clipped: Array  # (path,) int32


def start(structure: Structure, params: Params, paths: int) -> Quiet:
    """The tile before the first step."""
    dtype = params.shocks.mean.dtype
    rows, terms = params.reporting.group_matrix.shape[0], structure.margin is not None and structure.margin.terms > 0
    return Quiet(
        change=jnp.zeros((structure.assets, paths), dtype),
        variance=jnp.ones((structure.assets if terms else 0, paths), dtype),
        triggers=start_states(structure, params.triggers, paths, dtype),
        course=no_course(rows, paths, dtype),
        first_trigger=jnp.zeros((paths,), jnp.int32),
        draws_clipped=jnp.zeros((paths,), jnp.int32),
    )


def alarms(structure: Structure, params: Params, own: dict[str, Any], still: QuietView) -> Array:
    """Paths on which some trigger may act, (path,) bool."""
    every = (t.alarm(params.triggers[t.name], own[t.name], still) for t in triggers_of(structure))
    raised = jnp.zeros(still.change.shape[1:], bool)
    for alarm in every:
        raised = raised if alarm is None else raised | alarm
    return raised


def quiet_step(structure: Structure, params: Params, tile: Quiet, draw: Array, script: Array, step: Array) -> Quiet:
    """Carry a tile through one step; arguments as for `step.advance`."""
    books, none = params.books, tile.change[:0]
    on = [(t, params.triggers[t.name]) for t in triggers_of(structure)]
    news = whole(structure, params.loadings, draw + script)
    gain = (tile.change + 1.0) * simple_return(structure, news)
    change, before = tile.change + gain, tile.change
    reads_equity = any(trigger.reads_equity(structure, record) for trigger, record in on)
    still = QuietView(
        structure=structure,
        books=books,
        margin=params.margin,
        terms=terms_of_step(structure, params.margin, tile.variance, step),
        change=change,
        profit=product(books.start_exposure, change) if reads_equity else none,
        book_pnl=_managers_pnl(structure, books, change) if structure.book_pnl else none,
    )
    first_trigger, own = tile.first_trigger, tile.triggers
    if on:
        starts = alarms(structure, params, own, still) & (first_trigger == 0)
        first_trigger = jnp.where(starts, step, first_trigger)
        moved = StepMoves(before + 1.0, books.start_held, gain, still.equity, still.book_pnl, ends_day(structure, step))
        own = {t.name: t.after_step(structure, books, record, own[t.name], moved) for t, record in on}
    variance = tile.variance
    if params.volatility is not None and variance.shape[0]:
        variance = update_variance(params.volatility, variance, news)
    return Quiet(
        change=change,
        variance=variance,
        triggers=own,
        course=after_step(tile.course, product(books.group_exposure, change)),
        first_trigger=first_trigger,
        draws_clipped=tile.draws_clipped,
    )


def _managers_pnl(structure: Structure, books: Books, change: Array) -> Array:
    return books_to_managers(structure, book_pnl(structure, books, books.start_held, change))


def hold_still(structure: Structure, params: Params, path_low: Array, path_high: Array) -> QuietMetrics:
    """Simulate one tile without sales.

    Args:
        structure: what is compiled.
        params: numbers.
        path_low: (path,) uint32, low words of the 64-bit path ids.
        path_high: (path,) uint32, high words.

    Returns:
        The twin's metrics of each path and the step of its first trigger.
    """
    every = shock_keys(structure, params.shocks)
    Carry = tuple[Quiet, Room]

    def one_step(carry: Carry, inputs: tuple[Array, Array]) -> tuple[Carry, None]:
        (tile, room), (index, script) = carry, inputs
        r, clipped, room = draw(structure, params.shocks, path_low, path_high, every, index, room)
        tile = quiet_step(structure, params, tile, r, script[:, None], index + 1)
        return (tile._replace(draws_clipped=tile.draws_clipped + clipped), room), None

    paths = path_low.shape[0]
    begin = (start(structure, params, paths), shock_room(structure, params.shocks, paths))
    steps = jnp.arange(structure.steps, dtype=jnp.int32)
    (tile, _), _ = lax.scan(one_step, begin, (steps, params.shocks.script))
    return finish(params, tile)


def finish(params: Params, tile: Quiet) -> QuietMetrics:
    """The metrics of a tile after its last step."""
    loss = -product(params.books.group_exposure, tile.change)
    return QuietMetrics(
        fund_loss=loss,
        trough=jnp.maximum(tile.course.trough, loss),
        max_drawdown=tile.course.drawdown,
        first_trigger=tile.first_trigger,
        draws_clipped=tile.draws_clipped,
    )
