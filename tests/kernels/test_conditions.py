"""Draws given some of their moves against their twin in NumPy, on the same random words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import numpy as np
import pytest

import plain_conditions
from condition_examples import CONDITIONED, conditioned, conditioned_document
from plain_models import Plain
from scenario_example import problem_of
from shock_examples import SEED
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.questions.validate.kernels import engine_draws

PATHS = 400


@pytest.mark.parametrize("name", CONDITIONED)
def test_the_draw_is_that_of_the_twin(name: str) -> None:
    asked = conditioned(name)
    found, expected = engine_draws(asked, SEED, PATHS), plain_conditions.draws(Plain(asked, SEED, PATHS))
    largest = asked.shocks.max_move
    np.testing.assert_allclose(found, np.clip(expected, -largest, largest), rtol=1e-9, atol=1e-11)
    for one in asked.shocks.conditions:
        moves = one.rows @ found[one.step - 1]
        np.testing.assert_allclose(moves, np.broadcast_to(one.log_moves[:, None], moves.shape), atol=1e-12)
        free = np.linalg.matrix_rank(one.rows) < len(found[0])
        assert not free or found[one.step - 1].std(axis=1).max() > 0.002


def test_within_a_day_the_regime_stays_and_jumps_are_rarer() -> None:
    for name in ("regime", "jump"):
        given = [{"step": 2, "moves": {"semis": "-3 %"}}, {"step": 3, "moves": {"semis": "-4 %"}}]
        asked = replace(conditioned(name, conditions=given), steps_per_day=2)
        found, expected = engine_draws(asked, SEED, PATHS), plain_conditions.draws(Plain(asked, SEED, PATHS))
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


def test_steps_without_a_condition_keep_their_bits() -> None:
    made = conditioned_document("student_t")
    found = engine_draws(problem_of(made), SEED, PATHS)
    del made["shocks"]["condition"]
    without = engine_draws(problem_of(made), SEED, PATHS)
    same = [np.array_equal(one, other) for one, other in zip(found, without, strict=True)]
    assert same == [False, True, False, True]


def test_no_number_of_a_condition_compiles_again() -> None:
    for name in ("student_t", "garch", "regime", "jump", "bootstrap"):
        made = conditioned_document(name)
        one = problem_of(made)
        other: dict[str, Any] = made | {"shocks": made["shocks"] | {"condition": []}}
        for entry in made["shocks"]["condition"]:
            moved = {key: -0.011 + 0.002 * i for i, key in enumerate(entry["moves"])}
            other["shocks"]["condition"].append(entry | {"moves": moved, "step": entry["step"] + (name != "jump")})
        two = problem_of(other)
        assert structure_of(one) == structure_of(two)
        trees = [params_of(p, SEED, "float32").shocks.conditions for p in (one, two)]
        shapes = [[np.shape(x) for x in jax.tree.leaves(tree)] for tree in trees]
        if name != "jump":  # whose likely numbers of jumps are as many as they are
            assert shapes[0] == shapes[1]
    made = conditioned_document("student_t", conditions=[])
    assert params_of(problem_of(made), SEED, "float32").shocks.conditions is None
