"""The largest values of a stream with their path ids, in bounded memory and independent of the order of arrival."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stress.results.statistics.simulation_output import Tail

Ids = npt.NDArray[np.uint64]
Piece = tuple[npt.NDArray[np.floating], Ids]
NO_ID = np.uint64(2**64 - 1)
NOTHING = (-np.inf, NO_ID)


class RunningTail:
    """Keeps the `keep` largest (value, path id) pairs; equal values are ranked by path id, smaller first."""

    def __init__(self, keep: int, last: tuple[float, np.uint64] = NOTHING) -> None:
        self._keep = keep
        self._last = last  # ranked last among what is kept, once `keep` are held; here or where `last` comes from
        self._values: list[npt.NDArray[np.floating]] = []
        self._ids: list[Ids] = []
        self._held = 0
        self._fresh: list[Piece] = []

    def fresh(self) -> tuple[npt.NDArray[np.floating], Ids]:
        """What has come in since the last call and may still be among the largest: values and ids, both (entry,)."""
        self._prune()
        pieces, self._fresh = self._fresh, []
        if not pieces:
            return np.zeros(0), np.zeros(0, np.uint64)
        values, ids = (np.concatenate(every) for every in zip(*pieces, strict=True))
        value, path = self._last
        chosen = (values > value) | ((values == value) & (ids <= path))
        return values[chosen], ids[chosen]

    def forget(self, first: int, last: int) -> None:
        """Drop what paths `first` .. `last - 1` have offered; all of them must be offered again."""

        def without(pieces: list[Piece]) -> list[Piece]:
            left = []
            for values, ids in pieces:
                chosen = (ids < first) | (ids >= last)
                left.append((values[chosen], ids[chosen]))
            return left

        self._fresh = without(self._fresh)
        kept = without(list(zip(self._values, self._ids, strict=True)))
        self._values, self._ids = [values for values, _ in kept], [ids for _, ids in kept]
        self._held = sum(map(len, self._ids))

    def last(self) -> tuple[float, np.uint64]:
        """Value and path id ranked last among what is kept, once as many are held; what is below has no place."""
        self._prune()
        return self._last

    def least(self, smallest: np.uint64, dtype: npt.DTypeLike) -> float:
        """A smaller value of this type has no place on a path with this id or a larger one."""
        value, path = self._last
        if not np.isfinite(value) or smallest <= path:
            return value
        return float(np.nextafter(np.asarray(value, dtype), np.asarray(np.inf, dtype)))

    def add(self, values: npt.NDArray[np.floating], ids: Ids) -> None:
        """Offer values (path,) with their ids (path,): arrays that stay as they are."""
        value, path = self._last
        if np.isfinite(value):
            better = (values > value) | ((values == value) & (ids < path))
            values, ids = values[better], ids[better]
        if len(values) == 0:
            return
        self._fresh.append((values, ids))
        self._values.append(values)
        self._ids.append(ids)
        self._held += len(values)
        if self._held > 2 * self._keep:
            self._prune()

    def _prune(self) -> None:
        if not self._values:
            return
        values, ids = np.concatenate(self._values), np.concatenate(self._ids)
        if len(values) > self._keep:
            threshold = np.partition(values, len(values) - self._keep)[len(values) - self._keep]
            chosen, level = values > threshold, np.flatnonzero(values == threshold)
            level = level[np.argsort(ids[level], kind="stable")][: self._keep - np.count_nonzero(chosen)]
            chosen[level] = True
            self._last = (float(threshold), ids[level].max())
            values, ids = values[chosen], ids[chosen]
        self._values, self._ids, self._held = [values], [ids], len(values)

    def result(self) -> Tail:
        """The largest values, largest first."""
        self._prune()
        if not self._values:
            return Tail(np.zeros(0), np.zeros(0, np.uint64))
        values, ids = self._values[0], self._ids[0]
        order = np.lexsort((ids, -values.astype(np.float64)))
        return Tail(values[order].astype(np.float64), ids[order])
