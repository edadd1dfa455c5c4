"""The engine taken apart: programs that do ever less of a run, so that differences of their times are its parts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh

from stress.bench.measure import Sample, repeat
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.engine.block import QuietBlock, SalesBlock, quiet_block, sales_block
from stress.engine.devices import Devices
from stress.engine.gatherer import Gatherer
from stress.engine.kept.programs import compiled
from stress.engine.simulator import Finished, Simulator
from stress.engine.sizes import TAIL_KEEP
from stress.engine.tiles import TiledPaths, map_tiles, over_devices
from stress.kernels.linear import sum_rows
from stress.kernels.params import Params
from stress.kernels.path import simulate
from stress.kernels.quiet import hold_still
from stress.kernels.random.normals import Key, Scratch, normals
from stress.kernels.shocks.draw import Room, draw, shock_keys, shock_room
from stress.kernels.structure import Structure
from stress.scenarios.problem import Problem

TileFunction = Callable[[Structure, Params, Array, Array], Any]
AHEAD = 2  # calls in flight, as in a run
CALLS = 8  # of the quiet program in one measured piece of work
PIECES_BEFORE, SECONDS_BEFORE = 16, 10.0  # of a run, before its margin is measured: what comes first


def draws(structure: Structure, params: Params, low: Array, high: Array) -> Array:
    """The draws of every step, added up: random bits, normals, products with the Cholesky factor."""

    every = shock_keys(structure, params.shocks)

    def one_step(carry: tuple[Array, Room], step: Array) -> tuple[tuple[Array, Room], None]:
        total, room = carry
        returns, _, room = draw(structure, params.shocks, low, high, every, step, room)
        return (total + returns, room), None

    total = jnp.zeros((structure.assets, low.shape[0]), params.shocks.mean.dtype)
    begin = (total, shock_room(structure, params.shocks, low.shape[0]))
    return sum_rows(lax.scan(one_step, begin, jnp.arange(structure.steps, dtype=jnp.int32))[0][0])


def random_numbers(structure: Structure, params: Params, low: Array, high: Array) -> Array:
    """The floor: the random bits and normals of every step."""

    def two_steps(room: Scratch, key: Key) -> tuple[Scratch, None]:
        return normals(key, low, high, room), None

    room = shock_room(structure, params.shocks, low.shape[0]).numbers
    last, _ = lax.scan(two_steps, room, shock_keys(structure, params.shocks))
    return sum_rows(last.first) + sum_rows(last.second)


FLOOR: dict[str, TileFunction] = {"draws": draws, "random numbers": random_numbers}


def without_statistics(
    structure: Structure, mesh: Mesh, metrics: bool
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The two programs of a run without sums and histograms; without `metrics` the losses alone, so that the compiler
    drops drawdowns and whatever else nobody reads."""

    def quiet(params: Params, low: Array, high: Array, valid: Array) -> QuietBlock:
        def tile(inputs: tuple[Array, Array]) -> Any:
            every = hold_still(structure, params, *inputs)
            if metrics:
                return every
            loss = every.fund_loss  # in place of the trough: the simulator takes both along
            return every._replace(trough=loss, max_drawdown=loss[:0], draws_clipped=loss[0, :0])

        return QuietBlock(map_tiles(tile, (low, high), valid), None, None)  # type: ignore[arg-type]

    def sales(params: Params, low: Array, high: Array, valid: Array, static: Array) -> SalesBlock:
        del static

        def tile(inputs: tuple[Array, Array]) -> Any:
            every, _ = simulate(selling, params, *inputs)
            return every if metrics else every.fund_loss

        return SalesBlock(map_tiles(tile, (low, high), valid), None, None)  # type: ignore[arg-type]

    selling = structure._replace(twin=bool(structure.outside) and metrics)
    return over_devices(quiet, mesh, 3), over_devices(sales, mesh, 4)


class LongRun:
    """Ever new paths of a run that has gone on for a while, so that few of them still enter its tails.

    For some seconds at most: what is slow to simulate keeps few paths in a second anyway.
    """

    def __init__(self, problem: Problem, simulator: Simulator) -> None:
        self.simulator, self.piece, self.next = simulator, CALLS * simulator.size, 0
        rows, brokers = len(problem.funds.types) + 1, len(problem.funds.brokers)
        self.gatherer = Gatherer(rows, brokers, TAIL_KEEP, store_paths=False)
        started = time.perf_counter()
        while self.next < PIECES_BEFORE * self.piece and time.perf_counter() - started < SECONDS_BEFORE:
            self.go_on()

    def blocks(self) -> Iterator[Finished]:
        """The calls of the next paths."""
        first = self.next
        self.next += self.piece
        yield from self.simulator.run(np.arange(first, self.next, dtype=np.uint64))

    def go_on(self) -> None:
        """Simulate and gather the next paths."""
        first = self.next
        for finished in self.blocks():
            self.gatherer.add(finished)
        self.gatherer.finish_chunk(first, self.next)


