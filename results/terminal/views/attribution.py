"""Where losses come from: held still, cutting, selling and dip buyers; below, the causes of the P&L."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import xarray as xr

from stress.results.terminal.cells import add_label_column, add_number_columns, estimate, money_unit, named, plain_table
from stress.results.terminal.views.view import View, figures, names, pick, shown_name
from stress.scenarios.errors import ScenarioError

DIMS = {
    "loss_part": ("fund", "part", "slice"),
    "loss_part_usd": ("fund", "part", "slice"),
    "contribution": ("fund", "component", "slice"),
    "forgone_by_selling": ("fund", "slice"),
}
SLICE, TOTAL = "all", "total"
HEADINGS = {"others_impact": "others'\nimpact", "execution_shortfall": "execu-\ntion", "dip_buyers": "dip-\nbuyers"}
MEANINGS = (
    "held still: the start book through the market's shocks alone. cutting: what the funds' own cuts add to that "
    "at prices that nobody moves (- avoided, + missed). selling: what their trades do to prices."
)


def attribution(tree: xr.DataTree, file: str, fund: str | None = None, part: str | None = None) -> View:
    """Parts of the loss and causes of the P&L: of every fund over one slice of paths, or of one over every slice.

    Args:
        tree: the result.
        file: its name in messages.
        fund: one fund, or "system"; None = all of them.
        part: the slice, such as "worst_1pct"; None = "all", or with `fund` every slice.

    Raises:
        ScenarioError: there is no such slice, or no attribution.
    """
    dataset = figures(tree, file, "attribution", DIMS)
    pick(dataset, file, part=[TOTAL], component=[TOTAL])
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
    return View("attribution", {"attribution": kept}, [*shown, *_notes(dataset, tree)])


def _of_funds(kept: xr.Dataset, part: str) -> list[Any]:
    parts, components, funds = names(kept, "part"), names(kept, "component"), names(kept, "fund")
    split = plain_table(f"Parts of the loss, % of start NAV, {words(part)}", gap=2)
    add_label_column(split, "fund")
    unit, per_usd = money_unit(kept["loss_part_usd"].sel(part=TOTAL).values.ravel())
    add_number_columns(split, *map(heading, parts), f"total\n{unit}")
    causes = plain_table(f"P&L by cause, % of start NAV, {words(part)}")
    add_label_column(causes, "fund")
    add_number_columns(causes, *map(heading, components))
    for fund in funds:
        cell = _cells(kept.sel(fund=fund, slice=part))
        name, end = named(shown_name(fund)), fund in funds[-2:-1]
        usd = cell("loss_part_usd", 2, per_usd, part=TOTAL)
        split.add_row(name, *(cell("loss_part", 2, part=one) for one in parts), usd, end_section=end)
        values = [cell("contribution", 2, component=component) for component in components]
        causes.add_row(name, *values, end_section=end)
    return [split, causes]


def _of_slices(kept: xr.Dataset, fund: str) -> list[Any]:
    slices, shown = names(kept, "slice"), []
    for title, name, dim in (
        ("parts of the loss", "loss_part", "part"),
        ("P&L by cause", "contribution", "component"),
    ):
        table = plain_table(f"{shown_name(fund)}: {title}, % of start NAV", gap=2)
        add_label_column(table, "part" if dim == "part" else "cause")
        add_number_columns(table, *(words(part).replace(" paths", "\npaths") for part in slices))
        for label in names(kept, dim):
            values = [_cells(kept.sel(fund=fund, slice=part))(name, **{dim: label}) for part in slices]
            cause = named(label.replace("others", "others'").replace("_", " "))
            table.add_row(cause, *values, end_section=label in names(kept, dim)[-2:])
        if dim == "part":
            unit, per_usd = money_unit(kept["loss_part_usd"].sel(fund=fund, part=TOTAL).values)
            usd = [_cells(kept.sel(fund=fund, slice=x))("loss_part_usd", 2, per_usd, part=TOTAL) for x in slices]
            table.add_row(named(f"total, {unit}"), *usd)
        else:
            forgone = [_cells(kept.sel(fund=fund, slice=part))("forgone_by_selling") for part in slices]
            table.add_row(named("forgone by selling"), *forgone)
        shown.append(table)
    return shown


def _cells(at: xr.Dataset) -> Callable[..., Any]:
    def cell(name: str, most: int = 3, scale: float = 100, **labels: str) -> Any:
        one = at[[name, f"{name}_se"]].sel(labels)
        return estimate(scale * float(one[name]), scale * float(one[f"{name}_se"]), most)

    return cell


def heading(label: str) -> str:
    """A part or a component at the head of a column, in two lines."""
    return HEADINGS.get(label, label.replace("_", "\n"))


def words(part: str) -> str:
    """`worst_1pct` as `worst 1 % of paths`."""
    if part == SLICE:
        return "all paths"
    return f"{part.replace('_', ' ').replace('pct', ' %')} paths"


def _notes(dataset: xr.Dataset, tree: xr.DataTree) -> list[Any]:
    from rich.text import Text

    apart, paths = (int(dataset.attrs.get(name, tree.attrs["paths"])) for name in ("paths_taken_apart", "paths"))
    dip_buyers = " dip-buyers: what purchases from outside do." if "dip_buyers" in names(dataset, "part") else ""
    lines = [
        f"{MEANINGS}{dip_buyers} The parts add up to the loss; the causes to the P&L, in which profit is positive.",
        "On the same paths, P&L held still = outside shock on positions held + forgone by selling; cutting + selling"
        f"{' + dip-buyers' if dip_buyers else ''} = forgone by selling - the other causes.",
        f"Parts: mean over the first {apart:,} paths; causes: {paths:,}. Worst paths: by the fund's own loss. "
        "±, second line: standard error.",
    ]
    return [Text(line) for line in lines]
