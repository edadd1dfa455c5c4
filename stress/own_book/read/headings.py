"""What the columns of brokers', risk systems' and data vendors' files are called: one meaning, many headings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

Headings = Mapping[str, tuple[str, ...]]


def _lists(table: Mapping[str, str]) -> Headings:
    return {meaning: tuple(headings.split(", ")) for meaning, headings in table.items()}


# Meaning: headings, of which those that come first are taken where a file has several.
POSITIONS = _lists(
    {
        "fund": "fund, fund id, fund name, pod, portfolio, book, account, account id, clientaccountid, sub account, "
        "desk, sleeve, pm, manager, strategy, fonds, depot, mandat",
        "instrument": "ticker, symbol, asset, instrument, bloomberg ticker, bbg ticker, ric, security, security id, "
        "financial instrument, underlying, wertpapier, gattung, isin, cusip, sedol, figi, name, bezeichnung, "
        "description",
        "underlying": "underlying, underlying ticker, underlying symbol, underlier, underlying instrument, basiswert",
        "delta": "delta usd, dollar delta, delta, delta cash, cash delta, delta exposure, delta notional",
        "gamma": "gamma usd, dollar gamma, gamma, gamma cash, cash gamma",
        "theta": "theta usd, dollar theta, theta, theta day, daily theta",
        "usd": "position usd, market value usd, value usd, mv usd, exposure usd, net exposure usd, usd, notional usd, "
        "base market value, market value base, position value usd, marketvalueusd, usd value",
        "value": "market value, marketvalue, market value local, local market value, mv, value, position value, "
        "positionvalue, exposure, net exposure, notional, notional value, current value, mkt value, "
        "marktwert, kurswert",
        "quantity": "quantity, qty, shares, contracts, units, quantity held, net quantity, nominal, no of shares, "
        "share count, menge, stück, stueck, anzahl",
        "position": "position, pos, net position",  # a quantity beside a price or a value, else a value
        "price": "price, last price, last, close, close price, closing price, mark, mark price, px last, markprice, "
        "market price, local price, kurs",
        "multiplier": "multiplier, contract size, contract multiplier, point value, price multiplier",
        "side": "side, long short, l s, direction, buy sell, position side",
        "currency": "currency, ccy, curr, currencyprimary, currency code, local currency, trading currency, "
        "price currency, waehrung, währung",
        "asset_class": "asset class, assetclass, class, asset type, security type, instrument type, sec type, "
        "product type, type, anlageklasse, wertpapierart",
        "sector": "sector, sektor, gics sector, industry sector, industry group, industry, branche",
        "region": "region, country, country of risk, country of domicile, market, land",
        "adv": "adv, adv usd, average daily volume, average daily volume usd, 30d adv, adv 30d, adv 20d",
        "market_cap": "market cap, market cap usd, marketcap, market capitalisation, market capitalization",
        "margin": "margin, margin rate, haircut, margin pct",
        "nav": "nav, fund nav, aum, nav usd",
    }
)
PRICES = {
    **_lists(
        {
            "date": "date, day, business date, trade date, as of, asof, datetime, timestamp, time, datum",
            "return": "return, ret, returns, daily return, pct change, simple return",
            "log_return": "log return, logreturn, log ret",
        }
    ),
    "instrument": POSITIONS["instrument"],
    "price": ("adj close", "adjusted close", "close adj", *POSITIONS["price"], "value", "rate", "fx rate"),
}
VOLUMES = {
    "date": PRICES["date"],
    "instrument": POSITIONS["instrument"],
    "usd": (*POSITIONS["adv"], "dollar volume", "volume usd", "turnover", "turnover usd"),
    "shares": ("volume", "shares", "adv shares", "share volume", "average volume"),
}
FUNDS = {
    "fund": POSITIONS["fund"],
    "nav": (*POSITIONS["nav"], "net asset value", "equity", "capital"),
    "currency": POSITIONS["currency"],
    "strategy": ("strategy", "style"),
    "region": POSITIONS["region"],
}
TEXTS = {"fund", "instrument", "underlying", "side", "currency", "asset_class", "sector", "region", "date", "strategy"}
_TOTAL = re.compile(
    r"(grand |sub ?|fund |portfolio )?totals?( (long|short|gross|net|fund|portfolio|book|positions?|exposure|usd))?"
    r"|sum|summe|gesamt"
)


def plain(heading: object) -> str:
    """A heading in small letters, words apart by single blanks: "Market Value (USD)" is "market value usd"."""
    return " ".join(re.sub(r"[\W_]+", " ", str(heading).lower()).split())


def is_total(cell: object) -> bool:
    """Whether a cell or heading says that what stands beside it is a sum of others."""
    return bool(_TOTAL.fullmatch(plain(cell)))


def meanings(columns: Iterable[object], known: Headings) -> dict[str, object]:
    """Meaning -> the column that has it; of several, the one whose heading comes first in the list."""
    there: dict[str, object] = {}
    for column in columns:
        there.setdefault(plain(column), column)
    found: dict[str, object] = {}
    for meaning, headings in known.items():
        column = next((there[h] for h in headings if h in there and there[h] not in found.values()), None)
        if column is not None:
            found[meaning] = column
    return found


def is_text(column: object, known: Headings) -> bool:
    """Whether a column of this heading holds no numbers."""
    return any(plain(column) in headings for meaning, headings in known.items() if meaning in TEXTS)
