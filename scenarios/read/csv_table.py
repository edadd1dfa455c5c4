"""A table of a CSV file as spreadsheets, pandas and R write it: its dialect is read off, or refused with the reason.

Read: commas, semicolons or tabs between cells, a first line `sep=;`, empty rows and columns at the end, a first column
without a name. Comments begin with # and stand above the header: below it a # is an error of
a spreadsheet or a row that somebody has switched off, and neither may vanish.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.csv_numbers import mark_of, plain

LABEL = "label"  # of a first column without a name, as pandas and R write their index
TEXTS = ("id", "asset", "fund", LABEL)  # columns whose cells are never taken for numbers
SPREADSHEET_ERROR = re.compile(r"#(N/A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA|#+).*", re.I)
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}


class CsvTable(NamedTuple):
    """Rows of a file by column, numbers as plain text (`-1234.5`, `12.5 %`), and how it was understood."""

    rows: list[dict[str, str]]
    understood: str  # what is not plain CSV about it; "" = nothing


class _Line(NamedTuple):
    number: int  # of the file, 1-based
    cells: list[str]


def read_table(text: str, name: str, key: str) -> CsvTable:
    """Read the text of a file.

    Args:
        text: of the file.
        name: of the file, in messages.
        key: of the scenario that names it.

    Raises:
        ScenarioError: no table, or one that cannot be read in one way only; with the line of the file.
    """
    separator, lines = _lines(text, name, key)
    if not lines:
        raise ScenarioError("is empty", file=name, key=key, allowed="a header and rows")
    width = _width(lines)
    header = _header(lines[0], width, name, key)
    for line in lines[1:]:
        if len(line.cells) < len(header) or any(line.cells[len(header) :]):
            raise ScenarioError(
                f"row {line.number - lines[0].number} (line {line.number}) has {len(line.cells)} cells",
                file=name,
                key=key,
                value=line.cells,
                allowed=f"{len(header)} cells",
            )
        for column, cell in zip(header, line.cells, strict=False):
            if SPREADSHEET_ERROR.fullmatch(cell):
                raise ScenarioError(
                    f"line {line.number}, column {column}: holds a spreadsheet's error",
                    file=name,
                    key=key,
                    value=cell,
                    allowed="a value; mend the formula and export again",
                )
    numeric = [i for i, column in enumerate(header) if column not in TEXTS and i > 0]
    mark = mark_of([(line.number, line.cells[i]) for line in lines[1:] for i in numeric], separator, name, key)
    rows, changed = [], False
    for line in lines[1:]:
        cells = [plain(cell, mark) if i in numeric else cell for i, cell in enumerate(line.cells[: len(header)])]
        changed |= cells != line.cells[: len(header)]
        rows.append(dict(zip(header, cells, strict=True)))
    seen = [SEPARATORS[separator] + " between cells"] if separator != "," else []
    seen += ["a comma before decimals"] if mark == "," else ["numbers as a spreadsheet writes them"] if changed else []
    return CsvTable(rows, " and ".join(seen))


def _lines(text: str, name: str, key: str) -> tuple[str, list[_Line]]:
    """The separator, and the header and rows with their cells stripped; empty rows are left out."""
    numbered = list(enumerate(text.splitlines(), start=1))
    told = re.fullmatch(r'"?sep=(.)"?', numbered[0][1].strip(), re.I) if numbered else None
    above = 1 if told else 0
    while above < len(numbered) and (not numbered[above][1].strip() or numbered[above][1].startswith("#")):
        above += 1
    if above == len(numbered):
        return ",", []
    head = numbered[above][1]
    separator = told[1] if told else max(SEPARATORS, key=lambda sign: (head.count(sign), sign == ","))
    if separator not in SEPARATORS:
        raise ScenarioError("separates cells by", file=name, key=key, value=separator, allowed="a comma, ; or a tab")
    lines = list(_cells(text, above, separator, name, key))
    for line in lines[1:]:
        if line.cells[0].startswith("#") and not SPREADSHEET_ERROR.fullmatch(line.cells[0]):
            raise ScenarioError(
                f"line {line.number} begins with # below the header",
                file=name,
                key=key,
                value=",".join(line.cells),
                allowed="comments above the header alone; rows that do not count have to be deleted",
            )
    return separator, lines


def _cells(text: str, above: int, separator: str, name: str, key: str) -> Iterator[_Line]:
    body = text.splitlines(keepends=True)[above:]
    reader = csv.reader(io.StringIO("".join(body), newline=""), delimiter=separator, strict=True)
    number = above + 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield _Line(number, cells)
            number = above + 1 + reader.line_num
    except csv.Error as error:
        raise ScenarioError(
            f"line {number}: is no valid CSV: {error}", file=name, key=key, allowed="cells with one separator"
        ) from error


def _width(lines: list[_Line]) -> int:
    """Columns that are not empty in every line."""
    return max(max(i for i, cell in enumerate(line.cells) if cell) + 1 for line in lines)


def _header(line: _Line, width: int, name: str, key: str) -> list[str]:
    names = line.cells[:width]
    names = [LABEL if i == 0 and not cell else cell for i, cell in enumerate(names)]
    uses = Counter(names)
    for column in names:
        if not column or uses[column] > 1:
            problem = f"names the column {column!r} twice" if column else "has a column without a name"
            raise ScenarioError(problem, file=name, key=key, value=names, allowed="distinct column names")
    return names
