"""Blocks of paths as compiled calls: tiles spread over the devices, with their statistics.

Two programs. `quiet_block` holds the start book still and finds the paths on which somebody may have to trade;
`sales_block` simulates paths with all their sales. In a scenario without outside buyers only the paths that the first
picks out go through the second, packed into tiles in any order: a path's numbers depend on its id alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from jax.sharding import Mesh

from stress.engine.tiles import count_bins, limbs, map_tiles, no_counts, over_devices
from stress.kernels.params import Params
from stress.kernels.path import PathMetrics, simulate
from stress.kernels.quiet import QuietMetrics, hold_still
from stress.kernels.structure import Structure
from stress.results.statistics.exact_sum import LARGEST
from stress.results.statistics.simulation_output import (
    COURSE,
    DISTRIBUTED,
    LARGE_LOSS,
    NAV_SHARES,
    PATH_METRICS,
    ROUNDING,
    STATIC,
)


class QuietSums(NamedTuple):
    """Sums over the paths of a tile on which nobody trades; exact, as limbs (see `tiles.limbs`)."""

    sums: Array  # (metric of COURSE, row, group, limb)
    squares: Array  # (metric of COURSE, row, group, limb)
    large_losses: Array  # (row,) int32 paths
    draws_clipped: Array  # () int32
    broken: Array  # () int32 values that are not finite or too large


class QuietBlock(NamedTuple):
    """What a call of the quiet program returns."""

    metrics: QuietMetrics  # each (tile, row, path): all paths
    sums: QuietSums  # each with a leading tile axis: paths without a trigger
    histogram: Array  # (device, metric of COURSE and row, bin) int32: of paths without a trigger


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
    called_over: Array  # (share of NAV, row) int32 paths
    defaulted_over: Array  # (share of NAV, row) int32 paths
    broker_losses: Array  # (broker,) int32 paths
    at_round_limit: Array  # () int32 paths
    draws_clipped: Array  # () int32
    prices_floored: Array  # () int32
    broken: Array  # () int32 values that are not finite or too large


class SalesBlock(NamedTuple):
    """What a call of the program with sales returns."""

    metrics: PathMetrics  # each (tile, row, path); of the book held still no rows where the quiet program has them
    sums: SalesSums  # each with a leading tile axis
    histogram: Array  # (device, distribution, bin) int32: each of DISTRIBUTED by row, then broker losses


def _count(where: Array) -> Array:
    return jnp.sum(where, axis=-1, dtype=jnp.int32)


def _broken(values: Array) -> Array:
    return jnp.sum(~(jnp.abs(values) < LARGEST), dtype=jnp.int32)


def quiet_sums(metrics: QuietMetrics, valid: Array) -> QuietSums:
    """Sums of a tile over its valid paths without a trigger."""
    calm = valid & (metrics.first_trigger == 0)
    every = [getattr(metrics, name) for name in COURSE]
    masked = [jnp.where(calm, x, 0.0) for x in every]
    return QuietSums(
        sums=jnp.stack([limbs(x) for x in masked]),
        squares=jnp.stack([limbs(x * x) for x in masked]),
        large_losses=_count(masked[0] > LARGE_LOSS),
        draws_clipped=_count(jnp.where(calm, metrics.draws_clipped, 0)),
        broken=sum((_broken(x) for x in every), jnp.int32(0)),
    )


def _over(share: Array, valid: Array) -> Array:
    """Paths on which a share of NAV, (row, path), is more than each of NAV_SHARES, (share, row) int32.

    Counted by a product, in whole numbers below 2^24.
    """
    least = jnp.array(NAV_SHARES, share.dtype)[:, None, None] + ROUNDING
    over = (valid & (share > least)).astype(jnp.float32)
    return jnp.dot(over, jnp.ones(over.shape[-1:], over.dtype), precision=lax.Precision.HIGHEST).astype(jnp.int32)


def with_static(metrics: PathMetrics, static: Array) -> PathMetrics:
    """Metrics with STATIC of the book held still, (..., metric and row, path), where that was found before."""
    parts = jnp.split(static, len(STATIC), axis=-2)
    return metrics._replace(**{f"{name}_static": part for name, part in zip(STATIC, parts, strict=True)})


def sales_sums(params: Params, metrics: PathMetrics, valid: Array) -> SalesSums:
    """Sums of a tile over its valid paths."""
    every = [getattr(metrics, name) for name in PATH_METRICS]
    masked = [jnp.where(valid, x, 0.0) for x in every]
    loss, static = (masked[PATH_METRICS.index(name)] for name in ("fund_loss", "fund_loss_static"))
    broker = jnp.where(valid, metrics.broker_loss, 0.0)
    flows = jnp.where(
        valid, jnp.stack([metrics.forced_usd, metrics.beyond_depth_usd]) * params.reporting.flow_scale, 0.0
    )
    return SalesSums(
        sums=jnp.stack([limbs(x) for x in masked]),
        squares=jnp.stack([limbs(x * x) for x in masked]),
        cross=limbs(loss * static),
        broker_sums=limbs(broker),
        broker_squares=limbs(broker * broker),
        flows=limbs(flows),
        large_losses=_count(loss > LARGE_LOSS),
        called=_count(valid & (metrics.first_call_step > 0)),
        defaulted=_count(valid & metrics.defaulted),
        called_over=_over(metrics.called_share, valid),
        defaulted_over=_over(metrics.defaulted_share, valid),
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
        values = jnp.concatenate([getattr(metrics, name) for name in COURSE], axis=1)
        counts = count_bins(no_counts(values.shape[1]), values, valid & (metrics.first_trigger == 0))
        return QuietBlock(metrics, sums, counts[None])

    return over_devices(shard, mesh, 3)


@lru_cache(maxsize=32)
def sales_block(structure: Structure, mesh: Mesh) -> Callable[..., SalesBlock]:
    """The jitted `(params, low, high, valid, static) -> SalesBlock` for tiles of shape (tile, path).

    `static` holds STATIC of the start book, (tile, metric and row, path); a structure with a twin computes it itself
    and takes no rows.
    """

    def shard(params: Params, low: Array, high: Array, valid: Array, static: Array) -> SalesBlock:
        def tile(inputs: tuple[Array, ...]) -> tuple[PathMetrics, SalesSums]:
            metrics, _ = simulate(structure, params, inputs[0], inputs[1])
            whole = metrics if structure.twin else with_static(metrics, inputs[3])
            return metrics, sales_sums(params, whole, inputs[2])

        metrics, sums = map_tiles(tile, (low, high, valid, static), valid)
        whole = metrics if structure.twin else with_static(metrics, static)
        values = jnp.concatenate([*(getattr(whole, name) for name in DISTRIBUTED), metrics.broker_loss], axis=1)
        return SalesBlock(metrics, sums, count_bins(no_counts(values.shape[1]), values, valid)[None])

    return over_devices(shard, mesh, 4)
