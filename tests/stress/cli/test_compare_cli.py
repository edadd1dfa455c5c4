"""`levstress compare`, and the same from Python: what it prints, and what cannot be compared."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from typer.testing import CliRunner

import stress
from compared_example import SPEC, A, B, without
from reseal import say_spec
from stress.cli import app
from stress.results.dataset.compared import compared
from stress.results.files.store import write_run


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, list(args))


def copy_of(run: Path, to: Path, spec: str) -> Path:
    """The run directory again, with another spec."""
    shutil.copytree(run, to)
    (to / "spec.json").write_text(spec, encoding="utf-8")
    say_spec(to / "result.zarr", spec)
    return to


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("runs")
    write_run(A, SPEC, folder / "a", overwrite=False)
    other = {**SPEC, "options": {**SPEC["options"], "seed": 8, "paths": 3000}}
    write_run(B, other, folder / "b", overwrite=False)
    return folder / "a", folder / "b"


def test_python_returns_the_numbers(runs: tuple[Path, Path]) -> None:
    numbers = stress.compare(*map(str, runs))
    assert isinstance(numbers, xr.Dataset)
    xr.testing.assert_identical(numbers.drop_attrs(deep=False), compared(A, B).drop_attrs(deep=False))
    changed = {(entry["key"], entry["a"], entry["b"]) for entry in json.loads(numbers.attrs["settings_different"])}
    assert changed == {("seed", 7, 8), ("paths", 2000, 3000)}
    assert numbers.attrs["settings_equal"] == 11
    assert stress.compare is stress.compare
    assert callable(stress.compare)


def test_the_command_prints_settings_then_numbers(runs: tuple[Path, Path]) -> None:
    a, b = runs
    result = invoke("compare", str(a), str(b), "--level", "99 %")
    assert result.exit_code == 0, result.stderr
    text = result.stdout
    assert text.index("Settings that differ") < text.index("11 other settings are the same") < text.index("Numbers")
    rows = [line.split() for line in text.splitlines()]
    assert ["options", "paths", "2000", "3000"] in rows
    assert "ES 99 %" in text
    assert "ES 95 %" not in text
    assert "independent" in text
    assert "\x1b" not in text
    every = invoke("compare", str(a), str(b)).stdout
    assert all(f"ES {level} %" in every for level in ("95", "99", "99.9"))


def test_the_command_prints_one_json_document(runs: tuple[Path, Path]) -> None:
    a, b = runs
    document = json.loads(invoke("compare", str(a), str(b), "--json").stdout)
    assert document["identical"] is False
    assert document["settings"]["equal"] == 11
    assert document["settings"]["different"][0] == {"section": "options", "key": "paths", "a": 2000, "b": 3000}
    assert document["levels"] == [0.0, 0.95, 0.99, 0.999]
    assert json.loads(invoke("compare", str(a), str(b), "--json", "--level", "0.99").stdout)["levels"] == [0.99]


def test_identical_runs_and_identical_numbers_are_said_to_be(runs: tuple[Path, Path], tmp_path: Path) -> None:
    a, b = runs
    same = invoke("compare", str(a), str(a))
    assert same.exit_code == 0
    assert "The runs are identical: 13 settings and every number of the summary." in same.stdout
    assert json.loads(invoke("compare", str(a), str(a), "--json").stdout)["identical"] is True
    other = copy_of(a, tmp_path / "c", json.dumps({**SPEC, "versions": {"jax": "0.11"}}))
    numbers = invoke("compare", str(a), str(other)).stdout
    assert "jax" in numbers
    assert "Every number of the summary is the same." in numbers
    settings = invoke("compare", str(a), str(copy_of(b, tmp_path / "d", json.dumps(SPEC)))).stdout
    assert "All 13 settings are the same." in settings
    assert "whole system" in settings


def test_colour_only_where_it_is_welcome(runs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stress.cli.console.is_watched", lambda stream: not os.environ.get("NO_COLOR"))
    monkeypatch.setenv("TERM", "xterm")
    call = ("compare", *map(str, runs), "--level", "0.99")
    assert "\x1b[1m" in invoke(*call).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in invoke(*call).stdout


def test_what_cannot_be_compared_ends_with_its_code(runs: tuple[Path, Path], tmp_path: Path) -> None:
    a, b = runs
    empty = tmp_path / "empty"
    empty.mkdir()
    for call in ((a, empty), (empty, a)):
        result = invoke("compare", *map(str, call))
        assert result.exit_code == 3
        assert f"{empty} holds no result.zarr" in result.stderr
        assert result.stdout == ""
    broken = copy_of(a, tmp_path / "c", "{")
    for text, said in (("{", "is no JSON"), ("[]", "spec.json"), (None, "holds no spec.json")):
        spec = broken / "spec.json"
        spec.unlink() if text is None else spec.write_text(text, encoding="utf-8")
        result = invoke("compare", str(a), str(broken))
        assert result.exit_code == 3
        assert said in result.stderr
    unknown = invoke("compare", str(a), str(b), "--level", "0.5")
    assert unknown.exit_code == 3
    assert "neither run has it" in unknown.stderr
    assert "0.95, 0.99, 0.999" in unknown.stderr
    assert invoke("compare", str(a), str(b), "--level", "99").exit_code == 2
    assert invoke("compare", str(a)).exit_code == 2
    for no_directory in (tmp_path / "nowhere", a / "spec.json"):
        result = invoke("compare", str(a), str(no_directory))
        assert result.exit_code == 2
        assert f"{no_directory} is no directory" in result.stderr.replace("\n", "")
    write_run(without(B, level=[0.999]), SPEC, tmp_path / "less", overwrite=False)
    alone = invoke("compare", str(a), str(tmp_path / "less"), "--level", "0.999")
    assert alone.exit_code == 3
    assert f"only {a} has it" in alone.stderr


def test_settings_that_json_cannot_hold_are_compared_as_texts(runs: tuple[Path, Path], tmp_path: Path) -> None:
    spec = '{"options": {"x": NaN, "y": Infinity}}'
    first, second = (str(copy_of(runs[0], tmp_path / name, spec)) for name in "ab")
    assert json.loads(invoke("compare", first, second, "--json").stdout)["identical"] is True


def test_settings_of_single_assets_are_listed_last(runs: tuple[Path, Path], tmp_path: Path) -> None:
    spec = json.loads(json.dumps(SPEC))
    spec["scenario"] = {**spec.get("scenario", {}), "assets": [{"id": f"a{n}", "vol": 0.2} for n in range(70)]}
    spec["scenario"]["shocks"] = {"scale": 0.5}
    other = copy_of(runs[1], tmp_path / "other", json.dumps(spec))
    text = invoke("compare", str(runs[0]), str(other)).stdout
    assert "more settings differ" in text
    assert text.index("shocks.scale") < text.index("assets.")
