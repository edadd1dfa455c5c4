"""What an error is worth that rests on few paths: the one rule for every figure of a result.

A figure whose error comes from a standard deviation of its influence function over m paths (the m = (1 - p) N paths of
a tail; the N paths of a mean; the paths on which something happened, of what is zero on the others) has

    standard error = t(m/2) / 1.96 * (1 + 0.35 / sqrt(m)) * standard deviation / sqrt(N),

so that +-1.96 of it holds the truth with 95 %, and none (infinite) where m < 10. t(m/2) is the two-sided 95 % quantile
of Student's t with m/2 degrees of freedom: of exponential excesses over a quantile the squares vary so much that m of
them fix a variance like 0.4 m squared normals. The other factor is for tails heavier than that, from which a sample
more often than not lacks the largest losses: of Student-t(4) the squares have the tail index 2, and a typical sample
falls short by the order of 1/sqrt(m). `benchmarks/coverage.py` measures what the rule covers; docs/results.md has the
table.
"""

from __future__ import annotations

import math

FEWEST = 10  # paths from which there is an error
Z95 = 1.959963984540054  # two-sided 95 % of the normal law
HEAVY = 0.35


def widened(error: float, paths: float) -> float:
    """The standard error from a plug-in one (same unit) that rests on so many `paths`; inf where they are under 10."""
    return math.inf if paths < FEWEST else error * widening(paths)


def widening(paths: float) -> float:
    """By what a plug-in error is multiplied, for at least 10 paths: 1.46 of 10, 1.16 of 30, 1.06 of 100, 1 of many."""
    from scipy.special import stdtrit

    return float(stdtrit(paths / 2, 0.975)) / Z95 * (1 + HEAVY / math.sqrt(paths))


def two_sided_p(score: float, paths: float) -> float:
    """p-value of a difference of `score` standard errors that rest on so many paths; NaN of NaN.

    That of Student's t with m/2 degrees of freedom: 5 % at 1.96, and far fewer than the normal law's beyond.
    """
    from scipy.special import stdtr, stdtrit

    if math.isnan(score):
        return math.nan
    degrees = paths / 2
    return 2 * float(stdtr(degrees, -abs(score) * float(stdtrit(degrees, 0.975)) / Z95))


def paths_that_count(mean: float, mean_square: float, paths: int) -> float:
    """On how many of some paths a mean rests of something whose sizes |x| have this mean and mean square.

    Twice Kish's effective number `(sum |x|)^2 / sum x^2`: the number of paths on which x is not zero where its sizes
    there spread like an exponential law. All paths where that is half of them or more.
    """
    few = 2 * paths * mean**2 / mean_square if mean_square > 0 else 0.0
    return few if few < paths / 2 else float(paths)
