"""The answer: closed forms without feedback, shocks that just bring it about, and every way to show it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr
from typer.testing import CliRunner

import stress
from stress.cli import app
from stress.results.answers.reverse.figure import reverse as figure
from stress.results.answers.reverse.words import chance, chances, explained, notes
from stress.scenarios.errors import ScenarioError
from tiny import make_problem, single

BOOK = single(steps=1, cascade={"feedback": False})  # 4 times its NAV in one asset of 16 % a year


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, list(args), env={"COLUMNS": "80"})


def test_one_asset_has_its_closed_form() -> None:
    tree = stress.reverse(BOOK, "loss(f) > 12 %", paths=2000, stories=0, precision="float64")
    table = tree["reverse"].to_dataset()
    norm = -np.log1p(-0.12 / 4.0) / (0.16 / np.sqrt(252.0))
    assert table["norm"].values == pytest.approx([norm], rel=1e-4)
    assert float(table["prob_design"][0]) == pytest.approx(float(ndtr(-norm)), rel=2e-3)
    assert table["move"].values.ravel() == pytest.approx([-0.03], rel=1e-4)
    assert table["fund_loss"].sel(fund="f").values == pytest.approx([0.12], rel=1e-4)
    assert table["contribution"].values.ravel() == pytest.approx([4 * 0.97 * -np.log1p(-0.03)], rel=1e-4)
    assert explained(tree) == "yes"


def test_a_book_of_many_assets_moves_by_its_covariances() -> None:
    """Held still for one small step the loss is all but linear: the shock is Sigma w, its norm limit over deviation."""
    problem = make_problem(
        steps=1, shocks={"model": "gaussian", "script": np.zeros((1, 5))}, cascade={"feedback": False}, outside={}
    )
    tree = stress.reverse(problem, "loss(system) > 0.01 %", paths=2000, stories=0, precision="float64")
    books, funds = problem.books, problem.funds
    held = (books.size[:, None] * books.shapes[books.shape_of]).sum(axis=0) / funds.nav.sum()
    deviation = problem.assets.shock_vol / np.sqrt(252.0)
    covariance = deviation[:, None] * problem.shocks.correlation * deviation
    one = tree["reverse"].to_dataset().sel(answer=1)
    norm = 1e-4 / np.sqrt(held @ covariance @ held)
    assert float(one["norm"]) == pytest.approx(norm, rel=2e-4)
    move = one["move"].sel(asset=list(problem.assets.ids)).values[0]
    expected = -(covariance @ held) * norm / np.sqrt(held @ covariance @ held)
    assert move == pytest.approx(expected, rel=5e-2, abs=2e-7)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reverse") / "answer"
    found = invoke(
        "reverse", str(scenario(out.parent)), "--call", "f", "--paths", "2000", "--out", str(out),
        "--script", str(out.parent / "script.toml"),
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    assert max(map(len, found.stdout.splitlines())) <= 80
    return out


def scenario(folder: Path) -> Path:
    path = folder / "one.toml"
    path.write_text(
        """
schema = 1
name = "one"
[horizon]
steps = 2
[[assets]]
id = "a"
asset_class = "equity"
vol = 0.3
adv = "1 bn"
margin = 0.2
[shocks]
model = "student_t"
dof = 4
[margin]
method = "haircut"
[[funds]]
id = "f"
nav = "1 bn"
positions = { a = 4 }
""",
        encoding="utf-8",
    )
    return path


def test_the_shock_just_brings_it_about_and_so_does_its_script(written: Path, tmp_path: Path) -> None:
    tree = stress.open_result(written)
    table = tree["reverse"].to_dataset()
    assert (table["amount"] == 1).all()
    assert not table["happens_below"].any()
    assert (table["first_call_step"].sel(fund="f") > 0).all()
    assert (np.diff(table["norm"].values) >= 0).all()
    run = stress.run(written.parent / "script.toml", paths=1, seed=1)
    assert float(run["summary"]["prob_margin_call"].sel(fund="f")) == 1
    assert float(run["summary"]["mean_loss"].sel(fund="f")) == pytest.approx(
        float(table["fund_loss"].sel(answer=1, fund="f")), abs=1e-6
    )


def test_it_is_shown_again_in_json_and_in_a_report(written: Path) -> None:
    shown = invoke("show", str(written))
    assert shown.exit_code == 0, shown.output
    assert 'one, over 2 days: what brings about called("f")' in shown.output
    assert "  loss      f loses " in shown.output
    assert "  calls     0" not in shown.output
    assert "plain paths" in shown.output
    document = json.loads(invoke("show", str(written), "--json").output)
    assert document["shocks"][0]["funds"]["f"]["first_call_step"] > 0
    assert document["simulated"]["value"] > 0
    assert invoke("report", str(written)).exit_code == 0
    assert "What brings it about" in (written / "report.html").read_text(encoding="utf-8")
    tree = stress.open_result(written)
    assert [text.get_text() for text in tree.stress.plot.reverse().get_yticklabels()] == ["a"]
    with pytest.raises(ValueError, match="there are"):
        figure(tree, 9)


def test_nothing_found_is_said() -> None:
    tree = stress.reverse(BOOK, "loss(f) > 90 %", paths=2000, stories=0, precision="float64")
    assert tree["reverse"].sizes["answer"] == 0
    assert explained(tree) == "nothing found"
    assert "no proof" in notes(tree)[-1]
    assert "on none of 2,000 plain paths" in notes(tree)[0]


def test_the_command_refuses(tmp_path: Path) -> None:
    path = str(scenario(tmp_path))
    for wrong in (["--limit", "luck(f) > 1 %"], ["--call", "f", "--default", "f"], ["--loss", "f"]):
        assert invoke("reverse", path, *wrong).exit_code == 2
    for wrong in (["--call", "g"], ["--set", "shocks.model=none", "--call", "f"]):
        found = invoke("reverse", path, *wrong)
        assert found.exit_code == 3, found.output
    (tmp_path / "there.toml").touch()
    (tmp_path / "folder.toml").mkdir()
    for file, said in (
        ("x.txt", "no scenario file"),
        ("there.toml", "--overwrite replaces it"),
        ("folder.toml", "is a folder"),
        ("there.toml/x.toml", "there.toml"),
    ):
        found = invoke("reverse", path, "--call", "f", "--script", str(tmp_path / file), "--dry-run")
        assert found.exit_code == 2, found.output
        assert said in " ".join(found.output.split())
    typed = invoke("reverse", path, "--loss", "f=20")
    assert typed.exit_code == 2
    assert 'did you mean "20 %"?' in " ".join(typed.output.split())
    dry = invoke("reverse", path, "--loss", "f=20%", "--dry-run", "--json")
    assert json.loads(dry.stdout)["limit"] == 'loss("f") > 20%'


def test_chances_in_words() -> None:
    assert chance(0.0123) == "1.2 %"
    assert chance(9.4e-5) == "9.4e-05"


def test_what_is_there_without_any_shock_is_no_question() -> None:
    fallen = single(steps=1, shocks={"script": np.array([[-0.05]])}, cascade={"feedback": False})
    with pytest.raises(ScenarioError, match="without any shock"):
        stress.reverse(fallen, "loss(f) > 12 %", paths=2000, precision="float64")


def test_probabilities_beside_each_other_are_written_in_one_manner() -> None:
    assert chances(9.5e-4, 6.1e-4, 1.5e-3) == ["9.5e-04", "6.1e-04", "1.5e-03"]
    assert chances(0.012, 0.01, 0.015) == ["1.2 %", "1 %", "1.5 %"]
