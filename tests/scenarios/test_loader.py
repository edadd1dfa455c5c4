from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flat import limits_of
from scenario_example import example
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.library import copy_scenario, library_path, list_names, list_scenarios
from stress.scenarios.read.loader import load_scenario, scenario_from_document
from stress.scenarios.read.overrides import parse_value

ASSETS = """# three assets
id,asset_class,region,vol,adv,margin,in_net
semis,equity,us,39 %,70 bn USD,15 %,true
bonds,rates,us,0.15,50e9,0.03,false

japan,equity,jp,0.2,30e9,0.15,
"""
FUNDS = """id,strategy,nav,gross,positions,prime_brokers.pb_a,prime_brokers.pb_b,margin.grace_steps
quant,market-neutral,10 bn USD,3,positions.csv,0.6,0.4,1
longs,,2e9,,positions.csv,1,,
"""
FILE = """schema = 1
name = "from-files"
assets = "assets.csv"
funds = "funds.csv"
[shocks]
model = "gaussian"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets.csv").write_text(ASSETS)
    (tmp_path / "funds.csv").write_text(FUNDS)
    (tmp_path / "positions.csv").write_text("asset,position\nsemis,3e9\njapan,-1 bn USD\n")
    (tmp_path / "scenario.toml").write_text(FILE)
    return tmp_path


def test_tables_from_files(folder: Path) -> None:
    scenario = load_scenario(folder / "scenario.toml")
    semis, bonds, japan = scenario.assets
    assert (semis.vol, semis.adv, semis.margin) == (0.39, 70e9, 0.15)
    assert not bonds.in_net
    assert japan.in_net  # an empty cell leaves the key to its default
    quant, longs = scenario.funds
    assert quant.prime_brokers == {"pb_a": 0.6, "pb_b": 0.4}
    assert quant.margin is not None
    assert quant.margin.grace_steps == 1
    assert longs.gross is None
    assert scenario.source == "scenario.toml"
    expected = {
        n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in ("assets.csv", "funds.csv", "scenario.toml")
    }
    assert scenario.files.hashes == expected


def test_files_of_one_name_in_two_folders_have_a_hash_each(folder: Path) -> None:
    places = ("mine", "theirs", "old/theirs")
    for name in places:
        (folder / name).mkdir(parents=True)
        (folder / name / "positions.csv").write_text(f"asset,position\nsemis,{len(name)}e9\n")
    scenario = load_scenario(folder / "scenario.toml")
    for name in places:
        scenario.files.read(f"{name}/positions.csv", "funds")
    named = (("positions.csv", "mine"), ("theirs/positions.csv", "theirs"), ("old/theirs/positions.csv", "old/theirs"))
    for name, place in named:
        data = (folder / place / "positions.csv").read_bytes()
        assert scenario.files.hashes[name] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("file", "text", "key"),
    [
        ("assets.csv", ASSETS.replace("in_net", "shoe_size"), "assets.shoe_size"),
        ("assets.csv", ASSETS.replace("id,asset_class", "name,asset_class"), "assets.id"),
        ("assets.csv", ASSETS.replace("39 %", "wild"), "assets.semis.vol"),
        ("assets.csv", ASSETS.replace("70 bn USD", ""), "assets.semis.adv"),
        ("assets.csv", ASSETS.replace("0.2,30e9", "0.2,30e9,1,2"), "assets"),
        ("assets.csv", ASSETS.replace("vol,adv", "vol,vol"), "assets"),
        ("assets.csv", "", "assets"),
        ("assets.csv", "id,vol\n", "assets"),
        ("assets.csv", ASSETS.replace("bonds,rates", ",rates"), "assets[1].id"),
        ("assets.csv", ASSETS.replace("0.2,30e9", "0.2,-30e9"), "assets.japan.adv"),
        ("funds.csv", FUNDS.replace("longs,,2e9", ",,2e9"), "funds[1].id"),
        ("funds.csv", FUNDS.replace("longs,,2e9", "longs,,-2e9"), "funds.longs.nav"),
        ("funds.csv", FUNDS.replace("margin.grace_steps", "margin.grase_steps"), "funds.quant.margin.grase_steps"),
        ("scenario.toml", FILE.replace("assets.csv", "missing.csv"), "assets"),
        ("scenario.toml", FILE + "[impact", ""),
        ("scenario.toml", FILE.replace('"gaussian"', "1" * 5000), ""),
    ],
)
def test_faulty_files(folder: Path, file: str, text: str, key: str) -> None:
    assert text != (folder / file).read_text()
    (folder / file).write_text(text)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(folder / "scenario.toml")
    assert caught.value.key == key
    assert caught.value.file == file
    assert str(folder) not in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_a_column(folder: Path) -> None:
    (folder / "assets.csv").write_text(ASSETS.removeprefix("# three assets\n"), encoding="utf-8-sig")
    assert load_scenario(folder / "scenario.toml").assets[0].id == "semis"


def test_not_utf8(folder: Path) -> None:
    (folder / "assets.csv").write_bytes(b"id,vol\n\xff\xfe,1\n")
    with pytest.raises(ScenarioError, match="UTF-8") as caught:
        load_scenario(folder / "scenario.toml")
    assert caught.value.file == "assets.csv"


def test_neither_file_nor_library_name(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="did you mean 'desk'"):
        load_scenario("dekc")
    for unreadable in (tmp_path, "a" * 300):
        with pytest.raises(ScenarioError, match="neither a file nor"):
            load_scenario(unreadable)


def test_flow_that_does_not_decay() -> None:
    problem = build_problem(scenario_from_document(example(), ["impact.half_life=none"]))
    assert problem.impact.half_life == float("inf")
    again = build_problem(scenario_from_document(json.loads(json.dumps(problem.canonical, allow_nan=False))))
    assert again.impact == problem.impact
    assert again.canonical == problem.canonical


def test_overrides() -> None:
    document = example()
    scenario = scenario_from_document(
        document,
        [
            "assets.semis.vol=40%",
            "assets.1.vol=0.5",
            "shocks.scale=0.5",
            "shocks.script.0.moves.semis=-5 %",
            "cascade.feedback=false",
            "estimation.levels=[0.9, '99 %']",
            "funds.quant.books.pod.positions.bonds=0.1",
            "funds.longs.gross = 2",
            "title=a = b",
        ],
    )
    assert scenario.assets[0].vol == 0.4
    assert scenario.assets[1].vol == 0.5
    assert scenario.shocks is not None
    assert scenario.shocks.scale == 0.5
    assert scenario.shocks.script[0].moves["semis"] == -0.05
    assert not scenario.cascade.feedback
    assert scenario.estimation.levels == ("0.9", "0.99")
    assert scenario.funds[0].books is not None
    assert scenario.funds[0].books[0].positions == {"semis": 1.0, "japan": -0.6, "bonds": 0.1}
    assert scenario.funds[1].gross == 2.0
    assert scenario.title == "a = b"
    assert document == example()  # the caller's document is left alone


def test_an_override_reaches_into_a_file(folder: Path) -> None:
    scenario = load_scenario(folder / "scenario.toml", ["assets.bonds.vol=7 %", "funds.quant.gross=5"])
    assert scenario.assets[1].vol == 0.07
    assert scenario.funds[0].gross == 5.0


def test_an_id_with_dots_is_found() -> None:
    document = example()
    document["funds"][1]["id"] = "longs.v2"
    assert scenario_from_document(document, ["funds.longs.v2.gross=2"]).funds[1].gross == 2.0


@pytest.mark.parametrize(
    ("assignment", "key"),
    [
        ("shocks.scael=1", "shocks.scael"),
        ("casade.feedback=false", "casade"),
        ("funds.quannt.gross=5", "funds.quannt.gross"),
        ("funds.7.gross=5", "funds.7.gross"),
        ("shocks.scale.x=1", "shocks.scale.x"),
        ("assets.semis.vol", "assets.semis.vol"),
        ("=1", ""),
        ("assets..vol=1", "assets..vol"),
    ],
)
def test_unknown_paths(assignment: str, key: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario_from_document(example(shocks={"model": "gaussian", "scale": 1.0}), [assignment])
    assert caught.value.key == key
    assert caught.value.allowed


@given(st.text())
def test_any_text_is_a_value(text: str) -> None:
    value = parse_value(text)
    assert value == text or not isinstance(value, str) or value in text


def test_a_value_cannot_smuggle_in_keys() -> None:
    assert parse_value("1\nother = 2") == "1\nother = 2"


def test_library_entries() -> None:
    entries = list_scenarios()
    assert [entry.name for entry in entries] == list_names()
    assert all(entry.title and entry.description for entry in entries)
    with pytest.raises(ScenarioError, match="did you mean"):
        library_path("tarif-2025")


def test_data_files_go_with_the_scenario_whose_name_they_start_with(tmp_path: Path) -> None:
    copied = {name: {path.name for path in copy_scenario(name, tmp_path / name)} for name in list_names()}
    assert "tariff-2025-observed.csv" in copied["tariff-2025"]
    assert "tariff-2025-observed.csv" not in copied["ai-unwind-2026"]
    assert copied["desk-calm"] == {"desk-calm.toml", "desk-assets.csv", "desk-correlation.csv"}


@pytest.mark.parametrize("name", list_names())
def test_a_copied_scenario_stands_alone(tmp_path: Path, name: str) -> None:
    copies = copy_scenario(name, tmp_path / "mine")
    assert copies[0] == tmp_path / "mine" / f"{name}.toml"
    copied, original = load_scenario(copies[0]), load_scenario(name)
    assert copied.model_dump() == original.model_dump()
    assert copied.files.hashes == original.files.hashes
    with pytest.raises(FileExistsError):
        copy_scenario(name, tmp_path / "mine")


def test_triggers_of_a_fund_file(folder: Path) -> None:
    header, quant, longs, *_ = FUNDS.splitlines()
    rows = [
        f"{header},triggers.target_leverage,triggers.two_way,triggers.band",
        f"{quant},2.9,true,10 %",
        f"{longs},,,",
    ]
    (folder / "funds.csv").write_text("\n".join(rows))
    funds = limits_of(build_problem(load_scenario(folder / "scenario.toml")))
    assert funds.two_way.tolist() == [False, True]
    assert (funds.leverage_target[1], funds.leverage_band[1]) == (2.9, 0.1)


def test_a_scenario_does_not_change_with_the_document_it_gave() -> None:
    scenario = load_scenario("desk")
    scenario.document["name"] = "another"
    assert scenario.set("title", "other").document["name"] == scenario.name
