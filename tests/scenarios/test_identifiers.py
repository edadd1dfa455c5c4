"""Ids keep the text of data vendors, from the file to the labels of a result; what cannot be seen is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scenario_example import alone, example, problem_of
from stress.cli import app
from stress.questions.limit_grammar import LimitError, parse_limit
from stress.scenarios.errors import ScenarioError, ScenarioWarning
from stress.scenarios.read.loader import load_scenario

ASSETS = ("BRK/B", "BRK.B", "7203 JP Equity", "日経225", "NA", "Moody's", "a/../../b")
FUND, BROKER = "Crédit & Cie (EU)", "Bank of É."

SCENARIO = f"""\
schema = 1
name = "odd-ids"
assets = "assets.csv"
[shocks]
model = "gaussian"
[[funds]]
id = "{FUND}"
nav = 1e9
positions = "positions.csv"
prime_brokers = {{ "{BROKER}" = 1.0 }}
[margin]
[impact]
law = "square_root"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "odd.toml").write_text(SCENARIO, encoding="utf-8")
    rows = "".join(f'"{asset}",equity,0.3,1e9,0.15\n' for asset in ASSETS)
    (tmp_path / "assets.csv").write_text("ID,Asset Class,vol, ADV ,margin\n" + rows, encoding="utf-8")
    (tmp_path / "positions.csv").write_text(
        "asset,position\n" + "".join(f"{asset},3e8\n" for asset in ASSETS), encoding="utf-8"
    )
    return tmp_path


def test_ids_are_the_labels_of_a_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import stress

    monkeypatch.chdir(folder)
    arguments = ["run", "odd.toml", "--paths", "64", "--out", "out", "--worst", "2"]
    done = CliRunner().invoke(app, [*arguments, "--fail-on", f'es("{FUND}", 0.99) > 500 %'])
    assert done.exit_code == 0, done.stderr
    tree = stress.open_result(folder / "out")
    assert list(tree["summary"].coords["fund"].values) == [FUND]
    assert set(tree["start"].coords["asset"].values) == set(ASSETS)
    assert float(tree["summary"]["es"].sel(fund=FUND, level=0.99)) > 0
    assert float(tree["start"].to_dataset().sel(asset="NA")["held_usd"]) == 3e8
    shown = CliRunner().invoke(app, ["show", "out"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert FUND in shown.stdout
    assert sorted(path.name for path in folder.iterdir()) == ["assets.csv", "odd.toml", "out", "positions.csv"]


def test_ids_of_every_kind_reach_the_problem(folder: Path) -> None:
    with pytest.warns(ScenarioWarning, match="read with ID as id, Asset Class as asset_class, ADV as adv"):
        scenario = load_scenario(folder / "odd.toml", [f"funds.{FUND}.nav=2e9", "assets.BRK.B.vol=0.5"])
    assert scenario.funds[0].nav == 2e9
    assert {asset.id: asset.vol for asset in scenario.assets}["BRK.B"] == 0.5
    assert [asset.id for asset in scenario.assets] == list(ASSETS)


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("BRK\u200bB", "ZERO WIDTH SPACE (U+200B)"),
        ("BRK\u202eB", "RIGHT-TO-LEFT OVERRIDE (U+202E)"),
        ("BRK\u2003B", "EM SPACE (U+2003)"),
        ("Cre\u0301dit", "accent apart from its letter"),
        ("BRK  B", "two together"),
        ("BRK ", "ends with a blank"),
        ("BRK\u00a0B", "is no valid id"),
        ("a,b", "is no valid id"),
        ("=1+1", "is no valid id"),
        ("../b", "is no valid id"),
        ("a\nb", "is no valid id"),
        ("x" * 65, "is no valid id"),
    ],
)
def test_what_cannot_be_seen_or_told_apart_is_refused(name: str, phrase: str) -> None:
    document: Any = alone()
    document["assets"][1]["id"] = name
    with pytest.raises(ScenarioError) as caught:
        problem_of(document)
    assert phrase in str(caught.value)


def test_the_name_of_a_scenario_is_a_name_of_folders() -> None:
    with pytest.raises(ScenarioError, match="is no valid name"):
        problem_of(example(name="a/b"))


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("es(long short, 0.99) > 1", "long short"),
        ('es("Cie (EU)", 0.99) > 1', "Cie (EU)"),
        ("mean_loss(a  b) > 1", "a b"),
        ('mean_loss("x") > 1', "x"),
    ],
)
def test_limits_name_such_ids(text: str, who: str) -> None:
    assert parse_limit(text).who == who


@pytest.mark.parametrize("text", ['es("a, 0.99) > 1', "es(Cie (EU), 0.99) > 1", 'es("a" b, 0.99) > 1'])
def test_limits_with_half_a_name_are_refused(text: str) -> None:
    with pytest.raises(LimitError):
        assert parse_limit(text).who == text


@pytest.mark.parametrize(
    ("data", "phrase"),
    [
        ("asset,position\né,1\n".encode("utf-16"), "begins as UTF-16 does"),
        ("asset,position\né,1\n".encode("utf-32"), "begins as UTF-32 does"),
        ("asset,position\né,1\n".encode("cp1252"), "line 2, byte 15): in Windows-1252 or Latin-1 the byte is 'é'"),
        ("asset,position\né,1\n".encode("utf-16-le"), "holds NULs, as UTF-16 does"),
        (b"asset,position\n\x81,1\n", "it is no text"),
    ],
)
def test_other_encodings_are_named(folder: Path, data: bytes, phrase: str) -> None:
    (folder / "positions.csv").write_bytes(data)
    said = CliRunner().invoke(app, ["check", str(folder / "odd.toml")])
    assert said.exit_code == 3
    assert phrase in said.stderr
    assert "positions.csv" in said.stderr
