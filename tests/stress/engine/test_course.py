"""The path that stands for the worst 1 %, whatever the pieces in which the paths come in."""

from __future__ import annotations

import numpy as np
import pytest

from stress.engine.detail.course import WorstCourses

PATHS, STEPS = 1_730, 6


@pytest.mark.parametrize("pieces", [1, 2, 7, 40])
def test_it_is_the_nearest_to_the_mean_course(pieces: int) -> None:
    random = np.random.default_rng(4)
    course = np.cumsum(random.standard_t(4, (STEPS, PATHS)), axis=0).astype(np.float32)
    course[:, 900] = course[:, 100]  # equal losses: the first one counts
    worst = np.argsort(-course[-1], kind="stable")[:18]
    chosen = course[:, worst].astype(np.float64)
    expected = worst[((chosen - chosen.mean(axis=1, keepdims=True)) ** 2).sum(axis=0).argmin()]
    courses = WorstCourses(PATHS, STEPS)
    for part in np.array_split(np.arange(PATHS), pieces):
        courses.add(int(part[0]), course[-1, part], course[:, part])
    assert courses.count == 18
    assert courses.representative() == expected


def test_of_fewer_than_two_hundred_paths_it_is_close_to_the_worst() -> None:
    courses = WorstCourses(100, 2)
    loss = np.arange(100.0)[::-1]
    courses.add(0, loss, np.stack([loss, loss]))
    assert (courses.count, courses.representative()) == (1, 0)


def test_all_paths_the_same() -> None:
    courses = WorstCourses(300, 2)
    for first in (0, 150):
        courses.add(first, np.ones(150), np.ones((2, 150)))
    assert courses.representative() == 0
