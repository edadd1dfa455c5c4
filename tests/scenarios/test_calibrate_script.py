"""`benchmarks/calibrate_script.py`: the script is the observed moves less the model's own impact."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from checkout import benchmark_script
from library_runs import observed_moves
from library_scenarios import problem_of
from stress.scenarios.problem import Problem


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return benchmark_script("calibrate_script")


def test_calibration_takes_the_impact_out_of_the_moves(tool: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = problem_of("tariff-2025")
    observed = observed_moves().sel(asset=list(problem.assets.ids)).values.T

    def market(scripted: Problem) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Moves are followed by a fifth of themselves, and by a tenth of those of the day before."""
        assert scripted.shocks.scale == 0.0
        script = scripted.shocks.script
        before = np.concatenate([np.zeros_like(script[:1]), script[:-1]])
        return (1.0 + script) * (1.0 + 0.2 * script + 0.1 * before) - 1.0

    monkeypatch.setattr(tool, "returns_of", market)
    script = tool.calibrate(problem, observed, 25)
    np.testing.assert_allclose(market(tool.with_script(problem, script)), observed, rtol=0, atol=1e-7)
    assert np.abs(script - observed).max() > 0.005
    written = tomllib.loads(tool.as_toml(problem, ["one", "two", "three", "four", "five"], script))
    for entry in written["shocks"]["script"]:
        assert tuple(entry["moves"]) == problem.assets.file_order
        for asset, text in entry["moves"].items():
            move = script[entry["step"] - 1, problem.assets.ids.index(asset)]
            assert float(text.removesuffix(" %")) == pytest.approx(100 * move, abs=5.1e-4)


def test_calibration_refuses_moves_of_other_assets(tool: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "moves.csv"
    file.write_text("asset,monday\ngold,0.01\noil,0.02\n", encoding="utf-8")
    headings, moves = tool.read_observed(file, ("oil", "gold"))
    assert headings == ["monday"]
    assert moves.tolist() == [[0.02, 0.01]]
    with pytest.raises(ValueError, match="silver"):
        tool.read_observed(file, ("gold", "silver"))
