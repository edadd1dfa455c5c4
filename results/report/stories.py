"""One path told step by step: what hit, who was called, who sold what, what it did to prices and losses."""

from __future__ import annotations

import numpy as np
import xarray as xr

from stress.results.plot.story import story as plot_story
from stress.results.report import live
from stress.results.report.drawing import embedded
from stress.results.report.elements import Block, Cell, Folded, Gallery, Heading, Picture, Row, Table, Text
from stress.results.report.found import find, labels
from stress.results.report.numbers import SYSTEM, called, money_unit, shown

MOST_TRADES = 25
STEPS_TOLD = 20
SIZE = (4.8, 11.5)  # inches of the picture: as wide as the others, so as legible
NAMED = 3  # assets or funds in a sentence
SIDES = {
    "longs_sold_usd": "sells",
    "shorts_covered_usd": "buys back",
    "longs_bought_usd": "buys",
    "shorts_sold_usd": "sells short",
}


def story(tree: xr.DataTree) -> list[Block]:
    """Heading, a sentence or two for each step, the steps as a table, the largest trades."""
    loss, still = (_by(tree, name, "fund") for name in ("fund_loss", "fund_loss_static"))
    if loss is None or still is None:
        return []
    steps = [int(step) for step in loss["step"].values]
    final = float(loss.sel(fund=SYSTEM, step=steps[-1]))
    held = float(still.sel(fund=SYSTEM, step=steps[-1]))
    told = [step for step in steps if _moves(tree, step)][:STEPS_TOLD]
    blocks: list[Block] = [
        Heading(
            f"Path {tree.attrs['path']}, rank {tree.attrs['rank']}: the system loses {shown(final, 100)} %, held still "
            f"{shown(held, 100)} %"
        ),
        *(Text(_step_told(tree, step)) for step in told),
    ]
    trades = _trades(tree)
    blocks.append(Gallery((_picture(tree, loss, still, final, held),)))
    if trades is not None:
        blocks.append(Folded(f"The largest trades on path {tree.attrs['path']}, in order", (trades,)))
    return blocks


def _picture(tree: xr.DataTree, loss: xr.DataArray, still: xr.DataArray, final: float, held: float) -> Picture:
    from matplotlib.figure import Figure

    figure = plot_story(tree, Figure(figsize=SIZE, layout="constrained"))
    figure.suptitle("")  # the page has it above the picture
    name, title = f"story-{tree.attrs['rank']}", f"Path {tree.attrs['path']}, moment by moment"
    description = (
        f"{title}. Prices, equity, gross leverage, margin calls and forced sales by step and round; in the end the "
        f"whole system has lost {shown(final, 100)} % of its NAV, and would have lost {shown(held, 100)} % held still."
    )
    table = _table(tree, loss, still)
    return Picture(
        name, title, embedded(figure.axes[0], name, description), table, live.lines(loss, 100, "loss, % of NAV")
    )


def _by(tree: xr.DataTree, name: str, dim: str) -> xr.DataArray | None:
    return find(tree, "steps", name, "step", dim)


def _moves(tree: xr.DataTree, step: int) -> bool:
    sold = _by(tree, "forced_sales_usd", "fund")
    outside = _by(tree, "outside_return", "asset")
    happened = sold is not None and float(sold.sel(fund=SYSTEM, step=step)) > 0
    return happened or (outside is not None and bool((outside.sel(step=step) != 0).any()))


def _step_told(tree: xr.DataTree, step: int) -> str:
    text = f"Step {step}."
    outside = _by(tree, "outside_return", "asset")
    if outside is not None:
        mine = outside.sel(step=step)
        lowest = _named(mine, "asset")
        highest = _named(-mine, "asset")[:1]
        moves = [f"{asset} {shown(float(mine.sel(asset=asset)), 100, 1)} %" for asset in (*lowest, *highest)]
        text += f" From outside: {', '.join(moves)}." if moves else " Nothing moves from outside."
    for name, what in (("called_usd", "called"), ("forced_sales_usd", "sold or bought back by force")):
        values = _by(tree, name, "fund")
        text += "" if values is None else _shared(values.sel(step=step), what)
    impact = _by(tree, "impact_return", "asset")
    if impact is not None and bool((impact.sel(step=step) != 0).any()):
        mine = impact.sel(step=step)
        asset = str(mine["asset"].values[int(np.argmax(np.abs(mine.values)))])
        text += f" The trades move {asset} most: {shown(float(mine.sel(asset=asset)), 100)} %."
    return text


