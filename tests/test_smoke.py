"""The smoke part of the suite: what is installed works; also run against the built wheel, outside the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import xarray as xr

LEVSTRESS = str(Path(sys.executable).with_name("levstress"))


def test_a_run_from_the_command_line_opens_with_xarray_alone(tmp_path: Path) -> None:
    call = [LEVSTRESS, "run", "desk", "--paths", "2048", "--json", "--quiet"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    tree = xr.open_datatree(tmp_path / printed["directory"] / "result.zarr", engine="zarr")
    summary = tree["summary"].to_dataset()
    assert len(summary["fund"]) == 8
    loss = summary["es"].sel(level=0.99) - summary["var"].sel(level=0.99)
    assert bool((loss > 0).all())  # the mean beyond a quantile lies beyond it
    assert np.isclose(
        printed["funds"]["trend"]["es"]["0.99"], float(summary["es"].sel(fund="trend", level=0.99)), rtol=1e-12
    )


def test_the_library_came_along(tmp_path: Path) -> None:
    for command in (
        ["scenarios", "copy", "tariff-2025", "mine"],
        ["check", "mine/tariff-2025.toml", "--paths", "1000"],
    ):
        done = subprocess.run([LEVSTRESS, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert {path.suffix for path in (tmp_path / "mine").iterdir()} == {".toml", ".csv"}
