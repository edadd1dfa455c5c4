"""A fund that owes more than its equity before anything moves: refused, or allowed by name, called and said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import stress
from stress.cli import app
from stress.questions.haircuts import scaled
from stress.questions.validate.agreement import against_reference
from stress.reference.result import simulate
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import scenario_from_document
from stress.scenarios.start import start_in_call, start_table
from tiny import BN, falls, single

ASSET = {"id": "a", "asset_class": "equity", "region": "us", "vol": 0.3, "adv": 1e12, "margin": 0.25}
FUND = {"strategy": "long", "region": "us", "nav": 1e9, "positions": {"a": 1.0}}


def document(**margin: Any) -> dict[str, Any]:
    """`deep` owes 1.25 of its NAV at the start, `flat` 0.25."""
    funds = [FUND | {"id": "flat", "gross": 1.0}, FUND | {"id": "deep", "gross": 5.0}]
    scenario = {"schema": 1, "name": "deep", "horizon": {"steps": 1}, "assets": [ASSET], "funds": funds}
    return scenario | {"margin": margin, "shocks": {"model": "none"}}


def problem_of(**margin: Any) -> Problem:
    return build_problem(scenario_from_document(document(**margin)))


def test_it_is_refused_with_what_allows_it() -> None:
    with pytest.raises(ScenarioError, match="deep starts in a margin call") as raised:
        problem_of()
    assert raised.value.allowed.endswith("or allow_start_in_call = true in its margin")
    both = document()
    both["funds"][0]["gross"] = 6.0
    with pytest.raises(ScenarioError, match=r"deep .*; so does flat, which needs 1.5 \(gross 6; 4.0000 at most\)"):
        build_problem(scenario_from_document(both))
    with pytest.raises(ScenarioError, match="true or false"):
        problem_of(allow_start_in_call=1)


def test_it_starts_where_its_terms_allow_it() -> None:
    problem = problem_of(allow_start_in_call=True)
    assert start_in_call(problem) == ["deep"]
    table = start_table(problem)
    assert table.requirement.tolist() == pytest.approx([0.25, 1.25])
    assert table.adverse_move[1] == 0
    assert table.adverse_move[0] > 0
    again = build_problem(scenario_from_document(problem.canonical))
    assert again.canonical == problem.canonical
    assert not [key for key in problem.defaults_filled if "allow_start_in_call" in key]


def test_a_fund_allows_it_for_itself_alone() -> None:
    one = document()
    one["funds"][1]["margin"] = {"allow_start_in_call": True}
    assert start_in_call(build_problem(scenario_from_document(one))) == ["deep"]
    one["funds"][0]["gross"] = 5.0
    with pytest.raises(ScenarioError, match="flat starts in a margin call"):
        build_problem(scenario_from_document(one))


def test_it_is_called_in_the_first_step_though_nothing_moves() -> None:
    result = simulate(scaled(single(steps=1), 1.3), falls(0.0))
    assert result.called_usd[0, 0] == pytest.approx((0.8 * 1.3 - 1.0) * BN)
    assert result.first_call_step[0, 0] == 1


def test_kernels_and_reference_agree_on_it() -> None:
    problem = scaled(single(steps=2, funds={"grace_steps": 1}), 1.3)
    draws = np.random.default_rng(0).normal(0.0, 0.02, (2, 1, 16))
    checks, _ = against_reference("start in a call", problem, draws)
    assert [check for check in checks if not check.passed] == []


def test_the_result_and_the_tables_say_so(tmp_path: Path) -> None:
    tree = stress.run(document(allow_start_in_call=True), paths=2, out=tmp_path / "r")
    assert json.loads(tree.attrs["starts_in_call"]) == ["deep"]
    assert float(tree["summary"]["prob_margin_call"].sel(fund="deep")) == 1
    assert float(tree["summary"]["prob_margin_call"].sel(fund="flat")) == 0
    shown = CliRunner().invoke(app, ["show", str(tmp_path / "r")])
    assert "In a margin call at the start: deep." in shown.stdout
