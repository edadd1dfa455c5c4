"""Sums of assets by class, by region and one by one."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from stress.results.dataset.groups_of_assets import grouped

CLASSES, REGIONS, SECTORS = ["equity", "rates", "equity", "fx"], ["us", "us", "jp", "us"], ["tech", "", "tech", ""]
VALUES = np.array([[1.0, 2.0, 4.0, 8.0], [16.0, np.nan, 64.0, 128.0]])


@pytest.mark.parametrize(
    ("by", "groups", "sums"),
    [
        ("asset", ["a", "b", "c", "d"], VALUES),
        ("class", ["equity", "rates", "fx"], [[5.0, 2.0, 8.0], [80.0, np.nan, 128.0]]),
        ("region", ["us", "jp"], [[11.0, 4.0], [np.nan, 64.0]]),
        ("sector", ["tech", ""], [[5.0, 10.0], [80.0, np.nan]]),
    ],
)
def test_assets_together(by: str, groups: list[str], sums: list[list[float]]) -> None:
    """In the order of the assets; what is not known of one asset is not known of its group."""
    coords = {
        "asset": list("abcd"),
        "asset_class": ("asset", CLASSES),
        "asset_region": ("asset", REGIONS),
        "asset_sector": ("asset", SECTORS),
    }
    found = grouped(xr.DataArray(VALUES, coords, ("step", "asset")), by)
    assert found["group"].values.tolist() == groups
    np.testing.assert_array_equal(found.transpose("step", "group"), sums)
