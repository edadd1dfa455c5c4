"""What a sweep goes over: ranges, lists, factors, names, points, and what is refused."""

import numpy as np
import pytest

from stress.api import load_scenario
from stress.questions.sweep.axes import Moved, grid, latin_hypercube, parse_axes
from stress.scenarios.errors import ScenarioError


def test_ranges_lists_and_factors() -> None:
    scale, dof, gross, vol = parse_axes(
        ["shocks.scale=0.5:2:0.5", "shocks.dof=3,5", "funds.*.gross*=0.5:1.5", "assets.semis.vol=10 %:30 %:10 %"]
    )
    assert scale.values == (0.5, 1.0, 1.5, 2.0)
    assert dof.values == (3.0, 5.0)
    assert gross.multiplies
    assert len(gross.values) == 11
    assert gross.values[1] == 0.6  # no 0.6000000000000001
    assert vol.values == pytest.approx((0.1, 0.2, 0.3))
    assert [axis.name for axis in (scale, dof, gross, vol)] == ["scale", "dof", "gross", "vol"]


def test_numbers_of_a_list_are_put_in_order_and_words_are_not() -> None:
    scale, model = parse_axes(["shocks.scale=3,1,10,2", "shocks.model=student_t,gaussian"])
    assert scale.values == (1.0, 2.0, 3.0, 10.0)
    assert model.values == ("student_t", "gaussian")


def test_names_are_distinct_and_no_dimension_of_the_summary() -> None:
    axes = parse_axes(["funds.a.gross=1,2", "funds.b.gross=1,2", "x.level=1,2", "shocks.model=gaussian,student_t"])
    assert [axis.name for axis in axes] == ["gross", "b_gross", "x_level", "model"]
    assert axes[-1].values == ("gaussian", "student_t")
    assert not axes[-1].numeric


def test_the_last_axis_changes_first() -> None:
    axes = parse_axes(["shocks.scale=1,2", "shocks.dof=3,4"])
    assert grid(axes)[:3] == [{"scale": 1.0, "dof": 3.0}, {"scale": 1.0, "dof": 4.0}, {"scale": 2.0, "dof": 3.0}]


def test_a_latin_hypercube_has_a_point_in_every_part_of_a_range() -> None:
    axes = parse_axes(["shocks.scale=1:2", "impact.coefficient=0:10", "shocks.model=gaussian,student_t"])
    points = latin_hypercube(axes, 20, 4)
    for name, low, high in (("scale", 1.0, 2.0), ("coefficient", 0.0, 10.0)):
        parts = np.sort([int(20 * (float(point[name]) - low) / (high - low)) for point in points])
        np.testing.assert_array_equal(parts, np.arange(20))
    assert sum(point["model"] == "gaussian" for point in points) == 10
    assert points == latin_hypercube(axes, 20, 4)
    assert points != latin_hypercube(axes, 20, 5)


def test_a_scenario_is_moved_from_where_it_was() -> None:
    scenario = load_scenario("desk")
    moved = Moved(scenario, parse_axes(["funds.*.gross*=0.5,1", "shocks.scale=3,4"]))
    found = moved.at({"gross": 0.5, "scale": 3.0})
    assert [fund.gross for fund in found.funds] == pytest.approx([0.5 * (fund.gross or 0) for fund in scenario.funds])
    assert found.shocks is not None
    assert found.shocks.scale == 3.0
    again = moved.at({"gross": 1.0, "scale": 4.0})
    assert [fund.gross for fund in again.funds] == [fund.gross for fund in scenario.funds]


def test_whole_numbers_are_set_as_a_file_has_them() -> None:
    moved = Moved(load_scenario("desk"), parse_axes(["horizon.steps=1:3:1", "funds.macro.count=2,3"]))
    found = moved.at({"steps": 3.0, "count": 2.0})
    assert found.horizon is not None
    assert found.horizon.steps == 3
    assert {fund.count for fund in found.funds} == {None, 2}
    with pytest.raises(ScenarioError, match=r"--over: funds\.macro\.count = '1\.5'[^\0]*a whole number"):
        Moved(load_scenario("desk"), parse_axes(["funds.macro.count=2,1.5"]))
    multiplied = Moved(load_scenario("desk"), parse_axes(["horizon.steps*=0.5,1"])).at({"steps": 0.5})
    assert multiplied.horizon is not None
    assert multiplied.horizon.steps == 5


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([], "is missing"),
        (["shocks.scale"], "is no axis"),
        (["shocks.scale=2:1"], "is no range"),
        (["shocks.scale=1:2:0"], "is no range"),
        (["shocks.scale=1:2:3:4"], "is no range"),
        (["shocks.scale=a:b"], "is no range"),
        (["shocks.scale=1,1"], "has a value twice"),
        (["shocks.scale*=a,b"], "is no factor"),
        (["shocks.scale=1,2", "shocks.scale=3,4"], "twice"),
        (["shocks.scale=0:1:0.00001"], "too many points"),
        (["shocks.scale=0:1e308:1e-300"], "too many points"),
        (["shocks.scale=-1e308:1e308"], "is no range"),
        (["shocks.scale=1:1.0000000000000002"], "too fine"),
    ],
)
def test_what_is_no_axis_is_refused(texts: list[str], said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        parse_axes(texts)


def test_a_grid_has_an_end_and_a_latin_hypercube_of_the_same_ranges_has_none() -> None:
    axes = parse_axes(["shocks.scale=1:2:0.001", "shocks.dof=3:4:0.001"])
    with pytest.raises(ScenarioError, match=r"(?s)1,002,001 points.*--latin"):
        grid(axes)
    assert len(latin_hypercube(axes, 5, 1)) == 5


def test_axes_that_move_one_number_are_refused() -> None:
    with pytest.raises(ScenarioError, match=r"changes what funds.trend.gross changes: funds.trend.gross"):
        Moved(load_scenario("desk"), parse_axes(["funds.trend.gross=3,4", "funds.*.gross*=0.5,0.8"]))


@pytest.mark.parametrize("text", ["funds.'zz*'.gross=1:2", "funds.nobody.gross=1:2", "funds.nobody.gross=1,2"])
def test_an_entry_that_is_not_there_is_blamed_on_the_axis(text: str) -> None:
    with pytest.raises(ScenarioError, match=r"^--over: funds\.[^\0]*has no entry [^\0]*allowed: one of: long_short"):
        Moved(load_scenario("desk"), parse_axes([text])).at({"gross": 1.0})


@pytest.mark.parametrize(("text", "key"), [("steps=0:2:1", "steps"), ("shocks.scal=1:2", "shocks.scal")])
def test_a_key_that_is_none_is_blamed_on_the_axis(text: str, key: str) -> None:
    moved = Moved(load_scenario("desk"), parse_axes([text]))
    with pytest.raises(ScenarioError, match=rf"^--over: {key}: unknown key\n  allowed: "):
        moved.at({key.rpartition(".")[2]: 1.0})


@pytest.mark.parametrize("text", ["funds.multi*.gross=1:2", "funds.multi*.gross*=1:2"])
def test_a_part_of_a_name_is_no_pattern(text: str) -> None:
    with pytest.raises(ScenarioError, match=r"^--over: funds\.multi\*\.gross: multi\*: \* stands for a whole entry"):
        Moved(load_scenario("desk"), parse_axes([text]))


@pytest.mark.parametrize("text", ["**=1:2", "*.*=1:2"])
def test_a_key_of_nothing_but_every_entry_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError, match="has no entries in the scenario"):
        Moved(load_scenario("desk"), parse_axes([text]))
