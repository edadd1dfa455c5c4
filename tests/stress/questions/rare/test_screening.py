"""Screening by the twin: weights, what is exact, and that leaving paths out has no bias."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stress.engine.weighted.method import Method
from stress.engine.weighted.paths import MethodSimulator, paths_of
from stress.engine.weighted.screen import BAD, CALM, CHOSEN, LEFT_OUT, Screen, one_in
from stress.options import RunOptions
from stress.questions.lean import run_lean
from stress.questions.rare.asked import read_asked
from stress.questions.rare.choose import chosen
from stress.questions.rare.costs import OUTSIDE_BUYERS
from stress.results.answers.rare.estimates import Paths
from stress.results.statistics import estimators
from stress.results.statistics.simulation_output import PathTable
from stress.results.statistics.weighted import expected_shortfall
from stress.scenarios.problem import Problem
from tiny import make_problem

PATHS = 4096
OPTIONS = RunOptions(paths=PATHS, seed=11, device="cpu")
KINDS: dict[str, dict[str, Any]] = {"two passes": {"outside": {}}, "one pass": {}}


def of(kind: str) -> Problem:
    return make_problem(steps=2, **KINDS[kind])


def plain(problem: Problem, options: RunOptions = OPTIONS) -> PathTable:
    stored = run_lean(problem, options).stored
    assert stored is not None
    return stored


def screened(problem: Problem, options: RunOptions, screen: Screen) -> Paths:
    question = read_asked("es(system, 0.95)", problem)
    return paths_of(
        MethodSimulator(problem, options, Method("screen", "screen", question, -1, 0, options.paths, screen))
    )


def bound(static: Any, worst: float) -> float:
    return float(np.quantile(static, 1 - worst))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_simulated_is_the_run_and_which_follows_from_id_and_twin(kind: str) -> None:
    problem = of(kind)
    stored = plain(problem)
    static, losses = (stored.metrics[name][-1] for name in ("fund_loss_static", "fund_loss"))
    screen = Screen(bound(static, 0.05), 8)
    found = screened(problem, OPTIONS, screen)
    there = found.components != LEFT_OUT
    np.testing.assert_array_equal(found.losses[there], losses[there])
    np.testing.assert_array_equal(found.defaulted[there], stored.defaulted[-1][there])
    np.testing.assert_array_equal(found.weights, np.array([1.0, 1.0, 8.0, 0.0])[found.components])
    assert np.isneginf(found.losses[~there]).all()
    # Where all paths trade the twin is worked out beside them, and may round otherwise.
    sure = np.abs(static - screen.bound) > 1e-6
    of_bad = np.isin(found.components, (BAD, CALM))[sure & (static >= screen.bound)]
    assert of_bad.all()
    rest = np.isin(found.components, (CHOSEN, LEFT_OUT))
    ids = np.arange(PATHS, dtype=np.uint64)
    np.testing.assert_array_equal((found.components == CHOSEN)[rest], one_in(ids[rest], 8))
    assert (found.components == CALM).any() == (kind == "two passes")
    assert abs(found.weights.mean() - 1.0) < 5 * np.sqrt(8 / PATHS)


def test_an_event_that_no_path_had_is_seldom_beyond_its_bound() -> None:
    """95 % of all runs have it, or a bound that holds, wherever the event lies."""
    paths, one_in_so_many, rng = 20_000, 32, np.random.default_rng(3)
    for of_part in (0.0, 1.0, 10.0, 40.0, 200.0, 2_000.0):  # expected paths of the part that is left to chance
        for expected in (2.0, 4.0, 10.0, 32.0, 64.0, 200.0):  # those of the event
            for inside in {min(expected, of_part), 0.9 * min(expected, of_part), 0.0}:  # those in the part
                wrong = 0
                for _ in range(400):
                    seen = rng.poisson(expected - inside) + rng.poisson(inside / one_in_so_many)
                    if not seen:
                        hidden = rng.poisson(inside * (1 - 1 / one_in_so_many))
                        others = rng.poisson(max(of_part - inside, 0.0))
                        chosen = rng.binomial(others, 1 / one_in_so_many)
                        counts = [paths - 400 - hidden - others, 400, chosen, hidden + others - chosen]
                        wrong += at_most(counts, one_in_so_many) < expected / paths
                assert wrong <= 0.05 * 400 + 3 * np.sqrt(0.05 * 0.95 * 400), (of_part, expected, inside)


def at_most(counts: list[int], one_in_so_many: int) -> float:
    components = np.repeat([CALM, BAD, CHOSEN, LEFT_OUT], counts)
    nothing = np.zeros(len(components), bool)
    weights = np.array([1.0, 1.0, one_in_so_many, 0.0])[components]
    return Paths(np.zeros(len(components)), weights, nothing, components, "screen").probability(nothing).high


def test_what_was_not_simulated_has_no_small_bound() -> None:
    assert at_most([0, 0, 0, 50], 32) == 1.0
    known = estimators.probability(0, 20_000).high
    assert known < at_most([19_600, 400, 0, 0], 32) < 3 * known
    assert at_most([19_560, 400, 0, 40], 32) > 40 / 20_000


def test_estimates_have_no_bias() -> None:
    """Over seeds the mean of screened estimates is that of all paths, though part of the tail is left to chance."""
    problem, gaps, stated = of("one pass"), [], []
    screen = Screen(bound(plain(problem).metrics["fund_loss_static"][-1], 0.01), 4)
    for seed in range(16):
        options = replace(OPTIONS, seed=seed)
        part = expected_shortfall(screened(problem, options, screen).sample, "0.95")
        losses = plain(problem, options).metrics["fund_loss"][-1]
        whole = expected_shortfall(
            Paths(losses, np.ones(PATHS), np.zeros(PATHS, bool), np.zeros(PATHS, int)).sample, "0.95"
        )
        gaps.append(part.value - whole.value)
        stated.append(np.sqrt(part.se**2 - whole.se**2) if part.se > whole.se else 0.0)
    assert np.std(gaps) > 0
    assert abs(np.mean(gaps)) < 4 * np.std(gaps, ddof=1) / np.sqrt(len(gaps))
    assert 0.5 < np.std(gaps, ddof=1) / np.mean(stated) < 2.0


def test_one_in_is_as_many_of_any_range_of_ids() -> None:
    ids = np.arange(200_000, dtype=np.uint64)
    found = one_in(ids, 32)
    for first, last in ((0, 320), (1000, 2024), (7, 199_975)):
        assert 32 * found[first:last].sum() == last - first
    np.testing.assert_array_equal(one_in(ids[1000:2000], 32), found[1000:2000])


def test_the_pilot_expects_a_gain_where_everybody_trades_and_never_more_than_the_sales_cost() -> None:
    problem = of("one pass")
    method = chosen(problem, OPTIONS, "screen", read_asked("es(system, 0.99)", problem))
    gain, fewer, cost = method.expected
    assert 1.5 < gain < OUTSIDE_BUYERS.sales
    assert fewer < 1.05  # leaving paths out makes no figure better, but for chance
    assert cost == pytest.approx((1 + 3.8 * 0.05) / 3.8, rel=0.05)
    assert method.why == ""
    no_normals = replace(problem, shocks=replace(problem.shocks, model="bootstrap"))
    with pytest.raises(Exception, match="cannot be tilted"):
        chosen(no_normals, OPTIONS, "tilt", method.question)
