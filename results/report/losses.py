"""How losses are distributed, against the start book held still; and how much worse the selling makes them."""

from __future__ import annotations

import numpy as np
import xarray as xr

from stress.results.cells import percent
from stress.results.picture import curve, loss_range
from stress.results.plot import amplification as plot_amplification
from stress.results.plot import distribution as plot_distribution
from stress.results.report import live
from stress.results.report.drawing import drawn
from stress.results.report.elements import Cell, Gallery, Picture, Row, Section, Table, Text, absent
from stress.results.report.found import find
from stress.results.report.numbers import called, cell, plain, shown
from stress.results.report.risk import Risk

ROWS, BINS = 16, 60  # of the table behind a distribution, and of its twin
TITLE = "Loss distributions"


def losses(tree: xr.DataTree) -> Section:
    """One picture for each fund, the system first."""
    if find(tree, "distribution", "loss", "fund", "bin") is None:
        return absent("losses", TITLE, "This result has no histograms of losses.")
    risk = Risk(tree)
    lead = Text(
        "Each picture has the losses of one fund at the end, and behind them those of its start book held still "
        "through the same shocks: what lies between the two is the doing of calls, sales and their impact on prices. "
        "Marked are VaR and ES."
    )
    names = [risk.everybody[-1], *risk.funds]
    return Section("losses", TITLE, [lead, Gallery(tuple(_distribution(tree, risk, fund) for fund in names))])


def _distribution(tree: xr.DataTree, risk: Risk, fund: str) -> Picture:
    level, name = risk.level, called(fund)
    var, es = (risk.figure(measure, fund, level)[0] for measure in ("var", "es"))
    still = risk.figure("es_static", fund, level)[0]
    low, high = loss_range(tree, [fund], outside=0.0001)
    description = (
        f"Histogram in % of start NAV, from {shown(low, places=1)} to {shown(high, places=1)}. "
        f"VaR {percent(level)} is {shown(var, 100)} and ES {shown(es, 100)}; ES of the start book held still is "
        f"{shown(still, 100)}."
    )
    edges = np.linspace(low, high, ROWS + 1)
    counted = curve(tree, fund, edges)
    rows = tuple(
        Row(f"{shown(edges[i])} to {shown(edges[i + 1])}", (Cell(plain(100 * a, 3)), Cell(plain(100 * b, 3))))
        for i, (a, b) in enumerate(zip(counted.loss, counted.static, strict=True))
    )
    key = f"loss-{risk.everybody.index(fund)}"
    return Picture(
        key,
        name,
        drawn(key, f"Losses of {name}", description, lambda: plot_distribution(tree, fund=fund)),
        Table(f"Share of paths by loss: {name}", ("Loss, % of NAV", "Paths, %", "Held still, %"), rows),
        _live(tree, fund, low, high, {f"VaR {percent(level)}": 100 * var, f"ES {percent(level)}": 100 * es}),
    )


def _live(tree: xr.DataTree, fund: str, low: float, high: float, marks: dict[str, float]) -> live.Spec:
    edges = np.linspace(low, high, BINS + 1)
    counted = curve(tree, fund, edges)
    series = {"held still": 100 * counted.static, "with calls, sales and impact": 100 * counted.loss}
    return live.histogram(edges.tolist(), {name: shares.tolist() for name, shares in series.items()}, marks)


def amplification(tree: xr.DataTree) -> Section:
    """ES with and without the selling, fund by fund."""
    risk = Risk(tree)
    at = percent(risk.level)

    def row(fund: str) -> Row:
        figures = [cell(*risk.figure(name, fund, risk.level), 100) for name in ("es", "es_static", "added_loss")]
        ratio = cell(*risk.figure("amplification", fund, risk.level), 1, 3)
        return Row(called(fund), (*figures, ratio), strong=fund == risk.everybody[-1])

    ratios = {fund: risk.figure("amplification", fund, risk.level)[0] for fund in risk.everybody}
    known = {fund: ratio for fund, ratio in ratios.items() if np.isfinite(ratio)}
    most = max(known, key=lambda fund: known[fund]) if known else None
    description = f"ES {at} of each fund over that of its start book held still. " + (
        f"The whole system: {shown(ratios[risk.everybody[-1]], places=3)}. The largest: {called(most)}, "
        f"{shown(known[most], places=3)}."
        if most
        else "No fund has a ratio."
    )
    title = f"ES {at} over that of the start book held still"
    picture = Picture(
        "amplification",
        title,
        drawn(
            "amplification",
            title,
            description,
            lambda: plot_amplification(tree, level=risk.level),
        ),
        Table(
            f"Amplification and added loss at {at}",
            ("Fund", "ES, %", "ES held still, %", "Added loss, %", "Amplification"),
            tuple(map(row, risk.everybody)),
            "-: no ratio, as the book held still loses less than 0.1 %.",
        ),
        live.bars(
            list(known),
            list(known.values()),
            [risk.figure("amplification", fund, risk.level)[1] for fund in known],
            f"ES {at} over that of the book held still",
        ),
    )
    lead = Text(
        "Amplification above 1 says that the spiral of calls, sales and falling prices makes the tail worse than the "
        "same books would have had it; below 1, that selling early helped."
    )
    return Section("amplification", "Amplification", [lead, Gallery((picture,))])
