"""The worst paths: of the whole system one by one, and the worst of each fund."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import xarray as xr

from stress.results.report.elements import Block, Cell, Folded, Row, Section, Table, Text, absent
from stress.results.report.numbers import SYSTEM, called, shown
from stress.results.report.parts_of_result import find, labels
from stress.results.report.risk import Risk
from stress.results.report.sections.stories import story
from stress.results.terminal.cells import money_unit

TITLE = "The worst paths"
MOST = 10
AMOUNTS = ("fund_loss", "trough", "fund_loss_static", "called_usd", "forced_sales_usd")
WANTED = ("path_id", *AMOUNTS, "first_call_step", "defaulted")


def worst(tree: xr.DataTree, stories: Sequence[xr.DataTree] = (), reason: str = "") -> Section:
    """The system's ten worst paths by their ids, the stories of some, and the worst path of each fund.

    Args:
        tree: the result.
        stories: of replayed paths: one that stands for the worst 1 %, then the worst.
        reason: why there are none.
    """
    found = {name: find(tree, "tails", name, "rank", "fund") for name in WANTED}
    values = {name: variable for name, variable in found.items() if variable is not None}
    if len(values) < len(WANTED) or not values["path_id"].sizes["rank"]:
        return absent("worst", TITLE, "This result kept no paths (run it with --store tails, which is the default).")
    ids = values["path_id"]
    first = int(ids["rank"].values[0])
    blocks: list[Block] = [Text("Each path can be computed again in full from its id: levstress replay DIR --path ID.")]
    if SYSTEM in labels(ids, "fund"):
        ranks = [int(rank) for rank in ids["rank"].values][: MOST if Risk(tree).random else 1]
        units = _units(values, rank=ranks, fund=SYSTEM)
        rows = tuple(Row(str(rank), _cells(values, rank, SYSTEM, units)) for rank in ranks)
        blocks.append(Table("The whole system's worst paths", ("Rank", *_columns(units)), rows))
    funds = [fund for fund in labels(ids, "fund") if fund != SYSTEM]
    units = _units(values, rank=first, fund=funds)
    rows = tuple(Row(called(fund), _cells(values, first, fund, units)) for fund in funds)
    table = Table("The worst path of each fund", ("Fund", *_columns(units)), rows)
    blocks.append(Folded(table.caption, (table,)))
    for place, path in enumerate(stories):
        blocks += story(path, printed=place == 0)
    if reason:
        blocks.append(Text(f"The worst paths could not be computed again here: {reason}", quiet=True))
    return Section("worst", TITLE, blocks)


Units = dict[str, tuple[str, float]]  # of each column of amounts, and the factor to it


def _units(values: dict[str, xr.DataArray], **where: Any) -> Units:
    return {name: money_unit(values[name].sel(where).values.ravel()) for name in ("called_usd", "forced_sales_usd")}


def _columns(units: Units) -> tuple[str, ...]:
    losses = ("Loss, % of NAV", "Largest on the way, %", "Held still, %")
    amounts = (f"Called, {units['called_usd'][0]}", f"Forced sales, {units['forced_sales_usd'][0]}")
    return ("Path", *losses, *amounts, "First call in step", "Default")


def _cells(values: dict[str, xr.DataArray], rank: int, fund: str, units: Units) -> tuple[Cell, ...]:
    one = {name: variable.sel(rank=rank, fund=fund).item() for name, variable in values.items()}
    return (
        Cell(str(int(one["path_id"]))),
        Cell(shown(one["fund_loss"], 100)),
        Cell(shown(one["trough"], 100)),
        Cell(shown(one["fund_loss_static"], 100)),
        *(Cell(shown(one[name], scale)) for name, (_, scale) in units.items()),
        Cell(str(int(one["first_call_step"]) or "none")),
        Cell("yes" if one["defaulted"] else "no"),
    )
