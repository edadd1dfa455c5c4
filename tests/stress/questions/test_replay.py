"""`stress.replay` and `levstress replay` on run directories: exactly what the run recorded, and refusals."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import stress
from reseal import reseal
from scenario_example import example
from short_desk import options, short_desk
from stress.cli import app
from stress.errors import InvariantFailed
from stress.questions.replay import Replayer
from stress.results.files.store import UnfinishedRun
from stress.run_directory.spec import OtherRun
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.loader import scenario_from_document

PATHS = 3_000
FIGURES = ("fund_loss", "fund_loss_static", "called_usd", "forced_sales_usd", "max_drawdown", "unliquidated_usd")
FLAGS = ("first_call_step", "defaulted")


def two_passes() -> Any:
    return short_desk("shocks.scale=2.5")


def one_pass() -> Any:
    """Retail buys, and members of a type differ; a title that a terminal or a picture might take for something else."""
    return scenario_from_document(
        example(title="[red]worst[/] \x1b[31mcase $x_1$ <b>", estimation={"detail_paths": 1024}),
        folder=Path(),
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("replay")
    stress.run(two_passes(), **options(PATHS), worst=20, store="paths", out=folder / "two")
    stress.run(one_pass(), paths=PATHS, seed=5, worst=20, out=folder / "one", precision="float64")
    return {"two": folder / "two", "one": folder / "one"}


@pytest.fixture(scope="module")
def replayers(runs: dict[str, Path]) -> dict[str, Replayer]:
    return {name: Replayer(directory) for name, directory in runs.items()}


@pytest.fixture
def copy(runs: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(runs["two"], tmp_path / "copy"))


def typed(*args: object) -> Any:
    return CliRunner().invoke(app, ["replay", *map(str, args)], env={"COLUMNS": "100"})


@pytest.mark.parametrize("name", [pytest.param("two", marks=pytest.mark.slow), "one"])
def test_worst_paths_have_exactly_what_was_recorded(name: str, replayers: dict[str, Replayer]) -> None:
    replayer = replayers[name]
    assert replayer.result is not None
    tails = replayer.result["tails"].to_dataset()
    busy = 0
    for fund in tails["fund"].values[[0, -1]]:
        for rank in (1, 2, 20):
            story = replayer.story(None, rank, str(fund))
            one = tails.sel(rank=rank, fund=fund)
            told = {"path": int(one["path_id"]), "rank": rank, "ranked_by": str(fund), "stands_for": 0, "paths": PATHS}
            assert told.items() <= story.attrs.items()
            for figure in (*FIGURES, *FLAGS):
                assert story["outcome"][figure].sel(fund=fund).item() == one[figure].item(), figure
            assert story.attrs["figures_compared"] >= 8
            busy += float(one["called_usd" if name == "two" else "forced_sales_usd"]) > 0
    assert busy >= 3


def test_stored_paths_have_exactly_what_was_recorded(replayers: dict[str, Replayer]) -> None:
    replayer = replayers["two"]
    assert replayer.result is not None
    paths = replayer.result["paths"].to_dataset()
    calm, busy = (
        int(paths["forced_sales_usd"].sum("fund").values.argmin()),
        int(paths["called_usd"].sum("fund").values.argmax()),
    )
    for path in (0, PATHS - 1, calm, busy):
        story = replayer.story(path)
        for figure in (*FIGURES, *FLAGS):
            ours = story["outcome"][figure].isel(fund=slice(None, -1))
            theirs = paths[figure].sel(path=path)
            np.testing.assert_array_equal(ours.astype(theirs.dtype), theirs)
    assert float(replayer.story(busy)["steps"]["called_usd"].sel(fund="system").sum()) > 0


@pytest.mark.filterwarnings("ignore:Failed to open Zarr store with consolidated metadata")
def test_a_number_that_was_changed_is_seen(copy: Path) -> None:
    tree = stress.open_result(copy).load()
    path = int(tree["tails"]["path_id"].sel(rank=1, fund="system"))
    tree.close()
    tails = tree["tails"].to_dataset()
    tails["called_usd"][0, -1] = np.nextafter(float(tails["called_usd"][0, -1]), np.inf)
    tree["tails"] = xr.DataTree(tails)
    shutil.rmtree(copy / "result.zarr")
    tree.to_zarr(copy / "result.zarr", zarr_format=3, consolidated=False)
    reseal(copy / "result.zarr")
    with pytest.raises(InvariantFailed, match="called_usd of system is"):
        stress.replay(copy, path)
    done = typed(copy, "--path", path)
    assert done.exit_code == 7
    assert "is not the one recorded" in done.stderr


def test_without_a_choice_it_is_the_path_nearest_the_mean_of_the_worst_hundredth(
    runs: dict[str, Path], replayers: dict[str, Replayer]
) -> None:
    replayer = replayers["two"]
    assert replayer.result is not None
    detailed = int(replayer.result["timeline"].attrs["paths"])
    every = replayer.result["paths"].to_dataset()["system_loss"].values
    losses = every[:detailed]
    worst = np.argsort(-losses, kind="stable")[: math.ceil(detailed / 100)]
    courses = np.array(
        [replayer.story(int(path))["steps"]["fund_loss"].sel(fund="system").values for path in worst.tolist()]
    )
    nearest = int(worst[((courses - courses.mean(axis=0)) ** 2).sum(axis=1).argmin()])
    story = stress.replay(runs["two"])
    assert story.attrs["path"] == nearest
    assert nearest != worst[0]
    assert (story.attrs["rank"], story.attrs["stands_for"]) == (0, len(worst))
    text = " ".join(typed(runs["two"]).stdout.split())
    assert (
        f"path {nearest}, of the worst 1 % for the whole system ({len(worst)} detailed paths) the one nearest" in text
    )
    assert stress.replay(runs["two"], worst=1).attrs["path"] == int(np.argmax(every))


def test_an_unfinished_run_has_paths_and_no_worst_ones(copy: Path, replayers: dict[str, Replayer]) -> None:
    shutil.rmtree(copy / "result.zarr")
    with pytest.raises(UnfinishedRun, match="path id"):
        stress.replay(copy)
    assert typed(copy).exit_code == 3
    story, whole = stress.replay(copy, path=17), replayers["two"].story(17)
    for group in whole.children:
        xr.testing.assert_identical(story[group].to_dataset(), whole[group].to_dataset())
    assert story.attrs["figures_compared"] == 0


def test_another_version_is_refused(copy: Path) -> None:
    spec = json.loads((copy / "spec.json").read_text())
    spec["identity"]["jaxlib"] = "0.0.1"
    (copy / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(OtherRun, match=r"jaxlib: 0\.0\.1 there"):
        stress.replay(copy, 1)
    assert typed(copy, "--path", 1).exit_code == 3


def test_what_is_not_there_is_refused_with_what_is(runs: dict[str, Path], tmp_path: Path) -> None:
    for wrong, message in (
        ({"path": PATHS}, f"0 to {PATHS - 1}"),
        ({"path": -1}, f"0 to {PATHS - 1}"),
        ({"worst": 21}, "1 to 20"),
        ({"fund": "tren"}, "did you mean 'trend'"),
        ({"fund": "[red]"}, "one of"),
    ):
        with pytest.raises(ScenarioError, match=message.replace("[", r"\[")):
            stress.replay(runs["two"], **wrong)
    for arguments, code in (
        (("--path", PATHS), 3),
        (("--worst", 21), 3),
        (("--worst", 0), 2),
        (("--fund", "[bold]nobody"), 3),
        (("--path", 1, "--worst", 2), 2),
        (("--path", 1, "--fund", "trend"), 2),
        (("--path", "x"), 2),
        (("--path", 1, "--step", 5), 3),
        (("--step", "first"), 2),
        (("--round", "0"), 2),
        (("--out", tmp_path / "story.xls"), 2),
        (("--overwrite",), 2),
    ):
        done = typed(runs["two"], *arguments)
        assert done.exit_code == code, (arguments, done.output)
        assert "Traceback" not in done.output
    assert typed(tmp_path / "nowhere").exit_code == 2
    assert typed(tmp_path).exit_code == 3


def test_the_command_tells_the_story(runs: dict[str, Path]) -> None:
    done = typed(runs["two"])
    assert done.exit_code == 0, done.output
    story = stress.replay(runs["two"])
    outcome = story["outcome"].to_dataset().sel(fund="system")
    for expected in (
        f"path {story.attrs['path']}, of the worst 1 % for the whole system",
        f"{100 * float(outcome['fund_loss']):.2f} % of start NAV",
        "margin calls",
        "step 4",
        "round 1",
        "the same bit for bit",
    ):
        assert expected in " ".join(done.stdout.split()), expected
    assert max(len(line) for line in done.stdout.splitlines()) <= 100
    one = typed(runs["two"], "--step", 2, "--round", "none", "--top", 1).stdout
    assert "step 2" in one
    assert "step 1" not in one
    assert "round 1" not in one


def test_every_round_is_told_when_asked_for(runs: dict[str, Path]) -> None:
    story = stress.replay(runs["two"], worst=1)
    rounds = story["steps"].to_dataset()["rounds"]
    step, last = int(rounds["step"].values[rounds.values.argmax()]), int(rounds.max())
    assert last > 3, "else nothing is left out"
    assert f"round {last}" in typed(runs["two"], "--worst", 1, "--step", step, "--round", "all").stdout
    assert "smaller round" in typed(runs["two"], "--worst", 1, "--step", step).stdout
    only = typed(runs["two"], "--worst", 1, "--step", step, "--round", 2).stdout
    assert "round 2" in only
    assert "round 1" not in only


def test_json_holds_every_trade(runs: dict[str, Path]) -> None:
    done = typed(runs["two"], "--json")
    document, story = json.loads(done.stdout), stress.replay(runs["two"])
    outcome = story["outcome"].to_dataset()
    for fund, entry in document["outcome"]["funds"].items():
        assert entry["fund_loss"] == float(outcome["fund_loss"].sel(fund=fund))
    assert document["outcome"]["system"]["called_usd"] == float(outcome["called_usd"].sel(fund="system"))
    sold: dict[str, float] = {}
    for step in document["steps"]:
        assert [entry["round"] for entry in step["rounds"]] == list(range(len(step["rounds"])))
        for entry in step["rounds"]:
            for trade in entry["trades"]:
                shed = trade.get("longs_sold_usd", 0.0) + trade.get("shorts_covered_usd", 0.0)
                sold[trade["fund"]] = sold.get(trade["fund"], 0.0) + shed
    assert sold
    for fund, usd in sold.items():
        assert usd == pytest.approx(float(outcome["forced_sales_usd"].sel(fund=fund)), rel=1e-5)


@pytest.mark.parametrize("suffix", [".zarr", ".nc", ".json"])
def test_files_hold_the_story(runs: dict[str, Path], tmp_path: Path, suffix: str) -> None:
    if suffix == ".nc":
        pytest.importorskip("h5netcdf")
    file = tmp_path / "new folder" / f"story{suffix}"
    done = typed(runs["one"], "--fund", "quant", "--out", file)
    assert done.exit_code == 0, done.output
    assert done.stderr == f"wrote {file}\n"
    story = stress.replay(runs["one"], fund="quant")
    assert (story.attrs["rank"], story.attrs["ranked_by"]) == (1, "quant")  # a fund alone: its worst path
    if suffix == ".json":
        assert json.loads(file.read_text())["outcome"]["system"]["fund_loss"] == float(
            story["outcome"].to_dataset()["fund_loss"][-1]
        )
    else:
        with xr.open_datatree(file, engine={".zarr": "zarr", ".nc": "h5netcdf"}[suffix]) as read:
            assert read.attrs["path"] == story.attrs["path"]
            for group in story.children:
                ours, theirs = story[group].to_dataset(), read[group].to_dataset()
                for name, variable in ours.data_vars.items():
                    np.testing.assert_array_equal(variable, theirs[name])
                    assert theirs[name].attrs["long_name"] == variable.attrs["long_name"]
                for dim in ours.dims:
                    assert [str(x) for x in theirs[dim].values] == [str(x) for x in ours[dim].values]
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert typed(runs["one"], "--out", file).exit_code == 2
    assert typed(runs["one"], "--out", file, "--overwrite").exit_code == 0


def test_a_hostile_title_is_text(runs: dict[str, Path], tmp_path: Path) -> None:
    done = typed(runs["one"], "--out", tmp_path / "story.svg")
    assert done.exit_code == 0, done.output
    assert "[red]worst[/]" in done.stdout
    assert "\x1b" not in done.stdout
    picture = (tmp_path / "story.svg").read_text(encoding="utf-8")
    assert "$x_1$ &lt;b&gt;" in picture
    assert "whole system" in picture


@pytest.mark.slow
def test_a_run_without_feedback(tmp_path: Path) -> None:
    stress.run(short_desk("cascade.feedback=false"), **options(2_000), worst=3, out=tmp_path / "run")
    story = stress.replay(tmp_path / "run", worst=3, fund="trend")
    assert story.attrs["figures_compared"] >= 8
    assert not float(story["outcome"]["forced_sales_usd"].sum())
    assert story["rounds"].sizes["round"] == 1
    assert "nobody is forced to sell" in typed(tmp_path / "run").stdout
