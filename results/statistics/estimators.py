"""Quantiles, tail means, probabilities and ratios with standard errors; NumPy in, NumPy out.

VaR: order statistics and their binomial confidence interval (David and Nagaraja 2003, section 7.1). ES: mean of the
worst (1 - p) N, standard error sqrt(Var((L - q)+) / N) / (1 - p) from its influence function (Hong, Hu and Liu 2014).
Probabilities: Wilson 1927. Ratios and differences: the delta method on influence functions.
All take the exact tail as far as it reaches and the histogram beyond it; errors that rest on few paths are widened, and
infinite with fewer than ten (`few_paths`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from stress.results.statistics.estimate import Estimate, Pair
from stress.results.statistics.few_paths import FEWEST, Z95, paths_that_count, widened
from stress.results.statistics.levels import as_fraction, order_rank, tail_mass
from stress.results.statistics.simulation_output import Distribution, Tail

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Sums over all paths of a pair (loss, twin's loss)."""

    paths: int
    loss: float
    loss_squared: float
    static: float
    static_squared: float
    cross: float


@cache
def binomial_ranks(level: str, count: int) -> tuple[int, int]:
    """Ranks (l, u) with P(X_(l) <= quantile <= X_(u)) >= 95 %; l = 0 or u = count + 1 mean that no value bounds it."""
    from scipy.special import bdtr, bdtrik

    p = float(as_fraction(level))

    def inverse(probability: float) -> int:
        if p == 0.0:
            return 0
        k = int(np.ceil(bdtrik(probability, count, p)))
        return k - 1 if k > 0 and bdtr(k - 1, count, p) >= probability else k

    return inverse(0.025), inverse(0.975) + 1


def order_statistic(distribution: Distribution, rank: int) -> tuple[float, float, float]:
    """Value of a rank (1-based, from the smallest) with a certified bracket: exact where tail or window reach it."""
    from_top = distribution.paths - rank
    tail = distribution.tail.values
    if 0 <= from_top < len(tail):
        exact = float(tail[from_top])
        return exact, exact, exact
    window = distribution.window_of(rank)
    if window is not None:
        exact = float(window.values[rank - window.first_rank])
        return exact, exact, exact
    value, low, high = distribution.histogram.order_statistics([rank])
    return float(value[0]), float(low[0]), float(high[0])


def value_at_risk(distribution: Distribution, level: str) -> Estimate:
    """VaR at `level`; its interval is a pair of order statistics, its se that interval's width over 2 x 1.96.

    With too few paths for an upper (lower) bound, `high` is inf (`low` -inf) and the se inf; no interval at all with
    fewer than ten paths beyond the quantile.
    """
    paths = distribution.paths
    if tail_mass(level, paths) < FEWEST:
        return Estimate.unknown(order_statistic(distribution, order_rank(level, paths))[0])
    lower, upper = binomial_ranks(level, paths)
    low = order_statistic(distribution, lower)[1] if lower >= 1 else -math.inf
    high = order_statistic(distribution, upper)[2] if upper <= paths else math.inf
    width = high - low
    se = width / (2 * Z95) if not math.isnan(width) else math.inf
    return Estimate(order_statistic(distribution, order_rank(level, paths))[0], se, low, high)


def _beyond_tail(distribution: Distribution) -> npt.NDArray[np.int64]:
    """Counts of the histogram without the paths of the tail."""
    histogram, tail = distribution.histogram, distribution.tail
    rest = histogram.counts - np.bincount(histogram.bin_index(tail.values), minlength=histogram.bins)
    if np.any(rest < 0):
        raise ValueError("the tail holds values that the histogram did not count")
    return rest


def _tail_mean(distribution: Distribution, level: str) -> float:
    paths = distribution.paths
    mass = tail_mass(level, paths)
    whole, values = math.floor(mass), distribution.tail.values
    if whole < len(values):
        return float((values[:whole].sum() + float(mass - whole) * values[whole]) / float(mass))
    if whole == len(values) and mass == whole:
        return float(values.mean())
    window = distribution.window_of(order_rank(level, paths))
    if window is not None:
        inside = mass - (paths - window.first_rank - len(window.values) + 1)
        taken = math.floor(inside)
        total = window.total_above + window.values[len(window.values) - taken :].sum()
        boundary = window.values[-taken - 1] if inside > taken else 0.0
        return float((total + float(inside - taken) * boundary) / float(mass))
    rest = _beyond_tail(distribution)
    above = np.cumsum(rest[::-1])[::-1]
    weight = np.clip(float(mass - len(values)) - (above - rest), 0.0, rest)
    used = weight > 0
    return float((values.sum() + weight[used] @ distribution.histogram.centres()[used]) / float(mass))


@dataclass(frozen=True)
class _Excess:
    """Of (L - threshold)+: mean, mean square, and the number of paths on which it is not zero."""

    mean: float
    square: float
    paths: int


def _excess(distribution: Distribution, threshold: float) -> _Excess:
    paths, values = distribution.paths, distribution.tail.values
    excess = values[values > threshold] - threshold  # whatever more is kept of the tail changes no bit
    first, second, beyond = float(excess.sum()), float(excess @ excess), int(np.count_nonzero(excess))
    if len(values) < paths and (len(values) == 0 or values[-1] > threshold):
        rest = _beyond_tail(distribution)
        centres = distribution.histogram.centres()
        used = (rest > 0) & (centres > threshold)
        excess = centres[used] - threshold
        first += float(rest[used] @ excess)
        second += float(rest[used] @ excess**2)
        beyond += int(rest[used].sum())
    return _Excess(first / paths, second / paths, beyond)


