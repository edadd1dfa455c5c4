"""Matrix products and joins of tiles, written the way that XLA compiles well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_
from typing import TypeVar

import jax.numpy as jnp
from jax import Array, lax

Tiles = TypeVar("Tiles")


def product(matrix: Array, tile: Array) -> Array:
    """(row, entity) times (entity, path) -> (row, path), in full precision (a GPU's default, TF32, is 3e-4 off)."""
    return jnp.dot(matrix, tile, precision=lax.Precision.HIGHEST)


def worked_out(tiles: Tiles) -> Tiles:
    """The same tile, or tree of tiles, finished before any of it is read, however little code it is.

    XLA for a CPU would work a tile out again for every row of it that is looked up, and copies what is replaced
    before all that reads it is done: of a tree, what reads one tile waits for all. It heeds the barrier only with the
    options of `stress.engine.devices`. A GPU has arithmetic to spare, and memory traffic not; its
    XLA refuses a barrier under those options.
    """
    finished: Tiles = lax.platform_dependent(tiles, cpu=lax.optimization_barrier, default=lambda x: x)
    return finished


def join_rows(parts: Sequence[Array]) -> Array:
    """Parts of shape (row, path) below each other.

    By updates of slices: XLA fuses the producers into a concatenation row by row, which on a CPU no longer vectorises
    and costs five times as much.
    """
    if len(parts) == 1:
        return parts[0]
    joined = jnp.zeros((sum(part.shape[0] for part in parts), parts[0].shape[1]), parts[0].dtype)
    start = 0
    for part in parts:
        joined = lax.dynamic_update_slice(joined, part, (start, 0))
        start += part.shape[0]
    return joined


def sum_rows(tile: Array) -> Array:
    """Sum over the rows of a tile, (row, path) -> (path,).

    As a product: XLA's own reduction over a leading axis is scalar code on a CPU.
    """
    return product(jnp.ones((1, tile.shape[0]), tile.dtype), tile)[0]


def fold_rows(tile: Array, combine: Callable[[Array, Array], Array]) -> Array:
    """Combine all rows of a tile, (row, path) -> (path,), in plain operations that vectorise.

    Many rows are folded an eighth at a time: an operation for each of them takes long to compile.

    Args:
        tile: (row, path).
        combine: of two tiles, in any order; `combine(y, y)` has to be y.
    """
    while (rows := tile.shape[0]) > 1:
        width = max(1, rows // 8)
        starts = (*range(0, rows - width, width), rows - width)
        tile = reduce(combine, (tile[start : start + width] for start in starts))
    return tile[0]


def any_row(tile: Array) -> Array:
    """Whether any row of a tile of bools holds, (row, path) -> (path,)."""
    return worked_out(fold_rows(tile, or_))
