"""Assets together: by class, by region, by sector, or each by itself."""

from __future__ import annotations

import xarray as xr

BY = {"asset": "asset", "class": "asset_class", "region": "asset_region", "sector": "asset_sector"}


def ways(values: xr.DataArray | xr.Dataset) -> list[str]:
    """Those of `BY` that the labels of the assets allow: sectors are there where the scenario names any."""
    return [way for way, coordinate in BY.items() if coordinate in values.coords]


def grouped(values: xr.DataArray, by: str) -> xr.DataArray:
    """Sums of `values` (..., asset) of one class, region or sector: (..., group), in the order of the assets.

    Args:
        values: with the labels of its assets as coordinates.
        by: one of `ways`; "asset" keeps each by itself.
    """
    labels = [str(label) for label in values[BY[by]].values]
    groups = list(dict.fromkeys(labels))
    parts = [
        values.isel(asset=[i for i, label in enumerate(labels) if label == group]).sum("asset", skipna=False)
        for group in groups
    ]
    return xr.concat(parts, dim=xr.Variable("group", groups), coords="minimal", compat="override")
