"""The story of a path in the terminal: summary, table of steps, then what happened in each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from stress.results.story.items import FLAT, amounts_of, largest_first, percent, points
from stress.results.story.steps import step_lines, told_steps
from stress.results.story.summary import Line, heading, summary_lines
from stress.results.story.words import SYSTEM
from stress.results.terminal.cells import add_number_columns, plain_table, printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table


def story_page(
    story: xr.DataTree, steps: list[int] | None = None, which: int | str | None = None, top: int = 4
) -> list[RenderableType]:
    """What `levstress replay` prints.

    Args:
        story: from `stress.replay`.
        steps: those told in full; None = those that matter most. A summary goes before, unless only some are asked for.
        which: a round, "all", "none", or None for the rounds with most of the trades.
        top: items named in a list; the others are counted.
    """
    from rich.text import Text

    told = told_steps(story) if steps is None else steps
    whole = steps is None or len(steps) == int(story.attrs["steps"])
    page: list[RenderableType] = [Text(heading(story), "bold")]
    if story.attrs.get("changed"):
        page.append(Text(printable(str(story.attrs["changed"]))))
    if whole:
        page += [lines_shown(summary_lines(story, top)), Text(""), _overview(story)]
    for step in told:
        page += [Text(_step_name(story, step), "bold"), lines_shown(step_lines(story, step, which, top))]
    left = int(story.attrs["steps"]) - len(told)
    if steps is None and left:
        page.append(Text(f"{left} quieter steps are not told: --step N tells one of them, --step all all of them"))
    page.append(Text(note(story), "dim"))
    return page


def _step_name(story: xr.DataTree, step: int) -> str:
    per_day = int(story.attrs["steps_per_day"])
    return f"step {step}" if per_day == 1 else f"step {step} (day {(step - 1) // per_day + 1})"


def lines_shown(lines: list[Line]) -> Table:
    """Labels in a column of their own, so that wrapped sentences stay apart from them."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=10)
    table.add_column(overflow="fold")
    for line in lines:
        table.add_row(Text(f"  {line.label}", "dim"), Text(printable(line.text)))
    return table


def _overview(story: xr.DataTree) -> Table:
    """A line a step."""
    from rich.text import Text

    def named(items: list[tuple[str, float]]) -> Text:
        """The first of them, cut where the terminal is narrow, so that a step stays one line."""
        return Text(printable(items[0][0]) if items else "-", no_wrap=True, overflow="ellipsis")

    steps, amounts = story["steps"].to_dataset(), amounts_of(story)
    system = steps.sel(fund=SYSTEM)
    table = plain_table(f"Step by step: loss of the system, % of start NAV; amounts, {amounts.unit}", gap=0)
    add_number_columns(table, "step", "loss", "held\nstill", "called", "sold", "rounds", "in\ndefault")
    table.add_column("largest\nnews")
    add_number_columns(table, "%")
    table.add_column("largest\nseller")
    for step in steps["step"].values:
        now = system.sel(step=step)
        news = largest_first(steps["outside_return"].sel(step=step), "asset", FLAT)
        sellers = largest_first(steps["forced_sales_usd"].sel(step=step), "fund", amounts.least)
        table.add_row(
            str(int(step)),
            percent(float(now["fund_loss"])).removesuffix(" %"),
            percent(float(now["fund_loss_static"])).removesuffix(" %"),
            amounts.write(float(now["called_usd"])),
            amounts.write(float(now["forced_sales_usd"])),
            str(int(steps["rounds"].sel(step=step))),
            str(int(now["defaults"])),
            named(news),
            points(news[0][1]) if news else "",
            named(sellers),
        )
    return table


def note(story: xr.DataTree) -> str:
    """What the figures are, and how far they are those of the run."""
    compared, gap = int(story.attrs["figures_compared"]), float(story.attrs["recording_gap"])
    text = f"Amounts are {amounts_of(story).unit} at the prices before their round; losses and P&L % of start NAV."
    if story.attrs.get("paths_are_the_same"):
        text += " Nothing is drawn at random in this scenario: all its paths are the same."
    if compared:
        text += f" The {compared} figures that the run recorded of this path are the same bit for bit."
    if gap:
        text += f" Round by round the path is off by {gap:.1e} of gross at most."
    return text
