"""Worst paths of the library: exactly what the run recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

import stress
from stress.questions.replay import Replayer


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tariff-2025", "ai-unwind-2026", "calm", "archegos-2021", "quant-2007-08", "desk"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_worst_paths_of_the_library(name: str, precision: str, tmp_path: Path) -> None:
    scenario = stress.load_scenario(name, ["estimation.detail_paths=1024"])
    tree = stress.run(scenario, paths=8_192, seed=3, worst=5, out=tmp_path / "run", precision=precision)
    replayer = Replayer(tmp_path / "run")
    for fund in tree["tails"].to_dataset()["fund"].values:
        story = replayer.story(None, 1, str(fund))
        assert story.attrs["figures_compared"] >= 8
        assert story.attrs["recording_gap"] <= story.attrs["recording_gap_allowed"]
