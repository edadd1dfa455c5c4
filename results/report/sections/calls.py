"""When margin is called, and how leverage goes with it."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

from stress.results.dataset.labels import evenly_spaced
from stress.results.plot import leverage as plot_leverage
from stress.results.plot import timeline as plot_timeline
from stress.results.report import plotly_twins
from stress.results.report.drawing import drawn
from stress.results.report.elements import (
    Block,
    Cell,
    Folded,
    Gallery,
    Picture,
    Row,
    Section,
    Table,
    Text,
    absent,
)
from stress.results.report.numbers import SYSTEM, called, cell, shown
from stress.results.report.parts_of_result import find, labels, pair
from stress.results.report.risk import Risk
from stress.results.statistics.estimators import probability
from stress.results.terminal.cells import money_unit

Kind = Literal["gross", "net"]
KINDS: tuple[Kind, ...] = ("gross", "net")
CALLS, LEVERAGE = "Margin calls over time", "Leverage over time"
OVER = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9)  # shares of NAV called


def calls(tree: xr.DataTree) -> Section:
    """What is called in each step, and the share of paths with an open call."""
    amounts, shares = (pair(tree, "timeline", name, "step", "fund") for name in ("called_usd", "open_call"))
    if amounts is None:
        return absent("calls", CALLS, "This result has no timeline of margin calls.")
    if not float(amounts[0].max()) > 0:
        return Section("calls", CALLS, [Text(_says(amounts[0]))])
    unit, scale = money_unit(amounts[0].values.ravel())
    blocks: list[Block] = [Text(_says(amounts[0])), *_who(tree)]
    pictures = [
        Picture(
            "calls",
            "Amount newly called in each step, mean over paths",
            drawn("calls", "Amount called in each step", _says(amounts[0]), lambda: plot_timeline(tree, "called_usd")),
            by_step(f"Newly called in the step, mean over paths, {unit}", *amounts, scale),
            plotly_twins.stack(amounts[0].sel(fund=_single(amounts[0])), scale, unit),
        )
    ]
    if shares is not None:
        description = _open_says(shares[0])
        pictures.append(
            Picture(
                "open-calls",
                "Share of paths with an open margin call",
                drawn("open-calls", "Open margin calls", description, lambda: plot_timeline(tree, "open_call")),
                by_step("Paths with an open call at the end of the step, %", *shares, 100),
                plotly_twins.lines(shares[0], 100, "% of paths"),
            )
        )
    return Section("calls", CALLS, [*blocks, Gallery(tuple(pictures))])


def leverage(tree: xr.DataTree) -> Section:
    """Fans of gross and net leverage, the system first."""
    fans: dict[Kind, list[Picture]] = {}
    for kind in KINDS:
        values = find(tree, "timeline", f"{kind}_leverage", "step", "quantile", "fund")
        if values is not None:
            funds = sorted(labels(values, "fund"), key=lambda fund: fund != SYSTEM)  # keeps the order of the others
            fans[kind] = [_fan(tree, kind, values, fund, number) for number, fund in enumerate(funds)]
    if not fans:
        return absent("leverage", LEVERAGE, "This result has no timeline of leverage.")
    if not Risk(tree).random:
        return _of_one_path(tree)
    lead = Text(
        "Gross leverage is long plus short over equity, net leverage long less short over equity, at the end of each "
        "step. The line is the median path; the bands hold the middle half, nine tenths and 98 % of the paths."
    )
    blocks: list[Block] = [lead, Gallery(tuple(pictures[0] for pictures in fans.values()))]
    for kind, pictures in fans.items():
        if len(pictures) > 1:
            blocks.append(Folded(f"{kind.capitalize()} leverage of each fund", (Gallery(tuple(pictures[1:])),)))
    return Section("leverage", LEVERAGE, blocks)


def _of_one_path(tree: xr.DataTree) -> Section:
    """Leverage where nothing is drawn at random: one number a step, so no bands."""
    blocks: list[Block] = [Text("Gross leverage is long plus short over equity, net leverage long less short.")]
    for kind in KINDS:
        values = find(tree, "timeline", f"{kind}_leverage", "step", "quantile", "fund")
        if values is not None:
            middle = min(values["quantile"].values, key=lambda q: abs(float(q) - 0.5))
            mine = values.sel(quantile=middle, drop=True)
            caption = f"{kind.capitalize()} leverage at the end of each step, multiple of NAV"
            blocks.append(by_step(caption, mine, xr.full_like(mine, np.nan), 1.0))
    blocks.append(Text("All paths are one. Values are those of a histogram's bin. ∞: positions without equity.", True))
    return Section("leverage", LEVERAGE, blocks)


def by_step(caption: str, values: xr.DataArray, errors: xr.DataArray, scale: float) -> Table:
    """Steps down, funds or assets across, with errors; long horizons at evenly spaced steps."""
    across = str(next(dim for dim in values.dims if dim != "step"))
    names = labels(values, across)
    steps = evenly_spaced(values["step"].values)
    rows = tuple(
        Row(
            str(step),
            tuple(
                cell(float(values.sel({"step": step, across: x})), float(errors.sel({"step": step, across: x})), scale)
                for x in names
            ),
        )
        for step in steps
    )
    left_out = f"{len(steps)} of {values.sizes['step']} steps." if len(steps) < values.sizes["step"] else ""
    return Table(caption, ("Step", *map(called, names)), rows, left_out)


def _fan(tree: xr.DataTree, kind: Kind, values: xr.DataArray, fund: str, number: int) -> Picture:
    mine = values.sel(fund=fund)
    first, last = int(mine["step"].values[0]), int(mine["step"].values[-1])
    quantiles = [float(q) for q in mine["quantile"].values]
    middle = min(quantiles, key=lambda q: abs(q - 0.5))
    low, high = quantiles[0], quantiles[-1]

    def at(step: int, quantile: float) -> str:
        return shown(float(mine.sel(step=step, quantile=quantile)))

    key, title = f"{kind}-{number}", f"{kind.capitalize()} leverage: {called(fund)}"
    description = (
        f"The median goes from {at(first, middle)} at the end of step {first} to {at(last, middle)} at that "
        f"of step {last}, where the paths lie from {at(last, low)} ({100 * low:g} %) to {at(last, high)} "
        f"({100 * high:g} %)."
    )
    rows = tuple(
        Row(str(step), tuple(Cell(at(step, quantile)) for quantile in quantiles))
        for step in evenly_spaced(mine["step"].values)
    )
    heads = ("Step", *(f"{100 * quantile:g} %" for quantile in quantiles))
    return Picture(
        key,
        title,
        drawn(key, title, description, lambda: plot_leverage(tree, fund=fund, kind=kind)),
        Table(f"{title}, quantiles", heads, rows),
        plotly_twins.fan(mine, f"{kind} leverage"),
    )


def _who(tree: xr.DataTree) -> list[Block]:
    """How much of each fund's NAV is called: the mean, and how often it is more than some shares."""
    counts = find(tree, "distribution", "called_over", "fund", "nav_share")
    if counts is None:
        return []
    risk, paths = Risk(tree), int(tree.attrs["paths"])
    rows = []
    unit, scale = money_unit(risk.figure("expected_called_usd", fund)[0] for fund in risk.everybody)
    for fund in risk.everybody:
        over = [probability(int(counts.sel(fund=fund, nav_share=share)), paths) for share in OVER]
        usd = risk.figure("expected_called_usd", fund)
        cells = (cell(*risk.figure("called_nav_share", fund), 100), *(cell(one.value, one.se, 100) for one in over))
        rows.append(Row(called(fund), (*cells, cell(*usd, scale)), strong=fund == SYSTEM))
    more = ("any", *(f"over {100 * share:g} %" for share in OVER[1:]))
    table = Table(
        "How much of the start NAV is that of members with a margin call: its mean, and on how many paths it is more",
        ("Fund", "NAV called, %", *(f"Paths with {text}, %" for text in more), f"Called, {unit}"),
        tuple(rows),
        "Called: mean over paths of the largest deficit of each call.",
    )
    return [table]


