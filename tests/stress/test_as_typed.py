"""The Python interface as people type it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import stress
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.loader import scenario_from_document

TINY = {
    "schema": 1,
    "name": "tiny",
    "horizon": {"steps": 2},
    "assets": [
        {"id": "a", "asset_class": "equity", "region": "us", "vol": "30 %", "adv": "1 bn USD", "margin": "15 %"}
    ],
    "funds": [{"id": "f", "strategy": "long", "nav": "1 mn USD", "gross": 2.0, "positions": {"a": 1.0}}],
}


@pytest.mark.parametrize("paths", [64, 64.0, "64", "6.4e1", np.int64(64)])
def test_paths_as_they_are_typed(paths: object) -> None:
    assert stress.run(TINY, paths=paths).attrs["paths"] == 64  # type: ignore[arg-type]


@pytest.mark.parametrize("paths", [1.5, "many", True, None, "1e999999999", "nan"])
def test_paths_that_are_no_whole_number(paths: object) -> None:
    with pytest.raises(ValueError, match=r"paths = .* allowed: a whole number"):
        stress.run(TINY, paths=paths)  # type: ignore[arg-type]


def test_no_seed_draws_one_that_gives_the_same_numbers_again() -> None:
    one = stress.run(TINY, paths=64, seed=None)
    again = stress.run(TINY, paths=64, seed=int(one.attrs["seed"]))
    assert one.attrs["seed"] != stress.run(TINY, paths=64, seed=None).attrs["seed"]
    np.testing.assert_array_equal(one["summary"]["es"].values, again["summary"]["es"].values)


def test_numbers_of_numpy_in_a_scenario_are_those_of_python() -> None:
    typed = {
        **TINY,
        "horizon": {"steps": np.int64(2)},
        "assets": [{**TINY["assets"][0], "vol": np.float64(0.3)}],  # type: ignore[index]
        "estimation": {"levels": np.array([0.95, 0.99])},
    }
    plain = {**TINY, "estimation": {"levels": [0.95, 0.99]}}
    one, other = (stress.build_problem(scenario_from_document(document)) for document in (typed, plain))
    assert one.canonical == other.canonical
    changed = stress.load_scenario("desk", {"estimation.levels": np.array([0.9, 0.99]), "horizon.steps": np.int32(3)})
    assert changed.document["horizon"]["steps"] == 3
    assert changed.document["estimation"]["levels"] == [0.9, 0.99]


def test_overrides_as_texts_and_as_values_are_the_same() -> None:
    typed = stress.load_scenario(
        "desk",
        ["shocks.scale=1.5", "funds.trend.gross=3", "impact.coefficient=1.5", "assets.semis.vol=39 %", "title=x y"],
    )
    changes = {
        "shocks.scale": 1.5,
        "funds.trend.gross": np.float64(3),
        "impact.coefficient": 1.5,
        "assets.semis.vol": "39 %",
        "title": "x y",
    }
    assert stress.load_scenario("desk", changes).document == typed.document


def test_a_changed_copy_leaves_the_scenario_alone() -> None:
    base = stress.load_scenario("desk")
    changed = base.set("funds.trend.gross", 3).set("estimation.levels", [0.9, "99 %"])
    gross = [{fund.id: fund.gross for fund in one.funds}["trend"] for one in (base, changed)]
    assert gross == [5.312, 3.0]
    assert stress.build_problem(changed).estimation.levels == ("0.9", "0.99")
    assert changed.files.hashes == base.files.hashes
    with pytest.raises(ScenarioError, match="nobody"):
        base.set("funds.nobody.gross", 3)


def test_objects_are_shown_in_a_line() -> None:
    scenario = stress.load_scenario("tariff-2025", {"shocks.scale": 2})
    problem = stress.build_problem(scenario)
    assert repr(scenario).startswith("Scenario('tariff-2025': 11 funds, ")
    assert repr(scenario).endswith("library scenario tariff-2025, changed: shocks.scale 0.5 -> 2)")
    assert repr(problem).startswith("Problem('tariff-2025': 11 funds (")
    assert repr(stress.RunOptions(paths=64, store="paths")) == "RunOptions(paths=64, seed=1, store='paths')"
    for part in (problem.assets, problem.funds, problem.books, problem.shocks):
        assert len(repr(part)) < 1_200
    assert "vol=float64[" in repr(problem.assets)
    assert len(f"{scenario}{problem}") < 400


@pytest.mark.filterwarnings("ignore:os.fork")
def test_a_forked_process_is_refused_with_the_reason(tmp_path: Path) -> None:
    stress.run(TINY, paths=2)
    child = os.fork()
    if child == 0:  # whatever happens, this copy of the tests ends here
        signal.alarm(60)
        try:
            stress.run(TINY, paths=2, out=tmp_path / "r")
        except RuntimeError as error:
            os._exit(0 if 'get_context("spawn")' in str(error) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_module_is_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stress", "scenarios", "list"], capture_output=True, text=True, check=True
    )
    assert "tariff-2025" in done.stdout
