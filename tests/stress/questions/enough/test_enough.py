"""As many paths as are enough: what is decided, and that the run is the one with so many paths, to the last bit."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import stress
from stress.cli import app
from stress.questions.enough import pilot, rounds
from stress.questions.enough.goal import read_goal, read_seconds
from stress.questions.enough.pilot import Pilot
from tiny import make_problem

# One size of blocks and of the detailed paths: another number of paths then is no other program.
PROBLEM = make_problem(steps=2, estimation={"detail_paths": 2048})
BLOCK = 2048
HIGHEST = 0.99


@pytest.fixture(autouse=True)
def small_pilots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pilot, "PATHS", 2048)
    monkeypatch.setattr(pilot, "MOST", 8192)


def error(tree: xr.DataTree) -> float:
    return float(tree["summary"]["system_es_se"].sel(level=HIGHEST))


def same(a: xr.DataTree, b: xr.DataTree) -> None:
    for group in ("summary", "distribution", "timeline", "attribution", "tails"):
        one, other = a[group].to_dataset(), b[group].to_dataset()
        for name in one.variables:
            np.testing.assert_array_equal(one[name].values, other[name].values, err_msg=f"{group}/{name}")


def test_a_target_is_reached_by_a_run_of_so_many_paths(tmp_path: Path) -> None:
    wanted = error(stress.run(PROBLEM, paths=8192, seed=3, block_size=BLOCK))
    tree = stress.run(PROBLEM, paths=100_000, seed=3, target_se=wanted, out=tmp_path / "run", block_size=BLOCK)
    paths = int(tree.attrs["paths"])
    assert 4000 < paths < 20_000
    assert error(tree) <= wanted
    same(tree, stress.run(PROBLEM, paths=paths, seed=3, block_size=BLOCK))
    same(stress.open_result(tmp_path / "run"), tree)


@pytest.mark.parametrize("on_disk", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_pilot_that_was_lucky_is_followed_by_another_round(
    on_disk: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lucky(*args: Any) -> Pilot:
        return replace(pilot.run_pilot(*args), se=1e-9)

    monkeypatch.setattr(rounds, "run_pilot", lucky)
    wanted = error(stress.run(PROBLEM, paths=8192, seed=3, block_size=BLOCK))
    out = tmp_path / "run" if on_disk else None
    tree = stress.run(PROBLEM, paths=100_000, seed=3, target_se=wanted, out=out, block_size=BLOCK)
    assert error(tree) <= wanted
    same(tree, stress.run(PROBLEM, paths=int(tree.attrs["paths"]), seed=3, block_size=BLOCK))
    if out is not None:
        same(stress.open_result(out), tree)
        assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_target_out_of_reach_is_said_and_kept(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="not reached; the most that --paths allows"):
        tree = stress.run(PROBLEM, paths=3000, seed=3, target_se="0.0001 %")
    assert int(tree.attrs["paths"]) == 3000


def test_a_time_decides_whole_blocks() -> None:
    tree = stress.run(PROBLEM, paths=10**9, seed=3, time_budget="0.001 s", block_size=BLOCK)
    assert int(tree.attrs["paths"]) % BLOCK == 0
    assert int(tree.attrs["paths"]) <= 8192
    some = Pilot([], 4096, 1024, math.nan, compiling=1.0, pace=1e-3)
    problem = replace(PROBLEM, estimation=replace(PROBLEM.estimation, detail_paths=1000))
    assert rounds._affordable(problem, some, 20.0, 10**9) == 4096 + 10 * 1024  # of 19 - 2 - 4.096 - 2 = 10.904 s


def test_the_command_ends_with_eight_and_keeps_the_result(tmp_path: Path) -> None:
    small = ["--set", "horizon.steps=1", "--paths", "3000", "--out", str(tmp_path / "run")]
    found = CliRunner().invoke(app, ["run", "desk", *small, "--target-se", "es(trend, 0.95) <= 0.0001 %", "--json"])
    assert found.exit_code == 8, found.output
    said = json.loads(found.stdout)["enough"]
    assert said["target"]["figure"] == "es(trend, 0.95)"
    assert said["target"]["reached"] is False
    assert said["stopped_by"] == "paths"
    assert int(stress.open_result(tmp_path / "run").attrs["paths"]) == 3000
    assert "target 0.0001 % not reached" in found.stderr
    verified = CliRunner().invoke(app, ["verify", str(tmp_path / "run"), "--quiet"])
    assert verified.exit_code == 0, verified.output


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--target-se", "0", "allowed"),
        ("--target-se", "es(nobody, 0.99) <= 1 %", "no fund"),
        ("--target-se", "es(trend, 0.98) <= 1 %", "no level"),
        ("--target-se", "amplification(trend, 0.99) <= 1", "allowed"),
        ("--target-se", "es(trend, 0.99) >= 1 %", "allowed"),
        ("--time-budget", "soon", "duration"),
        ("--time-budget", "-3", "duration"),
    ],
)
def test_what_is_no_target_or_time_is_refused(option: str, value: str, says: str, tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["run", "desk", option, value, "--out", str(tmp_path / "run")])
    assert found.exit_code == 2
    assert says in found.output
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("option", ["--resume", "--prepare", "--dry-run"])
def test_options_that_need_the_number_of_paths_are_refused(option: str, tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["run", "desk", "--target-se", "1 %", option, "--out", str(tmp_path / "run")])
    assert found.exit_code == 2
    assert "needs the number of paths" in " ".join(found.output.split())


def test_goals_and_times_are_read() -> None:
    assert read_goal("0.1 %", PROBLEM).figure == "es(system, 0.99)"
    assert read_goal(0.002, PROBLEM).se == 0.002
    goal = read_goal("trough_es(quant, 95 %) <= 25 bp", PROBLEM)
    assert (goal.measure, goal.who, goal.level) == ("trough_es", "quant", "0.95")
    assert goal.se == pytest.approx(0.0025)
    assert [read_seconds(text) for text in (90, "90 s", "10min", "1.5 h")] == [90, 90, 600, 5400]
