"""What is taken where nobody has given a number: volumes, margin rates, volatilities and NAV, each with its grade."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from stress.own_book.classes import COMMODITY, CREDIT, CRYPTO, EQUITY, FX, OTHER, RATES
from stress.own_book.data_report import shown
from stress.own_book.matching import bare

TURNOVER = 0.01  # of market capitalisation, a day
DOF = 4.0
DOF_SOURCE = "maximum likelihood on daily closes of 20 assets, 2010-2025: 2.7 to 4.1 for shares, 6.7 for Treasuries"
MOST_LEVERAGE = 4.0
MARGIN_ROOM = 1.25

# Daily closes times volumes, October 2024 to March 2025, USD a day.
MEASURED = {
    **{"SPY": 29.3e9, "QQQ": 16.6e9, "IWM": 5.9e9, "HYG": 2.6e9, "TLT": 3.3e9, "NVDA": 32.7e9, "TSLA": 30.5e9},
    **{"AAPL": 11.2e9, "AVGO": 5.8e9, "MU": 2.1e9, "JPM": 2.3e9, "XOM": 1.7e9, "SPGI": 0.65e9},
}
# Shares by what all funds hold of one together, USD: whoever holds more of a name usually holds a larger name.
BY_SIZE = ((1e7, 50e6), (1e8, 300e6), (1e9, 1e9), (float("inf"), 3e9))
BY_CLASS = {CREDIT: 2e9, RATES: 50e9, COMMODITY: 10e9, CRYPTO: 10e9, OTHER: 1e9}
MAJORS = {"EUR", "JPY", "GBP", "AUD", "CAD", "CHF", "CNH", "CNY"}
OF_MAJORS, OF_OTHERS = 100e9, 10e9  # FX, a day

MARGIN = {EQUITY: 0.15, CREDIT: 0.10, RATES: 0.03, COMMODITY: 0.10, FX: 0.03, CRYPTO: 0.40, OTHER: 0.40}
MARGIN_SOURCE = {
    **{EQUITY: ("C", "prime brokers' base rate of 15 %"), CREDIT: ("C", "high-yield bonds, 10-15 %")},
    **{RATES: ("C", "Treasury futures, 1-3 % of notional"), COMMODITY: ("C", "crude futures, 8-12 %")},
    **{FX: ("D", "judgement"), CRYPTO: ("D", "judgement"), OTHER: ("D", "volatility futures, judgement")},
}
VOL = {EQUITY: 0.30, CREDIT: 0.06, RATES: 0.10, COMMODITY: 0.30, FX: 0.10, CRYPTO: 0.60, OTHER: 0.80}
LOADING = {EQUITY: 0.7, CREDIT: 0.7, RATES: -0.1, COMMODITY: 0.3, FX: 0.2, CRYPTO: 0.4, OTHER: -0.7}


PORTFOLIO_FLOOR = 0.10  # of gross, of funds on portfolio margin
_THIRDS = (1 / 3, 2 / 3, 1.0)  # a book of options may lose most at a move that is not the largest


class Assumed(NamedTuple):
    """A number, the rule that gave it, its grade and source."""

    value: float
    rule: str
    grade: str
    source: str


def key_of(table: str, name: str, key: str) -> str:
    """The dotted key of a row; its id stands in quotes where dots at its end or side by side would be lost."""
    return f"{table}.{name}.{key}" if all(name.split(".")) else f'{table}."{name}".{key}'


def volume(name: str, asset_class: str, held: float, market_cap: float | None = None) -> Assumed:
    """Average daily volume, USD.

    Args:
        name: of the instrument, or the code of a currency.
        asset_class: of it.
        held: USD that all funds hold of it together, long plus short.
        market_cap: USD, where it is known.
    """
    if market_cap is not None:
        rule = f"{TURNOVER:.0%} of market capitalisation"
        return Assumed(TURNOVER * market_cap, rule, "C", "US shares, 2025: 0.8 tn USD a day of 83 tn USD")
    measured = MEASURED.get(bare(name).upper())
    if measured is not None:
        return Assumed(
            measured, f"measured for {bare(name).upper()}", "C", "daily closes and volumes, Oct 2024-Mar 2025"
        )
    if asset_class == FX:
        of = OF_MAJORS if name in MAJORS else OF_OTHERS
        return Assumed(of, f"fx, {'major' if name in MAJORS else 'other'} currency", "D", "judgement")
    if asset_class != EQUITY:
        return Assumed(BY_CLASS[asset_class], f"class {asset_class}", "D", "judgement")
    step = next(n for n, (most, _) in enumerate(BY_SIZE) if held < most)
    lower, (upper, adv) = BY_SIZE[step - 1][0] if step else 0.0, BY_SIZE[step]
    size = f"{_mn(lower)} and more" if step + 1 == len(BY_SIZE) else f"{_mn(lower)} to {_mn(upper)}"
    return Assumed(adv, f"class equity, {size} held", "D", "judgement; large US shares trade 0.65 to 33 bn USD a day")


def _mn(usd: float) -> str:
    return f"{usd / 1e6:,.0f} mn USD"


def margin(asset_class: str) -> Assumed:
    """Base margin rate, a fraction."""
    grade, source = MARGIN_SOURCE[asset_class]
    return Assumed(MARGIN[asset_class], f"class {asset_class}", grade, source)


def portfolio_cases(classes: Iterable[str]) -> list[dict[str, float]]:
    """Moves by class for portfolio margin: thirds of margin rates up and down, of all classes and of each alone."""
    every = sorted(set(classes))
    groups = [every, *([kind] for kind in every if len(every) > 1)]
    return [
        {kind: round(sign * share * MARGIN[kind], 4) for kind in group}
        for group in groups
        for share in _THIRDS
        for sign in (-1.0, 1.0)
    ]


def volatility(asset_class: str) -> Assumed:
    """Annual volatility where there are no prices."""
    return Assumed(VOL[asset_class], f"class {asset_class}, no prices given", "D", "judgement")


def nav(gross: float, needed: float) -> Assumed:
    """NAV of a fund, USD: leverage of 4 at most, and a quarter of the requirement more than it.

    Args:
        gross: long plus short, USD.
        needed: margin requirement, USD.
    """
    by_gross, by_margin = gross / MOST_LEVERAGE, MARGIN_ROOM * needed
    which = "first" if by_gross >= by_margin else "second"
    usd = round(max(by_gross, by_margin), 2)
    rule = f"max(gross / {MOST_LEVERAGE:g}, {MARGIN_ROOM:g} x requirement), here the {which}: {shown(usd)}"
    return Assumed(usd, rule, "D", "judgement: give --funds")
