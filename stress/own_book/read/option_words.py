"""Which rows of a file of positions are options: by their names, and by what other columns say of them.

An option moves by its delta. Taken for a share, or for what it is on, a put that is held has the wrong sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache

from stress.own_book.read.headings import POSITIONS, plain

_WORDS = {"option", "options", "fop", "warrant", "warrants", "optionsschein", "optionsscheine", "swaption", "swaptions"}
_CELLS = {"opt", "war", "wts", "put", "puts", "call", "calls"}  # those that say so alone: there are call centres, too
_RIGHT = {*_CELLS, "c", "p"}  # in a column of puts and calls
_KINDS = (
    *POSITIONS["asset_class"],
    *POSITIONS["sector"],
    "instrument",
    "product",
    "category",
    "sub type",
    "sec subtype",
)
_RIGHTS = ("put call", "call put", "p c", "c p", "right", "option type", "option right")
_STRIKES = ("strike", "strike price", "basispreis")

_MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_DATE = re.compile(
    rf"(?<![A-Z])(?:{_MONTHS})[A-Z]{{0,6}} ?'?\d{{1,4}}|\d{{1,4}} ?(?:{_MONTHS})(?![A-Z])"
    r"|\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b|\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}\.\d{1,2}\.\d{2,4}\b"
)
_DIGITS = re.compile(r"(?<!\d)(?:20)?(\d{6})(?!\d)")
_SIDE = re.compile(r"(?<![\w.])(?:\d+(?:\.\d+)? ?[PC]|[PC] ?\d+(?:\.\d+)?)(?![\w.])")  # 150 P, P150
_CODE = re.compile(r"(?:O:|[.-])?[A-Z]{1,6}[ _.-]*(?:20)?(\d{6})[ _-]*[PC][ _-]*\d+(?:\.\d+)?")  # OCC and its kin
_ON_FUTURE = re.compile(r"[A-Z]{1,3}[FGHJKMNQUVXZ]\d{1,2} ?[PC] ?\d{2,}(?:\.\d+)?")  # ESZ5P 5000
_UNDATED = re.compile(r"[A-Z.]{1,6}(?: [A-Z]{2})? \d{2,}(?:\.\d+)? ?[PC]")  # NVDA 150 P
_KEYS = re.compile(r" (?:EQUITY|INDEX|COMDTY|CURNCY|CORP|GOVT)$")


def is_option_name(name: str) -> bool:
    """Whether a name is one of an option: "NVDA 150 P Jan26", "NVDA260116P00150000", "SPX Put 4500".

    A right (put, call, P, C) alone is none: it stands behind what it is on, with a strike and mostly with a date.
    """
    words = _KEYS.sub("", " ".join(name.upper().split()))
    first, _, rest = words.replace("_", " ").partition(" ")
    code = _CODE.fullmatch(words)
    if (code and _is_day(code[1])) or _ON_FUTURE.fullmatch(words) or _UNDATED.fullmatch(words):
        return True
    if "-" in first and not rest:  # BTC-27JUN25-100000-C
        first, _, rest = words.partition("-")
    dated = _DATE.search(rest) or any(_is_day(digits) for digits in _DIGITS.findall(rest))
    if dated and _SIDE.search(rest.replace("-", " ")):
        return True
    return _says_put_or_call(first, rest)


def _says_put_or_call(first: str, rest: str) -> bool:
    """The word in full: behind a name at the end or with a number, before one only with a number; no fund of such."""
    parts = re.findall(r"[A-Z]+|\d[\d.,/]*", rest)
    if {"ETF", "ETN", "ETP", "UCITS", "FUND", "COVERED"} & set(parts):
        return False
    sides = {"PUT", "PUTS", "CALL", "CALLS"}
    numbered = any(part[0].isdigit() for part in parts)
    inside = bool(sides & set(parts)) and (numbered or parts[-1] in sides)
    return inside or (first in sides and len(parts) > 1 and numbered) or bool(_WORDS & {part.lower() for part in parts})


def _is_day(digits: str) -> bool:
    try:
        datetime.strptime(digits, "%y%m%d")
    except ValueError:
        return False
    return True


def is_option_cell(cell: str) -> bool:
    """Whether a cell of a column of classes, types or sectors says option, put, call or warrant."""
    words = plain(cell).split()
    return bool(_WORDS & set(words)) or " ".join(words) in _CELLS


@cache
def may_say_so(heading: object) -> bool:
    """Whether a column of this heading may say that a row is an option."""
    return plain(heading) in {*_KINDS, *_RIGHTS, *_STRIKES, *POSITIONS["instrument"]}


def option_cell(cells: Iterable[tuple[object, str]], name: object) -> str:
    """What a row says by which it is an option, as "Sector: option"; "" where nothing does.

    Args:
        cells: heading and text of the columns that `may_say_so`, and of the one that names instruments.
        name: the heading of that.
    """
    for heading, text in cells:
        column = plain(heading)
        if text and (
            (heading != name and column in _KINDS and is_option_cell(text))
            or ((heading == name or column in POSITIONS["instrument"]) and is_option_name(text))
            or (column in _RIGHTS and plain(text) in _RIGHT)
            or (column in _STRIKES and re.search("[1-9]", text))
        ):
            return f"{heading}: {text}"
    return ""


def without_option_words(facts: Mapping[str, object]) -> dict[str, object]:
    """Facts of a row without class and sector where these say that it is an option."""
    return {k: x for k, x in facts.items() if k not in ("asset_class", "sector") or not is_option_cell(str(x))}
