"""The engine taken apart: programs that do ever less of a block, so that differences of their times are its parts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array, lax
from jax.experimental.compilation_cache import compilation_cache
from jax.sharding import NamedSharding, PartitionSpec

from stress._jax import Devices
from stress.bench.measure import Sample, repeat
from stress.block import compiled, map_tiles, tile_ids
from stress.compile import params_of, structure_of
from stress.gather import Gatherer
from stress.kernels import streams
from stress.kernels.normals import normals
from stress.kernels.path import simulate
from stress.kernels.records import Params, Structure
from stress.kernels.shock import draw, mixing_normals
from stress.scenarios.problem import Problem

Ids = npt.NDArray[np.uint64]
TileFunction = Callable[[Structure, Params, Array, Array], Any]
AHEAD = 2  # calls in flight, as in a run
KEPT = 131_072  # largest losses kept, as in a run


def losses(structure: Structure, params: Params, low: Array, high: Array) -> Array:
    """Losses alone, (row, path): the compiler drops the start book held, drawdowns and whatever else nobody reads."""
    return simulate(structure, params, low, high)[0].fund_loss


def metrics(structure: Structure, params: Params, low: Array, high: Array) -> Any:
    """Everything that a path reports, the twin included; no statistics."""
    return simulate(structure, params, low, high)[0]


def draws(structure: Structure, params: Params, low: Array, high: Array) -> Array:
    """The draws of every step, added up: random bits, normals, products with the Cholesky factor."""
    mixing = mixing_normals(structure, params, low, high)

    def one_step(total: Array, inputs: tuple[Array, Array]) -> tuple[Array, None]:
        step, mix = inputs
        return total + draw(structure, params, low, high, step, mix)[0], None

    steps = jnp.arange(structure.steps, dtype=jnp.uint32)
    start = jnp.zeros((structure.assets, low.shape[0]), params.draw_mean.dtype)
    return lax.scan(one_step, start, (steps, mixing))[0].sum(axis=0)


def random_numbers(structure: Structure, params: Params, low: Array, high: Array) -> Array:
    """The floor: the random bits and normals of every step, added up."""
    dtype = params.draw_mean.dtype

    def one_step(total: Array, step: Array) -> tuple[Array, None]:
        return total + normals(params.seed, streams.SHOCKS, low, high, step, structure.assets, dtype), None

    start = jnp.zeros_like(normals(params.seed, streams.SHOCKS, low, high, jnp.uint32(0), structure.assets, dtype))
    total = lax.scan(one_step, start, jnp.arange(structure.steps, dtype=jnp.uint32))[0].sum(axis=0)
    if structure.draw == "student_t":
        total = total + mixing_normals(structure, params, low, high).sum(axis=0)
    return total


PARTS: dict[str, TileFunction] = {
    "metrics": metrics,
    "losses": losses,
    "draws": draws,
    "random numbers": random_numbers,
}


@dataclass(frozen=True)
class Engine:
    """The programs of one workload on some devices."""

    problem: Problem
    structure: Structure
    params: Params
    devices: Devices
    tiles: int  # tiles of one call
    seconds_to_compile: float  # of the whole block, without a compilation cache
    inputs: tuple[Array, Array, Array]  # path ids of one call, on the devices
    programs: dict[str, Callable[..., Any]]

    @property
    def paths(self) -> int:
        """Paths of one call."""
        return self.tiles * self.devices.tile

    def call(self, name: str) -> Any:
        """Start one call of a program; returns at once with arrays still being computed."""
        return self.programs[name](self.params, *self.inputs)

    def run(self, name: str, seconds: float) -> Sample:
        """Call a program for some seconds, the next call being queued while one is computed."""
        started, queue, calls = time.perf_counter(), [self.call(name)], 1
        while time.perf_counter() - started < seconds:
            queue.append(self.call(name))
            calls += 1
            if len(queue) == AHEAD:
                jax.block_until_ready(queue.pop(0))
        jax.block_until_ready(queue)
        return Sample(calls * self.paths, time.perf_counter() - started)

    def stream(self, seconds: float) -> Sample:
        """Blocks of ever new paths, copied to the host and gathered there while the next one is computed."""
        gatherer, started = self.gatherer(), time.perf_counter()
        ids = np.arange(self.paths, dtype=np.uint64)
        ahead, calls = self._block_of(ids), 1
        while True:
            last = time.perf_counter() - started >= seconds
            finished = ahead
            if not last:
                ahead = self._block_of(ids + np.uint64(calls * self.paths))
            gatherer.add(ids + np.uint64((calls - 1) * self.paths), jax.device_get(finished))
            if last:
                return Sample(calls * self.paths, time.perf_counter() - started)
            calls += 1

    def gatherer(self) -> Gatherer:
        """What a run gathers its blocks with."""
        return Gatherer(len(self.problem.funds.types) + 1, len(self.problem.funds.brokers), KEPT, store_paths=False)

    def _block_of(self, ids: Ids) -> Any:
        return self.programs["block"](self.params, *tile_ids(ids, self.tiles, self.devices.tile))

    def transfer_and_gather(self, seconds: float) -> tuple[float, float]:
        """Seconds per path of copying a finished block to the host, and of the statistics that are kept there."""
        gatherer = self.gatherer()
        ids = np.arange(self.paths, dtype=np.uint64)
        copying = gathering = 0.0
        begun, calls = time.perf_counter(), 0
        while time.perf_counter() - begun < seconds or calls == 0:
            block = jax.block_until_ready(self.call("block"))
            started = time.perf_counter()
            block = jax.device_get(block)
            copied = time.perf_counter()
            gatherer.add(ids + np.uint64(calls * self.paths), block)
            copying, gathering = copying + copied - started, gathering + time.perf_counter() - copied
            calls += 1
        return copying / (calls * self.paths), gathering / (calls * self.paths)


def engine_of(problem: Problem, devices: Devices, tiles: int, precision: str = "float32", seed: int = 1) -> Engine:
    """Compile every program of a workload for `tiles` tiles a call (a multiple of the devices)."""
    structure, params = structure_of(problem), params_of(problem, seed, precision)
    across = NamedSharding(devices.mesh, PartitionSpec("device"))
    everywhere = NamedSharding(devices.mesh, PartitionSpec())
    ids = tile_ids(np.arange(tiles * devices.tile, dtype=np.uint64), tiles, devices.tile)
    inputs = tuple(jax.device_put(x, across) for x in ids)
    params = jax.device_put(params, everywhere)
    block = compiled(structure, devices.mesh)
    seconds = _seconds_to_compile(structure, devices, params, inputs)
    programs: dict[str, Callable[..., Any]] = {"block": block}
    programs |= {name: _mapped(function, structure, devices) for name, function in PARTS.items()}
    for program in programs.values():
        jax.block_until_ready(program(params, *inputs))
    return Engine(problem, structure, params, devices, tiles, seconds, inputs, programs)


def tiles_that_take(problem: Problem, devices: Devices, seconds: float, most: int, precision: str = "float32") -> int:
    """Tiles, a multiple of the devices and at most `most`, whose block takes about `seconds`; for dear workloads."""
    structure, params = structure_of(problem), params_of(problem, 1, precision)
    ids = tile_ids(np.arange(devices.count * devices.tile, dtype=np.uint64), devices.count, devices.tile)
    block = compiled(structure, devices.mesh)
    jax.block_until_ready(block(params, *ids))
    took = repeat(lambda: jax.block_until_ready(block(params, *ids)), 1, seconds / 4).seconds_each
    return min(most, devices.count * max(1, int(seconds / took)))


def _seconds_to_compile(structure: Structure, devices: Devices, params: Params, inputs: Any) -> float:
    """Seconds to trace and compile the block, without what this process or the cache on disk holds of it."""
    fresh = compiled.__wrapped__(structure, devices.mesh)
    settings: Any = jax.config  # its options are attributes that no type names
    cached = settings.jax_enable_compilation_cache
    jax.config.update("jax_enable_compilation_cache", False)
    compilation_cache.reset_cache()  # JAX looks at the setting once and keeps what it saw
    try:
        started = time.perf_counter()
        fresh.lower(params, *inputs).compile()  # type: ignore[attr-defined]
        return time.perf_counter() - started
    finally:
        jax.config.update("jax_enable_compilation_cache", cached)
        compilation_cache.reset_cache()


def _mapped(function: TileFunction, structure: Structure, devices: Devices) -> Callable[..., Any]:
    def shard(params: Params, low: Array, high: Array, valid: Array) -> Any:
        return map_tiles(lambda x: function(structure, params, x[0], x[1]), (low, high, valid), valid)

    across = PartitionSpec("device")
    return jax.jit(
        jax.shard_map(
            shard,
            mesh=devices.mesh,
            in_specs=(PartitionSpec(), across, across, across),
            out_specs=across,
            check_vma=False,
        )
    )
