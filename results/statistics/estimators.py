"""Quantiles, tail means, probabilities and ratios with standard errors; NumPy in, NumPy out.

VaR: order statistics and their binomial confidence interval (David and Nagaraja 2003, section 7.1). ES: mean of the
worst (1 - p) N, standard error sqrt(Var((L - q)+) / N) / (1 - p) from its influence function (Hong, Hu and Liu 2014).
Probabilities: Wilson 1927. Ratios and differences: the delta method on influence functions.
All take the exact tail as far as it reaches and the histogram beyond it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stress.results.statistics.levels import as_fraction, order_rank, tail_mass
from stress.results.statistics.simulation_output import Distribution, Tail

Floats = npt.NDArray[np.float64]

Z95 = 1.959963984540054  # two-sided 95 % of the normal law
SMALLEST_STATIC = 0.001  # below it a ratio to the twin's loss says nothing


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error and 95 % confidence interval, all in the unit of the number."""

    value: float
    se: float
    low: float
    high: float

    @staticmethod
    def symmetric(value: float, se: float) -> Estimate:
        """An estimate whose interval is value +- 1.96 se."""
        return Estimate(value, se, value - Z95 * se, value + Z95 * se)


@dataclass(frozen=True)
class Moments:
    """Sums over all paths of a pair (loss, twin's loss)."""

    paths: int
    loss: float
    loss_squared: float
    static: float
    static_squared: float
    cross: float


def paths_of(distribution: Distribution) -> int:
    """Number of paths counted."""
    return int(distribution.histogram.counts.sum())


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
    from_top = paths_of(distribution) - rank
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

    With too few paths for an upper (lower) bound, `high` is inf (`low` -inf) and the se inf.
    """
    paths = paths_of(distribution)
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
    paths = paths_of(distribution)
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


def _excess_moments(distribution: Distribution, threshold: float) -> tuple[float, float]:
    """Mean and mean square of (L - threshold)+ over all paths."""
    paths, values = paths_of(distribution), distribution.tail.values
    excess = np.maximum(values - threshold, 0.0)
    first, second = float(excess.sum()), float(excess @ excess)
    if len(values) < paths and (len(values) == 0 or values[-1] > threshold):
        rest = _beyond_tail(distribution)
        centres = distribution.histogram.centres()
        used = (rest > 0) & (centres > threshold)
        excess = centres[used] - threshold
        first += float(rest[used] @ excess)
        second += float(rest[used] @ excess**2)
    return first / paths, second / paths


def _excess_deviation(distribution: Distribution, level: str, threshold: float) -> float:
    """Standard deviation over paths of the ES influence function (L - q)+ / (1 - p); inf when less than one path is in
    the tail, as nothing then says how far beyond it losses may go."""
    if tail_mass(level, paths_of(distribution)) < 1:
        return math.inf
    first, second = _excess_moments(distribution, threshold)
    return math.sqrt(np.maximum(second - first**2, 0.0)) / float(1 - as_fraction(level))


def expected_shortfall(distribution: Distribution, level: str) -> Estimate:
    """ES at `level`: the mean of the worst (1 - p) N losses, the boundary one counted in part."""
    paths = paths_of(distribution)
    threshold = order_statistic(distribution, order_rank(level, paths))[0]
    se = _excess_deviation(distribution, level, threshold) / math.sqrt(paths)
    return Estimate.symmetric(_tail_mean(distribution, level), se)


def mean(total: float, squares: float, paths: int) -> Estimate:
    """Mean of `paths` values from their sum and sum of squares."""
    value = total / paths
    return Estimate.symmetric(value, math.sqrt(np.maximum(squares / paths - value**2, 0.0) / paths))


def probability(hits: int, paths: int) -> Estimate:
    """Share of paths with the binomial standard error and the Wilson interval, which stays honest at 0 and 1."""
    p = hits / paths
    spread = 1 + Z95**2 / paths
    centre = (p + Z95**2 / (2 * paths)) / spread
    half = Z95 / spread * math.sqrt(p * (1 - p) / paths + Z95**2 / (4 * paths**2))
    low = 0.0 if hits == 0 else centre - half
    high = 1.0 if hits == paths else centre + half
    return Estimate(p, math.sqrt(p * (1 - p) / paths), low, high)


def _pair(
    value: float, static: float, variance: float, static_variance: float, covariance: float
) -> tuple[Estimate, Estimate]:
    """(ratio, difference) of two estimates whose variances and covariance are given."""
    spread = math.sqrt(np.maximum(variance + static_variance - 2 * covariance, 0.0))
    difference = Estimate.symmetric(value - static, spread)
    if not static >= SMALLEST_STATIC:
        return Estimate(math.nan, math.nan, math.nan, math.nan), difference
    ratio = value / static
    noise = variance + ratio**2 * static_variance - 2 * ratio * covariance
    return Estimate.symmetric(ratio, math.sqrt(np.maximum(noise, 0.0)) / static), difference


def against_static_mean(moments: Moments) -> tuple[Estimate, Estimate]:
    """(amplification, added loss) of the means; the amplification is NaN where the twin's mean is under 0.001."""
    n = moments.paths
    value, static = moments.loss / n, moments.static / n
    return _pair(
        value,
        static,
        (moments.loss_squared / n - value**2) / n,
        (moments.static_squared / n - static**2) / n,
        (moments.cross / n - value * static) / n,
    )


