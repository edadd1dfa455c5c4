"""The part of a report that shows the shocks of a reverse stress test."""

from __future__ import annotations

from functools import partial

import xarray as xr

from stress.results.answers.horizon import over_horizon
from stress.results.answers.reverse.dataset import GROUP, SYSTEM
from stress.results.answers.reverse.figure import reverse
from stress.results.answers.reverse.table import NAMED, leading, story_of, whole_move
from stress.results.answers.reverse.words import NOTHING_FOUND, chance, notes, simulated
from stress.results.report import plotly_twins
from stress.results.report.drawing import drawn
from stress.results.report.elements import Block, Cell, Facts, Gallery, Heading, Picture, Row, Section, Table, Text
from stress.results.report.numbers import called, shown
from stress.results.story.summary import summary_lines
from stress.results.terminal.cells import money_unit

MOST_ASSETS = 12  # in a picture's table


def sections(tree: xr.DataTree) -> list[Section]:
    """Shocks and their probabilities, what moves in each, and the story of the first."""
    table = tree[GROUP].to_dataset()
    found = bool(table.sizes["answer"])
    blocks: list[Block] = (
        [] if found else [Text(f"{tree.attrs['event']} {over_horizon(tree)}: {NOTHING_FOUND} {simulated(tree)}")]
    )
    blocks += [
        Text(
            f"{'T' if found else 'Looked for: t'}he shocks nearest to none, in the standard normals that the scenario "
            f"draws, with which {tree.attrs['event']} happens {over_horizon(tree)}, through margin calls, sales and "
            "their impact."
        )
    ]
    if table.sizes["answer"]:
        blocks.append(_shocks(tree, table))
        blocks.append(Gallery(tuple(_picture(tree, table, int(number)) for number in table["answer"].values)))
    blocks += [Text(note, quiet=True) for note in notes(tree) if found or note not in (NOTHING_FOUND, simulated(tree))]
    story = story_of(tree, 1)
    if story is not None:
        lines = summary_lines(story, NAMED)
        facts: list[tuple[str, str]] = []
        for line in lines:
            if line.label or not facts:
                facts.append((line.label[:1].upper() + line.label[1:], line.text))
            else:
                facts[-1] = (facts[-1][0], f"{facts[-1][1]}\n{line.text}")
        blocks += [Heading("What happens with shock 1"), Facts(tuple(facts), compact=True)]
    return [Section("reverse", "What brings it about", blocks)]


def _shocks(tree: xr.DataTree, table: xr.Dataset) -> Table:
    who = str(tree.attrs["who"])
    whom = f"the {called(who)}" if who == SYSTEM else called(who)
    unit, factor = money_unit(table["forced_sales_usd"].sel(fund=SYSTEM).values)
    rows = []
    for number in map(int, table["answer"].values):
        one = table.sel(answer=number)
        mine, system = one.sel(fund=who), one.sel(fund=SYSTEM)
        cells = [shown(float(one["norm"]), 1.0, 3), chance(float(one["prob_design"])), chance(float(one["prob_days"]))]
        cells += [shown(float(mine[name]), 100.0) for name in ("fund_loss_static", "fund_loss")]
        cells += [shown(float(system[name]), 100.0) for name in ("called_nav_share", "defaulted_nav_share")]
        cells.append(shown(float(system["forced_sales_usd"]), factor, 1))
        rows.append(Row(f"Shock {number}", tuple(map(Cell, cells))))
    return Table(
        f"How plausible each is, and the losses of {whom}",
        (
            "",
            "norm",
            "P beyond it",
            "P, all its days",
            "held still, %",
            "loss, %",
            "NAV called, %",
            "NAV in default, %",
            f"sold, {unit}",
        ),
        tuple(rows),
    )


def _picture(tree: xr.DataTree, table: xr.Dataset, number: int) -> Picture:
    one, who = table.sel(answer=number), called(str(tree.attrs["who"]))
    who = f"the {who}" if tree.attrs["who"] == SYSTEM else who
    assets = leading(table, number)[:MOST_ASSETS]
    title = f"Shock {number}: moves from outside by step"
    rows = tuple(
        Row(
            name,
            (
                Cell(shown(whole_move(one["move"].sel(asset=name)), 100.0)),
                Cell(shown(float(one["contribution"].sel(asset=name)), 100.0)),
                Cell(shown(float(one["contribution_static"].sel(asset=name)), 100.0)),
            ),
        )
        for name in assets
    )
    below = Table(title, ("", "all steps, %", f"part of the loss of {who}, points", "held still, points"), rows)
    text = ", ".join(f"{name} {shown(whole_move(one['move'].sel(asset=name)), 100.0)} %" for name in assets)
    live = plotly_twins.heat(one["move"].sel(asset=assets).transpose("asset", "step"), 100.0, "%")
    key = f"reverse-{number}"
    return Picture(key, title, drawn(key, title, f"{text}.", partial(reverse, tree, number)), below, live)
