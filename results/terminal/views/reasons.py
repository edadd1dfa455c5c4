"""Why funds sell: forced sales by what asked for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import xarray as xr

from stress.results.terminal.cells import BILLION, add_label_column, add_number_columns, estimate, named, plain_table
from stress.results.terminal.views.view import SYSTEM, names, shown_name

BY_TRIGGER = "forced_sales_by_trigger_usd"
CALLED = "called_usd"
HEADINGS = {
    "margin_call": "margin\ncalls",
    "leverage_limit": "leverage\nlimit",
    "stop_loss": "stop-\nlosses",
    "vol_target": "vol.\ntarget",
    "leverage_target": "leverage\ntarget",
    "close_out": "close-\nout",
}


def of_steps(line: xr.Dataset, variables: Sequence[str]) -> xr.Dataset:
    """Some variables with their errors, whose sums are at most that of a sum; what is zero on every path adds none."""
    kept = line[[f"{name}{suffix}" for name in variables for suffix in ("", "_se")]]
    return kept.assign({f"{name}_se": kept[f"{name}_se"].where(kept[name] != 0, 0.0) for name in variables})


def reasons(line: xr.Dataset, where: str, funds: Sequence[str] | None, steps: Sequence[int]) -> Any | None:
    """A table of funds by triggers, bn USD summed over steps; None where the result says nothing or nobody sells.

    Args:
        line: (step, trigger, fund) forced sales with their errors and, where there are any, calls by step and fund.
        where: over which paths and steps, for the title.
        funds: those asked for; None = all that sell, the most first.
        steps: summed over.
    """
    if BY_TRIGGER not in line:
        return None
    sums = of_steps(line, [BY_TRIGGER, CALLED]).sel(step=list(steps)).sum("step", skipna=False)
    whole = sums[BY_TRIGGER].sum("trigger")
    chosen = [x for x in (names(line, "fund") if funds is None else funds) if float(whole.sel(fund=x)) > 0]
    chosen.sort(key=lambda fund: (fund == SYSTEM, -float(whole.sel(fund=fund))))
    triggers = [x for x in names(line, "trigger") if float(sums[BY_TRIGGER].sel(trigger=x, fund=chosen).sum()) > 0]
    if not triggers:
        return None
    table = plain_table(f"Why funds sell, bn USD: forced sales by what asked for most of them, {where}")
    add_label_column(table, "fund")
    add_number_columns(table, *(HEADINGS.get(x, x.replace("_", "\n")) for x in triggers), "all\nsales", "newly\ncalled")
    for fund in chosen:
        at = sums.sel(fund=fund) / BILLION
        cells = [
            estimate(float(at[BY_TRIGGER].sel(trigger=x)), float(at[f"{BY_TRIGGER}_se"].sel(trigger=x)))
            for x in triggers
        ]
        total = estimate(float(whole.sel(fund=fund)) / BILLION, float(at[f"{BY_TRIGGER}_se"].sum()))
        called = estimate(float(at[CALLED]), float(at[f"{CALLED}_se"]))
        table.add_row(named(shown_name(fund)), *cells, total, called, end_section=fund in chosen[-2:-1])
    return table
