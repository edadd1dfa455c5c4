"""The first paths in detail: step by step for the timeline, component by component for the attribution."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array, lax
from jax.sharding import Mesh
from jax.typing import ArrayLike

from stress.engine.detail.by_name import by_name
from stress.engine.detail.course import WorstCourses
from stress.engine.detail.exposure import exposure_sums
from stress.engine.detail.exposure import kept as exposures_kept
from stress.engine.detail.fund_flows import banded_products, row_flows
from stress.engine.detail.invariants import Invariants, check, look_at
from stress.engine.detail.parts import PATHS, by_row, part_names, parts, simulate_parts
from stress.engine.detail.tables import FLOW_BY_FUND, PLAIN, TOTALLED, Sums, moments
from stress.engine.detail.tail import sums_of, worst_slices
from stress.engine.kept.programs import ready
from stress.engine.path_tables import joined, metrics_table, select_paths
from stress.engine.sizes import SHARED_PATHS
from stress.engine.tiles import TiledPaths, count_bins, no_counts, over_devices, put_tile, tile_of
from stress.kernels.linear import worked_out
from stress.kernels.params import Params
from stress.kernels.path import PathMetrics
from stress.kernels.step_report import StepReport
from stress.kernels.structure import Structure
from stress.results.dataset.components import WORST, component_names
from stress.results.statistics.histogram import FloatHistogram
from stress.results.statistics.simulation_output import Sample, Timeline

BY_ROW = ("gross_leverage", "net_leverage", "fund_loss")  # with quantiles, like the next two, fine near zero
BY_ASSET = ("price_change", "depth_lost")
BINS = FloatHistogram.empty((), mantissa_bits=7, lo_exp=-14, hi_exp=10)
Program = Callable[[Params, ArrayLike, ArrayLike, ArrayLike, ArrayLike], tuple["Detail", Array]]
PATHS_PER_CALL = 16_384  # on each device


class Detail(NamedTuple):
    """What one tile gives; in a call's output a leading tile axis is added."""

    sums: dict[str, Array]  # by the names of `tables`
    squares: dict[str, Array]  # likewise
    metrics: PathMetrics
    course: Array  # (step, path) loss of the whole system up to the step
    parts: Array  # (part, row, path) of the loss, where it is taken apart
    attribution: Array  # (component, row, path)
    asset_pnl: Array  # (asset, path)
    rounds: Array  # (step,) int32 rounds that the tile needed
    invariants: Invariants


def leverage(position: Array, equity: Array, gross: Array) -> Array:
    """Position over equity; with equity at or below zero +inf while positions are held, 0 when flat."""
    positive = equity > 0
    return jnp.where(positive, position / jnp.where(positive, equity, 1.0), jnp.where(gross > 0, jnp.inf, 0.0))


def _tile(structure: Structure, params: Params, inputs: tuple[Array, Array, Array, Array]) -> tuple[Detail, Array]:
    """What a tile gives, and the values whose quantiles are wanted, (step, entity, path)."""
    low, high, valid, apart = inputs
    metrics, reports, others = simulate_parts(structure, params, low, high, jnp.any(apart))

    def grouped(x: Array) -> Array:
        return by_row(params, x)

    def by_step(cumulative: Array) -> Array:
        return jnp.diff(cumulative, axis=0, prepend=jnp.zeros_like(cumulative[:1]))

    profit, gross = grouped(reports.profit), grouped(reports.gross)
    equity = 1.0 + profit
    funds, everybody = (slice(*span) for span in structure.group_members), slice(0, structure.members)
    rows = (*funds, *(np.array(members) for members in structure.groups), everybody)
    in_call = jnp.stack([jnp.any(reports.call_open[:, row], axis=1) for row in rows], axis=1)
    values = {
        "gross_leverage": leverage(gross, equity, gross),
        "net_leverage": leverage(grouped(reports.net), equity, gross),
        "price": reports.price,
        "price_change": reports.price - 1.0,
        "depth": reports.depth,
        "depth_lost": 1.0 - reports.depth,
        "called_usd": grouped(by_step(reports.called)),
        "forced_sales_usd": grouped(by_step(reports.sold)),
        "fund_loss": -profit,
        "fund_loss_static": -grouped(reports.static_profit),
        "added_loss": grouped(reports.static_profit) - profit,
        "open_call": in_call.astype(equity.dtype),
        "forced_flow_usd": reports.forced * params.books.adv[None],
    }
    if structure.builds:
        values["built_usd"] = grouped(by_step(reports.built))
    if structure.volatility:
        values["volatility"] = jnp.sqrt(reports.variance)
    masked = {name: jnp.where(valid, values[name], 0.0) for name in PLAIN if name in values}
    masked |= {name: jnp.where(valid, value, 0.0) for name, value in _more(structure, params, reports).items()}
    masked |= {f"total_{name}": masked[name].sum(0) for name in TOTALLED if name in masked}
    split = jnp.stack(parts(structure, values["fund_loss_static"], -others, values["fund_loss"]), axis=1)
    masked["loss_part"] = jnp.where(apart, split, 0.0)
    flow = jnp.where(valid, row_flows(structure, params, reports.held), 0.0)
    components = (reports.outside, *reports.causes.in_order(), reports.rebound)
    joined = join_steps([values[name] for name in (*BY_ROW, *BY_ASSET)])
    sums = {name: value.sum(-1) for name, value in masked.items()} | {"fund_flow": flow.sum(-1)}
    squares = {name: (value * value).sum(-1) for name, value in masked.items()}
    squares["fund_flow"] = banded_products(structure, flow)
    if exposures_kept(structure):
        sums["exposure"], squares["exposure"] = exposure_sums(structure, params, reports.held, reports.price, valid)
    detail = Detail(
        sums=sums,
        squares=squares,
        metrics=metrics,
        course=values["fund_loss"][:, -1],
        parts=split[-1],
        attribution=jnp.stack([grouped(part).sum(0) for part in components]),
        asset_pnl=reports.asset_pnl.sum(0),
        rounds=reports.rounds,
        invariants=look_at(structure, params, reports, valid),
    )
    return detail, joined


