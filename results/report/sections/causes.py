"""What the profit and loss is made of, and whose part of the system's tail it is."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

from stress.results.plot import attribution as plot_attribution
from stress.results.plot import contributions as plot_contributions
from stress.results.report import plotly_twins
from stress.results.report.drawing import drawn
from stress.results.report.elements import Block, Cell, Folded, Gallery, Picture, Row, Section, Table, Text, absent
from stress.results.report.numbers import SYSTEM, called, cell, shown
from stress.results.report.parts_of_result import labels, pair
from stress.results.report.risk import Risk
from stress.results.terminal.cells import percent
from stress.results.terminal.views.attribution import MEANINGS

ATTRIBUTION, CONTRIBUTIONS = "What the loss is made of", "Who makes the tail"
TITLE_OF_ONE = "Who makes the loss"
TOTAL = "total"
SLICES = {
    "all": "all paths",
    "worst_5pct": "the worst 5 % of paths",
    "worst_1pct": "the worst 1 % of paths",
    "worst_0.1pct": "the worst 0.1 % of paths",
}
AVERAGE, TAIL = "all", "worst_1pct"
Pair = tuple[xr.DataArray, xr.DataArray]
Of = Literal["parts", "causes"]
SAYS = {
    "parts": f"Parts of the loss, which is positive. {MEANINGS[0].upper()}{MEANINGS[1:]}",
    "causes": "Causes of the profit and loss; profit is positive. The P&L of the book held still is that of the "
    "outside shock on positions held plus what selling has forgone.",
}


def attribution(tree: xr.DataTree) -> Section:
    """Waterfalls of the parts of the loss and of the causes of the P&L, on average and in the tail."""
    found = pair(tree, "attribution", "contribution", "fund", "component", "slice")
    if found is None:
        return absent("attribution", ATTRIBUTION, "This result has no attribution of profit and loss.")
    split = pair(tree, "attribution", "loss_part", "fund", "part", "slice")
    there = labels(found[0], "slice")
    blocks: list[Block] = [
        Text(
            "Means over the paths that were followed in detail. The tail is that of each fund's own loss, so its parts "
            "are of the days that were worst for that fund."
        )
    ]
    if not Risk(tree).random:
        blocks, there = [Text("All paths are one.")], [AVERAGE]
    part = TAIL if TAIL in there else AVERAGE
    every: tuple[tuple[Of, Pair | None], ...] = (("parts", split), ("causes", found))
    for of, values in every:
        if values is None:
            continue
        system = [_waterfall(tree, of, values, SYSTEM, part) for part in (AVERAGE, TAIL) if part in there]
        blocks += [Text(SAYS[of]), Gallery(tuple(system))]
        funds = [fund for fund in labels(values[0], "fund") if fund != SYSTEM]
        if len(funds) > 1:
            pictures = tuple(_waterfall(tree, of, values, fund, part) for fund in funds)
            blocks.append(Folded(f"{of.capitalize()} of each fund, over {SLICES[part]}", (Gallery(pictures),)))
    return Section("attribution", ATTRIBUTION, blocks)


def contributions(tree: xr.DataTree) -> Section:
    """Parts of the system's ES by fund and by asset; MES, CoVaR and delta CoVaR of each fund."""
    risk = Risk(tree)
    by_fund = pair(tree, "contributions", "es_contribution", "fund", "level")
    by_asset = pair(tree, "contributions", "es_contribution_by_asset", "asset", "level")
    if by_fund is None or risk.level not in by_fund[0]["level"].values:
        return absent("contributions", CONTRIBUTIONS, "This result has no contributions to the system's tail.")
    measure, pictures = f"ES {percent(risk.level)}" if risk.random else "loss", []
    whole = risk.figure("es", level=risk.level)[0]
    for by, found in (("fund", by_fund), ("asset", by_asset)):
        if found is None:
            continue
        values, errors = (part.sel(level=risk.level) for part in found)
        first = str(values[by].values[int(np.argmax(values.values))])
        title = f"Parts of the system's {measure} by {by}"
        description = (
            f"They sum to {shown(float(values.sum()), 100)} % of the system's start NAV. The largest is that of "
            f"{first}: {shown(float(values.max()), 100)} %."
        )
        key = f"contributions-{by}"
        order = sorted(labels(values, by), key=lambda name, mine=values, dim=by: -float(mine.sel({dim: name})))  # type: ignore[misc]
        rows = tuple(
            Row(
                name,
                (
                    cell(float(values.sel({by: name})), float(errors.sel({by: name})), 100, 3),
                    Cell(shown(float(values.sel({by: name})) / whole, 100, 1) if whole > 0 else "-"),
                ),
            )
            for name in order
        )
        picture = drawn(
            key,
            title,
            description,
            lambda kind=by: plot_contributions(tree, by=kind, level=risk.level),  # type: ignore[misc]
        )
        table = Table(title, (by.capitalize(), "% of the system's NAV", f"% of its {measure.split()[0]}"), rows)
        amounts, spreads = (_in_order(part, by, order) for part in (values, errors))
        twin = plotly_twins.bars(order, amounts, spreads, "% of the system's NAV")
        pictures.append(Picture(key, title, picture, table, twin))
    if not risk.random:
        lead = "The loss of each fund, or in each asset, as a part of the whole system's: all paths are one."
        return Section("contributions", TITLE_OF_ONE, [Text(lead), Gallery(tuple(pictures))])
    blocks: list[Block] = [
        Text(
            "The parts are Euler contributions: the mean loss of each fund, or in each asset, on the worst paths of "
            "the whole system. They sum to its ES."
        ),
        Gallery(tuple(pictures)),
    ]
    conditional = _conditional(tree, risk)
    return Section("contributions", CONTRIBUTIONS, blocks if conditional is None else [*blocks, conditional])


