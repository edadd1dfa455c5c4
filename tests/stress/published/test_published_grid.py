"""Grids: every point equals the model at that point, whatever the tiles; and the datasets they become."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from published_reference import EBA, needs_eba, oxford, read_banks, write_banks
from stress.engine.devices import set_up
from stress.published import grid as grids
from stress.published.grid import Grid, check_axes, parse_axis, run_grid, to_dataset
from stress.published.inputs import read_inputs
from stress.published.registry import MODELS
from stress.published.solve import solve
from stress.scenarios.errors import ScenarioError

GRIDS = {
    "oxford": ("shock=0:0.3:5", "impact=0:0.1:4"),
    "cont-schaanning": ("shock.0=0:0.4:6", "impact_coefficient=0.05:1:3"),
    "glt": ("shock_size=0:6:5", "impact.1=0:0.01:3"),
    "breuer": ("leverage_limit=20:60:7", "impact.0=0:1e-4:3"),
    "liquidity-spiral": ("leverage=1:6:9", "shock=0:0.2:4"),
}


def ran(name: str, data: Path | None, *texts: str, devices: int = 2) -> Grid:
    model = MODELS[name]
    inputs = read_inputs(model, data)
    return run_grid(model, inputs, tuple(parse_axis(model, inputs, x) for x in texts), set_up("cpu", devices))


@pytest.mark.parametrize("name", GRIDS)
def test_a_grid_equals_its_points(name: str, tmp_path: Path) -> None:
    model = MODELS[name]
    data = write_banks(tmp_path / "banks.csv") if name == "oxford" else None
    found = ran(name, data, *GRIDS[name])
    assert found.points == np.prod([len(x.values) for x in found.axes])
    draw = np.random.default_rng(1)
    for _ in range(5):
        where = tuple(int(draw.integers(len(x.values))) for x in found.axes)
        inputs = read_inputs(model, data)
        for axis, i in zip(found.axes, where, strict=True):
            inputs.values[axis.name][... if axis.entry is None else axis.entry] = axis.values[i]
        point = solve(model, inputs)
        for output, value in found.outputs.items():
            np.testing.assert_allclose(value[where], point[output], rtol=1e-12, atol=1e-12)
    assert any(np.ptp(value.astype(float)) > 0 for value in found.outputs.values())


def test_tiles_blocks_and_devices_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_banks(tmp_path / "banks.csv")
    texts = ("shock=0.05:0.3:37", "impact=0:0.1:11")
    whole = ran("oxford", data, *texts)
    monkeypatch.setattr(grids, "TILE", 16)
    monkeypatch.setattr(grids, "TILES_PER_DEVICE", 3)
    for devices in (1, 2):
        parts = ran("oxford", data, *texts, devices=devices)
        for name, value in whole.outputs.items():
            np.testing.assert_allclose(parts.outputs[name], value, rtol=1e-13, atol=1e-15)


@needs_eba
def test_points_of_the_published_banks() -> None:
    found = ran("oxford", EBA, "shock=0.05:0.25:9", "impact=0:0.08:9")
    banks = read_banks(EBA)
    for i in (0, 3, 6, 8):
        for j in (0, 2, 5, 8):
            reference = oxford(banks, found.axes[0].values[i], found.axes[1].values[j])
            for name in ("default_share", "sold_share"):
                assert found.outputs[name][i, j] == pytest.approx(reference[name], abs=1e-9)


def test_the_dataset_is_labelled(tmp_path: Path) -> None:
    model = MODELS["oxford"]
    data = write_banks(tmp_path / "banks.csv")
    inputs = read_inputs(model, data, ["buffer=0.045"])
    axes = (parse_axis(model, inputs, "shock=0.1:0.2:3"), parse_axis(model, inputs, "impact=0:0.1:2"))
    dataset = to_dataset(model, inputs, run_grid(model, inputs, axes, set_up("cpu", 2)))
    assert dataset["default_share"].dims == ("shock", "impact")
    assert dataset["price"].dims == ("shock", "impact", "asset")
    assert dataset["asset"].values.tolist() == ["corporate", "government"]
    np.testing.assert_allclose(dataset["shock"], [0.1, 0.15, 0.2])
    assert dataset.attrs["input_buffer"] == 0.045
    assert dataset.attrs["data_sha256"] == inputs.data_sha256
    assert dataset["sold_share"].attrs["long_name"]
    assert "input_cet1_eur_m" not in dataset.attrs  # the user's data are not copied
    dataset.to_netcdf(tmp_path / "grid.nc", engine="scipy")
    xr.testing.assert_allclose(xr.load_dataset(tmp_path / "grid.nc", engine="scipy"), dataset)


@pytest.mark.parametrize(("text", "message"), [
    ("shock", "KEY=LOW:HIGH:COUNT"),
    ("shock=0:0.1", "KEY=LOW:HIGH:COUNT"),
    ("shock=0:x:3", "KEY=LOW:HIGH:COUNT"),
    ("shock=0:0.1:3.5", "KEY=LOW:HIGH:COUNT"),
    ("shock=0:0.1:0", "1 to 20,000,000 points"),
    ("shock=0:1.5:3", "less than 1"),
    ("shock=nan:0.5:3", "at least 0"),
    ("schock=0:0.1:3", "did you mean 'shock'"),
    ("steps=1:6:6", "has no grid"),
    ("shock.0=0:0.1:3", "allowed: shock"),
    ("cet1_eur_m=1:2:3", "cet1_eur_m.0 to cet1_eur_m.5"),
    ("cet1_eur_m.9=1:2:3", "cet1_eur_m.0 to cet1_eur_m.5"),
])  # fmt: skip
def test_a_wrong_axis_is_named(tmp_path: Path, text: str, message: str) -> None:
    model = MODELS["oxford"]
    inputs = read_inputs(model, write_banks(tmp_path / "banks.csv"))
    with pytest.raises(ScenarioError) as caught:
        parse_axis(model, inputs, text)
    assert message in str(caught.value)
    assert "--grid" in str(caught.value)


@pytest.mark.parametrize(("texts", "message"), [
    (("max_leverage=30:40:3", "max_leverage=30:40:3"), "one or two different inputs"),
    (("max_leverage=35:40:3", "horizon_days=1:20:3", "impact_coefficient=0.1:1:3"), "one or two different inputs"),
    (("max_leverage=35:40:10000", "horizon_days=1:20:10000"), "up to 20,000,000"),
    (("max_leverage=20:40:3",), "at a corner of the grid"),
])  # fmt: skip
def test_a_grid_that_cannot_be_run_is_refused(texts: tuple[str, ...], message: str) -> None:
    model = MODELS["cont-schaanning"]
    inputs = read_inputs(model)
    with pytest.raises(ScenarioError, match=message):
        check_axes(model, inputs, tuple(parse_axis(model, inputs, x) for x in texts))


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    model = MODELS["liquidity-spiral"]
    inputs = read_inputs(model)
    axes = (parse_axis(model, inputs, "shock=0:0.2:7"),)
    run_grid(model, inputs, axes, set_up("cpu", 2), lambda done, total: told.append((done, total)))
    assert told[-1] == (7, 7)
