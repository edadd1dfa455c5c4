"""Why funds sell: forced sales by what asked for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import xarray as xr

from stress.results.terminal.cells import add_label_column, add_number_columns, estimate, money_unit, named, plain_table
from stress.results.terminal.views.view import SYSTEM, names, shown_name

BY_TRIGGER, SALES, CALLED = "forced_sales_by_trigger_usd", "forced_sales_usd", "called_usd"
WHY = (BY_TRIGGER, SALES, CALLED)
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
    """A table of funds by triggers, USD summed over steps; None where the result says nothing or nobody sells.

    Args:
        line: (step, trigger, fund) forced sales with their errors, calls by step and fund, and both over the horizon.
        where: over which paths and steps, for the title.
        funds: those asked for; None = all that sell, the most first.
        steps: summed over.
    """
    if not all(name in line and f"{name}_se" in line for name in WHY):
        return None
    sums = _summed(line, steps)
    whole = sums[SALES]
    chosen = [x for x in (names(line, "fund") if funds is None else funds) if float(whole.sel(fund=x)) > 0]
    chosen.sort(key=lambda fund: (fund == SYSTEM, -float(whole.sel(fund=fund))))
    triggers = [x for x in names(line, "trigger") if float(sums[BY_TRIGGER].sel(trigger=x, fund=chosen).sum()) > 0]
    if not triggers:
        return None
    unit, per_usd = money_unit(whole.sel(fund=chosen).values)
    table = plain_table(f"Why funds sell, {unit}: forced sales by what asked for them, {where}")
    add_label_column(table, "fund")
    add_number_columns(table, *(HEADINGS.get(x, x.replace("_", "\n")) for x in triggers), "all\nsales", "newly\ncalled")
    for fund in chosen:
        at = sums.sel(fund=fund) * per_usd
        cells = [_cell(at.sel(trigger=x), BY_TRIGGER) for x in triggers]
        table.add_row(
            named(shown_name(fund)), *cells, _cell(at, SALES), _cell(at, CALLED), end_section=fund in chosen[-2:-1]
        )
    return table


def _summed(line: xr.Dataset, steps: Sequence[int]) -> xr.Dataset:
    """Over some steps; over all of them with the errors of their sum, which are less than the sum of errors."""
    totals = [f"total_{name}" for name in WHY]
    if len(steps) == line.sizes["step"] and all(name in line for name in totals):
        kept = of_steps(line, totals)
        return kept.rename({name: str(name).removeprefix("total_") for name in kept.data_vars})
    return of_steps(line, WHY).sel(step=list(steps)).sum("step", skipna=False)


def _cell(at: xr.Dataset, name: str) -> Any:
    value = float(at[name])
    return estimate(value, float(at[f"{name}_se"])) if value else "-"
