"""The Python interface with values of types that it does not take: named and refused, or taken for what they say."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stress
from stress.questions.enough.goal import read_goal
from stress.scenarios.errors import ScenarioError

AXIS = "shocks.scale=1:1.1:0.1"
ASK: dict[str, Callable[[Any], object]] = {
    "run": stress.run,
    "sweep": lambda scenario: stress.sweep(scenario, AXIS),
    "sensitivity": stress.sensitivity,
    "reverse": stress.reverse,
    "ablate": stress.ablate,
    "rare": stress.rare,
}


@pytest.mark.parametrize("scenario", [3, None, ["desk"]])
@pytest.mark.parametrize("question", ASK)
def test_what_is_no_scenario(question: str, scenario: object) -> None:
    with pytest.raises(ScenarioError, match=r"is of the type .*\n  allowed: a library name"):
        ASK[question](scenario)


def test_a_name_is_no_scenario_yet() -> None:
    with pytest.raises(TypeError, match="type str is no scenario; allowed: what `load_scenario` returned"):
        stress.build_problem("desk")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, Path("x"), Decimal("2"), b"2", {1, 2}, 1 + 2j])
def test_values_that_no_file_has(value: object) -> None:
    with pytest.raises(ScenarioError, match=r"--set: title.*: cannot be of the type .*\n  allowed: a number, text"):
        stress.load_scenario("desk").set("title", value)


@pytest.mark.parametrize("title", ["a\x7fb", 'a"b\n', "2", "true"])
def test_texts_stay_what_they_are(title: str) -> None:
    assert stress.load_scenario("desk").set("title", title).title == title


def test_a_file_of_assumed_values_is_not_set() -> None:
    with pytest.raises(ScenarioError, match=r"--set: assumed = 'a\.csv': is read before anything is set"):
        stress.load_scenario("desk", {"assumed": "a.csv"})


def test_one_override_as_a_text() -> None:
    shocks = stress.load_scenario("desk", "shocks.scale=2").shocks
    assert shocks is not None
    assert shocks.scale == 2
    with pytest.raises(ScenarioError, match="--set: 3 = 3: is no text"):
        stress.load_scenario("desk", [3])  # type: ignore[list-item]


@pytest.mark.parametrize("shock", [3, None, [3]])
def test_what_is_no_shock(shock: Any) -> None:
    with pytest.raises(ScenarioError, match=r"--shock.*is no shock"):
        stress.load_scenario("desk", shock=shock)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"over": None}, "--over: is missing"),
        ({"over": [1, 2]}, "--over: 1 = 1: is no axis"),
        ({"latin": 2.5}, "latin = 2.5 is not possible"),
        ({"latin": "many"}, "latin = 'many' is not possible"),
        ({"tipping": "1%:5%"}, "tipping = '1%:5%' is not possible; allowed: a loss and a probability"),
        ({"tipping": 0.01}, "tipping = 0.01 is not possible"),
        ({"tipping": (0.01, 0.05, 1)}, "tipping = .* is not possible"),
        ({"tipping_axis": 3}, "--tipping-axis: 3: is no axis"),
        ({"resume": True}, "resume = True is not possible; allowed: with `out`, and without `overwrite`"),
        ({"resume": True, "overwrite": True, "out": "x"}, "resume = True is not possible"),
        ({"executor": 3}, "executor is of the type int; allowed: local, dask, an address, or a client"),
        ({"executor": "dask", "workers": -1}, "workers = -1 is not possible"),
        ({"executor": "dask", "workers": 0}, "workers = 0 is not possible; allowed: 1 or more"),
        ({"executor": "dask", "workers": "all"}, "workers = 'all' is not possible"),
    ],
)
def test_what_a_sweep_is_not_asked(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        stress.sweep("desk", **{"over": AXIS, "paths": 64, **given})


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: stress.sensitivity("desk", step="wide"), "step = 'wide' is no number"),
        (lambda: stress.sensitivity("desk", step=None), "step = None is not a number"),  # type: ignore[arg-type]
        (lambda: stress.sensitivity("desk", morris=2.5), "morris = 2.5 is not possible"),  # type: ignore[arg-type]
        (lambda: stress.sensitivity("desk", keys=[3]), "--key: 3: is no group"),  # type: ignore[list-item]
        (lambda: stress.ablate("desk", "impct"), "without = 'impct': is no mechanism"),
        (lambda: stress.reverse("desk", 3), "3 is no text"),  # type: ignore[arg-type]
        (lambda: stress.rare("desk", 3), "--for: 3: is no question"),  # type: ignore[arg-type]
        (lambda: stress.rare("desk", resume=True), "resume = True is not possible"),
    ],
)
def test_what_is_not_asked(ask: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ask()


def test_whole_numbers_of_numpy_are_kept_as_plain_ones() -> None:
    options = stress.RunOptions(paths=np.int64(64), worst=np.int64(5), tile=np.int32(64))  # type: ignore[arg-type]
    assert json.dumps([options.paths, options.worst, options.tile]) == "[64, 5, 64]"


def test_a_standard_error_of_numpy() -> None:
    problem = stress.build_problem(stress.load_scenario("desk"))
    assert read_goal(np.float32(0.5), problem).se == 0.5  # type: ignore[arg-type]


@pytest.mark.parametrize("overrides", [3, None, [3]])
def test_overrides_that_are_no_texts(overrides: Any) -> None:
    with pytest.raises(ValueError, match="is no text"):
        stress.load_scenario("desk", overrides)


def test_axes_of_an_array() -> None:
    tree = stress.sweep("desk", np.array(["shocks.scale=1,2"]), paths=64)  # type: ignore[arg-type]
    assert list(tree["sweep"].to_dataset()["scale"].values) == [1.0, 2.0]
