"""Points (at, value) of books as arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stress.scenarios.problem import Floats


def points_of(tables: Sequence[Sequence[tuple[float, float]]], fill: float = 0.0) -> tuple[Floats, Floats]:
    """Points (at, value) of each book as arrays (book, point): +inf and the last value as padding, `fill` if none."""
    points = max([1, *(len(table) for table in tables)])
    at, value = np.full((len(tables), points), np.inf), np.full((len(tables), points), fill)
    for row, table in enumerate(tables):
        if table:
            at[row, : len(table)] = [point[0] for point in table]
            value[row] = table[-1][1]
            value[row, : len(table)] = [point[1] for point in table]
    return at, value
