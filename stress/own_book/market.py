"""Returns, last prices and exchange rates of a book's instruments, from the files of prices and of rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from stress.own_book.classes import FX
from stress.own_book.currencies import BASE, Leg, legs_to_base
from stress.own_book.data_report import LIMITS, READ, DataReport
from stress.own_book.matching import match
from stress.own_book.mending.rules import Rules
from stress.own_book.prices import clean, taken
from stress.own_book.read.price_table import Kind, PriceTable, read_price_table
from stress.own_book.read.sheet import Source
from stress.scenarios.errors import ScenarioError, refuse_all, suggest


@dataclass(frozen=True)
class Market:
    """What the files of prices say."""

    source: str  # files, in messages
    returns: Any  # pd.DataFrame of daily log returns by column, no holes; None without prices
    last: Any  # pd.Series by column
    columns: dict[str, str]  # column of each instrument
    legs: dict[str, tuple[Leg, ...]]  # pairs that give the price of each currency in USD
    levels: frozenset[str]  # columns that hold prices, not chained returns

    def price(self, instrument: str) -> float | None:
        """The last price of an instrument in its own currency, None where only its returns are known."""
        column = self.columns.get(instrument)
        return float(self.last[column]) if column in self.levels else None

    def rate(self, currency: str) -> float:
        """USD for a unit of a currency.

        Raises:
            ScenarioError: only returns of the rate are known.
        """
        rate = 1.0
        for leg in self.legs.get(currency, ()):
            if leg.column not in self.levels:
                raise ScenarioError(
                    "is known by its returns alone",
                    file=self.source,
                    key=leg.column,
                    allowed="exchange rates, not returns: --fx FILE; or values in a column market value usd",
                )
            rate *= float(self.last[leg.column]) ** leg.power
        return rate

    def asset_returns(self, instruments: Iterable[str], currencies: Iterable[str]) -> Any:
        """Log returns (day, asset) of instruments in their own currencies, then of currencies in USD."""
        found = {name: self.returns[self.columns[name]] for name in instruments}
        for code in currencies:
            found[f"{code}{BASE}"] = sum(leg.power * self.returns[leg.column] for leg in self.legs[code])
        return pd.DataFrame(found)


def read_market(
    prices: Source | None,
    fx: Source | None,
    kind: Kind,
    instruments: Mapping[str, str],
    currencies: Mapping[str, str],
    proxies: Mapping[str, str],
    rules: Rules,
    report: DataReport,
) -> Market:
    """Read and mend what a book needs of the two files.

    Args:
        prices: of instruments, and of pairs of currencies; None: there are none.
        fx: more pairs of currencies.
        kind: of the numbers of `prices`.
        instruments: asset class by instrument.
        currencies: who needs it, by currency, in messages.
        proxies: columns given by the user, by instrument.
        rules: of mending.
        report: takes the lines.

    Raises:
        ScenarioError: a faulty file, instruments and currencies without a column, all of them; what no rule
            mends.
    """
    for name in proxies:
        if name not in instruments:
            raise ScenarioError("is no position", file="--proxy", key=name, allowed=suggest(name, instruments))
    tables = [read_price_table(prices, "prices", report, kind)] if prices is not None else []
    tables += [read_price_table(fx, "fx", report)] if fx is not None else []
    source = " and ".join(table.name for table in tables) or "no file of prices"
    every = [str(column) for table in tables for column in table.frame.columns]
    legs, columns, faults = dict[str, tuple[Leg, ...]](), dict[str, str](), list[ScenarioError]()
    for code, who in currencies.items():
        try:
            legs[code] = legs_to_base(code, dict.fromkeys(every), source, who)
        except ScenarioError as fault:
            faults.append(fault)
    try:
        columns = match(instruments, tables[0].frame.columns, proxies, source, report) if prices is not None else {}
    except ScenarioError as fault:
        faults.append(fault)
    refuse_all(faults)
    for column in dict.fromkeys(columns.values()):
        names = [name for name in columns if columns[name] == column]
        if len(names) > 1:
            report.add(LIMITS, column, f"is the price of {', '.join(names)}: they move as one, and are traded apart")
    if not tables:
        return Market(source, None, None, {}, {}, frozenset())
    needed = list(dict.fromkeys([*columns.values(), *(leg.column for way in legs.values() for leg in way)]))
    frame = taken(_joined(tables, report), needed, source, report)
    levels = frozenset(c for c in needed for table in tables if table.levels and c in table.frame.columns)
    classes = dict.fromkeys(needed, FX) | {column: instruments[name] for name, column in columns.items()}
    if not needed:
        return Market(source, None, None, columns, legs, levels)
    cleaned = clean(frame, replace(rules, classes=classes), source, report)
    return Market(source, cleaned.returns, cleaned.last, columns, legs, levels)


def _joined(tables: list[PriceTable], report: DataReport) -> Any:
    """Both tables on the days of the first; a pair that is in both is taken from the second."""
    if len(tables) == 1:
        return tables[0].frame
    first, second = (table.frame for table in tables)
    both = [str(column) for column in second.columns if column in first.columns]
    if both:
        report.add(READ, tables[1].name, f"rates in both files are taken from here: {', '.join(both)}")
    return first.drop(columns=both).join(second, how="left")
