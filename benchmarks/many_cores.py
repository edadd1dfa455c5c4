"""Where a machine with many cores saturates: what one host thread does for every path while the devices compute.

    python benchmarks/many_cores.py --scenario desk --scenario desk-calm    # a table; --json for the figures
    python benchmarks/many_cores.py --measure-scaling --scenario desk       # one core against two, on a quiet machine

One process starts calls, picks the paths that have to be simulated with their sales, and gathers sums, histograms and
tails, all in one thread; files are written in another. Both are timed by their CPU time, near the end of a long run, on
2 and on 8 CPU devices: calls of a machine with more cores have more tiles, so what is paid once a call is told from what
is paid for every path. From there, for n cores with a device each:

    seconds a path = max((devices + host + writing) / n, host, writing) + what a chunk costs between two others

A chunk of about two seconds ends when all is gathered: meanwhile the devices have nothing to do. `processes` is the
same with cores shared out among processes of `DEVICES` devices (`--executor dask --workers K`), of which the first one
adds up what they send.

What this assumes: a core of the large machine is one of this one, memory and caches hold as many cores as there are,
devices never wait for each other within a chunk, and other work here does not slow host and devices unlike.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

import stress
from stress.api import build_problem
from stress.engine.devices import set_up
from stress.options import RunOptions

SCENARIOS = ("desk-calm", "desk", "tariff-2025", "ai-unwind-2026")
CORES = (1, 2, 4, 8, 16, 32, 64, 128)
FEW, MANY = 2, 8  # devices on which calls are timed
DEVICES = 4  # of a process, where cores are shared out among processes
RUN = 10**8  # paths of the run near the end of which is timed
CHUNK, TASK = 2.0, 5.0  # seconds of work of a chunk, and of one that another process computes
PARTS = {
    "starts calls": ("tiles.TiledPaths.words", "tiles.TiledPaths.lay_out_rows", "tiles.TiledPaths.lay_out"),
    "picks sellers": ("simulator._Sellers.add", "simulator._Sellers.take"),
    "sums, histograms": ("totals.Totals.add_quiet", "totals.Totals.add_sales", "gatherer.merged"),
    "tails": (
        "gatherer.Gatherer._offer_quiet",
        "gatherer.Gatherer._offer_sales",
        "gatherer.Gatherer._see",
    ),
}


@dataclass(frozen=True)
class Shared:
    """What one scenario costs, in CPU seconds."""

    scenario: str
    device: float  # a path, on one core
    host: dict[str, float]  # a path, by part
    call: float  # a call, besides
    chunk: float  # a chunk, besides
    writing: float  # a chunk, in a thread of its own
    task: float  # a task of another process, in the one that adds up
    paths: int  # of a call, for each device

    def seconds(self, cores: int) -> tuple[float, float]:
        """Of a path on so many cores in one process: what the devices need, and the host."""
        chunk = self.paths_of_chunk(cores)
        host = sum(self.host.values()) + self.call / (self.paths * cores) + self.chunk / chunk
        return (self.device + host + self.writing / chunk) / cores, host

    def paths_of_chunk(self, cores: int) -> float:
        """Paths of two seconds, in whole calls."""
        call = self.paths * cores
        return max(1.0, CHUNK / max(self.device / cores, sum(self.host.values())) // call) * call

    def rate(self, cores: int) -> float:
        """Paths per second of one process."""
        devices, host = self.seconds(cores)
        last = sum(self.host.values()) * self.paths * cores + self.call + self.chunk
        return 1.0 / (max(devices, host, self.writing / self.paths_of_chunk(cores)) + last / self.paths_of_chunk(cores))

    def saturates(self) -> int | None:
        """Cores from which on the host takes as long as the devices, None beyond 1,024."""
        return next((n for n in range(1, 1_025) if self.seconds(n)[1] >= self.seconds(n)[0]), None)

    def rate_of_processes(self, cores: int) -> float:
        """Paths per second of processes that share the cores out, as far as one process can add up what they send."""
        devices = min(DEVICES, cores)
        count = cores / devices
        return count * self.rate(devices) * min(1.0, TASK / (self.task * count))

    def largest_part(self) -> str:
        """What the host does most."""
        return max(self.host, key=lambda name: self.host[name])


class Clock:
    """CPU seconds of the calling thread by part; a part within another one counts for itself."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._inside: list[float] = []

    @contextmanager
    def timing(self, part: str) -> Iterator[None]:
        """Time what is done within."""
        began = time.thread_time()
        self._inside.append(0.0)
        try:
            yield
        finally:
            took = time.thread_time() - began
            self.spent[part] += took - self._inside.pop()
            if self._inside:
                self._inside[-1] += took

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, timed."""

        def call(*arguments: Any, **more: Any) -> Any:
            with self.timing(part):
                return function(*arguments, **more)

        return call


def measured(scenario: str, devices: int, seconds: float, pieces: int) -> tuple[dict[str, float], dict[str, float]]:
    """CPU seconds of a path by part, on some devices, and what else is counted: paths of a call, costs of a chunk."""
    from stress.engine import gatherer, simulator, tiles, totals
    from stress.engine.chunk_simulator import ChunkSimulator
    from stress.engine.chunks import Chunk
    from stress.engine.sizes import devices_for
    from stress.run_directory.chunk_store import write_state

    problem = build_problem(stress.load_scenario(scenario))
    options = RunOptions(paths=2**40, device="cpu", devices=devices)
    programs = ChunkSimulator(problem, options, devices_for(problem, options))
    programs.simulator.compile()
    clock, modules = Clock(), {"gatherer": gatherer, "simulator": simulator, "tiles": tiles, "totals": totals}
    size, early = programs.simulator.size, programs.gatherer()
    began = time.perf_counter()
    programs.simulate(Chunk(0, size), early)
    calls, first = max(1, int(seconds / (time.perf_counter() - began))), size
    gathered = programs.gatherer(at_the_end(early, size))
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        for part, names in PARTS.items():
            for name in names:
                module, _, rest = name.partition(".")
                owner: Any = modules[module]
                *path, last = rest.split(".")
                for one in path:
                    owner = getattr(owner, one)
                stack.enter_context(patch.object(owner, last, clock.timed(part, getattr(owner, last))))
        finish = clock.timed("chunk", gathered.finish_chunk)
        stack.enter_context(patch.object(gathered, "finish_chunk", finish))
        for name in ("quiet", "sales"):
            program = clock.timed("starts calls", getattr(programs.simulator, name))
            stack.enter_context(patch.object(programs.simulator, name, program))
        other, writing, adding, all_, host = programs.gatherer(), 0.0, 0.0, 0.0, 0.0
        for piece in range(1 + pieces):
            if piece == 1:
                clock.spent.clear()
                writing = adding = all_ = host = 0.0
            chunk = Chunk(first, first + calls * size)
            before, whole = time.thread_time(), time.process_time()
            state = programs.simulate(chunk, gathered)
            host, all_ = host + time.thread_time() - before, all_ + time.process_time() - whole
            before = time.thread_time()
            write_state(Path(folder), chunk, state)
            written = time.thread_time()
            other.add_chunk(pickle.loads(pickle.dumps(state)))
            writing, adding = writing + written - before, adding + time.thread_time() - written
            first = chunk.last
    paths = pieces * calls * size
    parts = {part: clock.spent[part] / paths for part in PARTS}
    chunk_seconds = clock.spent["chunk"]
    parts["the rest"] = (host - chunk_seconds) / paths - sum(parts.values())
    once = {"chunk": chunk_seconds, "writing": writing, "task": adding}
    counted = {name: value / pieces for name, value in once.items()}
    return parts, {**counted, "paths": size / devices, "device": (all_ - host) / paths}


def at_the_end(gathered: Any, paths: int) -> list[tuple[float, Any]]:
    """What a value must exceed to be kept at the end of a run of `RUN` paths, from what the first ones came to."""
    from stress.engine.sizes import TAIL_KEEP

    by_metric, brokers = gathered.distributions()
    tails = [one.tail for every in by_metric.values() for one in every] + [one.tail for one in brokers]
    rank = paths * TAIL_KEEP // RUN
    return [(float(tail.values[rank]), tail.path_ids[rank]) for tail in tails]


def shared(scenario: str, seconds: float, pieces: int) -> Shared:
    """Costs of a path and of a call, told apart by calls of two sizes."""
    few, more = measured(scenario, FEW, seconds, pieces)
    many, _ = measured(scenario, MANY, seconds, pieces)
    paths = int(more["paths"])
    # A path costs host + call / (paths of the call): two sizes, two unknowns, part by part; neither is below 0.
    share = 1.0 / (paths * FEW) - 1.0 / (paths * MANY)
    calls = {part: max(0.0, few[part] - many[part]) / share for part in few}
    host = {part: max(0.0, few[part] - calls[part] / (paths * FEW)) for part in few}
    return Shared(
        scenario, more["device"], host, sum(calls.values()), more["chunk"], more["writing"], more["task"], paths
    )


def tables(every: list[Shared]) -> Iterator[Table]:
    """What was timed, and what follows for more cores."""
    parts = Table(title="CPU microseconds")
    for heading in (
        "scenario",
        "device, a path",
        "host, a path",
        *every[0].host,
        "a call",
        "a chunk",
        "files",
        "a task",
    ):
        parts.add_column(heading, justify="left" if heading == "scenario" else "right")
    rates = Table(title="M paths/s by cores; in brackets: processes of 4 devices")
    for heading in ("scenario", *map(str, CORES), "saturates at", "most of it"):
        rates.add_column(heading, justify="left" if heading == "scenario" else "right")
    for one in every:
        host = [sum(one.host.values()), *one.host.values()]
        once = [one.call, one.chunk, one.writing, one.task]
        parts.add_row(
            one.scenario, *(f"{1e6 * x:.3f}" for x in (one.device, *host)), *(f"{1e6 * x:,.0f}" for x in once)
        )
        both = [f"{one.rate(n) / 1e6:.2f} ({one.rate_of_processes(n) / 1e6:.2f})" for n in CORES]
        rates.add_row(one.scenario, *both, f"{one.saturates() or 'over 1,024'} cores", one.largest_part())
    yield parts
    yield rates


def rate_here(scenario: str, cores: int, seconds: float) -> dict[str, float]:
    """Paths per second of this process on its first cores, and the share of them that it kept busy."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    from stress.bench.parts import LongRun
    from stress.compile.params import params_of
    from stress.compile.structure import structure_of
    from stress.engine.simulator import Simulator
    from stress.engine.sizes import devices_for, tiles_per_call

    problem, options = (
        build_problem(stress.load_scenario(scenario)),
        RunOptions(paths=2**40, device="cpu", devices=cores),
    )
    devices = devices_for(problem, options)
    simulator = Simulator(
        structure_of(problem), params_of(problem, 1, "float32"), devices, tiles_per_call(options, devices)
    )
    long_run = LongRun(problem, simulator)
    first, cpu, began = long_run.next, time.process_time(), time.perf_counter()
    while time.perf_counter() - began < seconds:
        long_run.go_on()
    took = time.perf_counter() - began
    return {"rate": (long_run.next - first) / took, "busy": (time.process_time() - cpu) / took / cores}


