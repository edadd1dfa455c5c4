"""Groups of funds (`[[groups]]`) on the first screen: risk of each, as of the whole system."""

from __future__ import annotations

import shlex
from typing import Any

import xarray as xr
from rich.table import Table
from rich.text import Text

from stress.results.fund_groups.as_result import groups_in
from stress.results.terminal.cells import (
    add_label_column,
    add_number_columns,
    estimate,
    money,
    money_unit,
    named,
    plain_table,
)

WANTED = 0.99  # level of risk measures


def groups_table(tree: xr.DataTree) -> list[Any]:
    """A table with a row a group, and what it is; nothing where there are none."""
    groups = groups_in(tree)
    if not groups:
        return []
    summary = tree["group_summary"].to_dataset()
    level = min((float(x) for x in summary["level"].values if x > 0), key=lambda level: abs(level - WANTED))
    unit, per_usd = money_unit(summary["expected_forced_sales_usd"].values)
    table: Table = plain_table("Groups of funds, % of start NAV", gap=2)
    add_label_column(table, "group\nNAV")
    at = f"\n{100 * level:g} %"
    headings = ("mean\nloss", f"VaR{at}", f"ES{at}", f"lowest{at}", "called\n% NAV", "default\n% NAV", f"sales\n{unit}")
    add_number_columns(table, *headings, f"ampl.{at}", f"added{at}")
    for group in groups:
        one = summary.sel(group=group)

        def cell(name: str, scale: float = 100.0, by_level: bool = False, one: xr.Dataset = one) -> Any:
            value, error = (one[f"{name}{suffix}"] for suffix in ("", "_se"))
            if by_level:
                value, error = value.sel(level=level), error.sel(level=level)
            return estimate(scale * float(value), scale * float(error), 3 if name == "amplification" else 2)

        cells = [
            cell("mean_loss"),
            *(cell(name, by_level=True) for name in ("var", "es", "trough_es")),
            cell("called_nav_share"),
            cell("defaulted_nav_share"),
            cell("expected_forced_sales_usd", per_usd),
            cell("amplification", 1.0, by_level=True),
            cell("added_loss", by_level=True),
        ]
        label = named(group)
        label.append(f"\n{money(float(one['nav_usd']))}")
        table.add_row(label, *cells)
    shown = f"levstress show DIR --group {shlex.quote(str(groups[0]))}"
    return [table, Text(f"A group's funds, causes and worst paths: {shown}"), Text("")]
