"""Points of the ranges: a Latin hypercube, trajectories (Morris 1991) and the matrices of Saltelli et al. (2010).

Shares u in [0, 1] are drawn and read off the law of each range, so that every design is of the same joint law: ranges
are taken to be independent.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stress.questions.sensitivity.parameters import Parameter
from stress.scenarios.ranges.laws import at_share

Floats = npt.NDArray[np.float64]
GRID = 4  # levels of a Morris trajectory
JUMP = GRID / (2 * (GRID - 1))  # 2/3: every level is as likely as the others


def factors_at(parameters: Sequence[Parameter], shares: Floats) -> dict[str, float]:
    """Factors by name at (parameter,) shares of the laws."""
    return {
        one.name: at_share(one.law, one.low, one.high, 1.0, float(share))
        for one, share in zip(parameters, shares, strict=True)
    }


def latin(count: int, dimensions: int, seed: int) -> Floats:
    """(point, parameter) shares, one in each of `count` equal parts of every parameter (McKay et al. 1979)."""
    from scipy.stats import qmc

    found: Floats = qmc.LatinHypercube(dimensions, rng=seed).random(count)
    return found


def trajectories(count: int, dimensions: int, seed: int) -> tuple[Floats, npt.NDArray[np.int64]]:
    """(trajectory, step, parameter) shares that change in one parameter a step, and (trajectory, step) which.

    Each starts at a random level of {0, 1/3, 2/3, 1} and jumps by 2/3, up or down as there is room.
    """
    random = np.random.default_rng(seed)
    points = np.empty((count, dimensions + 1, dimensions))
    order = np.empty((count, dimensions), np.int64)
    for number in range(count):
        here = random.integers(0, GRID, dimensions) / (GRID - 1)
        order[number] = random.permutation(dimensions)
        points[number, 0] = here
        for step, which in enumerate(order[number]):
            here = here.copy()
            here[which] += JUMP if here[which] + JUMP <= 1 + 1e-9 else -JUMP
            points[number, step + 1] = np.clip(here, 0.0, 1.0)
    return points, order


def saltelli(count: int, dimensions: int, seed: int) -> Floats:
    """(matrix, point, parameter) shares of A, B and, for every parameter, A with the column of B; scrambled Sobol."""
    from scipy.stats import qmc

    drawn = qmc.Sobol(2 * dimensions, rng=seed).random(count)
    a, b = drawn[:, :dimensions], drawn[:, dimensions:]
    mixed = np.repeat(a[None], dimensions, axis=0)
    for number in range(dimensions):
        mixed[number, :, number] = b[:, number]
    return np.concatenate([a[None], b[None], mixed])
