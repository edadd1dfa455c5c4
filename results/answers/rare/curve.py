"""Losses at which the curve of a rare loss is worked out, and those of them that a table shows: round numbers."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from stress.results.answers.rare.estimates import Paths

Floats = npt.NDArray[np.float64]
FEWEST = 20  # paths, at least, beyond the last point of the curve
FROM = 0.1  # probability of the loss at which the curve begins
WHOLE = 1.0  # NAV: what is lost beyond it is lost by brokers, and is no question about a fund
ROWS = 8  # of a table, at most
PARTS = 10  # points of the curve to a row


def thresholds(paths: Paths, least: float, figure: float) -> Floats:
    """Losses from where one path in ten loses more up to where few do, or weights of less than `least` together.

    Round numbers within what was simulated, and no more than the whole NAV unless the `figure` asked about lies beyond.
    """
    first = paths.at_level("var", str(1 - FROM)).value
    losses, _, above = paths.sample.ranked
    beyond = int(np.searchsorted(above, least))
    last = float(losses[min(max(FEWEST, beyond), len(losses)) - 1])
    if first < WHOLE:
        last = min(last, max(WHOLE, figure))
    if not math.isfinite(first) or not last > first:
        return np.array([float(paths.losses.max()) + 0.0])  # not -0.0
    size = round_step(last - first) / PARTS
    return np.round(np.arange(math.ceil(first / size), math.floor(last / size) + 1) * size, 12)


def round_step(span: float) -> float:
    """The smallest of 1, 2, 5, 10, ... times a power of ten of which `span` has fewer than ROWS."""
    power = 10.0 ** math.floor(math.log10(span / ROWS))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0, 20.0) if span / (step * power) < ROWS)


def rows(losses: Floats) -> list[int]:
    """Places of those that a table shows: one in PARTS, the roundest."""
    if len(losses) < 2:
        return list(range(len(losses)))
    size = round_step(float(losses[-1] - losses[0]))
    whole = losses / size
    found = np.flatnonzero(np.abs(whole - np.round(whole)) < 1e-6)
    return [int(at) for at in found] if len(found) else list(range(0, len(losses), math.ceil(len(losses) / ROWS)))
