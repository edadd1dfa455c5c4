"""Tiles: paths of one fixed shape, how they are dealt to the devices, and what is summed and counted within them.

Every path is computed in a tile of the same shape whatever the block size or device count, because a matrix product
rounds differently for another number of columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array, lax
from jax.sharding import Mesh, PartitionSpec

from stress.results.statistics.exact_sum import HIGH_BITS, LOW_BITS, SUMMED_TOGETHER
from stress.results.statistics.histogram import FloatHistogram

Ids = npt.NDArray[np.uint64]
BINS = FloatHistogram.empty(())


@dataclass(frozen=True)
class TiledPaths:
    """Some paths in the tiles of one call: tile k goes to device k modulo the number of devices."""

    ids: Ids  # (path,)
    tiles: int  # a multiple of the devices
    tile: int
    devices: int

    @cached_property
    def _order(self) -> npt.NDArray[np.intp]:
        """Which tile lies at each position."""
        return np.arange(self.tiles).reshape(-1, self.devices).T.reshape(-1)

    @cached_property
    def laid_ids(self) -> Ids:
        """(position, tile path): the ids, the rest filled with repeats."""
        return self.lay_out(self.ids)

    def lay_out(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(path, ...) values in the shape (position, tile path, ...), the rest filled with repeats."""
        places = self.tiles * self.tile
        full = values if len(values) == places else np.resize(values, (places, *values.shape[1:]))
        return full.reshape(self.tiles, self.tile, *values.shape[1:])[self._order]

    def lay_out_rows(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(row, path) values in the shape (position, row, tile path), the rest filled with zeros."""
        full = np.zeros((len(values), self.tiles * self.tile), values.dtype)
        full[:, : len(self.ids)] = values
        return full.reshape(len(values), self.tiles, self.tile)[:, self._order].swapaxes(0, 1)

    def words(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32], npt.NDArray[np.bool_]]:
        """Low and high words of the ids, and which of them are real."""
        laid = self.laid_ids
        return (laid & np.uint64(0xFFFFFFFF)).astype(np.uint32), (laid >> np.uint64(32)).astype(np.uint32), self.valid

    @cached_property
    def valid(self) -> npt.NDArray[np.bool_]:
        """(position, tile path): which places hold a path and not a filling."""
        real = np.zeros(self.tiles * self.tile, np.bool_)
        real[: len(self.ids)] = True
        return real.reshape(self.tiles, self.tile)[self._order]

    def by_device(self, *results: Array) -> Iterator[tuple[Any, ...]]:
        """Each device's part of some results, with its path ids and which of them are real: no copy on a CPU."""
        ids, valid = self.laid_ids, self.valid
        for shards in zip(*(x.addressable_shards for x in results), strict=True):
            at = shards[0].index[0]
            yield (*(np.asarray(shard.data) for shard in shards), ids[at], valid[at])

    def in_order(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(position, ...) results in the order of the tiles."""
        return values[np.argsort(self._order)]

    def by_path(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(position, ..., tile path) results as (..., path), in the order of the ids."""
        tiles = np.moveaxis(self.in_order(values), 0, -2)
        return tiles.reshape(*tiles.shape[:-2], self.tiles * self.tile)[..., : len(self.ids)]


def bin_index(values: Array, bins: FloatHistogram = BINS) -> Array:
    """Bin of each float, int32 of the same shape; the formula of `stress.results.statistics.histogram`."""
    shift = 23 - bins.mantissa_bits
    base = (bins.lo_exp + 127) << bins.mantissa_bits
    n = (bins.hi_exp - bins.lo_exp) << bins.mantissa_bits
    bits = lax.bitcast_convert_type(values.astype(jnp.float32), jnp.int32)
    k = jnp.clip(((bits & jnp.int32(0x7FFFFFFF)) >> shift) - base + 1, 0, n + 1)
    return jnp.where(bits < 0, n + 1 - k, n + 1 + k)


def no_counts(rows: int, bins: FloatHistogram = BINS) -> Array:
    """Histograms (row, bin) int32 of nothing."""
    return jnp.zeros((rows, bins.bins), jnp.int32)


def count_bins(so_far: Array, values: Array, counted: Array, bins: FloatHistogram = BINS) -> Array:
    """Histograms (row, bin) int32 with those of (tile, row, path) values added.

    Args:
        so_far: (row, bin).
        values: (tile, row, path).
        counted: (tile, path) which paths count.
        bins: of the histograms.
    """
    rows = values.shape[1]
    slot = bin_index(values, bins) + bins.bins * jnp.arange(rows, dtype=jnp.int32)[None, :, None]
    weight = jnp.broadcast_to(counted[:, None, :], slot.shape).astype(jnp.int32)
    # Every slot is inside: clamping each of them is a third of the work on a CPU.
    counts = so_far.reshape(-1).at[slot.reshape(-1)].add(weight.reshape(-1), mode="promise_in_bounds")
    return counts.reshape(rows, bins.bins)


def merged(histograms: Array) -> npt.NDArray[np.int32]:
    """Those of each device, (device, row, bin) int32, as one, (row, bin) on the host: no call has 2^31 paths."""
    first, *others = (np.asarray(shard.data)[0] for shard in histograms.addressable_shards)
    total: npt.NDArray[np.int32] = first.copy()
    for one in others:
        total += one
    return total


def limbs(values: Array) -> Array:
    """Sums over the paths that are exact, hence independent of order: (..., path) -> (..., group of paths, 2) int32.

    Each value is rounded to 2^-32 and cut into two whole numbers (`results.statistics.exact_sum`), which add exactly.
    """
    scaled = values * 2.0**HIGH_BITS
    high = jnp.trunc(scaled)
    low = jnp.round((scaled - high) * 2.0**LOW_BITS)
    group = min(SUMMED_TOGETHER, values.shape[-1])

    def added(part: Array) -> Array:
        grouped = part.astype(jnp.int32).reshape(*values.shape[:-1], values.shape[-1] // group, group)
        return jnp.sum(grouped, axis=-1)

    return jnp.stack([added(high), added(low)], axis=-1)


def tile_of(inputs: Any, i: Array) -> Any:
    """Tile `i` of arrays with a leading tile axis."""
    return jax.tree.map(lambda x: lax.dynamic_index_in_dim(x, i, 0, keepdims=False), inputs)


def put_tile(outputs: Any, i: Array, result: Any) -> Any:
    """Those arrays with tile `i` replaced."""
    return jax.tree.map(lambda every, x: lax.dynamic_update_index_in_dim(every, x, i, 0), outputs, result)


def map_tiles(function: Callable[[Any], Any], inputs: Any, valid: Array) -> Any:
    """`lax.map` over the leading axis that stops after the last tile with a valid path; the others stay zero."""
    function = jax.jit(function, inline=True)  # else it would be traced twice
    first = jax.tree.map(lambda x: x[0], inputs)
    outputs = jax.tree.map(lambda x: jnp.zeros((valid.shape[0], *x.shape), x.dtype), jax.eval_shape(function, first))

    def one(i: Array, outputs: Any) -> Any:
        return put_tile(outputs, i, function(tile_of(inputs, i)))

    return lax.fori_loop(0, jnp.sum(jnp.any(valid, axis=1), dtype=jnp.int32), one, outputs)


def over_devices(function: Callable[..., Any], mesh: Mesh, inputs: int) -> Callable[..., Any]:
    """Jitted `function(params, *inputs)`, the leading axis of the inputs and of every output shared among devices."""
    across = PartitionSpec("device")
    specs = (PartitionSpec(), *(across for _ in range(inputs)))
    return jax.jit(jax.shard_map(function, mesh=mesh, in_specs=specs, out_specs=across, check_vma=False))
