"""Who sells what in which step, and what makes funds sell on the replayed paths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from stress.results.dataset.first_facts import BY_TRIGGER, TAIL
from stress.results.report.elements import Block, Cell, Folded, Heading, Row, Table, Text
from stress.results.report.numbers import SYSTEM, called, cell, shade, shown
from stress.results.report.parts_of_result import labels, pair
from stress.results.story.items import counted
from stress.results.story.words import because
from stress.results.terminal.cells import money_unit

TOTAL = f"total_{BY_TRIGGER}"
STEPS_IN_FULL = 10  # of the tables of who sells what
SMALLEST = 0.001  # of the largest flow: an asset under it has no row


def who_sells_what(tree: xr.DataTree) -> list[Block]:
    """A table of funds by assets for each step, the largest first both ways."""
    found = pair(tree, "timeline", "forced_flow_by_fund_usd", "step", "fund", "asset")
    if found is None:
        return [Text("This result does not say which fund sells which asset.", quiet=True)]
    values, errors = found
    funds = [fund for fund in labels(values, "fund") if fund != SYSTEM]
    values, errors = values.sel(fund=funds), errors.sel(fund=funds)
    size = abs(values).sum(("fund", "asset"))
    busiest = int(values["step"].values[int(np.argmax(size.values))])
    steps = [int(step) for step in values["step"].values]
    steps = [step for step in steps if float(size.sel(step=step)) > 0]
    left = values.sizes["step"] - len(steps)
    if len(steps) > STEPS_IN_FULL:
        steps = sorted(sorted(steps, key=lambda step: -float(size.sel(step=step)))[:STEPS_IN_FULL])
        of_all = f" The {STEPS_IN_FULL} steps with the largest flow are shown."
    else:
        of_all = f" In {counted(left, 'other step')} nothing is sold or bought." if left else ""
    blocks: list[Block] = [
        Heading("Who sells what, step by step"),
        Text(
            "Mean over paths with its standard error, the largest flow first both ways; what hedges and rebalancing "
            "rules build is in it. Darker is more; sold (longs sold, shorts added) is orange and negative, bought "
            f"(shorts covered, longs added) violet and positive.{of_all}",
            quiet=True,
        ),
    ]
    unit, scale = money_unit(values.values.ravel())
    largest = float(abs(values).max()) * scale
    for step in steps:
        table = _step_table(values.sel(step=step), errors.sel(step=step), step, unit, scale, largest)
        title = f"Step {step}: {_step_says(values.sel(step=step))}"
        blocks.append(Folded(title, (table,), open=step == busiest, printed=True))
    return blocks


def _step_table(
    values: xr.DataArray, errors: xr.DataArray, step: int, unit: str, scale: float, largest: float
) -> Table:
    funds, rows = _by_size(values, "fund"), []
    for asset in _by_size(values, "asset"):
        mine, spread = values.sel(asset=asset), errors.sel(asset=asset)
        if float(abs(mine).max()) * scale <= SMALLEST * largest:
            continue
        cells = []
        for fund in funds:
            amount, error = float(mine.sel(fund=fund)), float(spread.sel(fund=fund))
            written = cell(amount, error, scale, 2)
            tone = shade(amount * scale, largest) if written.text.strip("−0.") else 0
            cells.append(Cell(written.text, written.error, tone) if amount else Cell(""))
        rows.append(Row(asset, (Cell(shown(float(mine.sum()), scale)), *cells)))
    note = f"Left out: assets with less than {100 * SMALLEST:g} % of the largest flow. Empty: nothing at all."
    heads = ("Asset", "All funds", *funds)
    return Table(f"Forced flow in step {step} by asset and fund, {unit}", heads, tuple(rows), note, tight=True)


def _by_size(values: xr.DataArray, dim: str) -> list[str]:
    """The labels along `dim`, those with most flow of either sign first."""
    total = abs(values).sum([other for other in values.dims if other != dim])
    return sorted(labels(values, dim), key=lambda name: (-float(total.sel({dim: name})), name))


def _step_says(values: xr.DataArray) -> str:
    """The largest single sale and the largest single purchase of the step."""
    stacked = values.stack(pair=("fund", "asset"))
    unit, scale = money_unit([float(abs(stacked).max())])
    said = []
    for what, sign in (("sale", -1.0), ("purchase", 1.0)):
        signed = sign * stacked
        if float(signed.max()) > 0:
            fund, asset = stacked["pair"].values[int(np.argmax(signed.values))]
            said.append(f"largest {what}: {fund} {asset} {shown(float(signed.max()), scale)} {unit}")
    return "; ".join(said) or "nothing is sold or bought"


def reasons(stories: Sequence[xr.DataTree]) -> list[Block]:
    """What the replayed paths' trades are asked for by, cut and built apart."""
    sides = (("forced_sales_by_trigger_usd", "cut"), ("built_by_trigger_usd", "built"))
    columns = {f"Path {int(story.attrs['path'])}": story["rounds"].to_dataset() for story in stories}
    amounts: dict[tuple[str, str], list[float]] = {}
    for place, rounds in enumerate(columns.values()):
        for name, side in sides:
            whole = rounds[name].sel(fund=SYSTEM).sum(("step", "round"))
            for trigger in labels(whole, "trigger"):
                usd = float(whole.sel(trigger=trigger))
                amounts.setdefault((side, trigger), [0.0] * len(columns))[place] = usd
    least = SMALLEST * max((max(usd) for usd in amounts.values()), default=0.0)
    there = {key: usd for key, usd in amounts.items() if max(usd) > least}
    if not there:
        return []
    unit, scale = money_unit(usd for row in there.values() for usd in row)
    order = sorted(there, key=lambda key: (key[0] != "cut", -sum(there[key]), key))
    rows = tuple(
        Row(
            because(trigger).replace("its ", "their "),
            (Cell(side), *(Cell(shown(usd, scale)) for usd in there[side, trigger])),
        )
        for side, trigger in order
    )
    table = Table(
        f"What made funds trade on the replayed paths, {unit}",
        ("Because of", "Cut or built", *columns),
        rows,
        "Of these paths alone, whose numbers are below, and not a mean. "
        "Amounts are at the prices of their round, each trade under what asked for most of it.",
    )
    return [table]


