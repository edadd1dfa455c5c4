"""Prices or returns as the file has them: a table of days by instruments, nothing mended but the order of days."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from stress.own_book.data_report import LEFT_OUT, MENDED, READ, DataReport
from stress.own_book.read.days import is_day, iso, read_days
from stress.own_book.read.headings import PRICES, meanings
from stress.own_book.read.sheet import LARGEST, PARQUET, Sheet, Source, is_nothing, read_sheet
from stress.scenarios.read.files import read_regular
from stress.scenarios.read.units import UnitError, fraction

Kind = Literal["auto", "prices", "returns", "log-returns"]
KINDS = ("auto", "prices", "returns", "log-returns")
_OF_RETURNS = 0.2  # share of negative numbers from which a table holds returns; prices have hardly any
_DAILY = pd.Timedelta(days=4)  # that the middle two days in a row may be apart
_MOST = 5.0  # log return, a factor of 148
_LARGEST_RETURN = 0.25  # that the middle one of their sizes may be


class PriceTable(NamedTuple):
    """Prices (day, instrument), NaN where there is none, days ascending."""

    frame: Any  # pd.DataFrame
    name: str  # of the file
    levels: bool  # real prices; False: chained returns, of which only the moves count


def read_price_table(source: Source, key: str, report: DataReport, kind: Kind = "auto") -> PriceTable:
    """Prices or returns of a file.

    Wide (a column of days, a column for each instrument; or days from left to right) or long (day, instrument, price or
    return). Returns are chained into prices that start at 1: a missing one counts as none.

    Raises:
        ScenarioError: no days, no numbers, a day twice with other numbers, returns of -100 % or less.
        MissingExtra: see `read_sheet`.
    """
    sheet = _plain_csv(source, key, report) or read_sheet(source, key, PRICES, report)
    table = sheet.table
    found = meanings(table.columns, PRICES)
    headed = [is_day(column) for column in table.columns[1:]]
    if "instrument" in found and "date" in found and {"price", "return", "log_return"} & set(found):
        frame, told = _long(sheet, found)
    elif len(headed) > 1 and all(headed):
        frame, told = _wide(_turned(sheet))
    else:
        frame, told = _wide(sheet)
    name = sheet.name
    if not frame.index.is_monotonic_increasing:
        frame = frame.sort_index(kind="stable")
        report.add(MENDED, name, "days are put in ascending order")
    frame = _once(frame, sheet, report)
    apart = frame.index.to_series().diff().median()
    if apart > _DAILY:
        raise sheet.error(f"has days that are {apart.days} days apart", "daily prices or returns")
    kind = told if kind == "auto" and told != "auto" else _guessed(frame) if kind == "auto" else kind
    how = {"prices": "prices", "returns": "simple returns", "log-returns": "log returns"}[kind]
    span = f"{iso(frame.index[:1])[0]} to {iso(frame.index[-1:])[0]}"
    report.add(READ, name, f"{how} of {len(frame.columns):,} instruments on {len(frame):,} days, {span}")
    levels = kind == "prices"
    return PriceTable(frame if levels else _chained(frame, kind, sheet, report), name, levels)


def _plain_csv(source: Source, key: str, report: DataReport) -> Sheet | None:
    """A CSV file that can be read in one way only, at once: commas, no quotes, points before decimals; else None."""
    if not isinstance(source, str | Path) or Path(source).suffix.lower() in PARQUET:
        return None
    path = Path(source)
    try:
        text = read_regular(path, LARGEST).decode("utf-8-sig")
    except (OSError, ValueError):
        return None  # `read_sheet` says what is wrong
    head = next(csv.reader([text.partition("\n")[0].strip()]), [])
    if (
        '"' in text
        or "#" in text
        or len(head) < 2
        or len(set(head)) < len(head)
        or not all(x.strip() for x in head[1:])
    ):
        return None
    try:
        frame = pd.read_csv(path, keep_default_na=False, na_values=["", "NaN", "nan", "NA"], dtype={head[0]: str})
    except (ValueError, OSError):  # pandas' own errors are the first
        return None
    frame = frame.rename(columns=str.strip)
    numbers = [kind.kind in "fi" for kind in frame.dtypes]
    if list(frame.columns) != [x.strip() for x in head] or not all(numbers[1:]) or frame.empty:
        return None
    report.add(READ, path.name, f"{len(frame):,} rows and {len(frame.columns):,} columns")
    return Sheet(path.name, key, frame, tuple(range(2, len(frame) + 2)))


def _day_column(sheet: Sheet) -> object:
    columns = list(sheet.table.columns)
    named = meanings(columns, PRICES).get("date")
    if named is None and not is_day(sheet.text(0, columns[0])):
        raise sheet.error(
            "has no column of days",
            "a column date and one for each instrument; or the columns date, ticker and close",
            value=[*map(str, columns[:8]), *(["…"] if len(columns) > 8 else [])],
        )
    return columns[0] if named is None else named


def _wide(sheet: Sheet) -> tuple[Any, Kind]:
    column = _day_column(sheet)
    numbers = {str(c).strip(): _numbers(sheet, c) for c in sheet.table.columns if c != column}
    if not numbers:
        raise sheet.error("has no column of prices", "a column for each instrument")
    return pd.DataFrame(numbers, index=read_days(sheet, column)), "auto"


def _turned(sheet: Sheet) -> Sheet:
    """A table with an instrument a row as one with a day a row."""
    first = sheet.table.columns[0]
    turned = sheet.table.set_index(first).T.reset_index(names="date")
    return Sheet(sheet.name, sheet.key, turned)


def _long(sheet: Sheet, found: dict[str, object]) -> tuple[Any, Kind]:
    which = next(meaning for meaning in ("price", "log_return", "return") if meaning in found)
    names = [sheet.text(row, found["instrument"]) for row in range(len(sheet.table))]
    if "" in names:
        row = names.index("")
        raise sheet.error("names no instrument", "a name in every row", row, found["instrument"])
    long = pd.DataFrame(
        {"day": read_days(sheet, found["date"]), "name": names, "number": _numbers(sheet, found[which])}
    )
    twice = long[long.duplicated(["day", "name"])]
    if len(twice):
        row = int(twice.index[0])
        raise sheet.error("is there twice", "one row for a day and an instrument", row, found["instrument"], names[row])
    frame = long.pivot(index="day", columns="name", values="number")[list(dict.fromkeys(names))]
    kinds: dict[str, Kind] = {"price": "prices", "log_return": "log-returns", "return": "returns"}
    return frame, kinds[which]


def _numbers(sheet: Sheet, column: object) -> Any:
    cells = sheet.table[column]
    if cells.dtype.kind in "fi":
        return cells.to_numpy(np.float64)
    numbers = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        if not is_nothing(cell):
            try:
                numbers[row] = fraction(cell) if isinstance(cell, str) else float(cell)
            except (UnitError, TypeError, ValueError) as error:
                raise sheet.error("is no number", "a number, or an empty cell", row, column, cell) from error
    return numbers


def _once(frame: Any, sheet: Sheet, report: DataReport) -> Any:
    """A day that is there twice with the same numbers counts once."""
    again = frame.index.duplicated()
    if not again.any():
        return frame
    for day in frame.index[again].unique():
        rows = frame.loc[[day]]
        if not all(row.equals(rows.iloc[0]) for _, row in rows.iterrows()):
            raise sheet.error(
                "is there twice with different numbers", "one row a day (daily closes)", value=iso([day])[0]
            )
    report.add(LEFT_OUT, sheet.name, "a second row of the same day with the same numbers", iso(frame.index[again]))
    return frame[~again]


def _guessed(frame: Any) -> Kind:
    numbers = frame.to_numpy()[np.isfinite(frame.to_numpy())]
    if not len(numbers):
        return "prices"
    returns = (numbers < 0).mean() > _OF_RETURNS and np.median(np.abs(numbers)) < _LARGEST_RETURN
    return "returns" if returns else "prices"


def _chained(frame: Any, kind: Kind, sheet: Sheet, report: DataReport) -> Any:
    if kind == "returns":
        if (frame <= -1).any().any():
            name = (frame <= -1).any().idxmax()
            day = iso([(frame[name] <= -1).idxmax()])[0]
            raise sheet.error(f"{name} falls by 100 % or more on {day}", "simple returns above -1 (-100 %)")
        frame = np.log1p(frame)
    if (frame.abs() > _MOST).any().any():
        name = (frame.abs() > _MOST).any().idxmax()
        day = iso([(frame[name].abs() > _MOST).idxmax()])[0]
        raise sheet.error(
            f"{name} holds no returns: see {day}", f"log returns between -{_MOST:g} and {_MOST:g}; or --kind prices"
        )
    missing = frame.columns[frame.isna().any()]
    if len(missing):
        report.add(MENDED, sheet.name, f"a missing return inside its span counts as none: {len(missing)} instruments")
    start = pd.DataFrame(0.0, index=frame.index[:1] - pd.offsets.BDay(1), columns=frame.columns)
    start = start.where(frame.iloc[:1].notna().to_numpy())  # else the first return would be lost
    frame = pd.concat([start, frame])
    return np.exp(frame.cumsum()).where(frame.notna())
