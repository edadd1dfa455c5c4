"""Screening within a sweep: what is exact, that leaving paths out has no bias, and what errors are worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stress
from stress.options import RunOptions
from stress.questions.sweep.point import simulated
from stress.questions.sweep.screened import screened_point
from stress.results.answers.sweep.document import document
from stress.results.answers.sweep.screened import figures, probability
from stress.results.answers.sweep.table import shown
from stress.results.answers.sweep.tipping import Bound
from stress.scenarios.problem import Problem
from tiny import make_problem
from two_funds import TWO_FUNDS

PATHS = 4096
OPTIONS = RunOptions(paths=PATHS, seed=11)
KINDS: dict[str, dict[str, Any]] = {"two passes": {"outside": {}}, "one pass": {}}


def point(problem: Problem, method: str, seed: int = 11, paths: int = PATHS) -> dict[str, Any]:
    return simulated(problem, Bound(), RunOptions(paths=paths, seed=seed), method, lambda _: None)


@pytest.fixture(params=KINDS)
def problem(request: pytest.FixtureRequest) -> Problem:
    return make_problem(steps=2, **KINDS[request.param])


def test_with_all_of_the_others_it_says_what_a_run_says(problem: Problem) -> None:
    whole, plain = screened_point(problem, OPTIONS, rest=1), point(problem, "plain")
    assert np.all(whole.weights() == 1.0)
    assert sorted(whole.ids) == list(range(PATHS))
    found = figures(whole, len(whole.groups), 0.01)
    for name in ("var", "es", "es_static", "added_loss", "amplification", "mean_loss", "called_nav_share"):
        for suffix, part in (("", "value"), ("_se", "se")):
            expected = np.atleast_1d(plain[f"data/system_{name}{suffix}"])
            values = [getattr(one, part) for one in found[name]]
            # An interval of order statistics, and one of normal counts; nearly as many paths behind an error.
            room = 0.2 if suffix else 1e-5
            np.testing.assert_allclose(values, expected, rtol=room, atol=1e-6, err_msg=name + suffix)
    for name in ("prob_margin_call", "prob_added_loss", "prob_default", "prob_loss_over_20pct"):
        (one,) = found[name]
        assert one.value == pytest.approx(float(plain[f"data/system_{name}"]))
        assert one.low <= one.value <= one.high


def test_every_variable_of_a_screened_point_is_one_of_a_plain_one(problem: Problem) -> None:
    screened, plain = point(problem, "screen"), point(problem, "plain")
    assert set(screened) <= set(plain)
    for name, values in screened.items():
        assert np.shape(values) == np.shape(plain[name]), name


def test_the_worst_of_every_fund_are_there_and_every_32nd_other() -> None:
    found = screened_point(make_problem(steps=2), OPTIONS)
    there = set(found.ids[~found.stands_for_others].tolist())
    for row in found.static_loss:
        assert set(np.argsort(row)[-round(0.02 * PATHS) :].tolist()) <= there
    others = found.ids[found.stands_for_others]
    assert np.all(others % 32 == 0)
    assert found.weights().sum() == pytest.approx(PATHS)
    assert len(found.ids) < PATHS / 4


@pytest.mark.slow
def test_over_seeds_there_is_no_bias_and_errors_are_true() -> None:
    problem, seeds = make_problem(steps=2), range(30)
    truth = point(problem, "plain", seed=999, paths=100_000)
    found = [point(problem, "screen", seed) for seed in seeds]
    chosen = {"es": (0, 2), "added_loss": (0,), "called_nav_share": (0,), "prob_margin_call": (0,)}
    for name, at in ((name, at) for name, levels in chosen.items() for at in levels):
        values, errors = (
            np.array([one[f"data/system_{name}{suffix}"] for one in found]).reshape(len(found), -1)[:, at]
            for suffix in ("", "_se")
        )
        true, own = (float(np.atleast_1d(truth[f"data/system_{name}{suffix}"])[at]) for suffix in ("", "_se"))
        spread = values.std(ddof=1)
        assert abs(values.mean() - true) < 4 * np.hypot(spread / np.sqrt(len(values)), own), name
        covered = np.mean(np.abs(values - true) < 1.96 * np.hypot(errors, own))
        assert covered >= 0.8, name
        assert 0.6 < errors.mean() / spread < 2.0, name


def test_an_event_that_was_not_seen_is_not_said_to_be_impossible() -> None:
    found = screened_point(make_problem(steps=2), OPTIONS)
    none = probability(found, np.zeros(len(found.ids), bool))
    assert none.value == none.low == 0.0
    assert none.high == pytest.approx(3.689 * found.heaviest / PATHS, rel=1e-3)
    every = probability(found, np.ones(len(found.ids), bool))
    assert every.value == every.high == 1.0
    assert every.low == pytest.approx(1 - none.high)


def test_without_a_draw_or_without_sales_it_is_exact() -> None:
    still = make_problem(steps=2, outside={}, cascade={"feedback": False})
    quiet = screened_point(still, OPTIONS)
    assert len(quiet.ids) == PATHS
    np.testing.assert_array_equal(quiet.metrics["fund_loss"], quiet.static_loss)
    fixed = screened_point(replace(still, shocks=replace(still.shocks, model="none")), OPTIONS)
    assert not fixed.stands_for_others.any()


def test_a_map_says_that_it_was_screened(tmp_path: Path) -> None:
    file = tmp_path / "two.toml"
    file.write_text(TWO_FUNDS, encoding="utf-8")
    tree = stress.sweep(file, "shocks.scale=1,2", method="screen", paths=2000)
    assert any("Screened: sales were simulated" in text for text in shown(tree, 80) if isinstance(text, str))
    assert document(tree)["method"] == "screen"
