"""How many tiles a call of the detailed program has: as many as memory holds of what they give."""

from __future__ import annotations

from stress.engine.detail.exposure import KINDS, kept
from stress.engine.detail.tables import PLAIN
from stress.kernels.path import PathMetrics
from stress.kernels.structure import Structure
from stress.results.dataset.components import component_names

PATHS_PER_CALL = 16_384  # on each device
NUMBERS_PER_CALL = 1 << 24  # that tiles give, on each device


def numbers_of_a_tile(structure: Structure, tile: int) -> int:
    """About how many numbers a tile gives: sums by step, fund and asset, and what is kept of each path."""
    rows, steps, assets = len(structure.group_members) + len(structure.groups) + 1, structure.steps, structure.assets
    exposures = len(KINDS) * rows * assets if kept(structure) else 0
    by_path = assets + rows * (len(component_names(structure.outside)) + len(PathMetrics._fields))
    return 2 * steps * (exposures + len(PLAIN) * (rows + assets)) + tile * by_path


def tiles_of_a_call(structure: Structure, devices: int, tile: int, paths: int) -> int:
    """Tiles of one call of the detailed program for so many paths: no number depends on it."""
    fits = min(PATHS_PER_CALL // tile, NUMBERS_PER_CALL // numbers_of_a_tile(structure, tile))
    return devices * min(max(1, fits), -(-paths // (tile * devices)))
