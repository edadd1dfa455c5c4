"""Currencies: pairs among the columns of prices, and the price of a currency in US dollars from them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from stress.scenarios.errors import ScenarioError

BASE = "USD"
_CODES = (
    "USD EUR JPY GBP CHF AUD NZD CAD SEK NOK DKK HKD SGD CNY CNH KRW TWD INR IDR THB MYR PHP VND ILS TRY ZAR PLN CZK "
    "HUF RON BGN BRL MXN CLP COP PEN ARS RUB SAR AED QAR KWD EGP NGN KES"
)
CODES = frozenset(_CODES.split())
CASH = frozenset(_CODES.split()[:15])  # those that are no tickers of shares, as COP and PEN are
MINOR = dict(GBX="GBP", GBp="GBP", ZAC="ZAR", ZAc="ZAR", ZAX="ZAR", ILA="ILS", ILs="ILS")  # a hundredth of it
HUNDREDTH = 0.01
_PAIR = re.compile(r"([A-Z]{3})[/ ._-]?([A-Z]{3})(?:=X|[ =].*)?")


class Leg(NamedTuple):
    """A pair of currencies among the prices, and its power in a product of several: 1, or -1 turned around."""

    column: str
    power: int


def pair_of(name: str) -> tuple[str, str] | None:
    """The currencies of `EURUSD`, `EUR/USD`, `EURUSD Curncy` or `EURUSD=X`: dollars for a euro; None of other names."""
    found = _PAIR.fullmatch(name.strip())
    known = found is not None and {found[1], found[2]} <= CODES and found[1] != found[2]
    return (found[1], found[2]) if found and known else None


def cash_code(name: str, told: bool = False) -> str:
    """The currency of cash: "EUR", "Cash JPY", "COP cash"; "" of other names.

    `told`: the file says that it is cash or a currency; else three letters such as COP or ALL may be a share.
    """
    words = [word for word in name.upper().split() if word != "CASH"]
    said = told or len(words) < len(name.split())
    return words[0] if len(words) == 1 and words[0] in (CODES if said else CASH) else ""


def major(code: str) -> tuple[str, float]:
    """A currency and what one unit is worth in it: pence (GBX, GBp) are hundredths of pounds."""
    return (MINOR[code], HUNDREDTH) if code in MINOR else (code.upper(), 1.0)


def legs_to_base(currency: str, columns: Iterable[str], source: str, who: str) -> tuple[Leg, ...]:
    """Pairs whose product is the price of a unit of the currency in dollars, as few as possible.

    Args:
        currency: a code.
        columns: of the prices, pairs and others.
        source: files of the prices, in messages.
        who: needs it, in messages.

    Raises:
        ScenarioError: no way from the currency to the dollar; names it.
    """
    pairs = [(column, pair) for column in columns if (pair := pair_of(column))]
    waiting: deque[tuple[str, tuple[Leg, ...]]] = deque([(currency, ())])
    seen = {currency}
    while waiting:
        here, legs = waiting.popleft()
        if here == BASE:
            return legs
        for column, (first, second) in pairs:
            for start, end, power in ((first, second, 1), (second, first, -1)):
                if start == here and end not in seen:
                    seen.add(end)
                    waiting.append((end, (*legs, Leg(column, power))))
    there = ", ".join(column for column, _ in pairs) or "none"
    raise ScenarioError(
        f"has no exchange rate, and {who} is in it",
        file=source,
        key="currency",
        value=currency,
        allowed=f"a column {currency}{BASE} or {BASE}{currency} in the prices or in --fx (pairs there: {there})",
    )
