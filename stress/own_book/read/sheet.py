"""A table of the user's: a CSV file in any dialect, a Parquet file, or a pandas DataFrame."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from stress.errors import MissingExtra
from stress.own_book.data_report import LEFT_OUT, READ, DataReport
from stress.own_book.read.headings import Headings, is_text, meanings
from stress.scenarios.csv.table import LINE_END, MATRIX, SEPARATORS, Form, read_table
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.files import InputFiles, read_regular
from stress.scenarios.read.units import UnitError, fraction, money

LARGEST = 1 << 30  # bytes
PREAMBLE = 40  # lines above a header that are looked through
PARQUET = {".parquet", ".pq"}
NOTHING = {"", "-", ".", "na", "n/a", "nan", "none", "null", "nat", "#n/a", "n.a."}
Source = Any  # str | Path | pd.DataFrame | pd.Series, and pandas is not typed here


@dataclass(frozen=True)
class Sheet:
    """Cells by row and column: text as `scenarios.csv.table` reads it, or what a DataFrame holds."""

    name: str
    key: str  # what it was given as, such as "prices"
    table: Any  # pd.DataFrame with a RangeIndex
    lines: tuple[int, ...] = ()  # of the file, of each row; () where there is none

    def where(self, row: int, column: object = None) -> str:
        """A place as a message has it: "line 12, column qty"."""
        place = f"line {self.lines[row]}" if self.lines else f"row {row + 1}"
        return place if column is None else f"{place}, column {column}"

    def error(
        self, problem: str, allowed: str, row: int = -1, column: object = None, value: object = None
    ) -> ScenarioError:
        """A fault of the file, at a row of it unless that is -1."""
        place = f"{self.where(row, column)}: " if row >= 0 else ""
        return ScenarioError(place + problem, file=self.name, key=self.key, value=value, allowed=allowed)

    def number(self, row: int, column: object, share: bool = False) -> float | None:
        """The number of a cell, units such as `12 mn` read (of a share: `12 %`); None where there is nothing.

        Raises:
            ScenarioError: anything else; names line and column.
        """
        cell = self.table[column].iloc[row]
        if is_nothing(cell):
            return None
        try:
            if isinstance(cell, str):
                return fraction(cell) if share else money(cell)
            return money(float(cell))
        except (UnitError, TypeError, ValueError) as error:
            allowed = getattr(error, "allowed", "a number")
            raise self.error(str(error), allowed, row, column, cell) from error

    def text(self, row: int, column: object) -> str:
        """The text of a cell, "" where there is nothing."""
        cell = self.table[column].iloc[row]
        return "" if is_nothing(cell) else " ".join(str(cell).split())


def is_nothing(cell: object) -> bool:
    """Whether a cell is empty, or says that there is nothing."""
    return cell.strip().lower() in NOTHING if isinstance(cell, str) else bool(pd.isna(cell))


def read_sheet(source: Source, key: str, known: Headings, report: DataReport) -> Sheet:
    """Read a table; what is not plain about it is a line of the report.

    Args:
        source: path of a CSV or Parquet file, or a DataFrame.
        key: what it was given as, in messages.
        known: headings by meaning, see `stress.own_book.read.headings`.
        report: takes the lines.

    Raises:
        ScenarioError: no such file, another kind of file, or a table that cannot be read in one way only.
        MissingExtra: a Parquet file, and pyarrow is not installed.
    """
    if isinstance(source, pd.DataFrame | pd.Series):
        return _of_frame(source, key, report)
    if not isinstance(source, str | Path):
        raise ScenarioError(
            f"is a {type(source).__name__}", file=f"<{key}>", key=key, allowed="a path, or a pandas DataFrame or Series"
        )
    path = Path(source)
    parquet = path.suffix.lower() in PARQUET
    sheet = _of_parquet(path, key, report) if parquet else _of_csv(path, key, known, report)
    if sheet.table.empty:
        raise sheet.error("has no rows", "a header and one row for each entry")
    return sheet


def _of_frame(frame: Any, key: str, report: DataReport) -> Sheet:
    if isinstance(frame, pd.Series):
        frame = frame.to_frame(frame.name if frame.name is not None else "value")
    if frame.columns.nlevels > 1:
        raise ScenarioError(
            "has columns of several levels",
            file=f"<{key}>",
            key=key,
            allowed="one level: frame.stack() or a long table",
        )
    twice = [str(name) for name in frame.columns[frame.columns.duplicated()]]
    if twice:
        raise ScenarioError(
            "names a column twice", file=f"<{key}>", key=key, value=twice[0], allowed="distinct column names"
        )
    if not isinstance(frame.index, pd.RangeIndex):
        names = [
            name or ("date" if isinstance(frame.index, pd.DatetimeIndex) else "instrument")
            for name in frame.index.names
        ]
        frame = frame.reset_index(names=names)
    report.add(READ, key, f"a DataFrame of {len(frame):,} rows and {len(frame.columns):,} columns")
    return Sheet(f"<{key}>", key, frame.reset_index(drop=True))


def _of_parquet(path: Path, key: str, report: DataReport) -> Sheet:
    try:
        frame = pd.read_parquet(path)
    except ImportError as error:
        raise MissingExtra(f"{path.name} needs pyarrow: pip install 'levstress[export]'") from error
    except (OSError, ValueError) as error:  # pyarrow's errors are of these
        said = " ".join(str(error).split())[:200]
        raise ScenarioError(
            f"cannot be read: {said}", file=path.name, key=key, allowed="a readable Parquet file"
        ) from error
    sheet = _of_frame(frame, path.name, report)
    return Sheet(path.name, key, sheet.table)


def _of_csv(path: Path, key: str, known: Headings, report: DataReport) -> Sheet:
    files = InputFiles(path.name)
    if path.suffix.lower() in (".xls", ".xlsx", ".xlsm", ".ods"):
        raise ScenarioError("is a spreadsheet", file=path.name, key=key, allowed="CSV (export it) or Parquet")
    try:
        data = read_regular(path, LARGEST)
    except (OSError, ValueError) as error:
        raise ScenarioError(
            f"cannot be read ({getattr(error, 'strerror', None) or error})",
            file=path.name,
            key=key,
            value=str(path),
            allowed="a readable CSV or Parquet file of 1 GiB at most",
        ) from error
    text, above, header = _without_preamble(files.remember(path, data, key), known)
    texts = tuple(cell for cell in header if is_text(cell, known))
    form = Form(texts, texts) if texts else MATRIX
    table = read_table(text, path.name, key, form)
    frame = pd.DataFrame(table.rows, dtype=object)
    how = f", {table.understood}" if table.understood else ""
    report.add(READ, path.name, f"{len(frame):,} rows and {len(frame.columns):,} columns{how}")
    if above:
        report.add(LEFT_OUT, path.name, f"{above} lines above the header on line {above + 1} are not read")
    return Sheet(path.name, key, frame, table.lines)


def _without_preamble(text: str, known: Headings) -> tuple[str, int, list[str]]:
    """The text with titles above the header emptied, how many they are, and the header's cells.

    The header is the first line with two known headings or with `date` and names after it, or the first line that
    is not empty.
    """
    lines = LINE_END.split(text[: 1 << 20])[:PREAMBLE]
    first: tuple[int, list[str]] | None = None
    for number, line in enumerate(lines):
        bare = line.strip()
        if not bare or bare.startswith("#") or re.fullmatch(r'"?sep=.?"?', bare, re.I):
            continue
        cells = split(line)
        first = first or (number, cells)
        if len(meanings(cells, known)) > 1 or (len(cells) > 2 and "date" in meanings(cells[:1], known)):
            break
    else:
        return text, 0, first[1] if first else []
    if first is None or number == first[0]:
        return text, 0, cells
    rest = text
    for _ in range(number):
        end = LINE_END.search(rest)
        rest = rest[end.end() :] if end else rest
    return "\n" * number + rest, number, cells


def split(line: str) -> list[str]:
    """Cells of a line, by the separator that stands in it most often."""
    separator = max(SEPARATORS, key=line.count)
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
