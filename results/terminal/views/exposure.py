"""What funds hold at the end of each step: net and gross, by class, region, sector or asset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import xarray as xr

from stress.results.dataset.groups_of_assets import grouped, ways
from stress.results.dataset.labels import evenly_spaced
from stress.results.terminal.cells import (
    add_label_column,
    add_number_columns,
    fixed,
    money,
    money_unit,
    named,
    plain_table,
)
from stress.results.terminal.views.view import SYSTEM, View, figures, names, pick, shown_name, step_name
from stress.scenarios.errors import ScenarioError

KINDS = {"exposure_usd": "Net exposure, long less short", "gross_exposure_usd": "Gross exposure, long plus short"}
AT_START = {"exposure_usd": "position_usd", "gross_exposure_usd": "gross_position_usd"}
MOST_COLUMNS = 7  # steps side by side
DIMS = dict.fromkeys(KINDS, ("step", "fund", "asset"))


def exposure(
    tree: xr.DataTree, file: str, fund: str = SYSTEM, assets: Sequence[str] | None = None, by: str = "class"
) -> View:
    """Mean exposure of one fund, or of all of them, in USD and as a share of its start NAV.

    Args:
        tree: the result.
        file: its name in messages.
        fund: a fund, or "system".
        assets: those to keep; None = all of them.
        by: "class", "region", "sector" or "asset": which are added up; "asset" where `assets` are given.

    Raises:
        ScenarioError: the result does not hold exposures, or not of this fund; no asset has a sector.
    """
    line = figures(tree, file, "timeline", DIMS)
    by = by if assets is None else "asset"
    if by not in ways(line):
        allowed = f"one of {', '.join(ways(line))}; or a run of a scenario whose assets have a {by}"
        raise ScenarioError(f"no asset of this result has a {by}", file=file, key="--by", value=by, allowed=allowed)
    chosen = [x for x in line.data_vars if str(x).removesuffix("_se") in KINDS]
    kept = pick(line[chosen], file, fund=[fund], asset=assets or names(line, "asset"))
    nav = _nav(tree, fund)
    shown = [_table(tree, kept, kind, fund, by, nav) for kind in KINDS]
    return View("exposure", {"timeline": kept}, [*shown, *_notes(tree, kept, line, by)])


def _nav(tree: xr.DataTree, fund: str) -> float:
    summary = tree["summary"].to_dataset()
    return float(summary["system_nav_usd"] if fund == SYSTEM else summary["nav_usd"].sel(fund=fund))


def at_start(tree: xr.DataTree, kind: str, fund: str, assets: Sequence[str]) -> xr.DataArray | None:
    """Positions of a fund, or of all, at the start, (asset,) USD; None of a member of a type."""
    name, begin = AT_START[kind], tree["start"].to_dataset() if "start" in tree.children else xr.Dataset()
    if name not in begin or (fund != SYSTEM and fund not in begin["fund_type"]):
        return None
    held = begin[name].sum("fund_type") if fund == SYSTEM else begin[name].sel(fund_type=fund, drop=True)
    return held.sel(asset=list(assets))


def _table(tree: xr.DataTree, kept: xr.Dataset, kind: str, fund: str, by: str, nav: float) -> Any:
    values = grouped(kept[kind].sel(fund=fund), by)
    begin = at_start(tree, kind, fund, names(kept, "asset"))
    start = None if begin is None else grouped(begin, by)
    steps = evenly_spaced(kept["step"].values, MOST_COLUMNS)
    unit, per_usd = money_unit([*values.values.ravel(), *values.sum("group").values])
    table = plain_table(f"{KINDS[kind]}, of {shown_name(fund)} by {by}: {unit}, % of start NAV below", gap=2)
    add_label_column(table, by)
    columns = [] if start is None else ["start"]
    add_number_columns(table, *columns, *(step_name(tree, step) for step in steps))
    groups = [str(group) for group in values["group"].values]

    def cells(at: Any) -> list[Any]:
        begins = [] if start is None else [at(start)]
        return [_cell(float(x), nav, per_usd) for x in (*begins, *(at(values.sel(step=step)) for step in steps))]

    for group in groups:
        shown = cells(lambda x, g=group: x.sel(group=g))
        table.add_row(named(group or "(none)"), *shown, end_section=group == groups[-1])
    if len(groups) > 1:
        table.add_row(named("all"), *cells(lambda x: x.sum("group", skipna=False)))
    return table


def _cell(usd: float, nav: float, per_usd: float) -> Any:
    from rich.text import Text

    return Text.assemble(fixed(usd * per_usd, 1), "\n", (f"{fixed(100 * usd / nav, 1)} %", "dim"))


def _notes(tree: xr.DataTree, kept: xr.Dataset, line: xr.Dataset, by: str) -> list[Any]:
    from rich.text import Text

    paths = int(line.attrs.get("paths", tree.attrs["paths"]))
    largest = max(float(grouped(kept[f"{kind}_se"], by).max()) for kind in KINDS)
    others = ", ".join(f"--by {way}" for way in ways(line) if way != by)
    return [
        Text(
            f"Mean over {paths:,} paths of positions at the prices of the step's end; standard errors at most "
            f"{money(largest)}. {others}; --fund ID, --asset ID, --asset-class CLASS."
        )
    ]
