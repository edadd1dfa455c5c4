"""`levstress backtest` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

from simulated_returns import simulated_t
from stress.cli import app

QUICK = ("--prices", "prices.csv", "--model", "gaussian", "--model", "bootstrap", "--window", "150", "--draws", "200")


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, list(args))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    moves = simulated_t(420, 2, 5.0, 0.4, 1)
    index = pd.bdate_range("2023-01-02", periods=420, name="date")
    pd.DataFrame(100 * np.exp(np.cumsum(moves, axis=0)), index, ["AAA", "BBB"]).to_csv("prices.csv")
    Path("positions.csv").write_text("fund,asset,usd\nx,AAA,2e6\nx,BBB,-1e6\ny,BBB,3e6\n")
    Path("proxies.csv").write_text("name,proxy,loading\nBBB,AAA,0.9\n")
    return tmp_path


@pytest.mark.usefixtures("files")
def test_tables_datasets_and_a_picture() -> None:
    names = ("b.zarr", "b.nc", "b.png")
    outs = [word for name in names for word in ("--out", name)]
    result = invoke("backtest", "positions.csv", *QUICK, "--mapping", "proxies.csv", *outs)
    assert result.exit_code == 0, result.stderr
    for text in ("One day, system: 269 forecasts", "10 days, not overlapping, system: 26 forecasts", "gaussian", "Z2"):
        assert text in result.stdout
    for text in ("losses above VaR 99 %, 2.7 expected", "generalised Pareto", "P&L attribution of the mapping"):
        assert text in " ".join(result.stdout.split())  # a title over a narrow table takes two lines
    assert Path("b.png").read_bytes().startswith(b"\x89PNG")
    tree = xr.open_datatree("b.zarr", engine="zarr")
    assert set(tree.children) == {"days_1", "days_10", "tail", "attribution"}
    assert tree.attrs["history"] == "prices.csv"
    one = tree["days_1"].to_dataset()
    assert one["fund"].values.tolist() == ["x", "y", "system"]
    assert all({"units", "long_name"} <= set(one[name].attrs) for name in one.data_vars)
    again = xr.open_datatree("b.nc", engine="h5netcdf")
    assert np.array_equal(again["days_10"]["exceptions"], tree["days_10"]["exceptions"])
    tree.close()
    again.close()
    refused = invoke("backtest", "positions.csv", *QUICK, "--out", "b.zarr")
    assert refused.exit_code == 2
    assert "--overwrite replaces it" in refused.stderr


@pytest.mark.usefixtures("files")
def test_json_has_the_same_numbers_for_the_same_seed() -> None:
    texts = [invoke("backtest", "positions.csv", *QUICK, "--horizon", "1", "--json", "--quiet") for _ in range(2)]
    assert texts[0].stdout == texts[1].stdout
    assert texts[0].stderr == ""
    found = json.loads(texts[0].stdout)
    assert found["days_1"]["fund"] == ["x", "y", "system"]
    assert found["days_1"]["exceptions"]["dims"] == ["model", "fund", "level"]
    assert "days_10" not in found
    other = json.loads(invoke("backtest", "positions.csv", *QUICK, "--horizon", "1", "--json", "--seed", "2").stdout)
    assert other["days_1"]["mean_var"] != found["days_1"]["mean_var"]


@pytest.mark.usefixtures("files")
def test_bad_input_is_named() -> None:
    Path("positions.csv").write_text("fund,asset,usd\nx,AAB,2e6\n")
    result = invoke("backtest", "positions.csv", *QUICK)
    assert result.exit_code == 3
    assert "positions.csv: x.AAB = 2000000.0: has no history in prices.csv" in result.stderr
    assert "did you mean 'AAA'?" in result.stderr
    Path("positions.csv").write_text("fund,asset,usd\nx,AAA,2e6\n")
    short = invoke("backtest", "positions.csv", *QUICK, "--window", "350")
    assert short.exit_code == 3
    assert "prices.csv: days = 419: has too few days" in short.stderr
    assert "allowed: 450 days or more" in short.stderr
    for wrong in (["--model", "magic"], ["--level", "0.9999"], ["--window", "20"], ["--out", "b.csv"], ["--vol", "x"]):
        assert invoke("backtest", "positions.csv", *QUICK, *wrong).exit_code == 2, wrong
