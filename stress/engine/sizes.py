"""How large things are: the tiles of a problem, the tiles of a call, the tails that are kept."""

from __future__ import annotations

import math
from dataclasses import replace

from stress.engine.devices import Devices, set_up
from stress.options import RunOptions
from stress.scenarios.problem import Problem

TAIL_KEEP = 65_536  # largest losses kept of each distribution of losses
SHARED_PATHS = 32_768  # first paths whose metrics every result keeps, to be paired with those of another run
ROWS_OF_A_TILE = 40  # assets or books that a whole CPU tile has cache for


def devices_for(problem: Problem, options: RunOptions) -> Devices:
    """The devices of a run, with tiles that fit the problem: a core's cache holds fewer paths of more assets or books.

    Raises:
        DeviceNotFound: the device asked for is not there.
    """
    devices = set_up(options.device, options.devices)
    if devices.kind != "cpu":
        return devices
    rows = max(len(problem.assets.ids), len(problem.books.ids))
    halvings = min(3, max(0, math.ceil(math.log2(rows / ROWS_OF_A_TILE))))
    return replace(devices, tile=devices.tile >> halvings, tiles_per_device=devices.tiles_per_device << halvings)


def tiles_per_call(options: RunOptions, devices: Devices) -> int:
    """Tiles of one call: the block size in whole tiles, a multiple of the devices, no more than the run needs."""
    wanted = devices.count * devices.tiles_per_device
    if options.block_size is not None:
        wanted = math.ceil(options.block_size / devices.tile)
    needed = math.ceil(options.paths / devices.tile)
    return math.ceil(min(wanted, needed) / devices.count) * devices.count
