"""The page that shows runs beside each other."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import xarray as xr

from stress.results.dataset.compared import BY_LEVEL, SYSTEM
from stress.results.report import plotly_twins
from stress.results.report.drawing import drawn
from stress.results.report.elements import Block, Cell, Facts, Gallery, Picture, Row, Section, Table, Text
from stress.results.report.numbers import called, cell
from stress.results.report.page import page_html
from stress.results.side_by_side.figure import es_map
from stress.results.side_by_side.table import OF_A_FUND, letters, level_of, notes
from stress.results.terminal.cells import decimals, fixed, money_unit, percent, with_error
from stress.results.terminal.compared_table import SHOWN, SIGNIFICANT

Settings = Sequence[dict[str, Any]]


def side_by_side_html(numbers: xr.Dataset, settings: Settings, interactive: bool = False) -> str:
    """The page; the same runs give the same text.

    Args:
        numbers: of `stress.results.side_by_side.dataset.side_by_side`.
        settings: that differ: section, key, and by run a text, "" where it does not have it.
        interactive: with plotly inside.
    """
    runs = numbers.sizes["run"]
    intro = f"{runs} stress tests of leveraged funds, each held against the first."
    return page_html("Runs side by side", "", intro, "", sections(numbers, settings), interactive)


def sections(numbers: xr.Dataset, settings: Settings) -> list[Section]:
    """Which runs, the map, the figures, the settings."""
    names, level = letters(numbers), level_of(numbers)
    about = {key: json.loads(numbers.attrs[key]) for key in ("titles", "seeds", "paths")}
    facts = tuple(
        (f"{letter}: {run}", f"{title}; seed {seed}, {paths:,} paths")
        for letter, run, title, seed, paths in zip(names, numbers["run"].values, *about.values(), strict=True)
    )
    title = f"ES {percent(level)} by fund and run, % of start NAV"
    es = numbers["es"].sel(level=level).transpose("fund", "run")
    rows = tuple(
        Row(
            called(str(fund)), tuple(cell(float(x), scale=100) for x in es.sel(fund=fund).values), strong=fund == SYSTEM
        )
        for fund in es["fund"].values
    )
    live = plotly_twins.heat(es.assign_coords(run=names), 100, "% of start NAV")
    svg = drawn("runs-es", title, "The darker the larger.", partial(es_map, numbers, level))
    picture = Picture("runs-es", title, svg, Table(title, ("Fund", *names), rows), live)
    blocks: list[Block] = [Facts(facts, compact=True), Gallery((picture,)), _figures(numbers, level, names)]
    blocks += [Text(note, quiet=True) for note in notes(numbers)]
    found = [Section("runs", "Runs side by side", blocks)]
    return [*found, Section("settings", "Settings that differ", [_settings(settings, names)])]


def _figures(numbers: xr.Dataset, level: float, names: Sequence[str]) -> Table:
    rows = []
    for fund in reversed([str(x) for x in numbers["fund"].values]):
        for name in SHOWN if fund == SYSTEM else OF_A_FUND:
            measure, at = SHOWN[name], numbers.sel(fund=fund)
            at = at.sel(level=level) if name in BY_LEVEL else at
            unit, scale = "", measure.scale
            if "{unit}" in measure.heading:
                unit, scale = money_unit(float(x) for x in at[name].values)
            heading = measure.heading.format(level=percent(level), unit=unit)
            cells = tuple(_cell(at.isel(run=run), name, scale, measure.decimals) for run in range(len(names)))
            rows.append(Row(called(fund), cells, note=heading))
    return Table("Figures", ("Fund, figure", *names), tuple(rows), tight=True)


def _cell(at: xr.Dataset, name: str, scale: float, most: int) -> Cell:
    difference, error = (float(at[f"{name}_{part}"]) * scale for part in ("difference", "difference_se"))
    if math.isnan(difference):
        return cell(float(at[name]), float(at[f"{name}_se"]), scale, most)
    places = decimals(difference, error, most)
    star = "*" if float(at[f"{name}_p"]) < SIGNIFICANT else ""
    sign = "+" if difference > 0 else ""
    return Cell(fixed(float(at[name]) * scale, places), f"{sign}{with_error(difference, error, places)}{star}")


def _settings(settings: Settings, names: Sequence[str]) -> Table | Text:
    if not settings:
        return Text("All settings are the same.")
    rows = tuple(Row(one["key"], tuple(Cell(text) for text in one["runs"])) for one in settings)
    return Table("Settings that differ", ("Setting", *names), rows, tight=True)
