"""Days of a table, as spreadsheets and databases write them."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from stress.own_book.read.sheet import Sheet, is_nothing

_ISO = re.compile(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?:[T ].*)?")
_LOCAL = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:[T ].*)?")
ALLOWED = "days such as 2025-04-03"


def read_days(sheet: Sheet, column: object) -> Any:
    """The days of a column as a DatetimeIndex; `03/04/2025` is read in the one order that fits the whole column.

    Raises:
        ScenarioError: what is no day, or days that may be read in two ways.
    """
    cells = sheet.table[column]
    if isinstance(cells.dtype, pd.DatetimeTZDtype):
        cells = cells.dt.tz_localize(None)
    if pd.api.types.is_datetime64_any_dtype(cells) and not cells.isna().any():
        return pd.DatetimeIndex(cells).normalize()
    texts = ["" if is_nothing(cell) else _text(cell) for cell in cells]
    parts = [_LOCAL.fullmatch(text) for text in texts]
    local = [match for match in parts if match]
    day_first = any(int(match[1]) > 12 for match in local)
    month_first = any(int(match[3]) > 12 for match in local)
    dotted = bool(local) and all(match[2] == "." for match in local)  # German, Russian, Turkish ...: the day first
    if local and day_first == month_first and not (dotted and not month_first):
        row = next(row for row, match in enumerate(parts) if match)
        raise sheet.error("may begin with the day or the month", ALLOWED, row, column, texts[row])
    written = []
    for row, (text, match) in enumerate(zip(texts, parts, strict=True)):
        iso = _ISO.fullmatch(text)
        if match:
            day, month = (match[1], match[3]) if day_first or dotted else (match[3], match[1])
            written.append(f"{match[4]}-{int(month):02d}-{int(day):02d}")
        elif iso:
            written.append(f"{iso[1]}-{iso[2]}-{iso[3]}")
        else:
            raise sheet.error("is no day", ALLOWED, row, column, text or None)
    days = pd.to_datetime(pd.Series(written, dtype=object), errors="coerce", format="%Y-%m-%d")
    if days.isna().any():
        row = int(days.isna().to_numpy().argmax())
        raise sheet.error("is no day of the calendar", ALLOWED, row, column, texts[row])
    return pd.DatetimeIndex(days)


def is_day(text: object) -> bool:
    """Whether a heading is a day: then days run from left to right."""
    return isinstance(text, pd.Timestamp) or bool(_ISO.fullmatch(str(text)) or _LOCAL.fullmatch(str(text)))


def _text(cell: object) -> str:
    """A day as text; 20250403 may have come as a number."""
    if isinstance(cell, float) and cell == int(cell):
        return str(int(cell))
    return str(cell).strip()


def iso(days: Any) -> list[str]:
    """Days as texts."""
    return [day.strftime("%Y-%m-%d") for day in days]
