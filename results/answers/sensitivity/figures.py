"""All figures of a world at once, and functions of the figures of several worlds, row by row and level by level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.results.answers.world import BY_FUND, BY_LEVEL, Figure, World
from stress.results.statistics.few_paths import Z95

Floats = npt.NDArray[np.float64]
Sheet = dict[str, npt.NDArray[Any]]  # by figure: (row, level) or (row,) of Figure; the system is the last row
VARIABLES = (*BY_LEVEL, *BY_FUND)
Measured = dict[str, Floats]  # by figure: (part, row, level) or (part, row)


def sheet(world: World, rows: int, levels: Sequence[str]) -> Sheet:
    """Every figure of a world."""
    found: Sheet = {}
    for name in VARIABLES:
        at: Sequence[str | None] = levels if name in BY_LEVEL else [None]
        table = np.empty((rows, len(at)), object)
        for row in range(rows):
            for place, level in enumerate(at):
                table[row, place] = world.figure(name, row, level)
        found[name] = table if name in BY_LEVEL else table[:, 0]
    return found


def apply(function: Callable[..., Sequence[float]], *sheets: Sheet | None) -> Measured:
    """A function of the figures of some worlds, None where there is no world; its numbers come first."""
    first = next(one for one in sheets if one is not None)
    found: Measured = {}
    for name in VARIABLES:
        shape = first[name].shape
        cells = [function(*(None if one is None else one[name][at] for one in sheets)) for at in np.ndindex(shape)]
        found[name] = np.moveaxis(np.array(cells, np.float64).reshape(*shape, -1), -1, 0)
    return found


def measured(figure: Figure) -> tuple[float, float, float, float]:
    """Value, standard error (from the interval where the estimate has none) and 95 % interval."""
    estimate = figure.estimate
    width = (estimate.high - estimate.low) / (2 * Z95)
    error = estimate.se if np.isfinite(estimate.se) else width
    return estimate.value, error, estimate.low, estimate.high
