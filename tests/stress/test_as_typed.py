"""The Python interface as people type it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import stress
from stress.scenarios.errors import ScenarioError

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


def test_the_module_is_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stress", "scenarios", "list"], capture_output=True, text=True, check=True
    )
    assert "tariff-2025" in done.stdout
