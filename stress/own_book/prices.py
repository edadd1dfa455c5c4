"""Prices of the user's, cleaned: daily log returns without a hole, last prices, and a line for all that was mended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from stress.own_book.data_report import LEFT_OUT, DataReport
from stress.own_book.mending.missing_days import daily_returns, without_holidays
from stress.own_book.mending.rules import Rules
from stress.own_book.mending.single_prices import mend_prices
from stress.own_book.read.price_table import Kind, read_price_table
from stress.own_book.read.sheet import Source
from stress.scenarios.errors import ScenarioError, suggest

_LISTED = 12  # columns that a line names


class CleanPrices(NamedTuple):
    """Prices after all rules; tables have a day a row and an instrument a column."""

    returns: Any  # pd.DataFrame of log returns, no NaN
    prices: Any  # pd.DataFrame, splits undone, NaN where there is none
    last: Any  # pd.Series: the last price of each instrument as the file has it
    report: DataReport


def read_prices(
    source: Source, kind: Kind = "auto", rules: Rules | None = None, only: Iterable[str] = ()
) -> CleanPrices:
    """Read a table of prices or returns and mend it.

    Args:
        source: a CSV or Parquet file, or a DataFrame; wide or long.
        kind: what the numbers are; "auto" tells by headings, or by signs and sizes.
        rules: of mending; default: `Rules()`.
        only: instruments to take; default: all.

    Raises:
        ScenarioError: a file that cannot be read in one way only, or prices that no rule mends; names what is allowed.
        MissingExtra: a Parquet file, and pyarrow is not installed.
    """
    report = DataReport()
    table = read_price_table(source, "prices", report, kind)
    wanted = list(only) or list(table.frame.columns)
    for column in wanted:
        if column not in table.frame.columns:
            allowed = suggest(column, map(str, table.frame.columns))
            raise ScenarioError("is no column", file=table.name, key="only", value=column, allowed=allowed)
    return clean(table.frame[wanted], rules or Rules(), table.name, report)


def clean(table: Any, rules: Rules, source: str, report: DataReport) -> CleanPrices:
    """Mend a table of prices (day, instrument) as `read_price_table` gives it; lines go to `report`.

    Raises:
        ScenarioError: what no rule mends.
    """
    empty = list(table.columns[table.notna().sum() == 0])
    if empty:
        raise ScenarioError("has no price at all", file=source, key=empty[0], allowed="prices, or --proxy")
    last = table.ffill().iloc[-1]
    days = without_holidays(table, rules, report)
    prices = mend_prices(days, rules, source, report)
    return CleanPrices(daily_returns(prices, rules, source, report), prices, last, report)


def taken(table: Any, columns: Iterable[str], source: str, report: DataReport) -> Any:
    """The columns that are needed; the others are named."""
    needed = list(dict.fromkeys(columns))
    left = [column for column in table.columns if column not in needed]
    if left:
        more = f" and {len(left) - _LISTED} more" if len(left) > _LISTED else ""
        report.add(LEFT_OUT, source, f"columns that no position needs: {', '.join(left[:_LISTED])}{more}")
    return table[needed]
