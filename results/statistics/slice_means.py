"""Means over the worst share of some paths, from sums over them."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
FEWEST = 10  # paths of a slice with an error


def slice_size(share: str, paths: int) -> int:
    """Paths in the worst `share` of them: `ceil(share n)`, at least one."""
    return max(1, math.ceil(Fraction(share) * paths))


def near_boundary(size: int) -> int:
    """The last tenth of a slice, at least a path: what a variable is next to the boundary is taken from it."""
    return max(1, size // 10)


def slice_mean(total: Floats, square: Floats, at_boundary: Floats, size: int, paths: int) -> tuple[Floats, Floats]:
    """Mean of A over the worst `size` of `paths` paths by another quantity, and its standard error.

    The error is that of the influence function `1{worst} (A - a) / share` with `a` the mean of A at the boundary, which
    is estimated too; inf where the slice has fewer than 10 paths. All arrays have one shape.

    Args:
        total: sum of A over the slice.
        square: sum of its squares.
        at_boundary: a.
        size: paths of the slice.
        paths: all paths.
    """
    mean = total / size
    excess = total - size * at_boundary
    variance = (square - 2.0 * at_boundary * total + size * at_boundary**2) / paths - (excess / paths) ** 2
    error = np.sqrt(np.maximum(variance, 0.0) * paths) / size
    return mean, error if size >= FEWEST or size == paths else np.full_like(error, np.inf)
