"""Whether the estimates have settled, and what the run had to cut off."""

from __future__ import annotations

import xarray as xr

from stress.results.plot import convergence as plot_convergence
from stress.results.report import plotly_twins
from stress.results.report.drawing import drawn
from stress.results.report.elements import Block, Cell, Facts, Gallery, Picture, Row, Section, Table, Text, absent
from stress.results.report.numbers import SYSTEM, plain, shown, spoken
from stress.results.report.parts_of_result import find
from stress.results.report.risk import Risk
from stress.results.terminal.cells import percent

TITLE = "Convergence"
COUNTS = {
    "paths_at_round_limit": "Paths cut off at the largest number of rounds",
    "draws_clipped": "Steps of a path with a draw clipped at the largest move",
    "prices_floored": "Steps of a path in which linear impact was cut at its floor",
    "forced_flow_beyond_depth_share": "Share of forced flow beyond a day's depth",
    "correlation_repair_distance": "Distance by which the correlation matrix was repaired (Frobenius)",
    "attribution_residual": "Largest gap between the parts of a profit or loss and the whole",
}


def convergence(tree: xr.DataTree) -> Section:
    """ES of the system over the number of paths, and the counters of the diagnostics."""
    risk = Risk(tree)
    blocks: list[Block] = []
    values = find(tree, "diagnostics", "es", "checkpoint", "fund", "level")
    means = find(tree, "diagnostics", "mean_loss", "checkpoint", "fund")
    there = values is not None and SYSTEM in values["fund"].values and risk.level in values["level"].values
    if not risk.random:
        blocks.append(Text("Nothing is drawn at random, so there is nothing that would converge.", quiet=True))
    elif values is not None and there and values.sizes["checkpoint"] > 1:
        mine = values.sel(fund=SYSTEM, level=risk.level)
        marks = [int(mark) for mark in values["checkpoint"].values]
        at = percent(risk.level)
        description = (
            f"ES {at} of the whole system is {shown(float(mine.sel(checkpoint=marks[0])), 100, 3)} % of NAV after "
            f"{marks[0]:,} paths, {shown(float(mine.sel(checkpoint=marks[-1])), 100, 3)} % after {marks[-1]:,} and "
            f"{spoken(*risk.figure('es', level=risk.level), '%', 100, 3)} after all {int(tree.attrs['paths']):,}."
        )
        rows = tuple(
            Row(
                f"{mark:,}",
                (
                    Cell(shown(float(mine.sel(checkpoint=mark)), 100, 3)),
                    Cell("-" if means is None else shown(float(means.sel(checkpoint=mark, fund=SYSTEM)), 100, 3)),
                ),
            )
            for mark in marks
        )
        picture = Picture(
            "convergence",
            f"ES {at} of the whole system over the number of paths",
            drawn("convergence", "Convergence", description, lambda: plot_convergence(tree, level=risk.level)),
            Table("Estimates of the whole system on the way", ("Paths", f"ES {at}, %", "Mean loss, %"), rows),
            plotly_twins.path(
                marks, [100 * float(mine.sel(checkpoint=mark)) for mark in marks], "paths", f"ES {at}, %"
            ),
        )
        blocks += [Text(description), Gallery((picture,))]
    facts = [
        (name, plain(float(tree["diagnostics"][key])))
        for key, name in COUNTS.items()
        if find(tree, "diagnostics", key) is not None
    ]
    if facts:
        blocks.append(Facts(tuple(facts), compact=True))
    return Section("convergence", TITLE, blocks) if blocks else absent("convergence", TITLE, "There are none.")