@dataclass(frozen=True)
class _TailMean:
    """ES with what its error is made of."""

    value: float
    quantile: float
    excess: _Excess  # over the quantile
    deviation: float  # over paths, of the influence function (L - q)+ / (1 - p)
    paths: float  # on which it rests: of the tail, and beyond the quantile


def _tail(distribution: Distribution, level: str) -> _TailMean:
    paths = distribution.paths
    quantile = order_statistic(distribution, order_rank(level, paths))[0]
    excess = _excess(distribution, quantile)
    deviation = math.sqrt(np.maximum(excess.square - excess.mean**2, 0.0)) / float(1 - as_fraction(level))
    rests_on = min(float(tail_mass(level, paths)), excess.paths)
    return _TailMean(_tail_mean(distribution, level), quantile, excess, deviation, rests_on)


def expected_shortfall(distribution: Distribution, level: str) -> Estimate:
    """ES at `level`: the mean of the worst (1 - p) N losses, the boundary one counted in part."""
    tail = _tail(distribution, level)
    return Estimate.symmetric(tail.value, widened(tail.deviation / math.sqrt(distribution.paths), tail.paths))


def mean(total: float, squares: float, paths: int, rare: bool = False, hits: int | None = None) -> Estimate:
    """Mean of `paths` values from their sum and sum of squares.

    `rare`: they are never negative, and zero on most; `hits`: on all but so many, where that is known.
    """
    value = total / paths
    error = math.sqrt(np.maximum(squares / paths - value**2, 0.0) / paths)
    rests_on: float = paths
    if hits is not None:
        rests_on = hits if hits < paths / 2 else paths
    elif rare:
        rests_on = paths_that_count(value, squares / paths, paths)
    return Estimate.symmetric(value, widened(error, rests_on))


def probability(hits: int, paths: int) -> Estimate:
    """Share of paths with the Wilson interval, its se that interval's width over 2 x 1.96.

    The interval stays honest at 0 and 1; next to them its inner end is that of a Poisson count, as Wilson's is too far
    in where one to three paths are hit or spared (Brown, Cai and DasGupta 2001, section 4.1.1).
    """
    from scipy.special import gammaincinv

    p = hits / paths
    spread = 1 + Z95**2 / paths
    centre = (p + Z95**2 / (2 * paths)) / spread
    half = Z95 / spread * math.sqrt(p * (1 - p) / paths + Z95**2 / (4 * paths**2))
    low = 0.0 if hits == 0 else centre - half
    high = 1.0 if hits == paths else centre + half
    spared = paths - hits
    if paths > 50 and 1 <= hits <= 3:
        low = float(gammaincinv(hits, 0.05)) / paths
    if paths > 50 and 1 <= spared <= 3:
        high = 1 - float(gammaincinv(spared, 0.05)) / paths
    return Estimate(p, (high - low) / (2 * Z95), low, high)


def against_static_mean(moments: Moments) -> tuple[Estimate, Estimate]:
    """(amplification, added loss) of the means; the amplification is NaN where the twin's mean is under 0.001."""
    n = moments.paths
    value, static = moments.loss / n, moments.static / n
    pair = Pair(
        value,
        static,
        (moments.loss_squared / n - value**2) / n,
        (moments.static_squared / n - static**2) / n,
        (moments.cross / n - value * static) / n,
        n,
    )
    return pair.ratio_near_zero(), pair.difference()


def against_static(
    loss: Distribution, static: Distribution, level: str, sample_loss: Floats, sample_static: Floats
) -> tuple[Estimate, Estimate]:
    """(amplification, added loss) at `level`: ratio and difference of the two ES, each over its own worst paths.

    The covariance of the two influence functions is exact, by path id, where both tails reach their quantiles; else
    it is their correlation on the sample (float64 (path,), the same paths in both), 0 when no sampled path is in one
    of the tails. The ratio is NaN where the twin's ES is under 0.001.
    """
    paths = loss.paths
    one, other = _tail(loss, level), _tail(static, level)
    if min(len(loss.tail.values), len(static.tail.values)) > paths - order_rank(level, paths):
        joint = _joint_excess(loss.tail, static.tail, one.quantile, other.quantile) / paths
        covariance = (joint - one.excess.mean * other.excess.mean) / float(1 - as_fraction(level)) ** 2
    else:
        covariance = (
            one.deviation
            * other.deviation
            * _correlation(np.maximum(sample_loss - one.quantile, 0.0), np.maximum(sample_static - other.quantile, 0.0))
        )
    pair = Pair(
        one.value,
        other.value,
        one.deviation**2 / paths,
        other.deviation**2 / paths,
        covariance / paths,
        min(one.paths, other.paths),
    )
    return pair.ratio(), pair.difference()


def _joint_excess(first: Tail, second: Tail, q_first: float, q_second: float) -> float:
    """Sum over paths of (L - q)+ (S - q')+; a path outside either tail adds nothing.

    Rounded once, so that what is kept of a tail beyond its quantile changes no bit.
    """
    (ids, excess), (others, of_others) = (
        (tail.path_ids[tail.values > q], tail.values[tail.values > q] - q)
        for tail, q in ((first, q_first), (second, q_second))
    )
    _, at, at_other = np.intersect1d(ids, others, assume_unique=True, return_indices=True)
    return math.fsum(excess[at] * of_others[at_other])


def _correlation(first: Floats, second: Floats) -> float:
    spread = float(first.std() * second.std())
    return float(((first - first.mean()) * (second - second.mean())).mean()) / spread if spread > 0 else 0.0
