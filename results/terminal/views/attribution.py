"""Where losses come from: outside shock, own and others' selling, retail, execution, rebound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import xarray as xr

from stress.results.terminal.cells import add_label_column, add_number_columns, estimate, named, plain_table
from stress.results.terminal.views.view import View, figures, names, pick, shown_name
from stress.scenarios.errors import ScenarioError

DIMS = {"contribution": ("fund", "component", "slice"), "avoided_by_selling": ("fund", "slice")}
SLICE = "all"
HEADINGS = {"others_impact": "others'\nimpact", "execution_shortfall": "execu-\ntion"}


def attribution(tree: xr.DataTree, file: str, fund: str | None = None, part: str | None = None) -> View:
    """Mean contributions to the P&L: of every fund over one slice of paths, or of one fund over every slice.

    Args:
        tree: the result.
        file: its name in messages.
        fund: one fund, or "system"; None = all of them.
        part: the slice, such as "worst_1pct"; None = "all", or with `fund` every slice.

    Raises:
        ScenarioError: there is no such slice, or no attribution.
    """
    dataset = figures(tree, file, "attribution", DIMS)
    slices = names(dataset, "slice")
    if part is not None and part not in slices:
        raise ScenarioError(
            "is no slice of this result", file=file, key="--slice", value=part, allowed=", ".join(slices)
        )
    if fund is None:
        kept = pick(dataset, file, slice=[part or SLICE])
        shown = _of_funds(kept, part or SLICE)
    else:
        kept = pick(dataset, file, fund=[fund], slice=slices if part is None else [part])
        shown = _of_slices(kept, fund)
    paths = int(dataset.attrs.get("paths", tree.attrs["paths"]))
    return View("attribution", {"attribution": kept}, [shown, *_notes(fund is not None, paths)])


def _of_funds(kept: xr.Dataset, part: str) -> Any:
    components = names(kept, "component")
    table = plain_table(f"P&L by cause, % of start NAV, {_words(part)}")
    add_label_column(table, "fund")
    headings = [HEADINGS.get(name, name.replace("_", "\n")) for name in components]
    add_number_columns(table, *headings)
    funds = names(kept, "fund")
    for fund in funds:
        cell = _cells(kept.sel(fund=fund, slice=part))
        values = [cell("contribution", 2, component=component) for component in components]
        end = fund in funds[-2:-1]
        table.add_row(named(shown_name(fund)), *values, end_section=end)
    return table


def _of_slices(kept: xr.Dataset, fund: str) -> Any:
    components, slices = names(kept, "component"), names(kept, "slice")
    table = plain_table(f"{shown_name(fund)}: P&L by cause, % of start NAV", gap=2)
    add_label_column(table, "cause")
    add_number_columns(table, *(_words(part).replace(" paths", "\npaths") for part in slices))
    for component in components:
        values = [_cells(kept.sel(fund=fund, slice=part))("contribution", component=component) for part in slices]
        cause = named(component.replace("others", "others'").replace("_", " "))
        table.add_row(cause, *values, end_section=component in components[-2:])
    avoided = [_cells(kept.sel(fund=fund, slice=part))("avoided_by_selling") for part in slices]
    table.add_row(named("avoided by selling"), *avoided)
    return table


def _cells(at: xr.Dataset) -> Callable[..., Any]:
    def cell(name: str, most: int = 3, **labels: str) -> Any:
        one = at[[name, f"{name}_se"]].sel(labels)
        return estimate(100 * float(one[name]), 100 * float(one[f"{name}_se"]), most)

    return cell


def _words(part: str) -> str:
    """`worst_1pct` as `worst 1 % of paths`."""
    if part == SLICE:
        return "all paths"
    return f"{part.replace('_', ' ').replace('pct', ' %')} paths"


def _notes(one_fund: bool, paths: int) -> list[Any]:
    from rich.text import Text

    lines = ["Profit is positive; the causes add up to the total. Worst paths: by the fund's own loss."]
    if one_fund:
        lines.append("avoided: P&L of the start book held still less the shock on what was held; no part of the total.")
    lines.append(f"{paths:,} paths. ±, second line: standard error; ±?: too few paths for one.")
    return [Text(line) for line in lines]
