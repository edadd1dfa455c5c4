"""The largest values of a stream with their path ids, in bounded memory and independent of the order of arrival."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stress.results.collected import Tail

Ids = npt.NDArray[np.uint64]


class RunningTail:
    """Keeps the `keep` largest (value, path id) pairs; equal values are ranked by path id, smaller first."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._threshold = -np.inf
        self._values: list[npt.NDArray[np.floating]] = []
        self._ids: list[Ids] = []
        self._held = 0

    def add(self, values: npt.NDArray[np.floating], ids: Ids) -> None:
        """Offer values (path,) with their ids (path,)."""
        if np.isfinite(self._threshold):
            chosen = np.flatnonzero(values >= self._threshold)
            values, ids = values[chosen], ids[chosen]
        self._values.append(np.array(values))
        self._ids.append(np.array(ids))
        self._held += len(values)
        if self._held > 2 * self._keep:
            self._prune()

    def _prune(self) -> None:
        values, ids = np.concatenate(self._values), np.concatenate(self._ids)
        if len(values) > self._keep:
            threshold = np.partition(values, len(values) - self._keep)[len(values) - self._keep]
            above, level = np.flatnonzero(values > threshold), np.flatnonzero(values == threshold)
            level = level[np.argsort(ids[level], kind="stable")][: self._keep - len(above)]
            chosen = np.concatenate([above, level])
            values, ids, self._threshold = values[chosen], ids[chosen], float(threshold)
        self._values, self._ids, self._held = [values], [ids], len(values)

    def result(self) -> Tail:
        """The largest values, largest first."""
        self._prune()
        values, ids = self._values[0], self._ids[0]
        order = np.lexsort((ids, -values.astype(np.float64)))
        return Tail(values[order].astype(np.float64), ids[order])
