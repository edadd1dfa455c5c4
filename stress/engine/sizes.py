"""How large things are: the tiles of a problem, the tiles of a call, the tails that are kept."""

from __future__ import annotations

import math
from dataclasses import replace

from stress.engine.devices import Devices, available_cores, gpus, set_up
from stress.engine.fastest_device import fastest_device, rows_of
from stress.options import Kind, RunOptions
from stress.scenarios.problem import Problem

TAIL_KEEP = 65_536  # largest losses kept of each distribution of losses
SHARED_PATHS = 32_768  # first paths whose metrics every result keeps, to be paired with those of another run
ROWS_AND_PATHS = {"cpu": 50_000, "gpu": 16_000_000}  # of a tile at most: a core's cache; 1 GB, few launches
FEWEST_AND_MOST = {"cpu": (64, 1_024), "gpu": (16_384, 262_144)}  # paths of a tile
BYTES_OF_A_ROW = 70  # of temporaries, for every path of a tile, in float32
BYTES_OF_A_STEP = 48  # likewise, of a row in each step in the detailed program: 36 to 47 in the library's scenarios


def devices_for(problem: Problem, options: RunOptions) -> Devices:
    """The devices of a run, with the tile that was asked for or fits the problem.

    Raises:
        DeviceNotFound: the device asked for is not there.
    """
    kind, why = options.device, ""
    if kind == "auto":
        cores = min(options.devices or available_cores(), available_cores())
        kind, why = fastest_device(problem, options.paths, cores, gpus(options.devices), options.devices)
    devices = set_up(kind, options.devices)
    tile = options.tile or paths_of_a_tile(problem, devices.kind)
    call = devices.tile * devices.tiles_per_device
    return replace(devices, tile=tile, tiles_per_device=max(1, call // tile), why=why)


def paths_of_a_tile(problem: Problem, kind: Kind) -> int:
    """Paths of a tile on "cpu" or "gpu", a power of two.

    It may decide how sums are rounded, so it follows from the problem alone and never from the machine.
    """
    fewest, most = FEWEST_AND_MOST[kind]
    fits = max(1, ROWS_AND_PATHS[kind] // rows_of(problem))
    return min(most, max(fewest, 1 << (fits.bit_length() - 1)))


def tiles_per_call(options: RunOptions, devices: Devices) -> int:
    """Tiles of one call: the block size in whole tiles, a multiple of the devices, no more than the run needs."""
    wanted = devices.count * devices.tiles_per_device
    if options.block_size is not None:
        wanted = math.ceil(options.block_size / devices.tile)
    needed = math.ceil(options.paths / devices.tile)
    return math.ceil(min(wanted, needed) / devices.count) * devices.count
