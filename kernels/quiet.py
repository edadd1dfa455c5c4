"""A tile of paths on which nobody trades: the start book held through draws and scripts, and the first trigger.

This is the hold-still twin of every path. Where no trigger acts it is the path itself, so only the others have to be
simulated again with their sales (`path.simulate`); a scenario with outside buyers has no quiet paths.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.layout import books_to_members, members_to_books, shapes_to_books
from stress.kernels.linear import any_row, product
from stress.kernels.margin.requirement import base_haircut, multipliers, requirements, term_weights
from stress.kernels.market.simple_return import simple_return
from stress.kernels.market.volatility import update_variance
from stress.kernels.random.normals import Scratch
from stress.kernels.records import Params, Structure, Terms
from stress.kernels.shocks.draw import Source, draw, shock_scratch, sources
from stress.kernels.triggers.leverage_target import target_sale
from stress.kernels.triggers.stop_loss import drawdowns
from stress.kernels.triggers.vol_target import update_pnl_variance, vol_ceiling


class QuietMetrics(NamedTuple):
    """What the start book gives on each path, as fractions of the row's start NAV; the last row is the system."""

    loss: Array  # (row, path)
    max_drawdown: Array  # (row, path)
    first_trigger: Array  # (path,) int32 1-based step in which somebody may have to trade, 0 = never
    draws_clipped: Array  # (path,) int32


class Quiet(NamedTuple):
    """One tile between two steps. Rows that a structure does not need have length 0."""

    change: Array  # (asset, path) price - 1
    profit: Array  # (member, path) equity less NAV_0, over NAV_0
    variance: Array  # (asset, path) sigma^2 / sigma_0^2
    pnl_variance: Array  # (shape, path) of the P&L per unit gross, over its start
    book_pnl: Array  # (book, path)
    book_peak: Array  # (book, path)
    fund_peak: Array  # (member, path)
    group_peak: Array  # (row, path)
    drawdown: Array  # (row, path)
    first_trigger: Array  # (path,) int32
    draws_clipped: Array  # (path,) int32

    @property
    def equity(self) -> Array:
        """Equity of each fund, (member, path), fraction of NAV_0."""
        return 1.0 + self.profit


def _base_margin_alone(structure: Structure) -> bool:
    """Whether the requirement is linear in prices."""
    return structure.margin and not structure.margin_terms and not structure.portfolio_cases


def _asks_for_equity(structure: Structure) -> bool:
    """Whether a trigger reads the equity of a fund, and not only what it has beyond its requirement."""
    limits = structure.leverage_limit or structure.leverage_target
    return not _base_margin_alone(structure) or limits or structure.fund_ladder or structure.overlay_points > 0


def _start(structure: Structure, params: Params, paths: int) -> Quiet:
    dtype = params.draw_mean.dtype
    rows, book_rows = params.group_matrix.shape[0], structure.books if structure.book_ladder else 0
    return Quiet(
        change=jnp.zeros((structure.assets, paths), dtype),
        profit=jnp.zeros((structure.members if _asks_for_equity(structure) else 0, paths), dtype),
        variance=jnp.ones((structure.assets if structure.margin_terms else 0, paths), dtype),
        pnl_variance=jnp.ones((structure.shapes if structure.vol_target else 0, paths), dtype),
        book_pnl=jnp.zeros((book_rows, paths), dtype),
        book_peak=jnp.zeros((book_rows, paths), dtype),
        fund_peak=jnp.ones((structure.members if structure.fund_ladder else 0, paths), dtype),
        group_peak=jnp.ones((rows, paths), dtype),
        drawdown=jnp.zeros((rows, paths), dtype),
        first_trigger=jnp.zeros((paths,), jnp.int32),
        draws_clipped=jnp.zeros((paths,), jnp.int32),
    )


def _called(structure: Structure, params: Params, terms: Terms, tile: Quiet) -> Array:
    """Paths on which a fund's equity is gone or below its requirement, (path,) bool."""
    if not structure.margin:
        return any_row(tile.equity <= 0)
    if not _base_margin_alone(structure):
        start_gross = params.book_gross * params.start_held
        price = tile.change + 1.0
        required, _ = requirements(structure, params, terms, price, base_haircut(params, price), start_gross)
        return any_row((tile.equity <= 0) | (required > tile.equity))
    excess = params.excess_room + product(params.start_excess, tile.change)
    return any_row(excess < params.excess_limit)  # equity that is gone is below a requirement, too


