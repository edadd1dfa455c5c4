"""Lean runs: the numbers of the scenario's own run, from programs that are compiled once for a structure."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

import stress
from stress.errors import NotEnoughResources
from stress.options import RunOptions
from stress.questions.lean import run_lean
from stress.results.dataset.tree import to_lean_tree
from stress.scenarios.problem import Problem
from tiny import make_problem

GROUPS = ("summary", "paths")


def lean(problem: Problem, **options: Any) -> xr.DataTree:
    return to_lean_tree(run_lean(problem, RunOptions(paths=3000, seed=5, **options)))


@pytest.mark.parametrize("scale", [1.0, 1.6])
def test_the_numbers_are_those_of_its_own_run(scale: float) -> None:
    problem = make_problem(steps=2, shocks={"scale": scale})
    tree, own = lean(problem), stress.run(problem, paths=3000, seed=5, store="paths")
    for group in GROUPS:
        found, expected = tree[group].to_dataset(), own[group].to_dataset()
        assert set(found.variables) == set(expected.variables)
        for name in expected.variables:
            np.testing.assert_array_equal(found[name].values, expected[name].values, err_msg=f"{group}/{name}")
            assert found[name].attrs == expected[name].attrs


def test_the_second_scenario_of_a_structure_compiles_nothing() -> None:
    said: list[str] = []
    options = RunOptions(paths=3000, seed=5)
    run_lean(make_problem(steps=2), options, said.append)
    said.clear()
    run_lean(make_problem(steps=2, shocks={"scale": 1.3}, impact={"coefficient": 0.7}), options, said.append)
    assert said == []


def test_the_memory_of_all_paths_is_asked_for_before() -> None:
    with pytest.raises(NotEnoughResources, match="memory"):
        run_lean(make_problem(steps=2), replace(RunOptions(paths=10**9), max_memory=2**30))
