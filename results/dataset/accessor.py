"""`tree.stress`: the figures that are asked for most, by label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

if TYPE_CHECKING:
    from rich.table import Table

    from stress.results.plot.accessor import Plots


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

    @property
    def plot(self) -> Plots:
        """Figures, matplotlib axes in and out: `tree.stress.plot.distribution("macro")`."""
        from stress.results.plot.accessor import Plots

        return Plots(self._tree)

    def contributions(self, level: float, by: str = "fund") -> xr.DataArray:
        """Euler contributions of funds or assets to the system's ES: fractions of its start NAV that sum to it.

        Raises:
            ValueError: the level was not estimated, or `by` is neither "fund" nor "asset".
        """
        names = {"fund": "es_contribution", "asset": "es_contribution_by_asset"}
        if by not in names:
            raise ValueError(f"contributions by {by!r} are not known; there are {', '.join(names)}")
        return self._contribution(names[by], level)

    def mes(self, level: float) -> xr.DataArray:
        """Mean loss of each fund on the system's worst paths: fraction of its own start NAV.

        Raises:
            ValueError: the level was not estimated.
        """
        return self._contribution("mes", level)

    def covar(self, level: float) -> xr.DataArray:
        """VaR of the system given that the fund loses its VaR or more, by fund: fraction of the system's start NAV.

        NaN where too few paths meet the condition.

        Raises:
            ValueError: the level was not estimated.
        """
        return self._contribution("covar", level)

    def tail(self, fund: str = "system", by: str = "loss") -> xr.Dataset:
        """The worst paths of `fund`, the worst first: ids, losses, calls, sales by rank.

        Args:
            fund: whose.
            by: "loss" at the end, or "trough", the largest loss at any step end.

        Raises:
            ValueError: the run kept no worst paths, the fund is not in it, or `by` is neither of the two.
        """
        groups = {"loss": "tails", "trough": "tails_by_trough"}
        if by not in groups:
            raise ValueError(f"worst paths by {by!r} are not known; there are {', '.join(groups)}")
        tails = self._group(groups[by], "it was run with --store summary or --worst 0")
        funds = [str(name) for name in tails["fund"].values]
        if fund not in funds:
            raise ValueError(f"fund {fund!r} is not in the result; there are {', '.join(funds)}")
        return tails.sel(fund=fund)

    def summary_table(self) -> Table:
        """The table that `levstress run` prints."""
        from stress.results.terminal.summary_table import summary_table

        return summary_table(self._tree)

    def _group(self, name: str, reason: str) -> xr.Dataset:
        if name not in self._tree.children:
            raise ValueError(f"the result has no group {name!r}: {reason}")
        return self._tree.children[name].to_dataset()

    def _contribution(self, name: str, level: float) -> xr.DataArray:
        table = self._group("contributions", "an earlier version wrote it")
        _check_level(level, table)
        return table[name].sel(level=level)

    def _at(self, name: str, level: float) -> xr.DataArray:
        summary = self._tree["summary"].to_dataset()
        _check_level(level, summary)
        funds = summary[name].sel(level=level)
        beside = [key for key, coord in funds.coords.items() if key != "fund" and coord.dims == ("fund",)]
        system = summary[f"system_{name}"].sel(level=level).expand_dims(fund=["system"])
        system = system.assign_coords({key: ("fund", [""]) for key in beside})
        both = xr.concat([funds, system.astype(funds.dtype)], dim="fund", coords="minimal", compat="override")
        both.attrs = funds.attrs
        return both.rename(name)


def _check_level(level: float, table: xr.Dataset) -> None:
    levels = [float(x) for x in table["level"].values if x > 0]
    if level not in levels:
        raise ValueError(f"level {level} was not estimated; there are {', '.join(map(str, levels))}")