def triggered(structure: Structure, params: Params, terms: Terms, tile: Quiet) -> Array:
    """Paths on which a fund is called, in default or beyond a limit of its own, (path,) bool."""
    alarm = _called(structure, params, terms, tile)
    if structure.leverage_limit or structure.leverage_target:
        value = shapes_to_books(structure, product(params.gross_shapes, tile.change + 1.0))
        gross = books_to_members(structure, params.book_gross * params.start_held * value)
        if structure.leverage_limit:
            alarm = alarm | any_row(gross > params.max_leverage * tile.equity)
        if structure.leverage_target:
            alarm = alarm | any_row(target_sale(params, tile.equity, gross) != 0)
    if structure.vol_target:
        alarm = alarm | any_row(vol_ceiling(structure, params, tile.pnl_variance) < params.start_held)
    if structure.book_ladder or structure.fund_ladder:
        alarm = alarm | any_row(drawdowns(structure, params, tile) >= params.ladder_start[0])
    if structure.overlay_points:
        alarm = alarm | any_row(members_to_books(structure, -tile.profit) >= params.overlay_start[0])
    return alarm


def quiet_step(structure: Structure, params: Params, tile: Quiet, draw: Array, script: Array, step: Array) -> Quiet:
    """Carry a tile through one step; arguments as for `step.advance`."""
    terms = Terms(
        multiplier=multipliers(structure, params, tile.variance) if structure.margin else (),
        weight=term_weights(params, step),
        depth=tile.change[:0],
        step=step,
    )
    news = draw + script
    gain = (tile.change + 1.0) * simple_return(structure, news)
    change, before = tile.change + gain, tile.change
    tile = tile._replace(change=change)
    if structure.book_ladder:
        by_book = shapes_to_books(structure, product(params.shapes, change))
        tile = tile._replace(book_pnl=params.book_gross * params.start_held * by_book)
    if structure.feedback:
        if _asks_for_equity(structure):
            tile = tile._replace(profit=product(params.start_exposure, change))
        starts = triggered(structure, params, terms, tile) & (tile.first_trigger == 0)
        tile = tile._replace(first_trigger=jnp.where(starts, step, tile.first_trigger))
    if structure.margin_terms:
        tile = tile._replace(variance=update_variance(params, tile.variance, news))
    if structure.vol_target:
        tile = tile._replace(pnl_variance=update_pnl_variance(params, tile.pnl_variance, before + 1.0, gain))
    equity = 1.0 + product(params.group_exposure, change)
    peak = jnp.maximum(tile.group_peak, equity)
    return tile._replace(
        group_peak=peak,
        drawdown=jnp.maximum(tile.drawdown, (peak - equity) / peak),
        fund_peak=jnp.maximum(tile.fund_peak, tile.equity) if structure.fund_ladder else tile.fund_peak,
        book_peak=jnp.maximum(tile.book_peak, tile.book_pnl) if structure.book_ladder else tile.book_peak,
    )


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
    Carry = tuple[Quiet, Scratch]

    def one_step(carry: Carry, inputs: tuple[Array, Array, Source]) -> tuple[Carry, None]:
        (tile, room), (index, script, source) = carry, inputs
        r, clipped, room = draw(structure, params, path_low, path_high, source, room)
        tile = quiet_step(structure, params, tile, r, script[:, None], index + 1)
        return (tile._replace(draws_clipped=tile.draws_clipped + clipped), room), None

    paths = path_low.shape[0]
    begin = (_start(structure, params, paths), shock_scratch(structure, params, paths))
    steps = jnp.arange(structure.steps, dtype=jnp.int32)
    (tile, _), _ = lax.scan(one_step, begin, (steps, params.script, sources(structure, params, path_low, path_high)))
    return QuietMetrics(
        loss=-product(params.group_exposure, tile.change),
        max_drawdown=tile.drawdown,
        first_trigger=tile.first_trigger,
        draws_clipped=tile.draws_clipped,
    )