def why(tree: xr.DataTree) -> list[Block]:
    """Forced sales of each fund by what asked for them, over all paths and over the worst 1 % for the system."""
    every = pair(tree, "timeline", TOTAL, "trigger", "fund")
    if every is None:
        return []
    blocks: list[Block] = [Heading("Why do funds sell?")]
    tail = pair(tree, "tail_timeline", TOTAL, "slice", "trigger", "fund")
    slices = [("mean over all paths", every)]
    if tail is not None and TAIL in labels(tail[0], "slice") and float(every[1].max()) > 0:
        slices.append(
            (
                "mean over the worst 1 % of paths by the system's loss",
                (tail[0].sel(slice=TAIL), tail[1].sel(slice=TAIL)),
            )
        )
    for where, found in slices:
        values, errors = found
        whole = values.sum("trigger")
        funds = [x for x in labels(values, "fund") if float(whole.sel(fund=x)) > 0]
        funds.sort(key=lambda fund, size=whole: (fund == SYSTEM, -float(size.sel(fund=fund))))  # type: ignore[misc]
        triggers = [x for x in labels(values, "trigger") if float(values.sel(trigger=x).max()) > 0]
        unit, scale = money_unit(whole.values)
        rows = []
        for fund in funds:
            cells = [
                cell(float(values.sel(fund=fund, trigger=x)), float(errors.sel(fund=fund, trigger=x)), scale)
                for x in triggers
            ]
            total = Cell(shown(float(whole.sel(fund=fund)), scale))
            rows.append(Row(called(fund), (*cells, total), strong=fund == SYSTEM))
        heads = [because(x).replace("its ", "their ").capitalize() for x in triggers]
        blocks.append(
            Table(
                f"Forced sales by what asked for most of them, {where}, {unit}",
                ("Fund", *heads, "All"),
                tuple(rows),
                "Over the whole horizon, at the prices of their round. ±: standard error.",
            )
        )
    return blocks
