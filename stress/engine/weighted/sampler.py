"""One row of paths, plain or of a mixture: their losses, what they lose held still, what their weights are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple, cast

import jax
import numpy as np
import numpy.typing as npt
from jax import Array
from jax.sharding import Mesh

from stress.compile.structure import structure_of
from stress.engine.block import SalesBlock
from stress.engine.chunk_simulator import ChunkSimulator
from stress.engine.devices import Devices
from stress.engine.kept.programs import ready
from stress.engine.sizes import devices_for
from stress.engine.tiles import TiledPaths, map_tiles, over_devices
from stress.engine.weighted.mixture import Mixture, weights
from stress.errors import InvariantFailed
from stress.kernels.params import Params
from stress.kernels.quiet import QuietMetrics
from stress.kernels.shocks.draw import shock_room
from stress.kernels.shocks.likelihood import log_ratios, shifted_normals
from stress.kernels.structure import Structure
from stress.options import RunOptions
from stress.scenarios.problem import Problem

Ids = npt.NDArray[np.uint64]
Floats = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
PATHS_OF_A_CALL = 16_384  # of a mixture, on each core: its longer calls would save nothing


class Simulated(NamedTuple):
    """One row of some paths.

    Attributes:
        losses: (path,) fraction of start NAV, in the run's precision.
        defaulted: (path,) whether any fund of the row did.
        with_sales: how many paths were simulated with sales.
    """

    losses: Floats
    defaulted: Bools
    with_sales: int


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
    def weights(self) -> npt.NDArray[np.float64]:
        """(path,) against the mixture of these paths."""
        return weights(self.ratios, np.bincount(self.components, minlength=len(self.ratios)))


class Sampler:
    """The programs of a scenario, plain or under a mixture; `row` is that of the metrics, -1 the system."""

    def __init__(
        self, problem: Problem, options: RunOptions, row: int, says: Callable[[str], None] = lambda _: None
    ) -> None:
        """Raises DeviceNotFound, see `devices_for`."""
        self.problem, self.options, self.row, self._says = problem, options, row, says
        self.devices = devices_for(problem, options)
        self.two_passes = not structure_of(problem, options.members).outside
        self._last: tuple[Mixture | None, ChunkSimulator] | None = None

    def simulate(self, mixture: Mixture | None, ids: Ids, done: Callable[[int], None] = lambda _: None) -> Simulated:
        """Simulate paths, without a mixture plain ones; `done` is told how many were begun.

        Raises:
            InvariantFailed: a loss is not finite.
        """
        losses, defaulted, sales = np.full(len(ids), np.nan, self.options.precision), np.zeros(len(ids), bool), 0
        with self._precision():
            for finished in self._chunks(mixture).simulator.run(ids):
                tiled, metrics = finished.tiled, finished.block.metrics
                at = np.searchsorted(ids, tiled.ids)
                losses[at] = self._mine(tiled, metrics.fund_loss)
                if isinstance(finished.block, SalesBlock):
                    defaulted[at] = self._mine(tiled, finished.block.metrics.defaulted)
                    sales += len(at)
                if finished.first_pass:
                    done(int(at[-1]) + 1)
        if not np.isfinite(losses).all():
            raise InvariantFailed(f"{np.count_nonzero(~np.isfinite(losses)):,} losses are not finite")
        return Simulated(losses, defaulted, sales)

    def held_still(self, ids: Ids, done: Callable[[int], None] = lambda _: None) -> tuple[Floats, Bools]:
        """What plain paths lose with the book held still, and on which of them nobody trades, so that this is all.

        Where buyers from outside move prices that is known of none.
        """
        static, calm = np.empty(len(ids), self.options.precision), np.zeros(len(ids), bool)
        with self._precision():
            for finished in self._chunks(None).simulator.held_still(ids):
                tiled, metrics = finished.tiled, cast("QuietMetrics", finished.block.metrics)
                at = np.searchsorted(ids, tiled.ids)
                static[at] = self._mine(tiled, metrics.fund_loss)
                if self.two_passes:
                    calm[at] = tiled.by_path(np.asarray(metrics.first_trigger)[:, None])[0] == 0
                done(int(at[-1]) + 1)
        return static, calm

    def draw(self, mixture: Mixture, ids: Ids, done: Callable[[int], None] = lambda _: None) -> Drawn:
        """Paths of a mixture with their likelihoods; raises what `simulate` does."""
        found = self.simulate(mixture, ids, done)
        with self._precision():
            ratios = self._by_path(self._chunks(mixture), ids, "log_ratios")
        components = mixture.components(ids)
        return Drawn(ids, found.losses, found.defaulted, ratios.astype(np.float64), components, found.with_sales)

    def normals(self, mixture: Mixture, ids: Ids) -> npt.NDArray[np.float32]:
        """The shifted normals of paths, (step, row, path)."""
        with self._precision():
            found = self._by_path(self._chunks(mixture), ids, "shifted_normals", tiles=self.devices.count)
        return found[: self.problem.steps, :-1].astype(np.float32)

    def rows(self) -> int:
        """Normals of a step."""
        with self._precision():
            chunks = self._chunks(None)
            room = jax.eval_shape(lambda p: shock_room(chunks.structure, p.shocks, 1).numbers.first, chunks.params)
            return int(room.shape[0]) - 1  # the last one is none of the draw's

    def _precision(self) -> Any:
        return jax.enable_x64(self.options.precision == "float64")

    def _mine(self, tiled: TiledPaths, values: Array) -> npt.NDArray[Any]:
        """(path,) values of the row."""
        found: npt.NDArray[Any] = tiled.by_path(np.asarray(values)[:, self.row, None])[0]
        return found

    def _chunks(self, mixture: Mixture | None) -> ChunkSimulator:
        """The programs with the numbers of a mixture; those of the last one are kept."""
        if self._last is None or self._last[0] is not mixture:
            change = (lambda params: params) if mixture is None else mixture.change
            devices = self.devices if mixture is None else _few_at_once(self.devices)
            chunks = ChunkSimulator(self.problem, self.options, devices, self._says, change)
            self._last = mixture, chunks
        return self._last[1]

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


def _few_at_once(devices: Devices) -> Devices:
    """The same with shorter calls: pilots are short, and a call writes the metrics of all its tiles, full or not."""
    fits = max(1, PATHS_OF_A_CALL // devices.tile) if devices.kind == "cpu" else devices.tiles_per_device
    return replace(devices, tiles_per_device=min(fits, devices.tiles_per_device))


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
