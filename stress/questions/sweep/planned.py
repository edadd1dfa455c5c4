"""What a sweep will do, and how long it will take."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from stress.compile.structure import structure_of
from stress.engine.plan import plan
from stress.kernels.structure import Structure
from stress.options import RunOptions
from stress.questions.lean import options_of_lean
from stress.questions.sweep.axes import Moved
from stress.questions.sweep.point import simulated
from stress.questions.sweep.sweep import Sweep, document
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem
from stress.scenarios.schema.scenario import Scenario

TIMED_PATHS = 10_000  # at most, of a point that is timed


def planned(scenario: Scenario, asked: Sweep, options: RunOptions) -> dict[str, Any]:
    """What a sweep will do: its points, those that cannot start, programs to compile, memory, device, seconds of CPU.

    Raises:
        ScenarioError, DeviceNotFound, NotEnoughResources: see `sweep`.
    """
    moved, memory = Moved(scenario, asked.axes), 0
    device = plan(build_problem(scenario), options_of_lean(options)).device
    points: dict[Structure, list[int]] = {}
    for number, point in enumerate(asked.points):
        try:
            problem = build_problem(moved.at(point))
        except ScenarioError:
            continue
        structure = structure_of(problem, options.members)
        if structure not in points:
            memory = max(memory, plan(problem, options_of_lean(options)).memory_bytes)
        points.setdefault(structure, []).append(number)
    if not points:
        build_problem(moved.at(asked.points[0]))  # says why
    feasible = sum(map(len, points.values()))
    largest = max(points.values(), key=len)
    ends = [build_problem(moved.at(asked.points[number])) for number in (largest[0], largest[-1])]
    return {
        **document(asked),
        "keys": {axis.name: list(moved.keys(axis)) for axis in asked.axes},
        "points": len(asked.points),
        "infeasible": len(asked.points) - feasible,
        "programs": 2 * len(points),
        "paths": options.paths,
        "memory_bytes": memory,
        "device": device,
        "estimated_cpu_seconds": _cpu_seconds(ends, feasible, len(points), asked, options),
    }


def _cpu_seconds(ends: list[Problem], points: int, structures: int, asked: Sweep, options: RunOptions) -> float:
    """Seconds of CPU, in proportion to those of two points, TIMED_PATHS of which are simulated; the first compiles."""
    timed = replace(options, paths=min(options.paths, TIMED_PATHS))
    seconds = []
    for problem in (ends[0], *ends):
        began = time.process_time()
        simulated(problem, asked.bound, timed, asked.method, lambda _: None)
        seconds.append(time.process_time() - began)
    compiling = max(0.0, seconds[0] - seconds[1])
    return structures * compiling + points * (seconds[1] + seconds[2]) / 2 * options.paths / timed.paths
