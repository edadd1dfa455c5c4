"""Paths of a mixture: losses of one row, and what their weights are made of."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import numpy as np
import numpy.typing as npt
from jax import Array
from jax.sharding import Mesh

from stress.compile.structure import structure_of
from stress.engine.block import SalesBlock
from stress.engine.chunk_simulator import ChunkSimulator
from stress.engine.kept.programs import ready
from stress.engine.sizes import devices_for
from stress.engine.tiles import TiledPaths, map_tiles, over_devices
from stress.errors import InvariantFailed
from stress.kernels.params import Params
from stress.kernels.shocks.likelihood import log_ratios, shifted_normals
from stress.kernels.structure import Structure
from stress.options import RunOptions
from stress.questions.rare.mixture import Mixture, weights
from stress.scenarios.problem import Problem

Ids = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Drawn(NamedTuple):
    """Paths of a mixture, one row of each.

    Attributes:
        ids: (path,).
        losses: (path,) fraction of start NAV.
        defaulted: (path,) whether any fund of the row did.
        ratios: (component, path) logarithm of each component's likelihood over the plain one.
        components: (path,) which each is from.
        with_sales: how many paths were simulated with sales.
    """

    ids: Ids
    losses: Floats
    defaulted: Bools
    ratios: Floats
    components: npt.NDArray[np.int32]
    with_sales: int

    @property
    def weights(self) -> Floats:
        """(path,) against the whole mixture."""
        return weights(self.ratios, self.components)


class Sampler:
    """The programs of a scenario under mixtures of one shape; `row` is a fund type in id order, -1 the system."""

    def __init__(self, problem: Problem, options: RunOptions, row: int, says: Callable[[str], None]) -> None:
        """Raises DeviceNotFound, see `devices_for`."""
        self.problem, self.options, self.row, self._says = problem, options, row, says
        self.devices = devices_for(problem, options)
        self.two_passes = not structure_of(problem, options.members).outside

    def draw(self, mixture: Mixture, ids: Ids, done: Callable[[int], None] = lambda _: None) -> Drawn:
        """Simulate paths; `done` is told how many were begun.

        Raises:
            InvariantFailed: a loss is not finite.
        """
        first = int(ids[0])
        losses, defaulted = np.full(len(ids), np.nan), np.zeros(len(ids), bool)
        sales = 0
        with jax.enable_x64(self.options.precision == "float64"):
            chunks = self._chunks(mixture)
            for finished in chunks.simulator.run(ids):
                tiled, metrics = finished.tiled, finished.block.metrics
                at = (tiled.ids - np.uint64(first)).astype(np.int64)
                losses[at] = tiled.by_path(np.asarray(metrics.fund_loss)[:, self.row, None])[0]
                if isinstance(finished.block, SalesBlock):
                    defaulted[at] = tiled.by_path(np.asarray(finished.block.metrics.defaulted)[:, self.row, None])[0]
                    sales += len(at)
                if finished.first_pass:
                    done(int(at[-1]) + 1)
            if not np.isfinite(losses).all():
                raise InvariantFailed(f"{np.count_nonzero(~np.isfinite(losses)):,} losses are not finite")
            ratios = self._by_path(chunks, ids, "log_ratios")
        return Drawn(ids, losses, defaulted, ratios.astype(np.float64), mixture.components(ids), sales)

    def normals(self, mixture: Mixture, ids: Ids) -> npt.NDArray[np.float32]:
        """The shifted normals of paths, (step, row, path)."""
        with jax.enable_x64(self.options.precision == "float64"):
            found = self._by_path(self._chunks(mixture), ids, "shifted_normals", tiles=self.devices.count)
        return found[: self.problem.steps, :-1].astype(np.float32)

    def rows(self) -> int:
        """Normals of a step."""
        from stress.kernels.shocks.draw import shock_keys

        with jax.enable_x64(self.options.precision == "float64"):
            chunks = ChunkSimulator(self.problem, self.options, self.devices)
            return int(jax.eval_shape(lambda p: shock_keys(chunks.structure, p.shocks).first, chunks.params).shape[1])

    def _chunks(self, mixture: Mixture) -> ChunkSimulator:
        return ChunkSimulator(self.problem, self.options, self.devices, self._says, mixture.change)

    def _by_path(self, chunks: ChunkSimulator, ids: Ids, name: str, tiles: int | None = None) -> npt.NDArray[Any]:
        """What a program of PROGRAMS gives for some paths, (..., path)."""
        tiles = chunks.tiles if tiles is None else tiles
        program: Any = likelihood_block(name, chunks.structure, self.devices.mesh)
        parts, size = [], tiles * self.devices.tile
        compiled = None
        for start in range(0, len(ids), size):
            tiled = TiledPaths(ids[start : start + size], tiles, self.devices.tile, self.devices.count)
            arguments = (chunks.params, *tiled.words())
            if compiled is None:
                compiled = ready(program, name, chunks.structure, self.devices.mesh, arguments)
            parts.append(tiled.by_path(np.asarray(compiled(*arguments))))
        return np.concatenate(parts, axis=-1)


PROGRAMS = {"log_ratios": log_ratios, "shifted_normals": shifted_normals}


@lru_cache(maxsize=32)
def likelihood_block(name: str, structure: Structure, mesh: Mesh) -> Callable[..., Array]:
    """The jitted `(params, low, high, valid) -> (tile, ..., path)` of one of PROGRAMS."""

    def shard(params: Params, low: Array, high: Array, valid: Array) -> Array:
        def tile(inputs: tuple[Array, Array]) -> Array:
            return PROGRAMS[name](structure, params.shocks, *inputs)

        found: Array = map_tiles(tile, (low, high), valid)
        return found

    return over_devices(shard, mesh, 3)
