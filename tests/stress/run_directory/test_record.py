"""What was changed and what is off stays with a run: in its spec, its result, its report, and whoever takes it up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import stress
from stress.cli import app
from stress.questions.settings import compare_settings
from stress.results.report import page
from stress.results.report.sections.basis import provenance
from stress.run_directory.spec import problem_of, read_spec
from stress.scenarios.switched_off import off_sentence, switched_off

TOLD = "scenario file two-days.toml, changed: impact.coefficient 1 -> 1.5; funds.f.gross 2 -> 3"
CHANGED = ("--set", "impact.coefficient=1.5", "--set", "funds.f.gross=3")
OFF = "Switched off: triggers, liquidity, retail, margin of g."
OFF_LIST = ["triggers", "liquidity", "retail", "margin of g"]
FILE = """
schema = 1
name = "two-days"
title = "Two days"
horizon = { steps = 2 }
assets = [{ id = "a", asset_class = "equity", region = "us", vol = "60 %", adv = "1 bn USD", margin = "15 %" }]
shocks = { model = "gaussian" }
impact = { law = "square_root", coefficient = 1 }
[margin]
[[funds]]
id = "g"
strategy = "long"
region = "us"
nav = "1 mn USD"
gross = 1.0
positions = { a = 1.0 }
margin = { method = "none" }
[[funds]]
id = "f"
strategy = "long"
region = "us"
nav = "1 mn USD"
gross = 2.0
positions = { a = 1.0 }
"""


def invoke(*args: str) -> Any:
    result = CliRunner().invoke(app, list(args))
    assert result.exit_code == 0, (result.output, result.exception)
    return result


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run begun by one command, computed by another, sealed by a third."""
    folder = tmp_path_factory.mktemp("runs")
    out = folder / "changed"
    (folder / "two-days.toml").write_text(FILE, encoding="utf-8")
    invoke("run", str(folder / "two-days.toml"), *CHANGED, "--paths", "2048", "--out", str(out), "--prepare")
    invoke("worker", str(out), "--quiet")
    invoke("resume", str(out), "--quiet")
    return out


def test_the_spec_and_the_attributes_have_every_override_and_option(made: Path) -> None:
    spec, attrs = read_spec(made), stress.open_result(made).attrs
    overrides = spec["origin"]["overrides"]
    assert overrides == [
        {"given": "impact.coefficient=1.5", "key": "impact.coefficient", "value": 1.5, "replaced": 1},
        {"given": "funds.f.gross=3", "key": "funds.f.gross", "value": 3, "replaced": 2.0},
    ]
    assert json.loads(attrs["origin"]) == spec["origin"]
    assert "origin" not in spec["identity"]
    assert json.loads(attrs["options"]) == spec["options"] | {"device": "cpu"}  # taken up, on the kind it was begun on
    assert attrs["changed"] == TOLD
    assert attrs["title"] == "Two days (changed)"
    assert json.loads(attrs["switched_off"]) == OFF_LIST
    assert problem_of(spec, "DIR")[0].origin.sentence() == TOLD


def test_tables_and_json_say_what_was_changed_and_what_is_off(made: Path) -> None:
    shown = invoke("show", str(made)).stdout
    assert TOLD in shown
    assert "Two days (changed): 2,048 paths" in shown
    assert OFF in shown
    document = json.loads(invoke("show", str(made), "--json").stdout)
    assert document["changed"] == TOLD
    assert document["origin"]["overrides"][0]["replaced"] == 1
    assert document["switched_off"] == OFF_LIST


def test_the_report_says_so_too(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree, spec = stress.open_result(made), read_spec(made)
    monkeypatch.setattr(page, "sections", lambda tree, spec, *_: [provenance(tree, spec)])
    text = page.report_html(tree, spec)
    assert "<h1>Two days (changed)</h1>" in text
    assert f"<p>From the {TOLD.replace('>', '&gt;')}.</p>" in text
    assert "impact.coefficient=1.5</th>" in text
    assert f"SHA-256 {spec['origin']['file_sha256']}" in text
    assert "block_size none" in text


def test_verify_and_compare_read_the_record(made: Path) -> None:
    assert invoke("verify", str(made), "--blocks", "0").exit_code == 0
    changed = read_spec(made)
    plain = changed | {"origin": changed["origin"] | {"overrides": []}}
    assert [f"{one.section}.{one.key}" for one in compare_settings(changed, plain)[0]] == ["origin.overrides"]


@pytest.mark.parametrize("wrong", [3, {}, {"overrides": 1}])
def test_a_record_that_was_tampered_with_ends_with_3(made: Path, tmp_path: Path, wrong: Any) -> None:
    spec = read_spec(made) | {"origin": wrong}
    (tmp_path / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    result = CliRunner().invoke(app, ["worker", str(tmp_path)])
    assert result.exit_code == 3, result.output
    assert "does not say what was run" in result.stderr


def test_check_says_it(made: Path) -> None:
    file = str(made.parent / "two-days.toml")
    result = invoke("check", file, *CHANGED, "--paths", "0")
    assert TOLD in result.stdout
    assert "Two days (changed): the funds at the start" in result.stdout
    assert OFF in result.stdout
    document = json.loads(invoke("check", file, *CHANGED, "--paths", "0", "--json").stdout)
    assert document["origin"]["overrides"][0]["given"] == "impact.coefficient=1.5"
    assert document["switched_off"] == OFF_LIST
    bare = invoke("check", file, "--paths", "0").stdout
    assert "changed" not in bare
    assert "Two days: the funds at the start" in bare


def test_what_is_off_is_named() -> None:
    problem = stress.build_problem(stress.load_scenario("long-short-2025-04-03", {"cascade.feedback": False}))
    feedback = "all feedback (no calls, triggers or impact)"
    assert switched_off(problem) == ("margin", "triggers", "impact", "liquidity", "retail", feedback)
    whole = stress.build_problem(stress.load_scenario("tariff-2025"))
    assert off_sentence(switched_off(whole)) == "Switched off: margin of leveraged_etf."
    assert off_sentence(()) == ""
