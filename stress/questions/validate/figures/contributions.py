"""Contributions to the system's ES and CoVaR recomputed by plain NumPy."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from stress.questions.validate.agreement import Compared
from stress.questions.validate.check import Check, largest
from stress.questions.validate.engine import Run, every_path
from stress.questions.validate.figures import expected
from stress.questions.validate.figures.tails import expected_shortfall, value_at_risk
from stress.questions.validate.figures.told import Floats, Told, relative_gap
from stress.questions.validate.readings import groups

CLOSE = 1e-9
FEWEST = 100  # paths of a condition on which there is a quantile
ONE_PATH = 1e-20  # of variance over the square of the mean: all paths of the tail are one


def contributions(part: str, run: Run, compared: Compared) -> Iterator[Check]:
    """Every figure of `contributions`; those of assets need no path to have been left aside."""
    problem, every = compared.problem, every_path(run.output)
    told, losses = Told(problem, run.tree, "contributions"), every["group_loss"]
    yield from expected.held(part, "contributions", run.tree, expected.with_errors(expected.CONTRIBUTIONS))
    sample = losses[:, : compared.theirs["loss"].shape[-1]]
    nav = groups(problem) @ problem.funds.nav
    weight = nav[:-1] / nav[-1]
    for level in problem.estimation.levels:
        total = float(expected_shortfall(losses[-1:], level)[0])
        by_fund = euler(weight[:, None] * sample[:-1], sample[-1], level, total, losses.shape[1])
        by_asset = euler(-compared.theirs["asset_pnl"], sample[-1], level, total, losses.shape[1])
        conditional = np.array([quantile(losses[-1, own >= value_at_risk(own[None], level)], level) for own in losses])
        usual = np.array([quantile(sample[-1, np.abs(own - own.mean()) <= own.std()], level) for own in sample])
        if problem.shocks.model == "none":
            conditional = usual = np.repeat(value_at_risk(losses[-1:], level), len(losses))
        for name, by_hand, axis in (
            ("es_contribution", by_fund, "fund"),
            ("mes", by_fund / weight, "fund"),
            ("es_contribution_by_asset", by_asset, "asset"),
            ("covar", conditional[:-1], "fund"),
            ("delta_covar", (conditional - usual)[:-1], "fund"),
        ):
            said, gap = told.array(name, (axis,), {"level": float(level)}), np.inf
            if said is not None:
                unlike = np.isnan(said) != np.isnan(by_hand)
                gap = largest(np.where(unlike, np.inf, 0.0))
                gap = max(gap, relative_gap(np.nan_to_num(said), np.nan_to_num(by_hand)))
            yield Check(part, f"{name.replace('_', ' ')} at {level}", gap, CLOSE)


def euler(parts: Floats, system: Floats, level: str, total: float, paths: int) -> Floats:
    """Means of parts (part, path) over the system's tail, what the sample misses of `total` shared out by regression.

    `C_i = c_i + beta_i (total - sum c)`, `beta_i = Cov(psi_i, psi_S)/Var(psi_S)` with `psi_i` the influence function
    of `c_i`, the boundary's mean being that over a quarter of the tail on either side.
    """
    mass = float((1 - Fraction(level)) * len(system))
    order = np.argsort(-system, kind="stable")
    count = math.ceil((1 - Fraction(level)) * len(system))
    weight = np.zeros(len(system))
    weight[order[:count]] = np.minimum(1.0, mass - np.arange(count))
    mean = parts @ weight / mass
    near = max(1, count // 4)
    boundary = parts[:, order[count - near : count + near]].mean(axis=1, keepdims=True)
    psi = np.where(weight > 0.0, parts - boundary, 0.0)
    whole = psi.sum(axis=0)
    spread = float(np.var(whole))
    if spread <= ONE_PATH * float(np.abs(mean).sum()) ** 2:
        size = np.abs(mean)
        beta = size / size.sum() if size.sum() > 0.0 else np.full(len(mean), 1.0 / len(mean))
    else:
        beta = ((psi - psi.mean(axis=1, keepdims=True)) * (whole - whole.mean())).mean(axis=1) / spread
    return np.asarray(mean + beta * (total - mean.sum()))


def quantile(losses: Floats, level: str) -> float:
    """Order statistic of rank `ceil(p m)` of m losses; NaN of few, and where nothing bounds it with 95 %."""
    from scipy import stats

    count, p = len(losses), float(Fraction(level))
    if count < FEWEST:
        return math.nan
    lower, upper = stats.binom.ppf(0.025, count, p), stats.binom.ppf(0.975, count, p) + 1
    if lower < 1 or upper > count:
        return math.nan
    return float(value_at_risk(losses[None], level)[0])
