"""Shocks in a terminal: how plausible each is and what it does, what moves, and the story of the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from stress.results.answers.horizon import over_horizon
from stress.results.answers.reverse.dataset import GROUP, SYSTEM
from stress.results.answers.reverse.words import chance, explained, notes
from stress.results.story.page import lines_shown
from stress.results.story.summary import summary_lines
from stress.results.terminal.cells import (
    add_label_column,
    add_number_columns,
    fixed,
    money_unit,
    named,
    plain_table,
    printable,
)

if TYPE_CHECKING:
    from rich.table import Table

MOST_ASSETS = 8  # in a table of moves
NAMED = 4  # items of a list in a story


def story_of(tree: xr.DataTree, number: int) -> xr.DataTree | None:
    """The story of a shock, where it was told."""
    name = f"story_{number}"
    if name not in tree.children:
        return None
    story = tree[name]
    assert isinstance(story, xr.DataTree)
    return story


def shown(tree: xr.DataTree) -> list[Any]:
    """The tables and what a reader of them must know."""
    from rich.text import Text

    table = tree[GROUP].to_dataset()
    page: list[Any] = [
        Text(printable(f"{tree.attrs['name']}, {over_horizon(tree)}: what brings about {tree.attrs['event']}"), "bold")
    ]
    if table.sizes["answer"]:
        page.append(_shocks(tree, table))
    page += [Text(note) for note in notes(tree)]
    for number in map(int, table["answer"].values):
        page += [Text(""), _moves(tree, table, number)]
    if explained(tree) != "yes" and "mean_move" in table:
        page += [Text(""), _mean(tree, table)]
    story = story_of(tree, 1)
    if story is not None:
        page += [Text(""), Text("What happens with shock 1", "bold"), lines_shown(summary_lines(story, NAMED))]
    return page


def _shocks(tree: xr.DataTree, table: xr.Dataset) -> Table:
    who = str(tree.attrs["who"])
    whom = "the system" if who == SYSTEM else who
    unit, factor = money_unit(table["forced_sales_usd"].sel(fund=SYSTEM).values)
    shocks = plain_table(f"The most plausible shocks; losses of {whom}, % of start NAV; the rest of all")
    add_label_column(shocks, "shock")
    add_number_columns(
        shocks,
        "norm",
        "P beyond\nit",
        "P, all\nits days",
        "loss\nheld still",
        "loss",
        "NAV\ncalled\n%",
        "in de-\nfault\n%",
    )
    add_number_columns(shocks, f"sold\n{unit.replace(chr(32), chr(10))}")
    for number in map(int, table["answer"].values):
        one = table.sel(answer=number)
        mine, system = one.sel(fund=who), one.sel(fund=SYSTEM)
        shares = [mine[name] for name in ("fund_loss_static", "fund_loss")]
        shares += [system[name] for name in ("called_nav_share", "defaulted_nav_share")]
        shocks.add_row(
            named(str(number)),
            fixed(float(one["norm"]), 3),
            chance(float(one["prob_design"])),
            chance(float(one["prob_days"])),
            *(fixed(100 * float(value), 2) for value in shares),
            fixed(float(system["forced_sales_usd"]) * factor, 1),
        )
    return shocks


def leading(table: xr.Dataset, number: int) -> list[str]:
    """Assets of a shock by what their moves do, the largest first, then by their moves."""
    one = table.sel(answer=number)
    size, moved = abs(one["contribution"].values), abs(one["move"]).sum("step").values
    order = sorted(range(len(size)), key=lambda i: (-float(size[i]), -float(moved[i])))
    return [str(one["asset"].values[i]) for i in order]


def whole_move(moves: xr.DataArray) -> float:
    """Simple returns of the steps as one."""
    return float(np.prod(1.0 + moves.values) - 1.0)


def _moves(tree: xr.DataTree, table: xr.Dataset, number: int) -> Table:
    one, assets = table.sel(answer=number), leading(table, number)
    who = str(tree.attrs["who"])
    whom = "the system" if who == SYSTEM else who
    moves = plain_table(f"Shock {number}: moves from outside, %; parts of the loss of {whom}, points")
    add_label_column(moves, "asset")
    add_number_columns(moves, "all\nsteps", "largest\nstep", "at\nstep", "part of\nloss", "held\nstill")
    for name in assets[:MOST_ASSETS]:
        here = one.sel(asset=name)
        at = int(abs(here["move"]).argmax("step"))
        moves.add_row(
            named(name),
            fixed(100 * whole_move(here["move"]), 2),
            fixed(100 * float(here["move"][at]), 2),
            str(int(table["step"][at])),
            fixed(100 * float(here["contribution"]), 2),
            fixed(100 * float(here["contribution_static"]), 2),
        )
    rest = one.sel(asset=assets[MOST_ASSETS:])
    if len(assets) > MOST_ASSETS:
        parts = (fixed(100 * float(rest[name].sum()), 2) for name in ("contribution", "contribution_static"))
        moves.add_row(f"{len(assets) - MOST_ASSETS} others", "", "", "", *parts)
    return moves


def _mean(tree: xr.DataTree, table: xr.Dataset) -> Table:
    mean = table["mean_move"]
    moves = plain_table(f"Mean of the {int(tree.attrs['hits']):,} plain paths on which it happens: moves, %")
    add_label_column(moves, "asset")
    add_number_columns(moves, "all\nsteps", "largest\nstep", "at\nstep")
    order = np.argsort(-abs(mean).sum("step").values, kind="stable")
    for name in mean["asset"].values[order][:MOST_ASSETS]:
        here = mean.sel(asset=name)
        at = int(abs(here).argmax("step"))
        moves.add_row(
            named(str(name)),
            fixed(100 * whole_move(here), 2),
            fixed(100 * float(here[at]), 2),
            str(int(mean["step"][at])),
        )
    return moves
