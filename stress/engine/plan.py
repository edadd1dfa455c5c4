"""What a run will need: paths, blocks, memory and disk, worked out without running anything."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stress.compile.structure import structure_of
from stress.engine.detail import quantiles
from stress.engine.detail.call_size import numbers_of_a_tile, tiles_of_a_call
from stress.engine.fastest_device import rows_of
from stress.engine.sizes import BYTES_OF_A_ROW, BYTES_OF_A_STEP, SHARED_PATHS, TAIL_KEEP, devices_for, tiles_per_call
from stress.errors import NotEnoughResources
from stress.options import RunOptions
from stress.results.statistics.contributions import paths_looked_at
from stress.results.statistics.histogram import FloatHistogram
from stress.results.statistics.simulation_output import COURSE, DISTRIBUTED, PATH_METRICS
from stress.scenarios.problem import Problem

CALLS_OF_A_CHUNK = 8  # about two seconds of work
BYTES_OF_A_CHUNK = 100 * 2**10  # of a distribution: bins that are used, and what may still be in its tail
PROGRAM_BYTES = 400 * 2**20  # Python, JAX and compiled programs
PROGRAM_BYTES_OF_A_ROW = 300_000  # of programs, their constants and what they begin with; of 2,018 rows 0.6 GB
MATRICES = 4  # of assets by assets: correlations, and their factors


@dataclass(frozen=True)
class RunPlan:
    """What a run will do, computed without doing it."""

    paths: int
    block_size: int
    blocks: int
    tile: int
    device: str
    device_kind: str
    device_why: str  # where "auto" was asked for, else ""
    detail_paths: int
    memory_bytes: int
    disk_bytes: int
    estimated_seconds: float | None = None  # None: not measured


def plan(problem: Problem, options: RunOptions) -> RunPlan:
    """Paths, blocks, memory and disk of a run.

    Args:
        problem: the scenario.
        options: as for `runner.execute`.

    Raises:
        DeviceNotFound: the device asked for is not there.
        NotEnoughResources: the run would need more memory than `max_memory` or than the machine has free.
    """
    devices = devices_for(problem, options)
    block = tiles_per_call(options, devices) * devices.tile
    brokers, assets = len(problem.funds.brokers), len(problem.assets.ids)
    rows = 1 + (len(problem.funds.ids) if options.members else len(problem.funds.types)) + len(problem.fund_groups)
    distributions, bins = len(DISTRIBUTED) * rows + brokers, FloatHistogram.empty(()).bins
    # Of troughs and drawdowns a quarter as many are kept as of losses.
    tails = 2 * rows + (len(DISTRIBUTED) - 2) * rows // 4 + brokers
    item = np.dtype(options.precision).itemsize
    detail = min(problem.estimation.detail_paths, options.paths)
    of_path = rows * (len(PATH_METRICS) * item + 5) + 8
    of_row = BYTES_OF_A_ROW + BYTES_OF_A_STEP * problem.steps
    tiles = devices.count * devices.tile * rows_of(problem) * of_row * item // 4
    shared = min(detail, SHARED_PATHS) * of_path
    stored = options.paths * of_path if options.store == "paths" else 0
    structure = structure_of(problem, options.members)
    call = tiles_of_a_call(structure, devices.count, devices.tile, detail) * numbers_of_a_tile(structure, devices.tile)
    looked_at = paths_looked_at(problem.estimation.levels, detail)
    memory = (
        PROGRAM_BYTES
        + PROGRAM_BYTES_OF_A_ROW * rows_of(problem)
        + (tiles if devices.kind == "cpu" else 0)
        + 3 * block * (item * ((len(PATH_METRICS) + len(COURSE)) * rows + 4 * brokers) + 16 * rows)
        + tails * 2 * min(options.paths, TAIL_KEEP) * 12
        + distributions * (8 + 4 * devices.count) * bins
        + detail * rows * 10 * 8
        + looked_at * assets * 3 * 8
        + quantiles.numbers(problem.steps, rows, assets) * (8 + 4 * devices.count)
        + 2 * call * item
        + MATRICES * assets**2 * 8
        + 3 * stored
        + 5 * shared
    )
    result = RunPlan(
        paths=options.paths,
        block_size=block,
        blocks=math.ceil(options.paths / block),
        tile=devices.tile,
        device=devices.describe(),
        device_kind=devices.kind,
        device_why=devices.why,
        detail_paths=detail,
        memory_bytes=memory,
        disk_bytes=2 * stored
        + shared
        + distributions * bins // 2  # the result
        + tails * 3 * TAIL_KEEP * (item + 8)  # the tails of chunks
        + distributions * math.ceil(options.paths / block / CALLS_OF_A_CHUNK) * BYTES_OF_A_CHUNK
        + 2 * options.worst * rows * rows * 40
        + 2**20,
    )
    available = options.max_memory if options.max_memory is not None else free_memory()
    if available is not None and memory > available:
        raise NotEnoughResources(
            f"the run needs about {memory / 2**20:,.0f} MiB of memory and may use {available / 2**20:,.0f} MiB; "
            + (
                "--store paths keeps every path in memory: use fewer paths, or --store tails"
                if stored > memory / 4
                else "use a smaller --block-size or --tile, or fewer estimation.detail_paths"
            )
        )
    return result


def free_memory() -> int | None:
    """Bytes of memory that are free for this process, None where the system does not say."""
    try:
        with open("/proc/meminfo") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        return None
    return None
