"""`levstress show` as a user types it: views, labels, what is refused, and what to type next."""

from __future__ import annotations

import io
import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from collected_example import collected
from stress.cli import app
from stress.cli.demo import _next_commands
from stress.results.dataset.tree import to_datatree
from stress.results.files.store import write_run
from stress.results.terminal.summary_table import summary_table

TREE = to_datatree(collected(paths=2000, stored=False))
VIEWS = ("sales", "timeline", "attribution", "worst", "contributions", "picture")


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, list(args))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("my runs") / "example"
    write_run(TREE, {"scenario": {"name": "example"}}, folder, overwrite=False)
    return folder


def test_the_table_is_as_before_and_stderr_says_where_to_look_next(run: Path) -> None:
    done = invoke("show", str(run))
    assert done.exit_code == 0, done.stderr
    screen = Console(file=io.StringIO(), width=160, color_system=None)
    screen.print(summary_table(TREE))
    assert isinstance(screen.file, io.StringIO)
    assert done.stdout == screen.file.getvalue()
    assert all(f"--{view}" in done.stderr for view in VIEWS)
    command = done.stderr.splitlines()[0].removeprefix("next: ").split("#")[0]
    again = invoke(*shlex.split(command)[1:])
    assert again.exit_code == 0, again.stderr
    assert "Forced flow" in again.stdout


def test_a_new_user_gets_from_the_demo_to_who_sells_semis_on_day_two(run: Path) -> None:
    lines = _next_commands(str(run)).splitlines()
    answers = {}
    for command, why in zip(lines[::2], lines[1::2], strict=True):
        words = shlex.split(command)
        if words[1] == "show":
            done = invoke(*words[1:])
            assert done.exit_code == 0, done.stderr
            answers[why.strip()] = done.stdout
    answer = answers["who sells semis on day 2, and how much"]
    flow = TREE["timeline"]["forced_flow_by_fund_usd"].sel(asset="semis", step=2) / 1e6
    for fund in ("alpha", "mid", "zeta"):
        (row,) = (line.split() for line in answer.splitlines() if f" {fund} " in line)
        assert float(row[row.index(fund) + 1]) == pytest.approx(flow.sel(fund=fund).item(), abs=6e-3)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_also_one_json_document(run: Path, view: str) -> None:
    done = invoke("show", str(run), f"--{view}", "--json")
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout, parse_constant=lambda text: pytest.fail(f"{text} is no JSON"))
    assert document["view"] == view
    assert document["directory"] == str(run)
    assert document["paths"] == 2000
    detailed = view in ("sales", "timeline", "attribution", "contributions")
    assert document.get("detail_paths") == (1000 if detailed else None)
    assert document["rows"]
    assert all(isinstance(row["value"], float | None) for row in document["rows"])
    assert {"group", "variable", "units"} <= set(document["rows"][0])


def test_json_rows_are_the_numbers_of_their_labels(run: Path) -> None:
    call = ("show", str(run), "--sales", "--asset", "semis", "--fund", "zeta", "--day", "3", "--json")
    (row,) = json.loads(invoke(*call).stdout)["rows"]
    at = {"step": 3, "fund": "zeta", "asset": "semis"}
    assert {name: row[name] for name in at} == at
    assert row["value"] == TREE["timeline"]["forced_flow_by_fund_usd"].sel(at).item()
    assert row["se"] == TREE["timeline"]["forced_flow_by_fund_usd_se"].sel(at).item()
    assert row["units"] == "USD"


def test_what_was_meant_is_said(run: Path) -> None:
    part = invoke("show", str(run), "--sales", "--asset", "SEM", "--fund", "ze")
    assert part.exit_code == 0
    assert part.stderr == "SEM: semis\nze: zeta\n"
    assert "semis" in part.stdout
    assert "bonds" not in part.stdout
    whole = invoke("show", str(run), "--sales", "--asset", "semis")
    assert whole.stderr == ""
    rates = invoke("show", str(run), "--sales", "--asset-class", "rates", "--step", "1")
    assert rates.stderr == "rates: bonds\n"
    assert "semis" not in rates.stdout
    system = invoke("show", str(run), "--timeline", "--fund", "system")
    assert "whole system" in system.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--sales", "--asset", "gold"), "one of: semis, bonds"),
        (("--sales", "--asset-class", "equities"), "did you mean 'equity'? one of: equity, rates"),
        (("--sales", "--fund", "beta"), "one of: zeta, alpha, mid, system"),
        (("--sales", "--step", "5"), "allowed: 1 to 4"),
        (("--sales", "--day", "5"), "allowed: 1 to 4"),
        (("--timeline", "--fund", "a"), "one of: zeta, alpha"),
        (("--attribution", "--slice", "worst"), "all, worst_5pct, worst_1pct, worst_0.1pct"),
        (("--contributions", "--level", "0.5"), "0.95, 0.99, 0.999"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(run: Path, args: tuple[str, ...], said: str) -> None:
    done = invoke("show", str(run), *args)
    assert done.exit_code == 3
    assert said in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--sales", "--worst"), "one view at a time: --sales, --worst"),
        (("--asset", "semis"), "--asset belongs to --sales"),
        (("--worst", "--slice", "all"), "--slice belongs to --sales, --attribution"),
        (("--worst", "--by", "height"), "'height' is not one of loss, trough"),
        (("--sales", "--by", "trough"), "--by belongs to --exposure, --worst"),
        (("--sales", "--step", "1", "--day", "1"), "--step or --day"),
        (("--sales", "--step", "0"), "0"),
        (("--timeline", "--asset", "semis", "--fund", "mid"), "one fund or of one asset"),
        (("--contributions", "--level", "many"), "many"),
        (("--overwrite",), "--overwrite needs --export"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(run: Path, args: tuple[str, ...], said: str) -> None:
    done = invoke("show", str(run), *args)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())
    assert done.stdout == ""


def test_worst_paths_can_be_ranked_by_trough(run: Path) -> None:
    done = invoke("show", str(run), "--worst", "--by", "trough", "--json")
    assert done.exit_code == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert {row["group"] for row in rows} == {"tails_by_trough"}
    ids = [row["path_id"] for row in rows if row["variable"] == "trough"]
    assert ids == np.asarray(TREE["tails_by_trough"]["path_id"].sel(fund="system")).tolist()


def test_a_view_is_judged_by_limits_too(run: Path) -> None:
    done = invoke("show", str(run), "--worst", "--fail-on", "es(system, 0.99) > 0", "--json")
    assert done.exit_code == 6
    assert json.loads(done.stdout)["limits"][0]["breached"] is True
