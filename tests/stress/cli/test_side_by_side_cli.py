"""`levstress compare` of three runs: what it prints, writes and refuses; of two nothing has changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import stress
from compared_example import SPEC, A, B
from stress.cli import app
from stress.results.files.store import write_run


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, list(args), env={"COLUMNS": "80"})


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("runs")
    found = []
    for name, tree, options in (("a", A, {}), ("b", B, {"seed": 8, "paths": 3000}), ("c", A, {})):
        write_run(tree, {**SPEC, "options": {**SPEC["options"], **options}}, folder / name, overwrite=False)
        found.append(str(folder / name))
    return found


def test_three_runs_stand_beside_each_other(runs: list[str], tmp_path: Path) -> None:
    figure, page, table = (tmp_path / name for name in ("es.png", "page.html", "all.csv"))
    found = invoke(
        "compare", *runs, "--figure", str(figure), "--report", str(page), "--export", str(table), "--level", "99 %"
    )
    assert found.exit_code == 0, found.output
    assert f"C: {runs[2]} (identical to A)" in found.output.replace("\n", "")
    assert "seed" in found.output
    assert figure.read_bytes()[:4] == b"\x89PNG"
    assert "Runs side by side" in page.read_text(encoding="utf-8")
    assert table.read_text(encoding="utf-8").startswith("group,variable,run,fund,level,value,se,difference")
    again = invoke("compare", *runs, "--figure", str(figure))
    assert again.exit_code != 0
    assert "--overwrite" in again.output


def test_json_and_python_have_all_of_it(runs: list[str]) -> None:
    document = json.loads(invoke("compare", *runs, "--json").stdout)
    assert [run["run"] for run in document["runs"]] == runs
    values = {one["key"]: one["values"] for one in document["settings"]}
    assert values == {"paths": [2000, 3000, 2000], "seed": [7, 8, 7]}
    numbers = stress.compare(*runs)
    assert list(numbers["run"].values) == runs
    assert numbers["es_difference"].sel(run=runs[2]).fillna(0).max() == 0
    assert "run" not in stress.compare(*runs[:2]).dims


def test_what_is_refused(runs: list[str], tmp_path: Path) -> None:
    assert invoke("compare", *runs[:2], "--report", str(tmp_path / "x.html")).exit_code == 2
    assert invoke("compare", *runs, "--report", str(tmp_path / "x.pdf")).exit_code == 2
    refused = invoke("compare", *runs, "--level", "0.5")
    assert refused.exit_code == 3
    assert "no run has it" in refused.output
