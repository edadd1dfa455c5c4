"""Numbers as spreadsheets write them, made plain: separators of thousands, decimal commas, negatives, dollars."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stress.scenarios.errors import ScenarioError

SPACES = "\u00a0\u202f\u2009"  # that stand between thousands: no-break, narrow no-break, thin
_DIGITS = rf"\d[\d.,'’ {SPACES}]*"
_CELL = re.compile(
    r"(?P<open>\()?[ \t]*(?P<sign>[+\-\u2212]?)[ \t]*(?P<dollars>(?:US)?\$)?[ \t]*(?P<second>[+\-\u2212]?)"
    rf"(?P<digits>{_DIGITS})(?P<power>[eE][+-]?\d+)?[ \t]*(?P<after>[+\-\u2212]?)"
    r"(?P<unit>[ \t]*(?:%|[a-zA-Z][a-zA-Z ]*)?)[ \t]*(?P<close>\))?",
    re.ASCII,
)
_MONEY = "(?:[€£¥₹]|EUR|GBP|JPY|CHF|CNY|HKD)"
_OTHER_MONEY = re.compile(rf"\(?[+\-\u2212]?\s*(?:{_MONEY}\s*{_DIGITS}.*|{_DIGITS}\s*(?:[a-z]*\s+)?{_MONEY}\s*\)?)")
MINUS = "-\u2212"


def _value(digits: str, mark: str) -> str | None:
    """Digits as plain text if `mark` stands before decimals; None if they cannot be meant so."""
    thousands = f"[{'.' if mark == ',' else ','}'’ {SPACES}]"
    decimals = re.escape(mark)
    if re.fullmatch(rf"\d+(?:{decimals}\d+)?", digits):
        return digits.replace(mark, ".")
    match = re.fullmatch(
        rf"([1-9]\d{{0,2}}(?:(?P<s>{thousands})\d{{3}})(?:(?P=s)\d{{3}})*)((?:{decimals}\d+)?)", digits
    )
    return None if match is None else re.sub(thousands, "", match[1]) + match[3].replace(mark, ".")


def mark_of(cells: Sequence[tuple[int, str]], separator: str, name: str, key: str) -> str:
    """Whether a file writes "." or "," before decimals.

    Args:
        cells: line of the file and text of each cell that may hold a number.
        separator: between the file's cells.
        name: of the file.
        key: of the scenario.

    Raises:
        ScenarioError: amounts in another currency; both marks; or numbers that mean one thing with either mark.
    """
    decided: dict[str, tuple[int, str]] = {}
    either: tuple[int, str] | None = None
    for line, cell in cells:
        if _OTHER_MONEY.fullmatch(cell):
            raise ScenarioError(
                f"line {line}: is in another currency", file=name, key=key, value=cell, allowed="amounts in USD"
            )
        match = _CELL.fullmatch(cell)
        if match is None:
            continue
        digits = match["digits"].strip()
        point, comma = _value(digits, "."), _value(digits, ",")
        if point != comma:
            if point is not None and comma is not None:
                either = either or (line, cell)
            elif point is not None or comma is not None:
                decided.setdefault("." if comma is None else ",", (line, cell))
    if len(decided) == 2:
        (first, one), (second, other) = decided["."], decided[","]
        raise ScenarioError(
            f"writes {one!r} (line {first}) and {other!r} (line {second})",
            file=name,
            key=key,
            allowed="one sign before decimals throughout",
        )
    if separator == ",":
        if "," in decided:
            line, cell = decided[","]
            raise ScenarioError(
                f"line {line}: has a comma before decimals where commas separate cells",
                file=name,
                key=key,
                value=cell,
                allowed="1234.5 or 1,234.5; or semicolons between cells",
            )
        return "."
    if either is not None and not decided:
        line, cell = either
        raise ScenarioError(
            f"line {line}: may be thousands or decimals, and no other number tells",
            file=name,
            key=key,
            value=cell,
            allowed="numbers without separators of thousands",
        )
    return next(iter(decided), ".")


def plain(cell: str, mark: str) -> str:
    """A cell that holds a number as text that `units` reads; any other cell as it is."""
    match = _CELL.fullmatch(cell)
    if match is None or bool(match["open"]) != bool(match["close"]):
        return cell
    value = _value(match["digits"].strip(), mark)
    signs = [sign for sign in (match["sign"], match["second"], match["after"]) if sign]
    if value is None or len(signs) + bool(match["open"]) > 1:
        return cell
    negative = bool(match["open"]) or bool(signs and signs[0] in MINUS)
    unit = match["unit"].strip()
    if match["dollars"] and not unit.endswith("USD"):
        unit = f"{unit} USD".strip()
    text = f"{'-' if negative else ''}{value}{match['power'] or ''}{' ' + unit if unit else ''}"
    spaced = value == match["digits"].strip() and text.replace(" ", "") == cell.replace(" ", "")
    return cell if spaced else text  # what differs by the space before a unit alone is plain already
