"""The draw of every shock model is that of its law; a volatility, a pair or a step that is not is seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shock_examples import SEED, SHOCKS, many_draws, problem
from stress.questions.validate.draws import law_of_the_draw
from stress.questions.validate.kernels import engine_draws
from stress.scenarios.problem import Floats, Problem

BELOW, LASTING = "draws below quantiles of their law", "draws above their medians in one step and the next"
PAIRS = ("pairs of draws above their medians", "covariances of pairs of draws")


def failures(asked: Problem, draws: Floats) -> set[str]:
    checks = list(law_of_the_draw("draw", asked, draws))
    assert [check.name for check in checks][::2] == [BELOW, LASTING]
    return {check.name for check in checks if not check.passed}


@pytest.mark.parametrize("name", SHOCKS)
def test_every_model_has_its_law(name: str) -> None:
    asked, draws = many_draws(name)
    assert failures(asked, draws) == set()


@pytest.mark.parametrize("name", SHOCKS)
def test_what_is_not_of_the_law_is_seen(name: str) -> None:
    """A tenth more volatility, one asset by itself, the same move twice."""
    asked, draws = many_draws(name)
    mean = asked.shocks.drift / 252.0
    assert BELOW in failures(asked, mean + 1.1 * (draws - mean))
    apart = draws.copy()
    apart[:, 2] = np.roll(draws[:, 2], 1, axis=1)
    assert failures(asked, apart) & set(PAIRS) or asked.shocks.model == "jump"
    twice = draws.copy()
    twice[2], twice[4] = draws[1], draws[3]
    assert failures(asked, twice) & {BELOW, LASTING}


def test_pairs_of_jumps_are_looked_at() -> None:
    """Common jumps tie assets beyond the correlation of their normals."""
    asked, draws = many_draws("jump")
    apart = draws.copy()
    apart[:, 1] = -draws[:, 1]
    assert PAIRS[1] in failures(asked, apart)


@pytest.mark.parametrize("name", ["regime", "jump"])
def test_steps_of_a_day(name: str) -> None:
    asked = replace(problem(name), steps_per_day=2)
    assert failures(asked, engine_draws(asked, SEED, 8_000)) == set()
