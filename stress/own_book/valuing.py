"""What positions are worth in US dollars, by fund and asset: foreign ones with the currency they are held in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from stress.own_book.classes import FX, class_of
from stress.own_book.currencies import BASE, cash_code, major, pair_of
from stress.own_book.data_report import LEFT_OUT, LIMITS, READ, DataReport
from stress.own_book.read.positions import Position
from stress.scenarios.errors import ScenarioError

_NEAR = 0.1  # relative, that a stated value may be away from quantity times price


@dataclass
class Holdings:
    """Signed USD by fund and asset; an asset is an instrument, or a currency as `EURUSD`."""

    funds: dict[str, dict[str, float]] = field(default_factory=dict)
    legs: dict[str, dict[str, float]] = field(default_factory=dict)  # the part of currencies that other positions bring

    options: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)  # gamma and theta, USD

    def add(self, fund: str, asset: str, usd: float) -> None:
        """To what the fund holds already."""
        held = self.funds.setdefault(fund, {})
        held[asset] = held.get(asset, 0.0) + usd

    def add_options(self, fund: str, asset: str, gamma: float, theta: float) -> None:
        """To what the fund holds already."""
        held = self.options.setdefault(fund, {})
        before = held.get(asset, (0.0, 0.0))
        held[asset] = (before[0] + gamma, before[1] + theta)

    def gross(self, fund: str) -> float:
        """Long plus short, USD; the currency of a foreign position is no leverage of its own."""
        legs = self.legs.get(fund, {})
        return sum(abs(usd - legs.get(asset, 0.0)) for asset, usd in self.funds[fund].items())

    def total(self, asset: str) -> float:
        """USD that all funds hold of it, long plus short."""
        return sum(abs(held.get(asset, 0.0)) for held in self.funds.values())


@dataclass(frozen=True)
class Quotes:
    """What is needed to value positions."""

    default: str  # currency of rows that name none
    rate: Callable[[str], float]  # USD for a unit of a currency
    price: Callable[[str], float | None]  # the last price of an instrument in its own currency
    multipliers: Mapping[str, float]  # units per contract by instrument, 1 where there is none


def asset_of(currency: str) -> str:
    """The asset that a currency is."""
    return f"{currency}{BASE}"


def currencies_of(position: Position) -> tuple[str, ...]:
    """A pair's two currencies, the one of cash, or () of an instrument with a price of its own."""
    called = position.facts.get("asset_class", "")
    kind = class_of(position.instrument, called)
    if kind is None or kind.asset_class != FX:
        return ()
    cash = cash_code(position.instrument, told=bool(called))
    return pair_of(position.instrument) or ((cash,) if cash else ())


def own_currency(position: Position, default: str) -> tuple[str, float]:
    """The currency in which an instrument moves, and its unit in it: pence are hundredths of pounds."""
    return major(position.facts.get("currency") or default)


def value(positions: Sequence[Position], quotes: Quotes, file: str, report: DataReport) -> Holdings:
    """Positions in USD.

    A position of V in another currency is V of the instrument, which moves in its own currency, and V of the currency;
    a pair of currencies is long the first and short the second.

    Args:
        positions: as read.
        quotes: prices and rates.
        file: of the positions.
        report: takes the lines.

    Raises:
        ScenarioError: a quantity without a price.
    """
    holdings, rows = Holdings(), dict[tuple[str, str], int]()
    for position in positions:
        name = (position.fund, position.instrument)
        rows[name] = rows.get(name, 0) + 1
        usd, fx = _usd(position, quotes, file, report), currencies_of(position)
        holdings.funds.setdefault(position.fund, {})
        if (usd == 0.0 and not position.greeks.curved) or fx == (BASE,):
            why = f"cash in {BASE} bears no risk" if fx == (BASE,) else "a position of 0"
            report.add(LEFT_OUT, ", ".join(name), f"{why} ({position.where})", rule=why)
            continue
        if position.greeks.curved or position.greeks.option:
            _add_options(holdings, position, fx, quotes, file, report)
        if position.greeks.option:
            holdings.add(position.fund, asset_of(fx[0]) if fx else position.instrument, usd)
            continue
        if not fx:
            holdings.add(position.fund, position.instrument, usd)
            code = own_currency(position, quotes.default)[0]
            legs = holdings.legs.setdefault(position.fund, {})
            legs[asset_of(code)] = legs.get(asset_of(code), 0.0) + usd
            fx = (code,)
        for code, sign in zip(fx, (1.0, -1.0), strict=False):
            if code != BASE:
                holdings.add(position.fund, asset_of(code), sign * usd)
    for name, count in rows.items():
        if count > 1:
            report.add(
                READ, ", ".join(name), f"{count} rows are added up", rule="rows of one fund and name are added up"
            )
    return holdings


def _add_options(
    holdings: Holdings, position: Position, fx: tuple[str, ...], quotes: Quotes, file: str, report: DataReport
) -> None:
    """Gamma and theta of a row in USD.

    Raises:
        ScenarioError: of a pair of currencies that is not one in USD.
    """
    if fx and (len(fx) != 2 or fx[0] == BASE or fx[1] != BASE):
        raise ScenarioError(
            f"{position.where}: options on {' and '.join(fx)} are not read",
            file=file,
            key=position.instrument,
            allowed="options on pairs such as EURUSD, whose second currency is the dollar",
        )
    own, unit = own_currency(position, quotes.default)
    greeks, rate = position.greeks, 1.0
    if not greeks.in_usd:
        rate = unit * quotes.rate(own)
    asset = asset_of(fx[0]) if fx else position.instrument
    what, name = "options by delta, gamma and theta", f"{position.fund}, {asset}"
    report.add(READ, name, f"{what} ({position.where})", rule=what)
    if greeks.option and own != BASE and not fx:
        what = f"what options earn in {own} is taken at today's rate; they bring no position in the currency"
        report.add(LIMITS, name, what, rule=what)
    holdings.add_options(position.fund, asset, greeks.gamma * rate, greeks.theta * rate)


def _usd(position: Position, quotes: Quotes, file: str, report: DataReport) -> float:
    own, unit = own_currency(position, quotes.default)
    by_price = _by_price(position, quotes)
    if position.value is None and by_price is None:
        raise ScenarioError(
            f"{position.where}: is a quantity without a price",
            file=file,
            key=position.instrument,
            value=position.quantity,
            allowed="--prices with prices (not returns), a column price, or a column of market values",
        )
    if position.value is None:
        return by_price or 0.0
    usd = position.value * (1.0 if position.in_usd else unit * quotes.rate(own))
    if by_price is not None and not math.isclose(usd, by_price, rel_tol=_NEAR, abs_tol=1.0):
        what = (
            f"quantity times price is {by_price:,.0f} USD, the stated value {usd:,.0f}: that counts ({position.where})"
        )
        rule = "quantity times price is not the stated value, which counts"
        report.add(LIMITS, f"{position.fund}, {position.instrument}", what, rule=rule)
    return usd


def _by_price(position: Position, quotes: Quotes) -> float | None:
    if position.quantity is None:
        return None
    fx = currencies_of(position)
    if fx:  # a quantity of the first currency
        return position.quantity * quotes.rate(fx[0])
    own, unit = own_currency(position, quotes.default)
    price = position.facts.get("price", quotes.price(position.instrument))
    if price is None:
        return None
    size = position.quantity * quotes.multipliers.get(position.instrument, 1.0)
    return float(size * price * unit * quotes.rate(own))
