"""Levels beyond the data: the tail of the book's own losses over the history, by fund."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.statistics.tails.threshold_stability import chosen, threshold_stability

Floats = npt.NDArray[np.float64]
BEYOND = 0.999


def tail(losses: Floats, funds: tuple[str, ...], level: float = BEYOND) -> xr.Dataset:
    """A generalised Pareto tail of (day, fund) losses, above the threshold from which on its shape is stable.

    Returns:
        by `fund`: threshold (USD), exceedances, xi and xi_se, var and es at `level` (USD), and the range of var over
        the higher thresholds, `var_low` and `var_high`. NaN where losses are too few.
    """
    names = ("threshold", "exceedances", "xi", "xi_se", "beta", "beta_se", "var", "es", "var_low", "var_high")
    units = {"xi": "1", "xi_se": "1", "exceedances": "1"}
    rows = []
    for column in losses.T:
        found = threshold_stability(column, level)
        at = chosen(found)
        one = found.isel(threshold=at)
        above = found["var"].where(np.isfinite(found["xi_se"])).to_numpy()[at:]
        above = above if np.isfinite(above).any() else found["var"].to_numpy()[at : at + 1]
        rows.append([*(float(one[name]) for name in names[:8]), float(np.nanmin(above)), float(np.nanmax(above))])
    data = {
        name: ("fund", values, {"units": units.get(name, "USD")})
        for name, values in zip(names, np.array(rows).T, strict=True)
    }
    return xr.Dataset(data, {"fund": list(funds)}, {"level": level, "days": len(losses)})
