"""One benchmark run: workloads measured in alternation with the baselines, as one JSON-ready document."""

from __future__ import annotations

import os
import platform
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from stress.bench.desk import NotTheDeskModel, desk_of
from stress.bench.measure import Contender, alternate, ratio
from stress.engine.devices import Devices, available_cores, set_up
from stress.engine.sizes import devices_for, tiles_per_call
from stress.options import RunOptions
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem

WORKLOADS = ("desk-calm", "desk", "tariff-2025", "ai-unwind-2026", "street")
PROGRAMS = {
    "run": "blocks streamed and gathered, as a run does it",
    "block": "block with twin, metrics and statistics",
    "metrics": "twin and metrics, no statistics",
    "losses": "losses alone: no twin, no statistics",
    "draws": "draws alone",
    "random numbers": "random numbers alone: the floor",
}
NUMPY, NUMBA = "blocked NumPy", "parallel Numba"
HOW_TO_NUMBA = "parallel Numba: not installed; pip install 'levstress[bench]'"


@dataclass(frozen=True)
class BenchOptions:
    """What is measured and for how long."""

    seconds: float = 2.0  # of each measurement
    rounds: int = 3  # turns of each contender
    baselines: bool = True
    run: RunOptions = field(default_factory=RunOptions)  # device, devices, block size, precision, seed


def load_workload(name: str, overrides: Sequence[str] = ()) -> Problem:
    """The problem of `street`, a library name or a scenario file.

    Raises:
        ScenarioError: no such scenario, or not a valid one.
    """
    if name == "street":
        from stress.bench.street import street_problem

        if overrides:
            reason = "this workload is made by a recipe, not read from a file"
            raise ScenarioError(reason, file="street", key="--set", value=list(overrides), allowed="other workloads")
        return street_problem()
    from stress.scenarios.build.problem_builder import build_problem
    from stress.scenarios.read.loader import load_scenario

    return build_problem(load_scenario(name, overrides))


def run_suite(
    problems: Sequence[Problem], options: BenchOptions, say: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Measure every problem.

    Raises:
        DeviceNotFound: the device asked for is not there.
    """
    devices = set_up(options.run.device, options.run.devices)
    run = replace(options.run, device=devices.kind)  # what is here is measured, whatever a run would take
    before = load_average()
    workloads = []
    for problem in problems:
        say(f"{problem.name}: compiling")
        workloads.append(measure(problem, options, devices_for(problem, run), say))
    return {
        "machine": describe(devices),
        "load_average": {"before": before, "after": load_average()},
        "seconds_of_each_measurement": options.seconds,
        "rounds": options.rounds,
        "precision": options.run.precision,
        "workloads": workloads,
    }


def measure(problem: Problem, options: BenchOptions, devices: Devices, say: Callable[[str], None]) -> dict[str, Any]:
    """Rates, ratios and seconds of one workload."""
    import jax

    from stress.bench.parts import engine_of, tiles_that_take

    with jax.enable_x64(options.run.precision == "float64"), ExitStack() as stack:
        tiles = tiles_per_call(options.run, devices)
        if options.run.block_size is None:
            tiles = tiles_that_take(problem, devices, options.seconds / 4, tiles, options.run.precision)
        engine = engine_of(problem, devices, tiles, options.run.precision, options.run.seed)
        contenders: dict[str, Contender] = {"run": engine.stream}
        for name in engine.programs:
            contenders[name] = partial(engine.run, name)
        notes = add_baselines(problem, options, contenders, stack) if options.baselines else []
        each = f"{options.rounds} rounds of {options.seconds:g} s each"
        say(f"{problem.name}: measuring {len(contenders)} programs in turn, {each}")
        rates = alternate(contenders, options.seconds, options.rounds)
        transfer, gather = engine.transfer_and_gather(options.seconds)
    return {
        "workload": problem.name,
        "size": {
            "assets": len(problem.assets.ids),
            "funds": len(problem.funds.ids),
            "books": problem.books.managers,
            "steps": problem.steps,
        },
        "paths_in_a_call": engine.paths,
        "tile": devices.tile,
        "paths_per_second": {name: statistics.median(values) for name, values in rates.items()},
        "paths_per_second_by_round": rates,
        "share_of_floor": {name: ratio(rates, name, "random numbers") for name in rates},
        "ratios": {
            f"{name} / {baseline}": ratio(rates, name, baseline)
            for baseline in (NUMPY, NUMBA)
            if baseline in rates
            for name in ("losses", "block", "run")
        }
        | {"block / losses": ratio(rates, "block", "losses"), "run / block": ratio(rates, "run", "block")},
        "seconds_per_million_paths": parts(rates)
        | {"transfer": 1e6 * transfer, "statistics on the host": 1e6 * gather},
        "seconds_to_compile": engine.seconds_to_compile,
        "notes": notes,
    }


def parts(rates: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Seconds for a million paths by part: differences between programs within a round, the median over the rounds."""

    def median(program: str, less: str | None = None) -> float:
        longer = [1e6 / rate for rate in rates[program]]
        shorter = [1e6 / rate for rate in rates[less]] if less else [0.0] * len(longer)
        return statistics.median(a - b for a, b in zip(longer, shorter, strict=True))

    return {
        "random numbers": median("random numbers"),
        "draw: products and clipping": median("draws", "random numbers"),
        "cascade: everything but the draw": median("losses", "draws"),
        "twin and metrics": median("metrics", "losses"),
        "statistics on the device": median("block", "metrics"),
    }


def add_baselines(
    problem: Problem, options: BenchOptions, contenders: dict[str, Contender], stack: ExitStack
) -> list[str]:
    """Start the baselines that can follow this problem; returns what the reader should know about those that cannot."""
    from stress.bench.numpy_workers import NumpyWorkers

    try:
        desk = desk_of(problem)
    except NotTheDeskModel as reason:
        return [f"no baselines: {reason}"]
    cores = available_cores()
    contenders[NUMPY] = stack.enter_context(NumpyWorkers(desk, cores)).run
    if find_spec("numba") is None:
        return [HOW_TO_NUMBA]
    from stress.bench.numba_paths import BATCH, NumbaPaths

    numba = NumbaPaths(desk, cores)
    numba.batch(BATCH)
    contenders[NUMBA] = numba.run
    return []


def describe(devices: Devices) -> dict[str, Any]:
    """The machine, without its name."""
    from importlib.metadata import version

    info = Path("/proc/cpuinfo")
    model = re.search(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE) if info.is_file() else None
    return {
        "cpu": model.group(1).strip() if model else platform.processor(),
        "cores": available_cores(),
        "device": devices.describe(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("jax", "jaxlib", "numpy")},
    }


def load_average() -> list[float] | None:
    """Processes that want to run, over 1, 5 and 15 minutes: more than the cores spoil a measurement."""
    return [round(x, 2) for x in os.getloadavg()] if hasattr(os, "getloadavg") else None
