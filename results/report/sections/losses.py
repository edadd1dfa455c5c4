"""How losses are distributed, against the start book held still; and how much worse the selling makes them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import xarray as xr

from stress.results.plot import amplification as plot_amplification
from stress.results.plot import distribution as plot_distribution
from stress.results.report import plotly_twins
from stress.results.report.drawing import drawn
from stress.results.report.elements import Cell, Gallery, Picture, Row, Section, Table, Text, absent
from stress.results.report.numbers import called, cell, shown
from stress.results.report.parts_of_result import find
from stress.results.report.risk import Risk
from stress.results.story.items import counted
from stress.results.terminal.cells import percent
from stress.results.terminal.picture import curve, loss_range

TINY = 1e-9  # % of NAV
ROWS, BINS = 16, 60  # of the table behind a distribution, and of its twin
TITLE, TITLE_OF_ONE = "Loss distributions", "Losses"


def losses(tree: xr.DataTree) -> Section:
    """One picture for each fund, the system first."""
    if find(tree, "distribution", "loss", "fund", "bin") is None:
        return absent("losses", TITLE, "This result has no histograms of losses.")
    risk = Risk(tree)
    if not risk.random:
        return Section("losses", TITLE_OF_ONE, [_one_path(risk)])
    lead = Text(
        "Each picture has the losses of one fund at the end, and behind them those of its start book held still "
        "through the same shocks: what lies between the two is the doing of calls, sales and their impact on prices. "
        "Marked are VaR and ES."
    )
    names = [risk.everybody[-1], *risk.funds]
    return Section("losses", TITLE, [lead, Gallery(tuple(_distribution(tree, risk, fund) for fund in names))])


def _one_path(risk: Risk) -> Table:
    """Losses where nothing is drawn at random: one number each."""

    def row(fund: str) -> Row:
        figures = (risk.figure(name, fund, risk.level)[0] for name in ("es", "es_static", "added_loss"))
        return Row(called(fund), tuple(Cell(shown(x, 100)) for x in figures), strong=fund == risk.everybody[-1])

    return Table(
        "Loss on every path, % of start NAV",
        ("Fund", "Loss", "Held still", "Added by selling"),
        tuple(map(row, risk.everybody)),
        "All paths are one, so there is no distribution to draw.",
    )


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
    key = f"loss-{risk.everybody.index(fund)}"
    return Picture(
        key,
        name,
        drawn(key, f"Losses of {name}", description, lambda: plot_distribution(tree, fund=fund)),
        Table(
            f"Paths by loss: {name}",
            ("Loss, % of NAV", "Paths", "Held still"),
            counts(tree, fund, low, high),
            f"All {int(tree.attrs['paths']):,} paths, counted between edges of the result's own bins.",
        ),
        _live(tree, fund, low, high, {f"VaR {percent(level)}": 100 * var, f"ES {percent(level)}": 100 * es}),
        outside(tree, fund, low, high),
    )


def counts(tree: xr.DataTree, fund: str, low: float, high: float) -> tuple[Row, ...]:
    """Numbers of paths between edges (%) of the result's own bins, and below the first, above the last."""
    histogram = tree["distribution"].to_dataset().sel(fund=fund)
    starts, ends = 100 * histogram["bin_low"].values, 100 * histogram["bin_high"].values
    inside = np.flatnonzero((starts >= low - TINY) & (ends <= high + TINY))
    series = [histogram[name].values for name in ("loss", "loss_static")]
    if not inside.size:
        return (Row("all", tuple(Cell(f"{int(values.sum()):,}") for values in series)),)
    first, last = int(inside[0]), int(inside[-1]) + 1
    wanted = np.linspace(starts[first], ends[last - 1], ROWS + 1)[1:-1]
    cuts = np.unique([first, *(first + np.searchsorted(starts[first:last], wanted)), last])
    bounds = [0, *cuts, len(starts)]
    names = [f"below {_edge(starts[cuts[0]])}"]
    names += [f"{_edge(starts[a])} to {_edge(ends[b - 1])}" for a, b in pairwise(cuts)]
    names += [f"above {_edge(ends[cuts[-1] - 1])}"]
    return tuple(
        Row(name, tuple(Cell(f"{int(values[a:b].sum()):,}") for values in series))
        for name, (a, b) in zip(names, pairwise(bounds), strict=True)
    )


def outside(tree: xr.DataTree, fund: str, low: float, high: float) -> str:
    """How many paths the axis from `low` to `high` (%) leaves out, and the worst of them."""
    histogram = tree["distribution"].to_dataset().sel(fund=fund)
    mine = histogram["loss"].values
    below = int(mine[100 * histogram["bin_high"].values <= low + TINY].sum())
    above = int(mine[100 * histogram["bin_low"].values >= high - TINY].sum())
    text = f"{counted(above, 'path')} above {shown(high)} %" if above else ""
    kept = find(tree, "tails", "fund_loss", "rank", "fund")
    if above and kept is not None and fund in kept["fund"].values and kept.sizes["rank"]:
        text += f", the worst {shown(float(kept.sel(fund=fund).max()), 100)} %"
    parts = [text] * bool(above) + [f"{counted(below, 'path')} below {shown(low)} %"] * bool(below)
    return f"Outside the axis: {'; '.join(parts)}." if parts else ""


def _edge(loss: float) -> str:
    return shown(loss, places=3)


def _live(tree: xr.DataTree, fund: str, low: float, high: float, marks: dict[str, float]) -> plotly_twins.Spec:
    edges = np.linspace(low, high, BINS + 1)
    shares = curve(tree, fund, edges)
    series = {"held still": 100 * shares.static, "with calls, sales and impact": 100 * shares.loss}
    return plotly_twins.histogram(edges.tolist(), {name: share.tolist() for name, share in series.items()}, marks)


def amplification(tree: xr.DataTree) -> Section:
    """ES with and without the selling, fund by fund."""
    risk = Risk(tree)
    at = f"ES {percent(risk.level)}" if risk.random else "Loss"

    def row(fund: str) -> Row:
        figures = [cell(*risk.figure(name, fund, risk.level), 100) for name in ("es", "es_static", "added_loss")]
        ratio = cell(*risk.figure("amplification", fund, risk.level), 1, 3)
        return Row(called(fund), (*figures, ratio), strong=fund == risk.everybody[-1])

    ratios = {fund: risk.figure("amplification", fund, risk.level)[0] for fund in risk.everybody}
    known = {fund: ratio for fund, ratio in ratios.items() if np.isfinite(ratio)}
    most = max(known, key=lambda fund: known[fund]) if known else None
    description = f"{at} of each fund over that of its start book held still. " + (
        f"The whole system: {shown(ratios[risk.everybody[-1]], places=3)}. The largest: {called(most)}, "
        f"{shown(known[most], places=3)}."
        if most
        else "No fund has a ratio."
    )
    title = f"{at} over that of the start book held still"
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
            f"Amplification and added loss, {at}" if risk.random else "Amplification and added loss",
            ("Fund", f"{at}, %", "Held still, %", "Added loss, %", "Amplification"),
            tuple(map(row, risk.everybody)),
            "-: no ratio, as the book held still loses less than 0.1 %.",
        ),
        plotly_twins.bars(
            list(known),
            list(known.values()),
            [risk.figure("amplification", fund, risk.level)[1] for fund in known],
            f"{at} over that of the book held still",
        ),
    )
    lead = Text(
        "Amplification above 1 says that the spiral of calls, sales and falling prices makes the tail worse than the "
        "same books would have had it; below 1, that selling early helped."
    )
    return Section("amplification", "Amplification", [lead, Gallery((picture,))])
