"""What the parts of a run say of each other: every path stands once in every histogram, and sums, counts and tails
are ones that these bins allow.

A part of the work that was lost, or done twice, shows in some of them and not in others: no run ends well with that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stress.engine.totals import BY_SHARE, State
from stress.errors import InvariantFailed
from stress.results.statistics.exact_sum import HIGH_BITS, LOW_BITS, ExactSum
from stress.results.statistics.histogram import FloatHistogram
from stress.results.statistics.simulation_output import DISTRIBUTED, LARGE_LOSS, PATH_METRICS, Distribution, PathTable

Floats = npt.NDArray[np.float64]
BINS = FloatHistogram.empty(())
LOW, HIGH = BINS.edges()[:-1], BINS.edges()[1:]
EDGE = 1e-6  # relative: a value is binned as the float32 next to it
UNIT = 2.0 ** -(HIGH_BITS + LOW_BITS)  # to which each term of a sum is rounded
ANY_MEMBER = {"called": "margin_call", "defaulted": "default"}  # share of NAV -> count of paths on which it is not zero


def check_totals(state: State, paths: int, of: str) -> None:
    """Totals of some paths against each other.

    Args:
        state: of `Totals`.
        paths: how many it should hold.
        of: which paths these are, for the message.

    Raises:
        InvariantFailed: naming the first few of what cannot be.
    """
    found = [*_histograms(state, paths), *_sums(state, paths), *_counts(state, paths)]
    if found:
        more = f", and {len(found) - 4} more" if len(found) > 4 else ""
        raise InvariantFailed(f"{of}: {'; '.join(found[:4])}{more}")


def _rows(state: State) -> tuple[int, list[str]]:
    """Number of rows, the system last, and the name of each histogram."""
    rows, brokers = len(state["count_margin_call"]), len(state["count_broker_loss"])
    names = [f"{metric} of row {row + 1} of {rows}" for metric in DISTRIBUTED for row in range(rows)]
    return rows, [*names, *(f"broker_loss of broker {broker + 1} of {brokers}" for broker in range(brokers))]


def _spread(state: State) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Histogram, bin and count of each bin that is not empty."""
    histogram, at = np.divmod(state["bins_used"].astype(np.int64), BINS.bins)
    return histogram, at, state["bins_count"].astype(np.float64)


def _histograms(state: State, paths: int) -> list[str]:
    _, names = _rows(state)
    histogram, _, count = _spread(state)
    totals = np.bincount(histogram, count, minlength=len(names))
    found = [
        f"the histogram of {names[i]} counts {totals[i]:,.0f} of {paths:,} paths"
        for i in np.flatnonzero(totals != paths)
    ]
    return found + ["a bin counts less than nothing"] * bool((count < 0).any())


def _sums(state: State, paths: int) -> list[str]:
    """Sums and sums of squares lie between those of the lower and of the upper edges of the bins."""
    rows, names = _rows(state)
    histogram, at, count = _spread(state)
    low, high = LOW[at], HIGH[at]
    least, most = np.minimum(low**2, high**2), np.maximum(low**2, high**2)
    bounds = {"sum": (low, high), "sum of squares": (np.where(low * high < 0, 0.0, least), most)}
    distributed = len(DISTRIBUTED)
    value = {name: _value(state, name) for name in ("sums", "squares", "broker_sums", "broker_squares")}
    wrong = []
    for kind, name in (("sum", "sums"), ("sum of squares", "squares")):
        every = np.concatenate([value[name][:distributed].reshape(-1), value[f"broker_{name}"]])
        below, above = (np.bincount(histogram, count * x, minlength=len(names)) for x in bounds[kind])
        room = EDGE * np.bincount(histogram, count * np.maximum(np.abs(low), np.abs(high)) ** (1 + (kind != "sum")))
        room = np.resize(room, len(names)) + paths * UNIT
        outside = (every < below - room) | (every > above + room)
        wrong += [f"the {kind} of {names[i]} is {every[i]:g}, which its bins exclude" for i in np.flatnonzero(outside)]
    loss, static = (value["squares"][PATH_METRICS.index(name)] for name in ("fund_loss", "fund_loss_static"))
    largest = np.sqrt(np.maximum(loss * static, 0.0)) * (1 + EDGE) + paths * UNIT
    for i in np.flatnonzero(np.abs(_value(state, "cross")) > largest):
        wrong.append(f"the sum of products of fund_loss and fund_loss_static of row {i + 1} of {rows} is too large")
    forced, beyond = _value(state, "flows")
    if not -paths * UNIT <= beyond <= forced + paths * UNIT:
        wrong.append(f"flow beyond a day's depth is {beyond:g} of a forced flow of {forced:g}")
    return wrong


def _value(state: State, name: str) -> Floats:
    stored = state[f"sum_{name}"]
    total = ExactSum(stored.shape[1:])
    total.add_state(stored)
    return total.value()


def _counts(state: State, paths: int) -> list[str]:
    """Counts of paths are at most those of what they are part of, and those of bins on either side of a limit."""
    rows, names = _rows(state)
    histogram, at, count = _spread(state)

    def by_histogram(some: Floats) -> Floats:
        return np.asarray(np.bincount(histogram, some, minlength=len(names)), np.float64)

    def over(limit: float) -> tuple[Floats, Floats]:
        surely, perhaps = (np.where(edge, count, 0.0) for edge in (LOW[at] >= limit, HIGH[at] > limit))
        return by_histogram(surely), by_histogram(perhaps)

    first = DISTRIBUTED.index("fund_loss") * rows
    brokers = slice(len(DISTRIBUTED) * rows, None)
    bounds = {
        "loss_over_20pct": [x[first : first + rows] for x in over(LARGE_LOSS)],
        "broker_loss": [x[brokers] for x in over(UNIT)],
        "margin_call": [np.zeros(rows), np.full(rows, paths)],
        "default": [np.zeros(rows), np.full(rows, paths)],
    }
    wrong = []
    for name, (least, most) in bounds.items():
        counted = state[f"count_{name}"]
        wrong += [
            f"the count {name} of row {i + 1} is {counted[i]:,}, not {least[i]:,.0f} to {most[i]:,.0f}"
            for i in np.flatnonzero((counted < least) | (counted > most))
        ]
    for share, name in ANY_MEMBER.items():
        every = state[f"count_{name}"]
        if not every[:-1].max() <= every[-1] <= every[:-1].sum():
            wrong.append(f"the count {name} of the system is not one that its funds allow")
        total = _value(state, "sums")[PATH_METRICS.index(f"{share}_share")]
        if (total > every + paths * UNIT + EDGE * every).any() or (total < -paths * UNIT).any():
            wrong.append(f"the sum of {share}_share is larger than the count {name}")
    for name in BY_SHARE:
        steps = np.concatenate([state[f"count_{ANY_MEMBER[name.removesuffix('_over')]}"][None], state[f"count_{name}"]])
        if (np.diff(steps, axis=0) > 0).any() or (steps < 0).any():
            wrong.append(f"more paths are {name.replace('_', ' ')} a larger share of NAV than a smaller one")
    if (state["scalars"] < 0).any() or state["scalars"][0] > paths:
        wrong.append(f"a count of paths at the round limit, clipped draws or floored prices: {state['scalars']}")
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