def _single(values: xr.DataArray) -> list[str]:
    return [fund for fund in labels(values, "fund") if fund != SYSTEM]


def _says(amounts: xr.DataArray) -> str:
    """Who is called most, and when."""
    funds = _single(amounts)
    total = amounts.sel(fund=funds).sum("step")
    whole = float(total.sum())
    if not whole > 0:
        return "No margin is called on any path."
    most = max(funds, key=lambda fund: float(total.sel(fund=fund)))
    steps = amounts.sel(fund=funds).sum("fund")
    peak = int(amounts["step"].values[int(np.argmax(steps.values))])
    unit, scale = money_unit([whole])
    return (
        f"{shown(whole, scale)} {unit} are called over the horizon on average, most of it in step {peak} "
        f"({shown(float(steps.sel(step=peak)), scale)} {unit}) and from {most} "
        f"({shown(float(total.sel(fund=most)), scale)} {unit})."
    )


def _open_says(shares: xr.DataArray) -> str:
    largest = shares.max("step")
    fund = max(labels(shares, "fund"), key=lambda fund: float(largest.sel(fund=fund)) if fund != SYSTEM else -1.0)
    step = int(shares["step"].values[int(np.argmax(shares.sel(fund=fund).values))])
    return (
        "Share of paths with an open margin call at the end of each step. The most is "
        f"{shown(float(largest.sel(fund=fund)), 100)} % for {called(fund)} at the end of step {step}."
    )