def _shared(amounts: xr.DataArray, what: str) -> str:
    """How much, and by whom first."""
    whole = float(amounts.sel(fund=SYSTEM))
    if not whole > 0:
        return ""
    unit, scale = money_unit([whole])
    single = amounts.sel(fund=[fund for fund in labels(amounts, "fund") if fund != SYSTEM])
    first = _named(-single, "fund")
    who = ", ".join(f"{fund} {shown(float(single.sel(fund=fund)), scale)}" for fund in first)
    others = " and others" if int((single > 0).sum()) > len(first) else ""
    return f" {shown(whole, scale)} {unit} are {what} ({who}{others})."


def _named(values: xr.DataArray, dim: str) -> list[str]:
    """The labels of the `NAMED` lowest values that are below zero, the lowest first."""
    order = sorted(labels(values, dim), key=lambda name: float(values.sel({dim: name})))
    return [name for name in order if float(values.sel({dim: name})) < 0][:NAMED]


def _table(tree: xr.DataTree, loss: xr.DataArray, still: xr.DataArray) -> Table:
    amounts = {
        title: _by(tree, name, "fund")
        for name, title in (("called_usd", "Called"), ("forced_sales_usd", "Forced sales"))
    }
    gross, rounds = _by(tree, "gross_leverage", "fund"), find(tree, "steps", "rounds", "step")
    rows, columns = [], ["Step", "Loss so far, %", "Held still, %"]
    scales = {}
    for title, values in amounts.items():
        if values is not None:
            unit, scales[title] = money_unit(values.sel(fund=SYSTEM).values)
            columns.append(f"{title}, {unit}")
    columns += ["Gross leverage"] * (gross is not None) + ["Rounds"] * (rounds is not None)
    for step in loss["step"].values:
        at = {"step": step, "fund": SYSTEM}
        cells = [Cell(shown(float(loss.sel(at)), 100)), Cell(shown(float(still.sel(at)), 100))]
        for title, values in amounts.items():
            if values is not None:
                cells.append(Cell(shown(float(values.sel(at)), scales[title])))
        if gross is not None:
            cells.append(Cell(shown(float(gross.sel(at)))))
        if rounds is not None:
            cells.append(Cell(str(int(rounds.sel(step=step)))))
        rows.append(Row(str(int(step)), tuple(cells)))
    return Table(f"{called(SYSTEM).capitalize()} on path {tree.attrs['path']}", tuple(columns), tuple(rows))


def _trades(tree: xr.DataTree) -> Table | None:
    """The largest trades of a fund in an asset in a round, in the order in which they happen."""
    found = []
    for name, verb in SIDES.items():
        values = find(tree, "rounds", name, "step", "round", "fund", "asset")
        if values is None:
            continue
        mine = values.sel(fund=[fund for fund in labels(values, "fund") if fund != SYSTEM]).fillna(0.0)
        flat = mine.values.ravel()
        for place in np.argsort(-flat, kind="stable")[:MOST_TRADES]:
            if flat[place] > 0:
                at = np.unravel_index(int(place), mine.shape)
                step, turn, fund, asset = (mine[dim].values[i] for dim, i in zip(mine.dims, at, strict=True))
                found.append((float(flat[place]), int(step), int(turn), str(fund), verb, str(asset)))
    if not found:
        return None
    largest = sorted(found, key=lambda trade: (-trade[0], trade[1:]))[:MOST_TRADES]
    unit, scale = money_unit(trade[0] for trade in largest)
    rows = tuple(
        Row(f"Step {step}, round {turn}", (Cell(fund), Cell(verb), Cell(asset), Cell(shown(amount, scale))))
        for amount, step, turn, fund, verb, asset in sorted(largest, key=lambda trade: trade[1:3])
    )
    return Table(
        f"The {len(rows)} largest trades on path {tree.attrs['path']}", ("When", "Fund", "Side", "Asset", unit), rows
    )
