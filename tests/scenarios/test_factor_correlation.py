"""`[correlation] factor`: what it says, what is refused, and the draw against its twin and its law."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plain_models import Plain, factor
from scenario_example import differences, example, problem_of
from shock_examples import IDS, SEED
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.questions.validate.kernels import engine_draws
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import scenario_from_document

LOADINGS = {
    "semis": {"market": 0.8, "rates": -0.2},
    "bonds": {"rates": 0.6},
    "japan": {"market": 0.5},
}
MATRIX = np.array([[1.0, 0.0, -0.12], [0.0, 1.0, 0.4], [-0.12, 0.4, 1.0]])  # of IDS
SHOCKS: tuple[dict[str, Any], ...] = (
    {"model": "gaussian"},
    {"model": "student_t", "dof": 5},
    {"model": "student_t", "dof": {"equity": 5, "rates": 8}},
)


def asked(shocks: dict[str, Any], **correlation: Any) -> Problem:
    table = {"factor": LOADINGS} | correlation
    return problem_of(example(horizon={"steps": 3, "steps_per_day": 1}, correlation=table, shocks=shocks))


def test_loadings_from_a_file_and_the_matrix_they_make(tmp_path: Path) -> None:
    (tmp_path / "loadings.csv").write_text("asset,rates,market\nbonds,0.6,0\njapan,0,0.5\nsemis,-20 %,0.8\n")
    document = example(correlation={"factor": "loadings.csv"}, shocks={"model": "student_t"})
    read = build_problem(scenario_from_document(document, folder=tmp_path))
    assert read.assets.ids == IDS
    factors = read.shocks.factors
    assert factors is not None
    assert factors.names == ("market", "rates")
    np.testing.assert_allclose(factors.specific, [0.8, math.sqrt(0.75), math.sqrt(0.32)])
    np.testing.assert_allclose(read.shocks.correlation, MATRIX)
    again = build_problem(scenario_from_document(read.canonical))
    assert not {name for name in differences(read, again) if name.startswith("shocks")}
    inline = problem_of(example(correlation={"factor": LOADINGS}, shocks={"model": "student_t"}))
    np.testing.assert_array_equal(inline.shocks.correlation, read.shocks.correlation)


@pytest.mark.parametrize("shocks", SHOCKS)
def test_the_draw_is_that_of_the_twin_and_has_the_correlation(shocks: dict[str, Any]) -> None:
    """Few normals of factors in place of a matrix: no array of assets by assets is compiled."""
    problem, paths = asked(shocks), 40_000
    assert structure_of(problem).shocks == "factor"
    assert params_of(problem, SEED, "float64").shocks.matrix is None
    found = engine_draws(problem, SEED, paths)
    np.testing.assert_allclose(found[:, :, :2_000], factor(Plain(problem, SEED, 2_000)), rtol=1e-9, atol=1e-11)
    rows = found.transpose(1, 0, 2).reshape(len(IDS), -1)
    deviation = problem.assets.shock_vol / math.sqrt(252.0)
    error = np.sqrt(np.var(rows**2, axis=1) / rows.shape[1]) / (2 * deviation**2)
    assert (np.abs(rows.std(axis=1) / deviation - 1) < 5 * error).all()
    for i, j in ((0, 1), (0, 2), (1, 2)):
        product = rows[i] * rows[j] / (deviation[i] * deviation[j])
        told = problem.shocks.draw_correlation[i, j]
        assert abs(product.mean() - told) < 5 * product.std() / math.sqrt(product.size)
        assert abs(product.mean() - told - 0.06) > 5 * product.std() / math.sqrt(product.size), "must be able to fail"


def test_other_models_and_blends_draw_with_the_matrix() -> None:
    garch = {"model": "garch", "garch": {"alpha": 0.1, "gamma": 0.0, "beta": 0.8}}
    for problem in (asked(garch), asked(SHOCKS[0], blend={"matrix": np.eye(3).tolist(), "weight": 0.5})):
        assert problem.shocks.factors is None
        assert structure_of(problem).shocks == problem.shocks.model
    np.testing.assert_allclose(asked(garch).shocks.correlation, MATRIX)
    half = asked(SHOCKS[0], blend={"matrix": np.eye(3).tolist(), "weight": 0.5}).shocks.correlation
    np.testing.assert_allclose(half, (MATRIX + np.eye(3)) / 2)


@pytest.mark.parametrize(
    ("table", "key", "problem"),
    [
        ({"factor": {**LOADINGS, "japan": {"market": 0.9, "rates": 0.6}}}, "correlation.factor.japan", "sum to 1.17"),
        ({"factor": {**LOADINGS, "jpn": {"market": 0.9}}}, "correlation.factor", "'jpn'"),
        ({"factor": {"semis": {"market": 0.9}}}, "correlation.factor", "lacks bonds"),
        ({"factor": {name: {} for name in IDS}}, "correlation.factor", "0 factors"),
        ({"factor": LOADINGS, "constant": 0.2}, "correlation", "constant and factor are given"),
        ({"repair": True}, "correlation.matrix", "neither matrix, constant nor factor"),
    ],
)
def test_refused(table: dict[str, Any], key: str, problem: str) -> None:
    with pytest.raises(ScenarioError, match=problem) as caught:
        problem_of(example(correlation=table))
    assert key in str(caught.value)
