"""What the loss is made of: held still, cutting, selling and dip-buyers, of the whole system and by fund."""

from __future__ import annotations

import xarray as xr

from stress.results.dataset.first_facts import TAIL, Loss, loss_at_end, lowest_mean
from stress.results.report.elements import Row, Table
from stress.results.report.numbers import SYSTEM, called, cell
from stress.results.report.risk import Risk
from stress.results.terminal.cells import money, money_unit
from stress.results.terminal.names import step_name
from stress.results.terminal.views.attribution import MEANINGS

NAMES = {"held_still": "Held still", "dip_buyers": "Dip-buyers"}


def part_name(part: str) -> str:
    """A part at the head of a column."""
    return NAMES.get(part, part.replace("_", " ").capitalize())


def parts_of_the_system(tree: xr.DataTree, risk: Risk) -> Table | None:
    """The mean path at its lowest and at the end, and the worst 1 % at the end, each as the sum of its parts."""
    end = loss_at_end(tree)
    if end is None:
        return None
    lowest, tail = lowest_mean(tree), loss_at_end(tree, TAIL)
    paths = "Mean of all paths" if risk.random else "Every path"
    losses = [(f"{paths}, end of {step_name(tree, lowest.step)}, its lowest", lowest)] if lowest is not None else []
    if lowest is None or lowest.step != end.step:
        losses.append((f"{paths}, at the end", end))
    if risk.random and tail is not None:
        losses.append(("Worst 1 % of paths, at the end", tail))
    nav = risk.figure("nav_usd")[0]
    unit, scale = money_unit(loss.total.value * nav for _, loss in losses)
    rows = tuple(_row(label, loss, list(end.parts), nav, scale) for label, loss in losses)
    return Table(
        "What the loss of all funds together is made of, % of start NAV",
        ("Paths", "Loss", *map(part_name, end.parts), f"Loss, {unit}"),
        rows,
        f"{_sentence(end)} The parts add up to the loss. {_paths(tree)}",
    )


def parts_by_fund(tree: xr.DataTree, risk: Risk, part: str = "all") -> Table | None:
    """Each fund's mean loss over a slice of its own worst paths, as the sum of its parts."""
    end = loss_at_end(tree, part)
    if end is None:
        return None
    where = "over all paths" if part == "all" else "over the fund's own worst 1 %"
    navs = {fund: risk.figure("nav_usd", fund)[0] for fund in risk.everybody}
    losses = {fund: loss for fund in navs if (loss := loss_at_end(tree, part, fund)) is not None}
    unit, scale = money_unit(loss.total.value * navs[fund] for fund, loss in losses.items())
    rows = [
        _row(called(fund), loss, list(end.parts), navs[fund], scale, money(navs[fund]), fund == SYSTEM)
        for fund, loss in losses.items()
    ]
    return Table(
        f"What the loss of each fund is made of, % of start NAV, mean {where}",
        ("Fund", "Loss", *map(part_name, end.parts), f"Loss, {unit}"),
        tuple(rows),
        _paths(tree),
    )


def _row(
    label: str, loss: Loss, parts: list[str], nav: float, scale: float, note: str = "", strong: bool = False
) -> Row:
    cells = [cell(x.value, x.se, 100) for x in (loss.total, *(loss.parts[part] for part in parts))]
    usd = cell(loss.total.value * nav, loss.total.se * nav, scale)
    return Row(label, (*cells, usd), note, strong)


def _sentence(loss: Loss) -> str:
    more = " dip-buyers: what purchases from outside do." if "dip_buyers" in loss.parts else ""
    return f"{MEANINGS[0].upper()}{MEANINGS[1:]}{more}"


def _paths(tree: xr.DataTree) -> str:
    apart = tree["attribution"].attrs.get("paths_taken_apart")
    return f"Means over the first {int(apart):,} paths." if apart is not None else ""
