"""The course of the steps: leverage, calls, sales and losses of a fund, or price, depth and flow of an asset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import xarray as xr

from stress.results.terminal.cells import add_label_column, add_number_columns, estimate, money_unit, named, plain_table
from stress.results.terminal.views.view import SYSTEM, View, figures, pick, shown_name, step_name

if TYPE_CHECKING:
    from rich.table import Table


class Column(NamedTuple):
    """A variable by step as a table shows it; one that is not `always` is left out where the result lacks it."""

    heading: str
    name: str
    scale: float = 1.0
    quantile: float | None = None
    most: int = 2
    always: bool = True
    money: bool = False  # in the unit of its largest amount, which stands below its heading


OF_FUND = (
    Column("gross\n5 %", "gross_leverage", quantile=0.05),
    Column("gross\n50 %", "gross_leverage", quantile=0.5),
    Column("gross\n95 %", "gross_leverage", quantile=0.95),
    Column("net\n50 %", "net_leverage", quantile=0.5),
    Column("calls", "called_usd", money=True),
    Column("sales", "forced_sales_usd", money=True),
    Column("loss\n%", "fund_loss", 100),
    Column("added\n%", "added_loss", 100),
    Column("in call\n%", "open_call", 100, always=False),
)
OF_ASSET = (
    Column("price\n5 %", "price", quantile=0.05, most=4),
    Column("price\n50 %", "price", quantile=0.5, most=4),
    Column("price\n95 %", "price", quantile=0.95, most=4),
    Column("price\nmean", "price_mean", most=4),
    Column("depth\nmean", "depth_mean", most=3),
    Column("vol.\nmean", "volatility", most=3, always=False),
    Column("flow", "forced_flow_usd", money=True),
)


def timeline(tree: xr.DataTree, file: str, fund: str = SYSTEM, asset: str | None = None) -> View:
    """Every variable by step of one fund, or of one asset where that is given.

    Raises:
        ScenarioError: the result does not hold them.
    """
    kind, other, label = ("fund", "asset", fund) if asset is None else ("asset", "fund", asset)
    columns = OF_FUND if asset is None else OF_ASSET
    wanted = {x.name: ("step", *(["quantile"] if x.quantile else []), kind) for x in columns if x.always}
    line = figures(tree, file, "timeline", wanted)
    pick(line, file, quantile=[x.quantile for x in columns if x.quantile])
    kept = line[[name for name in line.data_vars if kind in line[name].dims and other not in line[name].dims]]
    kept = pick(kept, file, **{kind: [label]})
    paths = int(line.attrs.get("paths", tree.attrs["paths"]))
    return View(
        "timeline", {"timeline": kept}, [_table(tree, kept.sel({kind: label}), columns, label), *_notes(asset, paths)]
    )


def _table(tree: xr.DataTree, line: xr.Dataset, columns: tuple[Column, ...], label: str) -> Table:
    shown = [_in_its_unit(x, line) for x in columns if x.name in line]
    table = plain_table(f"{shown_name(label)}: by step")
    add_label_column(table, "end of")
    add_number_columns(table, *(x.heading for x in shown))
    for step in line["step"].values:
        at = line.sel(step=step)
        table.add_row(named(step_name(tree, int(step))), *(_cell(at, x) for x in shown))
    return table


def _in_its_unit(column: Column, line: xr.Dataset) -> Column:
    if not column.money:
        return column
    unit, scale = money_unit(line[column.name].values.ravel())
    return column._replace(heading=f"{column.heading}\n{unit}", scale=scale)


def _cell(line: xr.Dataset, column: Column) -> Any:
    at = line if column.quantile is None else line.sel(quantile=column.quantile)
    value, error = float(at[column.name]), float(at[f"{column.name}_se"])
    return estimate(value * column.scale, error * column.scale, column.most)


def _notes(asset: str | None, paths: int) -> list[Any]:
    from rich.text import Text

    meaning = (
        "gross, net: quantiles of leverage; calls, sales: mean of the step; loss: mean up to it, % of start NAV; "
        "added: that less the loss of the start book held still; in call: share of paths with an open call."
        if asset is None
        else "price: start = 1; depth, vol.: over that of the start; flow: mean forced flow of the step, - sold."
    )
    return [Text(meaning), Text(f"{paths:,} paths. ±, second line: standard error; ±?: too few paths for one.")]
