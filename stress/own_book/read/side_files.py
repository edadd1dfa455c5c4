"""The smaller files: volumes by instrument, and what is known of the funds."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from stress.own_book.data_report import READ, DataReport
from stress.own_book.read.days import is_day, read_days
from stress.own_book.read.headings import FUNDS, VOLUMES, meanings
from stress.own_book.read.sheet import Sheet, Source, read_sheet

MEAN_DAYS = 63  # of daily volumes, the last quarter


class Volume(NamedTuple):
    """A day's volume of an instrument."""

    amount: float
    in_shares: bool  # else in the currency of the file, USD
    rule: str


class FundFacts(NamedTuple):
    """What a file of funds says of one."""

    nav: float
    currency: str  # "" = none
    strategy: str
    region: str


def read_volumes(source: Source, report: DataReport) -> dict[str, Volume]:
    """Average daily volume by instrument: a row each, or daily volumes (wide or long) of which the last are averaged.

    Raises:
        ScenarioError: no column of volumes, or a cell that is no positive number.
    """
    sheet = read_sheet(source, "volumes", VOLUMES, report)
    found = meanings(sheet.table.columns, VOLUMES)
    measure = next((m for m in ("usd", "shares") if m in found), None)
    if "instrument" in found and measure is not None:
        daily, in_shares = _long(sheet, found, measure), measure == "shares"
    elif is_day(sheet.text(0, found.get("date", sheet.table.columns[0]))):
        column = found.get("date", sheet.table.columns[0])
        names = [c for c in sheet.table.columns if c != column]
        numbers = {str(c): [sheet.number(row, c) for row in range(len(sheet.table))] for c in names}
        daily = pd.DataFrame(numbers, index=read_days(sheet, column), dtype=float).sort_index()
        in_shares = True
        report.add(READ, sheet.name, "daily volumes are counted in shares (a column adv or turnover is USD)")
    else:
        raise sheet.error(
            "has no volumes", "the columns ticker and adv (USD) or volume (shares); or date and one for each ticker"
        )
    result = {}
    for name in daily.columns:
        last = daily[name].dropna().iloc[-MEAN_DAYS:]
        if not len(last) or not last.mean() > 0:
            raise sheet.error(
                f"{name} has no volume", "a positive number", value=None if not len(last) else last.mean()
            )
        rule = f"mean of {len(last)} days in {sheet.name}" if len(last) > 1 else f"as in {sheet.name}"
        result[name] = Volume(float(last.mean()), in_shares, rule)
    return result


def _long(sheet: Sheet, found: dict[str, object], measure: str) -> Any:
    rows = range(len(sheet.table))
    names = [sheet.text(row, found["instrument"]) for row in rows]
    numbers = [sheet.number(row, found[measure]) for row in rows]
    days = read_days(sheet, found["date"]) if "date" in found else pd.Index([0] * len(names))
    table = pd.DataFrame({"day": days, "name": names, "number": pd.array(numbers, dtype="Float64")})
    twice = table[table.duplicated(["day", "name"])]
    if len(twice):
        row = int(twice.index[0])
        raise sheet.error(
            "is there twice", "one row for each instrument (and day)", row, found["instrument"], names[row]
        )
    return table.pivot(index="day", columns="name", values="number").astype(float)


def read_funds(source: Source, report: DataReport) -> dict[str, FundFacts]:
    """NAV by fund, with strategy and region where they stand beside it.

    Raises:
        ScenarioError: no columns of funds and NAVs, a fund twice, a NAV that is not positive.
    """
    sheet = read_sheet(source, "funds", FUNDS, report)
    found = meanings(sheet.table.columns, FUNDS)
    if not {"fund", "nav"} <= set(found):
        raise sheet.error("lacks a column", "fund and nav", value=[str(c) for c in sheet.table.columns])
    facts: dict[str, FundFacts] = {}
    for row in range(len(sheet.table)):
        fund, nav = sheet.text(row, found["fund"]), sheet.number(row, found["nav"])
        if not fund or fund in facts:
            raise sheet.error(
                "is there twice" if fund else "names no fund", "a row for each fund", row, value=fund or None
            )
        if nav is None or nav <= 0:
            raise sheet.error("is not positive", "a NAV above zero", row, found["nav"], nav)
        texts = [sheet.text(row, found[m]) if m in found else "" for m in ("currency", "strategy", "region")]
        facts[fund] = FundFacts(nav, *texts)
    return facts
