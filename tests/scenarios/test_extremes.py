"""Each number of a scenario as small and as large as the schema lets it: refused with a reason, or simulated."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from extremes import SIZES, extremes
from hostile import check_message
from scenario_example import alone, example, full_example, problem_of, refused
from soundness import simulated, unsound
from stress.reference.result import simulate
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError, ScenarioWarning
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import scenario_from_document

NO_EQUITY = {"gross", "net"}  # NaN once a fund has nothing left


def problems(document: dict[str, Any], every: int = 1) -> Iterator[tuple[str, Problem]]:
    """What was set, and the problem, of each extreme that is not refused; of every so many."""
    cases = list(dict.fromkeys(extremes(scenario_from_document(document))))
    assert len(cases) > 100
    for key, value in cases[::every]:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", ScenarioWarning)
            try:
                problem = build_problem(scenario_from_document(document, {key: value}))
            except ScenarioError as error:
                check_message(error)
                continue
        assert unsound(problem) == [], (key, value)
        yield f"{key} = {value}", problem


def of_the_same_size(found: Iterator[tuple[str, Problem]]) -> list[tuple[str, Problem]]:
    return [(what, problem) for what, problem in found if what.partition(" =")[0].rpartition(".")[2] not in SIZES]


@pytest.mark.parametrize(
    ("document", "every"),
    [
        pytest.param(example, 4, id="a part"),
        pytest.param(alone, 1, id="one fund", marks=pytest.mark.slow),
        pytest.param(example, 1, id="the example", marks=pytest.mark.slow),
        pytest.param(full_example, 1, id="every mechanism", marks=pytest.mark.slow),
    ],
)
def test_extremes_are_refused_or_have_a_path(document: Any, every: int) -> None:
    found = of_the_same_size(problems(document(), every))
    assert len(found) > 20
    rng = np.random.default_rng(1)
    for what, problem in found:
        size = (problem.steps, len(problem.assets.ids), 2)
        vol = problem.assets.shock_vol[:, None] * problem.shocks.scale / 16.0
        most = problem.shocks.max_move
        with np.errstate(all="raise", under="ignore"):
            result = simulate(problem, np.clip(rng.standard_normal(size) * vol, -most, most))
        arrays = {name: getattr(result, name) for name in type(result).__dataclass_fields__}
        bad = [n for n, x in arrays.items() if x.dtype.kind == "f" and n not in NO_EQUITY and not np.isfinite(x).all()]
        assert bad == [], what


@pytest.mark.slow
@pytest.mark.parametrize("document", [alone, example])
def test_extremes_run(document: Any) -> None:
    assert simulated(of_the_same_size(problems(document())), broken=True) == []


def test_positions_beyond_all_sense_are_refused() -> None:
    held = example()
    held["funds"][0]["books"][0]["positions"]["semis"] = -1e308
    refused(held, "funds.quant.books.pod.positions.semis", "is -1e+308 times NAV")
    refused(alone({"positions": {"semis": 900.0, "japan": -101.0}}), "funds.longs.positions", "come to 1001 times NAV")
    assert problem_of(alone({"positions": {"semis": 9e8, "japan": 1e8}, "gross": 2.0})).books.size[0] == 4e9


@pytest.mark.parametrize("key", ["triggers.max_leverage", "triggers.target_leverage", "triggers.target_vol"])
def test_a_level_that_nothing_reaches_is_written_as_none(key: str) -> None:
    for value in (1.1e6, "1e308 x start"):
        with pytest.raises(ScenarioError, match='1e\\+06 at most, or "none"') as caught:
            scenario_from_document(example(), {key: value})
        assert caught.value.key == key
    scenario_from_document(example(), {key: "none"})


def test_no_number_overflows_on_its_way_to_32_bits() -> None:
    from stress.compile.params import params_of

    found = list(problems(example(), 3))
    for level in ({"triggers.max_leverage": 1e6}, {"margin.hike": {"level": 1e6, "size": 1.0}}):
        found.append((str(level), build_problem(scenario_from_document(example(), level))))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _, problem in found:
            params_of(problem, 1, "float32")
