"""Exports: every number comes back bit for bit with its labels, and nothing half-written is ever there."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

from checkout import ROOT
from collected_example import collected
from stress.cli import app
from stress.results.dataset.compared import compared
from stress.results.dataset.tree import to_datatree
from stress.results.files import export as exporting
from stress.results.files.export import _csv, export
from stress.results.files.long_table import DIFFERENCE, long_table
from stress.results.files.store import write_run
from stress.scenarios.errors import ScenarioError

pa = pytest.importorskip("pyarrow")
pytest.importorskip("h5netcdf")

Row = dict[str, Any]
TREE = to_datatree(collected(seed=7, paths=2000, stored=False))
OTHER = to_datatree(collected(seed=8, paths=3000, stored=False))
GROUPS = {str(name): part.to_dataset() for name, part in TREE.children.items() if name != "distribution"}
PARTS = ("value", "se", "ci_low", "ci_high")
NUMBERS = {*PARTS, *DIFFERENCE.values(), "level", "quantile"}
QUANTILES = {
    f"{name}{end}" for name in ("var", "var_static", "broker_loss_var") for end in ("", "_se", "_ci_low", "_ci_high")
}
WHOLE = {"step", "rank", "path_id", "checkpoint"}


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, list(args))


def read_csv(path: Path) -> list[Row]:
    """Rows without their empty cells; numbers as Python reads them."""

    def parsed(name: str, text: str) -> Any:
        return float(text) if name in NUMBERS else int(text) if name in WHOLE else text

    with path.open(encoding="utf-8", newline="") as file:
        return [{name: parsed(name, text) for name, text in row.items() if text} for row in csv.DictReader(file)]


def read_parquet(path: Path) -> list[Row]:
    import pyarrow.parquet as pq

    return [{name: x for name, x in row.items() if x is not None} for row in pq.read_table(path).to_pylist()]


def read_json(path: Path) -> list[Row]:
    rows: list[Row] = json.loads(path.read_text(encoding="utf-8"))
    return rows


READERS: dict[str, Callable[[Path], list[Row]]] = {"csv": read_csv, "parquet": read_parquet, "json": read_json}


class Numbers:
    """The numbers of a dataset by the labels of a row."""

    def __init__(self, dataset: xr.Dataset) -> None:
        self.values = {str(name): (x.dims, x.values) for name, x in dataset.data_vars.items()}
        self.places = {dim: {x: i for i, x in enumerate(dataset[dim].values.tolist())} for dim in dataset.dims}

    def __call__(self, row: Row, ending: str = "") -> float:
        name = row["variable"] + ending
        if row.get("fund") == "system" and "system" not in self.places.get("fund", {}):
            name = f"system_{name}"
        dims, values = self.values[name]
        return float(values[tuple(self.places[dim][row[str(dim)]] for dim in dims)])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "a"
    write_run(TREE, {"scenario": {"name": "example"}}, folder, overwrite=False)
    return folder


@pytest.mark.parametrize("suffix", READERS)
def test_every_number_comes_back_bit_for_bit(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"all.{suffix}"
    export(GROUPS, TREE.attrs, path)
    rows = READERS[suffix](path)
    held = {name: Numbers(dataset) for name, dataset in GROUPS.items()}
    found = 0
    for row in rows:
        for part, ending in zip(PARTS, ("", "_se", "_ci_low", "_ci_high"), strict=True):
            if row.get(part) is not None:
                wanted = held[row["group"]](row, ending)
                assert row[part] == wanted or (np.isnan(row[part]) and np.isnan(wanted)), row
                found += 1
    numbers = [x for part in GROUPS.values() for name, x in part.data_vars.items() if name != "path_id"]
    lost = sum(int((~np.isfinite(x)).sum()) for x in numbers) if suffix == "json" else 0
    means = [
        x.sel(level=0)
        for x in numbers
        if "level" in x.dims and 0 in x["level"] and str(x.name).removeprefix("system_") in QUANTILES
    ]
    assert len(means) == 16
    assert all(bool(x.isnull().all()) for x in means)
    no_rows = sum(x.size for x in means) if suffix != "json" else 0
    assert found == sum(x.size for x in numbers) - lost - no_rows  # none is missing and none is there twice
    assert not [row for row in rows if row["variable"] in QUANTILES and row["level"] == 0]
    ids = {row["path_id"] for row in rows if row["group"] == "tails"}
    assert ids == set(GROUPS["tails"]["path_id"].values.ravel().tolist())
    assert min(ids) > 2**63


def test_units_and_the_system_have_their_rows() -> None:
    columns = long_table({"summary": GROUPS["summary"]})
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    es = [row for row in rows if row["variable"] == "es" and row["level"] == 0.99]
    assert [row["fund"] for row in es] == ["zeta", "alpha", "mid", "system"]
    assert not any(row["variable"].startswith("system_") for row in rows)
    (system,) = (row for row in es if row["fund"] == "system")
    assert system["value"] == GROUPS["summary"]["system_es"].sel(level=0.99).item()
    assert system["ci_high"] == GROUPS["summary"]["system_es_ci_high"].sel(level=0.99).item()
    units = {row["units"] for row in rows if row["variable"] == "expected_called_usd"}
    assert units == {"USD"}


def test_netcdf_holds_the_groups_with_labels_units_and_attributes(tmp_path: Path) -> None:
    path = tmp_path / "all.nc"
    export(GROUPS, TREE.attrs, path)
    back = xr.open_datatree(path, engine="h5netcdf")
    try:
        assert set(back.children) == set(GROUPS)
        assert back.attrs["title"] == TREE.attrs["title"]
        for name, dataset in GROUPS.items():
            for key, variable in dataset.variables.items():
                found = back[name].to_dataset()[key]
                np.testing.assert_array_equal(found.values, variable.values)
                assert found.attrs["units"] == variable.attrs["units"]
                if variable.dtype.kind in "fiub":
                    assert found.dtype == variable.dtype
    finally:
        back.close()


def test_a_view_is_exported_as_shown_and_the_default_is_the_summary(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    done = invoke("show", str(run), "--sales", "--asset", "semis", "--step", "2", "--export", str(path))
    assert done.exit_code == 0, done.stderr
    assert f"wrote {path}" in done.stderr
    assert "Forced flow" in done.stdout
    rows = read_csv(path)
    assert {row["fund"] for row in rows} == {"zeta", "alpha", "mid", "system"}
    assert {(row["asset"], row["step"]) for row in rows} == {("semis", 2)}
    assert all(row["value"] == Numbers(GROUPS["timeline"])(row) for row in rows)
    everything = tmp_path / "all.parquet"
    assert invoke("show", str(run), "--export", str(everything), "--json").exit_code == 0
    assert {row["group"] for row in read_parquet(everything)} == set(GROUPS)


def test_what_two_runs_differ_in_comes_back_bit_for_bit(run: Path, tmp_path: Path) -> None:
    write_run(OTHER, {"scenario": {"name": "example"}}, tmp_path / "b", overwrite=False)
    numbers = compared(TREE, OTHER)
    held = Numbers(numbers)
    for suffix, read in READERS.items():
        path = tmp_path / f"compared.{suffix}"
        done = invoke("compare", str(run), str(tmp_path / "b"), "--level", "0.99", "--export", str(path))
        assert done.exit_code == 0, done.stderr
        rows = read(path)
        assert {row.get("level") for row in rows} == {None, 0.99}
        for row in rows:
            for ending, part in DIFFERENCE.items():
                if row.get(part) is not None:
                    wanted = held(row, ending)
                    assert row[part] == wanted or (np.isnan(row[part]) and np.isnan(wanted))
    netcdf = tmp_path / "compared.nc"
    assert invoke("compare", str(run), str(tmp_path / "b"), "--export", str(netcdf)).exit_code == 0
    with xr.open_dataset(netcdf, group="compared", engine="h5netcdf") as back:
        np.testing.assert_array_equal(back["es_difference"].values, numbers["es_difference"].values)


def test_a_file_that_is_there_is_replaced_only_on_request(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("mine")
    call = ("show", str(run), "--export", str(path))
    refused = invoke(*call)
    assert refused.exit_code == 2
    assert "--overwrite replaces it" in refused.stderr
    assert refused.stdout == ""
    assert path.read_text() == "mine"
    assert invoke(*call, "--overwrite").exit_code == 0
    assert path.read_text().startswith("group,variable,")


def test_nothing_half_written_is_left(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "x.csv"

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    done = invoke("show", str(run), "--export", str(path))
    assert done.exit_code == 5
    assert "disk is full" in done.stderr
    assert list(path.parent.iterdir()) == []
    monkeypatch.undo()
    before = os.umask(0o027)
    try:
        assert invoke("show", str(run), "--export", str(path)).exit_code == 0
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640  # as the user's other files


@pytest.mark.parametrize(("name", "module"), [("x.nc", "h5netcdf"), ("x.parquet", "pyarrow")])
def test_a_missing_library_is_named_with_how_to_get_it(
    name: str, module: str, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "find_spec", lambda wanted: None if wanted == module else object())
    done = invoke("show", str(run), "--export", str(tmp_path / name))
    assert done.exit_code == 2
    assert f"needs {module}: pip install 'levstress[export]'" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_other_endings_and_places_are_refused(run: Path, tmp_path: Path) -> None:
    done = invoke("show", str(run), "--export", str(tmp_path / "x.xlsx"))
    assert done.exit_code == 2
    assert ".csv, .json, .nc, .parquet" in " ".join(done.stderr.split())
    assert invoke("show", str(run), "--export", str(run / "spec.json" / "x.csv")).exit_code == 2
    assert invoke("compare", str(run), str(run), "--overwrite").exit_code == 2


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_label_that_a_spreadsheet_would_compute_is_refused_in_csv_only(label: str, tmp_path: Path) -> None:
    names = {"zeta": label}
    summary = GROUPS["summary"]
    fund = [names.get(name, name) for name in summary["fund"].values]
    hostile = {"summary": summary.assign_coords(fund=fund)}
    with pytest.raises(ScenarioError, match="begins like a formula") as raised:
        export(hostile, {}, tmp_path / "x.csv")
    assert raised.value.value == label
    assert not (tmp_path / "x.csv").exists()
    export(hostile, {}, tmp_path / "x.parquet")
    assert label in {row.get("fund") for row in read_parquet(tmp_path / "x.parquet")}


def test_a_fund_called_na_stays_one_as_the_documents_read_it() -> None:
    table = long_table({"summary": xr.Dataset({"es": ("fund", [0.1, np.nan])}, {"fund": ["NA", "b"]})})
    text = _csv(table, "x.csv").decode()
    assert pd.read_csv(io.StringIO(text))["fund"].isna().any(), "what pandas does by itself"
    read = pd.read_csv(io.StringIO(text), keep_default_na=False, na_values=["", "nan"])
    assert read["fund"].tolist() == ["NA", "b"]
    assert read["value"].isna().tolist() == [False, True]
    assert 'keep_default_na=False, na_values=["", "nan"]' in (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
