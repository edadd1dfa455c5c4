"""The command line as a user types it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xarray as xr
from typer.testing import CliRunner

from checkout import ROOT
from library_scenarios import large_ones_slow
from stress.cli import app
from stress.engine.devices import available_cores
from stress.scenarios.library import library_path, list_names

LEVSTRESS = str(Path(sys.executable).with_name("levstress"))
LIBRARY = list_names()
PATHS = "2048"


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, list(args))


def typed(*args: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with pipes for stdout and stderr."""
    environ = {**os.environ, **environment}
    return subprocess.run([LEVSTRESS, *args], cwd=cwd, capture_output=True, text=True, check=False, env=environ)


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A folder in which `run desk --json` was typed, and what that printed."""
    folder = tmp_path_factory.mktemp("typed")
    return folder, typed("run", "desk", "--paths", PATHS, "--seed", "3", "--json", cwd=folder)


def test_run_prints_one_json_document_and_progress_apart(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = finished
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["directory"] == f"runs/desk-3-{PATHS}"
    assert printed["paths"] == int(PATHS)
    assert printed["seed"] == 3
    said = [line.partition(":")[0] for line in done.stderr.splitlines()]
    waited = [phase for phase in said if not phase.startswith(("compiling", "preparing"))]  # unless programs are kept
    assert waited[:4] == ["loading programs", "paths", "timeline and attribution", "writing the result"]
    assert "\x1b" not in done.stderr
    tree = xr.open_datatree(folder / printed["directory"] / "result.zarr", engine="zarr")
    assert set(printed["funds"]) == {str(name) for name in tree["summary"].to_dataset()["fund"].values}


def test_show_repeats_what_run_printed(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = finished
    directory = folder / "runs" / f"desk-3-{PATHS}"
    again = invoke("show", str(directory), "--json")
    assert again.exit_code == 0
    assert {**json.loads(again.stdout), "directory": ""} == {**json.loads(done.stdout), "directory": ""}
    table = invoke("show", str(directory))
    assert table.exit_code == 0
    assert "market_neutral" in table.stdout
    assert "whole system" in table.stdout


def test_a_run_is_replaced_only_on_request(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = finished
    directory = folder / "runs" / f"desk-3-{PATHS}"
    before = files_in(directory)
    call = ("run", "desk", "--paths", PATHS, "--seed", "4", "--out", str(directory))
    refused = invoke(*call)
    assert refused.exit_code == 2
    assert "--overwrite" in refused.stderr
    assert files_in(directory) == before
    done = invoke(*call, "--overwrite", "--quiet", "--worst", "5")
    assert done.exit_code == 0, done.stderr
    assert done.stderr == ""
    assert "whole system" in done.stdout
    tree = xr.open_datatree(directory / "result.zarr", engine="zarr")
    assert tree.attrs["seed"] == 4
    assert tree["tails"].sizes["rank"] == 5
    spec = json.loads((directory / "spec.json").read_text(encoding="utf-8"))
    assert spec["options"]["seed"] == 4
    assert spec["options"]["block_size"] is None
    why = {"device_why": "no GPU that JAX can use"}
    assert spec["resolved"] == {name: tree.attrs[name] for name in ("device", "block_size", "tile")} | why
    assert spec["resolved"]["block_size"] % spec["resolved"]["tile"] == 0


def test_a_dry_run_writes_nothing_and_uses_every_core(tmp_path: Path) -> None:
    call = ("run", "desk", "--dry-run", "--device", "cpu", "--block-size", PATHS)
    done = typed(*call, "--json", "--paths", "1_000_000", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert plan["paths"] == 1_000_000
    assert plan["blocks"] * plan["block_size"] >= plan["paths"] > (plan["blocks"] - 1) * plan["block_size"]
    assert plan["device"] == f"cpu x {available_cores()}"
    assert plan["memory_bytes"] > 0
    assert 0 < plan["estimated_seconds"] < 3600
    assert list(tmp_path.iterdir()) == []
    text = invoke(*call, "--paths", "1e6")
    assert text.exit_code == 0
    assert "1,000,000 in " in text.stdout
    assert "about " in text.stdout


def test_a_device_that_is_not_there_ends_with_4(tmp_path: Path) -> None:
    done = typed("run", "desk", "--device", "gpu", cwd=tmp_path, JAX_PLATFORMS="cpu")
    assert done.returncode == 4
    assert "GPU" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_too_little_memory_ends_with_5_before_the_run(tmp_path: Path) -> None:
    done = typed("run", "desk", "--max-memory", "1 MB", cwd=tmp_path)
    assert done.returncode == 5
    assert "memory" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (["run", "desk", "--paths", "0"], "--paths"),
        (["run", "desk", "--paths", "many"], "--paths"),
        (["run", "desk", "--device", "tpu"], "--device"),
        (["run", "desk", "--worst", "1e6"], "worst"),
        (["run", "desk", "--max-memory", "8 XB"], "--max-memory"),
        (["run", "desk", "--block-size", "0"], "--block-size"),
        (["run", "desk", "--resume"], "--resume"),
        (["run"], "SCENARIO"),
        (["show", "no-such-directory"], "no-such-directory"),
        (["sweep"], "sweep"),
    ],
)
def test_wrong_usage_ends_with_2_and_names_it(args: list[str], named: str) -> None:
    result = invoke(*args)
    assert result.exit_code == 2
    assert named in result.stderr
    assert "Value error" not in result.stderr
    assert result.stdout == ""


def test_an_unknown_scenario_suggests_close_names() -> None:
    for call in (["run", "tarif-2025"], ["check", "tarif-2025"], ["scenarios", "show", "tarif-2025"]):
        result = invoke(*call)
        assert result.exit_code == 3
        assert "did you mean 'tariff-2025'?" in result.stderr
        assert result.stdout == ""


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("impact.coeficient=1", "coeficient"),
        ("horizon.steps=-1", "horizon.steps"),
        ("shocks.dof=two", "shocks.dof"),
        ("funds.trend.gross=99", "trend"),
        ("funds.nobody.gross=2", "nobody"),
        ("nonsense", "nonsense"),
    ],
)
def test_an_invalid_value_ends_with_3_and_names_its_key(override: str, key: str) -> None:
    for command in ("check", "run"):
        result = invoke(command, "desk", "--set", override)
        assert result.exit_code == 3
        assert key in result.stderr
        assert result.stdout == ""


def test_a_directory_without_a_result_ends_with_3(tmp_path: Path) -> None:
    result = invoke("show", str(tmp_path))
    assert result.exit_code == 3
    assert "did not finish" in result.stderr


def test_check_prints_the_start_table() -> None:
    document = json.loads(invoke("check", "desk", "--json", "--paths", "0").stdout)
    funds = {entry["fund"]: entry for entry in document["funds"]}
    written = tomllib.loads(library_path("desk").read_text(encoding="utf-8"))
    assert list(funds) == [fund["id"] for fund in written["funds"]]
    assert list(funds) != sorted(funds)
    assert len(funds) == 8
    assert document["valid"] is True
    assert funds["market_neutral"]["gross"] == pytest.approx(10.79)
    for entry in funds.values():
        assert 0 < entry["requirement_over_equity"] < 1
        assert 0 < entry["fall_to_first_call"] < 1
    text = invoke("check", "desk", "--paths", "0")
    assert "haircuts" not in document
    assert "haircuts" not in text.stdout
    assert text.exit_code == 0
    assert sorted(funds, key=lambda name: text.stdout.index(f"│ {name} ")) == list(funds)
    assert f"{funds['trend']['fall_to_first_call']:.1%}" in text.stdout
    assert "is valid" in text.stderr


def test_check_shows_the_liquidity_tiers() -> None:
    tiers = json.loads(invoke("check", "tariff-2025", "--json", "--paths", "0").stdout)["liquidity_tiers"]
    days = [list(tier["days_at_cap"].values()) for tier in tiers]
    assert [tier["tier"] for tier in tiers] == list(range(1, len(tiers) + 1))
    assert len(tiers) > 1
    assert all(thin[-1] > liquid[0] for thin, liquid in pairwise(days))
    assert all(found == sorted(found, reverse=True) for found in days)
    assert list(tiers[0]["days_at_cap"]) == ["hy_credit"]
    text = invoke("check", "tariff-2025", "--paths", "0")
    assert "liquidity tiers of every book" in text.stdout
    assert tiers[0]["alone"] in text.stderr
    assert json.loads(invoke("check", "desk", "--json", "--paths", "0").stdout)["liquidity_tiers"] == []


def test_set_changes_what_check_sees() -> None:
    before, after = (
        {
            entry["fund"]: entry
            for entry in json.loads(invoke("check", "desk", "--json", "--paths", "0", *more).stdout)["funds"]
        }
        for more in ([], ["--set", "funds.trend.gross=3", "--set", "funds.macro.nav=60 bn USD"])
    )
    assert after["trend"]["gross"] == pytest.approx(3)
    assert after["trend"]["fall_to_first_call"] > before["trend"]["fall_to_first_call"]
    assert after["macro"]["nav_usd"] == pytest.approx(60e9)
    assert after["credit"] == before["credit"]


def test_schema_is_a_json_schema_that_the_library_meets() -> None:
    result = invoke("schema")
    assert result.exit_code == 0
    schema = json.loads(result.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    document = tomllib.loads(invoke("scenarios", "show", "desk").stdout)
    jsonschema.validate(document, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "horizonn": {}}, schema)


def test_the_library_is_listed() -> None:
    entries = json.loads(invoke("scenarios", "list", "--json").stdout)
    assert [entry["name"] for entry in entries] == LIBRARY
    assert {"ai-unwind-2026", "calm", "desk", "desk-calm", "tariff-2025"} <= set(LIBRARY)
    assert all(entry["title"] and entry["description"] for entry in entries)
    assert [line.split()[0] for line in invoke("scenarios", "list").stdout.splitlines()] == LIBRARY


@pytest.mark.parametrize("name", large_ones_slow(LIBRARY))
def test_a_copy_is_complete_and_never_replaces(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    done = invoke("scenarios", "copy", name, str(folder))
    assert done.exit_code == 0
    assert [Path(line) for line in done.stdout.split()] == [folder / Path(line).name for line in done.stdout.split()]
    targets, few = (str(folder / f"{name}.toml"), name), ("--paths", "500")
    checked, original = (invoke("check", target, *few, "--json") for target in targets)
    documents = [json.loads(done.stdout) for done in (checked, original)]
    assert [document.pop("origin")["library"] for document in documents] == [False, True]
    assert documents[0] == documents[1]
    before = files_in(folder)
    again = invoke("scenarios", "copy", name, str(folder))
    assert again.exit_code == 2
    assert f"{name}.toml exists already" in again.stderr
    assert files_in(folder) == before
    nowhere = invoke("scenarios", "copy", name, str(folder / f"{name}.toml" / "x"))
    assert nowhere.exit_code == 2
    assert "a file is in the way" in nowhere.stderr


def test_the_scenario_of_the_readme_runs(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    file = tmp_path / "two-funds.toml"
    file.write_text(example, encoding="utf-8")
    done = invoke("run", str(file), "--paths", PATHS, "--out", str(tmp_path / "out"), "--json", "--quiet")
    assert done.exit_code == 0, done.stderr
    funds = json.loads(done.stdout)["funds"]
    assert funds["long_short"]["prob_margin_call"] > 0
    assert funds["long_only"]["expected_forced_sales_usd"] == 0


def test_demo_shows_table_picture_and_what_is_next(tmp_path: Path) -> None:
    done = typed("demo", "--paths", PATHS, "--out", "april", cwd=tmp_path, COLUMNS="110")
    assert done.returncode == 0, done.stderr
    assert "whole system" in done.stdout
    assert "Loss distributions" in done.stdout
    assert (tmp_path / "april" / "losses.png").read_bytes().startswith(b"\x89PNG")
    assert "levstress show april" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
