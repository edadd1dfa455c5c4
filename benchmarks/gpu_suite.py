"""One command for a GPU machine: does it agree with the CPU, how fast is it, and where does the time go?

    python benchmarks/gpu_suite.py --out gpu.json

Five parts, each with its share of the budget (what one leaves, the next may use):
  agreement  random words, a product in float32, losses path by path, see `gpu_agreement.py`
  rates      paths a second of each workload in its own tile, beside what the ledger predicts
  profile    kernels a call of each program, how long the device was busy, see `gpu_profile.py`
  long_run   1e9 paths of `desk-calm` through the engine of `levstress run`, its summary written to a folder
  tiles      the rates again with other tiles
What does not fit is named under `left_out`. The file is written after every step, so a run that is stopped leaves what
it has. Exit 0: done; 1: a step ended in an error, see `failed`; 3: no such workload; 4: no GPU; 5: the budget was over
in the middle of a step; 7: something does not agree, and nothing was timed. `--allow-cpu`: all of it on the CPU, tiny,
where no GPU is.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from gpu_agreement import losses_agree, numbers_agree
from gpu_steps import Step, Steps

from stress.bench.gpu_ledger import Ledger, read_ledger, state_of
from stress.bench.suite import WORKLOADS, describe, load_workload
from stress.engine.devices import Devices, set_up
from stress.engine.sizes import devices_for
from stress.errors import DeviceNotFound
from stress.options import Progress, RunOptions
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem

SHARES = {"agreement": 0.3, "rates": 0.15, "profile": 0.15, "long_run": 0.25, "tiles": 0.1}  # the rest is for the end
COMPILING = 1.5  # times what the ledger says: its machine tunes nothing
LONG = "desk-calm"  # 0.1 microseconds of the host a path, `desk` 0.3, and one thread does it
UNKNOWN = 40.0  # seconds to compile what is not in the ledger


class OutOfTime(Exception):
    """The long run has used its part of the budget."""


def accelerator(allow_cpu: bool) -> Devices:
    """Every GPU, or one CPU device where that is allowed and there is none.

    Raises:
        DeviceNotFound: no GPU, and no leave to do without.
    """
    try:
        return set_up("gpu")
    except DeviceNotFound:
        if not allow_cpu:
            raise
    return set_up("cpu", 1)


class Suite:
    """The parts, on some devices, with programs that several of them share."""

    def __init__(self, devices: Devices, problems: list[Problem], given: argparse.Namespace) -> None:
        self.devices, self.problems, self.given = devices, problems, given
        self.tiny, self.ledger = devices.kind == "cpu", read_ledger() or Ledger("", "", "", [])
        self.simulators: dict[tuple[str, int], tuple[Any, float]] = {}  # by the workload's name and the tile

    def steps(self) -> Iterator[Step]:
        """All of it, the most telling first; each is made when the one before is done."""
        paths = 256 if self.tiny else 262_144
        device, host = self.devices.mesh.devices.flat[0], set_up("cpu", 1).mesh.devices.flat[0]
        yield Step("agreement", "numbers", 10, lambda: numbers_agree(device, host, paths))
        for part, work in (("agreement", self.agreement), ("rates", self.rate), ("profile", self.profile)):
            for problem in self.problems:
                needed = self.compiling(problem, self.tile(problem)) + 5
                yield Step(part, problem.name, needed, partial(work, problem))
        yield Step("long_run", LONG, 30, self.long_run)
        for problem in self.problems:
            for tile in self.given.tiles or ([256] if self.tiny else [16_384, 65_536, 262_144, 1_048_576]):
                if tile != self.tile(problem):
                    needed = self.compiling(problem, tile) + 5
                    yield Step("tiles", f"{problem.name}, {tile:,}", needed, partial(self.rate, problem, tile))

    def compiling(self, problem: Problem, tile: int) -> float:
        """Seconds that compiling is thought to take, 0 of what is there."""
        if self.tiny or (problem.name, tile) in self.simulators:
            return 0.0
        known = sum(one.compile_seconds for one in self.ledger.programs if one.scenario == problem.name)
        return COMPILING * known or UNKNOWN

    def tile(self, problem: Problem) -> int:
        """Paths of the tile that a run would take."""
        return devices_for(problem, RunOptions(device=self.devices.kind, devices=self.devices.count)).tile

    def simulator(self, problem: Problem, tile: int) -> tuple[Any, float]:
        """The programs of a run in calls of about a million paths, at most four tiles; seconds to compile them."""
        if (problem.name, tile) in self.simulators:
            return self.simulators[problem.name, tile]
        from stress.compile.params import params_of
        from stress.compile.structure import structure_of
        from stress.engine.simulator import Simulator

        tiles = 1 if self.tiny else max(1, min(4, 2**20 // tile))
        sized = replace(self.devices, tile=tile, tiles_per_device=tiles)
        made = Simulator(structure_of(problem), params_of(problem, 1, "float32"), sized, tiles * sized.count)
        began = time.perf_counter()
        made.compile(kept=self.tiny)
        self.simulators[problem.name, tile] = made, time.perf_counter() - began
        return self.simulators[problem.name, tile]

    def agreement(self, problem: Problem) -> list[dict[str, Any]]:
        """Losses against those of the CPU."""
        from stress.engine.chunk_simulator import ChunkSimulator

        simulator, _ = self.simulator(problem, self.tile(problem))
        paths = min(256 if self.tiny else 262_144 if len(problem.books.ids) < 100 else 32_768, simulator.size)
        options = RunOptions(paths=paths, device="cpu", devices=1 if self.tiny else None)
        reference = ChunkSimulator(problem, options, devices_for(problem, options)).simulator
        return losses_agree(problem, simulator, reference, paths)

    def predicted(self, name: str) -> float | None:
        """Paths per second by the ledger, None of what it does not have."""
        rate = self.ledger.rate(name)
        return None if math.isnan(rate) else rate

    def rate(self, problem: Problem, tile: int | None = None) -> dict[str, Any]:
        """Paths per second of a run's programs beside the prediction, and the most memory the device had so far."""
        from stress.bench.parts import Engine

        simulator, compiling = self.simulator(problem, tile or self.tile(problem))
        engine = Engine(problem, {"block": simulator}, {}, compiling)
        engine.run("block", 0.0)
        found = engine.run("block", self.given.seconds).rate
        predicted = self.predicted(problem.name)
        memory = self.devices.mesh.devices.flat[0].memory_stats() or {}
        return {
            "workload": problem.name,
            "tile": simulator.devices.tile,
            "paths_in_a_call": simulator.size,
            "paths_per_second": found,
            "predicted": predicted,
            "of_predicted": found / predicted if predicted else None,
            "seconds_to_compile": compiling,
            "peak_bytes_so_far": memory.get("peak_bytes_in_use"),
        }

    def profile(self, problem: Problem) -> list[dict[str, Any]]:
        """Launches of each program, beside those that the ledger counts."""
        from gpu_profile import profiles

        simulator, _ = self.simulator(problem, self.tile(problem))
        predicted = {
            one.program: sum(one.turns[part] * kernels for part, kernels in one.kernels.items())
            for one in self.ledger.programs
            if one.scenario == problem.name
        }
        return [
            {"workload": problem.name, "program": name, "predicted_kernels_a_tile": predicted.get(name)} | found
            for name, found in profiles(simulator).items()
        ]

    def long_run(self) -> dict[str, Any]:
        """A run as the command does it; one that would take too long is stopped, and what it did is told."""
        import stress

        paths, began = int(self.given.paths), time.perf_counter()
        until, seen = began + self.given.budget * SHARES["long_run"], list[tuple[int, float]]()

        def progress(told: Progress) -> None:
            if told.phase == "paths":
                seen.append((told.done_paths, time.perf_counter()))
            if time.perf_counter() > until:
                raise OutOfTime

        stopped, seconds = False, dict[str, float]()
        options = RunOptions(paths=paths, device=self.devices.kind, devices=self.devices.count, store="summary")
        with tempfile.TemporaryDirectory() as folder:
            try:
                tree = stress.run(load_workload(LONG), out=Path(folder) / "run", progress=progress, **vars(options))
                seconds = json.loads(tree.attrs["seconds"])
            except OutOfTime:
                stopped = True
        (first, at), (done, end) = (seen[0], seen[-1]) if seen else ((0, began), (0, began))
        return {
            "workload": LONG,
            "paths_asked_for": paths,
            "paths_done": done,
            "stopped": stopped,
            "seconds": time.perf_counter() - began,
            "seconds_until_the_first_paths": at - began if seen else None,
            "paths_per_second": (done - first) / (end - at) if done > first else None,  # after the first ones
            "predicted_by_the_device": self.predicted(LONG),
            "seconds_by_phase": seconds,
        }


