"""The first paths in detail: step by step for the timeline, component by component for the attribution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from stress.engine.detail.call_size import tiles_of_a_call
from stress.engine.detail.course import WorstCourses, WorstPaths
from stress.engine.detail.exposure import exposure_sums
from stress.engine.detail.exposure import kept as exposures_kept
from stress.engine.detail.fund_flows import flow_sums
from stress.engine.detail.invariants import Invariants, check, look_at
from stress.engine.detail.parts import PATHS, by_row, part_names, parts, simulate_parts
from stress.engine.detail.quantiles import BY_ASSET, BY_ROW, Counts, Quantiles
from stress.engine.detail.tables import FLOW_BY_FUND, PLAIN, TOTALLED, Sums, moments
from stress.engine.detail.tail import sums_of, worst_slices
from stress.engine.kept.programs import ready
from stress.engine.path_tables import joined, metrics_table, select_paths
from stress.engine.sizes import SHARED_PATHS
from stress.engine.tiles import TiledPaths, over_devices, put_tile, tile_of
from stress.kernels.linear import worked_out
from stress.kernels.params import Params
from stress.kernels.path import PathMetrics
from stress.kernels.step_report import StepReport
from stress.kernels.structure import Structure
from stress.results.dataset.components import WORST, component_names
from stress.results.statistics.contributions import paths_looked_at
from stress.results.statistics.simulation_output import Sample, Timeline

Program = Callable[[Params, ArrayLike, ArrayLike, ArrayLike, ArrayLike], tuple["Detail", Counts]]


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


def _tile(structure: Structure, params: Params, inputs: tuple[Array, Array, Array, Array]) -> tuple[Detail, Counts]:
    """What a tile gives, and the values whose quantiles are wanted, (step, entity, path) of funds and of assets."""
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
    components = (reports.outside, *reports.causes.in_order(), reports.rebound)
    joined = (join_steps([values[name] for name in BY_ROW]), join_steps([values[name] for name in BY_ASSET]))
    sums = {name: value.sum(-1) for name, value in masked.items()}
    squares = {name: (value * value).sum(-1) for name, value in masked.items()}
    sums["fund_flow"], squares["fund_flow"] = flow_sums(structure, params, reports, valid)
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
    quantiles = _quantiles(structure)

    def shard(params: Params, low: Array, high: Array, valid: Array, apart: Array) -> tuple[Detail, Counts]:
        @partial(jax.jit, inline=True)  # else it would be traced twice
        def tile(inputs: tuple[Array, Array, Array, Array]) -> tuple[Detail, Counts]:
            return _tile(structure, params, inputs)

        def one(i: Array, carry: tuple[Detail, Counts]) -> tuple[Detail, Counts]:
            outputs, counts = carry
            inputs = tile_of((low, high, valid, apart), i)
            result, values = tile(inputs)
            return put_tile(outputs, i, result), quantiles.counted(counts, values, inputs[2])

        shapes, _ = jax.eval_shape(tile, (low[0], high[0], valid[0], apart[0]))
        start = jax.tree.map(lambda x: jnp.zeros((low.shape[0], *x.shape), x.dtype), shapes)
        used = jnp.sum(jnp.any(valid, axis=1), dtype=jnp.int32)
        outputs, (of_rows, of_assets) = lax.fori_loop(0, used, one, (start, quantiles.nothing()))
        return outputs, (of_rows[None], of_assets[None])

    return over_devices(shard, mesh, 4)


def _quantiles(structure: Structure) -> Quantiles:
    return Quantiles(structure.steps, len(structure.group_members) + len(structure.groups) + 1, structure.assets)


def compile_detail(structure: Structure, params: Params, mesh: Mesh, tile: int, paths: int) -> Program:
    """The detailed program, ready ahead of its first call."""
    devices = int(mesh.devices.size)
    some = TiledPaths(np.zeros(1, np.uint64), tiles_of_a_call(structure, devices, tile, paths), tile, devices)
    return ready(_compiled(structure, mesh), "detail", structure, mesh, (params, *some.words(), some.valid))


def collect_detail(
    program: Program,
    structure: Structure,
    params: Params,
    mesh: Mesh,
    tile: int,
    paths: int,
    nav: npt.NDArray[np.float64],
    levels: Sequence[str],
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
        levels: whose contributions by asset are asked for.
        progress: called with the number of paths done.

    Raises:
        InvariantFailed: see `stress.engine.detail.invariants`.
    """
    devices = int(mesh.devices.size)
    tiles = tiles_of_a_call(structure, devices, tile, paths)
    rows, of_quantiles = len(nav), _quantiles(structure)
    quantiles = of_quantiles.on_the_host()
    rounds = np.zeros(structure.steps, np.int64)
    sums = Sums()
    loss = np.empty((rows, paths))
    static = np.empty((rows, paths))
    causes = component_names(structure.outside, bool(structure.sources))
    attribution = np.empty((len(causes), rows, paths))
    asset_pnl = WorstPaths(paths_looked_at(levels, paths), structure.assets)
    residual, courses, kept_apart = 0.0, WorstCourses(paths, structure.steps), []
    apart = np.arange(paths) < PATHS
    split = np.empty((len(part_names(structure)), rows, int(apart.sum())))
    for first in range(0, paths, tiles * tile):
        last = min(first + tiles * tile, paths)
        tiled = TiledPaths(np.arange(first, last, dtype=np.uint64), tiles, tile, devices)
        chosen = apart[first:last]
        words = (*tiled.words(), tiled.lay_out(chosen) & tiled.valid)
        out, counted = program(params, *words)
        out = jax.device_get(out)
        of_quantiles.add(quantiles, counted)
        del counted  # before the next call makes as many
        rounds = np.maximum(rounds, out.rounds.max(axis=0))
        residual = max(residual, check(out.invariants, str(params.shocks.mean.dtype)))
        sums.add(tiled, out.sums, out.squares)
        split[..., first : first + chosen.sum()] = tiled.by_path(out.parts)[..., chosen]
        kept = (
            (loss, out.metrics.fund_loss),
            (static, out.metrics.fund_loss_static),
            (attribution, out.attribution),
        )
        for target, source in kept:
            target[..., first:last] = tiled.by_path(source)
        asset_pnl.add(first, loss[-1, first:last], tiled.by_path(out.asset_pnl))
        courses.add(first, loss[-1, first:last], tiled.by_path(out.course))
        if first < SHARED_PATHS:
            kept_apart.append(metrics_table(tiled, out.metrics))
        progress(last)
    sums.paths, sums.apart = paths, int(apart.sum())
    found = moments(structure, params, sums, nav)
    every = component_names(loadings=bool(structure.sources))
    components = dict(zip(every, by_name(attribution, causes, every, axis=0), strict=True))
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
    by_asset = asset_pnl.by_id()
    return Sample(loss, static, components, *by_asset, by_part, residual, standing, shared), timeline
