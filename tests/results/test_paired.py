"""Errors of differences between runs with one seed: paired path by path, whatever the two have in common."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
import xarray as xr

import plain_errors
from collected_example import collected, distribution
from stress.results.dataset.compared import BY_FUND, BY_LEVEL, compared
from stress.results.dataset.tree import to_datatree
from stress.results.statistics import estimators, paired
from stress.results.statistics.estimate import Estimate
from stress.results.statistics.few_paths import Z95
from stress.results.statistics.paired import Influence
from stress.results.terminal.compared_table import compared_json, compared_notes

LEVEL, PATHS, PAIRS = "0.95", 2000, 250
BEYOND = 0.1


class Run(NamedTuple):
    """Figures of a run and what its kept paths add to them."""

    figures: dict[str, Estimate]
    influence: dict[str, Influence]
    paths: int


def run_of(loss: np.ndarray, static: np.ndarray, kept: int) -> Run:
    own, twin, level, n = distribution(loss), distribution(static), float(LEVEL), len(loss)
    ratio, added = estimators.against_static(own, twin, LEVEL, loss, static)
    var, var_static = (estimators.value_at_risk(x, LEVEL) for x in (own, twin))
    figures = {
        "mean": estimators.mean(loss.sum(), float(loss @ loss), n),
        "share": estimators.probability(int((loss > BEYOND).sum()), n),
        "var": var,
        "es": estimators.expected_shortfall(own, LEVEL),
        "added": added,
        "ratio": ratio,
    }
    loss, static = loss[:kept], static[:kept]
    of_loss = paired.of_tail_mean(loss, level, var.value)
    of_static = paired.of_tail_mean(static, level, var_static.value)
    base = estimators.expected_shortfall(twin, LEVEL).value
    influence = {
        "mean": paired.of_mean(loss),
        "share": paired.of_share(loss > BEYOND),
        "var": paired.of_quantile(loss, level, var.value, var.se, n),
        "es": of_loss,
        "added": paired.combined(of_loss, of_static, 1, -1),
        "ratio": paired.combined(of_loss, of_static, 1 / base, -ratio.value / base),
    }
    return Run(figures, influence, n)


def two_runs(case: str, rng: np.random.Generator) -> tuple[Run, Run]:
    """Two runs whose figures are the same in truth."""
    n = 3 * PATHS if case == "uneven" else PATHS
    kept = PATHS // 4 if case == "a quarter kept" else PATHS
    x = 0.05 * rng.normal(size=n)

    def lost(static: np.ndarray) -> np.ndarray:
        return static + 0.5 * np.maximum(static - 0.05, 0) + 0.005 * rng.normal(size=n)

    first = lost(x)
    other = {"turned": -x, "near": x, "half": 0.6 * x + 0.8 * 0.05 * rng.normal(size=n)}.get(case, -x)
    second = first + 1e-6 * rng.normal(size=n) if case == "hair" else lost(other)
    a = run_of(first[:PATHS], x[:PATHS], kept)
    return a, run_of(second, x if case == "hair" else other, kept)


@pytest.mark.parametrize("case", ["turned", "near", "half", "hair", "uneven", "a quarter kept"])
def test_false_alarms_are_as_rare_as_they_are_said_to_be(case: str) -> None:
    alarms: dict[str, list[bool]] = {}
    alone: dict[str, list[bool]] = {}
    for number in range(PAIRS):
        a, b = two_runs(case, np.random.default_rng(number))
        for name in a.figures:
            error = paired.error_of_difference(a.influence[name], b.influence[name], a.paths, b.paths)
            gap = abs(b.figures[name].value - a.figures[name].value)
            alarms.setdefault(name, []).append(gap > Z95 * error)
            alone.setdefault(name, []).append(gap > Z95 * math.hypot(a.figures[name].se, b.figures[name].se))
    noise = math.sqrt(0.05 * 0.95 / PAIRS)
    for name, raised in alarms.items():
        assert np.mean(raised) < 0.05 + 3 * noise, (name, np.mean(raised))
    if case in ("turned", "a quarter kept"):  # a hedge turned round: what independence would say
        assert np.mean(alone["mean"]) > 0.05 + 6 * noise
    if case == "near":  # pairing finds what independence hides
        assert np.median([0.0, *alone["mean"]]) == 0


def test_pairing_finds_small_changes() -> None:
    rng = np.random.default_rng(1)
    x = 0.05 * rng.normal(size=PATHS)
    a = run_of(x, x, PATHS)
    b = run_of(x * 1.01 + 0.0005 * rng.normal(size=PATHS), x, PATHS)
    error = paired.error_of_difference(a.influence["es"], b.influence["es"], PATHS, PATHS)
    gap = b.figures["es"].value - a.figures["es"].value
    assert gap > 4 * error
    assert gap < math.hypot(a.figures["es"].se, b.figures["es"].se)


def test_two_results_with_one_seed_are_paired_and_say_so() -> None:
    a, b = to_datatree(collected(seed=7, paths=2000)), to_datatree(collected(seed=7, paths=3000))
    numbers = compared(a, b)
    assert numbers.attrs["same_seed"] == 1
    assert numbers.attrs["paired_paths"] == 2000
    shared, other = numbers.sel(fund="alpha"), a["paths"].to_dataset()["fund_loss"].sel(fund="alpha").values
    mine = b["paths"].to_dataset()["fund_loss"].sel(fund="alpha").values
    moves = mine[:2000] * 2000 / 3000 - other
    variance = moves.var() / 2000 + mine[:2000].var() * 1000 / 3000**2
    assert shared["mean_loss_difference_se"].item() == pytest.approx(math.sqrt(variance), rel=0.02)
    assert shared["mean_loss_bound"].item() == 0
    notes = "\n".join(compared_notes(numbers, [0.95]))
    assert "share their paths: ± comes from the differences path by path, of the first 2,000" in notes


@pytest.mark.parametrize("name", [*BY_LEVEL, *BY_FUND])
def test_every_figure_is_paired(name: str) -> None:
    a, b = to_datatree(collected(seed=7, paths=2000)), to_datatree(collected(seed=7, paths=3000))
    numbers = compared(a, b)
    bound, error = (numbers[f"{name}_{x}"].sel(fund=["alpha", "system"]) for x in ("bound", "difference_se"))
    if name in BY_LEVEL:
        bound, error = bound.sel(level=0.95), error.sel(level=0.95)
    assert np.all(bound.values == 0)
    assert np.all(np.isfinite(error.values))


def test_without_kept_paths_the_error_is_a_true_upper_bound() -> None:
    a = to_datatree(collected(seed=7, paths=2000, stored=False))
    numbers = compared(a, a.copy(deep=True))
    both = 2 * a["summary"]["es_se"].sel(fund="alpha", level=0.95).item()
    at = numbers.sel(fund="alpha", level=0.95)
    assert at["es_difference_se"].item() == pytest.approx(both)
    assert at["es_bound"].item() == 1
    notes = "\n".join(compared_notes(numbers, [0.95]))
    assert "≤: an upper bound" in notes
    assert "a result keeps no paths to pair" in notes
    assert compared_json(numbers, [0.95])["funds"]["alpha"]["es"]["0.95"]["bound"] is True


def test_runs_on_other_assets_or_steps_do_not_share_their_paths() -> None:
    a = to_datatree(collected(seed=7, paths=2000))
    b = a.copy(deep=True)
    b.attrs["steps"] = 99
    b["start"] = xr.DataTree(b["start"].to_dataset().isel(asset=[0]))
    notes = "\n".join(compared_notes(compared(a, b), [0.95]))
    assert "same seed but other assets and steps: their paths are not shared" in notes


def test_a_figure_of_which_the_paths_kept_say_too_little_has_a_bound() -> None:
    a, b = (replace(collected(seed=7, paths=6000)) for _ in range(2))
    numbers = compared(to_datatree(a), to_datatree(b)).sel(fund="system", level=0.999)
    assert np.isinf(numbers["es_difference_se"].item())  # six tail paths in either
    assert np.isnan(numbers["es_z"].item())


@pytest.mark.parametrize(("paths_a", "paths_b"), [(4_000, 4_000), (4_000, 10_000), (10_000, 4_000)])
@pytest.mark.parametrize("indicator", [False, True])
def test_the_error_of_a_difference_is_that_of_two_means_that_share_paths(
    paths_a: int, paths_b: int, indicator: bool
) -> None:
    """`Var(B - A) = Var(a)/N_a + Var(b)/N_b - 2 Cov(a, b) M/(N_a N_b)`, M paths being shared."""
    rng = np.random.default_rng(9)
    a = rng.normal(size=4_000)
    b = 3 * (0.6 * a + 0.8 * rng.normal(size=4_000))
    if indicator:  # half a path more in each of the four cells
        hit, over = a > 0.3, b > -0.5
        pair = (paired.of_share(hit), paired.of_quantile(np.where(over, 2.0, 0.0), 0.5, 1.0, 0.01, paths_b))
        scale, weight = 0.01 * math.sqrt(paths_b / 0.25), np.append(np.ones(4_000), [0.5] * 4)
        a, b = np.append(hit, [0.0, 0, 1, 1]), np.append(over, [0.0, 1, 0, 1]) * scale
    else:
        pair, weight = (paired.of_mean(a), paired.of_mean(b)), np.ones(4_000)
    (aa, ab), (_, bb) = np.cov(a, b, aweights=weight, ddof=0)
    variance = aa / paths_a + bb / paths_b - 2 * ab * min(paths_a, paths_b) / (paths_a * paths_b)
    rests_on = 2_000 if indicator else 4_000  # half of them lie in the tail of the quantile
    found = paired.error_of_difference(*pair, paths_a, paths_b)
    assert found == pytest.approx(plain_errors.widened(math.sqrt(variance), rests_on), rel=1e-9)


@pytest.mark.parametrize("name", ["called_nav_share", "defaulted_nav_share"])
def test_a_share_of_all_navs_is_a_mean_by_nav(name: str) -> None:
    rng, trees, means = np.random.default_rng(3), [], []
    for _ in range(2):
        tree = to_datatree(collected(seed=7, paths=2000))
        table = tree["paths"][name]
        table.loc[{}] = rng.uniform(size=table.shape)
        nav = tree["summary"]["nav_usd"].sel(fund=table["fund"])
        means.append(((table.astype(float) * nav).sum("fund") / nav.sum()).values)
        trees.append(tree)
    found = compared(*trees)[f"{name}_difference_se"].sel(fund="system").item()
    assert found == pytest.approx((means[1] - means[0]).std() / math.sqrt(2000), rel=0.02)


@pytest.mark.parametrize("name", ["var", "trough_var", "drawdown_var"])
def test_with_fewer_paths_kept_an_error_is_still_that_of_the_run(name: str) -> None:
    errors = []
    for kept in (4000, 1000):
        a, b = (to_datatree(collected(seed=seed, paths=4000)) for seed in (7, 8))
        b.attrs["seed"] = a.attrs["seed"]  # other draws all the same
        for tree in (a, b):
            tree["paths"] = xr.DataTree(tree["paths"].to_dataset().isel(path=slice(0, kept)))
        numbers = compared(a, b)
        assert numbers.attrs["paired_paths"] == kept
        errors.append(numbers[f"{name}_difference_se"].sel(fund="alpha", level=0.95).item())
    assert errors[1] == pytest.approx(errors[0], rel=0.3)