def against_static(
    loss: Distribution, static: Distribution, level: str, sample_loss: Floats, sample_static: Floats
) -> tuple[Estimate, Estimate]:
    """(amplification, added loss) at `level`: ratio and difference of the two ES, each over its own worst paths.

    The covariance of the two influence functions is exact, by path id, where both tails reach their quantiles; else
    it is their correlation on the sample (float64 (path,), the same paths in both), 0 when no sampled path is in one
    of the tails (which overstates the error, as the two losses move together). The ratio is NaN where the twin's ES
    is under 0.001.
    """
    paths = paths_of(loss)
    rank = order_rank(level, paths)
    q_loss, q_static = order_statistic(loss, rank)[0], order_statistic(static, rank)[0]
    sd_loss, sd_static = _excess_deviation(loss, level, q_loss), _excess_deviation(static, level, q_static)
    if math.isinf(sd_loss) or math.isinf(sd_static):
        covariance = 0.0
    elif min(len(loss.tail.values), len(static.tail.values)) > paths - rank:
        joint = _joint_excess(loss.tail, static.tail, q_loss, q_static) / paths
        product = _excess_moments(loss, q_loss)[0] * _excess_moments(static, q_static)[0]
        covariance = (joint - product) / float(1 - as_fraction(level)) ** 2
    else:
        covariance = (
            sd_loss
            * sd_static
            * _correlation(np.maximum(sample_loss - q_loss, 0.0), np.maximum(sample_static - q_static, 0.0))
        )
    return _pair(
        _tail_mean(loss, level),
        _tail_mean(static, level),
        sd_loss**2 / paths,
        sd_static**2 / paths,
        covariance / paths,
    )


def _joint_excess(first: Tail, second: Tail, q_first: float, q_second: float) -> float:
    """Sum over paths of (L - q)+ (S - q')+; a path outside either tail adds nothing."""
    _, at_first, at_second = np.intersect1d(first.path_ids, second.path_ids, assume_unique=True, return_indices=True)
    excess = np.maximum(first.values[at_first] - q_first, 0.0)
    return float(excess @ np.maximum(second.values[at_second] - q_second, 0.0))


def _correlation(first: Floats, second: Floats) -> float:
    spread = float(first.std() * second.std())
    return float(((first - first.mean()) * (second - second.mean())).mean()) / spread if spread > 0 else 0.0
