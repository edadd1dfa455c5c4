"""What funds hold step by step, and what buyers from outside bought."""

from __future__ import annotations

import xarray as xr

from stress.results.dataset.groups_of_assets import grouped, ways
from stress.results.dataset.labels import evenly_spaced
from stress.results.report.elements import Block, Cell, Folded, Row, Section, Table, Text, absent
from stress.results.report.numbers import SYSTEM, called, cell, shown
from stress.results.report.parts_of_result import find, labels, pair
from stress.results.terminal.cells import money_unit
from stress.results.terminal.views.exposure import KINDS, at_start
from stress.results.terminal.views.purchases import BUDGET, PURCHASES, STANDING, buyers

EXPOSURE, PURCHASED = "What funds hold", "Who buys"
MOST_STEPS = 12


def exposure(tree: xr.DataTree) -> Section:
    """Net and gross exposure over the steps: of the system by class, region, sector, asset; of each fund by class."""
    found = {kind: pair(tree, "timeline", kind, "step", "fund", "asset") for kind in KINDS}
    there = {kind: values for kind, values in found.items() if values is not None}
    if not there:
        return absent("exposure", EXPOSURE, "This result has no exposures.")
    blocks: list[Block] = [
        Text(
            "Mean positions at the prices of each step's end, so that cutting and falling prices both show. Net is "
            "long less short, gross is long plus short. Errors are those of the assets, added up: at most that."
        )
    ]
    for by in (way for way in ("class", "region", "sector") if all(way in ways(x[0]) for x in there.values())):
        blocks += [_table(tree, values, kind, SYSTEM, by) for kind, values in there.items()]
    by_asset = tuple(_table(tree, values, kind, SYSTEM, "asset") for kind, values in there.items())
    blocks.append(Folded("The whole system by asset", by_asset))
    funds = [fund for fund in labels(next(iter(there.values()))[0], "fund") if fund != SYSTEM]
    for fund in funds if len(funds) > 1 else []:
        tables = tuple(_table(tree, values, kind, fund, "class") for kind, values in there.items())
        blocks.append(Folded(f"{fund} by class", tables))
    return Section("exposure", EXPOSURE, blocks)


def _table(tree: xr.DataTree, found: tuple[xr.DataArray, xr.DataArray], kind: str, fund: str, by: str) -> Table:
    values, errors = (grouped(x.sel(fund=fund), by) for x in found)
    begin = at_start(tree, kind, fund, labels(found[0], "asset"))
    start = None if begin is None else grouped(begin, by)
    unit, scale = money_unit(values.values.ravel())
    steps = evenly_spaced(values["step"].values, MOST_STEPS)
    rows = []
    for group in (str(x) for x in values["group"].values):
        first = [] if start is None else [Cell(shown(float(start.sel(group=group)), scale))]
        cells = [
            cell(float(values.sel(group=group, step=step)), float(errors.sel(group=group, step=step)), scale)
            for step in steps
        ]
        rows.append(Row(group or "(none)", (*first, *cells)))
    if len(rows) > 1:
        first = [] if start is None else [Cell(shown(float(start.sum()), scale))]
        total = [Cell(shown(float(values.sel(step=step).sum()), scale)) for step in steps]
        rows.append(Row("All", (*first, *total), strong=True))
    heads = (by.capitalize(), *(["Start"] if start is not None else []), *(f"Step {step}" for step in steps))
    return Table(
        f"{KINDS[kind]}, of {called(fund)} by {by}, {unit}", heads, tuple(rows), tight=len(heads) > MOST_STEPS // 2
    )


def purchases(tree: xr.DataTree) -> Section:
    """What buyers from outside bought by step and asset, their fatigue and what is left of their budget."""
    who = buyers(tree["timeline"].to_dataset()) if "timeline" in tree.children else []
    if not who:
        return absent("purchases", PURCHASED, "Nobody from outside the funds buys in this run.")
    blocks: list[Block] = []
    for one in who:
        found = pair(tree, "timeline", f"{one}{PURCHASES}", "step", "asset")
        if found is None:
            continue
        whole = float(found[0].sum())
        unit, scale = money_unit([whole])
        peak = max((int(x) for x in found[0]["step"].values), key=lambda step: float(found[0].sel(step=step).sum()))
        name = one.replace("_", " ")
        blocks += [
            Text(
                f"{name.capitalize()} buys {shown(whole, scale)} {unit} on average over the horizon, most of it in "
                f"step {peak}. Fatigue says what down days in a row leave of a purchase."
            ),
            _bought(tree, one, *found),
        ]
    return Section("purchases", PURCHASED, blocks)


def _bought(tree: xr.DataTree, who: str, values: xr.DataArray, errors: xr.DataArray) -> Table:
    unit, scale = money_unit(values.sum("asset").values)
    size, by_step = values.sum("step"), values.sum("asset")
    busiest = sorted((int(x) for x in values["step"].values), key=lambda step: -float(by_step.sel(step=step)))
    steps = sorted(busiest[:MOST_STEPS])
    assets = sorted(labels(values, "asset"), key=lambda asset: -float(size.sel(asset=asset)))
    rows = []
    for asset in (asset for asset in assets if float(size.sel(asset=asset)) > 0):
        mine, beside = values.sel(asset=asset), errors.sel(asset=asset)
        amounts = [cell(float(mine.sel(step=step)), float(beside.sel(step=step)), scale) for step in steps]
        rows.append(Row(asset, (*amounts, Cell(shown(float(size.sel(asset=asset)), scale)))))
    total = [Cell(shown(float(amount), scale)) for amount in (*by_step.sel(step=steps).values, by_step.sum())]
    rows.append(Row("All", tuple(total), strong=True))
    standing = {figure: (label.capitalize(), times) for figure, (label, times) in STANDING.items()}
    left = find(tree, "timeline", f"{who}_{BUDGET}", "step")
    if left is not None:
        of_budget, per_usd = money_unit(left.values)
        standing[BUDGET] = (f"Budget left, {of_budget}", per_usd)
    for figure, (label, times) in standing.items():
        found = find(tree, "timeline", f"{who}_{figure}", "step")
        if found is not None:
            rows.append(Row(label, (*(Cell(shown(float(found.sel(step=step)), times)) for step in steps), Cell(""))))
    title = f"What {who.replace('_', ' ')} bought, {unit}"
    heads = ("Asset", *(f"Step {step}" for step in steps), "All steps")
    return Table(title, heads, tuple(rows), tight=len(steps) > MOST_STEPS // 2)