def _in_order(values: xr.DataArray, dim: str, order: list[str]) -> list[float]:
    return [100 * float(values.sel({dim: name})) for name in order]


def _conditional(tree: xr.DataTree, risk: Risk) -> Table | None:
    titles = {
        "mes": "MES, % of the fund's NAV",
        "covar": "CoVaR, % of system NAV",
        "delta_covar": "Delta CoVaR, % of system NAV",
    }
    found = {name: pair(tree, "contributions", name, "fund", "level") for name in titles}
    there = {name: values for name, values in found.items() if values is not None}
    if not there:
        return None
    rows = []
    for fund in risk.funds:
        at = {"fund": fund, "level": risk.level}
        rows.append(Row(fund, tuple(cell(float(v.sel(at)), float(e.sel(at)), 100, 2) for v, e in there.values())))
    return Table(
        f"Funds and the system at {percent(risk.level)}",
        ("Fund", *(titles[name] for name in there)),
        tuple(rows),
        "MES: the fund's mean loss on the system's worst paths. CoVaR: VaR of the system on paths where the fund loses "
        "its VaR or more. Delta CoVaR: less that where the fund is within a standard deviation of its mean.",
    )


def _waterfall(tree: xr.DataTree, of: Of, found: Pair, fund: str, part: str) -> Picture:
    mine, spread = (x.sel(fund=fund, slice=part) for x in found)
    dim = "part" if of == "parts" else "component"
    components = labels(mine, dim)
    parts = {name: float(mine.sel({dim: name})) for name in components}
    where = SLICES.get(part, part)
    key = f"{of}-{part.replace('_', '-').replace('.', '-')}-{labels(found[0], 'fund').index(fund)}"
    largest = max((name for name in components if name != TOTAL), key=lambda name: abs(parts[name]))
    what = "loss" if of == "parts" else "profit or loss"
    description = (
        f"Waterfall of the mean {what} over {where}, in % of start NAV: "
        + ", ".join(f"{name.replace('_', ' ')} {shown(amount, 100)}" for name, amount in parts.items())
        + f". The largest part is {largest.replace('_', ' ')}."
    )
    rows = tuple(
        Row(
            name.replace("_", " "),
            (cell(amount, float(spread.sel({dim: name})), 100, 3),),
            strong=name == TOTAL,
        )
        for name, amount in parts.items()
    )
    title = f"{called(fund)}, {where}"
    caption = f"Parts of the loss of {title}" if of == "parts" else f"Profit (+) and loss (−) of {title}"
    return Picture(
        key,
        title,
        drawn(key, title, description, lambda: plot_attribution(tree, fund=fund, slice=part, of=of)),
        Table(caption, ("Part" if of == "parts" else "Cause", "% of start NAV"), rows),
        plotly_twins.waterfall({n.replace("_", " "): 100 * part for n, part in parts.items()}, TOTAL, "% of start NAV"),
    )
