"""Total intervals, elementary effects and indices of variance, beside what can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from stress.questions.sensitivity.designs import latin, saltelli, trajectories
from stress.results.answers.sensitivity.screening import elementary_effects, indices
from stress.results.answers.sensitivity.total import total
from stress.scenarios.ranges.laws import at_share


def test_without_parameters_the_total_is_the_sampling_interval() -> None:
    values, errors = np.full(20, 3.0), np.full(20, 0.1)
    found = total(values, errors, values - 0.2, values + 0.3)
    assert found.low == pytest.approx(2.8, abs=1e-6)
    assert found.high == pytest.approx(3.3, abs=1e-6)
    assert found.of_parameters == 0.0
    assert found.low_se == pytest.approx(0.0, abs=1e-9)
    assert found.se == pytest.approx(0.1)


def test_the_total_of_normal_points_is_that_of_the_sum_of_variances() -> None:
    values = norm.ppf((np.arange(2000) + 0.5) / 2000)
    half = 1.959963984540054 * 0.75
    found = total(values, np.full(2000, 0.75), values - half, values + half)
    width = 1.959963984540054 * np.hypot(1.0, 0.75)
    assert found.low == pytest.approx(-width, rel=0.005)
    assert found.high == pytest.approx(width, rel=0.005)
    assert found.se == pytest.approx(1.25, rel=0.005)
    assert 0 < found.low_se < 0.2


def test_points_without_a_figure_are_left_out_and_too_few_make_no_interval() -> None:
    values = np.array([*np.linspace(1, 2, 15), np.nan, np.nan])
    errors = np.full(17, 0.1)
    assert np.isfinite(total(values, errors, values - 0.2, values + 0.2).low)
    assert np.isnan(total(values[:9], errors[:9], values[:9], values[:9]).low)
    unbounded = np.where(np.arange(17) < 5, np.inf, values + 0.2)
    assert np.isnan(total(values, errors, values - 0.2, unbounded).low)


def test_effects_of_a_linear_function_are_its_slopes() -> None:
    shares, order = trajectories(6, 3, seed=2)
    assert set(np.round(3 * shares).ravel()) <= {0.0, 1.0, 2.0, 3.0}
    values = shares @ np.array([2.0, -3.0, 0.0])
    values[0, 1] = np.nan
    found = elementary_effects(values, shares, order)
    np.testing.assert_allclose(found[:, 0], [2, 3, 0], atol=1e-12)
    np.testing.assert_allclose(found[:, 2], [2, -3, 0], atol=1e-12)
    np.testing.assert_allclose(found[:, 3], 0, atol=1e-12)
    assert sorted(found[:, 4]) == [5, 5, 6] or sorted(found[:, 4]) == [4, 6, 6]


def test_indices_of_ishigami() -> None:
    """Ishigami and Homma 1990, a = 7, b = 0.1: first order 0.3139, 0.4424, 0; total 0.5576, 0.4424, 0.2437."""
    x = np.pi * (2 * saltelli(4096, 3, seed=1) - 1)
    values = np.sin(x[..., 0]) + 7 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])
    found = indices(values)
    exact = np.array([[0.3139, 0.5576], [0.4424, 0.4424], [0.0, 0.2437]])
    assert (np.abs(found[:, [0, 2]] - exact) < 4 * found[:, [1, 3]] + 1e-3).all()
    assert (found[:, [1, 3]] < 0.05).all()
    assert np.isnan(indices(np.ones((5, 16)))).all()


def test_a_hypercube_has_a_point_in_every_part() -> None:
    assert (np.sort(np.floor(10 * latin(10, 2, seed=4)), axis=0) == np.arange(10)[:, None]).all()


@pytest.mark.parametrize(("law", "middle"), [("uniform", 1.25), ("loguniform", 1.0), ("triangular", 1.133975)])
def test_laws_reach_from_end_to_end(law: str, middle: float) -> None:
    ends = [at_share(law, 0.5, 2.0, 1.0, share) for share in (0.0, 0.5, 1.0)]
    assert ends == pytest.approx([0.5, middle, 2.0], abs=1e-6)
    with pytest.raises(ValueError, match="no law"):
        at_share("normal", 0.5, 2.0, 1.0, 0.5)
