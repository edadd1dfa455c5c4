"""The record of what a scenario was read from and of every change made to it."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stress import build_problem, load_scenario
from stress.scenarios.library import copy_scenario, library_path
from stress.scenarios.origin import LONGEST, MOST, Change, Origin
from stress.scenarios.read.loader import scenario_from_document


def test_a_library_scenario_is_named_with_its_digest_and_version() -> None:
    origin = build_problem(load_scenario("desk")).origin
    digest = hashlib.sha256(library_path("desk").read_bytes()).hexdigest()
    assert origin == Origin("desk", True, digest, version("levstress"), ())
    assert origin.sentence() == "library scenario desk"
    assert origin.titled("A desk") == "A desk"


def test_a_file_is_no_library_scenario_whatever_it_is_called(tmp_path: Path) -> None:
    copy_scenario("desk", tmp_path)
    file = tmp_path / "desk.toml"
    file.write_bytes(file.read_bytes() + b"# mine\n")
    origin = load_scenario(file, ["shocks.scale=2"]).origin
    assert (origin.scenario, origin.library) == ("desk.toml", False)
    assert origin.file_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert origin.sentence() == "scenario file desk.toml, changed: shocks.scale 1.7 -> 2"


def test_every_override_is_kept_as_given_with_what_it_replaced() -> None:
    given = ["impact.coefficient=1.5", "assets.semis.vol=41 %", "cascade.max_rounds=7", "estimation={detail_paths=99}"]
    origin = build_problem(load_scenario("desk", given)).origin
    found = [(change.given, change.key, change.value, change.replaced) for change in origin.overrides]
    assert found[0] == ("impact.coefficient=1.5", "impact.coefficient", 1.5, 1.0)
    assert found[1][2:] == ("41 %", "0.391")  # the cell of the CSV file
    assert found[2][2:] == (7, None)
    assert [text for text, *_ in found] == given
    assert origin.sentence().startswith("library scenario desk, changed: impact.coefficient 1 -> 1.5; assets.semis.vol")
    assert origin.titled("A desk") == "A desk (changed)"


def test_changes_from_python_follow_those_from_texts_and_one_key_is_told_once() -> None:
    base = load_scenario("desk", {"impact.coefficient": 1.5})
    changed = base.set("impact.coefficient", np.float64(2)).set("funds.trend.gross", 3)
    assert [change.key for change in changed.origin.overrides] == [
        "impact.coefficient",
        "impact.coefficient",
        "funds.trend.gross",
    ]
    assert changed.origin.overrides[1].replaced == 1.5
    assert changed.origin.sentence() == (
        "library scenario desk, changed: impact.coefficient 1 -> 2; funds.trend.gross 5.312 -> 3"
    )
    assert len(base.origin.overrides) == 1


def test_a_later_override_inside_a_table_leaves_the_record_of_the_table_alone() -> None:
    table = 'impact={law="square_root",coefficient=0.5}'
    origin = load_scenario("desk", [table, "impact.coefficient=0.7"]).origin
    assert origin.overrides[0].value == {"law": "square_root", "coefficient": 0.5}
    assert origin.overrides[1].replaced == 0.5


def test_the_document_of_a_caller() -> None:
    document: dict[str, Any] = build_problem(load_scenario("desk")).canonical
    origin = scenario_from_document(document, ["shocks.scale=2"]).origin
    assert (origin.scenario, origin.library, origin.file_sha256) == ("", False, "")
    assert origin.sentence() == "scenario of the caller, changed: shocks.scale 1.7 -> 2"


def test_the_record_survives_json_whatever_the_values() -> None:
    odd = [math.inf, math.nan, date(2025, 4, 3), {"a": [1, 2.5, True, None]}, np.int64(3), "x"]
    origin = Origin("s.toml", False, "00", "1", tuple(Change(f"k={v}", "k", v, v) for v in odd))
    text = json.dumps(origin.document(), allow_nan=False)
    again = Origin.from_document(json.loads(text))
    assert again.document() == json.loads(text)
    assert again.overrides[3].value == {"a": [1, 2.5, True, None]}
    assert [change.value for change in again.overrides[:3]] == ["inf", "nan", "2025-04-03"]
    assert again.overrides[4].value == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"scenario": 1},
        {"library": "yes"},
        {"overrides": [{"given": "k=1"}]},
        {"overrides": [{"given": 1, "key": "k", "value": 1, "replaced": 1}]},
        {"overrides": [{"given": "k=1", "key": None, "value": 1, "replaced": 1}]},
        {"overrides": 3},
    ],
)
def test_a_record_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError)):
        Origin.from_document(Origin("s", True, "0", "1").document() | wrong)


def test_long_values_and_many_changes_are_cut() -> None:
    many = tuple(Change(f"k{n}={n}", f"k{n}", "v" * 100, 0.1 + 0.2) for n in range(MOST + 2))
    told = Origin("s", True, "0", "1", many).sentence()
    assert told.endswith("and 2 more")
    assert f"k0 0.3 -> {'v' * (LONGEST - 4)} ..." in told
