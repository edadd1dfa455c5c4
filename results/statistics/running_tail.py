"""The largest values of a stream with their path ids, in bounded memory and independent of the order of arrival."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stress.results.statistics.simulation_output import Tail

Ids = npt.NDArray[np.uint64]
NO_ID = np.uint64(2**64 - 1)
NOTHING = (-np.inf, NO_ID)


class RunningTail:
    """Keeps the `keep` largest (value, path id) pairs; equal values are ranked by path id, smaller first."""

    def __init__(self, keep: int, last: tuple[float, np.uint64] = NOTHING) -> None:
        self._keep = keep
        self._last = last  # ranked last among what is kept, once `keep` are held; here or where `last` comes from
        self._floor, self._bin = -np.inf, 0  # `keep` values of all are not below it, by their bins
        self._values: list[npt.NDArray[np.floating]] = []
        self._ids: list[Ids] = []
        self._held = 0

    def of(self, first: int, last: int) -> tuple[npt.NDArray[np.floating], Ids]:
        """What is kept of paths `first` .. `last - 1`: values and ids, both (entry,)."""
        if not self._values:
            return np.zeros(0), np.zeros(0, np.uint64)
        chosen = [(ids >= first) & (ids < last) for ids in self._ids]
        values, ids = (
            np.concatenate([part[mine] for part, mine in zip(parts, chosen, strict=True)])
            for parts in (self._values, self._ids)
        )
        return values, ids

    def forget(self, first: int, last: int) -> None:
        """Drop what paths `first` .. `last - 1` have offered; all of them must be offered again."""
        for i, ids in enumerate(self._ids):
            chosen = (ids < first) | (ids >= last)
            self._values[i], self._ids[i] = self._values[i][chosen], ids[chosen]
        self._held = sum(map(len, self._ids))

    def last(self) -> tuple[float, np.uint64]:
        """Value and path id ranked last among what is kept, once as many are held; what is below has no place."""
        self._prune()
        return self._last

    def least(self, smallest: np.uint64, dtype: npt.DTypeLike) -> float:
        """A smaller value of this type has no place on a path with this id or a larger one."""
        value, path = self._last
        if np.isfinite(value) and smallest > path:
            value = float(np.nextafter(np.asarray(value, dtype), np.asarray(np.inf, dtype)))
        return max(value, self._floor)

    def see(self, counts: Sequence[npt.NDArray[np.int64]], edges: npt.NDArray[np.float64]) -> None:
        """Take note of what there is, offered already or not, so that less of it has to be.

        Args:
            counts: histograms, (bin,) each, of different paths.
            edges: of their bins, (bin + 1,), see `results.statistics.histogram`.
        """
        above = np.cumsum(np.sum([one[self._bin :] for one in counts], axis=0)[::-1])
        found = int(np.searchsorted(above, self._keep))  # bins from the top until so many are in them
        if found < len(above):
            self._bin += len(above) - 1 - found
            # A float64 is binned as the float32 next to it.
            self._floor = float(np.nextafter(np.float32(edges[self._bin]), np.float32(-np.inf)))

    def add(self, values: npt.NDArray[np.floating], ids: Ids) -> None:
        """Offer values (path,) with their ids (path,): arrays that stay as they are."""
        value, path = self._last
        if np.isfinite(value):
            better = (values > value) | ((values == value) & (ids < path))
            values, ids = values[better], ids[better]
        if len(values) == 0:
            return
        self._values.append(values)
        self._ids.append(ids)
        self._held += len(values)
        if self._held > 2 * self._keep:
            self._prune()

    def _prune(self) -> None:
        if not self._values:
            return
        if len(self._values) == 1 and self._held <= self._keep:
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
        return largest_first(self._values[0], self._ids[0])


def largest_first(values: npt.NDArray[np.floating], ids: Ids) -> Tail:
    """Values (path,) of paths with these ids, largest first; equal ones by path id, smaller first."""
    order = np.argsort(-values)
    same = values[order[1:]] == values[order[:-1]]
    tied = np.append(same, False) | np.append(False, same)
    few = order[tied]
    order[tied] = few[np.lexsort((ids[few], -values[few]))]
    return Tail(values[order].astype(np.float64), ids[order])
