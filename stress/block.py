"""A block of paths as one compiled call: tiles of one fixed shape, spread over the devices, with their statistics.

Every path is computed in a tile of the same shape whatever the block size or device count, because a matrix product
rounds differently for another number of columns. The same compiled program serves consecutive and arbitrary path ids.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array, lax
from jax.sharding import Mesh, PartitionSpec
from jax.typing import ArrayLike

from stress.kernels.path import PathMetrics, simulate
from stress.kernels.records import Params, Structure
from stress.results.histogram import FloatHistogram

SUMMED = ("fund_loss", "fund_loss_static", "called", "forced_sales", "max_drawdown", "unliquidated")
BINS = FloatHistogram.empty(())


class TileResult(NamedTuple):
    """What one tile gives; in a block a leading tile axis is added."""

    metrics: PathMetrics  # each (row, path)
    sums: Array  # (metric, row)
    squares: Array  # (metric, row)
    cross: Array  # (row,) loss times static loss
    broker_sums: Array  # (broker,)
    broker_squares: Array  # (broker,)
    flow_sums: Array  # (2,): forced flow and its part beyond a day's depth, fraction of the system's NAV


class Block(NamedTuple):
    """What one call returns."""

    tiles: TileResult
    histogram: Array  # (device, distribution, bin) int32: losses of rows, static losses of rows, broker losses


def bin_index(values: Array, bins: FloatHistogram = BINS) -> Array:
    """Bin of each float, int32 of the same shape; the formula of `stress.results.histogram`."""
    shift = 23 - bins.mantissa_bits
    base = (bins.lo_exp + 127) << bins.mantissa_bits
    n = (bins.hi_exp - bins.lo_exp) << bins.mantissa_bits
    bits = lax.bitcast_convert_type(values.astype(jnp.float32), jnp.int32)
    k = jnp.clip(((bits & jnp.int32(0x7FFFFFFF)) >> shift) - base + 1, 0, n + 1)
    return jnp.where(bits < 0, n + 1 - k, n + 1 + k)


def _tile(structure: Structure, params: Params, inputs: tuple[Array, Array, Array]) -> TileResult:
    low, high, valid = inputs
    metrics, _ = simulate(structure, params, low, high)
    stacked = jnp.stack([jnp.where(valid, getattr(metrics, name), 0.0) for name in SUMMED])
    broker = jnp.where(valid, metrics.broker_loss, 0.0)
    flows = jnp.stack([metrics.forced_usd, metrics.beyond_depth_usd]) / params.system_nav
    return TileResult(
        metrics=metrics,
        sums=stacked.sum(-1),
        squares=(stacked * stacked).sum(-1),
        cross=(stacked[0] * stacked[1]).sum(-1),
        broker_sums=broker.sum(-1),
        broker_squares=(broker * broker).sum(-1),
        flow_sums=jnp.where(valid, flows, 0.0).sum(-1),
    )


def _count(metrics: PathMetrics, valid: Array) -> Array:
    """Histogram counts of a device's tiles, (1, distribution, bin) int32."""
    values = jnp.concatenate([metrics.fund_loss, metrics.fund_loss_static, metrics.broker_loss], axis=1)
    rows = values.shape[1]
    slot = bin_index(values) + BINS.bins * jnp.arange(rows, dtype=jnp.int32)[None, :, None]
    weight = jnp.broadcast_to(valid[:, None, :], slot.shape).astype(jnp.int32)
    counts = jnp.zeros((rows * BINS.bins,), jnp.int32).at[slot.reshape(-1)].add(weight.reshape(-1))
    return counts.reshape(1, rows, BINS.bins)


def map_tiles(function: Callable[[Any], Any], inputs: Any, valid: Array) -> Any:
    """`lax.map` over the leading axis that stops after the last tile with a valid path; the others stay zero."""
    first = jax.tree.map(lambda x: x[0], inputs)
    outputs = jax.tree.map(lambda x: jnp.zeros((valid.shape[0], *x.shape), x.dtype), jax.eval_shape(function, first))

    def one(i: Array, outputs: Any) -> Any:
        result = function(jax.tree.map(lambda x: x[i], inputs))
        return jax.tree.map(lambda all_tiles, x: all_tiles.at[i].set(x), outputs, result)

    return lax.fori_loop(0, jnp.sum(jnp.any(valid, axis=1), dtype=jnp.int32), one, outputs)


@lru_cache(maxsize=32)
def compiled(structure: Structure, mesh: Mesh) -> Callable[[Params, ArrayLike, ArrayLike, ArrayLike], Block]:
    """The jitted block function `(params, low, high, valid) -> Block` for tiles of shape (tile, path)."""

    def shard(params: Params, low: Array, high: Array, valid: Array) -> Block:
        outputs = map_tiles(lambda inputs: _tile(structure, params, inputs), (low, high, valid), valid)
        return Block(outputs, _count(outputs.metrics, valid))

    across = PartitionSpec("device")
    return jax.jit(
        jax.shard_map(
            shard, mesh=mesh, in_specs=(PartitionSpec(), across, across, across), out_specs=across, check_vma=False
        )
    )


def tile_ids(
    ids: npt.NDArray[np.uint64], tiles: int, tile: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32], npt.NDArray[np.bool_]]:
    """Path ids as low and high words in (tile, path), the tail filled with repeats that `valid` masks out."""
    full = np.resize(ids, tiles * tile).reshape(tiles, tile)
    valid = (np.arange(tiles * tile) < len(ids)).reshape(tiles, tile)
    return (full & np.uint64(0xFFFFFFFF)).astype(np.uint32), (full >> np.uint64(32)).astype(np.uint32), valid
