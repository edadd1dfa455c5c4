"""Forced sales: by asset, by region, and who sells what in which step."""

from __future__ import annotations

import numpy as np
import xarray as xr

from stress.results.plot import heatmap as plot_heatmap
from stress.results.plot import sales as plot_sales
from stress.results.report import live
from stress.results.report.calls import by_step
from stress.results.report.drawing import drawn
from stress.results.report.elements import (
    Block,
    Cell,
    Folded,
    Gallery,
    Heading,
    Picture,
    Row,
    Section,
    Table,
    Text,
    absent,
)
from stress.results.report.found import find, labels, pair
from stress.results.report.numbers import cell, money_unit, shade, shown

TITLE = "Forced sales"
NOTHING = "Nothing is sold by force on any path."
STEPS_IN_FULL = 10  # of the tables of who sells what
SMALLEST = 0.001  # of the largest flow: an asset under it has no row


def sales(tree: xr.DataTree) -> Section:
    """Signed forced flow: sold (-) and bought back (+), at start prices."""
    flow = pair(tree, "timeline", "forced_flow_usd", "step", "asset")
    if flow is None:
        return absent("sales", TITLE, "This result has no timeline of forced sales.")
    values, errors = flow
    if not float(abs(values).max()) > 0:
        return Section("sales", TITLE, [Text(NOTHING)])
    unit, scale = money_unit(values.values.ravel())
    says = _says(values)
    blocks: list[Block] = [
        Text(f"{says} Amounts are signed and at start prices: negative is sold, positive is bought back from shorts."),
    ]
    whole = find(tree, "summary", "system_expected_forced_sales_usd")
    if whole is not None:
        blocks.append(
            Text(
                f"Without the sign, and at the prices of the day, all funds together are forced to trade "
                f"{shown(float(whole), money_unit([float(whole)])[1])} {money_unit([float(whole)])[0]} on average.",
                quiet=True,
            )
        )
    pictures = [
        Picture(
            "sales-by-asset",
            "By asset, over the whole horizon",
            drawn("sales-by-asset", "By asset", says, lambda: plot_sales(tree, by="asset")),
            _total(values, f"Forced flow over the horizon by asset, {unit}", scale),
            _bars(values, scale, unit),
        )
    ]
    by_region = _grouped(values, "asset_region")
    if by_region is not None:
        pictures.append(
            Picture(
                "sales-by-region",
                "By region, over the whole horizon",
                drawn(
                    "sales-by-region", "Forced flow by region", _says(by_region), lambda: plot_sales(tree, by="region")
                ),
                _total(by_region, f"Forced flow over the horizon by region, {unit}", scale),
                _bars(by_region, scale, unit),
            )
        )
    pictures.append(
        Picture(
            "sales-by-step",
            "By asset and step",
            drawn(
                "sales-by-step", "Forced flow by asset and step", says, lambda: plot_heatmap(tree, "forced_flow_usd")
            ),
            by_step(f"Forced flow by step and asset, {unit}", values, errors, scale),
            live.heat(values.transpose("asset", "step"), scale, unit),
        )
    )
    blocks.append(Gallery(tuple(pictures)))
    if by_region is None:
        blocks.append(Text("This result does not say which region an asset belongs to.", quiet=True))
    return Section("sales", TITLE, [*blocks, *_who_sells_what(tree)])


def _who_sells_what(tree: xr.DataTree) -> list[Block]:
    found = pair(tree, "timeline", "forced_flow_by_fund_usd", "step", "fund", "asset")
    if found is None:
        return [Text("This result does not say which fund sells which asset.", quiet=True)]
    values, errors = found
    funds = [fund for fund in labels(values, "fund") if fund != "system"]
    values, errors = values.sel(fund=funds), errors.sel(fund=funds)
    size = abs(values).sum(("fund", "asset"))
    busiest = int(values["step"].values[int(np.argmax(size.values))])
    steps = [int(step) for step in values["step"].values]
    if len(steps) > STEPS_IN_FULL:
        steps = sorted(sorted(steps, key=lambda step: -float(size.sel(step=step)))[:STEPS_IN_FULL])
    blocks: list[Block] = [
        Heading("Who sells what, step by step"),
        Text(
            "Mean over paths with its standard error. Darker is more; sold is orange and negative, bought back violet "
            "and positive."
            + (
                f" The {STEPS_IN_FULL} steps with the largest flow are shown."
                if len(steps) < values.sizes["step"]
                else ""
            ),
            quiet=True,
        ),
    ]
    unit, scale = money_unit(values.values.ravel())
    largest = float(abs(values).max()) * scale
    for step in steps:
        table = _step_table(values.sel(step=step), errors.sel(step=step), step, unit, scale, largest)
        blocks.append(Folded(f"Step {step}: {_step_says(values.sel(step=step))}", (table,), open=step == busiest))
    return blocks


