"""The part of a report that shows an ablation."""

from __future__ import annotations

from functools import partial

import xarray as xr

from stress.results.answers.ablation.figure import NAMES, ablation
from stress.results.answers.ablation.table import HEADINGS, SHOWN, SYSTEM, Figures, base_name, figures_of, notes
from stress.results.answers.ablation.words import BASE
from stress.results.answers.world import BY_LEVEL
from stress.results.report import plotly_twins
from stress.results.report.drawing import drawn
from stress.results.report.elements import Block, Cell, Folded, Gallery, Picture, Row, Section, Table, Text
from stress.results.report.numbers import called, cell, shown
from stress.results.terminal.cells import percent

TITLE = "What each mechanism adds"
DRAWN = ("es", "called_nav_share", "expected_forced_sales_usd")


def sections(tree: xr.DataTree) -> list[Section]:
    """Waterfalls of the whole system and of each fund, and the tables of both ways."""
    figures = figures_of(tree)
    pictures = tuple(_picture(tree, figures, SYSTEM, name) for name in DRAWN)
    funds = tuple(_picture(tree, figures, fund, "es") for fund in figures.funds)
    blocks: list[Block] = [
        Text(
            "The scenario is simulated without its mechanisms, then with one after the other put back, then without "
            "each of them alone, always on the same draws."
        ),
        Gallery(pictures),
        _alone(figures),
        Folded(f"ES {percent(figures.level)} of each fund", (Gallery(funds),)),
        *(Text(note, quiet=True) for note in notes(tree, figures)),
    ]
    return [Section("ablation", TITLE, blocks)]


def _rows(figures: Figures, name: str, fund: str) -> list[tuple[str, tuple[float, float], float]]:
    """(label, what it adds and its error, what is reached) from the base up, then everything on."""
    rows = [
        (
            base_name(figures),
            figures.at(name, "stage", fund, stage=BASE),
            figures.at(name, "stage", fund, stage=BASE)[0],
        )
    ]
    for stage in figures.mechanisms:
        reached, _ = figures.at(name, "stage", fund, stage=stage)
        rows.append((f"+ {figures.label(stage)}", figures.at(name, "step", fund, stage=stage), reached))
    full = figures.at(name, "full", fund)
    return [*rows, ("everything on", full, full[0])]


def _picture(tree: xr.DataTree, figures: Figures, fund: str, name: str) -> Picture:
    unit, factor = figures.unit(name, ("stage",))
    at = f" {percent(figures.level)}" if name in BY_LEVEL else ""
    title = f"{called(fund)[:1].upper()}{called(fund)[1:]}: {NAMES[name]}{at}"
    rows = _rows(figures, name, fund)
    text = ", ".join(f"{label} {shown(value, factor)} {unit}" for label, (value, _), _ in rows)
    table = Table(
        title,
        ("", f"adds, {unit}", f"reaches, {unit}"),
        tuple(
            Row(label, (cell(value, error, factor), Cell(shown(reached, factor))), strong=label == "everything on")
            for label, (value, error), reached in rows
        ),
    )
    live = plotly_twins.waterfall({label: value * factor for label, (value, _), _ in rows}, "everything on", unit)
    key = f"ablation-{name.replace('_', '-')}-{figures.funds.index(fund) if fund != SYSTEM else 'system'}"
    svg = drawn(key, title, f"{text}.", partial(ablation, tree, fund, name))
    return Picture(key, title, svg, table, live)


def _alone(figures: Figures) -> Table:
    units = {name: figures.unit(name, ("stage",)) for name in SHOWN}
    headings = [f"{HEADINGS[name].format(level=percent(figures.level))}, {units[name][0]}" for name in SHOWN]

    def row(label: str, part: str, strong: bool = False, **where: str) -> Row:
        cells = (cell(*figures.at(name, part, **where), units[name][1]) for name in SHOWN)
        return Row(label, tuple(cells), strong=strong)

    alone = [row(figures.label(str(x), alone=True), "added", without=str(x)) for x in figures.table["without"].values]
    last = [row("all together", "total", strong=True), row("sum less together", "interaction")]
    caption = "One at a time: the whole system with everything on, less the same without the one mechanism"
    return Table(caption, ("Mechanism", *headings), (*alone, *last), tight=True)
