"""Forced sales: by asset, by region, and who sells what in which step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from stress.results.dataset.labels import evenly_spaced
from stress.results.plot import heatmap as plot_heatmap
from stress.results.plot import sales as plot_sales
from stress.results.report import plotly_twins
from stress.results.report.drawing import drawn
from stress.results.report.elements import Block, Cell, Folded, Gallery, Picture, Row, Section, Table, Text, absent
from stress.results.report.numbers import SYSTEM, shown
from stress.results.report.parts_of_result import find, labels, pair
from stress.results.report.sections.calls import by_step
from stress.results.report.sections.sellers import reasons, who_sells_what, why
from stress.results.terminal.cells import money_unit

TITLE = "Forced sales"
NOTHING = "Nothing is sold by force on any path."


def sales(tree: xr.DataTree, stories: Sequence[xr.DataTree] = ()) -> Section:
    """Signed forced flow: sold (-) and bought (+), at start prices; why, on the replayed paths; who sells what."""
    flow = pair(tree, "timeline", "forced_flow_usd", "step", "asset")
    if flow is None:
        return absent("sales", TITLE, "This result has no timeline of forced sales.")
    values, errors = flow
    if not float(abs(values).max()) > 0:
        return Section("sales", TITLE, [Text(NOTHING)])
    unit, scale = money_unit(values.values.ravel())
    says = _says(values)
    blocks: list[Block] = [
        Text(
            f"{says} Amounts are net by asset and at start prices. Negative is sold: longs sold or shorts added. "
            "Positive is bought: shorts covered or longs added."
        ),
        *_cut_and_built(tree),
    ]
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
            plotly_twins.heat(values.transpose("asset", "step"), scale, unit),
        )
    )
    blocks.append(Gallery(tuple(pictures)))
    if by_region is None:
        blocks.append(Text("This result does not say which region an asset belongs to.", quiet=True))
    return Section("sales", TITLE, [*blocks, *why(tree), *reasons(stories), *who_sells_what(tree)])


def _cut_and_built(tree: xr.DataTree) -> list[Block]:
    """What forced sales count and what they leave out, in sum and by step."""
    cut, built = (find(tree, "timeline", name, "step", "fund") for name in ("forced_sales_usd", "built_usd"))
    whole = find(tree, "summary", "system_expected_forced_sales_usd")
    blocks: list[Block] = []
    if whole is not None:
        unit, scale = money_unit([float(whole)])
        text = (
            f"Forced sales count what is cut, longs sold and shorts covered, without a sign and at the prices of the "
            f"day: {shown(float(whole), scale)} {unit} on average for all funds together. They include stop-losses, "
            "leverage and volatility targets, not only margin calls. "
        )
        if built is None:
            text += "No fund of this run builds positions."
        else:
            amount = float(built.sel(fund=SYSTEM).sum())
            unit, scale = money_unit([amount])
            text += (
                f"They leave out the {shown(amount, scale)} {unit} that hedges and rebalancing rules build (shorts "
                "added, longs added), which the flows of the pictures and tables here include."
            )
        blocks.append(Text(text))
    if cut is not None and built is not None:
        sums = (cut.sel(fund=SYSTEM), built.sel(fund=SYSTEM))
        unit, scale = money_unit([*sums[0].values, *sums[1].values])
        rows = tuple(
            Row(str(step), tuple(Cell(shown(float(part.sel(step=step)), scale)) for part in sums))
            for step in evenly_spaced(cut["step"].values)
        )
        caption = f"Cut and built in each step by all funds, mean over paths, {unit}"
        blocks.append(Folded(caption, (Table(caption, ("Step", "Cut", "Built"), rows),)))
    return blocks


def _grouped(values: xr.DataArray, coordinate: str) -> xr.DataArray | None:
    if coordinate not in values.coords or values[coordinate].dims != ("asset",):
        return None
    return values.groupby(coordinate).sum()


def _total(values: xr.DataArray, caption: str, scale: float) -> Table:
    """Over steps: what is sold, what is bought, and the two together, the most traded first."""
    across = str(next(dim for dim in values.dims if dim != "step"))
    size = abs(values).sum("step")
    order = sorted(labels(values, across), key=lambda name: -float(size.sel({across: name})))
    rows = []
    for name in order:
        mine = values.sel({across: name})
        sold, bought = float(mine.where(mine < 0).sum()), float(mine.where(mine > 0).sum())
        rows.append(Row(name, tuple(Cell(shown(amount, scale)) for amount in (sold, bought, sold + bought))))
    return Table(caption, ("Region" if "region" in across else "Asset", "Sold", "Bought", "Net"), tuple(rows))


def _bars(values: xr.DataArray, scale: float, unit: str) -> plotly_twins.Spec:
    across = str(next(dim for dim in values.dims if dim != "step"))
    total = scale * values.sum("step")
    order = sorted(labels(total, across), key=lambda name: float(total.sel({across: name})))
    return plotly_twins.bars(order, [float(total.sel({across: name})) for name in order], [0.0] * len(order), unit)


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
        text += f"; bought most: {highest}, {shown(float(total.max()), scale)} {unit}"
    return f"{text}."
