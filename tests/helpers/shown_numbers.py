"""Numbers read back from a table of the terminal, and held against what they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rich.table import Table
from rich.text import Text

from report_page import number

SIZES = {"bn USD": 1e-9, "m USD": 1e-6, "k USD": 1e-3}


def rows(table: Any) -> dict[str, list[str]]:
    """Name of a row -> its cells; of a first column that is empty the name above goes on."""
    assert isinstance(table, Table)
    columns = [
        [cell.plain if isinstance(cell, Text) else str(cell) for cell in column.cells] for column in table.columns
    ]
    return {name: list(cells) for name, *cells in zip(*columns, strict=True)}


def unit(text: str) -> float:
    return next(size for name, size in SIZES.items() if name in text)


def check(cell: str, exact: float, error: float | None = None) -> None:
    """A number, and below it its error where it has one."""
    first, _, second = cell.partition("\n")
    if np.isnan(exact):
        assert first == "-"
        return
    said, half = number(first)
    assert said == pytest.approx(exact, abs=1.0001 * half)
    if error is None:
        assert not second
    elif second.startswith("±") and second != "±?":
        assert float(second[1:].replace(",", "")) == pytest.approx(error, abs=1.0001 * half)
    elif second.startswith("<"):
        assert error < half
    else:
        assert np.isinf(error)
        assert bool(second) == bool(exact)  # beside a zero that was found on every path nothing is said
