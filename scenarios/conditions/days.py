"""Days of a history near a condition: a normal kernel on their Mahalanobis distance from the moves that are fixed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stress.scenarios.problem import Floats


class Kernel(NamedTuple):
    """Probabilities of days."""

    chances: Floats  # (day,) sum to 1
    bandwidth: float  # in Mahalanobis distance
    effective: float  # days: 1 over the sum of squared chances (Kish 1965)


def kernel_of_days(seen: Floats, moves: Floats, between: Floats, bandwidth: float | None) -> Kernel:
    """Probabilities of days, `exp(-d^2 / (2 h^2))` of each.

    Args:
        seen: what the rows moved on each day, (row, day).
        moves: what they are to move, (row,).
        between: their covariance, (row, row).
        bandwidth: `h`; None: Silverman's, `(4/(p + 2))^(1/(p + 4)) n^(-1/(p + 4))` for p rows and n days.
    """
    count, days = seen.shape
    width = bandwidth or (4.0 / (count + 2)) ** (1.0 / (count + 4)) * days ** (-1.0 / (count + 4))
    apart = seen - moves[:, None]
    squared = (apart * np.linalg.solve(between, apart)).sum(axis=0)
    chances = np.exp(-(squared - squared.min()) / (2.0 * width**2))
    chances /= chances.sum()
    return Kernel(chances, float(width), float(1.0 / (chances**2).sum()))
