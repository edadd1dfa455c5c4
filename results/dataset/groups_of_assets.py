"""Assets together: by class, by region, or each by itself."""

from __future__ import annotations

import xarray as xr

BY = {"asset": "asset", "class": "asset_class", "region": "asset_region"}


def grouped(values: xr.DataArray, by: str) -> xr.DataArray:
    """Sums of `values` (..., asset) over the assets of one class or region: (..., group), in the order of the assets.

    Args:
        values: with the labels of its assets as coordinates.
        by: one of `BY`; "asset" keeps each by itself.
    """
    labels = [str(label) for label in values[BY[by]].values]
    groups = list(dict.fromkeys(labels))
    parts = [
        values.isel(asset=[i for i, label in enumerate(labels) if label == group]).sum("asset", skipna=False)
        for group in groups
    ]
    return xr.concat(parts, dim=xr.Variable("group", groups), coords="minimal", compat="override")
