"""What plotly draws beside a picture is what the table behind the picture says, by name, in the table's unit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import xarray as xr

from plot_example import TREE as EXAMPLE
from plot_example import with_open_calls
from report_page import number
from stress.results.report.elements import Cell, Folded, Gallery, Picture, Section
from stress.results.report.sections.calls import calls, leverage
from stress.results.report.sections.causes import attribution, contributions
from stress.results.report.sections.checks import convergence
from stress.results.report.sections.crowd import brokers, crowding
from stress.results.report.sections.losses import amplification
from stress.results.report.sections.sales import sales

TREE = with_open_calls(EXAMPLE)
BUILT = (calls, leverage, attribution, contributions, convergence, brokers, crowding, amplification, sales)
OF_BARS = {"sales": "Net", "brokers": "ES 99 %"}  # column; of others with one number a row, the first


def pictures(section: Section) -> Iterator[Picture]:
    for block in section.blocks:
        for inner in block.blocks if isinstance(block, Folded) else (block,):
            if isinstance(inner, Gallery):
                yield from inner.pictures


def cells(picture: Picture) -> dict[tuple[str, str], Cell]:
    table = picture.table
    return {
        (row.heading, column): cell
        for row in table.rows
        for column, cell in zip(table.columns[1:], row.cells, strict=True)
    }


def column_of_bars(picture: Picture) -> str:
    columns = picture.table.columns[1:]
    start = "Amplification" if picture.name == "amplification" else OF_BARS.get(picture.name.split("-")[0], columns[0])
    return next(column for column in columns if column.startswith(start))


def drawn(picture: Picture) -> Iterator[tuple[Cell, float | None, float | None]]:
    """Cell of the table, what is drawn for it, and how long its error bar is where there is one."""
    there = cells(picture)
    for trace in picture.live["data"]:
        if trace["type"] == "heatmap":
            for down, row in zip(trace["y"], trace["z"], strict=True):
                for across, value in zip(trace["x"], row, strict=True):
                    yield there.get((down, across)) or there[across, down], value, None
        elif trace.get("orientation") == "h":
            column = column_of_bars(picture)
            errors = trace.get("error_x", {}).get("array", [None] * len(trace["x"]))
            for name, value, error in zip(trace["y"], trace["x"], errors, strict=True):
                yield there[name, column], value, error
        elif picture.name == "convergence":
            for mark, value in zip(trace["x"], trace["y"], strict=True):
                yield there[f"{mark:,}", trace["name"]], value, None
        else:
            for step, value in zip(trace["x"], trace["y"], strict=True):
                yield there[f"{step:g}", trace["name"]], value, None


@pytest.mark.parametrize("build", BUILT, ids=lambda build: build.__name__)
def test_what_is_drawn_live_is_what_the_table_says(build: Callable[[xr.DataTree], Section]) -> None:
    compared = 0
    for picture in pictures(build(TREE)):
        for cell, value, error in drawn(picture):
            if value is None:
                assert cell.text in ("-", "∞", "−∞"), picture.name
                continue
            said, half = number(cell.text)
            assert value == pytest.approx(said, abs=half * 1.0001), (picture.name, cell)
            compared += said != 0
            if error is not None and cell.error.startswith("±"):
                assert error == pytest.approx(2 * float(cell.error[1:].replace(",", "")), abs=2.001 * half)
    assert compared


def test_every_picture_has_something_to_draw() -> None:
    for build in BUILT:
        for picture in pictures(build(TREE)):
            data: list[Any] = picture.live["data"]
            assert data, picture.name
