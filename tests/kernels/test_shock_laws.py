"""What every shock model draws against the law that its parameters say, within five standard errors.

Quantiles by the probability integral transform, what one day's size says of the next, and what assets have in common.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate, stats

from plain_models import Plain, days, regimes
from shock_examples import SEED, SHOCKS, many_draws
from stress.scenarios.problem import Floats, Problem

FIVE = 5.0
LEVELS = np.array([0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999])
Law = Callable[[Floats], Floats]  # a distribution function


def deviation(asked: Problem) -> Floats:
    """Of a step, (asset,)."""
    found: Floats = asked.shocks.scale * asked.assets.shock_vol / math.sqrt(252.0)
    return found


def apart(uniform: Floats) -> float:
    """Largest distance of the counts below `LEVELS` from what they should be, in standard errors."""
    count = (uniform.reshape(-1)[:, None] < LEVELS).sum(axis=0)
    return float(np.max(np.abs(count - LEVELS * uniform.size) / np.sqrt(LEVELS * (1 - LEVELS) * uniform.size)))


def student(dof: float) -> Law:
    law: Law = stats.t(dof, scale=math.sqrt((dof - 2.0) / dof)).cdf
    return law


def laws_of(asked: Problem, first: bool) -> list[Law]:
    """The law of the first step of each asset, in standard deviations asked for, or of a later one."""
    shocks, given = asked.shocks, asked.shocks.parameters
    dofs = [shocks.class_dof.get(name, shocks.dof) for name in asked.assets.asset_class]
    plain = [stats.norm.cdf if math.isinf(dof) else student(dof) for dof in dofs]
    if shocks.model != "regime":
        return plain
    share = given.first_in_crisis if first else given.in_crisis

    def mixed(law: Law, calm: float, crisis: float) -> Law:
        return lambda x: (1.0 - share) * law(x / calm) + share * law(x / crisis)

    return [mixed(law, *both) for law, *both in zip(plain, given.calm, given.crisis, strict=True)]


@pytest.mark.parametrize("name", ["student_t by class", "regime", "regime, student_t", "factor", "factor, student_t"])
def test_quantiles_of_the_first_step(name: str) -> None:
    asked, draws = many_draws(name)
    for law, x, sd in zip(laws_of(asked, True), draws[0], deviation(asked), strict=True):
        assert apart(law(x / sd)) < FIVE
        assert apart(law(x / sd * 1.1)) > FIVE, "the test must be able to fail"


@pytest.mark.parametrize("name", ["garch", "garch, gaussian"])
def test_quantiles_given_each_days_variance(name: str) -> None:
    """The integral transform of every step, its variance worked out from the steps before."""
    asked, draws = many_draws(name)
    given, plain = asked.shocks.parameters, Plain(asked, SEED, draws.shape[2])
    ratio, uniform = np.broadcast_to(given.start[:, None], draws.shape[1:]), []
    law = laws_of(asked, True)[0]
    for step in draws:
        z = step / plain.deviation / np.sqrt(ratio)
        uniform.append(law(z))
        heard = given.alpha[:, None] + given.gamma[:, None] * (z < 0)
        ratio = (1.0 - given.persistence)[:, None] + (heard * z**2 + given.beta[:, None]) * ratio
    for asset in np.stack(uniform, axis=1):
        assert apart(asset) < FIVE
        assert apart(asset**1.05) > FIVE, "the test must be able to fail"
        one, next_one = asset[:-1].reshape(-1) - 0.5, asset[1:].reshape(-1) - 0.5
        assert abs(np.mean(one * next_one)) * 12 < FIVE / math.sqrt(one.size)


def test_quantiles_of_jumps() -> None:
    """A mixture of normals by the numbers of jumps of both kinds."""
    asked, draws = many_draws("jump")
    given, scale = asked.shocks.parameters, asked.shocks.scale
    counts = np.arange(12)
    for i, x in enumerate(draws[0]):
        kinds = [(kind.rate[i] / 252, kind.mean[i], kind.sd[i]) for kind in (given.common, given.own)]
        law = np.zeros_like(x)
        for n in counts:
            for m in counts[: 12 - n]:
                weight = stats.poisson.pmf(n, kinds[0][0]) * stats.poisson.pmf(m, kinds[1][0])
                mean = sum(mu * (k - rate) for (rate, mu, _), k in zip(kinds, (n, m), strict=True))
                jumps = sum(sd**2 * k for (_, _, sd), k in zip(kinds, (n, m), strict=True))
                law += weight * stats.norm.cdf(x / scale, mean, math.sqrt(given.diffusion[i] ** 2 / 252 + jumps))
        assert apart(law) < FIVE
        assert apart(law**1.05) > FIVE, "the test must be able to fail"


def test_days_of_a_history_are_even_and_follow_each_other() -> None:
    """Every day as often as any other, and blocks as long as asked for; also freed of their volatility."""
    for name in ("bootstrap", "filtered_historical"):
        asked, draws = many_draws(name)
        given = asked.shocks.parameters
        count, chosen = given.days.shape[1], days(Plain(asked, SEED, draws.shape[2]))
        for step in (0, len(chosen) - 1):
            times = np.bincount(chosen[step], minlength=count)
            assert stats.chisquare(times).pvalue > 1e-6
        goes_on = np.mean((chosen[1:] - chosen[:-1]) % count == 1)
        expected = 1.0 - 1.0 / given.mean_block + 1.0 / (given.mean_block * count)
        assert abs(goes_on - expected) < FIVE * math.sqrt(expected * (1 - expected) / chosen[1:].size)
    asked, draws = many_draws("bootstrap")
    history = asked.shocks.parameters.days
    for i, x in enumerate(draws[-1] / deviation(asked)[:, None]):
        values, times = np.unique(np.round(x, 9), return_counts=True)
        assert np.isin(values, np.round(history[i], 9)).all()
        assert len(times) > 0.95 * history.shape[1]


def covariance(x: Floats, y: Floats, expected: float) -> float:
    """Distance of a sample covariance (path,) from the expected one, in standard errors."""
    products = (x - x.mean()) * (y - y.mean())
    return float((products.mean() - expected) / (products.std() / math.sqrt(products.size)))


@pytest.mark.parametrize("name", ["garch, gaussian", "regime", "bootstrap", "filtered_historical", "factor"])
def test_what_a_days_size_says_of_the_next(name: str) -> None:
    """Covariance of absolute returns of two days in a row, by their law."""
    asked, draws = many_draws(name)
    sizes = np.abs(draws / deviation(asked)[:, None])
    for i in range(len(asked.assets.ids)):
        expected, step = _of_sizes(asked, i), 0
        assert abs(covariance(sizes[step, i], sizes[step + 1, i], expected)) < FIVE
        wrong = 0.5 * expected if name != "factor" else 0.05
        assert abs(covariance(sizes[step, i], sizes[step + 1, i], wrong)) > FIVE, "the test must be able to fail"


def _of_sizes(asked: Problem, i: int) -> float:
    """Covariance of the sizes of the first two days of an asset, in units of its variance."""
    given, model = asked.shocks.parameters, asked.shocks.model
    if model == "regime":
        spread = given.in_crisis * (1.0 - given.in_crisis) * (given.crisis[i] - given.calm[i]) ** 2
        return float(2.0 / math.pi * spread * (given.stay_calm + given.stay_crisis - 1.0))
    if model == "garch":

        def after(z: float) -> float:
            heard = given.alpha[i] + given.gamma[i] * (z < 0)
            return math.sqrt(1.0 - given.persistence[i] + (heard * z**2 + given.beta[i]) * given.start[i])

        def mean(f: Callable[[float], float]) -> float:
            sides = ((-12.0, 0.0), (0.0, 12.0))
            return float(sum(integrate.quad(lambda z: f(z) * stats.norm.pdf(z), a, b)[0] for a, b in sides))

        size, scale = math.sqrt(2.0 / math.pi), math.sqrt(given.start[i])
        return float(scale * size * (mean(lambda z: abs(z) * after(z)) - size * mean(after)))
    if model == "factor":
        return 0.0
    size, chance = np.abs(given.days[i]), 1.0 / given.mean_block
    if model == "bootstrap":
        around = np.mean(size * np.roll(size, -1))
        return float((1.0 - chance) * (around - size.mean() ** 2))
    variance = given.variance
    z = given.days[i]
    heard = variance.alpha[i] + variance.gamma[i] * (z < 0)
    root = np.sqrt(1.0 - variance.persistence[i] + (heard * z**2 + variance.beta[i]) * variance.start[i])
    first = size * math.sqrt(variance.start[i])
    both = (1.0 - chance) * np.mean(first * root * np.roll(size, -1)) + chance * np.mean(first * root) * size.mean()
    second = (1.0 - chance) * np.mean(root * np.roll(size, -1)) + chance * root.mean() * size.mean()
    return float(both - first.mean() * second)


@pytest.mark.parametrize("name", [name for name in SHOCKS if name not in ("garch", "filtered_historical")])
def test_what_assets_have_in_common(name: str) -> None:
    """Covariance of every pair in the first step: the correlation that the problem tells for its draw."""
    asked, draws = many_draws(name)
    step = draws[1] if name == "regime, student_t" else draws[0]
    moves = step / deviation(asked)[:, None]
    if name == "regime, student_t":  # which begins in crisis: one that is not in the long run's mix
        given, crisis = asked.shocks.parameters, regimes(Plain(asked, SEED, draws.shape[2]))[1]
        moves = moves / np.where(crisis, given.crisis[:, None], given.calm[:, None])
    told = asked.shocks.draw_correlation
    for i in range(len(moves)):
        for j in range(i + 1):
            assert abs(covariance(moves[i], moves[j], told[i, j])) < FIVE
            assert abs(covariance(moves[i], moves[j], told[i, j] + 0.1)) > FIVE, "the test must be able to fail"


def test_innovations_of_garch_are_correlated_and_days_too() -> None:
    for name in ("garch", "filtered_historical"):
        asked, draws = many_draws(name)
        start = asked.shocks.parameters.start if name == "garch" else asked.shocks.parameters.variance.start
        moves = draws[0] / deviation(asked)[:, None] / np.sqrt(start)[:, None]
        told = asked.shocks.draw_correlation
        assert max(abs(covariance(moves[i], moves[j], told[i, j])) for i in range(3) for j in range(3)) < FIVE


def test_the_variance_of_garch_returns_to_the_one_asked_for() -> None:
    """Started at 2.5 times, its excess shrinks by the persistence each day; with fat tails moments are wide."""
    asked, draws = many_draws("garch")
    given, plain = asked.shocks.parameters, Plain(asked, SEED, draws.shape[2])
    z = draws / plain.deviation
    for step in range(len(draws)):
        expected = 1.0 + (given.start - 1.0) * given.persistence**step
        error = (z[step] ** 2).std(axis=1) / math.sqrt(z.shape[2])
        assert np.all(np.abs((z[step] ** 2).mean(axis=1) - expected) < FIVE * error)