def _more(structure: Structure, params: Params, reports: StepReport) -> dict[str, Array]:
    """What is asked for by which trigger and what outside flows do, each (step, ..., path)."""
    found = {"sold_by_trigger": by_row(params, reports.by_trigger.sold)} if reports.by_trigger.sold.shape[1] else {}
    if reports.by_trigger.built.shape[1]:
        found["built_by_trigger"] = by_row(params, reports.by_trigger.built)
    if structure.outside:
        found["purchases"] = reports.purchases * params.books.adv
    return found | reports.told


def join_steps(parts: list[Array]) -> Array:
    """Parts of shape (step, entity, path) below each other."""
    return jnp.concatenate([worked_out(part) for part in parts], axis=1)


@lru_cache(maxsize=8)
def _compiled(structure: Structure, mesh: Mesh) -> Any:
    def shard(params: Params, low: Array, high: Array, valid: Array, apart: Array) -> tuple[Detail, Array]:
        @partial(jax.jit, inline=True)  # else it would be traced twice
        def tile(inputs: tuple[Array, Array, Array, Array]) -> tuple[Detail, Array]:
            return _tile(structure, params, inputs)

        def one(i: Array, carry: tuple[Detail, Array]) -> tuple[Detail, Array]:
            outputs, counts = carry
            inputs = tile_of((low, high, valid, apart), i)
            result, values = tile(inputs)
            flat = values.reshape(1, -1, values.shape[-1])
            return put_tile(outputs, i, result), count_bins(counts, flat, inputs[2][None], BINS)

        shapes, values = jax.eval_shape(tile, (low[0], high[0], valid[0], apart[0]))
        start = jax.tree.map(lambda x: jnp.zeros((low.shape[0], *x.shape), x.dtype), shapes)
        used = jnp.sum(jnp.any(valid, axis=1), dtype=jnp.int32)
        steps, entities, _ = values.shape
        outputs, counts = lax.fori_loop(0, used, one, (start, no_counts(steps * entities, BINS)))
        return outputs, counts.reshape(1, steps, entities, BINS.bins)

    return over_devices(shard, mesh, 4)


