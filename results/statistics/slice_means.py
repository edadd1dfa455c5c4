"""Means over paths, and over the worst share of them, from sums: their errors."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from stress.results.statistics.few_paths import FEWEST, paths_that_count, widened, widening

Floats = npt.NDArray[np.float64]


def slice_size(share: str, paths: int) -> int:
    """Paths in the worst `share` of them: `ceil(share n)`, at least one."""
    return max(1, math.ceil(Fraction(share) * paths))


def near_boundary(size: int) -> int:
    """The last tenth of a slice, at least a path: what a variable is next to the boundary is taken from it."""
    return max(1, size // 10)


def slice_mean(
    total: Floats, square: Floats, at_boundary: Floats, size: int, paths: int, rare: bool
) -> tuple[Floats, Floats]:
    """Mean of A over the worst `size` of `paths` paths by another quantity, and its standard error.

    The error is that of the influence function `1{worst} (A - a) / share` with `a` the mean of A at the boundary, which
    is estimated too, widened for few paths. All arrays have one shape.

    Args:
        total: sum of A over the slice.
        square: sum of its squares.
        at_boundary: a.
        size: paths of the slice.
        paths: all paths.
        rare: A is zero on most paths, and never negative.
    """
    mean = total / size
    excess = total - size * at_boundary
    variance = (square - 2.0 * at_boundary * total + size * at_boundary**2) / paths - (excess / paths) ** 2
    error = np.sqrt(np.maximum(variance, 0.0) * paths) / size
    return mean, widened_means(mean, square / size, error, size, rare)


def widened_means(mean: Floats, mean_square: Floats, error: Floats, paths: int, rare: bool) -> Floats:
    """Errors of means over `paths` paths, by the rule of `few_paths`; all arrays of one shape.

    Args:
        mean: of a variable.
        mean_square: of its squares.
        error: from a standard deviation.
        paths: that it is over.
        rare: the variable is zero on most paths, and never negative.
    """
    if not rare:
        return error * widening(paths) if paths >= FEWEST else np.full_like(error, np.inf)
    every = zip(mean.flat, mean_square.flat, error.flat, strict=True)
    found = [widened(float(one), paths_that_count(float(m), float(q), paths)) for m, q, one in every]
    return np.reshape(np.array(found, np.float64), error.shape)
