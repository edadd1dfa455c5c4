"""`levstress calibrate` as a user types it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from simulated_returns import simulated_t
from stress.calibration import extra
from stress.cli import app


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, list(args))


@pytest.fixture
def prices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    moves = simulated_t(400, 2, 5.0, 0.4, 1)
    index = pd.bdate_range("2023-01-02", periods=400, name="date")
    table = pd.DataFrame(100 * np.exp(np.cumsum(moves, axis=0)), index, ["BRK.B", "7203 JP"])
    table.to_csv("prices.csv")
    return Path("prices.csv")


def test_a_part_is_written_and_said(prices: Path) -> None:
    result = invoke("calibrate", str(prices))
    assert result.exit_code == 0, result.stderr
    for text in ("prices.csv: 2 names, 399 daily returns, 2023-01-03 to", "BRK.B", "7203 JP", "Regimes: calm stays"):
        assert text in result.stdout
    assert "wrote shocks.toml" in result.stderr
    folder = Path("calibrated/prices")
    part = tomllib.loads((folder / "shocks.toml").read_text())
    assert part["shocks"]["model"] == "student_t"
    assert (folder / "qq.png").read_bytes().startswith(b"\x89PNG")
    again = invoke("calibrate", str(prices))
    assert again.exit_code == 2
    assert "--overwrite replaces it" in again.stderr
    result = invoke("calibrate", str(prices), "--model", "garch", "--vol", "garch", "--overwrite", "--json", "--quiet")
    found = json.loads(result.stdout)
    assert result.stderr == ""
    assert (found["provenance"]["model"], found["provenance"]["volatility"]) == ("garch", "garch")
    assert set(found["garch"]) == {"omega", "alpha", "gamma", "beta", "dof", "persistence"}
    assert found["tests"]["raw"]["arch_lm_p"]["BRK.B"] > 0


def test_bad_input_is_exit_3_and_names_it(prices: Path) -> None:
    prices.write_text(prices.read_text().replace("2023-01-04,", "2023-01-04,-"))
    result = invoke("calibrate", str(prices))
    assert result.exit_code == 3
    assert "prices.csv: BRK.B, 2023-01-04 = -" in result.stderr
    assert "allowed: a price above 0" in result.stderr
    assert invoke("calibrate", "gone.csv").exit_code == 3
    for wrong in (["--model", "x"], ["--vol", "x"], ["--decay", "2"], ["--factors", "2", "--given-factors", "f.csv"]):
        assert invoke("calibrate", str(prices), *wrong).exit_code == 2
    assert not Path("calibrated").exists()


def test_without_the_extra_it_says_how_to_install(prices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name in ("arch", "statsmodels") else object())
    for command in (["calibrate", str(prices)], ["backtest", "desk", "--prices", str(prices)]):
        result = invoke(*command)
        assert result.exit_code == 2
        assert f"{command[0]} needs arch and statsmodels: pip install 'levstress[calibrate]'" in result.stderr
