"""The answer: steps sum to the whole, interactions are the rest, and every way to show it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from rich.console import Console
from typer.testing import CliRunner

import stress
from stress.cli import app
from stress.options import RunOptions
from stress.questions.ablation.ablate import ablate_problem, base_of
from stress.results.answers.ablation.figure import ablation
from stress.results.answers.ablation.table import figures_of, notes, shown
from stress.run_directory.location import location_of
from tiny import make_problem

PROBLEM = make_problem(steps=2)
OPTIONS = RunOptions(paths=3000, seed=5)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("ablation") / "answer"
    ablate_problem(PROBLEM, OPTIONS, ("retail", "crowding", "impact"), location_of(out))
    return out


@pytest.fixture(scope="module")
def tree(written: Path) -> xr.DataTree:
    return stress.open_result(written)


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, list(args), env={"COLUMNS": "80"})


def test_steps_sum_to_the_whole_and_interactions_are_the_rest(tree: xr.DataTree) -> None:
    table = tree["ablate"].to_dataset()
    assert list(table["without"].values) == ["retail", "crowding", "impact"]
    assert list(table["stage"].values) == ["base", "impact", "crowding", "retail"]
    for name in ("es", "var", "mean_loss", "called_nav_share", "prob_default", "expected_forced_sales_usd"):
        steps = table[f"{name}_step"].sel(stage=["impact", "crowding", "retail"]).sum("stage")
        total = table[f"{name}_full"] - table[f"{name}_stage"].sel(stage="base")
        np.testing.assert_allclose(steps, total, atol=1e-9 * float(abs(table[f"{name}_full"]).max()))
        np.testing.assert_allclose(table[f"{name}_total"], total)
        added = table[f"{name}_added"].sum("without")
        np.testing.assert_allclose(table[f"{name}_interaction"], added - total, atol=1e-6 * float(abs(added).max()))
        assert (table[f"{name}_total_se"] >= 0).all()
    assert table["es_step_se"].sel(stage="impact", fund="system").max() < table["es_full_se"].sel(fund="system").max()


def test_it_is_shown_again_and_in_json(written: Path, tree: xr.DataTree) -> None:
    shown = invoke("show", str(written))
    assert shown.exit_code == 0, shown.output
    assert max(map(len, shown.output.splitlines())) <= 80
    for text in (
        "+ impact of own sales",
        "+ others' sales",
        "+ dip-buyers",
        "without all of them",
        "sum less together",
    ):
        assert text in shown.output
    document = json.loads(invoke("show", str(written), "--json").output)
    system = document["figures"]["system"]
    value, error = figures_of(tree).at("es", "step", stage="crowding")
    assert system["es"]["0.99"]["step"]["crowding"] == {"value": value, "se": error}
    assert system["trough_es"]["0.99"]["without"]["crowding"] == {"value": None, "se": None}
    assert document["taken_out_in_sequence"] == ["retail", "crowding", "impact"]


def test_the_base_says_who_still_trades(tree: xr.DataTree) -> None:
    said = {("calls", "rules"): "funds held still", ("calls",): "the rest", ("calls", "rules", "retail"): "held still"}
    assert {chosen: base_of(PROBLEM, chosen) for chosen in said} == said
    with_buyers = tree.copy()
    with_buyers["ablate"] = xr.DataTree(tree["ablate"].to_dataset().assign_attrs(base="funds held still"))
    assert any("buyers from outside still do" in note for note in notes(with_buyers, figures_of(with_buyers)))


def test_an_answer_is_no_run(written: Path) -> None:
    here = str(written)
    for command in (["compare", *[here] * 2], ["compare", *[here] * 3], ["resume", here], ["worker", here]):
        found = invoke(*command)
        assert found.exit_code == 3, found.output
        assert "holds the answer of `levstress ablate`" in " ".join(found.output.split())
        assert "to go on" not in found.output


def test_report_and_figure(written: Path, tree: xr.DataTree) -> None:
    assert invoke("report", str(written)).exit_code == 0
    page = (written / "report.html").read_text(encoding="utf-8")
    assert "What each mechanism adds" in page
    assert "+ others&#39; sales" in page or "+ others' sales" in page
    axes = tree.stress.plot.ablation("quant", "called_nav_share")
    assert [text.get_text() for text in axes.get_yticklabels()][-1] == "everything on"
    for wrong in ({"fund": "nobody"}, {"figure": "luck"}, {"level": 0.5}):
        with pytest.raises(ValueError, match="there are"):
            ablation(tree, **wrong)


def test_a_step_that_is_not_known_is_left_open(tree: xr.DataTree) -> None:
    axes = ablation(tree, figure="trough_es")
    assert "not known" in axes.get_figure(root=True).get_supxlabel()  # type: ignore[union-attr]


def test_a_zero_of_too_few_paths_is_not_told_as_known(tree: xr.DataTree) -> None:
    said = "for VaR and ES 99 % and for what changes them: --paths 1000 is the least."
    assert not any(said in note for note in notes(tree, figures_of(tree)))
    few = ablate_problem(PROBLEM, RunOptions(paths=1, seed=5), ("crowding", "impact"), None)
    assert f"1 paths are too few {said}" in notes(few, figures_of(few))
    text = _text(shown(few))
    sequence = text.partition("held still")[2].partition("everything on")[0].splitlines()
    for at, line in enumerate(sequence):
        if line.lstrip().startswith("+"):
            assert sequence[at + 1].split()[:2] == ["±?", "±?"]


def _text(parts: list[Any]) -> str:
    console = Console(width=80, record=True, file=io.StringIO())
    for part in parts:
        console.print(part)
    return console.export_text()


def test_the_command_says_what_it_would_do_and_refuses(tmp_path: Path) -> None:
    dry = invoke("ablate", "desk", "--dry-run", "--json", "--out", str(tmp_path / "new"))
    assert json.loads(dry.stdout)["runs"] == 8 + 3 + 1
    assert not (tmp_path / "new").exists()
    refused = invoke("ablate", "desk", "--without", "hikes", "--out", str(tmp_path / "new"))
    assert refused.exit_code == 3
    assert "crowding, impact, calls" in refused.output
