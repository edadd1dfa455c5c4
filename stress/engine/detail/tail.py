"""The detailed paths that are worst for the system, simulated once more: sums over slices of them at once.

A slice is the worst 5 %, 1 % or 0.1 % of the detailed paths by the loss of the whole system. The error of a mean over
it has to know the variable at the slice's boundary (see `slice_means`), so that each slice is summed in two parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.engine.detail.tables import Moments, Sums
from stress.engine.tiles import TiledPaths
from stress.results.dataset.components import rare
from stress.results.statistics.simulation_output import Slices, Table
from stress.results.statistics.slice_means import near_boundary, slice_mean, slice_size

Ids = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]


def segments(paths: int, shares: Mapping[str, str]) -> list[int]:
    """Ranks, the worst path being 0, at which sums end: at the end of a slice, and where its last tenth begins."""
    ends = {slice_size(share, paths) for share in shares.values()}
    return sorted((ends | {end - near_boundary(end) for end in ends}) - {0})


def worst_slices(
    loss: Floats,
    shares: Mapping[str, str],
    summed: Callable[[list[Ids]], list[Sums]],
    moments: Callable[[Sums], dict[str, Moments]],
) -> Slices:
    """Means over the worst slices and their standard errors.

    Args:
        loss: (path,) of the system on paths 0, 1, ...
        shares: slice -> its share of the paths.
        summed: the sums over each of some sets of paths.
        moments: of sums, by variable.
    """
    paths, order = len(loss), np.argsort(-loss, kind="stable").astype(np.uint64)
    ends = segments(paths, shares)
    found = summed([order[first:last] for first, last in pairwise([0, *ends])])
    size = {name: slice_size(share, paths) for name, share in shares.items()}
    tables: dict[str, list[Table]] = {}
    for end in size.values():
        whole, near = Sums(), Sums()
        for last, part in zip(ends, found, strict=True):
            whole = whole.plus(part) if last <= end else whole
            near = near.plus(part) if end - near_boundary(end) < last <= end else near
        beside = moments(near)
        for name, one in moments(whole).items():
            at_boundary = beside[name].total / beside[name].paths
            mean, error = slice_mean(one.total, one.square, at_boundary, end, paths, rare(name))
            tables.setdefault(name, []).append(Table(one.dims, mean, error))
    stacked = {
        name: Table(("slice", *every[0].dims), np.stack([x.mean for x in every]), np.stack([x.error for x in every]))
        for name, every in tables.items()
    }
    return Slices(tuple(size), tuple(size.values()), stacked)


def sums_of(
    simulated: Callable[[TiledPaths, npt.NDArray[np.bool_]], Any], tiles: int, tile: int, devices: int, sets: list[Ids]
) -> list[Sums]:
    """Sums over each of some sets of paths, every set in tiles of its own.

    Args:
        simulated: what the detailed program gives for a call's paths, (position, path) of which count.
        tiles: of a call.
        tile: paths of one.
        devices: that share them.
        sets: ids.
    """
    ids, owner = [], []
    for number, one in enumerate(sets):
        full = -(-len(one) // tile) * tile
        ids.append(np.resize(one, full))
        owner.append(np.where(np.arange(full) < len(one), number, -1))
    every, of = np.concatenate(ids), np.concatenate(owner)
    found = [Sums(paths=len(one)) for one in sets]
    for first in range(0, len(every), tiles * tile):
        tiled = TiledPaths(every[first : first + tiles * tile], tiles, tile, devices)
        mine = of[first : first + tiles * tile]
        out = simulated(tiled, tiled.lay_out(mine >= 0) & tiled.valid)
        for place, number in enumerate(mine[::tile]):
            found[number].add(tiled, out.sums, out.squares, place)
    return found