@dataclass(frozen=True)
class Engine:
    """The programs of one workload on some devices."""

    problem: Problem
    simulators: dict[str, Simulator]  # "block", "metrics", "losses"
    floor: dict[str, Callable[[], Any]]  # "draws", "random numbers": one call of each
    seconds_to_compile: float  # of the programs of a run, without a compilation cache

    @property
    def programs(self) -> tuple[str, ...]:
        """What can be run by name."""
        return (*self.simulators, *self.floor)

    @property
    def paths(self) -> int:
        """Paths of one call."""
        return self.simulators["block"].size

    def run(self, name: str, seconds: float) -> Sample:
        """Run a program for some seconds, the next call being queued while one is computed."""
        if name in self.simulators:
            return self._repeat(lambda first: self._simulate(name, first), seconds)
        return self._repeat(lambda _: jax.block_until_ready([self.floor[name]() for _ in range(CALLS)]), seconds)

    def stream(self, seconds: float) -> Sample:
        """Blocks of ever new paths, copied to the host and gathered there while the next one is computed."""
        long_run = self.long_run  # not in the time that is measured
        return self._repeat(lambda _: long_run.go_on(), seconds)

    @cached_property
    def long_run(self) -> LongRun:
        """A run at its margin."""
        return LongRun(self.problem, self.simulators["block"])

    def _ids(self, first: int) -> Any:
        return np.arange(first, first + CALLS * self.paths, dtype=np.uint64)

    def _simulate(self, name: str, first: int) -> None:
        queue: list[Finished] = []
        for finished in self.simulators[name].run(self._ids(first)):
            queue.append(finished)
            if len(queue) == AHEAD:
                jax.block_until_ready(queue.pop(0).block)
        jax.block_until_ready([finished.block for finished in queue])

    def _repeat(self, work: Callable[[int], Any], seconds: float) -> Sample:
        """Call `work(first path id)` for at least so many seconds."""
        started, pieces = time.perf_counter(), 0
        while pieces == 0 or time.perf_counter() - started < seconds:
            work(pieces * CALLS * self.paths)
            pieces += 1
        return Sample(pieces * CALLS * self.paths, time.perf_counter() - started)

    def transfer_and_gather(self, seconds: float) -> tuple[float, float]:
        """Seconds per path of copying finished blocks to the host, and of the statistics that are kept there."""
        long_run, copying, gathering = self.long_run, 0.0, 0.0

        def one(_: int) -> None:
            nonlocal copying, gathering
            first = long_run.next
            for finished in long_run.blocks():
                block = jax.block_until_ready(finished.block)
                started = time.perf_counter()
                block = block._replace(sums=jax.device_get(block.sums), histogram=block.histogram)
                copied = time.perf_counter()
                long_run.gatherer.add(Finished(finished.tiled, block, finished.first_pass))
                copying, gathering = copying + copied - started, gathering + time.perf_counter() - copied

            long_run.gatherer.finish_chunk(first, long_run.next)

        sample = self._repeat(one, seconds)
        return copying / sample.paths, gathering / sample.paths


def engine_of(problem: Problem, devices: Devices, tiles: int, precision: str = "float32", seed: int = 1) -> Engine:
    """Compile every program of a workload for `tiles` tiles a call (a multiple of the devices)."""
    structure, params = structure_of(problem), params_of(problem, seed, precision)
    seconds = _seconds_to_compile(structure, devices, params, tiles)
    simulators = {"block": Simulator(structure, params, devices, tiles)}
    for name, metrics in (("metrics", True), ("losses", False)):
        simulators[name] = Simulator(structure, params, devices, tiles)
        simulators[name].quiet, simulators[name].sales = without_statistics(structure, devices.mesh, metrics)
        simulators[name].compile(kept=False)
    words = TiledPaths(np.arange(tiles * devices.tile, dtype=np.uint64), tiles, devices.tile, devices.count).words()
    floor = {name: _call(function, structure, devices.mesh, params, words) for name, function in FLOOR.items()}
    engine = Engine(problem, simulators, floor, seconds)
    for name in engine.programs:
        engine.run(name, 0.0)
    return engine


def tiles_that_take(problem: Problem, devices: Devices, seconds: float, most: int, precision: str = "float32") -> int:
    """Tiles, a multiple of the devices and at most `most`, whose simulation takes about `seconds`."""
    structure, params = structure_of(problem), params_of(problem, 1, precision)
    simulator = Simulator(structure, params, devices, devices.count)

    def once() -> None:
        jax.block_until_ready([finished.block for finished in simulator.run(simulator.size)])

    once()
    return min(most, devices.count * max(1, int(seconds / repeat(once, 1, seconds / 4).seconds_each)))


def _call(function: TileFunction, structure: Structure, mesh: Mesh, params: Params, words: Any) -> Callable[[], Any]:
    def shard(params: Params, low: Array, high: Array, valid: Array) -> Any:
        return map_tiles(lambda x: function(structure, params, *x), (low, high), valid)

    program = compiled(over_devices(shard, mesh, 3), mesh, (params, *words))
    return lambda: program(params, *words)


def _seconds_to_compile(structure: Structure, devices: Devices, params: Params, tiles: int) -> float:
    """Seconds to trace and compile a run, without what this process or the cache on disk holds of it."""
    started = time.perf_counter()
    simulator = Simulator(structure, params, devices, tiles)
    simulator.quiet = quiet_block.__wrapped__(structure, devices.mesh)
    simulator.sales = sales_block.__wrapped__(structure._replace(twin=bool(structure.outside)), devices.mesh)
    simulator.compile(kept=False)
    return time.perf_counter() - started
