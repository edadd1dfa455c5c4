"""`tree.stress`: the figures that are asked for most, by label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from stress.results.dataset.first_facts import SYSTEM, figure_of

if TYPE_CHECKING:
    import pandas as pd
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

    def var(self, level: float, fund: str | None = None) -> xr.DataArray:
        """Value at risk by fund, the system last, or of one `fund`: fraction of start NAV, positive = loss.

        Raises:
            ValueError: the level was not estimated, or there is no such fund.
        """
        return _of(self._at("var", level), fund)

    def es(self, level: float, fund: str | None = None) -> xr.DataArray:
        """Expected shortfall by fund, the system last, or of one `fund`: fraction of start NAV, positive = loss.

        Raises:
            ValueError: the level was not estimated, or there is no such fund.
        """
        return _of(self._at("es", level), fund)

    def summary(self, level: float | None = None) -> pd.DataFrame:
        """The summary as a pandas table: a row for each fund in file order, then one for "system".

        Columns are `strategy` and `fund_region`, where the result has them, and the variables: NAME at one level, else
        NAME_0.99 and so on, NAME_mean being level 0.

        Raises:
            ValueError: the level was not estimated.
        """
        summary = self._tree["summary"].to_dataset()
        if level is not None:
            _check_level(level, summary)
        return _frame(summary, level)

    @property
    def plot(self) -> Plots:
        """Figures, matplotlib axes in and out: `tree.stress.plot.distribution("macro")`."""
        from stress.results.plot.accessor import Plots

        return Plots(self._tree)

    def contributions(self, level: float, by: str = "fund", fund: str | None = None) -> xr.DataArray:
        """Euler contributions of funds or assets to the system's ES: fractions of its start NAV that sum to it.

        Args:
            level: of ES.
            by: "fund" or "asset".
            fund: that of one fund; of "system" their sum.

        Raises:
            ValueError: the level was not estimated, `by` is neither of the two, or there is no such fund.
        """
        names = {"fund": "es_contribution", "asset": "es_contribution_by_asset"}
        if by not in names:
            raise ValueError(f"contributions by {by!r} are not known; there are {', '.join(names)}")
        found = self._contribution(names[by], level)
        if fund is not None and by != "fund":
            raise ValueError(f"contributions by {by} have no fund {fund!r}")
        return found.sum("fund", keep_attrs=True) if fund == SYSTEM else _of(found, fund)

    def mes(self, level: float, fund: str | None = None) -> xr.DataArray:
        """Mean loss of each fund, or of one, on the system's worst paths: fraction of its own start NAV.

        That of "system" is its ES.

        Raises:
            ValueError: the level was not estimated, or there is no such fund.
        """
        found = self._contribution("mes", level)
        return self._at("es", level).sel(fund=SYSTEM).rename("mes") if fund == SYSTEM else _of(found, fund)

    def covar(self, level: float, fund: str | None = None) -> xr.DataArray:
        """VaR of the system given that the fund loses its VaR or more, by fund: fraction of the system's start NAV.

        NaN where too few paths meet the condition.

        Raises:
            ValueError: the level was not estimated, or there is no such fund, or it is the system itself.
        """
        if fund == SYSTEM:
            raise ValueError("covar is of the system given a fund: the system itself has none")
        return _of(self._contribution("covar", level), fund)

    def tail(self, fund: str = SYSTEM, by: str = "loss") -> xr.Dataset:
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
        _check_fund(fund, tails["fund"])
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
        system = summary[f"system_{name}"].sel(level=level).expand_dims(fund=[SYSTEM])
        system = system.assign_coords({key: ("fund", [""]) for key in beside})
        both = xr.concat([funds, system.astype(funds.dtype)], dim="fund", coords="minimal", compat="override")
        both.attrs = funds.attrs
        return both.rename(name)


def _frame(summary: xr.Dataset, level: float | None = None) -> pd.DataFrame:
    """Every figure of the funds and of the system, at one level or at all of them."""
    import pandas as pd

    funds = [str(fund) for fund in summary["fund"].values]
    columns: dict[str, list[object]] = {
        str(name): [*map(str, label.values), ""]
        for name, label in summary.coords.items()
        if name != "fund" and label.dims == ("fund",)
    }
    for key in summary.data_vars:
        name = str(key)
        if "fund" not in summary[name].dims or f"system_{name}" not in summary:
            continue
        rows = [figure_of(summary, name, fund) for fund in (*funds, SYSTEM)]
        if "level" not in summary[name].dims:
            columns[name] = [row.item() for row in rows]
            continue
        for at in summary["level"].values if level is None else [level]:
            values = [float(row.sel(level=at)) for row in rows]
            if at == 0 and np.isnan(values).all():  # a quantile has no mean
                continue
            suffix = "" if level is not None else "_mean" if at == 0 else f"_{at:g}"
            columns[f"{name}{suffix}"] = list(values)
    return pd.DataFrame(columns, index=pd.Index([*funds, SYSTEM], name="fund"))


def _of(figures: xr.DataArray, fund: str | None) -> xr.DataArray:
    """The figure of one fund; all of them for None."""
    if fund is None:
        return figures
    _check_fund(fund, figures["fund"])
    return figures.sel(fund=fund)


def _check_fund(fund: str, known: xr.DataArray) -> None:
    funds = [str(name) for name in known.values]
    if fund not in funds:
        raise ValueError(f"fund {fund!r} is not in the result; there are {', '.join(funds)}")


def _check_level(level: float, table: xr.Dataset) -> None:
    levels = [float(x) for x in table["level"].values if x > 0]
    if level not in levels:
        raise ValueError(f"level {level} was not estimated; there are {', '.join(map(str, levels))}")
