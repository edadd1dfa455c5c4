"""The part of a report that shows a sweep: a picture of each figure, tipping points, what could not start."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from stress.results.answers.sweep.dataset import PROBABILITY, SYSTEM
from stress.results.answers.sweep.figure import sweep
from stress.results.answers.sweep.table import (
    ALREADY,
    COLUMNS,
    Shown,
    notes,
    shown_of,
    slices,
    tipping_text,
    unit_of,
    value_text,
)
from stress.results.report import plotly_twins
from stress.results.report.drawing import drawn
from stress.results.report.elements import Block, Cell, Folded, Gallery, Picture, Row, Section, Table, Text
from stress.results.report.numbers import called, cell

DRAWN = ("es", PROBABILITY, "called_nav_share", "expected_forced_sales_usd")
MOST_MAPS = 12


def sections(tree: xr.DataTree) -> list[Section]:
    """Pictures of the whole system and of each fund, and where it tips."""
    shown = shown_of(tree)
    blocks: list[Block] = [*_in_words(shown), Text(_question(shown))]
    if "point" in shown.table.dims:
        blocks.append(_points(shown))
    else:
        every = slices(shown)
        pictures = [_picture(tree, shown, SYSTEM, name, at) for at in every[:MOST_MAPS] for name in DRAWN]
        blocks.append(Gallery(tuple(pictures)))
        if shown.tipping is not None:
            blocks.append(_tipping(shown))
        funds = tuple(
            _picture(tree, shown, str(fund), "es", at) for fund in shown.table["fund"].values for at in every[:1]
        )
        blocks.append(Folded(f"{shown.heading('es')} of each fund", (Gallery(funds),)))
    return [Section("sweep", "The same scenario with other numbers", [*blocks, *_quiet(notes(tree, shown))])]


def _quiet(texts: list[str]) -> list[Block]:
    return [Text(text, quiet=True) for text in texts]


def _in_words(shown: Shown) -> list[Block]:
    """Where the whole system tips, in a sentence: of a map at both ends of the other axis; nothing of more axes."""
    if shown.tipping is None or len(shown.tipping["tipping"].dims) > 2:
        return []
    system = shown.tipping.sel(fund=SYSTEM)
    if not system.dims:
        return [] if np.isnan(float(system["searched_to"])) else [Text(_tips(shown, system))]
    (other,) = map(str, system.dims)
    known = system.isel({other: np.flatnonzero(~np.isnan(system["searched_to"].values))})
    ends = [known.isel({other: n}) for n in ((0, -1) if known.sizes[other] > 1 else range(known.sizes[other]))]
    return [Text(_tips(shown, x, f" with {shown.axis_name(other)} {value_text(x[other].values[()])}")) for x in ends]


def _tips(shown: Shown, system: xr.Dataset, where: str = "") -> str:
    axis = str(system.attrs["axis"])
    what = f"of the whole system, {shown.bound.text} is first reached {shown.horizon}{where}"
    at = tipping_text(system)
    if at.startswith(ALREADY):
        return f"Beyond the tipping point: {what}, {at}, the first {shown.axis_name(axis)} that can start."
    if np.isnan(float(system["tipping"])):
        return f"No tipping point: {what} at no {shown.axis_name(axis)} that was tried and can start ({at})."
    return f"Tipping point: {what} at a {shown.axis_name(axis)} of {at}."


def _question(shown: Shown) -> str:
    axes = " and ".join(str(shown.table[axis].attrs["long_name"]) for axis in shown.axes)
    return f"The scenario is simulated again and again with another {axes}, always on the same draws, {shown.horizon}."


def _picture(tree: xr.DataTree, shown: Shown, fund: str, name: str, where: dict[str, Any]) -> Picture:
    values, errors = (shown.figure(name, fund, suffix).sel(where) for suffix in ("", "_se"))
    unit, factor = unit_of(shown, name, fund)
    at = "".join(f", {axis} {value_text(value)}" for axis, value in where.items())
    title = f"{called(fund)[:1].upper()}{called(fund)[1:]}: {shown.heading(name)}{at}"
    left = [axis for axis in shown.axes if axis in values.dims]
    values, errors = values.transpose(*left), errors.transpose(*left)
    number = "-".join(str(shown.table[axis].values.tolist().index(value)) for axis, value in where.items())
    key = f"sweep-{name.replace('_', '-')}-{_place(shown, fund)}{'-' + number if number else ''}"
    table = (
        _line_table(values, errors, title, unit, factor)
        if len(left) == 1
        else _map_table(values, errors, title, factor)
    )
    if len(left) == 1:
        numeric = values[left[0]].dtype.kind == "f"
        x = values[left[0]].values.tolist() if numeric else list(range(values.size))
        live = plotly_twins.line_with_band(x, values.values * factor, errors.values * factor, left[0], unit)
    else:
        live = plotly_twins.heat(
            values.assign_coords({a: [value_text(v) for v in values[a].values] for a in left}), factor, unit
        )
    known = values.values[np.isfinite(values.values)] * factor
    text = f"from {known.min():.3g} to {known.max():.3g} {unit}" if known.size else "no point can start"
    svg = drawn(key, title, f"{text}.", partial(sweep, tree, fund, name, where))
    return Picture(key, f"{title}, {unit}", svg, table, live)


def _place(shown: Shown, fund: str) -> str:
    names = [str(name) for name in shown.table["fund"].values]
    return SYSTEM if fund == SYSTEM else str(names.index(fund))


def _line_table(values: xr.DataArray, errors: xr.DataArray, title: str, unit: str, factor: float) -> Table:
    (axis,) = map(str, values.dims)
    rows = [
        Row(value_text(label), (cell(float(value), float(error), factor),))
        for label, value, error in zip(values[axis].values, values.values, errors.values, strict=True)
    ]
    return Table(title, (axis, unit), tuple(rows))


def _map_table(values: xr.DataArray, errors: xr.DataArray, title: str, factor: float) -> Table:
    down, across = map(str, values.dims)
    rows = [
        Row(
            value_text(label),
            tuple(cell(float(x), float(e), factor) for x, e in zip(*both, strict=True)),
        )
        for label, *both in zip(values[down].values, values.values, errors.values, strict=True)
    ]
    return Table(title, (f"{down} / {across}", *map(value_text, values[across].values)), tuple(rows), tight=True)


def _tipping(shown: Shown) -> Table:
    assert shown.tipping is not None  # who calls it
    along = [str(dim) for dim in shown.tipping["tipping"].dims if dim != "fund"]
    axis = str(shown.tipping.attrs["axis"])
    flat = shown.tipping.stack(at=along) if along else shown.tipping.expand_dims("at")
    names = [", ".join(map(value_text, np.atleast_1d(label))) for label in flat["at"].values] if along else [axis]
    rows = [
        Row(
            called(str(fund)),
            tuple(Cell(tipping_text(flat.sel(fund=fund).isel(at=n), axis in shown.factors)) for n in range(len(names))),
            strong=fund == SYSTEM,
        )
        for fund in shown.tipping["fund"].values
    ]
    caption = (
        f"Tipping point: {shown.axis_name(axis)} at which {shown.bound.text} is first reached, with its 95 % interval"
    )
    return Table(
        caption, (f"Fund / {', '.join(along)}" if along else "Fund", *names), tuple(rows), tight=len(names) > 3
    )


def _points(shown: Shown) -> Table:
    """Every point of a Latin hypercube."""
    rows = []
    for number in range(shown.table.sizes["point"]):
        at = tuple(Cell(value_text(shown.table[axis].values[number])) for axis in shown.axes)
        figures = []
        for name in COLUMNS:
            factor = unit_of(shown, name)[1]
            value, error = (float(shown.figure(name, suffix=s)[number]) for s in ("", "_se"))
            figures.append(cell(value, error, factor))
        rows.append(Row(str(number + 1), (*at, *figures)))
    headings = [f"{shown.heading(name)}, {unit_of(shown, name)[0]}" for name in COLUMNS]
    return Table("Whole system at each point", ("Point", *shown.axes, *headings), tuple(rows), tight=True)
