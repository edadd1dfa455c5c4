"""The engine's front: what a run will need, and the run itself. JAX is set up here, before anything imports it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from stress._jax import Devices, set_up
from stress.errors import NotEnoughResources
from stress.options import Progress, RunOptions
from stress.results.collected import Collected
from stress.results.histogram import FloatHistogram
from stress.scenarios.problem import Problem

if TYPE_CHECKING:
    from stress.chunks import ChunkStore
    from stress.runner import Executor

TAIL_KEEP = 65_536  # largest losses kept of each distribution
ASSETS_OF_A_TILE = 40  # that a whole CPU tile has cache for
CALLS_OF_A_CHUNK = 8  # about two seconds of work
BYTES_OF_A_CHUNK = 100 * 2**10  # of a distribution: bins that are used, and what may still be in its tail
PROGRAM_BYTES = 400 * 2**20  # Python, JAX and compiled programs


@dataclass(frozen=True)
class RunPlan:
    """What a run will do, computed without doing it."""

    paths: int
    block_size: int
    blocks: int
    tile: int
    device: str
    device_kind: str
    detail_paths: int
    memory_bytes: int
    disk_bytes: int
    estimated_seconds: float | None  # None: not measured


def plan(problem: Problem, options: RunOptions, measure: bool = False) -> RunPlan:
    """Paths, blocks, memory and disk of a run.

    Args:
        problem: the scenario.
        options: as for `execute`.
        measure: also estimate the time, by compiling the run and timing one of its blocks.

    Raises:
        DeviceNotFound: the device asked for is not there.
        NotEnoughResources: the run would need more memory than `max_memory` or than the machine has free.
    """
    devices = devices_for(problem, options)
    block = tiles_per_call(options, devices) * devices.tile
    brokers, assets = len(problem.funds.brokers), len(problem.assets.ids)
    rows = 1 + (len(problem.funds.ids) if options.members else len(problem.funds.types))
    distributions, bins = 2 * rows + brokers, FloatHistogram.empty(()).bins
    item = np.dtype(options.precision).itemsize
    detail = min(problem.estimation.detail_paths, options.paths)
    stored = options.paths * (rows * (6 * item + 5) + 8) if options.store == "paths" else 0
    memory = (
        PROGRAM_BYTES
        + 3 * block * (item * (7 * rows + 4 * brokers) + 16 * rows)
        + distributions * (2 * min(options.paths, TAIL_KEEP) * 12 + (8 + 4 * devices.count) * bins)
        + detail * (rows * 6 + assets) * 8
        + problem.steps * 2 * (rows + assets) * 6_147 * (8 + 4 * devices.count)
        + 3 * stored
    )
    result = RunPlan(
        paths=options.paths,
        block_size=block,
        blocks=math.ceil(options.paths / block),
        tile=devices.tile,
        device=devices.describe(),
        device_kind=devices.kind,
        detail_paths=detail,
        memory_bytes=memory,
        disk_bytes=2 * stored
        + distributions * (bins // 2 + 3 * TAIL_KEEP * (item + 8))  # the result, and the tails of chunks
        + distributions * math.ceil(options.paths / block / CALLS_OF_A_CHUNK) * BYTES_OF_A_CHUNK
        + options.worst * rows * rows * 40
        + 2**20,
        estimated_seconds=None,
    )
    available = options.max_memory if options.max_memory is not None else free_memory()
    if available is not None and memory > available:
        raise NotEnoughResources(
            f"the run needs about {memory / 2**20:,.0f} MiB of memory and may use {available / 2**20:,.0f} MiB; "
            + (
                "--store paths keeps every path in memory: use fewer paths, or --store tails"
                if stored > memory / 4
                else "use a smaller --block-size or fewer estimation.detail_paths"
            )
        )
    if not measure:
        return result
    from stress.runner import estimate

    return replace(result, estimated_seconds=estimate(problem, options, devices))


def execute(
    problem: Problem,
    options: RunOptions,
    progress: Callable[[Progress], None] | None = None,
    store: ChunkStore | None = None,
    elsewhere: Executor | None = None,
) -> Collected:
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
        InvariantFailed: a result is not finite.
    """
    plan(problem, options)
    from stress.runner import collect

    return collect(problem, options, devices_for(problem, options), progress or (lambda _: None), store, elsewhere)


def devices_for(problem: Problem, options: RunOptions) -> Devices:
    """The devices of a run, with tiles that fit the problem: a core's cache holds fewer paths of more assets.

    Raises:
        DeviceNotFound: the device asked for is not there.
    """
    devices = set_up(options.device, options.devices)
    if devices.kind != "cpu":
        return devices
    halvings = min(3, max(0, math.ceil(math.log2(len(problem.assets.ids) / ASSETS_OF_A_TILE))))
    return replace(devices, tile=devices.tile >> halvings, tiles_per_device=devices.tiles_per_device << halvings)


def tiles_per_call(options: RunOptions, devices: Devices) -> int:
    """Tiles of one call: the block size in whole tiles, a multiple of the devices, no more than the run needs."""
    wanted = devices.count * devices.tiles_per_device
    if options.block_size is not None:
        wanted = math.ceil(options.block_size / devices.tile)
    needed = math.ceil(options.paths / devices.tile)
    return math.ceil(min(wanted, needed) / devices.count) * devices.count


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
