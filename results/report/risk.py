"""A fund's figures, or those of the whole system, from the summary by one name."""

from __future__ import annotations

import math

import xarray as xr

from stress.results.report.numbers import SYSTEM
from stress.results.report.parts_of_result import find
from stress.results.terminal.picture import reference_level

SHOWN_LEVELS = 3
BY_LEVEL = ("var", "es", "var_static", "es_static", "amplification", "added_loss")


class Risk:
    """Reads the summary: `figure("es", "trend", 0.99)` is the value and its standard error as the file has them."""

    def __init__(self, tree: xr.DataTree) -> None:
        summary = tree["summary"].to_dataset()
        self._tree = tree
        self.funds = [str(fund) for fund in summary["fund"].values]
        self.everybody = [*self.funds, SYSTEM]
        self.levels = sorted(float(level) for level in summary["level"].values if level > 0)[-SHOWN_LEVELS:]
        self.level = reference_level(tree)
        # A mean without any spread over the paths: they are all one.
        self.random = self.figure("mean_loss")[1] != 0

    def figure(self, name: str, fund: str = SYSTEM, level: float | None = None) -> tuple[float, float]:
        """Value and standard error; NaN for what the result does not have."""
        return self._one(name, fund, level), self._one(f"{name}_se", fund, level)

    def _one(self, name: str, fund: str, level: float | None) -> float:
        dims = () if level is None else ("level",)
        if fund == SYSTEM:
            values = find(self._tree, "summary", f"system_{name}", *dims)
        else:
            values = find(self._tree, "summary", name, "fund", *dims)
            values = None if values is None else values.sel(fund=fund)
        if values is None:
            return math.nan
        return float(values if level is None else values.sel(level=level))
