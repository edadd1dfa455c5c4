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

from stress.compile.books import BILLION
from stress.engine.detail.by_name import by_name
from stress.engine.detail.fund_flows import banded_products, by_fund_and_asset, row_flows
from stress.engine.detail.invariants import Invariants, check, look_at
from stress.engine.tiles import TiledPaths, count_bins, over_devices, put_tile, tile_of
from stress.kernels.params import Params
from stress.kernels.path import simulate
from stress.kernels.step import StepReport
from stress.kernels.structure import Structure
from stress.results.dataset.components import component_names
from stress.results.statistics.histogram import FloatHistogram
from stress.results.statistics.simulation_output import Sample, Timeline

MEAN_BY_ROW = ("called_usd", "forced_sales_usd", "built_usd", "fund_loss", "fund_loss_static", "open_call")
MEAN_BY_ASSET = ("price", "depth", "volatility", "forced_flow_usd")
BY_ROW = ("gross_leverage", "net_leverage", "fund_loss")  # with quantiles, like the next two, fine near zero
BY_ASSET = ("price_change", "depth_lost")
FUND_FLOW = "fund_flow"  # by row of `fund_flows`
BINS = FloatHistogram.empty((), mantissa_bits=7, lo_exp=-14, hi_exp=10)
Program = Callable[[Params, ArrayLike, ArrayLike, ArrayLike], tuple["Detail", Array]]
TILES_PER_CALL = 16  # on each device


class Detail(NamedTuple):
    """What one tile gives; in a call's output a leading tile axis is added."""

    sums: dict[str, Array]  # (step, entity)
    squares: dict[str, Array]  # likewise; of the flow by fund (band, step, row)
    fund_loss: Array  # (row, path)
    fund_loss_static: Array
    attribution: Array  # (component, row, path)
    asset_pnl: Array  # (asset, path)
    rounds: Array  # (step,) int32 rounds that the tile needed
    invariants: Invariants


def leverage(position: Array, equity: Array, gross: Array) -> Array:
    """Position over equity; with equity at or below zero +inf while positions are held, 0 when flat."""
    positive = equity > 0
    return jnp.where(positive, position / jnp.where(positive, equity, 1.0), jnp.where(gross > 0, jnp.inf, 0.0))


def _tile(structure: Structure, params: Params, inputs: tuple[Array, Array, Array]) -> tuple[Detail, Array]:
    low, high, valid = inputs
    metrics, reports = simulate(structure, params, low, high, detail=True)
    if not isinstance(reports, StepReport):
        raise TypeError("a detailed simulation returns a report")

    def grouped(x: Array) -> Array:
        return jnp.einsum("rf,sft->srt", params.reporting.group_matrix, x, precision=lax.Precision.HIGHEST)

    def by_step(cumulative: Array) -> Array:
        return jnp.diff(cumulative, axis=0, prepend=jnp.zeros_like(cumulative[:1]))

    profit, gross = grouped(reports.profit), grouped(reports.gross)
    equity = 1.0 + profit
    spans = (*structure.group_members, (0, structure.members))
    in_call = jnp.stack([jnp.any(reports.call_open[:, a:b], axis=1) for a, b in spans], axis=1)
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
        "open_call": in_call.astype(equity.dtype),
        "forced_flow_usd": reports.forced * params.books.adv[None],
    }
    if structure.builds:
        values["built_usd"] = grouped(by_step(reports.built))
    if structure.volatility:
        values["volatility"] = jnp.sqrt(reports.variance)
    masked = {name: jnp.where(valid, values[name], 0.0) for name in (*MEAN_BY_ROW, *MEAN_BY_ASSET) if name in values}
    flow = jnp.where(valid, row_flows(structure, params, reports.held), 0.0)
    parts = (reports.outside, *reports.causes.in_order(), reports.rebound)
    joined = join_steps([values[name] for name in (*BY_ROW, *BY_ASSET)])
    counts = count_bins(joined.reshape(1, -1, joined.shape[-1]), valid[None], BINS).reshape(
        *joined.shape[:2], BINS.bins
    )
    detail = Detail(
        sums={name: value.sum(-1) for name, value in masked.items()} | {FUND_FLOW: flow.sum(-1)},
        squares={name: (value * value).sum(-1) for name, value in masked.items()}
        | {FUND_FLOW: banded_products(structure, flow)},
        fund_loss=metrics.fund_loss,
        fund_loss_static=metrics.fund_loss_static,
        attribution=jnp.stack([grouped(part).sum(0) for part in parts]),
        asset_pnl=reports.asset_pnl.sum(0),
        rounds=reports.rounds,
        invariants=look_at(structure, params, reports, valid),
    )
    return detail, counts


