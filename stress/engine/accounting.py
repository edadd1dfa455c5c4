"""What the parts of a run say of each other: every path stands once in every histogram, and sums, counts and tails
are ones that these bins allow.

A part of the work that was lost, or done twice, shows in some of them and not in others: no run ends well with that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stress.engine.totals import BY_SHARE, Totals
from stress.errors import InvariantFailed
from stress.results.statistics.exact_sum import HIGH_BITS, LARGEST, LOW_BITS
from stress.results.statistics.histogram import FloatHistogram
from stress.results.statistics.simulation_output import DISTRIBUTED, LARGE_LOSS, PATH_METRICS, Distribution, PathTable

Floats = npt.NDArray[np.float64]
BINS = FloatHistogram.empty(())
LOW, HIGH = (np.clip(edge, -LARGEST, LARGEST) for edge in (BINS.edges()[:-1], BINS.edges()[1:]))
EDGE = 1e-6  # relative: a value is binned as the float32 next to it
UNIT = 2.0 ** -(HIGH_BITS + LOW_BITS)  # to which each term of a sum is rounded
TOGETHER = 64  # histograms that are looked at at a time
ANY_MEMBER = {"called": "margin_call", "defaulted": "default"}  # share of NAV -> count of paths on which it is not zero
TOLD = 4  # of what is wrong, the rest is counted


def check_counted(histogram: FloatHistogram, rows: int, paths: int, of: str) -> None:
    """Whether each path stands once in every histogram.

    Args:
        histogram: of some paths, see `Totals`.
        rows: funds and system.
        paths: how many it should hold.
        of: which paths these are, for the message.

    Raises:
        InvariantFailed: naming the first few histograms that count others.
    """
    _tell(of, _miscounted(histogram, rows, paths))


def check_totals(totals: Totals, paths: int, of: str) -> None:
    """Totals of some paths against each other.

    Args:
        totals: all of them.
        paths: how many they should hold.
        of: which paths these are, for the message.

    Raises:
        InvariantFailed: naming the first few of what cannot be.
    """
    bins = _Bins(totals.histogram.counts)
    found = _miscounted(totals.histogram, totals.rows, paths)
    found += ["a bin counts less than nothing"] * bool(totals.histogram.counts.min(initial=0) < 0)
    _tell(of, [*found, *_sums(totals, bins, paths), *_counts(totals, bins, paths)])


def _tell(of: str, wrong: list[str]) -> None:
    if wrong:
        more = f", and {len(wrong) - TOLD} more" if len(wrong) > TOLD else ""
        raise InvariantFailed(f"{of}: {'; '.join(wrong[:TOLD])}{more}")


def _names(rows: int, histograms: int) -> list[str]:
    """What each histogram is of."""
    brokers = histograms - len(DISTRIBUTED) * rows
    names = [f"{metric} of row {row + 1} of {rows}" for metric in DISTRIBUTED for row in range(rows)]
    return [*names, *(f"broker_loss of broker {broker + 1} of {brokers}" for broker in range(brokers))]


def _miscounted(histogram: FloatHistogram, rows: int, paths: int) -> list[str]:
    totals = histogram.totals()
    names = _names(rows, len(totals))
    return [
        f"the histogram of {names[i]} counts {totals[i]:,} of {paths:,} paths" for i in np.flatnonzero(totals != paths)
    ]


class _Bins:
    """Of each histogram the least and the largest that sums and counts of its values can be, (histogram,) each."""

    def __init__(self, counts: npt.NDArray[np.int64]) -> None:
        squares = np.stack([LOW**2, HIGH**2])
        size = np.sqrt(squares.max(axis=0))
        columns = {
            "low": LOW,
            "high": HIGH,
            "least": np.where(LOW * HIGH < 0, 0.0, squares.min(axis=0)),
            "most": size**2,
            "size": size,
            "surely_large": LOW >= LARGE_LOSS,
            "perhaps_large": HIGH > LARGE_LOSS,
            "surely_lost": LOW > 0,
            "perhaps_lost": HIGH > 0,
        }
        used = np.flatnonzero(counts.any(axis=0))
        table = np.stack([column[used].astype(np.float64) for column in columns.values()])
        # No matrix product: the threads of a BLAS spin on long after one.
        parts = [
            np.einsum("hb,cb->ch", np.take(counts[i : i + TOGETHER], used, axis=1).astype(np.float64), table)
            for i in range(0, len(counts), TOGETHER)
        ]
        self.of = dict(zip(columns, np.concatenate(parts, axis=1), strict=True))


def _sums(totals: Totals, bins: _Bins, paths: int) -> list[str]:
    """Sums and sums of squares lie between those of the lower and of the upper edges of the bins."""
    rows, of, wrong = totals.rows, bins.of, []
    names = _names(rows, len(of["low"]))
    value = {name: total.value() for name, total in totals.sums.items()}
    for kind, name, low, high, room in (
        ("sum", "sums", of["low"], of["high"], of["size"]),
        ("sum of squares", "squares", of["least"], of["most"], of["most"]),
    ):
        every = np.concatenate([value[name][: len(DISTRIBUTED)].reshape(-1), value[f"broker_{name}"]])
        slack = 2 * EDGE * room + paths * UNIT
        outside = (every < low - slack) | (every > high + slack)
        wrong += [f"the {kind} of {names[i]} is {every[i]:g}, which its bins exclude" for i in np.flatnonzero(outside)]
    loss, static = (value["squares"][PATH_METRICS.index(name)] for name in ("fund_loss", "fund_loss_static"))
    loss, static = loss + paths * UNIT, static + paths * UNIT  # small squares may have been rounded down
    largest = np.sqrt(np.maximum(loss * static, 0.0)) * (1 + EDGE) + paths * UNIT
    for i in np.flatnonzero(np.abs(value["cross"]) > largest):
        wrong.append(f"the sum of products of fund_loss and fund_loss_static of row {i + 1} of {rows} is too large")
    forced, beyond = value["flows"]
    if not -paths * UNIT <= beyond <= forced + paths * UNIT:
        wrong.append(f"flow beyond a day's depth is {beyond:g} of a forced flow of {forced:g}")
    for share, name in ANY_MEMBER.items():
        total, count = value["sums"][PATH_METRICS.index(f"{share}_share")], totals.counts[name]
        if (total > count * (1 + EDGE) + paths * UNIT).any() or (total < -paths * UNIT).any():
            wrong.append(f"the sum of {share}_share is larger than the count {name}")
    return wrong


def _counts(totals: Totals, bins: _Bins, paths: int) -> list[str]:
    """Counts of paths are at most those of what they are part of, and those of bins on either side of a limit."""
    rows, counts, of = totals.rows, totals.counts, bins.of
    first = DISTRIBUTED.index("fund_loss") * rows
    funds, brokers = slice(first, first + rows), slice(len(DISTRIBUTED) * rows, None)
    none, all_of_them = np.zeros(rows), np.full(rows, paths)
    bounds = {
        "loss_over_20pct": (of["surely_large"][funds], of["perhaps_large"][funds]),
        "broker_loss": (of["surely_lost"][brokers], of["perhaps_lost"][brokers]),
        "margin_call": (none, all_of_them),
        "default": (none, all_of_them),
    }
    wrong = [
        f"the count {name} of row {i + 1} is {counts[name][i]:,}, not {least[i]:,.0f} to {most[i]:,.0f}"
        for name, (least, most) in bounds.items()
        for i in np.flatnonzero((counts[name] < least) | (counts[name] > most))
    ]
    for name in ANY_MEMBER.values():
        by_fund, system = counts[name][:-1], counts[name][-1]
        if not by_fund.max() <= system <= by_fund.sum():
            wrong.append(f"the count {name} of the system is not one that its funds allow")
    for name in BY_SHARE:
        over = np.concatenate([counts[ANY_MEMBER[name.removesuffix("_over")]][None], counts[name]])
        if (np.diff(over, axis=0) > 0).any() or (over < 0).any():
            wrong.append(f"more paths are {name.replace('_', ' ')} a larger share of NAV than a smaller one")
    if min(totals.scalars.values()) < 0 or totals.scalars["paths_at_round_limit"] > paths:
        wrong.append(f"a count of paths at the round limit, clipped draws or floored prices: {totals.scalars}")
    return wrong


def check_tails(every: Sequence[Distribution], kept: Sequence[int], paths: int) -> None:
    """Tails against their histograms: no path is missing from one, or stands in it twice.

    Args:
        every: distributions of all paths.
        kept: how many of the largest values each tail keeps.
        paths: of the run.

    Raises:
        InvariantFailed: a tail does not hold what its histogram has.
    """
    for number, (distribution, most) in enumerate(zip(every, kept, strict=True)):
        values, ids = distribution.tail.values, distribution.tail.path_ids
        at = BINS.bin_index(values)
        counts = np.bincount(at, minlength=BINS.bins)
        last = at[-1] if len(at) else 0
        missing = counts[last + 1 :] != distribution.histogram.counts[last + 1 :]
        same = (values[1:] == values[:-1]) & (ids[1:] == ids[:-1])
        if len(values) != min(most, paths) or missing.any() or same.any() or (ids >= paths).any():
            raise InvariantFailed(
                f"tail {number + 1} of {len(every)}: {len(values):,} of {min(most, paths):,} values kept, "
                f"{int(missing.sum())} bins with another count than in the histogram, {int(same.sum())} paths twice"
            )


def check_worst(table: PathTable, metric: str, row: int, distribution: Distribution) -> None:
    """The first of a tail's paths, simulated once more, against the tail.

    Raises:
        InvariantFailed: a path has another value.
    """
    again, before = table.metrics[metric][row], distribution.tail.values[: len(table.path_ids)]
    other = np.flatnonzero(again != before)
    if len(other):
        i = int(other[0])
        one, other_one = f"{again[i]:g}", f"{before[i]:g} (row {row + 1})"
        raise InvariantFailed(f"path {table.path_ids[i]} simulated once more has a {metric} of {one}, not {other_one}")
