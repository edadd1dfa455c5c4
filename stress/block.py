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

from stress.kernels.path import PathMetrics, simulate
from stress.kernels.records import Params, Structure
from stress.results.histogram import FloatHistogram

SUMMED = ("fund_loss", "fund_loss_static", "called", "forced_sales", "max_drawdown", "unliquidated")
BINS = FloatHistogram.empty(())


class Block(NamedTuple):
    """What one call returns; the leading axis is the tile (for `histogram`: the device)."""

    metrics: PathMetrics  # each (tile, row, path)
    sums: Array  # (tile, metric, row)
    squares: Array  # (tile, metric, row)
    cross: Array  # (tile, row) loss times static loss
    broker_sums: Array  # (tile, broker)
    broker_squares: Array  # (tile, broker)
    flow_sums: Array  # (tile, 2): forced flow and its part beyond a day's depth, fraction of the system's NAV
    histogram: Array  # (device, distribution, bin) int32: losses of rows, static losses of rows, broker losses


def bin_index(values: Array) -> Array:
    """Bin of each float, int32 of the same shape; the formula of `stress.results.histogram`."""
    shift = 23 - BINS.mantissa_bits
    base = (BINS.lo_exp + 127) << BINS.mantissa_bits
    n = (BINS.hi_exp - BINS.lo_exp) << BINS.mantissa_bits
    bits = lax.bitcast_convert_type(values.astype(jnp.float32), jnp.int32)
    k = jnp.clip(((bits & jnp.int32(0x7FFFFFFF)) >> shift) - base + 1, 0, n + 1)
    return jnp.where(bits < 0, n + 1 - k, n + 1 + k)


def _tile(structure: Structure, params: Params, inputs: tuple[Array, Array, Array]) -> tuple[Any, ...]:
    low, high, valid = inputs
    metrics, _ = simulate(structure, params, low, high)
    stacked = jnp.stack([jnp.where(valid, getattr(metrics, name), 0.0) for name in SUMMED])
    broker = jnp.where(valid, metrics.broker_loss, 0.0)
    flows = jnp.stack([metrics.forced_usd, metrics.beyond_depth_usd]) / params.system_nav
    return (
        metrics,
        stacked.sum(-1),
        (stacked * stacked).sum(-1),
        (stacked[0] * stacked[1]).sum(-1),
        broker.sum(-1),
        (broker * broker).sum(-1),
        jnp.where(valid, flows, 0.0).sum(-1),
    )


def _count(metrics: PathMetrics, valid: Array) -> Array:
    """Histogram counts of a device's tiles, (1, distribution, bin) int32."""
    values = jnp.concatenate([metrics.fund_loss, metrics.fund_loss_static, metrics.broker_loss], axis=1)
    rows = values.shape[1]
    slot = bin_index(values) + BINS.bins * jnp.arange(rows, dtype=jnp.int32)[None, :, None]
    weight = jnp.broadcast_to(valid[:, None, :], slot.shape).astype(jnp.int32)
    counts = jnp.zeros((rows * BINS.bins,), jnp.int32).at[slot.reshape(-1)].add(weight.reshape(-1))
    return counts.reshape(1, rows, BINS.bins)


@lru_cache(maxsize=32)
def compiled(structure: Structure, mesh: Mesh) -> Callable[[Params, Array, Array, Array], Block]:
    """The jitted block function `(params, low, high, valid) -> Block` for tiles of shape (tile, path)."""

    def shard(params: Params, low: Array, high: Array, valid: Array) -> Block:
        outputs = lax.map(lambda inputs: _tile(structure, params, inputs), (low, high, valid))
        return Block(*outputs, histogram=_count(outputs[0], valid))

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