def join_steps(parts: list[Array]) -> Array:
    """Parts of shape (step, entity, path) below each other."""
    return jnp.concatenate([lax.optimization_barrier(part) for part in parts], axis=1)


@lru_cache(maxsize=8)
def _compiled(structure: Structure, mesh: Mesh) -> Any:
    def shard(params: Params, low: Array, high: Array, valid: Array) -> tuple[Detail, Array]:
        @partial(jax.jit, inline=True)  # else it would be traced twice
        def tile(inputs: tuple[Array, Array, Array]) -> tuple[Detail, Array]:
            return _tile(structure, params, inputs)

        def one(i: Array, carry: tuple[Detail, Array]) -> tuple[Detail, Array]:
            outputs, counts = carry
            result, counted = tile(tile_of((low, high, valid), i))
            return put_tile(outputs, i, result), counts + counted

        shapes, counted = jax.eval_shape(tile, (low[0], high[0], valid[0]))
        start = jax.tree.map(lambda x: jnp.zeros((low.shape[0], *x.shape), x.dtype), shapes)
        used = jnp.sum(jnp.any(valid, axis=1), dtype=jnp.int32)
        outputs, counts = lax.fori_loop(0, used, one, (start, jnp.zeros(counted.shape, counted.dtype)))
        return outputs, counts[None]

    return over_devices(shard, mesh, 3)


def tiles_of_a_call(mesh: Mesh, tile: int, paths: int) -> int:
    """Tiles of one call of the detailed program for so many paths."""
    devices = int(mesh.devices.size)
    return devices * min(TILES_PER_CALL, -(-paths // (tile * devices)))


def compile_detail(structure: Structure, params: Params, mesh: Mesh, tile: int, paths: int) -> Program:
    """The detailed program, compiled ahead of its first call."""
    some = TiledPaths(np.zeros(1, np.uint64), tiles_of_a_call(mesh, tile, paths), tile, int(mesh.devices.size))
    program: Program = _compiled(structure, mesh).lower(params, *some.words()).compile()
    return program


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
    sums: dict[str, npt.NDArray[np.float64]] = {}
    squares: dict[str, npt.NDArray[np.float64]] = {}
    loss = np.empty((rows, paths))
    static = np.empty((rows, paths))
    found = component_names(structure.outside)
    attribution = np.empty((len(found), rows, paths))
    asset_pnl = np.empty((assets, paths))
    residual = 0.0
    for first in range(0, paths, tiles * tile):
        last = min(first + tiles * tile, paths)
        tiled = TiledPaths(np.arange(first, last, dtype=np.uint64), tiles, tile, devices)
        out, counted = jax.device_get(program(params, *tiled.words()))
        counts += counted.sum(axis=0, dtype=np.int64)
        rounds = np.maximum(rounds, out.rounds.max(axis=0))
        residual = max(residual, check(out.invariants, str(params.shocks.mean.dtype)))
        for name in out.sums:  # tile by tile: the same order of additions whatever the number of devices
            for total, by_tile in ((sums, out.sums[name]), (squares, out.squares[name])):
                for one in tiled.in_order(by_tile):
                    total[name] = total.get(name, 0.0) + one.astype(np.float64)
        kept = (
            (loss, out.fund_loss),
            (static, out.fund_loss_static),
            (attribution, out.attribution),
            (asset_pnl, out.asset_pnl),
        )
        for target, source in kept:
            target[..., first:last] = tiled.by_path(source)
        progress(last)
    units = {"called_usd": nav, "forced_sales_usd": nav, "built_usd": nav, "forced_flow_usd": np.full(assets, BILLION)}
    flow = by_fund_and_asset(structure, params, sums.pop(FUND_FLOW), squares.pop(FUND_FLOW), paths)
    means = {name: _mean(sums[name], squares[name], paths, units.get(name)) for name in sums}
    every = component_names()
    components = dict(zip(every, by_name(attribution, found, every, axis=0), strict=True))
    ends = np.cumsum(list(entities.values()))
    quantiles = {
        name: FloatHistogram(counts[:, end - n : end].copy(), BINS.mantissa_bits, BINS.lo_exp, BINS.hi_exp)
        for (name, n), end in zip(entities.items(), ends, strict=True)
    }
    timeline = Timeline(paths, quantiles, means, rounds, (flow[0] * BILLION, flow[1] * BILLION))
    return Sample(loss, static, components, asset_pnl, residual), timeline


def _mean(
    total: npt.NDArray[np.float64],
    square: npt.NDArray[np.float64],
    paths: int,
    unit: npt.NDArray[np.float64] | None,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    mean = total / paths
    variance = np.maximum(square / paths - mean**2, 0.0)
    error = np.sqrt(variance / max(paths - 1, 1))
    return (mean, error) if unit is None else (mean * unit, error * unit)
