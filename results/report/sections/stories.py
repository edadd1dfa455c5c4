"""One path told step by step, in the words of `levstress replay`: what hit, who was called, who traded what and why."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from stress.results.plot.story import story as plot_story
from stress.results.report import plotly_twins
from stress.results.report.drawing import embedded
from stress.results.report.elements import Block, Cell, Facts, Folded, Gallery, Heading, Picture, Row, Table, Text
from stress.results.report.numbers import SYSTEM, called, shown
from stress.results.story.items import amounts_of, counted, largest_first, listed
from stress.results.story.page import note
from stress.results.story.steps import step_lines, told_steps
from stress.results.story.summary import Line, stands_for, summary_lines
from stress.results.terminal.cells import money_unit

AFTER_ROUND = ("Prices, %", "Calls")
SIZE = (4.8, 11.5)  # inches of the picture: as wide as the others, so as legible
DONE = {"called_usd": "called", "forced_sales_usd": "cut", "built_usd": "built"}
NAMED = 4  # items of a list, as in the terminal


def story(tree: xr.DataTree, printed: bool) -> list[Block]:
    """Heading, summary, picture with the steps as a table, the steps that matter most told in full, and the end.

    Args:
        tree: the replay.
        printed: whether what is folded on a screen is open on paper.
    """
    steps = tree["steps"].to_dataset().sel(fund=SYSTEM)
    final, held = (float(steps[name].isel(step=-1)) for name in ("fund_loss", "fund_loss_static"))
    path = int(tree.attrs["path"])
    blocks: list[Block] = [
        Heading(
            f"Path {path}, {_place(tree)}: the system loses {shown(final, 100)} %, held still {shown(held, 100)} %"
        ),
        _facts(summary_lines(tree, NAMED)),
        Gallery((_picture(tree, final, held),)),
    ]
    told, amounts = told_steps(tree), amounts_of(tree)
    for step in told:
        now = steps.sel(step=step)
        trades = ((float(now[name]), verb) for name, verb in DONE.items())
        done = ", ".join(f"{amounts.told(usd)} {verb}" for usd, verb in trades if usd >= amounts.least)
        title = (
            f"Path {path}, step {step}: {done or 'nobody trades'}; loss so far {shown(float(now['fund_loss']), 100)} %"
        )
        blocks.append(Folded(title, (_facts(step_lines(tree, step, None, NAMED)),), printed=printed))
    quieter = steps.sizes["step"] - len(told)
    left = f" {counted(quieter, 'quieter step')} not told here: levstress replay tells all." if quieter else ""
    return [*blocks, Text(f"{_end(tree)}{left}"), Text(note(tree), quiet=True)]


def _place(tree: xr.DataTree) -> str:
    """How the path was chosen."""
    rank, count = int(tree.attrs["rank"]), int(tree.attrs.get("stands_for", 0))
    return f"rank {rank}" if rank else stands_for(count) if count else "chosen by its id"


def _facts(lines: Sequence[Line]) -> Facts:
    """Lines under their labels; those without a label, and what follows from a round, go on with the one before."""
    facts: list[tuple[str, str]] = []
    for line in lines:
        label = line.label[:1].upper() + line.label[1:]
        of_round = bool(facts) and facts[-1][0].startswith("Round") and label in AFTER_ROUND
        if (label and not of_round) or not facts:
            facts.append((label or "State", line.text))
        else:
            text = f"{label}: {line.text}" if label else line.text
            facts[-1] = (facts[-1][0], f"{facts[-1][1]}\n{text}")
    return Facts(tuple(facts), compact=True)


def _end(tree: xr.DataTree) -> str:
    """How the path leaves funds and brokers."""
    steps, outcome = tree["steps"].to_dataset(), tree["outcome"].to_dataset()
    last = steps.sel(fund=SYSTEM).isel(step=-1)
    defaults, open_calls = int(last["defaults"]), int(last["open_calls"])
    text = f"In the end {counted(defaults, 'member') if defaults else 'nobody'} "
    text += f"{'are' if defaults > 1 else 'is'} in default, {counted(open_calls, 'margin call')} "
    text += f"{'is' if open_calls == 1 else 'are'} open, and "
    losing, amounts = [], amounts_of(tree)
    if "broker_loss_usd" in outcome:
        losing = largest_first(outcome["broker_loss_usd"], "prime_broker", amounts.least)
    return text + (
        f"brokers lose {listed(losing, amounts.write, NAMED)} {amounts.unit}." if losing else "no prime broker loses."
    )


def _picture(tree: xr.DataTree, final: float, held: float) -> Picture:
    from matplotlib.figure import Figure

    figure = plot_story(tree, Figure(figsize=SIZE, layout="constrained"))
    figure.suptitle("")  # the page has it above the picture
    name, title = f"story-{tree.attrs['rank']}", f"Path {tree.attrs['path']}, moment by moment"
    description = (
        f"{title}. Prices, equity, gross leverage, margin calls and forced sales by step and round; in the end the "
        f"whole system has lost {shown(final, 100)} % of its NAV, and would have lost {shown(held, 100)} % held still."
    )
    twin = plotly_twins.lines(tree["steps"].to_dataset()["fund_loss"], 100, "loss, % of NAV")
    return Picture(name, title, embedded(figure.axes[0], name, description), _table(tree), twin)


def _table(tree: xr.DataTree) -> Table:
    """The whole system, step by step."""
    steps = tree["steps"].to_dataset()
    system = steps.sel(fund=SYSTEM)
    amounts = {"called_usd": "Called", "forced_sales_usd": "Forced sales", "built_usd": "Built"}
    units = {name: money_unit(system[name].values) for name in amounts}
    rows = []
    for step in steps["step"].values:
        now = system.sel(step=step)
        cells = [Cell(shown(float(now[name]), 100)) for name in ("fund_loss", "fund_loss_static")]
        cells += [Cell(shown(float(now[name]), units[name][1])) for name in amounts]
        cells += [Cell(shown(float(now["gross_leverage"]))), Cell(str(int(now["rounds"])))]
        rows.append(Row(str(int(step)), (*cells, Cell(str(int(now["defaults"]))))))
    titles = (f"{title}, {units[name][0]}" for name, title in amounts.items())
    columns = ("Step", "Loss so far, %", "Held still, %", *titles, "Gross leverage", "Rounds", "In default")
    return Table(f"{called(SYSTEM).capitalize()} on path {tree.attrs['path']}", columns, tuple(rows))
