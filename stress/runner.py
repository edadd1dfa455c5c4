"""One run: blocks streamed through the devices, exact counts, sums and tails gathered, the first paths in detail."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jaxlib
import numpy as np
import numpy.typing as npt

from stress._jax import Devices
from stress.background import in_background
from stress.chunks import Chunk, ChunkStore, missing
from stress.compile import group_nav, params_of, structure_of
from stress.detail import Program, collect_detail, compile_detail
from stress.engine import TAIL_KEEP, tiles_per_call
from stress.gather import Gatherer, loss_values
from stress.options import Progress, RunOptions
from stress.path_tables import path_table, select_paths
from stress.refine import exact_quantiles
from stress.results.collected import Collected, Distribution, PathTable
from stress.results.levels import order_rank, tail_mass
from stress.scenarios.problem import Problem
from stress.simulator import Finished, Simulator
from stress.spec import RNG

Report = Callable[[Progress], None]
SECONDS_OF_A_CHUNK = 2.0
OUT_OF_MEMORY = "RESOURCE_EXHAUSTED"  # how JAX's error begins


def collect(
    problem: Problem, options: RunOptions, devices: Devices, progress: Report, store: ChunkStore | None
) -> Collected:
    """Run a problem to the end; see `stress.engine.execute`."""
    with jax.enable_x64(options.precision == "float64"):
        return _Run(problem, options, devices, progress, store).collect()


def estimate(problem: Problem, options: RunOptions, devices: Devices) -> float:
    """Seconds that a run will take: compilation and one block are timed, the rest is in proportion."""
    with jax.enable_x64(options.precision == "float64"):
        return _Run(problem, options, devices, lambda _: None).estimate()


class _Pace:
    """How many paths go into the next chunk: about two seconds of work, in whole calls."""

    def __init__(self, call: int) -> None:
        self._call, self.size, self._compiled = call, call, False

    def took(self, chunk: Chunk, seconds: float) -> None:
        """A chunk is done; the first one says nothing, as its time is that of the compiler."""
        if not self._compiled:
            self._compiled, self.size = True, 2 * self._call
            return
        each = seconds / (chunk.last - chunk.first)
        self.size = self._call * max(1, min(int(SECONDS_OF_A_CHUNK / each / self._call), 2 * self.size // self._call))


class _Run:
    """One run: the compiled block, and what has been gathered so far."""

    def __init__(
        self,
        problem: Problem,
        options: RunOptions,
        devices: Devices,
        progress: Report,
        store: ChunkStore | None = None,
    ) -> None:
        self.problem, self.options, self.devices, self.progress = problem, options, devices, progress
        self.structure = structure_of(problem, options.members)
        self.params = params_of(problem, options.seed, options.precision, options.members)
        self.nav = group_nav(problem, options.members)
        self.tiles = tiles_per_call(options, devices)
        self.simulator = Simulator(self.structure, self.params, devices, self.tiles)
        self.store = store
        self.seconds: dict[str, float] = {}

    def estimate(self) -> float:
        """Seconds that the run will take: compilation and one block are timed, the rest is in proportion."""
        size = self.tiles * self.devices.tile
        started = time.perf_counter()
        jax.block_until_ready([finished.block for finished in self.simulator.run(min(size, self.options.paths))])
        compiled = time.perf_counter()
        several = min(4 * size, self.options.paths)  # calls overlap, and sales are simulated for several at once
        jax.block_until_ready([finished.block for finished in self.simulator.run(several)])
        block = (time.perf_counter() - compiled) * size / several
        detail = min(self.problem.estimation.detail_paths, self.options.paths) / size
        # The timeline's program compiles once more, and its paths cost about twice as much.
        blocks = -(-self.options.paths // size) * (2 if self.options.exact else 1)
        return 2.0 * (compiled - started) + block * (blocks + 2.0 * detail)

    def collect(self) -> Collected:
        """The whole run."""
        problem, options, paths = self.problem, self.options, self.options.paths
        groups = problem.funds.ids if options.members else problem.funds.types
        gatherer = Gatherer(
            len(groups) + 1, len(problem.funds.brokers), min(paths, TAIL_KEEP), options.store == "paths"
        )
        detail_paths = min(problem.estimation.detail_paths, paths)
        detail = in_background(lambda: self.compile_beside(detail_paths))
        started = time.perf_counter()
        self.progress(Progress(0, paths, "compiling"))
        self.gather(gatherer, started)
        self.seconds["paths"] = time.perf_counter() - started
        started = time.perf_counter()
        sample, timeline = collect_detail(
            detail.result(),
            self.structure,
            self.params,
            self.devices.mesh,
            self.devices.tile,
            detail_paths,
            self.nav,
            lambda done: self.progress(Progress(done, detail_paths, "timeline and attribution")),
        )
        self.seconds["detail"] = time.perf_counter() - started
        started = time.perf_counter()
        loss, static, broker = gatherer.distributions()
        if options.exact:
            loss, static = self.refined(loss, static)
            started = time.perf_counter()
        names = (*groups, "system")
        worst = {} if options.store == "summary" else self.worst(dict(zip(names, loss, strict=True)))
        self.seconds["worst_paths"] = time.perf_counter() - started
        return Collected(
            problem=problem,
            groups=groups,
            groups_file_order=groups_in_file_order(problem, options.members),
            group_nav=self.nav,
            paths=paths,
            loss=loss,
            loss_static=static,
            broker_loss=broker,
            sums=gatherer.sums(),
            squares=gatherer.squares(),
            cross=gatherer.totals.sums["cross"].value(),
            broker_sums=gatherer.totals.sums["broker_sums"].value(),
            broker_squares=gatherer.totals.sums["broker_squares"].value(),
            counts=gatherer.totals.counts,
            scalars=gatherer.totals.scalars,
            checkpoints=_checkpoints(sample.fund_loss, problem.estimation.levels),
            sample=sample,
            timeline=timeline,
            worst=worst,
            stored=gatherer.stored(),
            attrs=self.attributes(gatherer.flow_share()),
        )

    def gather(self, gatherer: Gatherer, started: float) -> None:
        """All paths, chunk by chunk: those that are on disk are read, the others simulated and written."""
        paths, done, count = self.options.paths, [], 0
        for chunk, state in self.store.read_all() if self.store is not None else ():
            gatherer.add_chunk(state)
            done.append(chunk)
            count += chunk.last - chunk.first
        if count:
            self.progress(Progress(count, paths, "found on disk"))
        pace = _Pace(self.simulator.size)
        for gap in missing(done, paths):
            first = gap.first
            while first < gap.last:
                chunk = Chunk(first, min(first + pace.size, gap.last))
                began = time.perf_counter()
                try:
                    for finished in self.simulator.run(np.arange(*chunk, dtype=np.uint64)):
                        gatherer.add(finished)
                        self.seconds.setdefault("compile_and_first_block", time.perf_counter() - started)
                        if finished.first_pass:
                            done_now = count + int(finished.dealt.ids[-1]) + 1 - chunk.first
                            self.progress(Progress(done_now, paths, "paths"))
                except RuntimeError as error:
                    if not str(error).startswith(OUT_OF_MEMORY) or self.tiles <= self.devices.count:
                        raise
                    gatherer.drop_chunk(*chunk)
                    self.halve()
                    pace = _Pace(self.simulator.size)
                    continue
                count += chunk.last - chunk.first
                state = gatherer.finish_chunk()
                if self.store is not None:
                    self.store.write(chunk, state)
                pace.took(chunk, time.perf_counter() - began)
                first = chunk.last
        if self.store is not None:
            self.store.flush()

    def halve(self) -> None:
        """Half as many paths a call, after the device ran out of memory; changes no number."""
        self.tiles = max(self.devices.count, self.tiles // 2 // self.devices.count * self.devices.count)
        self.simulator = Simulator(self.structure, self.params, self.devices, self.tiles)
        self.progress(Progress(0, self.options.paths, f"out of memory: {self.simulator.size:,} paths a block now"))

    def compile_beside(self, detail_paths: int) -> Program:
        """Compile what the main thread needs later: the detailed program."""
        with jax.enable_x64(self.options.precision == "float64"):
            return compile_detail(self.structure, self.params, self.devices.mesh, self.devices.tile, detail_paths)

    def refined(
        self, loss: list[Distribution], static: list[Distribution]
    ) -> tuple[list[Distribution], list[Distribution]]:
        """The distributions with exact quantiles, from a second pass over all paths."""
        started, paths, rows = time.perf_counter(), self.options.paths, len(loss)

        def second_pass() -> Iterator[tuple[int, Any]]:
            for finished in self.simulator.run(paths):
                for twin, values in loss_values(finished):
                    yield (rows if twin else 0), values
                if finished.first_pass:
                    self.progress(Progress(int(finished.dealt.ids[-1]) + 1, paths, "exact quantiles"))

        both = exact_quantiles([*loss, *static], self.problem.estimation.levels, second_pass)
        self.seconds["exact_quantiles"] = time.perf_counter() - started
        return both[:rows], both[rows:]

    def worst(self, loss: dict[str, Any]) -> dict[str, PathTable]:
        """The worst paths of each group and of the system, simulated again by the same compiled program."""
        count = min(self.options.worst, self.options.paths)
        if count == 0:
            return {}
        wanted = {name: d.tail.path_ids[:count] for name, d in loss.items()}
        every = np.unique(np.concatenate(list(wanted.values())))
        blocks = [Finished(x.dealt, jax.device_get(x.block)) for x in self.simulator.run(every)]
        table = path_table(blocks, len(self.problem.funds.brokers))
        return {name: select_paths(table, ids) for name, ids in wanted.items()}

    def attributes(self, beyond_depth: float) -> dict[str, Any]:
        """Provenance: what, with what, where, how long."""
        return {
            "seed": self.options.seed,
            "rng": RNG,
            "precision": self.options.precision,
            "paths": self.options.paths,
            "device": self.devices.describe(),
            "tile": self.devices.tile,
            "block_size": self.tiles * self.devices.tile,
            "store": self.options.store,
            "members": self.options.members,
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


def _checkpoints(loss: npt.NDArray[np.float64], levels: tuple[str, ...]) -> dict[str, Any]:
    """Mean loss, VaR and ES of the first 1,024, 2,048, ... detailed paths: how the estimates settle."""
    count = loss.shape[1]
    points = sorted({min(1024 << k, count) for k in range(max(1, math.ceil(math.log2(max(count / 1024, 1))) + 1))})
    mean = np.array([loss[:, :n].mean(axis=1) for n in points])
    var = np.empty((len(points), loss.shape[0], len(levels)))
    es = np.empty_like(var)
    for i, n in enumerate(points):
        ordered = np.sort(loss[:, :n], axis=1)[:, ::-1]
        total = np.concatenate([np.zeros((loss.shape[0], 1)), np.cumsum(ordered, axis=1)], axis=1)
        for j, level in enumerate(levels):
            mass = float(tail_mass(level, n))
            whole = min(int(mass), n)
            part = ordered[:, min(whole, n - 1)] * (mass - whole)
            es[i, :, j] = (total[:, whole] + part) / mass
            var[i, :, j] = ordered[:, n - order_rank(level, n)]
    return {"paths": np.array(points), "mean_loss": mean, "var": var, "es": es}
