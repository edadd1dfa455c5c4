"""Paths through given normals are those of a run, and slopes are those of the normals."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from stress.engine.sizes import devices_for
from stress.options import RunOptions
from stress.questions.lean import run_lean
from stress.questions.reverse.paths import GivenPaths
from tiny import make_problem

OPTIONS = RunOptions(paths=300, seed=3, precision="float64")
PROBLEM = make_problem(steps=2)


@pytest.fixture(scope="module")
def given() -> GivenPaths:
    devices = devices_for(PROBLEM, OPTIONS)
    with jax.enable_x64(True):
        return GivenPaths(PROBLEM, OPTIONS, devices)


def test_a_path_through_its_own_normals_is_that_path(given: GivenPaths) -> None:
    with jax.enable_x64(True):
        normals = given.drawn(np.arange(OPTIONS.paths, dtype=np.uint64))
        found = given.through(given.moves(normals))
    assert normals.shape == (OPTIONS.paths, 2, given.shape.rows)
    table = run_lean(PROBLEM, OPTIONS).stored
    assert table is not None
    for name in ("fund_loss", "trough", "called", "forced_sales", "called_share", "fund_loss_static"):
        np.testing.assert_array_equal(found[name], table.metrics[name])
    np.testing.assert_array_equal(found["defaulted"], table.defaulted)
    np.testing.assert_array_equal(found["first_call_step"], table.first_call_step)


def test_slopes_of_losses_are_differences_of_paths(given: GivenPaths) -> None:
    with jax.enable_x64(True):
        normals = 0.4 * given.drawn(np.arange(1, dtype=np.uint64))[0]
        slopes = given.slopes(given.moves(normals[None])[0])["fund_loss_static"][-1]
        back = given.pulled_back(normals, slopes)
        step = 1e-5
        for place in ((0, 0), (1, 3), (1, given.shape.rows - 1)):  # the last row is the mixing normal
            up, down = normals.copy(), normals.copy()
            up[place] += step
            down[place] -= step
            losses = given.through(given.moves(np.stack([up, down])))["fund_loss_static"][-1]
            assert back[place] == pytest.approx(float(losses[0] - losses[1]) / (2 * step), rel=1e-5)
