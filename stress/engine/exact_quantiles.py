"""Exact quantiles of any number of paths in bounded memory: a second pass keeps what lies in the quantiles' bins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from stress.errors import InvariantFailed
from stress.results.statistics.estimators import binomial_ranks
from stress.results.statistics.exact_sum import HIGH_BITS, LOW_BITS
from stress.results.statistics.levels import order_rank
from stress.results.statistics.simulation_output import Distribution, Window

Floats = npt.NDArray[np.floating]
UNIT = 2.0 ** (HIGH_BITS + LOW_BITS)


@dataclass
class _Search:
    """The bins of one quantile of one distribution, and what a pass over the paths has found in them."""

    first_bin: int
    last_bin: int
    first_rank: int
    count: int  # of the paths in its bins
    values: list[Floats] = field(default_factory=list)
    above: int = 0  # sum of all larger values in units of 2^-32: whole numbers add in any order

    def look(self, values: Floats, bins: npt.NDArray[np.int64]) -> None:
        self.values.append(values[(bins >= self.first_bin) & (bins <= self.last_bin)])
        larger = values[bins > self.last_bin].astype(np.float64)
        self.above += int(np.rint(larger * UNIT).astype(np.int64).sum(dtype=np.int64))

    def window(self) -> Window:
        found = np.sort(np.concatenate(self.values).astype(np.float64))
        if len(found) != self.count:
            raise InvariantFailed(
                f"{len(found):,} paths around a quantile in the second pass, {self.count:,} in the first"
            )
        return Window(self.first_rank, found, self.above / UNIT)


def _searches(distribution: Distribution, levels: Sequence[str]) -> list[_Search]:
    """What is missing for exact VaR, its interval and ES at each level; nothing where the tail reaches."""
    paths, kept = distribution.paths, len(distribution.tail.values)
    cumulative = np.cumsum(distribution.histogram.counts)
    found = []
    for level in levels:
        lower, upper = binomial_ranks(level, paths)
        ranks = [max(lower, 1), order_rank(level, paths), min(upper, paths)]
        if paths - ranks[0] < kept:
            continue
        first, _, last = np.searchsorted(cumulative, ranks, side="left")
        before = int(cumulative[first - 1]) if first else 0
        found.append(_Search(int(first), int(last), before + 1, int(cumulative[last]) - before))
    return found


def exact_quantiles(
    distributions: Sequence[Distribution],
    levels: Sequence[str],
    second_pass: Callable[[], Iterable[tuple[int, Floats]]],
) -> list[Distribution]:
    """Distributions with a window around each quantile that their tails do not reach.

    Args:
        distributions: of all paths, from the first pass.
        levels: confidence levels as decimal text.
        second_pass: simulates all paths once more and yields (i, values): values (k, path) of the distributions
            i .. i + k - 1, every path once, in any order. Not called when nothing is missing.

    Raises:
        InvariantFailed: the second pass has not the paths of the first.
    """
    searches = [_searches(distribution, levels) for distribution in distributions]
    if any(searches):
        for start, values in second_pass():
            for i, row in enumerate(values, start):
                if searches[i]:
                    bins = distributions[i].histogram.bin_index(row)
                    for search in searches[i]:
                        search.look(row, bins)
    return [
        replace(distribution, windows=tuple(search.window() for search in wanted))
        for distribution, wanted in zip(distributions, searches, strict=True)
    ]
