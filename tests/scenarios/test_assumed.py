"""`assumed = "assumed.csv"` fills what a scenario leaves out; a folder with a scenario.toml is a scenario."""

from __future__ import annotations

from pathlib import Path

import pytest

from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.loader import load_scenario

SCENARIO = """schema = 1
name = "own"
assets = "assets.csv"
assumed = "assumed.csv"
[shocks]
model = "student_t"
[margin]
[[funds]]
id = "A.B"
positions = "positions.csv"
[[funds]]
id = "b"
nav = 2e9
positions = "positions.csv"
"""
FILES = {
    "scenario.toml": SCENARIO,
    "assets.csv": "id,asset_class,sector,vol,adv,margin\nBRK.B,equity,financials,0.2,,\nX 1,equity,,0.3,5e9,0.2\n",
    "assumed.csv": "key,value,rule,grade,source\nassets.BRK.B.adv,1 bn USD,by size,D,judgement\n"
    "assets.BRK.B.margin,15 %,,,\nfunds.A.B.nav,3e9,,,\nshocks.dof,5,,,\n",
    "positions.csv": "fund,asset,position\nA.B,BRK.B,3e9\nb,BRK.B,1e9\nb,X 1,-1e9\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_what_is_left_out_is_filled(folder: Path) -> None:
    scenario = load_scenario(folder)
    assert (scenario.assets[0].adv, scenario.assets[0].margin) == (1e9, 0.15)
    assert [fund.nav for fund in scenario.funds] == [3e9, 2e9]
    assert scenario.shocks is not None
    assert scenario.shocks.dof == 5
    assert scenario.assets[0].sector == "financials"
    assert "assumed.csv" in scenario.files.hashes


def test_a_folder_is_its_scenario_and_changes_come_last(folder: Path) -> None:
    assert (
        build_problem(load_scenario(folder)).canonical
        == build_problem(load_scenario(folder / "scenario.toml")).canonical
    )
    scenario = load_scenario(folder, ["shocks.dof=7"])
    assert scenario.shocks is not None
    assert scenario.shocks.dof == 7
    assert scenario.origin.overrides[0].replaced == 5
    assert scenario.set("funds.b.nav", 4e9).funds[0].nav == 3e9
    with pytest.raises(ScenarioError, match=r"a folder with a scenario.toml"):
        load_scenario(folder.parent)


def test_a_file_of_all_funds_holds_the_positions_of_each(folder: Path) -> None:
    problem = build_problem(load_scenario(folder))
    positions = problem.books.shapes[problem.books.shape_of] * problem.books.size[:, None]
    assert positions.tolist() == [[3e9, 0.0], [1e9, -1e9]]


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("assumed.csv", "funds.A.B.nav,", "funds.b.nav,", "assumed.csv: funds.b.nav = '3e9': is set elsewhere, too"),
        ("assumed.csv", "assets.BRK.B.adv,", "assets.BRKB.adv,", "assumed.csv: assets.BRKB.adv: has no entry 'BRKB'"),
        ("assumed.csv", "1 bn USD", "", "assumed.csv: assets.BRK.B.adv: row 1 has no value"),
        ("assumed.csv", "key,value", "name,value", "assumed.csv: assumed"),
        ("scenario.toml", '"assumed.csv"', "3", "scenario.toml: assumed = 3: is no file name"),
        ("positions.csv", "A.B,", "B.A,", "positions.csv: fund = 'B.A': is no fund"),
        ("positions.csv", "A.B,BRK.B,3e9\n", "", "positions.csv: funds.A.B.positions = 'A.B': holds nothing"),
        ("positions.csv", "fund,", "pod,", "positions.csv: funds.A.B.positions"),
    ],
)
def test_faults_name_file_and_key(folder: Path, file: str, old: str, new: str, says: str) -> None:
    text = FILES[file].replace(old, new)
    assert text != FILES[file]
    (folder / file).write_text(text)
    with pytest.raises(ScenarioError) as raised:
        build_problem(load_scenario(folder))
    assert str(raised.value).startswith(says)
    assert raised.value.allowed