def measure_scaling(scenario: str, seconds: float, rounds: int) -> dict[str, float]:
    """One core against two, in turn: the median of the ratios of the rates, and how busy the cores were."""
    ratios, busy = [], []
    for _ in range(rounds):
        found = []
        for cores in (1, 2):
            words = [sys.executable, __file__, "--scenario", scenario, "--rate", str(cores), "--seconds", str(seconds)]
            found.append(json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout))
        ratios.append(found[1]["rate"] / found[0]["rate"])
        busy.append(found[1]["busy"])
    return {"ratio": statistics.median(ratios), "busy_on_two": statistics.median(busy)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", action="append", help=f"default: {', '.join(SCENARIOS)}")
    parser.add_argument("--seconds", type=float, default=2.0, help="of a piece of work; default: 2")
    parser.add_argument(
        "--pieces", type=int, default=6, help="of work that are timed, after one that is not; default: 6"
    )
    parser.add_argument("--rounds", type=int, default=5, help="of --measure-scaling; default: 5")
    parser.add_argument("--measure-scaling", action="store_true", help="one core against two, measured")
    parser.add_argument("--rate", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    options: Any = parser.parse_args()
    scenarios = options.scenario or list(SCENARIOS)
    if options.rate:
        print(json.dumps(rate_here(scenarios[0], options.rate, options.seconds)))
    elif options.measure_scaling:
        for name in scenarios:
            print(json.dumps({"scenario": name, **measure_scaling(name, options.seconds, options.rounds)}))
    else:
        set_up("cpu", MANY)
        every = [shared(name, options.seconds, options.pieces) for name in scenarios]
        if options.json:
            print(json.dumps([asdict(one) | {"saturates_at": one.saturates()} for one in every]))
        else:
            for table in tables(every):
                Console(width=160).print(table)


if __name__ == "__main__":
    main()
