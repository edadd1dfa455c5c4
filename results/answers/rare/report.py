"""The part of a report that shows an answer about rare losses."""

from __future__ import annotations

from functools import partial

import xarray as xr

from stress.results.answers.horizon import over_horizon
from stress.results.answers.rare.beside import as_answer
from stress.results.answers.rare.beside_shown import heading, sentences
from stress.results.answers.rare.curve import rows
from stress.results.answers.rare.dataset import GROUP, SUFFIXES, WEIGHTS
from stress.results.answers.rare.event import event_of
from stress.results.answers.rare.figure import rare
from stress.results.answers.rare.table import ALONE
from stress.results.answers.rare.words import answer_text, chance, chances, gain_of, verdict_of, warning_of, weights_of
from stress.results.report import plotly_twins
from stress.results.report.drawing import drawn
from stress.results.report.elements import Block, Cell, Gallery, Picture, Row, Section, Table, Text
from stress.results.report.numbers import called, cell
from stress.results.statistics.plain_check import BY_DESIGN, PLAIN
from stress.results.terminal.cells import percent


def sections(tree: xr.DataTree) -> list[Section]:
    """The answer, its curve, its tables, and whether to believe it."""
    blocks: list[Block] = [Text(warning_of(tree))] if warning_of(tree) else []
    blocks += [
        Text(f"{tree.attrs['asked']} {over_horizon(tree)}: {answer_text(tree)}."),
        *(Text(sentence) for sentence in (event_of(tree), verdict_of(tree)) if sentence),
        Gallery((_picture(tree),)),
        _levels(tree),
        *([] if tree.attrs["method"] == PLAIN else [_components(tree)]),
        *(Text(note, quiet=True) for note in (gain_of(tree), weights_of(tree)) if note),
        *([] if tree.attrs["method"] == PLAIN else [Text(ALONE, quiet=True)]),
    ]
    return [Section("rare", "The rare loss", blocks)]


def beside(tree: xr.DataTree) -> list[Section]:
    """The question that further paths of a run serve, beside its plain paths; none of a run without one."""
    found = as_answer(tree)
    blocks: list[Block] = [Text(sentence) for sentence in sentences(tree)]
    if found is not None:
        blocks += [Gallery((_picture(found),)), _levels(found), _components(found)]
        blocks.append(Text(weights_of(found), quiet=True))
    return [Section("rare", heading(tree), blocks)] if blocks else []


def _picture(tree: xr.DataTree) -> Picture:
    data, who = tree[GROUP].to_dataset(), called(str(tree.attrs["who"]))
    title = f"{who[:1].upper()}{who[1:]}: probability of a larger loss"
    losses = [float(x) for x in data["loss"].values]
    found = []
    for at in rows(data["loss"].values):
        row = data.isel(loss=at)
        value, se, low, high = (float(row[f"prob_loss_over{suffix}"]) for suffix in SUFFIXES)
        found.append(Row(f"{100 * losses[at]:.4g} %", tuple(map(Cell, chances(value, se, low, high)))))
    table = Table(title, ("Loss over", "probability", "standard error", "95 % interval"), tuple(found))
    values = data["prob_loss_over"].values
    live = plotly_twins.line_with_band(
        [100 * x for x in losses], values, data["prob_loss_over_se"].values, "loss, % of start NAV", "probability"
    )
    live["layout"]["yaxis"]["type"] = "log"
    first, last = (f"{chance(float(values[at]))} at {100 * losses[at]:.1f} %" for at in (0, -1))
    described = f"From {first} to {last}."
    return Picture("rare-curve", title, drawn("rare-curve", title, described, partial(rare, tree)), table, live)


def _levels(tree: xr.DataTree) -> Table:
    data = tree[GROUP].to_dataset()
    found = [
        Row(
            percent(level),
            tuple(cell(float(row[name]), float(row[f"{name}_se"]), 100.0) for name in ("var", "es")),
        )
        for level in map(float, data["level"].values)
        for row in [data.sel(level=level)]
    ]
    return Table("Losses, % of start NAV", ("Level", "VaR, %", "ES, %"), tuple(found))


def _components(tree: xr.DataTree) -> Table:
    health = tree[WEIGHTS].to_dataset()
    rows = [
        Row(
            str(name),
            (
                Cell(f"{100 * float(health['share'][at]):.1f}"),
                Cell(f"{int(health['paths'][at]):,}"),
                Cell(f"{int(health['events'][at]):,}"),
                Cell(f"{float(health['weight'][at]):.3f}"),
            ),
        )
        for at, name in enumerate(health["component"].values)
        if int(health["paths"][at])
    ]
    screened = tree.attrs["plain_check"] == BY_DESIGN
    what = "Which paths were simulated" if screened else "Which paths were shifted"
    columns = ("Why" if screened else "Shifted", "share, %", "paths", "events", "part of mean weight")
    return Table(f"{what}, and where the event happened", columns, tuple(rows))
