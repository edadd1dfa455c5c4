"""A run with a condition and a replay: what is fixed shows in prices, attributes, the first screen and the report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import stress
from replay_examples import replay_document
from stress.cli import app
from stress.results.report.sections.headline import headline
from stress.results.terminal.first_screen import first_screen


@pytest.mark.slow
def test_a_condition_and_a_replay_of_one_run(tmp_path: Path) -> None:
    made = replay_document() | {"estimation": {"detail_paths": 64}}
    tree = stress.run(made, paths=64, seed=4, shock="AAA=-7%@6", out=tmp_path / "run", store="paths")
    conditions, replay = (json.loads(tree.attrs[name]) for name in ("conditions", "replay"))
    assert [one["moves"] for one in conditions] == [{"AAA": -0.07}]
    assert conditions[0]["plausibility"] < 0.05
    assert replay["names"]["AAA"]["how"] == "by regression"
    assert replay["days"]["2025-04-03"] == 1
    told = stress.replay(tmp_path / "run", path=17)
    moves = told["steps"].dataset["outside_return"]
    assert float(moves.sel(asset="AAA", step=6)) == pytest.approx(-0.07, abs=1e-6)
    np.testing.assert_allclose(moves.sel(asset="semis")[:2], [-0.0995, -0.0821], atol=1e-6)
    assert told["outcome"]["fund_loss"].to_numpy()[0] == float(tree["paths"]["fund_loss"].isel(path=17, fund=0))
    texts = [str(one) for one in first_screen(tree)]
    assert any("Given at step 6: AAA -7 %; the rest is drawn given that." in text for text in texts)
    assert any(text.startswith("Replay of tariff-2025: moves as observed") for text in texts)
    written = repr(headline(tree))
    assert "Given at step 6: AAA -7 %" in written
    assert "Names follow it: 2 by regression" in written
    assert "changed" in tree.attrs["title"]


def test_a_plain_run_has_neither() -> None:
    made = replay_document() | {"estimation": {"detail_paths": 64}}
    del made["shocks"]["replay"]
    tree = stress.run(made, paths=64, seed=4)
    assert "conditions" not in tree.attrs
    assert "replay" not in tree.attrs


def test_check_tells_both_and_a_wrong_key_is_exit_3() -> None:
    runner = CliRunner()
    given = ["check", "desk", "--paths", "0", "--set", "shocks.model=student_t", "--shock", "semis=-10%", "--shock"]
    text, document = (
        runner.invoke(app, [*given, "credit=-2%@2"]),
        runner.invoke(app, [*given, "credit=-2%@2", "--json"]),
    )
    assert text.exit_code == document.exit_code == 0, text.output
    said = " ".join(text.output.split())
    assert "Given at step 1: semis -10 %; the rest is drawn given that. Mahalanobis distance" in said
    facts = json.loads(document.stdout)
    assert [one["step"] for one in facts["conditions"]] == [1, 2]
    assert facts["replay"] is None
    wrong = runner.invoke(app, [*given, "credt=-2%"])
    assert wrong.exit_code == 3
    assert "'credt' is no asset or class" in wrong.output
    long = runner.invoke(
        app, ["check", "desk", "--paths", "0", "--set", "shocks.replay=ai-unwind-2026", "--set", "horizon.steps=2"]
    )
    assert long.exit_code == 3
    assert "is shorter than the 3 days" in long.output


def test_a_built_problem_takes_no_shock() -> None:
    with pytest.raises(ValueError, match="shock need a scenario, not a problem"):
        stress.run(stress.build_problem(stress.load_scenario("desk")), paths=64, shock="semis=-10%")
