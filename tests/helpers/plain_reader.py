"""What the text of a CSV file means, read a second time with nothing of ours: a splitter and a grammar of numbers.

It is stricter than it is clever: what it cannot tell is `Unclear`, and nothing that is unclear may be accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

ORDINARY, BLANKS = "0123456789", " \t\u00a0\u202f\u2009"
ASSETS = ("id", "name", "asset_class", "region", "vol", "shock_vol", "impact_vol", "in_net", "adv", "margin")
FUNDS = ("id", "strategy", "region", "nav", "gross", "net", "positions", "count", "leverage_spread")
POSITIONS = ("asset", "position")
WORDS = ("id", "name", "asset_class", "region", "in_net", "asset", "strategy", "positions")  # columns without numbers
MONEY = {"": 0, "k": 3, "m": 6, "mn": 6, "bn": 9, "tn": 12}
SHARE = {"": 0, "%": -2, "bp": -4}


class Unclear(Exception):
    """The text has no meaning, or more than one."""


def lines_of(text: str) -> Iterator[str]:
    """Lines, each with what ends it."""
    start, at = 0, 0
    while at < len(text):
        if text[at] in "\r\n":
            at += 1 + (text[at : at + 2] == "\r\n")
            yield text[start:at]
            start = at
        else:
            at += 1
    if start < len(text):
        yield text[start:]


def split(text: str, sign: str) -> list[list[str]]:
    """Rows of cells after RFC 4180; quotes inside a cell that does not begin with one are letters."""
    rows: list[list[str]] = [[]]
    at = 0
    while at < len(text):
        cell = ""
        if text[at] == '"':
            at += 1
            while True:
                if at >= len(text):
                    raise Unclear("a quote is open at the end")
                if text[at] == '"' and text[at + 1 : at + 2] == '"':
                    cell, at = cell + '"', at + 2
                elif text[at] == '"':
                    at += 1
                    break
                else:
                    cell, at = cell + text[at], at + 1
            if at < len(text) and text[at] not in (sign, "\r", "\n"):
                raise Unclear("something follows a quote")
        else:
            while at < len(text) and text[at] not in (sign, "\r", "\n"):
                cell, at = cell + text[at], at + 1
        rows[-1].append(cell.strip())
        if at < len(text) and text[at] == sign:
            at += 1
            if at == len(text) or text[at] in "\r\n":
                rows[-1].append("")
        if at < len(text) and text[at] in "\r\n":
            at += 1 + (text[at : at + 2] == "\r\n")
            rows.append([])
    return [row for row in rows if any(row)]


def table(data: bytes, names: tuple[str, ...]) -> tuple[str, list[str], list[list[str]]]:
    """Separator, header and rows of a file; names of columns in the form of `names`, where they are given."""
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise Unclear("not UTF-8") from error
    if "\0" in text:
        raise Unclear("NUL")
    lines = list(lines_of(text))
    told = None
    if lines and lines[0].strip(" \r\n").strip('"').lower().startswith("sep="):
        told = lines.pop(0).strip(" \r\n").strip('"')[4:]
    while lines and (not lines[0].strip() or lines[0].startswith("#")):
        lines.pop(0)
    body = "".join(lines)
    bare, quoted = "", False  # the header outside its quotes
    for char in body.rstrip():
        if char in "\r\n" and not quoted:
            break
        quoted ^= char == '"'
        bare += "" if quoted or char == '"' else char
    bare = bare.strip()
    signs = [told] if told else [sign for sign in ",;\t" if sign in bare]
    if len(signs) != 1 or signs[0] not in tuple(",;\t"):
        raise Unclear(f"separators {signs}")
    rows = split(body, signs[0])
    width = max(n for row in rows for n, cell in enumerate(row, start=1) if cell)
    if any(len(row) < width for row in rows):
        raise Unclear("a short row")
    header, *below = [row[:width] for row in rows]
    if any(cell[:1] == "#" or cell[:4] == "Err:" for row in below for cell in row):
        raise Unclear("an error of a spreadsheet, or a comment below the header")
    if names:
        forms = {name: name for name in names}
        header = [forms.get(cell.lower().replace(" ", "_").replace("-", "_"), cell) for cell in header]
        if header[0] == "":
            if [row[0] for row in below] not in [[str(n + first) for n in range(len(below))] for first in (0, 1)]:
                raise Unclear("a column without a name")
            header, below = header[1:], [row[1:] for row in below]
    if len(set(header)) < len(header) or "" in header[1:]:
        raise Unclear("names of columns")
    return signs[0], header, below


def number(cell: str, mark: str) -> tuple[Fraction, str] | None:
    """The number and the unit of a cell, `mark` before decimals; None where it is none."""
    inner = cell.strip(BLANKS)
    negative = inner.startswith("(")
    if negative != inner.endswith(")"):
        return None
    inner = inner[1:-1].strip(BLANKS) if negative else inner
    inner, dollars, signs = inner.replace("\u2212", "-"), "", ""
    while inner[:1] in ("+", "-", "$") or inner.startswith("US$"):
        if inner[0] in "+-":
            signs, inner = signs + inner[0], inner[1:].strip(BLANKS)
        else:
            dollars, inner = dollars + "$", inner.partition("$")[2].strip(BLANKS)
    digits, rest = _digits(inner, mark)
    if digits is None:
        return None
    power = 0
    if rest[:1] in ("e", "E") and rest[1:].lstrip("+-")[:1] in tuple(ORDINARY):
        sign, rest = (-1 if rest[1] == "-" else 1), rest[2:] if rest[1] in "+-" else rest[1:]
        size = len(rest) - len(rest.lstrip(ORDINARY))
        power, rest = sign * int(rest[:size][:5]), rest[size:]
    rest = rest.strip(BLANKS)
    if rest[:1] in ("+", "-"):
        signs, rest = signs + rest[0], rest[1:].strip(BLANKS)
    if len(signs) + negative > 1 or len(dollars) > 1 or abs(power) > 400:
        return None
    unit = rest + (" USD" if dollars and not rest.endswith("USD") else "")
    value = digits * Fraction(10) ** power
    return (-value if negative or "-" in signs else value), unit.strip()


def _digits(text: str, mark: str) -> tuple[Fraction | None, str]:
    """The unsigned number at the begin, thousands apart by one sign or none, and what follows it."""
    text = re.sub("(?<=[0-9])_(?=[0-9])", "", text)
    apart = next((char for char in text if char not in ORDINARY), "")
    groups, at = [""], 0
    if apart and apart in (",." + BLANKS + "'’").replace(mark, ""):
        pieces, end = text.split(apart), 0
        head = pieces[0]
        groups, end = [head], len(head)
        for piece in pieces[1:]:
            size = len(piece) - len(piece.lstrip(ORDINARY))
            if size == 0 and apart in BLANKS:  # the blank before a unit
                break
            if size != 3:
                return None, ""
            groups.append(piece[:size])
            end += 1 + size
            if size < len(piece):
                break
        if len(groups) > 1 and not (1 <= len(head) <= 3 and head[0] != "0"):
            return None, ""
        at = end
    else:
        at = len(text) - len(text.lstrip(ORDINARY))
        groups = [text[:at]]
    whole, decimals = "".join(groups), ""
    if text[at : at + 1] == mark:
        rest = text[at + 1 :]
        size = len(rest) - len(rest.lstrip(ORDINARY))
        decimals, at = rest[:size], at + 1 + size
        if not decimals and (mark == "," or len(groups) > 1):
            return None, ""
    if not whole + decimals or (not whole and mark == ","):
        return None, ""
    return Fraction(int(whole + decimals or "0"), 10 ** len(decimals)), text[at:]


def numbers(sign: str, header: list[str], rows: list[list[str]], texts: tuple[str, ...]) -> list[dict[str, object]]:
    """Rows by column: texts as they are, numbers as (number, unit), and no entry for an empty cell."""
    marks = "." if sign == "," else ".,"
    found: dict[str, list[dict[str, object]]] = {}
    for mark in marks:
        read: list[dict[str, object]] = [
            {c: cell if c in texts else number(cell, mark) for c, cell in zip(header, row, strict=True) if cell}
            for row in rows
        ]
        if all(value is not None for row in read for value in row.values()):
            found[mark] = read
    if not found or len({repr(read) for read in found.values()}) > 1:
        raise Unclear(f"numbers that can be read in {len(found)} ways")
    return next(iter(found.values()))


def amount(value: object, units: dict[str, int]) -> float:
    """A number and its unit as a float in base units."""
    if not isinstance(value, tuple):
        raise Unclear(f"{value!r} is no number")
    size, unit = value
    unit = unit.removesuffix("USD").rstrip() if units is MONEY else unit
    if unit not in units:
        raise Unclear(f"unit {unit!r}")
    return float(size * Fraction(10) ** units[unit])