def tiles_of_a_call(mesh: Mesh, tile: int, paths: int) -> int:
    """Tiles of one call of the detailed program for so many paths."""
    devices = int(mesh.devices.size)
    return devices * min(max(1, PATHS_PER_CALL // tile), -(-paths // (tile * devices)))


def compile_detail(structure: Structure, params: Params, mesh: Mesh, tile: int, paths: int) -> Program:
    """The detailed program, ready ahead of its first call."""
    some = TiledPaths(np.zeros(1, np.uint64), tiles_of_a_call(mesh, tile, paths), tile, int(mesh.devices.size))
    return ready(_compiled(structure, mesh), "detail", structure, mesh, (params, *some.words(), some.valid))


def collect_detail(
    program: Program,
    structure: Structure,
    params: Params,
    mesh: Mesh,
    tile: int,
    paths: int,
    nav: npt.NDArray[np.float64],
    progress: Callable[[int], None],
) -> tuple[Sample, Timeline]:
    """Simulate paths 0 .. paths - 1 and keep their timeline statistics, losses, attribution and P&L by asset.

    Args:
        program: from `compile_detail` with the same arguments.
        structure: what is compiled.
        params: numbers.
        mesh: devices.
        tile: paths of one tile.
        paths: how many.
        nav: (row,) USD, system last; turns fractions of NAV into USD.
        progress: called with the number of paths done.

    Raises:
        InvariantFailed: see `stress.engine.detail.invariants`.
    """
    devices, tiles = int(mesh.devices.size), tiles_of_a_call(mesh, tile, paths)
    rows, assets = len(nav), structure.assets
    entities = dict.fromkeys(BY_ROW, rows) | dict.fromkeys(BY_ASSET, assets)
    counts = np.zeros((structure.steps, sum(entities.values()), BINS.bins), np.int64)
    rounds = np.zeros(structure.steps, np.int64)
    sums = Sums()
    loss = np.empty((rows, paths))
    static = np.empty((rows, paths))
    causes = component_names(structure.outside, bool(structure.sources))
    attribution = np.empty((len(causes), rows, paths))
    asset_pnl = np.empty((assets, paths))
    residual, courses, kept_apart = 0.0, WorstCourses(paths, structure.steps), []
    apart = np.arange(paths) < PATHS
    split = np.empty((len(part_names(structure)), rows, int(apart.sum())))
    for first in range(0, paths, tiles * tile):
        last = min(first + tiles * tile, paths)
        tiled = TiledPaths(np.arange(first, last, dtype=np.uint64), tiles, tile, devices)
        chosen = apart[first:last]
        words = (*tiled.words(), tiled.lay_out(chosen) & tiled.valid)
        out, counted = jax.device_get(program(params, *words))
        counts += counted.sum(axis=0, dtype=np.int64)
        rounds = np.maximum(rounds, out.rounds.max(axis=0))
        residual = max(residual, check(out.invariants, str(params.shocks.mean.dtype)))
        sums.add(tiled, out.sums, out.squares)
        split[..., first : first + chosen.sum()] = tiled.by_path(out.parts)[..., chosen]
        kept = (
            (loss, out.metrics.fund_loss),
            (static, out.metrics.fund_loss_static),
            (attribution, out.attribution),
            (asset_pnl, out.asset_pnl),
        )
        for target, source in kept:
            target[..., first:last] = tiled.by_path(source)
        courses.add(first, loss[-1, first:last], tiled.by_path(out.course))
        if first < SHARED_PATHS:
            kept_apart.append(metrics_table(tiled, out.metrics))
        progress(last)
    sums.paths, sums.apart = paths, int(apart.sum())
    found = moments(structure, params, sums, nav)
    every = component_names(loadings=bool(structure.sources))
    components = dict(zip(every, by_name(attribution, causes, every, axis=0), strict=True))
    ends = np.cumsum(list(entities.values()))
    quantiles = {
        name: FloatHistogram(counts[:, end - n : end].copy(), BINS.mantissa_bits, BINS.lo_exp, BINS.hi_exp)
        for (name, n), end in zip(entities.items(), ends, strict=True)
    }
    tables = {name: one.table() for name, one in found.items()}
    flow = tables.pop(FLOW_BY_FUND)
    means = {name: (one.mean, one.error) for name, one in tables.items() if name in PLAIN}
    rest = {name: one for name, one in tables.items() if name not in PLAIN}

    def again(tiled: TiledPaths, valid: npt.NDArray[np.bool_]) -> Detail:
        low, high, _ = tiled.words()
        done: Detail = jax.device_get(program(params, low, high, valid, np.zeros_like(valid))[0])
        return done

    summed = partial(sums_of, again, tiles, tile, devices)
    slices = worst_slices(loss[-1], WORST, summed, lambda of: moments(structure, params, of, nav))
    timeline = Timeline(paths, quantiles, means, rounds, (flow.mean, flow.error), rest, slices)
    by_part = dict(zip(part_names(structure), split, strict=True))
    shared = select_paths(joined(kept_apart), np.arange(min(paths, SHARED_PATHS), dtype=np.uint64))
    standing = (courses.representative(), courses.count)
    return Sample(loss, static, components, asset_pnl, by_part, residual, standing, shared), timeline
