"""A table of a CSV file as spreadsheets, pandas and R write it: its dialect is read off, or refused with the reason.

Read: commas, semicolons or tabs between cells, a first line `sep=;`, empty rows and columns at the end, names of
columns in any case, row numbers in a first column without a name. Comments begin with # and stand above the header:
below it a # is an error of a spreadsheet or a row that somebody has switched off, and neither may vanish.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from stress.scenarios.csv.numbers import mark_of, plain
from stress.scenarios.errors import ScenarioError

SPREADSHEET_ERROR = re.compile(
    r"#(N/A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!|ERROR!|FIELD!|CONNECT!|BLOCKED!|UNKNOWN!|BUSY!|EXTERNAL!"
    r"|GETTING_DATA|#|$).*|Err:[0-9]{3}",
    re.I,
)
HEADER = re.compile(r'(?:"[^"]*"|[^"\r\n])*')
LINE_END = re.compile(r"\r\n|\n|\r")  # no other character ends a line of a file
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}


class Form(NamedTuple):
    """What the columns of a kind of file are called, and which of them hold no numbers."""

    columns: tuple[str, ...]
    texts: tuple[str, ...]
    prefixes: tuple[str, ...] = ()  # of columns that are named after an id


MATRIX = Form((), ())  # labels of assets in the header and in the first column, whatever that is called


class CsvTable(NamedTuple):
    """Rows of a file by column, numbers as plain text (`-1234.5`, `12.5 %`), and how it was understood."""

    rows: list[dict[str, str]]
    understood: str  # what is not plain CSV about it; "" = nothing
    lines: tuple[int, ...]  # of the file, 1-based, in which each row begins


class _Line(NamedTuple):
    number: int  # of the file, 1-based
    cells: list[str]


def read_table(text: str, name: str, key: str, form: Form) -> CsvTable:
    """Read the text of a file.

    Args:
        text: of the file.
        name: of the file, in messages.
        key: of the scenario that names it.
        form: of the file.

    Raises:
        ScenarioError: no table, or one that cannot be read in one way only; with the line of the file.
    """
    separator, lines = _lines(text, name, key)
    if len(lines) < 2:
        raise ScenarioError(
            "has no rows" if lines else "is empty", file=name, key=key, allowed="a header and one row for each entry"
        )
    width = _width(lines)
    header, renamed = _header(lines[0], width, form, name, key)
    for line in lines[1:]:
        if len(line.cells) < len(header) or any(line.cells[len(header) :]):
            raise ScenarioError(
                f"row {line.number - lines[0].number} (line {line.number}) has {len(line.cells)} cells",
                file=name,
                key=key,
                value=line.cells,
                allowed=f"{len(header)} cells",
            )
        for n, (column, cell) in enumerate(zip(header, line.cells, strict=False)):
            if SPREADSHEET_ERROR.fullmatch(cell):
                problem = "holds a spreadsheet's error"
                allowed = "a value; mend the formula and export again"
            elif cell.startswith("#"):
                problem = "begins with #" if n else "begins with # below the header"
                allowed = (
                    "no cell that does; rows that do not count have to be deleted, comments stand above the header"
                )
            else:
                continue
            where = f"line {line.number}, column {column}" if column else f"line {line.number}"
            raise ScenarioError(f"{where}: {problem}", file=name, key=key, value=cell, allowed=allowed)
    numeric = [i for i, column in enumerate(header) if (column not in form.texts if form.columns else i > 0)]
    mark = mark_of([(line.number, line.cells[i]) for line in lines[1:] for i in numeric], separator, name, key)
    rows, changed = [], False
    for line in lines[1:]:
        cells = [plain(cell, mark) if i in numeric else cell for i, cell in enumerate(line.cells[: len(header)])]
        changed |= cells != line.cells[: len(header)]
        rows.append(dict(zip(header, cells, strict=True)))
    seen = [SEPARATORS[separator] + " between cells"] if separator != "," else []
    seen += ["a comma before decimals"] if mark == "," else ["numbers as a spreadsheet writes them"] if changed else []
    if form.columns and header[0] == "":
        _check_counted([(line.number, row.pop("")) for line, row in zip(lines[1:], rows, strict=True)], name, key)
        seen.append("row numbers left out")
    seen += [", ".join(renamed)] if renamed else []
    return CsvTable(rows, " and ".join(seen), tuple(line.number for line in lines[1:]))


def _lines(text: str, name: str, key: str) -> tuple[str, list[_Line]]:
    """The separator, and the header and rows with their cells stripped; empty rows are left out."""
    if "\0" in text:
        line = len(LINE_END.findall(text[: text.index("\0")])) + 1
        raise ScenarioError(
            f"line {line}: holds a NUL character", file=name, key=key, allowed="text in UTF-8, which UTF-16 is not"
        )
    numbered = list(enumerate(LINE_END.split(text), start=1))
    told = re.fullmatch(r'"?sep=(.)"?', numbered[0][1].strip(" "), re.I) if numbered else None
    above = 1 if told else 0
    while above < len(numbered) and (not numbered[above][1].strip() or numbered[above][1].startswith("#")):
        above += 1
    if above == len(numbered):
        return ",", []
    start = [0, *(end.end() for end in LINE_END.finditer(text))][above]
    separator = told[1] if told else _separator(text, start, name, key)
    if separator not in SEPARATORS:
        raise ScenarioError("separates cells by", file=name, key=key, value=separator, allowed="a comma, ; or a tab")
    return separator, list(_cells(text[start:], above + 1, separator, name, key))


def _separator(text: str, start: int, name: str, key: str) -> str:
    """The one that stands in the header, which begins at `start`, outside of quotes."""
    header = HEADER.match(text, start)
    bare = re.sub('"[^"]*"', "", header[0] if header else "").strip()
    found = [sign for sign in SEPARATORS if sign in bare]
    if len(found) > 1:
        what = " and ".join(SEPARATORS[sign] for sign in found)
        raise ScenarioError(
            f"has {what} in its header", file=name, key=key, value=bare, allowed="one separator; the others in quotes"
        )
    return found[0] if found else ","


def _cells(text: str, first: int, separator: str, name: str, key: str) -> Iterator[_Line]:
    """Cells of the lines of a text, which begins at the line `first` of its file."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = first
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield _Line(number, cells)
            number = first + reader.line_num
    except csv.Error as error:
        raise ScenarioError(
            f"line {number}: is no valid CSV: {error}", file=name, key=key, allowed="cells with one separator"
        ) from error


