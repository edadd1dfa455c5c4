"""Draws given some of their moves against rejection: of many draws without a condition, those that happen to meet it.

What is compared is the distribution of the other assets, within five standard errors; draws that are kept lie in a
narrow band around the moves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from condition_examples import conditioned
from shock_examples import SEED
from stress.questions.validate.kernels import engine_draws
from stress.scenarios.problem import Floats, Problem

FIVE = 5.0
LEVELS = np.array([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])
PATHS, TRIALS = 30_000, 3_000_000
WIDTH = 0.04  # half of the band, in standard deviations of the row
ONE: list[dict[str, Any]] = [{"step": 1, "moves": {"semis": "-3 %"}}]
SECTOR: list[dict[str, Any]] = [{"step": 1, "moves": {"equity": "-2 %"}}]
TWO: list[dict[str, Any]] = [{"step": 1, "moves": {"equity": "-2 %", "bonds": "0.8 %"}}]


def deviation(asked: Problem) -> Floats:
    found: Floats = asked.shocks.scale * asked.assets.shock_vol / np.sqrt(252.0)
    return found


def fat(random: np.random.Generator, dof: float, paths: int) -> Floats:
    return np.ones(paths) if np.isinf(dof) else np.asarray(np.sqrt((dof - 2.0) / random.chisquare(dof, paths)))


def free(asked: Problem, random: np.random.Generator, paths: int) -> Floats:
    """Draws of the first step without a condition, (asset, path), from the law alone."""
    shocks, p, sd = asked.shocks, asked.shocks.parameters, deviation(asked)
    if shocks.model == "bootstrap":
        return np.asarray(sd[:, None] * p.days[:, random.integers(p.days.shape[1], size=paths)])
    z = np.linalg.cholesky(shocks.correlation) @ random.standard_normal((len(sd), paths))
    if shocks.model == "regime":
        other = shocks.correlation if p.correlation is None else p.correlation
        bad = np.linalg.cholesky(other) @ random.standard_normal((len(sd), paths))
        crisis = random.random(paths) < p.first_in_crisis
        z = np.where(crisis, p.crisis[:, None] * bad, p.calm[:, None] * z)
    if shocks.model == "factor":
        common = random.standard_normal((p.weights.shape[1], paths))
        z = p.weights @ common + p.specific[:, None] * random.standard_normal((len(sd), paths))
    if shocks.model == "garch":
        z = np.sqrt(p.start)[:, None] * z
    if shocks.model == "jump":
        total = p.diffusion[:, None] / np.sqrt(252.0) * z
        all_jump = random.poisson(p.common.rate[0] / 252.0, paths)
        total += p.common.mean[:, None] * (all_jump - p.common.rate[:, None] / 252.0)
        total += p.common.sd[:, None] * np.sqrt(all_jump) * random.standard_normal(paths)
        own = random.poisson(p.own.rate[:, None] / 252.0, (len(sd), paths))
        total += p.own.mean[:, None] * (own - p.own.rate[:, None] / 252.0)
        total += p.own.sd[:, None] * np.sqrt(own) * random.standard_normal((len(sd), paths))
        return np.asarray(shocks.scale * total)
    return np.asarray(sd[:, None] * z * fat(random, shocks.dof, paths))


def kept(asked: Problem) -> Floats:
    """Draws that meet the condition by chance, (asset, path), the first step's mean added."""
    (one,), random, found = asked.shocks.conditions, np.random.default_rng(8), []
    mean, wanted = asked.shocks.drift / 252.0, one.log_moves[:, None]
    for _ in range(6):
        draws = free(asked, random, TRIALS // 6) + mean
        moves = one.rows @ draws
        width = WIDTH * len(one.rows) * moves.std(axis=1, keepdims=True)
        found.append(draws[:, (np.abs(moves - wanted) < width).all(axis=0)])
    return np.concatenate(found, axis=1)


def apart(ours: Floats, theirs: Floats) -> float:
    """Largest distance of two samples' counts below the levels of the second, in standard errors."""
    at = np.quantile(theirs, LEVELS) + 1e-9
    below, expected = ((sample[:, None] <= at).mean(axis=0) for sample in (ours, theirs))
    error = np.sqrt(expected * (1 - expected) * (1.0 / len(ours) + 1.0 / len(theirs)))
    return float(np.max(np.abs(below - expected) / error))


CASES = [
    *[("student_t", fixed) for fixed in (ONE, SECTOR, TWO)],
    *[("gaussian", SECTOR), ("garch", ONE), ("garch", SECTOR), ("regime", ONE), ("regime, student_t", SECTOR)],
    *[("jump", ONE), ("factor, student_t", ONE)],
]


@pytest.mark.parametrize(("name", "fixed"), CASES)
def test_the_law_is_that_of_draws_that_meet_the_condition_by_chance(name: str, fixed: list[dict[str, Any]]) -> None:
    asked = conditioned(name, steps=1, conditions=fixed)
    (one,), ours, theirs = asked.shocks.conditions, engine_draws(asked, SEED, PATHS)[0], kept(asked)
    assert theirs.shape[1] > 500
    checked = 0
    for i in range(len(ours)):
        if np.linalg.matrix_rank(np.vstack([one.rows, np.eye(len(ours))[i]])) == len(one.rows):
            continue  # it is fixed itself
        checked += 1
        assert apart(ours[i], theirs[i]) < FIVE, asked.assets.ids[i]
        middle = np.median(theirs[i])
        wider = middle + 1.25 * (ours[i] - middle)
        assert apart(wider, theirs[i]) > FIVE, "the test must be able to fail"
        assert apart(ours[i] + 0.25 * ours[i].std(), theirs[i]) > FIVE, "the test must be able to fail"
    assert checked


def test_a_far_condition_makes_everything_wider_and_a_normal_draw_is_caught() -> None:
    """Beyond three deviations the rest of a Student-t draw is wider than before, which a normal one is not."""
    asked = conditioned("student_t", steps=1, conditions=[{"step": 1, "moves": {"semis": "-8 %"}}])
    ours, theirs = engine_draws(asked, SEED, PATHS)[0], kept(asked)
    normal = replace(asked, shocks=replace(asked.shocks, dof=1e6))
    planted = engine_draws(normal, SEED, PATHS)[0]
    for i in (0, 1):
        assert apart(ours[i], theirs[i]) < FIVE
        assert apart(planted[i], theirs[i]) > FIVE


def test_days_are_kept_by_a_kernel_and_carry_the_rest_of_the_move() -> None:
    """A day at random is kept with the chance of its distance; then it is moved onto the condition."""
    fixed = [{"step": 1, "moves": {"semis": "-3 %"}, "bandwidth": 1.5}]
    asked = conditioned("bootstrap", steps=1, conditions=fixed)
    (one,), random = asked.shocks.conditions, np.random.default_rng(9)
    ours, days = engine_draws(asked, SEED, PATHS)[0], deviation(asked)[:, None] * asked.shocks.parameters.days
    drawn = days[:, random.integers(days.shape[1], size=200_000)]
    sd = float((one.rows @ days).std())
    lacks = one.log_moves[0] - asked.shocks.drift / 252.0 - (one.rows @ drawn)[0]
    near = random.random(len(lacks)) < np.exp(-((lacks / sd) ** 2) / (2 * 1.5**2))
    drawn, lacks = drawn[:, near], lacks[near]
    slope = days @ (one.rows @ days)[0] / (days.shape[1] * sd**2)
    theirs = drawn + np.outer(slope, lacks) + asked.shocks.drift / 252.0
    for i in (0, 1):
        assert apart(ours[i], theirs[i]) < FIVE
        assert apart(ours[i] + 0.25 * ours[i].std(), theirs[i]) > FIVE, "the test must be able to fail"


def test_a_likely_regime_is_reweighted() -> None:
    """Beyond what calm days do, nearly every path is in crisis; the rejected draws say the same of the next day."""
    asked = conditioned("regime", steps=2, conditions=[{"step": 1, "moves": {"semis": "-9 %"}}])
    found, p = engine_draws(asked, SEED, PATHS), asked.shocks.parameters
    sd = deviation(asked)
    spread = (found[1] / sd[:, None]).var(axis=1)
    expected = p.stay_crisis * p.crisis**2 + (1 - p.stay_crisis) * p.calm**2
    error = (found[1] ** 2 / sd[:, None] ** 2).std(axis=1) / np.sqrt(PATHS)
    assert (np.abs(spread - expected) < FIVE * error).all()