def positive(text: str) -> float:
    """A number.

    Raises:
        ArgumentTypeError: it is not more than 0, or has no end.
    """
    value = float(text)
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not possible; allowed: more than 0")
    return value


def tile(text: str) -> int:
    """Paths in a tile, as `levstress run --tile` takes them.

    Raises:
        ArgumentTypeError: anything but a power of two from 64 on.
    """
    try:
        return RunOptions(tile=int(text)).tile or 0
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def main() -> int:
    """Run the suite; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write the report as JSON, too")
    parser.add_argument("--budget", type=positive, default=540.0, help="seconds of all parts together (default 540)")
    parser.add_argument("--seconds", type=positive, default=2.0, help="length of each measurement")
    parser.add_argument(
        "--workloads", nargs="+", default=list(WORKLOADS), metavar="NAME", help="as for levstress bench"
    )
    parser.add_argument("--parts", nargs="+", default=list(SHARES), choices=list(SHARES), help="default: all")
    parser.add_argument("--tiles", nargs="+", type=tile, help="paths in a tile; default 16,384 to 1,048,576")
    parser.add_argument("--paths", type=positive, help="of the long run; default 1e9")
    parser.add_argument("--allow-cpu", action="store_true", help="without a GPU: the same code, tiny, on the CPU")
    given = parser.parse_args()
    began = time.monotonic()
    try:
        devices = accelerator(given.allow_cpu)
    except DeviceNotFound as error:
        print(f"gpu_suite: {error}", file=sys.stderr)
        return 4
    given.paths = given.paths or (4_096 if devices.kind == "cpu" else 1e9)
    given.seconds = min(given.seconds, 0.01) if devices.kind == "cpu" else given.seconds
    try:
        problems = [load_workload(name) for name in given.workloads]
    except ScenarioError as error:
        print(f"gpu_suite: {error}", file=sys.stderr)
        return 3
    suite = Suite(devices, problems, given)
    about = {"machine": describe(devices), "ledger": {"device": suite.ledger.device, "code": state_of()}}
    steps = Steps({part: SHARES[part] for part in given.parts}, given.budget, given.out, about, began)
    with steps.killed_in_time(5):
        for step in suite.steps():
            steps.do(step)
            if any(not line["passed"] for line in steps.report["agreement"]):
                steps.stop("something does not agree: nothing is timed")
    from gpu_tables import show

    show(steps.report)
    return 7 if steps.report["stopped"] else 1 if steps.report["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