def _width(lines: list[_Line]) -> int:
    """Columns that are not empty in every line."""
    return max(max(i for i, cell in enumerate(line.cells) if cell) + 1 for line in lines)


def _header(line: _Line, width: int, form: Form, name: str, key: str) -> tuple[list[str], list[str]]:
    """Names of the columns, and what is said of those that stand there in another form ("ADV as adv")."""
    written = line.cells[:width]
    names = [_known(cell, form) for cell in written]
    uses = Counter(names)
    for n, column in enumerate(names):
        if uses[column] > 1 or (n and not column):
            problem = f"names the column {column!r} twice" if column else "has a column without a name"
            raise ScenarioError(problem, file=name, key=key, value=written, allowed="distinct column names")
    return names, [f"{cell} as {column}" for cell, column in zip(written, names, strict=True) if cell != column]


def _known(cell: str, form: Form) -> str:
    """A column by the name that the format has for it; what is no such name stays as it is."""
    head, dot, entry = cell.partition(".")
    lower = re.sub(r"[\s-]+", "_", head.lower()) + dot
    if lower in form.prefixes:
        return lower + entry
    return lower if lower in form.columns else cell


def _check_counted(cells: Sequence[tuple[int, str]], name: str, key: str) -> None:
    """A first column without a name may hold row numbers alone, as pandas (from 0) and R (from 1) write them."""
    first = cells[0][1] if cells and cells[0][1] in ("0", "1") else "0"
    for count, (line, cell) in enumerate(cells, start=int(first)):
        if cell != str(count):
            raise ScenarioError(
                f"line {line}: holds something in a column without a name",
                file=name,
                key=key,
                value=cell,
                allowed="a name for every column; without one, row numbers alone",
            )
