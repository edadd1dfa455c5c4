"""One run: blocks streamed through the devices, exact counts, sums and tails gathered, the first paths in detail."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, Protocol

import jax
import jaxlib
import numpy as np

from stress.compile.matrices import group_nav
from stress.engine.accounting import check_worst
from stress.engine.background import in_background
from stress.engine.chunk_simulator import ChunkSimulator, Pace
from stress.engine.chunks import Chunk, FinishedChunks, missing
from stress.engine.detail.program import Program, collect_detail, compile_detail
from stress.engine.devices import Devices
from stress.engine.exact_quantiles import exact_quantiles
from stress.engine.gatherer import Gatherer, TailFloors, final_values
from stress.engine.path_tables import path_table, select_paths
from stress.engine.plan import plan
from stress.engine.simulator import Finished
from stress.engine.sizes import devices_for
from stress.engine.totals import State
from stress.kernels.random.normals import GENERATOR
from stress.options import Progress, RunOptions
from stress.results.statistics.checkpoints import checkpoints
from stress.results.statistics.rows import with_groups
from stress.results.statistics.simulation_output import DISTRIBUTED, Distribution, PathTable, SimulationOutput
from stress.scenarios.problem import Problem

Report = Callable[[Progress], None]
SECONDS_OF_A_TASK = 5.0  # elsewhere: its result has to travel


def execute(
    problem: Problem,
    options: RunOptions,
    progress: Callable[[Progress], None] | None = None,
    store: FinishedChunks | None = None,
    elsewhere: Executor | None = None,
) -> SimulationOutput:
    """Run a resolved scenario.

    Args:
        problem: the scenario.
        options: paths, seed, precision, devices, what to store.
        progress: called after each block with how far the run is.
        store: where finished chunks are kept and found again; None = in memory only.
        elsewhere: other processes that compute the chunks; None = this one.

    Returns:
        All counts, sums, tails and samples; bit-identical for any block size and number of devices.

    Raises:
        DeviceNotFound, NotEnoughResources: see `plan`.
        InvariantFailed: a result is not finite, or what was gathered does not fit together.
    """
    plan(problem, options)
    devices = devices_for(problem, options)
    with jax.enable_x64(options.precision == "float64"):
        return _Run(problem, options, devices, progress or (lambda _: None), store, elsewhere).collect()


def estimate(problem: Problem, options: RunOptions) -> float:
    """Seconds that a run will take: compilation and one block are timed, the rest is in proportion.

    Raises:
        DeviceNotFound: the device asked for is not there.
    """
    devices = devices_for(problem, options)
    with jax.enable_x64(options.precision == "float64"):
        return _Run(problem, options, devices, lambda _: None).estimate()


class Executor(Protocol):
    """Other processes that simulate chunks."""

    def chunks(self, pace: Pace, gaps: list[Chunk], least: Callable[[], TailFloors]) -> Iterator[tuple[Chunk, State]]:
        """All of some ranges of paths, in any order; `least` says what a loss must exceed to be kept by now."""
        ...

    def describe(self) -> str:
        """For the attributes of the result."""
        ...


class _Run:
    """One run: the compiled block, and what has been gathered so far."""

    def __init__(
        self,
        problem: Problem,
        options: RunOptions,
        devices: Devices,
        progress: Report,
        store: FinishedChunks | None = None,
        elsewhere: Executor | None = None,
    ) -> None:
        self.problem, self.options, self.devices, self.progress = problem, options, devices, progress
        self.chunk_simulator = ChunkSimulator(problem, options, devices, self.says)
        self.structure, self.params = self.chunk_simulator.structure, self.chunk_simulator.params
        self.nav = group_nav(problem, options.members, groups=True)
        self.store, self.elsewhere = store, elsewhere
        self.seconds: dict[str, float] = {}

    def estimate(self) -> float:
        """Seconds that the run will take: compilation and one block are timed, the rest is in proportion."""
        size, simulator = self.chunk_simulator.simulator.size, self.chunk_simulator.simulator
        started = time.perf_counter()
        jax.block_until_ready([finished.block for finished in simulator.run(min(size, self.options.paths))])
        compiled = time.perf_counter()
        several = min(4 * size, self.options.paths)  # calls overlap, and sales are simulated for several at once
        jax.block_until_ready([finished.block for finished in simulator.run(several)])
        block = (time.perf_counter() - compiled) / -(-several // size)  # a call takes as long with few paths
        tiles = self.devices.tile * self.devices.count
        detail = max(tiles, min(self.problem.estimation.detail_paths, self.options.paths)) / size
        # The timeline's program compiles once more, and its paths cost about twice as much.
        blocks = -(-self.options.paths // size) * (2 if self.options.exact else 1)
        return 2.0 * (compiled - started) + block * (blocks + 2.0 * detail)

    def collect(self) -> SimulationOutput:
        """The whole run."""
        problem, options, paths = self.problem, self.options, self.options.paths
        groups = problem.funds.ids if options.members else problem.funds.types
        gatherer = self.chunk_simulator.gatherer()
        detail_paths = min(problem.estimation.detail_paths, paths)
        detail = in_background(lambda: self.compile_beside(detail_paths))
        started = time.perf_counter()
        self.says("loading programs")
        self.gather(gatherer, started)
        self.seconds["paths"] = time.perf_counter() - started
        started = time.perf_counter()
        if not detail.done():
            self.progress(Progress(0, detail_paths, "preparing the timeline"))
        sample, timeline = collect_detail(
            detail.result(),
            self.structure,
            self.params,
            self.devices.mesh,
            self.devices.tile,
            detail_paths,
            self.nav,
            problem.estimation.levels,
            lambda done: self.progress(Progress(done, detail_paths, "timeline and attribution")),
        )
        self.seconds["detail"] = time.perf_counter() - started
        started = time.perf_counter()
        distributions, broker = gatherer.distributions()
        if options.exact:
            distributions = self.refined(distributions)
            started = time.perf_counter()
        worst, worst_by_trough = self.worst(groups, distributions)
        self.seconds["worst_paths"] = time.perf_counter() - started
        output = SimulationOutput(
            problem=problem,
            groups=groups,
            groups_file_order=groups_in_file_order(problem, options.members),
            group_nav=self.nav,
            paths=paths,
            distributions=distributions,
            broker_loss=broker,
            sums=gatherer.sums(),
            squares=gatherer.squares(),
            cross=gatherer.totals.sums["cross"].value(),
            broker_sums=gatherer.totals.sums["broker_sums"].value(),
            broker_squares=gatherer.totals.sums["broker_squares"].value(),
            counts=gatherer.totals.counts,
            scalars=gatherer.totals.scalars,
            checkpoints=checkpoints(sample.fund_loss, problem.estimation.levels),
            sample=sample,
            timeline=timeline,
            worst=worst,
            worst_by_trough=worst_by_trough,
            stored=gatherer.stored(),
            attrs=self.attributes(gatherer.flow_share()),
        )
        return with_groups(output) if problem.fund_groups else output

    def gather(self, gatherer: Gatherer, started: float) -> None:
        """All paths, chunk by chunk: those that are on disk are read, the others simulated and written."""
        paths, done = self.options.paths, []
        for chunk, state in self.store.read_all(Chunk(0, paths)) if self.store is not None else ():
            gatherer.add_chunk(state)
            done.append(chunk)
        gaps, count = missing(done, paths), sum(chunk.last - chunk.first for chunk in done)
        if count:
            self.progress(Progress(count, paths, "found on disk"))

        def seen(of_this_chunk: int) -> None:
            self.seconds.setdefault("compile_and_first_block", time.perf_counter() - started)
            self.progress(Progress(count + of_this_chunk, paths, "paths"))

        for chunk, state in self.chunks(gaps, gatherer, seen):
            count += chunk.last - chunk.first
            if self.store is not None:
                self.store.write(chunk, state)
        if self.store is not None:
            self.store.flush()
        gatherer.check(paths)

    def chunks(
        self, gaps: list[Chunk], gatherer: Gatherer, seen: Callable[[int], None]
    ) -> Iterator[tuple[Chunk, State]]:
        """What is missing, from this machine's devices or from elsewhere."""
        if self.elsewhere is None:
            yield from self.chunk_simulator.fill(gaps, gatherer, seen)
            return
        pace = Pace(self.chunk_simulator.simulator.size, SECONDS_OF_A_TASK)
        for chunk, state in self.elsewhere.chunks(pace, gaps, gatherer.least):
            gatherer.add_chunk(state)
            seen(chunk.last - chunk.first)
            yield chunk, state

    def says(self, phase: str) -> None:
        """Say what one waits for before there are paths."""
        self.progress(Progress(0, self.options.paths, phase))

    def compile_beside(self, detail_paths: int) -> Program:
        """Compile what the main thread needs later: the detailed program."""
        with jax.enable_x64(self.options.precision == "float64"):
            return compile_detail(self.structure, self.params, self.devices.mesh, self.devices.tile, detail_paths)

    def refined(self, rough: dict[str, list[Distribution]]) -> dict[str, list[Distribution]]:
        """The distributions with exact quantiles, from a second pass over all paths."""
        started, paths, rows = time.perf_counter(), self.options.paths, len(self.nav)

        def second_pass() -> Iterator[tuple[int, Any]]:
            for finished in self.chunk_simulator.simulator.run(paths):
                for name, values in final_values(finished):
                    yield DISTRIBUTED.index(name) * rows, values
                if finished.first_pass:
                    self.progress(Progress(int(finished.tiled.ids[-1]) + 1, paths, "exact quantiles"))

        every = [distribution for name in DISTRIBUTED for distribution in rough[name]]
        every = exact_quantiles(every, self.problem.estimation.levels, second_pass)
        self.seconds["exact_quantiles"] = time.perf_counter() - started
        return {name: every[i * rows : (i + 1) * rows] for i, name in enumerate(DISTRIBUTED)}

    def worst(
        self, groups: tuple[str, ...], distributions: dict[str, list[Distribution]]
    ) -> list[dict[str, PathTable]]:
        """The worst paths of each group and of the system, by final loss and by trough, simulated again by the same
        compiled program.

        Raises:
            InvariantFailed: a path has not the loss that it had.
        """
        metrics = ("fund_loss", "trough")
        by = [distributions[metric] for metric in metrics]
        count = min(self.options.worst, self.options.paths)
        if count == 0 or self.options.store == "summary":
            return [{} for _ in metrics]
        wanted = [[distribution.tail.path_ids[:count] for distribution in rows] for rows in by]
        every = np.unique(np.concatenate([ids for rows in wanted for ids in rows]))
        blocks = [Finished(x.tiled, jax.device_get(x.block)) for x in self.chunk_simulator.simulator.run(every)]
        table = path_table(blocks, len(self.problem.funds.brokers))
        names = (*groups, *self.problem.fund_groups, "system")
        for metric, rows, ids in zip(metrics, by, wanted, strict=True):
            for row, (distribution, mine) in enumerate(zip(rows, ids, strict=True)):
                check_worst(select_paths(table, mine), metric, row, distribution)
        return [{name: select_paths(table, ids) for name, ids in zip(names, rows, strict=True)} for rows in wanted]

    def attributes(self, beyond_depth: float) -> dict[str, Any]:
        """Provenance: what, with what, where, how long."""
        return {
            "seed": self.options.seed,
            "rng": GENERATOR,
            "precision": self.options.precision,
            "paths": self.options.paths,
            "device": self.devices.describe(),
            "tile": self.devices.tile,
            "block_size": self.chunk_simulator.simulator.size,
            "computed_by": "this process" if self.elsewhere is None else self.elsewhere.describe(),
            "store": self.options.store,
            "members": self.options.members,
            "options": asdict(self.options),
            "jax_version": jax.__version__,
            "jaxlib_version": jaxlib.__version__,
            "numpy_version": np.__version__,
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
            "forced_flow_beyond_depth_share": beyond_depth,
        }


def groups_in_file_order(problem: Problem, members: bool) -> tuple[str, ...]:
    """Reported funds in the order of the scenario file, the members of a type together."""
    order = problem.funds.types_file_order
    if not members:
        return order
    rank = {name: i for i, name in enumerate(order)}
    funds = problem.funds
    return tuple(sorted(funds.ids, key=lambda x: (rank[funds.types[funds.type_of[funds.ids.index(x)]]], x)))
