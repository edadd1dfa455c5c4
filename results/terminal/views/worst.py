"""The worst paths of a fund, with the ids under which they can be simulated again."""

from __future__ import annotations

import shlex
from typing import Any

import xarray as xr

from stress.results.terminal.cells import add_number_columns, fixed, money_unit, plain_table
from stress.results.terminal.views.view import SYSTEM, View, figures, pick, shown_name

TOP = 10
AMOUNTS = ("fund_loss", "trough", "fund_loss_static", "called_usd", "forced_sales_usd")
SHOWN = (*AMOUNTS, "first_call_step", "defaulted", "path_id")
GROUPS = {"loss": "tails", "trough": "tails_by_trough"}  # ranked by the loss at the end, by the largest at any step end
TITLES = {"loss": "Worst paths", "trough": "Worst paths by their trough"}


def worst(tree: xr.DataTree, file: str, fund: str = SYSTEM, top: int | None = None, by: str = "loss") -> View:
    """The worst paths of one fund, worst first; `top` (None = 10) of them in the table.

    Args:
        tree: the result.
        file: its name in messages.
        fund: whose.
        top: rows of the table.
        by: one of GROUPS.

    Raises:
        ScenarioError: the run kept no worst paths.
    """
    from rich.text import Text

    group = GROUPS[by]
    kept = figures(tree, file, group, dict.fromkeys(SHOWN, ("rank", "fund")), errors=False)
    kept = pick(kept, file, fund=[fund])
    kept = kept.set_coords("path_id")
    alike = _alike(kept)
    table = plain_table(f"{TITLES[by]}: {shown_name(fund)}")
    shown = kept.isel(fund=0, rank=slice(0, 1 if alike else top or TOP))
    called_unit, of_called = money_unit(shown["called_usd"].values)
    sales_unit, of_sales = money_unit(shown["forced_sales_usd"].values)
    amounts = (f"called\n{called_unit}", f"sales\n{sales_unit}")
    headings = ("loss\n%", "trough\n%", "still\n%", *amounts, "first\ncall")
    add_number_columns(table, "rank", "path", *headings)
    table.add_column("de-\nfault", no_wrap=True)
    for i in range(shown.sizes["rank"]):
        row = shown.isel(rank=i)
        loss, trough, still, called, sold = (float(row[name]) for name in AMOUNTS)
        first = int(row["first_call_step"])
        table.add_row(
            str(int(row["rank"])),
            str(int(row["path_id"])),
            fixed(100 * loss, 2),
            fixed(100 * trough, 2),
            fixed(100 * still, 2),
            fixed(called * of_called, 2),
            fixed(sold * of_sales, 2),
            str(first) if first else "-",
            "yes" if bool(row["defaulted"]) else "-",
        )
    return View("worst", {group: kept}, [table, *(Text(line) for line in _notes(kept, file, alike))])


def _alike(kept: xr.Dataset) -> bool:
    """Whether there are several paths, each with the same figures: those of a run without a draw."""
    return kept.sizes["rank"] > 1 and all(bool((x == x.isel(rank=0)).all()) for x in kept.data_vars.values())


def _notes(kept: xr.Dataset, file: str, alike: bool) -> list[Any]:
    count = kept.sizes["rank"]
    lines = [
        f"{count} paths were kept. Losses: % of start NAV, positive = loss; trough: the largest at any step end; "
        "still: of the book held still; first call: its step."
    ]
    if alike:
        lines.append(f"All {count} have the same figures; one of them is shown.")
    if count:
        path = int(kept["path_id"].isel(rank=0, fund=0))
        lines.append(f"One of them step by step: levstress replay {shlex.quote(file)} --path {path}")
    return lines
