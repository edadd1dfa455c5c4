"""Chunks of a run, simulated on the devices of this machine: what a run, a worker and a task of a cluster share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.engine.chunks import Chunk
from stress.engine.devices import Devices
from stress.engine.gatherer import Gatherer, TailFloors
from stress.engine.simulator import Simulator
from stress.engine.sizes import TAIL_KEEP, tiles_per_call
from stress.engine.totals import State
from stress.kernels.params import Params
from stress.options import RunOptions
from stress.scenarios.problem import Problem

SECONDS_OF_A_CHUNK = 2.0
OUT_OF_MEMORY = "RESOURCE_EXHAUSTED"  # how JAX's error begins
PathsDone = Callable[[int], None]  # is told, after each call, how many paths of the chunk are done


class ChunkSimulator:
    """The compiled programs of one run.

    Attributes:
        says: is told what one waits for: that programs are compiled, or that calls were made smaller after a device
            ran out of memory.

    `change` makes other numbers of those of the problem, for the same programs.
    """

    def __init__(
        self,
        problem: Problem,
        options: RunOptions,
        devices: Devices,
        says: Callable[[str], None] = lambda _: None,
        change: Callable[[Params], Params] = lambda params: params,
    ) -> None:
        self.problem, self.options, self.devices, self.says = problem, options, devices, says
        self.structure = structure_of(problem, options.members)
        self.params = change(params_of(problem, options.seed, options.precision, options.members))
        self.tiles = tiles_per_call(options, devices)
        self.simulator = self._simulator()

    def gatherer(self, least: TailFloors | None = None) -> Gatherer:
        """A new gatherer for paths of this run; `least` is that of one which has seen others of them."""
        return new_gatherer(self.problem, self.options, least)

    def simulate(self, chunk: Chunk, gatherer: Gatherer, seen: PathsDone = lambda _: None) -> State:
        """Simulate a chunk into a gatherer; half as many paths a call, and once more, when memory runs out.

        Raises:
            InvariantFailed: a path's result is not finite.
        """
        while True:
            try:
                for finished in self.simulator.run(np.arange(*chunk, dtype=np.uint64)):
                    gatherer.add(finished)
                    if finished.first_pass:
                        seen(int(finished.tiled.ids[-1]) + 1 - chunk.first)
                return gatherer.finish_chunk(*chunk)
            except RuntimeError as error:
                if not str(error).startswith(OUT_OF_MEMORY) or self.tiles <= self.devices.count:
                    raise
            gatherer.drop_chunk(*chunk)
            self._halve()

    def _halve(self) -> None:
        self.tiles = max(self.devices.count, self.tiles // 2 // self.devices.count * self.devices.count)
        self.simulator = self._simulator()
        self.says(f"out of memory: {self.simulator.size:,} paths a block now")

    def _simulator(self) -> Simulator:
        return Simulator(self.structure, self.params, self.devices, self.tiles, lambda: self.says("compiling"))

    def fill(
        self, gaps: list[Chunk], gatherer: Gatherer, seen: PathsDone = lambda _: None
    ) -> Iterator[tuple[Chunk, State]]:
        """Simulate all of some ranges of paths, in chunks of about two seconds."""
        pace = Pace(self.simulator.size, SECONDS_OF_A_CHUNK)
        for chunk in pace.cut(gaps):
            began = time.perf_counter()
            state = self.simulate(chunk, gatherer, seen)
            pace.took(chunk, time.perf_counter() - began)
            yield chunk, state


def new_gatherer(problem: Problem, options: RunOptions, least: TailFloors | None = None) -> Gatherer:
    """A gatherer for paths of a run, see `ChunkSimulator.gatherer`."""
    rows = 1 + len(problem.funds.ids if options.members else problem.funds.types) + len(problem.fund_groups)
    return Gatherer(rows, len(problem.funds.brokers), TAIL_KEEP, options.store == "paths", least)


class Pace:
    """How many paths go into the next chunk: so much work as takes the time asked for, in whole calls."""

    def __init__(self, call: int, seconds: float) -> None:
        self._call, self._seconds, self.size, self._compiled = call, seconds, call, False

    def cut(self, gaps: list[Chunk]) -> Iterator[Chunk]:
        """Chunks of some ranges of paths, each of the size of the moment."""
        for gap in gaps:
            first = gap.first
            while first < gap.last:
                chunk = Chunk(first, min(first + self.size, gap.last))
                yield chunk
                first = chunk.last

    def took(self, chunk: Chunk, seconds: float) -> None:
        """A chunk is done; the first one says nothing, as its time is that of the compiler."""
        if not self._compiled:
            self._compiled, self.size = True, 2 * self._call
            return
        each = seconds / (chunk.last - chunk.first)
        self.size = self._call * max(1, min(int(self._seconds / each / self._call), 2 * self.size // self._call))
