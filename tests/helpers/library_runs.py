"""Runs of the library's scenarios, each made once, and the moves observed in April 2025."""

from __future__ import annotations

import csv
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import xarray as xr

from library_scenarios import problem_of
from stress.engine.runner import execute
from stress.options import RunOptions
from stress.questions.lean import run_lean
from stress.results.dataset.tree import to_datatree
from stress.results.statistics.simulation_output import SimulationOutput
from stress.scenarios.library import library_path
from stress.scenarios.problem import Problem

PATHS = 4_096
BLOCK = 2_048  # one size everywhere: another one is another program to compile
DETAIL = 2_048
SEED = 20250403


def run(problem: Problem) -> SimulationOutput:
    shorter = replace(problem, estimation=replace(problem.estimation, detail_paths=DETAIL))
    return execute(shorter, RunOptions(paths=PATHS, seed=SEED, block_size=BLOCK, store="paths", worst=0))


@cache
def collected(name: str, *overrides: str) -> SimulationOutput:
    return run(problem_of(name, *overrides))


@cache
def tree_of(name: str, *overrides: str) -> xr.DataTree:
    return to_datatree(collected(name, *overrides))


def group_of(name: str, group: str, *overrides: str) -> xr.Dataset:
    return tree_of(name, *overrides).children[group].to_dataset()


def without_detail(problem: Problem, paths: int = PATHS) -> SimulationOutput:
    """The same paths without timeline and attribution, whose program takes longest to compile."""
    return run_lean(problem, RunOptions(paths=paths, seed=SEED, block_size=BLOCK))


def path_metric(result: SimulationOutput, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A metric of every path, (row, path); the last row is the system."""
    assert result.stored is not None
    return result.stored.metrics[name]


@cache
def observed_moves() -> xr.DataArray:
    with (library_path("tariff-2025").parent / "tariff-2025-observed.csv").open(newline="", encoding="utf-8") as file:
        _, *rows = csv.reader(file)
    values = np.array([[float(value) for value in row[1:]] for row in rows])
    coords = {"asset": [row[0] for row in rows], "step": np.arange(1, values.shape[1] + 1)}
    return xr.DataArray(values, coords, ("asset", "step"))
