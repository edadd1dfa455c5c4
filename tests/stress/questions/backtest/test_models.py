"""The laws of the models: moments by simulation against closed forms, and states against those fitted anew."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from simulated_returns import simulated_garch, simulated_t
from stress.calibration.covariance import correlation
from stress.calibration.regimes import fit_regimes
from stress.questions.backtest.models.history import Blocks
from stress.questions.backtest.models.jump import Jump
from stress.questions.backtest.models.normals import Normals
from stress.questions.backtest.models.protocol import Model
from stress.questions.backtest.models.registry import MODELS
from stress.questions.backtest.models.window import Settings, Window

Floats = npt.NDArray[np.float64]
DRAWS = 100_000


@cache
def returns() -> Floats:
    found: Floats = simulated_garch(620, 3, 11) * np.array([1.0, 2.0, 0.5]) + simulated_t(620, 1, 4.0, 0.0, 12)
    found[300] -= 0.12
    found[200] -= 0.09
    return found


@cache
def window(vol: str = "ewma") -> Window:
    return Window(returns()[:600], Settings(vol=vol))


def drawn(model: Model, days: int, draws: int = DRAWS, seed: int = 1) -> Floats:
    return model.paths(np.random.default_rng(seed), days, draws)


def near_variance(moves: Floats, truth: Floats) -> bool:
    """Within five standard errors, from the moments of the sample itself."""
    squares = moves**2
    return bool(np.all(np.abs(squares.mean(axis=0) - truth) < 5 * squares.std(axis=0) / np.sqrt(len(moves))))


@pytest.mark.parametrize("name", ["gaussian", "student_t", "factor", "jump"])
@pytest.mark.parametrize("days", [1, 10])
def test_the_variance_is_that_of_today_over_the_horizon(name: str, days: int) -> None:
    moves = drawn(MODELS[name](window()), days)
    assert near_variance(moves, days * window().ewma[-1])
    assert not near_variance(1.05 * moves, days * window().ewma[-1])
    assert np.all(np.abs(moves.mean(axis=0)) < 5 * moves.std(axis=0) / np.sqrt(DRAWS))


@pytest.mark.parametrize("name", ["gaussian", "student_t", "garch"])
def test_correlations_are_those_that_are_fitted(name: str) -> None:
    model = MODELS[name](window())
    residuals = window().garch_residuals if name == "garch" else window().residuals
    found = np.atleast_2d(np.corrcoef(drawn(model, 1, 20_000), rowvar=False))
    seen = correlation(residuals, "ledoit-wolf").matrix
    upper = np.triu_indices(3, 1)
    assert found[upper] == pytest.approx(seen[upper], abs=0.03)


def test_a_student_t_has_its_degrees_of_freedom_in_every_name_and_sum() -> None:
    dof = window().dof_of(window().residuals)
    moves = drawn(MODELS["student_t"](window()), 1, 20_000)
    law = stats.t(dof, scale=np.sqrt((dof - 2) / dof))
    for weights in ([1.0, 0, 0], [0, 0, 1.0], [1.0, -0.5, 2.0]):
        total = moves @ np.array(weights)
        assert stats.kstest(total / total.std(), law.cdf).pvalue > 1e-3
    gaussian = drawn(MODELS["gaussian"](window()), 1, 20_000)[:, 0]
    assert stats.kstest(gaussian / gaussian.std(), "norm").pvalue > 1e-3
    assert stats.kstest(gaussian / gaussian.std(), law.cdf).pvalue < 1e-3


@pytest.mark.parametrize("name", ["garch", "filtered_historical"])
def test_garch_variance_goes_to_the_long_run(name: str) -> None:
    persistence, today, long_run = window().garch.persistence, window().garch_variances[-1], window().sample
    expected = sum(long_run + persistence**k * (today - long_run) for k in range(10))
    moves = drawn(MODELS[name](window()), 10)
    if name == "garch":  # residual days are skewed, and the leverage term then shifts the mean of the variance a little
        assert near_variance(moves, expected)
    assert np.mean(moves**2, axis=0) == pytest.approx(expected, rel=0.06)
    assert near_variance(drawn(MODELS[name](window()), 1), today)


def test_a_regime_is_a_mixture_and_lasts() -> None:
    model, found = MODELS["regime"](window()), fit_regimes(window().returns)
    share, scale = found.crisis_share, found.crisis_scale
    calm = window().sample / (1 - share + share * scale**2)
    expected, chance = np.zeros(3), found.crisis_now
    for _ in range(10):
        expected += calm * (1 - chance + chance * scale**2)
        chance = chance * found.stay_crisis + (1 - chance) * (1 - found.stay_calm)
    assert near_variance(drawn(model, 10), expected)
    first = found.crisis_now
    assert near_variance(drawn(model, 1), calm * (1 - first + first * scale**2))
    assert calm * (1 - share + share * scale**2) == pytest.approx(window().sample)


def test_jumps_have_their_third_and_fourth_moments() -> None:
    model = Jump(window("sample"))
    jumps = model._jumps
    assert jumps.common_rate > 0
    mean, sd, rate = jumps.common_mean, jumps.common_sd, jumps.common_rate / 252
    third = rate * (mean**3 + 3 * mean * sd**2)
    diffusion = window().sample - rate * (mean**2 + sd**2) - jumps.own_rate / 252 * jumps.own_sd**2
    fourth = rate * (mean**4 + 6 * mean**2 * sd**2 + 3 * sd**4) + jumps.own_rate / 252 * 3 * jumps.own_sd**4
    moves = drawn(model, 1, 400_000)
    cubes, fourths = moves**3, moves**4
    assert np.all(np.abs(cubes.mean(axis=0) - third) < 5 * cubes.std(axis=0) / np.sqrt(len(moves)))
    truth = fourth + 3 * window().sample ** 2
    assert np.all(np.abs(fourths.mean(axis=0) - truth) < 5 * fourths.std(axis=0) / np.sqrt(len(moves)))
    assert np.all(diffusion > 0)


def test_the_bootstrap_draws_whole_days_in_blocks() -> None:
    rows = np.arange(50.0)[:, None]
    blocks, random = Blocks(rows, 4.0), np.random.default_rng(1)
    blocks.begin()
    path = np.array([blocks.next(random, 4000)[:, 0] for _ in range(10)])
    followed = (path[1:] - path[:-1]) % 50 == 1
    assert np.mean(followed) == pytest.approx(0.75 + 0.25 / 50, abs=0.015)
    assert np.bincount(path[0].astype(int), minlength=50).min() > 40
    moves = drawn(MODELS["bootstrap"](window()), 1, 1000)
    known = {tuple(row) for row in window().returns}
    assert {tuple(row) for row in moves} <= known


def test_residual_days_are_those_of_the_window() -> None:
    moves = drawn(MODELS["filtered_historical"](window()), 1, 500) / np.sqrt(window().garch_variances[-1])
    residuals = window().garch_residuals
    scaled = (residuals - residuals.mean(axis=0)) / residuals.std(axis=0)
    assert np.all(np.min(np.abs(moves[:, None, :] - scaled[None]).sum(axis=2), axis=1) < 1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_a_state_that_is_moved_on_is_that_of_the_recursion(name: str) -> None:
    """After more days the forecast is wider exactly where the recursion says, and the fit stays."""
    model, later = MODELS[name](window()), returns()[600:]
    before = drawn(model, 1, 4000)
    for moves in later:
        model.see(moves)
    after = drawn(model, 1, 4000)
    ratio = np.median(np.abs(after), axis=0) / np.median(np.abs(before), axis=0)
    centred = later - window().mean
    if name == "bootstrap":
        expected = np.ones(3)
    elif name in ("garch", "filtered_historical"):
        variance = window().garch_variances[-1]
        values = window().garch.values
        for x in centred:
            omega = window().sample * (1 - window().garch.persistence)
            variance = omega + (values["alpha"] + values["gamma"] * (x < 0)) * x**2 + values["beta"] * variance
        expected = np.sqrt(variance / window().garch_variances[-1])
    elif name == "regime":
        return  # its filter has a test of its own
    else:
        variance = window().ewma[-1]
        for x in centred:
            variance = 0.94 * variance + 0.06 * x**2
        expected = np.sqrt(variance / window().ewma[-1])
    assert ratio == pytest.approx(expected, rel=1e-9 if name in ("gaussian", "student_t", "bootstrap") else 0.03)
    assert np.any(np.abs(expected - 1) > 0.05) or name == "bootstrap"


def test_the_filter_of_regimes_is_that_of_the_library() -> None:
    model = MODELS["regime"](window())
    found = fit_regimes(window().returns)
    chance = found.crisis_now
    assert model._crisis == pytest.approx(chance)  # type: ignore[attr-defined]
    for moves in returns()[600:]:
        market = found.weights @ (moves - window().mean)
        calm, crisis = (stats.norm.pdf(market, scale=sd) for sd in found.market_sd)
        today = chance * crisis / (chance * crisis + (1 - chance) * calm)
        chance = today * found.stay_crisis + (1 - today) * (1 - found.stay_calm)
        model.see(moves)
        assert model._crisis == pytest.approx(chance)  # type: ignore[attr-defined]


def test_moves_are_clipped_each_day() -> None:
    model = MODELS["gaussian"](Window(returns()[:600], Settings(max_move=0.01)))
    assert np.abs(drawn(model, 1, 1000)).max() == 0.01
    assert 0.01 < np.abs(drawn(model, 10, 1000)).max() <= 0.1


def test_many_names_go_through_factors() -> None:
    random = np.random.default_rng(5)
    loadings = random.normal(0, 0.01, (320, 2))
    moves = random.standard_normal((300, 2)) @ loadings.T + 0.01 * random.standard_normal((300, 320))
    found = Window(moves, Settings(vol="sample"))
    model = MODELS["gaussian"](found)
    draws = drawn(model, 1, 4000)
    assert draws.std(axis=0) == pytest.approx(np.sqrt(found.sample), rel=0.08)
    held = np.sign(loadings[:, 0])
    truth = np.sqrt(np.sum((held @ loadings) ** 2) + 320 * 1e-4)
    assert (draws @ held).std() == pytest.approx(truth, rel=0.1)
    with pytest.raises(ValueError, match="correlation or factors"):
        Normals()
