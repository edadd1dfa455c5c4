"""Effects over the whole of the ranges: elementary effects and indices of variance.

Elementary effects (Morris 1991; Campolongo, Cariboni and Saltelli 2007): along trajectories that change one parameter
a step by 2/3 of its range, EE = (F(after) - F(before)) / (+-2/3); mu* is the mean of |EE|, sigma the standard
deviation of EE: interaction and curvature. A step of which one end cannot start is left out.

Indices (Saltelli et al. 2010): with rows of matrices A, B and A with column i of B,

    first order S_i = mean(F_B (F_ABi - F_A)) / V,        total T_i = mean((F_A - F_ABi)^2) / 2 V,

V the variance over A and B; errors from drawing the rows again with replacement.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
DRAWN_AGAIN = 200
FEWEST = 4


def elementary_effects(values: Floats, shares: Floats, order: npt.NDArray[np.int64]) -> Floats:
    """(parameter, effect and its parts) mu*, its error, mean, sigma and how many effects there are.

    Args:
        values: (trajectory, step + 1) of a figure, NaN where it is not known.
        shares: (trajectory, step + 1, parameter).
        order: (trajectory, step) the parameter that a step changes.
    """
    dimensions = order.shape[1]
    steps = np.diff(values, axis=1)
    jumps = np.take_along_axis(np.diff(shares, axis=1), order[:, :, None], axis=2)[:, :, 0]
    effects = steps / jumps
    found = np.full((dimensions, 5), np.nan)
    for number in range(dimensions):
        of_one = effects[order == number]
        of_one = of_one[np.isfinite(of_one)]
        count = len(of_one)
        found[number, 4] = count
        if count >= 2:
            size = np.abs(of_one)
            error = float(size.std(ddof=1)) / math.sqrt(count)
            found[number, :4] = size.mean(), error, of_one.mean(), of_one.std(ddof=1)
    return found


def indices(values: Floats, seed: int = 0) -> Floats:
    """(parameter, 4): first-order index and its error, total index and its error; NaN where nothing varies.

    Args:
        values: (matrix, row) of a figure at A, B and each A with a column of B; rows with a NaN are left out.
        seed: of the rows that are drawn again.
    """
    known = values[:, np.isfinite(values).all(axis=0)]
    dimensions, rows = len(values) - 2, known.shape[1]
    if rows < FEWEST or np.ptp(known[:2]) == 0.0:
        return np.full((dimensions, 4), np.nan)
    again = np.random.default_rng(seed).integers(0, rows, (DRAWN_AGAIN, rows))
    first, whole = _indices(known)
    some = [_indices(known[:, row]) for row in again]
    errors = [np.std([one[part] for one in some], axis=0, ddof=1) for part in (0, 1)]
    return np.stack([first, errors[0], whole, errors[1]], axis=1)


def _indices(values: Floats) -> tuple[Floats, Floats]:
    a, b, mixed = values[0], values[1], values[2:]
    variance = float(np.concatenate([a, b]).var())
    middle = float(np.concatenate([a, b]).mean())
    if variance == 0.0:
        nothing = np.full(len(mixed), np.nan)
        return nothing, nothing
    first = ((b - middle) * (mixed - a)).mean(axis=1) / variance
    return first, ((a - mixed) ** 2).mean(axis=1) / (2 * variance)
