"""Figures of a point that was screened: from every path held still, and from those that were simulated with sales.

Of N paths all of one part are there, and of the M others m, which stand for them all: sampling in two phases with
strata (Neyman 1938; Cochran 1977, chapter 12). The mean of y is (sum over the part + M x mean of the m) / N, and its
variance Var(y) / N + (M / N)^2 (1 / m - 1 / M) s^2, s^2 the variance among the m. Means of losses take the mean held
still, which is of every path, and add what trading adds (a difference estimator, in which s^2 is that of the latter).
An error rests on as many paths as the weights are worth (Kish 1965): wider below a hundred, and none below ten.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stress.results.statistics import estimators
from stress.results.statistics.estimate import NOTHING, Estimate, Pair
from stress.results.statistics.few_paths import FEWEST, Z95, paths_that_count, widened
from stress.results.statistics.levels import tail_mass
from stress.results.statistics.simulation_output import LARGE_LOSS, Distribution
from stress.scenarios.problem import Problem

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
FUND_METRICS = ("fund_loss", "called", "forced_sales", "unliquidated", "called_share", "defaulted_share")
AVERAGED = {
    "called_nav_share": "called_share",
    "defaulted_nav_share": "defaulted_share",
    "expected_called_usd": "called",
    "expected_forced_sales_usd": "forced_sales",
    "expected_unliquidated_usd": "unliquidated",
}


class Screened(NamedTuple):
    """What screening has simulated. Rows are groups in id order, the whole system last.

    Attributes:
        problem: the scenario.
        groups, groups_file_order, group_nav: as in `SimulationOutput`.
        static_loss: (row, path) every path held still.
        ids: (path there,) which paths are there: simulated with their sales, or nobody trades on them.
        stands_for_others: (path there,) whether it is one of the m.
        others: M.
        metrics: each of FUND_METRICS, (row, path there).
        called, defaulted: (row, path there).
    """

    problem: Problem
    groups: tuple[str, ...]
    groups_file_order: tuple[str, ...]
    group_nav: Floats
    static_loss: Floats
    ids: npt.NDArray[np.int64]
    stands_for_others: Bools
    others: int
    metrics: dict[str, Floats]
    called: Bools
    defaulted: Bools

    @property
    def paths(self) -> int:
        """N, those that were left out among them."""
        return len(self.static_loss[-1])

    @property
    def heaviest(self) -> float:
        """For how many paths each of the m stands; 1 where there are no others."""
        return max(1.0, self.others / max(1, int(self.stands_for_others.sum())))

    def weights(self) -> Floats:
        """(path there,) for how many paths each stands; they add up to N."""
        return np.where(self.stands_for_others, self.heaviest, 1.0)

    def mean(self, values: Floats) -> float:
        """Of values (path there,) over all paths."""
        return float(self.weights() @ values) / self.paths

    def chance(self, values: Floats) -> float:
        """The part of the variance of a mean that comes from who stands for the others."""
        among, drawn = values[self.stands_for_others], int(self.stands_for_others.sum())
        if drawn == self.others:
            return 0.0
        return (self.others / self.paths) ** 2 * (1 / drawn - 1 / self.others) * float(among.var(ddof=1))

    def variance(self, values: Floats) -> float:
        """Of the mean of values (path there,)."""
        return max(self.mean(values**2) - self.mean(values) ** 2, 0.0) / self.paths + self.chance(values)


def figures(of: Screened, row: int, added: float) -> dict[str, list[Estimate]]:
    """Figures of a row by the names of `summary`: by level, the mean first, or one.

    Args:
        of: the point.
        row: fund or system.
        added: loss added by trading whose probability is wanted.
    """
    loss, still = of.metrics["fund_loss"][row], of.static_loss[row]
    found = _by_level(of, loss, still)
    found["mean_loss"] = found["es"][:1]
    for name, metric in AVERAGED.items():
        unit = float(of.group_nav[row]) if name.endswith("_usd") else 1.0
        found[name] = [_rare_mean(of, of.metrics[metric][row] * unit)]
    for name, happened in {
        "prob_loss_over_20pct": loss > LARGE_LOSS,
        "prob_margin_call": of.called[row],
        "prob_default": of.defaulted[row],
        "prob_added_loss": loss - still[of.ids] > added,
    }.items():
        found[name] = [probability(of, happened)]
    return found


def probability(of: Screened, happened: Bools) -> Estimate:
    """Of an event, given on which of the paths there it happened.

    With the interval of a sum of weighted Poisson counts, which holds where none or few are hit, too (Fay and Feuer
    1997): the next hit might be one that stands for others. The standard error is its width over 2 x 1.96.
    """
    from scipy.special import gammaincinv

    if of.mean(happened.astype(float)) > 0.5:
        other = probability(of, ~happened)
        return Estimate(1.0 - other.value, other.se, 1.0 - other.high, 1.0 - other.low)
    hits = happened.astype(float)
    share, variance = of.mean(hits), of.variance(hits)
    low = variance / share * float(gammaincinv(share**2 / variance, 0.025)) if share > 0 else 0.0
    more = share + of.heaviest / of.paths, variance + (of.heaviest / of.paths) ** 2
    high = min(more[1] / more[0] * float(gammaincinv(more[0] ** 2 / more[1], 0.975)), 1.0)
    return Estimate(share, (high - low) / (2 * Z95), low, high)


def _rare_mean(of: Screened, values: Floats) -> Estimate:
    """Of what is never negative, and zero on most paths.

    Where it is not zero on one path that stands for others, that moves the mean a lot: as for a probability, one more
    of these may be there, of the mean size.
    """
    value, weights = of.mean(values), of.weights()
    hits = float(weights @ (values > 0))
    next_hit = of.heaviest * value / hits if hits and of.heaviest > 1 else 0.0
    rests_on = paths_that_count(value, float(weights**2 @ values**2) / of.paths, of.paths)
    return Estimate.symmetric(value, widened(math.sqrt(of.variance(values) + next_hit**2), rests_on))


def _by_level(of: Screened, loss: Floats, still: Floats) -> dict[str, list[Estimate]]:
    """VaR and ES with sales and held still, and what sales make of it, at the mean and each level."""
    added, paths = loss - still[of.ids], of.paths
    mean_still, mean_added = float(still.mean()), of.mean(added)
    value, chance = mean_still + mean_added, of.chance(added)
    variance = max(of.mean(loss**2) - of.mean(loss) ** 2, 0.0) / paths
    covariance = of.mean(loss * still[of.ids]) - of.mean(loss) * of.mean(still[of.ids])
    pair = Pair(value, mean_still, variance + chance, float(still.var()) / paths, covariance / paths, paths)
    table = {
        "var": [NOTHING],
        "var_static": [NOTHING],
        "es": [Estimate.symmetric(value, math.sqrt(pair.variance))],
        "es_static": [Estimate.symmetric(mean_still, math.sqrt(pair.static_variance))],
        "amplification": [pair.ratio_near_zero()],
        "added_loss": [Estimate.symmetric(mean_added, math.sqrt(of.variance(added)))],
    }
    held = Distribution.of(still)
    for level in of.problem.estimation.levels:
        static, static_var = estimators.expected_shortfall(held, level), estimators.value_at_risk(held, level)
        var, shortfall, pair = _tail(of, loss, still, static, static_var, level)
        table["var"].append(var)
        table["var_static"].append(static_var)
        table["es"].append(shortfall)
        table["es_static"].append(static)
        table["amplification"].append(pair.ratio())
        table["added_loss"].append(pair.difference())
    return table


def _tail(
    of: Screened, loss: Floats, still: Floats, static: Estimate, static_var: Estimate, level: str
) -> tuple[Estimate, Estimate, Pair]:
    """VaR, ES (Rockafellar and Uryasev 2002), and the latter beside that of the paths held still."""
    paths, share = of.paths, float(tail_mass(level, of.paths)) / of.paths
    var = _value_at_risk(of, loss, share)
    beyond = of.weights()[loss > var.value]
    rests_on = float(beyond.sum() ** 2 / (beyond @ beyond)) if len(beyond) else 0.0
    excess, others = np.maximum(loss - var.value, 0.0), np.maximum(still - static_var.value, 0.0)
    value = var.value + of.mean(excess) / share
    variance = of.variance(excess) / share**2
    covariance = of.mean(excess * others[of.ids]) - of.mean(excess) * float(others.mean())
    shortfall = Estimate.symmetric(value, widened(math.sqrt(variance), rests_on))
    pair = Pair(
        value, static.value, variance, float(others.var()) / paths / share**2, covariance / paths / share**2, rests_on
    )
    return (var if rests_on >= FEWEST else Estimate.unknown(var.value)), shortfall, pair


def _value_at_risk(of: Screened, loss: Floats, share: float) -> Estimate:
    """The smallest x beyond which no more than `share` of all paths lose; its interval is that of x beyond which it is
    1.96 standard errors less and more."""
    order = np.argsort(-loss, kind="stable")
    values, above = loss[order], np.cumsum(of.weights()[order]) / of.paths

    def beyond(least: float) -> float:
        return float(values[min(int(np.searchsorted(above, least * (1 + 1e-12), side="right")), len(values) - 1)])

    value = beyond(share)
    spread = Z95 * math.sqrt(of.variance((loss > value).astype(float)))
    high = beyond(share - spread) if share > spread else math.inf
    low = beyond(share + spread) if share + spread < 1 else -math.inf
    return Estimate(value, (high - low) / (2 * Z95), low, high)
