"""Elasticities, tornado and total beside the runs they are of, and every way to show them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import stress
from stress.cli import app
from stress.results.answers.sensitivity.figure import sensitivity as tornado
from stress.results.report import report_html
from two_funds import TWO_FUNDS

PATHS = 2000


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sensitivity") / "two.toml"
    path.write_text(
        TWO_FUNDS + 'ranges = [ { key = "leverage", low = 0.9, high = 1.4 } ]\n',  # 1.4: starts in a call
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def written(file: Path) -> Path:
    out = file.parent / "answer"
    keys = ["leverage", "volatility", "impact", "impact.execution_weight"]
    stress.sensitivity(file, keys=keys, points=32, morris=2, sobol=8, paths=PATHS, seed=3, out=out)
    return out


@pytest.fixture(scope="module")
def tree(written: Path) -> xr.DataTree:
    return stress.open_result(written)


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, list(args), env={"COLUMNS": "80"})


def test_slopes_are_differences_of_runs(file: Path, tree: xr.DataTree) -> None:
    table = tree["sensitivity"].to_dataset()
    scenario = stress.load_scenario(file)
    runs = {
        scale: stress.run(scenario.set("shocks.scale", scale), paths=PATHS, seed=3)["summary"].to_dataset()
        for scale in (1.9, 2.0, 2.1)
    }
    at: dict[str, Any] = {"parameter": "volatility", "level": 0.99}
    for fund in ("one", "system"):
        es = {
            scale: float(one["system_es"].sel(level=0.99) if fund == "system" else one["es"].sel(fund=fund, level=0.99))
            for scale, one in runs.items()
        }
        slope = (es[2.1] - es[1.9]) / 0.1
        assert float(table["es_slope"].sel(fund=fund, **at)) == pytest.approx(slope, rel=1e-6)
        assert float(table["es_elasticity"].sel(fund=fund, **at)) == pytest.approx(slope / es[2.0], rel=1e-6)
        assert float(table["es_base"].sel(fund=fund, level=0.99)) == pytest.approx(es[2.0], rel=1e-9)
    assert (table["es_slope_se"] >= 0).all()
    # on the same draws errors are far below those of two runs apart
    apart = np.sqrt(2) * table["es_base_se"].sel(fund="system", level=0.99) / 0.1
    assert float(table["es_slope_se"].sel(fund="system", **at)) < 0.5 * float(apart)


def test_ends_that_cannot_start_are_as_near_as_they_can_be(tree: xr.DataTree) -> None:
    ranges = tree["ranges"].to_dataset().sel(parameter="leverage")
    assert float(ranges["high"]) == pytest.approx(1.4)
    assert 1.15 < float(ranges["high_reached"]) <= 1.25  # one: 4 x 20 % of NAV is the requirement, so up to 1.25
    assert float(ranges["low_reached"]) == pytest.approx(0.9)
    assert int(tree.attrs["points_left_out"]) > 0
    assert tree["points"].sizes["point"] == 32
    assert "margin call" in str(tree.attrs["cannot_start"])
    ends = tree["tornado"].to_dataset().sel(fund="system", level=0.99)
    assert "impact.execution_weight" not in ends["parameter"].values
    change = ends["es_high"] - tree["sensitivity"].to_dataset()["es_base"].sel(fund="system", level=0.99)
    np.testing.assert_allclose(ends["es_high_change"], change, atol=1e-12)
    assert (ends["es_swing"] >= abs(change) - 1e-12).all()


def test_the_total_is_wider_than_sampling(tree: xr.DataTree) -> None:
    table, base = tree["total"].to_dataset(), tree["sensitivity"].to_dataset()
    at: dict[str, Any] = {"fund": "system", "level": 0.99}
    low, high = (float(table[f"es_total_{end}"].sel(**at)) for end in ("low", "high"))
    assert low < float(base["es_base_ci_low"].sel(**at))
    assert high > float(base["es_base_ci_high"].sel(**at))
    assert not (table["called_nav_share_total_low"] < 0).any()
    assert set(tree.children) == {"sensitivity", "ranges", "tornado", "points", "total", "morris", "sobol"}
    for node in tree.children.values():
        for variable in node.to_dataset().variables.values():
            assert variable.attrs["units"]
            assert variable.attrs["long_name"]


def test_one_side_is_said(file: Path, tmp_path: Path) -> None:
    close = tmp_path / "close.toml"
    close.write_text(file.read_text(encoding="utf-8").replace("gross = 4,", "gross = 4.9,"), encoding="utf-8")
    done = invoke("sensitivity", str(close), "--key", "leverage", "--points", "0", "--paths", "2000", "--out",
                  str(tmp_path / "answer"), "--quiet")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "as with more the scenario cannot start: leverage" in " ".join(done.output.split())
    found = stress.open_result(tmp_path / "answer")
    assert found["ranges"]["sides"].item() == "below"
    assert "tornado" not in found.children


def test_a_zero_of_too_few_paths_is_not_told_as_known(file: Path, tmp_path: Path) -> None:
    done = invoke("sensitivity", str(file), "--key", "impact.coefficient", "--points", "0", "--paths", "1", "--out",
                  str(tmp_path / "answer"), "--quiet")  # fmt: skip
    assert done.exit_code == 0, done.output
    row, below = (line.split() for line in done.output.partition("impact.coeff")[2].splitlines()[:2])
    assert row[1:3] == ["0.00", "0.00"]
    assert below[:2] == ["±?", "±?"]
    assert "1 paths are too few for VaR and ES 99 % and for what changes them" in " ".join(done.output.split())


def test_it_is_shown_in_a_terminal_as_json_and_as_a_page(written: Path, tree: xr.DataTree) -> None:
    shown = invoke("show", str(written))
    assert shown.exit_code == 0, shown.output
    assert max(map(len, shown.output.splitlines())) <= 80
    said = " ".join(shown.output.split())
    for text in ("elasticity", "What moves each figure most", "sampling", "Morris", "Sobol", "No range is known",
                 "cannot start and were left out"):  # fmt: skip
        assert text in said
    document = json.loads(invoke("show", str(written), "--json").output)
    value = float(tree["sensitivity"]["es_elasticity"].sel(fund="system", level=0.99, parameter="volatility"))
    assert document["sensitivity"]["system"]["es"]["0.99"]["elasticity"]["volatility"] == value
    assert document["parameters"]["impact"]["grade"] == "F"
    page = report_html(tree)
    assert "How far off the figures could be" in page
    assert "coefficient of the square-root law 0.5 to 1.5" in page
    assert page.count("<figure") >= 3 + 2


def test_the_figure_is_sorted_by_swing(tree: xr.DataTree) -> None:
    axes = tree.stress.plot.sensitivity("one", "called_nav_share")
    names = [text.get_text() for text in axes.get_yticklabels()]
    swings = tree["tornado"]["called_nav_share_swing"].sel(fund="one").to_series().sort_values(ascending=False)
    titles = tree["ranges"]["title"].to_series()
    assert names == [*(titles[name] for name in swings.index), "all, and sampling", "sampling alone"]
    for wrong in ({"fund": "nobody"}, {"figure": "luck"}, {"level": 0.5}):
        with pytest.raises(ValueError, match="there are"):
            tornado(tree, **wrong)


def test_its_intervals_stand_beside_those_of_a_run(
    file: Path, written: Path, tree: xr.DataTree, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    stress.run(file, paths=PATHS, seed=9, out=run)
    shown = invoke("show", str(run), "--ranges", str(written))
    assert shown.exit_code == 0, shown.output
    assert "with ranges" in shown.output
    document = json.loads(invoke("show", str(run), "--ranges", str(written), "--json").output)
    es = next(one for one in document["ranges"] if (one["fund"], one["figure"]) == ("system", "es"))
    summary = stress.open_result(run)["summary"].to_dataset().sel(level=0.99)
    assert es["value"] == float(summary["system_es"])
    assert es["sampling"] == [float(summary["system_es_ci_low"]), float(summary["system_es_ci_high"])]
    assert es["with_ranges"][0] < es["sampling"][0] < es["sampling"][1] < es["with_ranges"][1]
    page = report_html(stress.open_result(run), ranges=tree)
    assert "with the ranges of the scenario" in page
    other = tmp_path / "other"
    stress.run(stress.load_scenario(file).set("shocks.scale", 1.9), paths=PATHS, seed=9, out=other)
    refused = invoke("show", str(other), "--ranges", str(written))
    assert refused.exit_code == 3
    assert "is of another scenario than the run" in refused.output
    for command in (["show", str(written), "--ranges", str(written)], ["show", str(run), "--ranges", str(run)]):
        assert invoke(*command).exit_code in (2, 3)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--key", "luck"], 3, "is no group of this scenario"),
        (["--by", "fund"], 2, "allowed: group, number"),
        (["--h", "0.9"], 2, "0.5 at most"),
        (["--h", "x"], 2, "'x' is no share such as 5 %"),
        (["--points", "3"], 2, "16 to"),
        (["--sobol", "12"], 2, "power of two"),
        (["--morris", "1"], 2, "trajectories"),
        (["--key", "impact.execution_weight", "--morris", "4"], 3, "has no range to screen"),
        (["--dry-run"], 0, "leverage: 2 numbers, 0.9 to 1.4 x"),
    ],
)
def test_what_is_said_on_the_command_line(file: Path, words: list[str], code: int, said: str) -> None:
    done = invoke("sensitivity", str(file), *words)
    assert done.exit_code == code, done.output
    assert said in " ".join(done.output.split())


@pytest.mark.slow
def test_derivatives_agree_with_wide_differences_on_fresh_draws() -> None:
    """Central differences of 5 % on the same draws, and of 10 % on other draws, differ by no more than their errors."""
    of: dict[str, Any] = {"keys": ["volatility", "impact", "depth", "decay"], "points": 0, "paths": 65_536}
    near = stress.sensitivity("desk", seed=1, step=0.05, **of)["sensitivity"].to_dataset()
    far = stress.sensitivity("desk", seed=2, step=0.10, **of)["sensitivity"].to_dataset()
    for name in ("es", "called_nav_share", "expected_forced_sales_usd"):
        a, b = near[f"{name}_slope"], far[f"{name}_slope"]
        error = (near[f"{name}_slope_se"] ** 2 + far[f"{name}_slope_se"] ** 2) ** 0.5
        assert float((abs(a - b) / error).sel(fund="system").max()) < 4, name
