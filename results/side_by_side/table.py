"""Runs beside each other in a terminal: figures as rows, runs as columns, then a map of ES by fund and run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from stress.results.dataset.compared import BY_LEVEL, SYSTEM
from stress.results.terminal.cells import (
    add_label_column,
    add_number_columns,
    decimals,
    error_text,
    fixed,
    money_unit,
    named,
    percent,
    plain_table,
)
from stress.results.terminal.compared_table import SHOWN, SIGNIFICANT

if TYPE_CHECKING:
    from rich.table import Table

OF_A_FUND = ("es", "called_nav_share", "expected_forced_sales_usd")  # of each fund; of the system all of SHOWN
SHADES = " ░▒▓█"
COLUMN, LABEL = 15, 28  # characters, at most


def letters(numbers: xr.Dataset) -> list[str]:
    """A short name of each run: A, B, ..., Z, A2, ..."""
    runs = range(numbers.sizes["run"])
    return [ascii_uppercase[at % 26] + (str(at // 26 + 1) if at >= 26 else "") for at in runs]


def level_of(numbers: xr.Dataset) -> float:
    """The level next to 99 %."""
    return min((float(x) for x in numbers["level"].values if x > 0), key=lambda level: abs(level - 0.99))


def shown(numbers: xr.Dataset, levels: Sequence[float], width: int) -> list[Any]:
    """The tables: figures at some levels in blocks of runs as wide as the screen, and the map of ES."""
    from rich.text import Text

    names = letters(numbers)
    per_block = max((width - LABEL) // COLUMN - 1, 1)
    others = range(1, len(names))
    blocks = [[0, *others[at : at + per_block]] for at in range(0, len(others), per_block)]
    tables = [_figures(numbers, levels, block, names) for block in blocks]
    lines = [Text(note) for note in notes(numbers)]
    return [*tables, *lines, es_map(numbers, level_of(numbers), width)]


def notes(numbers: xr.Dataset) -> list[str]:
    """How to read the table."""
    paired = json.loads(numbers.attrs["paired_paths"])[1:]
    text = "Below the other runs' figures: the run less A, and the standard error of that"
    if all(paired):
        text += f", from the differences path by path of the first {min(paired):,}"
    elif any(paired):
        text += "; paired path by path where seeds are the same"
    return [
        f"{text}. Losses are % of start NAV, positive = loss.",
        f"*: significant at {percent(SIGNIFICANT)} for all {numbers.attrs['differences']} differences of all runs "
        "together (Holm, Bonferroni), shown or not; ≤: an upper bound.",
    ]


def _figures(numbers: xr.Dataset, levels: Sequence[float], runs: Sequence[int], names: Sequence[str]) -> Table:
    table = plain_table("Figures")
    add_label_column(table, "", LABEL)
    add_number_columns(table, *(names[run] for run in runs))
    for fund in reversed(numbers["fund"].values):  # the system first
        table.add_row(named("whole system" if fund == SYSTEM else str(fund)))
        rows = list(_rows(numbers.sel(fund=fund), SHOWN if fund == SYSTEM else OF_A_FUND, levels, runs))
        for at, row in enumerate(rows):
            table.add_row(*row, end_section=at == len(rows) - 1)
    return table


def _rows(row: xr.Dataset, figures: Any, levels: Sequence[float], runs: Sequence[int]) -> Iterator[list[Any]]:
    for name in figures:
        measure = SHOWN[name]
        for level in levels if name in BY_LEVEL else (None,):
            at = row if level is None else row.sel(level=level)
            unit, scale = "", measure.scale
            if "{unit}" in measure.heading:
                unit, scale = money_unit(float(x) for x in at[name].values)
            heading = measure.heading.format(level="" if level is None else percent(level), unit=unit)
            yield [f" {heading}", *(cell(at.isel(run=run), name, scale, measure.decimals) for run in runs)]


def cell(at: xr.Dataset, name: str, scale: float, most: int) -> Any:
    """The figure of a run, and below it the difference to the first with its error."""
    from rich.text import Text

    value, own = float(at[name]) * scale, float(at[f"{name}_se"]) * scale
    difference, error = (float(at[f"{name}_{part}"]) * scale for part in ("difference", "difference_se"))
    if math.isnan(difference):
        places = decimals(value, own, most)
        beside = "" if math.isnan(value) or (value == 0 and math.isinf(own)) else error_text(own, places)
        return Text.assemble(fixed(value, places), "\n", (beside, "dim"))
    places = decimals(difference, error, most)
    star = "*" if float(at[f"{name}_p"]) < SIGNIFICANT else ""
    bound = "≤" if float(at[f"{name}_bound"]) == 1 and error > 0 else ""
    rounded = round(difference, places) + 0.0  # never a negative zero
    beside = f"{rounded:+,.{places}f}" if rounded else fixed(rounded, places)
    return Text.assemble(
        fixed(value, places), "\n", (f"{beside} {bound}{error_text(error, places)}{star}", "bold" if star else "dim")
    )


def es_map(numbers: xr.Dataset, level: float, width: int) -> Table:
    """ES of each fund (down) and run (across), the darker the larger."""
    from rich.text import Text

    values = numbers["es"].sel(level=level).transpose("fund", "run").values * 100
    finite = values[np.isfinite(values)]
    largest = max(float(finite.max(initial=0.0)), 1e-12)
    table = plain_table(f"ES {percent(level)}, % of start NAV: the darker the larger")
    add_label_column(table, "fund")
    fitting = max((width - LABEL + 6) // 10, 1)
    names = letters(numbers)[:fitting]
    add_number_columns(table, *names)
    for fund, row in zip(numbers["fund"].values, values[:, :fitting], strict=True):
        shades = [
            "" if math.isnan(x) else SHADES[int(np.clip(math.ceil(4 * x / largest), 0, 4))] * 3 for x in row.tolist()
        ]
        cells = [Text(f"{shade} {fixed(x, 1):>5}".strip()) for shade, x in zip(shades, row.tolist(), strict=True)]
        table.add_row(named("whole system" if fund == SYSTEM else str(fund)), *cells)
    left = numbers.sizes["run"] - len(names)
    if left:
        table.caption = f"{left} more runs do not fit: --picture FILE has all of them."
    return table
