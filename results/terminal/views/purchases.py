"""What buyers from outside the funds bought, when they tired, and what is left of their budget."""

from __future__ import annotations

from typing import Any

import xarray as xr

from stress.results.terminal.cells import add_label_column, add_number_columns, estimate, money_unit, named, plain_table
from stress.results.terminal.views.reasons import of_steps
from stress.results.terminal.views.view import View, figures, names, step_name
from stress.scenarios.errors import ScenarioError

PURCHASES = "_purchases_usd"
MOST_COLUMNS = 7  # steps side by side; the others are added up
STANDING = {"down_days": ("down days before", 1.0), "fatigue": ("fatigue leaves, %", 100.0)}
BUDGET = "budget_left_usd"


def buyers(line: xr.Dataset) -> list[str]:
    """Who buys from outside, such as "retail"."""
    bought = [str(x).removesuffix(PURCHASES) for x in line.data_vars if str(x).endswith(PURCHASES)]
    return [name for name in bought if not name.startswith("total_")]


def purchases(tree: xr.DataTree, file: str) -> View:
    """Mean purchases by step and asset in USD, with the buyers' fatigue and what is left of their budget.

    Raises:
        ScenarioError: nobody from outside buys in this run, or an older version has written the result.
    """
    from rich.text import Text

    line = figures(tree, file, "timeline")
    who = buyers(line)
    if not who:
        raise ScenarioError("are not in this result", file=file, key="purchases", allowed="a scenario with [retail]")
    chosen = [x for x in line.data_vars if str(x).removeprefix("total_").startswith(tuple(f"{one}_" for one in who))]
    kept, shown = line[chosen], []
    for one in who:
        wanted = {f"{one}{PURCHASES}": ("step", "asset"), f"total_{one}{PURCHASES}": ("asset",)}
        figures(tree, file, "timeline", wanted)
        shown.append(_table(tree, kept, one))
    paths = int(line.attrs.get("paths", tree.attrs["paths"]))
    notes = (
        "Bought at the prices after the outside shock of the step. fatigue: what is left of a purchase after down "
        f"days in a row; budget: left after the step. Mean over {paths:,} paths. ±, second line: standard error; that "
        "of all assets is the sum of theirs."
    )
    return View("retail", {"timeline": kept}, [*shown, Text(notes)])


def _table(tree: xr.DataTree, kept: xr.Dataset, who: str) -> Any:
    name = f"{who}{PURCHASES}"
    unit, per_usd = money_unit([float(kept[f"total_{name}"].sum())])
    bought, whole = (of_steps(kept, [one]) * per_usd for one in (name, f"total_{name}"))
    steps = [int(step) for step in kept["step"].values]
    size = bought[name].sum("asset")
    busiest = sorted(sorted(steps, key=lambda step: -float(size.sel(step=step)))[:MOST_COLUMNS])
    apart = steps if len(steps) <= MOST_COLUMNS else busiest
    table = plain_table(f"What {who.replace('_', ' ')} bought, {unit}", gap=2)
    add_label_column(table, "asset")
    add_number_columns(table, *(step_name(tree, step) for step in apart), "all steps")
    held = whole[f"total_{name}"]
    assets = sorted(
        (x for x in names(kept, "asset") if float(held.sel(asset=x)) > 0), key=lambda x: -float(held.sel(asset=x))
    )

    def cells(at: xr.Dataset, total: xr.Dataset) -> list[Any]:
        by_step = [estimate(float(x[name]), float(x[f"{name}_se"])) for x in (at.sel(step=step) for step in apart)]
        return [*by_step, estimate(float(total[f"total_{name}"]), float(total[f"total_{name}_se"]))]

    for asset in assets:
        table.add_row(
            named(asset), *cells(bought.sel(asset=asset), whole.sel(asset=asset)), end_section=asset == assets[-1]
        )
    sums = (part.sum("asset", skipna=False) for part in (bought, whole))
    table.add_row(named("all"), *cells(*sums), end_section=True)
    for figure, (label, scale) in STANDING.items():
        if f"{who}_{figure}" in kept:
            table.add_row(named(label), *(_standing(kept, f"{who}_{figure}", step, scale) for step in apart), "")
    if f"{who}_{BUDGET}" in kept:
        unit, per_usd = money_unit(kept[f"{who}_{BUDGET}"].values)
        left = [_standing(kept, f"{who}_{BUDGET}", step, per_usd) for step in apart]
        table.add_row(named("budget left", unit), *left, "")
    return table


def _standing(kept: xr.Dataset, name: str, step: int, scale: float) -> Any:
    at = kept.sel(step=step)
    return estimate(scale * float(at[name]), scale * float(at[f"{name}_se"]))
