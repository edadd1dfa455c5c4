"""Screening by the twin: weights, what is exact, and that leaving paths out has no bias."""

from typing import Any

import numpy as np
import pytest

from stress.options import RunOptions
from stress.questions.lean import run_lean
from stress.questions.rare.screening import one_in, screened
from stress.results.statistics.weighted import Weighted, expected_shortfall
from stress.scenarios.problem import Problem
from tiny import make_problem

PATHS = 4096
OPTIONS = RunOptions(paths=PATHS, seed=11)
KINDS: dict[str, dict[str, Any]] = {"two passes": {"outside": {}}, "one pass": {}}


def of(kind: str) -> Problem:
    return make_problem(steps=2, **KINDS[kind])


@pytest.fixture(params=KINDS)
def problem(request: pytest.FixtureRequest) -> Problem:
    return of(request.param)


def test_with_all_of_the_rest_it_is_the_run(problem: Problem) -> None:
    found, stored = screened(problem, OPTIONS, rest=1), run_lean(problem, OPTIONS).stored
    assert stored is not None
    losses, weights = found.losses(-1)
    assert np.all(weights == 1.0)
    ids = np.concatenate([found.table.path_ids, np.flatnonzero(found.calm)]).astype(np.int64)
    assert sorted(ids) == list(range(PATHS))
    np.testing.assert_array_equal(losses, stored.metrics["fund_loss"][-1][ids])
    # Where all paths trade the twin is worked out beside them, and may round otherwise.
    np.testing.assert_allclose(found.static_loss, stored.metrics["fund_loss_static"][-1], rtol=0, atol=1e-6)


def test_the_worst_by_the_twin_are_all_there_and_few_of_the_rest(problem: Problem) -> None:
    found = screened(problem, OPTIONS, worst=0.05, rest=8)
    count = round(0.05 * PATHS)
    worst = np.flatnonzero(found.static_loss >= np.sort(found.static_loss)[-count])
    there = set(found.table.path_ids.tolist()) | set(np.flatnonzero(found.calm).tolist())
    assert set(worst.tolist()) <= there
    rest = found.table.path_ids[found.weights == 8.0]
    assert len(rest) < PATHS / 4
    assert np.all(one_in(rest, 8))
    assert set(np.unique(found.weights)) <= {1.0, 8.0}
    assert abs(found.losses(-1)[1].sum() / PATHS - 1.0) < 5 * np.sqrt(8 / PATHS)


def test_estimates_have_no_bias() -> None:
    """Over seeds the mean of screened estimates is that of all paths, though part of the tail is left to chance."""
    gaps, stated = [], []
    for seed in range(16):
        options = RunOptions(paths=PATHS, seed=seed)
        stored = run_lean(of("one pass"), options).stored
        assert stored is not None
        losses, weights = screened(of("one pass"), options, worst=0.01, rest=4).losses(-1)
        part = expected_shortfall(Weighted(losses, weights, PATHS), "0.95")
        whole = expected_shortfall(Weighted(stored.metrics["fund_loss"][-1], np.ones(PATHS), PATHS), "0.95")
        gaps.append(part.value - whole.value)
        stated.append(np.sqrt(part.se**2 - whole.se**2) if part.se > whole.se else 0.0)
    assert np.std(gaps) > 0
    assert abs(np.mean(gaps)) < 4 * np.std(gaps, ddof=1) / np.sqrt(len(gaps))
    assert 0.5 < np.std(gaps, ddof=1) / np.mean(stated) < 2.0


def test_one_in_is_a_fair_choice_by_the_id_alone() -> None:
    ids = np.arange(200_000, dtype=np.uint64)
    chosen = one_in(ids, 32)
    assert abs(chosen.mean() * 32 - 1) < 0.05
    np.testing.assert_array_equal(one_in(ids[1000:2000], 32), chosen[1000:2000])
    lag = np.corrcoef(chosen[1:], chosen[:-1])[0, 1]
    assert abs(lag) < 0.01


def test_without_feedback_nothing_is_simulated() -> None:
    problem = make_problem(steps=2, outside={}, cascade={"feedback": False})
    found = screened(problem, OPTIONS)
    losses, weights = found.losses(-1)
    assert len(losses) == len(weights)
    stored = run_lean(problem, OPTIONS).stored
    assert stored is not None
    np.testing.assert_array_equal(found.static_loss, stored.metrics["fund_loss"][-1])
