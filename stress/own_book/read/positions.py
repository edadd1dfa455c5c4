"""Positions of all funds from one file: a row each, or a table of instruments by funds; nothing priced yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from stress.own_book.data_report import LEFT_OUT, READ, DataReport
from stress.own_book.read.greeks import GREEKS, NONE, Greeks, check_greeks, greeks_of, of_the_underlying
from stress.own_book.read.headings import POSITIONS, is_total, meanings, plain
from stress.own_book.read.option_words import is_option_name, may_say_so, option_cell
from stress.own_book.read.sheet import Sheet, Source, is_nothing, read_sheet
from stress.scenarios.errors import ScenarioError, refuse_all

ONE_FUND = "book"  # where no column names funds
SIDES = {
    **dict.fromkeys(("long", "l", "buy", "b", "bot"), 1.0),
    **dict.fromkeys(("short", "s", "sell", "sld", "ss"), -1.0),
}
TEXTS = ("asset_class", "sector", "region")
NUMBERS = ("price", "multiplier", "adv", "market_cap", "margin", "nav")
SIZES = ("usd", "value", "quantity")


@dataclass(frozen=True)
class Position:
    """A row: `value` in `currency`, or `quantity` at a price that may stand beside it."""

    fund: str
    instrument: str
    where: str  # of the file, for messages
    value: float | None  # signed
    quantity: float | None  # signed
    in_usd: bool  # the value, whatever currency the instrument moves in
    facts: dict[str, Any]  # what else the row says: currency, asset_class, sector, region, price, multiplier, adv ...
    greeks: Greeks = NONE  # of an option, its delta being `value`
    option_by: str = ""  # what says that it is an option, in a row without a delta


def read_positions(source: Source, report: DataReport) -> tuple[Sheet, list[Position]]:
    """Positions in the order of the file.

    Raises:
        ScenarioError: neither values nor quantities, a row without an instrument, a cell that is no number.
        MissingExtra: see `read_sheet`.
    """
    sheet = read_sheet(source, "positions", POSITIONS, report)
    found = _settled(sheet, report)
    sized = {*SIZES, "delta"} & set(found)
    positions = _long(sheet, found, report) if sized else _wide(sheet, found, report)
    if not positions:
        raise sheet.error("holds no position", "a row for each position")
    if "fund" not in found and sized:
        report.add(READ, sheet.name, f"no column names funds: all is one fund, {ONE_FUND!r}")
    return sheet, positions


def _settled(sheet: Sheet, report: DataReport) -> dict[str, object]:
    """Meanings of the columns; a column `position` is a quantity beside prices or values, else a value."""
    found = meanings(sheet.table.columns, POSITIONS)
    column = found.pop("position", None)
    if column is not None and not {"quantity", "usd", "value"} & set(found):
        meaning = "quantity" if "price" in found else "value"
        found[meaning] = column
        report.add(READ, sheet.name, f"the column {column} holds {'quantities' if meaning == 'quantity' else 'values'}")
    elif column is not None and "quantity" not in found:
        found["quantity"] = column
        report.add(READ, sheet.name, f"the column {column} holds quantities")
    return found


def _long(sheet: Sheet, found: dict[str, object], report: DataReport) -> list[Position]:
    if "instrument" not in found:
        raise sheet.error(
            "has no column of instruments",
            "a column ticker, symbol, instrument or isin",
            value=[str(column) for column in sheet.table.columns],
        )
    check_greeks(sheet, found, report)
    used = set(found.values())
    unread = [str(column) for column in sheet.table.columns if column not in used and str(column).strip()]
    if unread:
        report.add(LEFT_OUT, sheet.name, f"columns that are not read: {', '.join(unread)}")
    positions, fund, nameless, faults = [], "", list[int](), list[ScenarioError]()
    for row in range(len(sheet.table)):
        cells = {meaning: sheet.text(row, column) for meaning, column in found.items()}
        total = [cell for cell in (cells["instrument"], cells.get("fund", "")) if is_total(cell)]
        if total:
            report.add(LEFT_OUT, sheet.name, f"{sheet.where(row)} is a sum ({total[0]}) and no position")
            continue
        if not cells["instrument"]:
            nameless.append(row)
            continue
        if "fund" in found and fund and not cells["fund"]:
            text = f"{sheet.where(row)} names no fund and is one of {fund}, as the row above"
            report.add(READ, sheet.name, text, rule="rows that name no fund are of the one above")
        fund = cells.get("fund") or (fund if "fund" in found else ONE_FUND)
        if not fund:
            raise sheet.error("names no fund", "a fund in every row, or in the row above", row, found["fund"])
        try:
            positions.append(_position(sheet, row, found, cells, fund))
        except ScenarioError as fault:
            faults.append(fault)
    if nameless:
        places = ", ".join([*map(sheet.where, nameless[:-1]), sheet.where(nameless[-1], found["instrument"])])
        told = f"{places}: names no instrument"
        faults.insert(0, sheet.error(told, "a name in every row; sums are called Total"))
    refuse_all(faults)
    return positions


def _position(sheet: Sheet, row: int, found: dict[str, object], cells: dict[str, str], fund: str) -> Position:
    sizes = (*SIZES, *GREEKS, *NUMBERS)
    numbers = {m: sheet.number(row, found[m], share=m == "margin") for m in sizes if m in found}
    value = numbers.get("usd") if numbers.get("usd") is not None else numbers.get("value")
    quantity, in_usd = numbers.get("quantity"), numbers.get("usd") is not None
    names = found["instrument"]
    says = option_cell(((c, sheet.text(row, c)) for c in sheet.table.columns if c == names or may_say_so(c)), names)
    greeks = greeks_of(found, numbers, bool(says))
    if greeks.delta is not None or (greeks.curved and value is None and quantity is None):
        value, quantity, in_usd = greeks.delta or 0.0, None, greeks.in_usd
    if value is None and quantity is None:
        columns = ", ".join(str(found[m]) for m in (*SIZES, "delta") if m in found)
        raise sheet.error("has no size", f"a number in one of: {columns}", row, cells["instrument"])
    if cells.get("side") and greeks.delta is None:
        sign = SIDES.get(plain(cells["side"]))
        if sign is None:
            raise sheet.error("is no side", "long or short, buy or sell", row, found["side"], cells["side"])
        value, quantity = (None if x is None else sign * abs(x) for x in (value, quantity))
    facts: dict[str, Any] = {m: cells[m] for m in TEXTS if cells.get(m)}
    facts |= {m: numbers[m] for m in NUMBERS if numbers.get(m) is not None}
    if cells.get("currency"):
        facts["currency"] = cells["currency"]
    instrument = cells["instrument"]
    if greeks.option:
        instrument, facts = cells.get("underlying") or instrument, of_the_underlying(facts)
    by = says if greeks.delta is None else ""
    return Position(fund, instrument, sheet.where(row), value, quantity, in_usd, facts, greeks, by)


def _wide(sheet: Sheet, found: dict[str, object], report: DataReport) -> list[Position]:
    """A table of signed values: instruments in rows and funds in columns, or the other way round."""
    columns = list(sheet.table.columns)
    by_fund = "fund" in found and "instrument" not in found
    label = found["fund"] if by_fund else found.get("instrument", columns[0])
    known = {} if by_fund else {m: c for m, c in found.items() if m not in ("fund", "instrument")}
    if sheet.table[label].map(lambda cell: not isinstance(cell, str)).all() and label == columns[0] and not found:
        raise sheet.error(
            "has no column of instruments or of sizes",
            "columns such as fund, ticker and market value; or a table of tickers by funds",
            value=[str(column) for column in columns],
        )
    others = [column for column in columns if column != label and column not in known.values()]
    sums = [column for column in others if is_total(column)]
    if sums:
        report.add(LEFT_OUT, sheet.name, f"columns that are sums: {', '.join(map(str, sums))}")
    names = [column for column in others if column not in sums]
    if not names:
        raise sheet.error("has no column of sizes", "market value, quantity, or a column for each fund")
    what = "funds in rows and instruments in columns" if by_fund else "instruments in rows and funds in columns"
    report.add(READ, sheet.name, f"a table of values, {what}")
    positions = []
    for row in range(len(sheet.table)):
        head = sheet.text(row, label)
        if is_total(head) or not head:
            report.add(LEFT_OUT, sheet.name, f"{sheet.where(row)} is a sum ({head or 'no name'}) and no position")
            continue
        cells = {m: sheet.text(row, c) for m, c in {**known, "instrument": label}.items()}
        for column in names:
            if is_nothing(sheet.table[column].iloc[row]):
                continue
            instrument, fund = (str(column), head) if by_fund else (head, str(column))
            one = _position(sheet, row, {**known, "value": column, "instrument": label}, cells, fund)
            by = one.option_by or (instrument if is_option_name(instrument) else "")
            positions.append(replace(one, instrument=instrument, where=sheet.where(row, column), option_by=by))
    return positions
