"""Numbers that can hardly be meant are warned about, those that cannot be refused, with what they may have meant."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mutations import to_toml
from scenario_example import alone, example, full_example
from stress.cli import app
from stress.scenarios.errors import ScenarioError
from stress.scenarios.library import list_names
from stress.scenarios.read import quantities
from stress.scenarios.read.loader import load_scenario, scenario_from_document
from stress.scenarios.read.quantities import MOST_WARNINGS
from stress.scenarios.schema.scenario import json_schema


def doubts(document: dict[str, Any], overrides: Mapping[str, object] | None = None) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scenario_from_document(document, overrides or {})
    return [str(warning.message) for warning in caught]


USUAL = [  # a key, the last value that is usual, the first that is not, and what is offered
    ("assets.semis.vol", 2.5, 2.51, '"2.51 %"'),
    ("assets.semis.shock_vol", "250 %", "25100 bp", ""),
    ("assets.semis.impact_vol", 0.0, 4.5, '"4.5 %"'),
    ("assets.semis.margin", 1, 1.5, '"1.5 %"'),
    ("margin.rates.equity", "100 %", "101 %", ""),
    ("margin.buffer", 1.0, 5, '"5 %"'),
    ("margin.floor", 1.0, 1.01, '"1.01 %"'),
    ("margin.concentration.per_day", 1.0, 2.0, '"2 %"'),
    ("funds.longs.margin.rates.semis", 1.0, 1.2, '"1.2 %"'),
    ("shocks.script.0.moves.semis", 0.6, 0.61, '"0.61 %"'),
    ("shocks.script.0.moves.semis", -0.6, -0.7, '"-0.7 %"'),
    ("shocks.script.0.moves.semis", "-60 %", "-60.1 %", ""),
    ("shocks.drift", -2.5, -5, '"-5 %"'),
    ("shocks.scale", 10, 15, '"15 %"'),
    ("funds.longs.gross", 100, 500, '"500 %"'),
    ("funds.longs.triggers.target_vol", 2.5, 10, '"10 %"'),
    ("funds.longs.triggers.stop_loss", [[1.0, 1.0]], [[6, 0.5]], '"6 %"'),
    ("triggers.max_participation", 3.0, 25, '"25 %"'),
    ("triggers.closeout_participation", 3.0, 25, '"25 %"'),
]


@pytest.mark.parametrize(("key", "usual", "strange", "offered"), USUAL)
def test_unusual_numbers_are_warned_about(key: str, usual: object, strange: object, offered: str) -> None:
    assert doubts(example(), {key: usual}) == []
    (text,) = doubts(example(), {key: strange})
    raw = strange[0][0] if isinstance(strange, list) else strange
    place = re.sub(r"\.script\.0", ".script[0]", key) + ("[0][0]" if isinstance(strange, list) else "")
    assert text.startswith(f"<document>: {place} = {raw!r} is ")
    assert " is usually " in text
    assert text.endswith(f"; did you mean {offered}?") == bool(offered)
    assert ("did you mean" in text) == bool(offered)


ABSURD = [  # a key, a value, and what is offered
    ("assets.semis.vol", 100, "100 %"),
    ("assets.semis.vol", 39, "39 %"),
    ("assets.semis.margin", 15, "15 %"),
    ("assets.semis.margin", "15", "15 %"),
    ("assets.semis.margin", -15, None),
    ("margin.rates.equity", 28, "28 %"),
    ("margin.buffer", 10, "10 %"),
    ("margin.scenarios", [{"equity": -15}], "-15 %"),
    ("shocks.script.0.moves.semis", -7.5, "-7.5 %"),
    ("shocks.script.0.moves.semis", 10, "10 %"),
    ("shocks.script.0.moves.semis", "1000 %", None),
    ("shocks.script.0.moves.semis", 600, None),
    ("shocks.scale", 150, "150 %"),
    ("correlation", {"constant": 40}, "40 %"),
    ("funds.quant.prime_brokers.pb_a", 40, "40 %"),
    ("funds.longs.triggers.target_vol", 25, "25 %"),
    ("funds.longs.triggers.stop_loss", [[600, 0.5]], "600 %"),
    ("liquidity.floor", 10, "10 %"),
    ("impact.permanent", 33, "33 %"),
    ("funds.longs.gross", -5, None),
    ("horizon.steps", 0, None),
]


@pytest.mark.parametrize(("key", "value", "offered"), ABSURD)
def test_absurd_numbers_are_refused_with_what_may_have_been_meant(key: str, value: object, offered: str | None) -> None:
    with pytest.raises(ScenarioError) as caught:
        doubts(example(), {key: value})
    text = str(caught.value)
    assert key.split(".")[0] in caught.value.key
    assert re.findall(r'did you mean "(.*)"', text) == ([] if offered is None else [offered])


def test_an_overlay_begins_at_a_loss_that_there_is() -> None:
    document = full_example()
    document["funds"][0]["books"][2]["overlay"] = [[5, 1.0]]
    with pytest.raises(ScenarioError, match=r"has the loss 5\.0, above 1"):
        scenario_from_document(document)


def test_a_large_margin_of_a_short_position_runs() -> None:
    document = alone({"positions": {"semis": -0.2, "japan": 0.2}}, margin={"rates": {"semis": 3.0}})
    assert [text.partition(" is ")[0] for text in doubts(document)] == ["<document>: margin.rates.semis = 3.0"]


def test_warnings_of_many_numbers_end_with_their_count() -> None:
    document = example()
    document["margin"]["rates"] = {f"a{n}": 1.5 for n in range(MOST_WARNINGS + 3)}
    found = doubts(document)
    assert len(found) == MOST_WARNINGS + 1
    assert found[-1] == "<document>: 3 more numbers are as unusual"


def test_numbers_of_a_data_file_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,asset_class,vol,adv,margin\nsemis,equity,3,1e9,0.15\n")
    document = alone({"positions": {"semis": 0.1}}, shocks=None, correlation=None) | {"assets": "a.csv"}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scenario_from_document(document, folder=tmp_path)
    assert [str(w.message) for w in caught] == [
        "a.csv: assets.semis.vol = '3' is 300 %, and an annual volatility is usually 0 % to 250 %; "
        'did you mean "3 %"?'
    ]


@pytest.mark.parametrize("name", list_names())
def test_the_library_is_usual(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_scenario(name)


def test_check_says_it_on_stderr_and_in_json(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(to_toml(example()))
    said = CliRunner().invoke(app, ["check", str(path), "--paths", "0", "--json", "--set", "assets.japan.vol=4.5"])
    assert said.exit_code == 0
    text = "mine.toml: assets.japan.vol = 4.5 is 450 %, and an annual volatility is usually 0 % to 250 %; "
    text += 'did you mean "4.5 %"?'
    assert json.loads(said.stdout)["warnings"] == [text]
    assert said.stderr.count(text) == 1
    plain = CliRunner().invoke(app, ["check", str(path), "--paths", "0", "--json"])
    assert json.loads(plain.stdout)["warnings"] == []
    refused = CliRunner().invoke(
        app, ["check", str(path), "--set", "assets.japan.vol=4.5", "--set", "funds.longs.gross=90"]
    )
    assert refused.exit_code == 3
    assert text in refused.stderr


def test_the_json_schema_and_the_documents_name_every_bound() -> None:
    text = json.dumps(json_schema())
    documents = (Path(__file__).parents[2] / "docs" / "mechanisms.md").read_text(encoding="utf-8")
    for quantity in quantities.BOUNDED:
        row = f"\\| {quantity.what}:.* \\| {quantity.text(*quantity.usual)} \\| {quantity.text(*quantity.possible)} \\|"
        assert re.search(row, documents)
        assert f"{quantity.what}: possible are {quantity.text(*quantity.possible)}" in text


QUOTES = [  # lines of a file, and what is offered
    ('[[shocks.script]]\nstep = 1\nmoves = { BRK.B = "-5 %" }\n', '"BRK.B" = "-5 %" (line 3)'),
    ("[margin.rates]\nsemis = 0.1\nBRK . B = 0.2\n", '"BRK.B" = 0.2 (line 3)'),
    ("[margin.rates]\nBRK.A = 0.1\nBRK.B.C = 0.2\n", '"BRK.A" = 0.1 (line 2), "BRK.B.C" = 0.2 (line 3)'),
    ("[prime_brokers.pb.a]\nrate_factor = 1.1\n", '[prime_brokers."pb.a"]'),
    ("[margin.rates]\nS&P 500 = 0.2  # much\n", '"S&P 500" = 0.2'),
    ("[margin.rates]\nBRK/B = 0.2\n", '"BRK/B" = 0.2'),
    ("[margin.rates]\nCrédit = 0.2\n", '"Crédit" = 0.2'),
]


@pytest.mark.parametrize(("lines", "offered"), QUOTES)
def test_names_without_quotes_are_shown_with_them(lines: str, offered: str, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(lines, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(tmp_path / "x.toml")
    assert f"stands in quotes: {offered}" in str(caught.value)


def test_other_faults_of_toml_are_not_put_down_to_quotes(tmp_path: Path) -> None:
    for line in ("x = ", "a b", "x = 1 2", "[a", 'x = "1', "# only = a comment\n="):
        (tmp_path / "x.toml").write_text(line)
        with pytest.raises(ScenarioError, match="is no valid TOML") as caught:
            load_scenario(tmp_path / "x.toml")
        assert caught.value.allowed == "TOML 1.0", line


def test_set_takes_names_in_quotes() -> None:
    document = example()
    document["assets"][0]["id"] = "BRK.B"
    document["shocks"]["script"] = []
    document["funds"][1]["positions"] = {"japan": 0.5}
    document["funds"] = document["funds"][1:]
    key = "funds.longs.positions"
    assert scenario_from_document(document, [f'{key}."BRK.B"=0.5']).funds[0].positions == {"japan": 0.5, "BRK.B": 0.5}
    assert scenario_from_document(document, {f"{key}.'BRK.B'": 0.5}).funds[0].positions == {"japan": 0.5, "BRK.B": 0.5}
    with pytest.raises(ScenarioError, match=r'stands in quotes: "BRK\.B" = 0\.5'):
        scenario_from_document(document, [f"{key}.BRK.B=0.5"])
    for wrong in (f'{key}."BRK.B=0.5', f'{key}.""BRK=0.5', f"{key}..x=1", '""=1', ".x=1", "x.=1"):
        with pytest.raises(ScenarioError, match="is no assignment"):
            scenario_from_document(document, [wrong])


def test_an_absurd_number_and_one_of_another_type_name_the_data_file(tmp_path: Path) -> None:
    document = alone({"positions": {"semis": 0.1}}, shocks=None, correlation=None) | {"assets": "a.csv"}
    for cell, key in (("900", "vol"), ("many", "vol")):
        (tmp_path / "a.csv").write_text(f"id,asset_class,vol,adv,margin\nsemis,equity,{cell},1e9,0.15\n")
        with pytest.raises(ScenarioError, match=rf"^a\.csv: assets\.semis\.{key} "):
            scenario_from_document(document, folder=tmp_path)
