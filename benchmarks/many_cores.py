"""Where a machine with many cores saturates: what one host thread does for every path while the devices compute.

    python benchmarks/many_cores.py --scenario desk --scenario desk-calm    # a table; --json for the figures
    python benchmarks/many_cores.py --measure-scaling --scenario desk       # one core against two, on a quiet machine

One process starts calls, picks the paths that have to be simulated with their sales, and gathers sums, histograms and
tails, all in one thread; files are written in another. Both are timed by their CPU time, near the end of a long run,
on 2 and on 8 CPU devices: calls of a machine with more cores have more tiles, so what is paid once a call is told from
what is paid for every path. From there, for n cores with a device each:

    seconds a path = max((devices + host + writing) / n, host, writing) + what a chunk costs between two others

A chunk of about two seconds ends when all is gathered: meanwhile the devices have nothing to do. "Processes" is the
same with cores shared out among processes of four devices (`--executor dask --workers K`), of which the first one
adds up what they send.

What this assumes: a core of the large machine is one of this one, memory and caches serve as many cores as there are,
other work here slows host and devices alike, and all devices need equally long for a call: XLA starts a call on no
device before the one before has ended on every device. `--measure-scaling` shows that wait as idle cores.
"""

from __future__ import annotations

import argparse
import json
import math
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
from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

import stress
from stress.api import build_problem
from stress.bench.many_cores import Shared
from stress.bench.parts import LongRun
from stress.engine import gatherer
from stress.engine.chunk_simulator import ChunkSimulator
from stress.engine.chunks import Chunk
from stress.engine.devices import set_up
from stress.engine.gatherer import Gatherer, TailFloors
from stress.engine.simulator import _Sellers
from stress.engine.sizes import TAIL_KEEP, devices_for
from stress.engine.tiles import TiledPaths
from stress.engine.totals import Totals
from stress.options import RunOptions
from stress.run_directory.chunk_store import write_state

SCENARIOS = ("desk-calm", "desk", "tariff-2025", "ai-unwind-2026")
CORES = (1, 2, 4, 8, 16, 32, 64, 128)
FEW, MANY = 2, 8  # devices on which calls are timed
RUN = 10**8  # paths of the run near the end of which is timed
PARTS = {
    "starts calls": ((TiledPaths, "words"), (TiledPaths, "lay_out_rows")),
    "picks sellers": ((_Sellers, "add"), (_Sellers, "take")),
    "sums, histograms": ((Totals, "add_quiet"), (Totals, "add_sales"), (gatherer, "merged")),
    "tails": ((Gatherer, "_offer_quiet"), (Gatherer, "_offer_sales"), (Gatherer, "_see")),
}


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


def programs_of(scenario: str, devices: int) -> ChunkSimulator:
    """The compiled programs of an endless run."""
    problem, options = build_problem(stress.load_scenario(scenario)), RunOptions(paths=2**40, devices=devices)
    programs = ChunkSimulator(problem, options, devices_for(problem, options))
    programs.simulator.compile()
    return programs


def measured(scenario: str, devices: int, seconds: float, pieces: int) -> tuple[dict[str, float], dict[str, float]]:
    """CPU seconds of a path by part, on some devices, and what else is counted: paths of a call, costs of a chunk."""

    programs = programs_of(scenario, devices)
    clock, size, early = Clock(), programs.simulator.size, programs.gatherer()
    began = time.perf_counter()
    programs.simulate(Chunk(0, size), early)
    calls, first = max(1, int(seconds / (time.perf_counter() - began))), size
    gathered = programs.gatherer(at_the_end(early, size))
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        for part, owner, name in ((part, *one) for part, every in PARTS.items() for one in every):
            stack.enter_context(patch.object(owner, name, clock.timed(part, getattr(owner, name))))
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


def at_the_end(gathered: Gatherer, paths: int) -> TailFloors:
    """What a value must exceed to be kept at the end of a run of `RUN` paths, from what the first ones came to."""

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


def rate_here(scenario: str, cores: list[int], seconds: float) -> dict[str, float]:
    """Paths per second of this process on some cores, and the share of them that it kept busy."""
    os.sched_setaffinity(0, cores)

    programs = programs_of(scenario, len(cores))
    long_run = LongRun(programs.problem, programs.simulator)
    first, cpu, began = long_run.next, time.process_time(), time.perf_counter()
    while time.perf_counter() - began < seconds:
        long_run.go_on()
    took = time.perf_counter() - began
    return {"rate": (long_run.next - first) / took, "busy": (time.process_time() - cpu) / took / len(cores)}


def rates(scenario: str, seconds: float, shares: tuple[str, ...]) -> list[dict[str, float]]:
    """`rate_here` of processes that run side by side, each on its cores."""
    words = [sys.executable, __file__, "--scenario", scenario, "--seconds", str(seconds), "--on"]
    running = [subprocess.Popen([*words, share], stdout=subprocess.PIPE, text=True) for share in shares]
    return [json.loads(one.communicate()[0]) for one in running]


def measure_scaling(scenario: str, seconds: float, rounds: int) -> dict[str, float]:
    """Two cores against one, in turn, as two devices and as two processes: medians of the ratios, and how busy."""
    found = defaultdict(list)
    for _ in range(rounds):
        (one,) = rates(scenario, seconds, ("0",))
        (two,) = rates(scenario, seconds, ("0,1",))
        apart = rates(scenario, seconds, ("0", "1"))
        found["two devices"].append(two["rate"] / one["rate"])
        found["two processes"].append(sum(each["rate"] for each in apart) / one["rate"])
        found["share busy, two devices"].append(two["busy"])
    return {name: statistics.median(values) for name, values in found.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", action="append", help=f"default: {', '.join(SCENARIOS)}")
    parser.add_argument("--seconds", type=float, default=2.0, help="of a piece of work; default: 2")
    parser.add_argument(
        "--pieces", type=int, default=6, help="of work that are timed, after one that is not; default: 6"
    )
    parser.add_argument("--rounds", type=int, default=5, help="of --measure-scaling; default: 5")
    parser.add_argument("--measure-scaling", action="store_true", help="one core against two, measured")
    parser.add_argument("--on", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    options: Any = parser.parse_args()
    if min(options.pieces, options.rounds) < 1 or not 0.0 < options.seconds < math.inf:
        parser.error("--seconds, --pieces and --rounds are more than 0")
    scenarios = options.scenario or list(SCENARIOS)
    if options.on:
        print(json.dumps(rate_here(scenarios[0], [int(core) for core in options.on.split(",")], options.seconds)))
    elif options.measure_scaling:
        for name in scenarios:
            print(json.dumps({"scenario": name, **measure_scaling(name, options.seconds, options.rounds)}))
    else:
        set_up("cpu", MANY)
        every = []
        for name in scenarios:
            print(f"{name}: {options.pieces} pieces of {options.seconds:g} s", file=sys.stderr, flush=True)
            every.append(shared(name, options.seconds, options.pieces))
        if options.json:
            print(json.dumps([asdict(one) | {"saturates_at": one.saturates()} for one in every]))
        else:
            for table in tables(every):
                Console(width=160).print(table)


if __name__ == "__main__":
    main()
