"""Forecasts in NumPy have the law of the kernels: the same book, simulated by a run of what `calibrate` writes."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

import stress
from simulated_returns import history, simulated_garch, simulated_t
from stress.calibration.calibration import Calibration, Choices, calibrate
from stress.calibration.told.files import write
from stress.kernels.shocks.registry import NAMES
from stress.questions.backtest.models.registry import MODELS
from stress.questions.backtest.models.window import Settings, Window

Floats = npt.NDArray[np.float64]
ASSETS = ("AAA", "BBB", "CCC")
BOOKS = {"first": [1.0, 0.0, 0.0], "second": [0.0, 1.0, 0.0], "mixed": [0.5, -0.2, 0.3]}
PATHS = 20_000
WITHOUT_CORRELATION = ("factor", "bootstrap", "filtered_historical")


@cache
def returns() -> Floats:
    found: Floats = simulated_garch(620, 3, 11) * np.array([1.0, 2.0, 0.5]) + simulated_t(620, 1, 4.0, 0.0, 12)
    found[300] -= 0.12
    found[200] -= 0.09
    return found


def by_kernels(found: Calibration, days: int, model: str, folder: Path) -> Floats:
    """(path, fund) losses of a run without any rule."""
    write(found, folder)
    part = tomllib.loads((folder / "shocks.toml").read_text())
    scenario: dict[str, Any] = {
        "schema": 1,
        "name": "law",
        "horizon": {"steps": days},
        "assets": [
            {"id": name, "asset_class": "equity", "region": "us", "vol": vol, "shock_vol": vol, "adv": 1e12}
            for name, vol in zip(ASSETS, map(float, found.shock_vol), strict=True)
        ],
        "shocks": {key: x for key, x in part["shocks"].items() if not isinstance(x, dict) or key == model},
        "funds": [
            {"id": fund, "nav": 1e9, "positions": {a: w for a, w in zip(ASSETS, weights, strict=True) if w}}
            for fund, weights in BOOKS.items()
        ],
    }
    if model not in WITHOUT_CORRELATION:
        scenario["correlation"] = part["correlation"]
    tree = stress.run(scenario, paths=PATHS, seed=5, store="paths", device="cpu")
    losses = tree["paths"]["fund_loss"].sel(fund=list(BOOKS))
    return np.asarray(losses.transpose("path", "fund").values, np.float64)


def by_numpy(model: str, days: int) -> Floats:
    """The same from the forecasts of the backtest."""
    law = MODELS[model](Window(returns(), Settings(vol="ewma")))
    moves = law.paths(np.random.default_rng(6), days, PATHS)
    return np.asarray(-np.expm1(moves) @ np.array(list(BOOKS.values())).T, np.float64)


QUICK = [("student_t", 1)]
REST = [(model, days) for model in MODELS if model in NAMES for days in (1, 10) if (model, days) not in QUICK]


@pytest.mark.parametrize(("model", "days"), [*QUICK, *(pytest.param(*one, marks=pytest.mark.slow) for one in REST)])
def test_forecasts_have_the_law_of_a_run(
    model: str, days: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = calibrate(history(returns(), ASSETS), Choices(model=model))
    simulated, forecast = by_kernels(found, days, model, tmp_path), by_numpy(model, days)
    for fund in range(len(BOOKS)):
        assert stats.ks_2samp(simulated[:, fund], forecast[:, fund]).pvalue > 1e-4
        assert stats.ks_2samp(simulated[:, fund], 1.1 * forecast[:, fund]).pvalue < 1e-2
        for level in (0.01, 0.99):
            count = np.sum(simulated[:, fund] <= np.quantile(forecast[:, fund], level))
            error = np.sqrt(2 * level * (1 - level) * PATHS)
            assert abs(count - level * PATHS) < 5 * error
    if (model, days) == ("student_t", 1):  # and it would be seen were it another law of the same variance
        other = by_numpy("gaussian", days)
        assert stats.ks_2samp(simulated[:, 0], other[:, 0]).pvalue < 1e-3
