"""Who and what makes up a tail loss of the system: Euler contributions to ES, and CoVaR; NumPy in, NumPy out.

**Contributions.** ES is homogeneous of degree one, so by Euler's theorem it is the sum of its derivatives with respect
to the sizes of its parts, and these are `c_i = E[X_i | S >= q]`, the mean of a part `X_i` of the loss `S = sum X_i`
over the worst `1 - p` of `S` (Tasche 1999; McNeil, Frey and Embrechts 2015, section 8.5). Of a fund, `c_i` over its NAV
is its marginal expected shortfall (Acharya, Pedersen, Philippon and Richardson 2017).

The parts are known on a sample, the first n of N paths; the ES of S, on all N. What the sample misses is shared out
by a regression estimator (double sampling: Cochran 1977, section 12.6),

    C_i = c_i + beta_i (ES_N - sum_j c_j),    beta_i = Cov(psi_i, psi_S) / Var(psi_S),    sum_i C_i = ES_N,

which, unlike the ratio `c_i / sum_j c_j`, needs no ES away from zero and has the least variance of its kind. The
influence function of `c_i`, `a_i` standing for `E[X_i | S = q]`, counts the boundary as estimated:

    psi_i = 1{S >= q} (X_i - a_i) / (1 - p),    psi_S = sum_i psi_i,
    Var(C_i) = Var(psi_i - beta_i psi_S) / n + beta_i^2 Var(psi_S) / N,

widened for few sampled paths in the tail (`few_paths`).

**CoVaR** of a fund is the VaR of the system given that the fund loses its own VaR or more (Adrian and Brunnermeier
2016 in the form of Girardi and Ergün 2013); the benchmark is its VaR given that the fund is within one standard
deviation of its mean. Their errors are those of order statistics among the paths of the condition, whose own threshold
is taken as known: that it is estimated adds less than (1 - p)/2 of the error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stress.results.statistics.estimate import NOTHING, Estimate
from stress.results.statistics.estimators import binomial_ranks, order_statistic
from stress.results.statistics.few_paths import FEWEST as FEWEST_OF_TAIL
from stress.results.statistics.few_paths import Z95, widening
from stress.results.statistics.levels import as_fraction, order_rank, tail_mass
from stress.results.statistics.simulation_output import Distribution

Floats = npt.NDArray[np.float64]
FEWEST = 100  # paths on which a conditional quantile is estimated
ROUNDING = 1e-20  # variance over the square of the mean at or below which all paths are one


@dataclass(frozen=True)
class Conditional:
    """Losses of the system on the paths of a condition: how many there are, and the largest of them."""

    paths: int
    largest: Floats  # largest first; the rest is not known


def paths_looked_at(levels: Sequence[str], paths: int) -> int:
    """Of so many sampled paths, the worst of the system that contributions at any of the levels look at."""
    tails = [math.ceil(tail_mass(level, paths)) for level in levels]
    return max(min(paths, tail + _near(tail)) for tail in tails)


def euler(
    parts: Floats,
    system: Floats,
    level: str,
    total: float,
    paths: int,
    known: npt.NDArray[np.int64] | None = None,
) -> tuple[Floats, Floats]:
    """Contributions to the ES of the system, which sum to it, and their standard errors: (part,) each.

    Args:
        parts: (part, path) losses on the sample, the first paths of the run.
        system: (path,) loss of the system on them: its order decides who is in the tail.
        level: of ES, as decimal text.
        total: ES of the system over all paths of the run, in the unit of the parts.
        paths: of the run.
        known: (path,) of the sample, increasing, that `parts` hold: at least `paths_looked_at`; None: all of them.
    """
    mass = tail_mass(level, len(system))
    whole = math.floor(mass)
    worst_first = np.argsort(-system, kind="stable")[: paths_looked_at([level], len(system))]
    worst_first = worst_first if known is None else np.searchsorted(known, worst_first)
    worst = worst_first[: math.ceil(mass)]
    weight = np.ones(len(worst))
    if whole < len(worst):
        weight[-1] = float(mass - whole)
    mean = parts[:, worst] @ weight / float(mass)
    psi = (parts[:, worst] - _at_boundary(parts, worst_first, len(worst))) / float(1 - as_fraction(level))
    moments = psi @ psi.T / len(system) - np.outer(psi.sum(axis=1), psi.sum(axis=1)) / len(system) ** 2
    with_system, variance = moments.sum(axis=1), float(moments.sum())
    one_path = variance <= ROUNDING * float(np.abs(mean).sum()) ** 2
    beta = _shares(mean) if one_path else with_system / variance
    value = mean + beta * (total - mean.sum())
    if mass < FEWEST_OF_TAIL:
        return value, np.full(len(parts), math.inf)
    left = np.diag(moments) - 2 * beta * with_system + beta**2 * variance
    error = np.sqrt(np.maximum(left, 0.0) / len(system) + beta**2 * max(variance, 0.0) / paths)
    return value, error * widening(float(mass))


def _at_boundary(parts: Floats, worst_first: npt.NDArray[np.intp], count: int) -> Floats:
    """Mean of each part over paths next to the quantile, (part, 1): a quarter of the tail on each side."""
    near = _near(count)
    next_to_it = worst_first[count - near : count + near]
    return np.asarray(parts[:, next_to_it].mean(axis=1, keepdims=True))


def _near(count: int) -> int:
    return max(1, count // 4)


def _shares(values: Floats) -> Floats:
    size = np.abs(values)
    return size / size.sum() if size.sum() > 0 else np.full(len(values), 1.0 / len(values))


def covar(fund: Distribution, system: Distribution, level: str, sample: tuple[Floats, Floats]) -> Estimate:
    """VaR of the system on the paths on which the fund loses its VaR or more; NaN where these are too few.

    From all paths where the kept tails hold what is needed (a path of the fund's tail that is not in the system's lost
    less than all that are), else from the sample.

    Args:
        fund: distribution of the fund's loss.
        system: of the system's loss.
        level: of both VaR, as decimal text.
        sample: losses of the fund and of the system on the sample, (path,) each.
    """
    in_tails = _given_tails(fund, system, level)
    if in_tails is not None:
        found = conditional_quantile(in_tails, level)
        if found is not None:
            return found
    own, whole = sample
    threshold = np.sort(own)[order_rank(level, len(own)) - 1]
    return conditional_quantile(_of(whole[own >= threshold]), level) or NOTHING


def benchmark(level: str, sample: tuple[Floats, Floats]) -> Estimate:
    """VaR of the system on the sampled paths on which the fund is within one standard deviation of its mean loss."""
    own, whole = sample
    return conditional_quantile(_of(whole[np.abs(own - own.mean()) <= own.std()]), level) or NOTHING


def _of(losses: Floats) -> Conditional:
    return Conditional(len(losses), np.sort(losses)[::-1])


def _given_tails(fund: Distribution, system: Distribution, level: str) -> Conditional | None:
    """The condition over all paths, from the kept tails; None where the fund's does not hold all of its paths."""
    paths, own, whole = fund.paths, fund.tail, system.tail
    rank = order_rank(level, paths)
    if paths - rank >= len(own.values):
        return None
    threshold = order_statistic(fund, rank)[0]
    if len(own.values) < paths and own.values[-1] >= threshold:
        return None  # paths that tie with the last one kept may be missing
    chosen = own.path_ids[own.values >= threshold]
    _, _, at = np.intersect1d(chosen, whole.path_ids, assume_unique=True, return_indices=True)
    return Conditional(len(chosen), np.sort(whole.values[at])[::-1])


def conditional_quantile(losses: Conditional, level: str) -> Estimate | None:
    """Order statistic of rank `ceil(p m)` of the m losses, its interval a pair of order statistics.

    NaN with fewer than 100 paths or none beyond the interval's end, without an error with fewer than ten beyond the
    quantile; None where the interval's end is not among the known losses.
    """
    count = losses.paths
    if count < FEWEST:
        return NOTHING
    lower, upper = binomial_ranks(level, count)
    if lower < 1 or upper > count:
        return NOTHING
    if count - lower >= len(losses.largest):
        return None
    low, value, high = (float(losses.largest[count - r]) for r in (lower, order_rank(level, count), upper))
    if tail_mass(level, count) < FEWEST_OF_TAIL:
        return Estimate.unknown(value)
    return Estimate(value, (high - low) / (2 * Z95), low, high)
