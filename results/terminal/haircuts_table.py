"""Who would be called with other haircuts, as the table people read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from stress.results.terminal.cells import add_number_columns, decimals, named, plain_table, with_error

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = {
    "called_nav_share": "called\n% NAV",
    "prob_margin_call": "P of any\ncall, %",
    "prob_called_over_10pct": "P of over\n10 %, %",
    "prob_called_over_50pct": "P of over\n50 %, %",
    "defaulted_nav_share": "default\n% NAV",
    "prob_default": "P of any\ndefault, %",
}


def haircuts_table(moved: xr.Dataset) -> Table:
    """A row for each fund and factor of `stress.questions.haircuts.haircuts`: values with their standard errors."""
    table = plain_table(f"margin calls with other haircuts: {moved.attrs['paths']:,} paths each, on the same draws", 2)
    table.add_column("fund", no_wrap=True)
    add_number_columns(table, "haircuts", *COLUMNS.values())
    funds, factors = moved["fund"].values, moved["haircuts"].values
    for fund in funds:
        for i, factor in enumerate(factors):
            row = moved.sel(fund=fund, haircuts=factor)
            change = f"{100 * (factor - 1):+.0f} %" if factor != 1 else "as is"
            name = named("whole system" if fund == "system" else str(fund)) if i == 0 else ""
            table.add_row(
                name,
                change + ("*" if bool(row["starts_in_call"]) else ""),
                *(_cell(float(row[column]), float(row[f"{column}_se"])) for column in COLUMNS),
                end_section=i == len(factors) - 1,
            )
    notes = ["called, default: mean share of NAV; P: of a call, of a default of any member, of calls over 10, 50 %."]
    if bool(moved["starts_in_call"].any()):
        notes.append("*: a member starts in a call; simulated all the same.")
    table.caption = "\n".join(notes)
    table.caption_justify = "left"
    return table


def _cell(value: float, error: float) -> str:
    places = decimals(100 * value, 100 * error, 2)
    return with_error(100 * value, 100 * error, places)
