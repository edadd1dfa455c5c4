"""The generalised Pareto tail: McNeil's Danish fire losses, errors, and levels beyond the data."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from stress.results.statistics.tails.generalised_pareto import ParetoTail, fit

DANISH = Path(os.environ.get("LEVSTRESS_DANISH", "../data/danish.csv"))  # 2,167 claims in the last column


def test_var_and_es_of_the_danish_tail_as_published() -> None:
    tail = ParetoTail(10.0, 2167, 109, 0.496986, 6.975468, np.eye(2))
    assert [tail.var(0.99), tail.es(0.99)] == pytest.approx([27.2900, 58.2401], abs=5e-4)
    assert [tail.var(0.999), tail.es(0.999)] == pytest.approx([94.3394, 191.5353], abs=5e-4)


@pytest.mark.skipif(
    not DANISH.exists(),
    reason=f"no Danish fire claims at {DANISH} (not part of the repository; LEVSTRESS_DANISH names the file)",
)
def test_the_danish_fit_as_published() -> None:
    claims = np.genfromtxt(DANISH, delimiter=",", skip_header=1)[:, -1]
    tail = fit(claims, 10.0)
    assert (tail.losses, tail.exceedances) == (2167, 109)
    assert [tail.xi, tail.beta] == pytest.approx([0.496986, 6.975468], abs=2e-5)
    assert [tail.xi_se, tail.beta_se] == pytest.approx([0.1363, 1.1135], abs=1e-4)


@pytest.mark.parametrize("xi", [-0.2, 0.0, 0.3, 0.8])
def test_the_fit_is_the_maximum_and_its_errors_are_those_of_the_curvature(xi: float) -> None:
    losses = 5 + stats.genpareto.rvs(xi, scale=2.0, size=1500, random_state=1)
    tail = fit(losses, 5.0)

    def likelihood(shape: float, scale: float) -> float:
        return float(stats.genpareto.logpdf(losses - 5, shape, scale=scale).sum())

    top, h = likelihood(tail.xi, tail.beta), 1e-3
    around = [likelihood(tail.xi + a * h, tail.beta + b * h) for a in (-1, 0, 1) for b in (-1, 0, 1)]
    assert max(around) <= top + 1e-9
    curved = np.array(
        [
            [2 * top - around[1] - around[7], (around[2] + around[6] - around[0] - around[8]) / 4],
            [(around[2] + around[6] - around[0] - around[8]) / 4, 2 * top - around[3] - around[5]],
        ]
    )
    assert tail.covariance == pytest.approx(np.linalg.inv(curved) * h**2, rel=2e-3)
    assert [tail.xi_se, tail.beta_se] == pytest.approx(np.sqrt(np.diag(tail.covariance)))


@pytest.mark.parametrize("count", [30, pytest.param(200, marks=pytest.mark.slow)])
def test_intervals_cover(count: int) -> None:
    random, inside = np.random.default_rng(2), np.zeros(2)
    for _ in range(count):
        tail = fit(stats.genpareto.rvs(0.3, scale=2.0, size=400, random_state=random), 0.0)
        inside += [abs(tail.xi - 0.3) < 1.96 * tail.xi_se, abs(tail.beta - 2.0) < 1.96 * tail.beta_se]
    assert np.all(inside >= (0.91 if count > 100 else 0.8) * count)
    assert np.all(inside <= 0.985 * count) or count < 100


@pytest.mark.parametrize("xi", [-0.1, 0.0, 0.25])
def test_var_and_es_are_those_of_the_law(xi: float) -> None:
    law = stats.genpareto(xi, loc=3.0, scale=1.5)
    tail = ParetoTail(3.0, 1000, 1000, xi, 1.5, np.eye(2))
    assert tail.var(0.99) == pytest.approx(law.ppf(0.99))
    beyond = law.ppf(1 - 0.01 * (np.arange(200_000) + 0.5) / 200_000)
    assert tail.es(0.99) == pytest.approx(beyond.mean(), rel=1e-3)


def test_what_a_tail_cannot_tell() -> None:
    tail = ParetoTail(10.0, 2000, 100, 1.2, 7.0, np.eye(2))
    assert tail.es(0.99) == float("inf")
    with pytest.raises(ValueError, match=r"below the threshold, at 0\.95"):
        tail.var(0.9)
    with pytest.raises(ValueError, match="too few for a tail"):
        fit(np.arange(9.0), 0.0)
    bounded = fit(np.random.default_rng(1).random(500) ** 0.2, 0.0)  # steeper at its end than any shape with errors
    assert np.isnan(bounded.xi_se)
