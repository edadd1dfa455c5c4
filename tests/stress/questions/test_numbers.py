"""Numbers of a scenario by key: patterns, what stands there, several changed at once."""

from pathlib import Path

import numpy as np
import pytest

from stress.api import build_problem, load_scenario
from stress.questions.numbers import keys_matching, multiplied, number_at, numbers_matching
from stress.scenarios.errors import ScenarioError
from stress.scenarios.schema.scenario import Scenario

BOOK = """
schema = 1
name = "book"
horizon = { steps = 1 }
assets = [
    { id = "a.b", asset_class = "equity", region = "us", vol = "20 %", adv = "1 bn USD", margin = "10 %" },
    { id = "c", asset_class = "rates", region = "us", vol = "5 %", adv = "1 bn USD" },
]
shocks = { model = "gaussian" }
correlation = { constant = 0.2 }
funds = [
    { id = "typed", strategy = "x", region = "us", nav = "1 bn USD", gross = 2, positions = { "a.b" = 1, c = -1 } },
    { id = "filed", strategy = "x", region = "us", nav = "1 bn USD", positions = "positions.csv" },
]
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    (tmp_path / "book.toml").write_text(BOOK, encoding="utf-8")
    (tmp_path / "positions.csv").write_text("asset,position\na.b,3e9\nc,-1.5e9\n", encoding="utf-8")
    return load_scenario(tmp_path / "book.toml")


def test_a_star_is_every_entry_in_the_order_of_the_file(scenario: Scenario) -> None:
    assert keys_matching(scenario, "funds.*.gross") == ("funds.typed.gross", "funds.filed.gross")
    assert keys_matching(scenario, "assets.*.margin") == ('assets."a.b".margin', "assets.c.margin")
    assert keys_matching(scenario, "shocks.scale") == ("shocks.scale",)
    assert keys_matching(scenario, 'assets."a*".margin') == ('assets."a*".margin',)  # a name that holds one


def test_a_key_has_one_form(scenario: Scenario) -> None:
    assert keys_matching(scenario, "funds.1.gross") == ("funds.filed.gross",)
    assert keys_matching(scenario, "'shocks'.\"scale\"") == ("shocks.scale",)
    assert keys_matching(scenario, "assets.00.margin") == ('assets."a.b".margin',)
    assert keys_matching(scenario, "funds.7.gross") == ("funds.7.gross",)


def test_an_id_goes_before_a_place_in_the_list(tmp_path: Path) -> None:
    numbered = BOOK.replace('"typed"', '"1"').replace('"filed"', '"0"')
    (tmp_path / "positions.csv").write_text("asset,position\na.b,3e9\nc,-1.5e9\n", encoding="utf-8")
    (tmp_path / "book.toml").write_text(numbered, encoding="utf-8")
    found = numbers_matching(load_scenario(tmp_path / "book.toml"), "funds.*.gross")
    assert found == pytest.approx({"funds.1.gross": 2, "funds.0.gross": 4.5})


def test_numbers_are_in_base_units_and_what_has_none_is_left_out(scenario: Scenario) -> None:
    assert numbers_matching(scenario, "assets.*.margin") == {'assets."a.b".margin': 0.1}
    assert number_at(scenario, "funds.typed.nav") == 1e9
    assert number_at(scenario, "shocks.scale") == 1.0  # a default
    assert number_at(scenario, "shocks.model") is None
    assert number_at(scenario, "funds.nobody.gross") is None


def test_positions_of_a_file_have_a_gross_and_are_scaled_by_it(scenario: Scenario) -> None:
    assert numbers_matching(scenario, "funds.*.gross") == pytest.approx(
        {"funds.typed.gross": 2, "funds.filed.gross": 4.5}
    )
    before, after = build_problem(scenario), build_problem(multiplied(scenario, {"funds.*.gross": 0.5}))
    np.testing.assert_allclose(after.books.size, 0.5 * before.books.size, rtol=1e-12)
    np.testing.assert_allclose(after.books.shapes, before.books.shapes, rtol=1e-12)


def test_several_patterns_are_read_before_any_is_changed(scenario: Scenario) -> None:
    found = multiplied(scenario, {"funds.*.gross": 2, "shocks.scale": 1.5, "funds.typed.nav": 3})
    assert number_at(found, "funds.filed.gross") == pytest.approx(9)
    assert number_at(found, "shocks.scale") == 1.5
    assert number_at(found, "funds.typed.nav") == 3e9
    assert [change.key for change in found.origin.overrides] == [
        "funds.typed.gross",
        "funds.filed.gross",
        "shocks.scale",
        "funds.typed.nav",
    ]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("", "no key"),
        ("funds.f*.gross", r"f\*: \* stands for a whole entry"),
        ("shocks.*", "has no entries in shocks"),
        ("funds.*.margin.buffer", "has no number to multiply"),
        ("shocks.model", "has no number to multiply"),
    ],
)
def test_what_is_no_number_is_refused(scenario: Scenario, pattern: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        multiplied(scenario, {pattern: 2.0})


def test_a_number_that_the_scenario_cannot_have_is_refused(scenario: Scenario) -> None:
    with pytest.raises(ScenarioError, match="margin"):
        multiplied(scenario, {"assets.*.margin": 1e6})
