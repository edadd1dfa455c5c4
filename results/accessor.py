"""`tree.stress`: the figures that are asked for most, by label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

if TYPE_CHECKING:
    from rich.table import Table


@xr.register_datatree_accessor("stress")  # type: ignore[no-untyped-call]
class StressAccessor:
    """Short cuts into a result; registered when `stress.run` or `stress.open_result` is first used.

    Example:
        >>> tree.stress.es(0.99).sel(fund="quant_emn")  # doctest: +SKIP
    """

    def __init__(self, tree: xr.DataTree) -> None:
        self._tree = tree

    def var(self, level: float) -> xr.DataArray:
        """Value at risk by fund, the system last: fraction of start NAV, positive = loss.

        Raises:
            ValueError: the level was not estimated.
        """
        return self._at("var", level)

    def es(self, level: float) -> xr.DataArray:
        """Expected shortfall by fund, the system last: fraction of start NAV, positive = loss.

        Raises:
            ValueError: the level was not estimated.
        """
        return self._at("es", level)

    def summary_table(self) -> Table:
        """The table that `levstress run` prints."""
        from stress.results.table import summary_table

        return summary_table(self._tree)

    def _at(self, name: str, level: float) -> xr.DataArray:
        summary = self._tree["summary"].to_dataset()
        levels = [float(x) for x in summary["level"].values if x > 0]
        if level not in levels:
            raise ValueError(f"level {level} was not estimated; there are {', '.join(map(str, levels))}")
        funds = summary[name].sel(level=level)
        system = summary[f"system_{name}"].sel(level=level).expand_dims(fund=["system"])
        both = xr.concat([funds, system.astype(funds.dtype)], dim="fund", coords="minimal", compat="override")
        both.attrs = funds.attrs
        return both.rename(name)
