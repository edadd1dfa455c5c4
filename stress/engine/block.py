"""Blocks of paths as compiled calls: tiles spread over the devices, with their statistics.

Two programs. `quiet_block` holds the start book still and finds the paths on which somebody may have to trade;
`sales_block` simulates paths with all their sales. In a scenario without outside buyers only the paths that the first
picks out go through the second, packed into tiles in any order: a path's numbers depend on its id alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.sharding import Mesh

from stress.engine.tiles import count_bins, limbs, map_tiles, over_devices
from stress.kernels.params import Params
from stress.kernels.path import PathMetrics, simulate
from stress.kernels.quiet import QuietMetrics, hold_still
from stress.kernels.structure import Structure
from stress.results.statistics.exact_sum import LARGEST
from stress.results.statistics.simulation_output import LARGE_LOSS, PATH_METRICS


class QuietSums(NamedTuple):
    """Sums over the paths of a tile on which nobody trades; exact, as limbs (see `tiles.limbs`)."""

    sums: Array  # (loss and drawdown, row, group, limb)
    squares: Array  # (loss and drawdown, row, group, limb)
    large_losses: Array  # (row,) int32 paths
    draws_clipped: Array  # () int32
    broken: Array  # () int32 values that are not finite or too large


class QuietBlock(NamedTuple):
    """What a call of the quiet program returns."""

    metrics: QuietMetrics  # each (tile, row, path): all paths
    sums: QuietSums  # each with a leading tile axis: paths without a trigger
    histogram: Array  # (device, row, bin) int32: losses of paths without a trigger


class SalesSums(NamedTuple):
    """Sums over all paths of a tile; exact, as limbs."""

    sums: Array  # (metric, row, group, limb)
    squares: Array  # (metric, row, group, limb)
    cross: Array  # (row, group, limb) loss times static loss
    broker_sums: Array  # (broker, group, limb)
    broker_squares: Array  # (broker, group, limb)
    flows: Array  # (2, group, limb): forced flow and its part beyond a day's depth, scaled
    large_losses: Array  # (row,) int32 paths
    called: Array  # (row,) int32 paths
    defaulted: Array  # (row,) int32 paths
    broker_losses: Array  # (broker,) int32 paths
    at_round_limit: Array  # () int32 paths
    draws_clipped: Array  # () int32
    prices_floored: Array  # () int32
    broken: Array  # () int32 values that are not finite or too large


class SalesBlock(NamedTuple):
    """What a call of the program with sales returns."""

    metrics: PathMetrics  # each (tile, row, path)
    sums: SalesSums  # each with a leading tile axis
    histogram: Array  # (device, distribution, bin) int32: losses of rows, static losses of rows, broker losses


def _count(where: Array) -> Array:
    return jnp.sum(where, axis=-1, dtype=jnp.int32)


def _broken(values: Array) -> Array:
    return jnp.sum(~(jnp.abs(values) < LARGEST), dtype=jnp.int32)


def quiet_sums(metrics: QuietMetrics, valid: Array) -> QuietSums:
    """Sums of a tile over its valid paths without a trigger."""
    calm = valid & (metrics.first_trigger == 0)
    loss, drawdown = (jnp.where(calm, x, 0.0) for x in (metrics.loss, metrics.max_drawdown))
    return QuietSums(
        sums=jnp.stack([limbs(loss), limbs(drawdown)]),
        squares=jnp.stack([limbs(loss * loss), limbs(drawdown * drawdown)]),
        large_losses=_count(loss > LARGE_LOSS),
        draws_clipped=_count(jnp.where(calm, metrics.draws_clipped, 0)),
        broken=_broken(metrics.loss) + _broken(metrics.max_drawdown),
    )


def sales_sums(params: Params, metrics: PathMetrics, valid: Array) -> SalesSums:
    """Sums of a tile over its valid paths."""
    every = [getattr(metrics, name) for name in PATH_METRICS]
    masked = [jnp.where(valid, x, 0.0) for x in every]
    broker = jnp.where(valid, metrics.broker_loss, 0.0)
    flows = jnp.where(
        valid, jnp.stack([metrics.forced_usd, metrics.beyond_depth_usd]) * params.reporting.flow_scale, 0.0
    )
    return SalesSums(
        sums=jnp.stack([limbs(x) for x in masked]),
        squares=jnp.stack([limbs(x * x) for x in masked]),
        cross=limbs(masked[0] * masked[1]),
        broker_sums=limbs(broker),
        broker_squares=limbs(broker * broker),
        flows=limbs(flows),
        large_losses=_count(masked[0] > LARGE_LOSS),
        called=_count(valid & (metrics.first_call_step > 0)),
        defaulted=_count(valid & metrics.defaulted),
        broker_losses=_count(broker > 0),
        at_round_limit=_count(valid & metrics.at_round_limit),
        draws_clipped=_count(jnp.where(valid, metrics.draws_clipped, 0)),
        prices_floored=_count(jnp.where(valid, metrics.at_impact_floor, 0)),
        broken=sum((_broken(x) for x in (*every, broker, flows)), jnp.int32(0)),
    )


@lru_cache(maxsize=32)
def quiet_block(structure: Structure, mesh: Mesh) -> Callable[..., QuietBlock]:
    """The jitted `(params, low, high, valid) -> QuietBlock` for tiles of shape (tile, path)."""

    def shard(params: Params, low: Array, high: Array, valid: Array) -> QuietBlock:
        def tile(inputs: tuple[Array, Array, Array]) -> tuple[QuietMetrics, QuietSums]:
            metrics = hold_still(structure, params, inputs[0], inputs[1])
            return metrics, quiet_sums(metrics, inputs[2])

        metrics, sums = map_tiles(tile, (low, high, valid), valid)
        return QuietBlock(metrics, sums, count_bins(metrics.loss, valid & (metrics.first_trigger == 0))[None])

    return over_devices(shard, mesh, 3)


@lru_cache(maxsize=32)
def sales_block(structure: Structure, mesh: Mesh) -> Callable[..., SalesBlock]:
    """The jitted `(params, low, high, valid, static) -> SalesBlock` for tiles of shape (tile, path).

    `static` holds the losses of the start book, (tile, row, path); a structure with a twin computes them itself and
    takes no rows.
    """

    def shard(params: Params, low: Array, high: Array, valid: Array, static: Array) -> SalesBlock:
        def tile(inputs: tuple[Array, ...]) -> tuple[PathMetrics, SalesSums]:
            metrics, _ = simulate(structure, params, inputs[0], inputs[1])
            if not structure.twin:
                metrics = metrics._replace(fund_loss_static=inputs[3])
            return metrics, sales_sums(params, metrics, inputs[2])

        metrics, sums = map_tiles(tile, (low, high, valid, static), valid)
        values: Any = (metrics.fund_loss, metrics.fund_loss_static, metrics.broker_loss)
        return SalesBlock(metrics, sums, count_bins(jnp.concatenate(values, axis=1), valid)[None])

    return over_devices(shard, mesh, 4)
