"""The course of the worst paths, and the path that stands for them."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
WORST = 100  # one in so many


class WorstCourses:
    """System loss by step of the worst 1 % of some paths by their last loss, kept while they come in.

    Args:
        paths: how many will come.
        steps: of each.
    """

    def __init__(self, paths: int, steps: int) -> None:
        self.count = math.ceil(paths / WORST)
        self._ids = np.empty(0, np.int64)
        self._loss: Floats = np.empty(0)
        self._course: Floats = np.empty((steps, 0))

    def add(self, first: int, loss: npt.NDArray[np.floating], course: npt.NDArray[np.floating]) -> None:
        """Paths first, first + 1, ...: their losses (path,) and losses up to each step (step, path)."""
        ids = np.append(self._ids, np.arange(first, first + len(loss)))
        losses = np.append(self._loss, loss)
        worst = np.lexsort((ids, -losses))[: self.count]
        self._ids, self._loss = ids[worst], losses[worst]
        self._course = np.concatenate([self._course, course], axis=1)[:, worst]

    def representative(self) -> int:
        """The one of them whose course is nearest to their mean course, in squared distance summed over the steps.

        The worse path on a tie.
        """
        distance = ((self._course - self._course.mean(axis=1, keepdims=True)) ** 2).sum(axis=0)
        return int(self._ids[np.argmin(distance)])