def _of_all(shown_steps: int, steps: int) -> str:
    return f" The {shown_steps} steps with the largest flow are shown, of {steps}." if shown_steps < steps else ""


def _step_table(
    values: xr.DataArray, errors: xr.DataArray, step: int, unit: str, scale: float, largest: float
) -> Table:
    funds = labels(values, "fund")
    rows = []
    for asset in labels(values, "asset"):
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
    return Table(
        f"Forced flow in step {step} by asset and fund, {unit}", ("Asset", "All funds", *funds), tuple(rows), note
    )


def _step_says(values: xr.DataArray) -> str:
    """The largest single seller of the step."""
    unit, scale = money_unit([float(abs(values).sum())])
    stacked = values.stack(pair=("fund", "asset"))
    if not float(abs(stacked).max()) > 0:
        return "nothing is sold"
    fund, asset = stacked["pair"].values[int(np.argmin(stacked.values))]
    lowest = float(stacked.min())
    sold, bought = float(stacked.where(stacked < 0).sum()), float(stacked.where(stacked > 0).sum())
    text = f"sold {shown(-sold, scale)}, bought back {shown(bought, scale)} {unit}"
    return f"{text}; most by {fund} in {asset}" if lowest < 0 else text


def _grouped(values: xr.DataArray, coordinate: str) -> xr.DataArray | None:
    if coordinate not in values.coords or values[coordinate].dims != ("asset",):
        return None
    return values.groupby(coordinate).sum()


def _total(values: xr.DataArray, caption: str, scale: float) -> Table:
    """Over steps: what is sold, what is bought back, and the two together, the most traded first."""
    across = str(next(dim for dim in values.dims if dim != "step"))
    size = abs(values).sum("step")
    order = sorted(labels(values, across), key=lambda name: -float(size.sel({across: name})))
    rows = []
    for name in order:
        mine = values.sel({across: name})
        sold, bought = float(mine.where(mine < 0).sum()), float(mine.where(mine > 0).sum())
        rows.append(Row(name, tuple(Cell(shown(amount, scale)) for amount in (sold, bought, sold + bought))))
    return Table(caption, ("Region" if "region" in across else "Asset", "Sold", "Bought back", "Net"), tuple(rows))


def _bars(values: xr.DataArray, scale: float, unit: str) -> live.Spec:
    across = str(next(dim for dim in values.dims if dim != "step"))
    total = scale * values.sum("step")
    order = sorted(labels(total, across), key=lambda name: float(total.sel({across: name})))
    return live.bars(order, [float(total.sel({across: name})) for name in order], [0.0] * len(order), unit)


def _says(values: xr.DataArray) -> str:
    across = str(next(dim for dim in values.dims if dim != "step"))
    total = values.sum("step")
    unit, scale = money_unit(total.values)
    if not float(abs(values).max()) > 0:
        return NOTHING
    lowest = str(total[across].values[int(np.argmin(total.values))])
    steps = abs(values).sum(across)
    peak = int(values["step"].values[int(np.argmax(steps.values))])
    text = f"Most flow is in step {peak}"
    if float(total.min()) < 0:
        text += f"; sold most over the horizon: {lowest}, {shown(-float(total.min()), scale)} {unit}"
    if float(total.max()) > 0:
        highest = str(total[across].values[int(np.argmax(total.values))])
        text += f"; bought back most: {highest}, {shown(float(total.max()), scale)} {unit}"
    return f"{text}."
