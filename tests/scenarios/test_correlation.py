from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenario_example import example, problem_of
from stress.scenarios.build.correlation import nearest_correlation
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.loader import scenario_from_document


def test_blend_and_labels(tmp_path: Path) -> None:
    (tmp_path / "calm.csv").write_text("asset,japan,semis,bonds\nsemis,-0.2,1,0.3\nbonds,0.1,0.3,1\njapan,1,-0.2,0.1\n")
    document = example()
    document["correlation"] = {"matrix": "calm.csv", "blend": {"matrix": np.eye(3).tolist(), "weight": "50 %"}}
    problem = build_problem(scenario_from_document(document, folder=tmp_path))
    np.testing.assert_allclose(problem.shocks.correlation, [[1, 0.05, 0.15], [0.05, 1, -0.1], [0.15, -0.1, 1]])
    assert problem.shocks.repair_distance == 0.0
    (tmp_path / "calm.csv").write_text("asset,japan,semis\nsemis,-0.2,1\njapan,1,-0.2\n")
    with pytest.raises(ScenarioError, match="lacks bonds"):
        build_problem(scenario_from_document(document, folder=tmp_path))


def test_rows_of_a_blend_are_in_the_order_of_the_file() -> None:
    document = example()
    rows = document["correlation"]["matrix"]  # of semis, bonds, japan
    document["correlation"] = {"constant": 0.0, "blend": {"matrix": rows, "weight": 0.5}}
    correlation = problem_of(document).shocks.correlation
    np.testing.assert_allclose(correlation, [[1, 0.05, 0.15], [0.05, 1, -0.1], [0.15, -0.1, 1]])


def test_nearest_correlation_of_higham() -> None:
    """The example of Higham (2002), section 4: distance 0.5278."""
    matrix = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    nearest = nearest_correlation(matrix)
    np.testing.assert_allclose(nearest, [[1, 0.7607, 0.1573], [0.7607, 1, 0.7607], [0.1573, 0.7607, 1]], atol=5e-5)
    assert np.linalg.norm(nearest - matrix) == pytest.approx(0.5278, abs=5e-5)


@given(st.integers(0, 2**32), st.integers(2, 8))
def test_nearest_correlation_is_one(seed: int, size: int) -> None:
    entries = np.random.default_rng(seed).uniform(-1, 1, (size, size))
    matrix = np.triu(entries, 1) + np.triu(entries, 1).T + np.eye(size)
    nearest = nearest_correlation(matrix, tolerance=1e-9)
    assert np.array_equal(np.diag(nearest), np.ones(size))
    assert np.array_equal(nearest, nearest.T)
    assert np.linalg.eigvalsh(nearest)[0] > -1e-7
    # no further from the matrix than the correlation matrix one gets by damping it until it is semidefinite
    weight = min(1.0, 1 / (1 - np.linalg.eigvalsh(matrix)[0] + 1e-12))
    assert np.linalg.norm(nearest - matrix) <= (1 - weight) * np.linalg.norm(matrix - np.eye(size)) + 1e-6


def test_repair_is_made_only_when_asked() -> None:
    document = example(correlation={"constant": -0.9})
    with pytest.raises(ScenarioError, match="repair = true"):
        problem_of(document)
    document["correlation"]["repair"] = True
    shocks = problem_of(document).shocks
    np.testing.assert_allclose(shocks.correlation, np.full((3, 3), -0.5) + 1.5 * np.eye(3), atol=1e-9)
    assert shocks.repair_distance == pytest.approx(0.4 * np.sqrt(6))
