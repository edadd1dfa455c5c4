"""Deltas, gammas and thetas in a file of positions: what an option is, in money of what it is on.

Delta is what a move of the underlying by 100 % would bring in proportion (quantity x multiplier x delta of one option x
price of the underlying), gamma what delta changes by as the underlying moves by 100 %, theta what a day brings. All are
signed as they stand: a put that is held has a negative delta.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from stress.own_book.data_report import READ, DataReport
from stress.own_book.read.headings import plain
from stress.own_book.read.option_words import without_option_words
from stress.own_book.read.sheet import Sheet, is_nothing

GREEKS = ("delta", "gamma", "theta")
_OF_THE_OPTION = ("price", "multiplier", "adv", "market_cap", "margin")  # facts that are not the underlying's


class Greeks(NamedTuple):
    """Of a row."""

    delta: float | None
    gamma: float
    theta: float
    in_usd: bool
    option: bool  # its value is not its delta: it brings no currency of its own

    @property
    def curved(self) -> bool:
        """Whether there is more than a delta."""
        return self.gamma != 0.0 or self.theta != 0.0


NONE = Greeks(None, 0.0, 0.0, False, False)


def in_usd(column: object) -> bool:
    """Whether a heading says so."""
    return bool({"usd", "dollar"} & set(plain(column).split()))


def check_greeks(sheet: Sheet, found: Mapping[str, object], report: DataReport) -> None:
    """Look at the columns.

    Raises:
        ScenarioError: deltas of single options, or columns of which some only say that they are in USD.
    """
    columns = {greek: found[greek] for greek in GREEKS if greek in found}
    if not columns:
        return
    names = ", ".join(map(str, columns.values()))
    if len({in_usd(column) for column in columns.values()}) > 1:
        raise sheet.error("are in USD in part", "all three in USD, or all in the row's currency", value=names)
    if "delta" in columns:
        rows = [row for row in range(len(sheet.table)) if not is_nothing(sheet.table[columns["delta"]].iloc[row])]
        deltas = [abs(sheet.number(row, columns["delta"]) or 0.0) for row in rows]
        if any(deltas) and max(deltas) <= 1.0:
            raise sheet.error(
                "holds deltas of single options: none is over 1",
                "deltas in money: quantity x multiplier x delta x price of the underlying",
                value=str(columns["delta"]),
            )
    report.add(
        READ,
        sheet.name,
        f"{names}: in money, by relative moves of the underlying (gamma: what delta changes by in a move of 100 %; "
        "theta: a day)",
    )


def greeks_of(found: Mapping[str, object], numbers: Mapping[str, float | None], called: bool) -> Greeks:
    """Of one row; `called`: it says that it is an option."""
    if not any(numbers.get(greek) is not None for greek in GREEKS):
        return NONE
    gamma, theta = numbers.get("gamma") or 0.0, numbers.get("theta") or 0.0
    delta = numbers.get("delta")
    column = next(found[greek] for greek in GREEKS if greek in found)
    option = delta is not None and (gamma != 0.0 or theta != 0.0 or called)
    return Greeks(delta, gamma, theta, in_usd(column), option)


def of_the_underlying(facts: Mapping[str, object]) -> dict[str, object]:
    """What the row of an option says of its underlying."""
    return {key: value for key, value in without_option_words(facts).items() if key not in _OF_THE_OPTION}
