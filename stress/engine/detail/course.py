"""What is kept of the worst paths while they come in: their course, the path that stands for them, P&L by asset."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
WORST = 100  # one in so many


class WorstPaths:
    """A column of each of the worst paths by their loss, that of the lower id on a tie.

    Args:
        count: paths that are kept.
        rows: of a column.
    """

    def __init__(self, count: int, rows: int) -> None:
        self.count = count
        self.ids = np.empty(0, np.int64)  # (path,) the worst first
        self.columns: Floats = np.empty((rows, 0))  # (row, path)
        self._loss: Floats = np.empty(0)

    def add(self, first: int, loss: npt.NDArray[np.floating], columns: npt.NDArray[np.floating]) -> None:
        """Paths first, first + 1, ...: their losses (path,) and columns (row, path)."""
        ids = np.append(self.ids, np.arange(first, first + len(loss)))
        losses = np.append(self._loss, loss)
        worst = np.lexsort((ids, -losses))[: self.count]
        self.ids, self._loss = ids[worst], losses[worst]
        old = len(self.columns[0])
        before, new = worst < old, np.empty((len(self.columns), len(worst)))
        new[:, before], new[:, ~before] = self.columns[:, worst[before]], columns[:, worst[~before] - old]
        self.columns = new

    def by_id(self) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Columns (row, path) in the order of the ids, and these."""
        order = np.argsort(self.ids)
        return self.columns[:, order], self.ids[order]


class WorstCourses(WorstPaths):
    """System loss by step of the worst 1 % of some paths by their last loss.

    Args:
        paths: how many will come.
        steps: of each.
    """

    def __init__(self, paths: int, steps: int) -> None:
        super().__init__(math.ceil(paths / WORST), steps)

    def representative(self) -> int:
        """The one of them whose course is nearest to their mean course, in squared distance summed over the steps.

        The worse path on a tie.
        """
        distance = ((self.columns - self.columns.mean(axis=1, keepdims=True)) ** 2).sum(axis=0)
        return int(self.ids[np.argmin(distance)])
