"""VaR and ES of samples by plain NumPy."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def value_at_risk(loss: Floats, level: str) -> Floats:
    """Order statistic of rank `ceil(p N)` of each row, (row,)."""
    paths = loss.shape[1]
    rank = max(1, math.ceil(Fraction(level) * paths))
    return np.asarray(np.sort(loss, axis=1)[:, rank - 1])


def expected_shortfall(loss: Floats, level: str) -> Floats:
    """Mean of the worst `(1 - p) N` of each row, the boundary one counted in part, (row,)."""
    mass = (1 - Fraction(level)) * loss.shape[1]
    worst = -np.sort(-loss, axis=1)
    whole = int(mass)
    total = worst[:, :whole].sum(axis=1)
    if mass > whole:
        total = total + float(mass - whole) * worst[:, whole]
    return np.asarray(total / float(mass))


def worst_paths(loss: Floats, share: str) -> npt.NDArray[np.intp]:
    """Paths of the worst `ceil(share N)` of each row, worst first: (row, path) of (row, N)."""
    count = max(1, math.ceil(Fraction(share) * loss.shape[1]))
    return np.argsort(-loss, axis=1, kind="stable")[:, :count]
