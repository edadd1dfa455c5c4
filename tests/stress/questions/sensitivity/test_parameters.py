"""What varies: groups, own ranges, keys; what is refused; and that ranges change no run."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from stress.cli import app
from stress.questions.sensitivity.asked import FEWEST_POINTS, MOST
from stress.questions.sensitivity.moves import moved, start_of, toward_one
from stress.questions.sensitivity.parameters import parameters_of
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.ranges.groups import LAWS, calibrated, groups
from stress.scenarios.read.loader import load_scenario, scenario_from_document
from two_funds import TWO_FUNDS

DOCUMENT = tomllib.loads(TWO_FUNDS)


def scenario(**more: Any) -> Any:
    return scenario_from_document({**copy.deepcopy(DOCUMENT), **more})


def test_every_group_that_ships_has_a_range_with_a_source() -> None:
    for group in groups():
        assert 0 < group.low < 1 < group.high
        assert group.law in LAWS
        assert group.grade in ("F", "C", "R")
        assert group.source
    assert calibrated("tariff-2025")
    assert not calibrated("desk")


def test_groups_are_those_that_the_scenario_reads() -> None:
    found = {one.name: one for one in parameters_of(scenario())}
    assert list(found) == [
        "leverage", "haircuts", "depth", "impact", "decay", "permanent", "correlation", "volatility", "buffer",
    ]  # fmt: skip
    assert found["leverage"].start == {"funds.one.gross": 4.0, "funds.two.gross": 3.5}
    assert found["impact"].base == 1.0
    assert np.isnan(found["haircuts"].base)
    fat = scenario(shocks={"model": "student_t", "dof": {"equity": 4.0}})
    assert "tails" in {one.name for one in parameters_of(fat)}


def test_every_group_has_numbers_in_the_library() -> None:
    market = load_scenario("ai-unwind-2026")
    empty = [one.name for one in groups() if not start_of(market, one)]
    assert empty == ["hike"]
    ladders = start_of(market, next(one for one in groups() if one.name == "ladders"))
    key, points = next(iter(ladders.items()))
    assert moved("ladders", {key: points}, 2.0)[key] == [[2 * drawdown, cut] for drawdown, cut in points]
    for one in parameters_of(market):
        build_problem(market.with_values(one.values(0.98)))


def test_ranges_of_the_scenario_come_first() -> None:
    ranges = [
        {"key": "impact.coefficient", "low": 0.8, "high": 1.6, "law": "loguniform", "source": "a desk"},
        {"key": "haircuts", "low": 0.95, "high": 1.2},
        {"key": "funds.*.gross*", "low": 0.9, "high": 1.05},
        {"key": "assets.a.margin", "low": "18 %", "high": "25 %"},
    ]
    found = {one.name: one for one in parameters_of(scenario(ranges=ranges))}
    assert (found["impact.coefficient"].low, found["impact.coefficient"].grade) == (0.8, "own")
    assert "impact" not in found  # all of it varies by its own range
    assert "leverage" not in found
    assert found["funds.*.gross"].start == {"funds.one.gross": 4.0, "funds.two.gross": 3.5}
    assert found["haircuts"].high == 1.2
    assert list(found["haircuts"].start) == ["assets.b.margin"]
    assert found["assets.a.margin"].low == pytest.approx(0.9)


def test_ranges_change_no_run() -> None:
    with_ranges = scenario(ranges=[{"key": "volatility", "low": 0.9, "high": 1.1}])
    assert build_problem(with_ranges).canonical == build_problem(scenario()).canonical


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"key": "tails", "low": 0.9, "high": 1.1}, "names a group of which the scenario has no number"),
        ({"key": "funds.*.gross", "low": 1, "high": 2}, "stands for many numbers"),
        ({"key": "impact.coeff", "low": 1, "high": 2}, "is no number of this scenario"),
        (
            {"key": "impact.coeff*", "low": 1, "high": 2},
            r"impact\.coeff\*': has no number to multiply",
        ),
        ({"key": "horizon.steps*", "low": 0.5, "high": 2}, r"ranges\.0\.key = 'horizon\.steps\*': is a whole number"),
        ({"key": "horizon.steps", "low": 1, "high": 3}, r"ranges\.0\.key = 'horizon\.steps': is a whole number"),
        ({"key": "impact.coefficient*", "low": 1, "high": 1e308}, r"1\.0 to 1e\+308': is no range of factors"),
        ({"key": "impact.coefficient", "low": 0.1, "high": 1e308}, r"ranges\.0"),
        ({"key": "**", "low": 1, "high": 2}, r"ranges\.0\.key = '\*\*': has no number to multiply"),
        ({"key": "shocks.drift", "low": 0.1, "high": 0.2}, "is no number above 0"),
        ({"key": "leverage", "low": "90 %", "high": 1.1}, "is no range of factors"),
        ({"key": "impact.coefficient", "low": "x", "high": 2}, "cannot stand at impact.coefficient"),
        ({"key": "impact.coefficient", "low": "2", "high": 1}, "is no range"),
        ({"key": "impact.coefficient", "low": 2, "high": 1}, "is not above low"),
        ({"key": "impact.coefficient", "low": 1, "high": 2, "law": "normal"}, "law"),
        ({"key": "impact.coefficient", "low": True, "high": 2}, "is no number"),
        ({"key": "impact.coefficient", "high": 2}, "low"),
    ],
)
def test_ranges_that_cannot_be_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ScenarioError, match=said) as caught:
        parameters_of(scenario(ranges=[given]))
    assert "ranges" in str(caught.value)


def test_keys_choose_and_numbers_stand_alone() -> None:
    chosen = parameters_of(scenario(), keys=["haircuts", "impact.coefficient", "impact.execution_weight"])
    assert [(one.name, one.has_range) for one in chosen] == [
        ("haircuts", True),
        ("impact.coefficient", True),
        ("impact.execution_weight", False),
    ]
    alone = parameters_of(scenario(), "number", ["assets.*.margin", "correlation"])
    assert [one.name for one in alone] == ["assets.a.margin", "assets.b.margin", "correlation"]
    assert all(one.high == 1.1 for one in alone[:2])
    for keys, said in ((["tails"], "is no group"), (["shocks.model"], "no number"), (["shocks.drift"], "is 0")):
        with pytest.raises(ScenarioError, match=said):
            parameters_of(scenario(), keys=keys)
    with pytest.raises(ScenarioError, match="would vary twice"):
        parameters_of(scenario(), keys=["haircuts", "assets.a.margin"])


def test_a_number_varies_once_however_its_key_is_written() -> None:
    ranges = [
        {"key": "funds.0.gross", "low": 3.5, "high": 4.5},
        {"key": 'impact."coefficient"', "low": 0.5, "high": 1.5},
    ]
    found = {one.name: one for one in parameters_of(scenario(ranges=ranges))}
    assert found["leverage"].start == {"funds.two.gross": 3.5}
    assert found["funds.one.gross"].start == {"funds.one.gross": 4.0}
    assert "impact" not in found
    assert found["impact.coefficient"].low == 0.5
    twice = [*ranges[:1], {"key": "funds.one.gross", "low": 3.0, "high": 5.0}]
    with pytest.raises(ScenarioError, match="has a range already"):
        parameters_of(scenario(ranges=twice))


def test_a_group_has_one_range() -> None:
    ranges = [{"key": "haircuts", "low": 0.9, "high": 1.1}, {"key": "haircuts", "low": 0.8, "high": 1.3}]
    with pytest.raises(ScenarioError, match=r"ranges\.1\.key = 'haircuts': has a range already"):
        parameters_of(scenario(ranges=ranges))


def test_a_pattern_has_one_range() -> None:
    own = scenario(ranges=[{"key": "assets.a.margin", "low": 0.15, "high": 0.25}])
    with pytest.raises(ScenarioError, match=r"have not one range: assets\.a\.margin is not in that of haircuts"):
        parameters_of(own, keys=["assets.*.margin"])


def test_one_half_of_a_pair_in_a_matrix_does_not_move_alone() -> None:
    matrix = {"matrix": [[1.0, 0.3], [0.3, 1.0]]}
    with pytest.raises(ScenarioError, match="one half of a pair"):
        parameters_of(scenario(correlation=matrix), keys=["correlation.matrix.0.1"])
    ranges = [{"key": "correlation.matrix.0.1", "low": 0.1, "high": 0.9}]
    with pytest.raises(ScenarioError, match="one half of a pair"):
        parameters_of(scenario(correlation=matrix, ranges=ranges))

    for key in "correlation.matrix.0.1*", "correlation.matrix.*.**":
        with pytest.raises(ScenarioError, match="one half of a pair"):
            parameters_of(scenario(correlation=matrix, ranges=[{"key": key, "low": 0.9, "high": 1.1}]))


def test_a_range_of_its_own_takes_the_place_of_the_group_of_correlations() -> None:
    ranges = [{"key": "correlation.constant", "low": 0.2, "high": 0.4}]
    found = parameters_of(scenario(ranges=ranges))
    assert [one.name for one in found if one.kind == "correlation" or "correlation" in one.name] == [
        "correlation.constant"
    ]


def named(first: str, second: str) -> Any:
    """Two funds and two assets of these names, each fund with a ladder of its own."""
    document = copy.deepcopy(DOCUMENT)
    for entries in (document["assets"], document["funds"]):
        entries[0]["id"], entries[1]["id"] = first, second
    rule = {"stop_loss": [["5 %", "50 %"]]}, {"stop_loss": [["10 %", "25 %"]]}
    for fund, triggers in zip(document["funds"], rule, strict=True):
        fund["triggers"], fund["gross"], fund["positions"] = triggers, 4, {first: 1, second: 1}
    document["funds"][0]["margin"] = {"buffer": "10 %"}
    document["funds"][1]["margin"] = {"method": "haircut"}
    document["shocks"]["script"] = [{"step": 1, "moves": {first: "-3 %", second: "-2 %"}}]
    return document


@pytest.mark.parametrize("names", [("1", "0"), ("a.b", "z"), ("x.matrix.y", "BRK.B"), ("a", "b")])
def test_whatever_its_name_an_entry_is_read_where_it_is_written(names: tuple[str, str]) -> None:
    first, second = (f'"{name}"' if "." in name else name for name in names)
    given = scenario_from_document(named(*names))
    found = {one.name: one for one in parameters_of(given)}
    one, two = (found["ladders"].start[f"funds.{name}.triggers.stop_loss"] for name in (first, second))
    assert [[[float(x) for x in pair] for pair in points] for points in (one, two)] == [[[0.05, 0.5]], [[0.1, 0.25]]]
    assert set(found["leverage"].start) == {f"funds.{first}.gross", f"funds.{second}.gross"}
    assert set(found["haircuts"].start) == {f"assets.{first}.margin", f"assets.{second}.margin"}
    assert f"funds.{first}.margin.buffer" in found["buffer"].start
    moves = {f"shocks.script.0.moves.{name}": move for name, move in zip((first, second), (-0.03, -0.02), strict=True)}
    assert found["script"].start == pytest.approx(moves)
    (chosen,) = parameters_of(given, keys=["shocks.script.0.moves.*"])
    assert chosen.kind == "script"
    assert chosen.start == pytest.approx(moves)
    (chosen,) = parameters_of(given, keys=["funds.*.margin.buffer"])  # that of the second fund is not its own
    assert list(chosen.start) == [f"funds.{first}.margin.buffer"]
    (chosen,) = parameters_of(given, keys=["assets.*.margin"])
    assert chosen.has_range
    own = scenario_from_document(
        named(*names) | {"ranges": [{"key": f"shocks.script.0.moves.{second}*", "low": 0.5, "high": 2.0}]}
    )
    found = {one.name: one for one in parameters_of(own)}
    assert set(found["script"].start) == {f"shocks.script.0.moves.{first}"}


def test_a_range_may_be_of_a_fund_whose_gross_is_that_of_its_positions() -> None:
    found = {one.name: one for one in parameters_of(scenario(ranges=[{"key": "funds.1.gross", "low": 3, "high": 4}]))}
    assert found["funds.two.gross"].start == {"funds.two.gross": 3.5}


def test_correlation_moves_toward_one() -> None:
    matrix = {
        "a": {"a": 1.0, "b": 0.4, "c": 0.0},
        "b": {"a": 0.4, "b": 1.0, "c": -0.5},
        "c": {"a": 0.0, "b": -0.5, "c": 1},
    }
    near = toward_one(matrix, 1.1)["matrix"]
    assert near["a"]["b"] == pytest.approx(0.46)
    assert near["b"]["c"] == pytest.approx(-0.35)
    assert near["a"]["c"] == 0.0
    assert [near[x][x] for x in "abc"] == [1.0, 1.0, 1.0]
    assert toward_one(matrix, 1.0)["matrix"] == matrix


def test_help_says_what_is_allowed() -> None:
    text = " ".join(CliRunner().invoke(app, ["sensitivity", "--help"], env={"COLUMNS": "200"}).output.split())
    assert f"{FEWEST_POINTS} to {MOST:,}; 0: elasticities alone" in text
    assert "R trajectories, 2 or more." in text
    assert "N a power of two, 8 or more." in text
