"""The two intervals of a run's figures as a table of a terminal, as JSON and as a part of its report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import xarray as xr

from stress.results.answers.sensitivity.beside import Beside, beside
from stress.results.answers.sensitivity.shown import SYSTEM, UNTOLD, Study, study_of
from stress.results.terminal.cells import decimals, estimate, fixed, plain_table, printable
from stress.results.terminal.names import shown_name

if TYPE_CHECKING:
    from rich.table import Table as TerminalTable

    from stress.results.report.elements import Section

TITLE = "95 % intervals: by sampling, and with the ranges of the scenario's numbers"
TOLD = (
    "The second interval has the ranges of {numbers} groups of numbers in it, {points} points of them with {paths:,} "
    "paths each, moved to this run's figures."
)


def table(run: xr.DataTree, answer: xr.DataTree) -> list[Any]:
    """For a terminal."""
    from rich.text import Text

    study = study_of(answer)
    found: TerminalTable = plain_table(TITLE)
    found.add_column("", no_wrap=True, max_width=24)
    found.add_column("figure", no_wrap=True)
    for heading in ("unit", "of the run", "sampling", "with ranges"):
        found.add_column(heading, justify="right", no_wrap=True)
    for one in beside(run, answer):
        unit, factor = study.unit(one.name, [one.value, *one.total])
        places = decimals(factor * one.value, factor * one.error, 2)
        found.add_row(
            printable(shown_name(one.fund)),
            study.heading(one.name),
            unit,
            estimate(factor * one.value, factor * one.error),
            *(_span(pair, factor, places) for pair in (one.sampling, one.total)),
        )
    return [found, Text(_told(study))]


def document(run: xr.DataTree, answer: xr.DataTree) -> list[dict[str, Any]]:
    """For JSON: a figure each, None for what is not known."""
    return [
        {
            "fund": one.fund,
            "figure": one.name,
            "level": study_of(answer).level if one.name in ("var", "es", "trough_es") else None,
            "value": _plain(one.value),
            "sampling": [_plain(x) for x in one.sampling],
            "with_ranges": [_plain(x) for x in one.total],
        }
        for one in beside(run, answer)
    ]


def section(run: xr.DataTree, answer: xr.DataTree) -> Section:
    """For a report."""
    from stress.results.report.elements import Cell, Row, Section, Table, Text
    from stress.results.report.numbers import called, cell

    study = study_of(answer)

    def row(one: Beside) -> Row:
        unit, factor = study.unit(one.name, [one.value, *one.total])
        places = decimals(factor * one.value, factor * one.error, 2)
        spans = (Cell(_span(pair, factor, places)) for pair in (one.sampling, one.total))
        heading = f"{called(one.fund)}: {study.heading(one.name)}, {unit}"
        return Row(heading, (cell(one.value, one.error, factor), *spans), strong=one.fund == SYSTEM)

    columns = ("Figure", "of the run", "95 %, sampling", "95 %, with the ranges")
    shown = Table(TITLE, columns, tuple(map(row, beside(run, answer))), tight=True)
    return Section("ranges", "How far off the figures could be", [shown, Text(_told(study), quiet=True)])


def _told(study: Study) -> str:
    paths = int(study.tree.attrs["paths"])
    return TOLD.format(numbers=len(study.ranged), points=study.points, paths=paths)


def _span(pair: tuple[float, float], factor: float, places: int) -> str:
    if any(map(math.isnan, pair)):
        return "-"
    return UNTOLD if any(map(math.isinf, pair)) else " to ".join(fixed(factor * x, places) for x in pair)


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
