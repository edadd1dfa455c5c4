"""A shock that is nearer on another day: the search starts again from there."""

from __future__ import annotations

import numpy as np
import pytest

from stress.questions.reverse.days import ANOTHER_DAY, on_other_days, search_days
from stress.questions.reverse.paths import Shape
from stress.questions.reverse.search import search

SHAPE = Shape(steps=4, rows=3, mixing=())
FAR, NEAR = 4.0, 3.0


def happens(normals: np.ndarray) -> np.ndarray:
    """The first row's normal beyond a bound in some step, which is nearest in the last."""
    return np.asarray(np.any(normals.reshape(-1, 4, 3)[:, :, 0] > np.array([FAR, 6.0, 6.0, NEAR]), axis=1))


def no_slopes(normals: np.ndarray) -> np.ndarray:
    return np.zeros((1, normals.size))


def test_a_shock_is_looked_at_on_every_other_day() -> None:
    first = np.zeros(12)
    first[0] = 1.0
    directions, radii = on_other_days(happens, SHAPE, first, FAR)
    assert np.flatnonzero(directions.sum(axis=0)).tolist() == [3, 6, 9]
    assert radii[2] == pytest.approx(0.8 * FAR)  # or nearer
    assert np.isinf(radii[:2]).all()


def test_the_search_starts_again_from_a_nearer_day() -> None:
    start = np.zeros((1, 12))
    start[0, 0] = 1.0
    (alone,) = search(happens, no_slopes, SHAPE, [("first day", start)], 1, 1)
    assert alone.norm == pytest.approx(FAR, rel=1e-3)
    (found,) = search_days(happens, no_slopes, SHAPE, [("first day", start)], 1, 1)
    assert found.norm == pytest.approx(NEAR, rel=1e-3)
    assert found.start == ANOTHER_DAY
