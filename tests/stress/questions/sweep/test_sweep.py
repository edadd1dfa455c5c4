"""A sweep: every point is its own run, points that cannot start, taking it up again, and how it is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import stress
from stress.api import load_scenario
from stress.cli import app
from stress.options import RunOptions
from stress.questions.sweep import sweep as module
from stress.questions.sweep.point import simulated
from stress.questions.sweep.sweep import asked_for, sweep_scenario
from stress.results.answers.sweep.figure import sweep as figure
from stress.results.answers.sweep.tipping import Bound
from stress.results.report import report_html
from stress.run_directory.location import location_of
from stress.scenarios.errors import ScenarioError
from two_funds import TWO_FUNDS

OVER = ["funds.*.gross*=0.8,1,1.2,1.4", "shocks.scale=1,2"]
PATHS = 2000


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sweep") / "two.toml"
    path.write_text(TWO_FUNDS, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def written(file: Path) -> Path:
    out = file.parent / "answer"
    stress.sweep(file, OVER, paths=PATHS, seed=3, out=out)
    return out


@pytest.fixture(scope="module")
def tree(written: Path) -> xr.DataTree:
    return stress.open_result(written).load()


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, list(args), env={"COLUMNS": "80"})


def test_every_point_is_its_own_run(file: Path, tree: xr.DataTree) -> None:
    table = tree["sweep"].to_dataset()
    assert dict(table.sizes) == {"gross": 4, "scale": 2, "fund": 2, "level": 4}
    for gross, scale in ((0.8, 1.0), (1.2, 2.0)):
        keys = {"funds.one.gross": 4 * gross, "funds.two.gross": 3.5 * gross, "shocks.scale": scale}
        run = stress.run(load_scenario(file, keys), paths=PATHS, seed=3, store="paths")
        own, point = run["summary"].to_dataset(), table.sel(gross=gross, scale=scale)
        for name in own.data_vars:
            np.testing.assert_array_equal(point[name].values, own[name].values, err_msg=str(name))
            assert point[name].attrs == own[name].attrs
        paths = run["paths"].to_dataset()
        added = (paths["fund_loss"] - paths["fund_loss_static"]).sel(fund="one").values
        assert float(point["prob_added_loss"].sel(fund="one")) == np.mean(added > 0.01)
    assert float(table["system_prob_added_loss"].sel(gross=1.2, scale=2)) > 0.05


def test_a_point_that_cannot_start_is_marked_and_says_why(tree: xr.DataTree) -> None:
    table = tree["sweep"].to_dataset()
    np.testing.assert_array_equal(table["infeasible"].sel(scale=1), [False, False, False, True])
    assert "starts in a margin call" in str(table["reason"].sel(gross=1.4, scale=2).item())
    assert np.isnan(table["es"].sel(gross=1.4)).all()
    assert not np.isnan(table["es"].sel(gross=1.2, level=0.99)).any()


def test_the_tipping_point_lies_where_the_probability_crosses(tree: xr.DataTree) -> None:
    tipping, table = tree["tipping"].to_dataset(), tree["sweep"].to_dataset()
    assert tipping["tipping"].dims == ("scale", "fund")
    at = tipping.sel(scale=2, fund="system")
    p = table["system_prob_added_loss"].sel(scale=2)
    first = int(np.argmax(p.values >= 0.05))
    assert first > 0
    assert p["gross"].values[first - 1] < float(at["tipping"]) <= p["gross"].values[first]
    assert float(at["tipping_ci_low"]) < float(at["tipping"]) < float(at["tipping_ci_high"])
    assert float(at["searched_to"]) == 1.2


def test_finished_points_are_kept_and_not_simulated_again(
    file: Path, tree: xr.DataTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario, asked = load_scenario(file), asked_for(OVER, None, 3, Bound(), None)
    options, location = RunOptions(paths=PATHS, seed=3), location_of(file.parent / "stopped")
    whole, calls = simulated, []

    def stopped(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return whole(*arguments)

    monkeypatch.setattr(module, "simulated", stopped)
    with pytest.raises(KeyboardInterrupt):
        sweep_scenario(scenario, asked, options, location, resume=True)
    found = sweep_scenario(scenario, asked, options, location, resume=True)
    assert len(calls) == 3 + 4  # six points can start; two were kept
    xr.testing.assert_identical(found["sweep"].to_dataset(), tree["sweep"].to_dataset())
    with pytest.raises(FileExistsError):
        sweep_scenario(scenario, asked, options, location, resume=True)


def test_progress_does_not_jump_back(file: Path) -> None:
    scenario, seen = load_scenario(file), list[int]()
    asked = asked_for(OVER, None, 3, Bound(), None)
    sweep_scenario(
        scenario, asked, RunOptions(paths=PATHS, seed=3), None, progress=lambda at: seen.append(at.done_paths)
    )
    assert seen == sorted(seen)
    assert seen[-1] == 8 * PATHS


def test_a_hypercube_has_a_dimension_of_points(file: Path) -> None:
    found = stress.sweep(file, ["shocks.scale=1:2", "impact.coefficient=0.5:1.5"], latin=4, paths=PATHS)
    table = found["sweep"].to_dataset()
    assert table["system_es"].dims == ("point", "level")
    assert table["scale"].dims == ("point",)
    assert "tipping" not in found.children
    with pytest.raises(ValueError, match="no grid"):
        figure(found)


def test_all_points_that_cannot_start_are_an_error_and_leave_nothing(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="starts in a margin call"):
        stress.sweep(file, "funds.*.gross*=2,3", paths=PATHS, out=tmp_path / "sweep")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ScenarioError, match="unknown key"):
        stress.sweep(file, "shocks.scal=1,2", paths=PATHS)


def test_it_is_shown_in_a_terminal_as_json_and_as_a_page(written: Path, tree: xr.DataTree) -> None:
    shown = invoke("show", str(written))
    assert shown.exit_code == 0, shown.output
    assert all(len(line) <= 80 for line in shown.output.splitlines())
    assert "Tipping point" in shown.output
    assert "2 of 8 points cannot start; at factor on gross 1.4, scale 1: " in " ".join(shown.output.split())
    assert "of its NAV; allowed: " in " ".join(shown.output.split())
    document = json.loads(invoke("show", str(written), "--json").output)
    assert len(document["points"]) == 8
    first = document["points"][0]
    assert first["at"] == {"gross": 0.8, "scale": 1.0}
    es = float(tree["sweep"]["system_es"].sel(gross=0.8, scale=1, level=0.99))
    assert first["figures"]["system"]["es"]["value"] == es
    assert document["points"][-1]["infeasible"]
    page = report_html(tree)
    assert page.count("<figure") == 4 + 2
    assert "cannot start" in page
    for scale, point in tree["tipping"]["tipping"].sel(fund="system").to_series().items():
        assert f"with scale {scale:g} at a factor on gross of {point:.4g} (" in page


def test_figures_are_maps_and_lines(tree: xr.DataTree) -> None:
    assert figure(tree, "one", "called_nav_share").get_ylabel() == "factor on gross"
    line = figure(tree, at={"scale": 2.0})
    expected = 100 * tree["sweep"].to_dataset()["system_es"].sel(scale=2, level=0.99).values
    np.testing.assert_allclose(np.asarray(line.lines[0].get_ydata(), float), expected)
    for wrong, said in (({"figure": "x"}, "no figure"), ({"fund": "x"}, "no fund"), ({"at": {"x": 1}}, "no axis")):
        with pytest.raises(ValueError, match=said):
            figure(tree, **wrong)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--over", "shocks.scale=2:1"], 3, "is no range"),
        (["--over", "shocks.scale=1,2", "--tipping", "x"], 2, "LOSS:P"),
        (["--over", "shocks.scale=1,2", "--tipping", "10:5%"], 2, "is 1,000 % of NAV; allowed: LOSS:P"),
        (["--over", "shocks.scale=1,2", "--executor", "foo"], 2, "'foo' is no executor; allowed: local, dask"),
        (["--over", "shocks.scale=1,2", "--resume"], 2, "--resume needs --out"),
        (["--over", "shocks.model=gaussian,student_t", "--tipping-axis", "model"], 3, "no axis to tip along"),
        (["--over", "shocks.scale=1,2", "--latin", "1"], 2, "latin"),
        (["--over", "funds.*.gross*=0.8,2", "--dry-run", "--method", "screen"], 0, "1 cannot start; 2 to compile"),
        (["--over", "shocks.scale=1,2", "--method", "tilt"], 2, "allowed: plain, screen"),
        (["--over", "shocks.scale=1,abc"], 3, "shocks.scale = 'abc': cannot stand there"),
        (["--over", "horizon.steps=2,2.5"], 3, "allowed: a whole number"),
    ],
)
def test_what_is_said_on_the_command_line(file: Path, words: list[str], code: int, said: str) -> None:
    done = invoke("sweep", str(file), *words, "--paths", str(PATHS))
    assert done.exit_code == code, done.output
    assert said in " ".join(done.output.split())
    assert ("of CPU" in done.output) == ("--dry-run" in words)
