"""From files, or tables in memory, to a scenario of the user's own book with a report on the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stress.own_book import assumptions
from stress.own_book.assets import asset_rows
from stress.own_book.book import OwnBook
from stress.own_book.classes import class_of
from stress.own_book.currencies import BASE, CODES, major
from stress.own_book.data_report import LEFT_OUT, LIMITS, READ, Assumption, DataReport
from stress.own_book.estimating import HALF_LIFE, moves_together, put_volatilities
from stress.own_book.fund_rows import fund_rows
from stress.own_book.instruments import facts_of, with_ids
from stress.own_book.market import read_market
from stress.own_book.mending.rules import Rules
from stress.own_book.read.positions import Position, read_positions
from stress.own_book.read.price_table import Kind
from stress.own_book.read.sheet import Source
from stress.own_book.read.side_files import FundFacts, read_funds, read_volumes
from stress.own_book.settling import Settled
from stress.own_book.valuing import Quotes, asset_of, currencies_of, own_currency, value
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError

NAME = "book"


def from_book(
    positions: Source,
    prices: Source | None = None,
    volumes: Source | None = None,
    funds: Source | None = None,
    fx: Source | None = None,
    *,
    name: str = NAME,
    currency: str = BASE,
    kind: Kind = "auto",
    proxies: Mapping[str, str] | None = None,
    rules: Rules | None = None,
    half_life: float = HALF_LIFE,
    assumed: str | Path | None = None,
) -> OwnBook:
    """A scenario of one's own positions; nothing is written.

    Args:
        positions: of all funds: a CSV or Parquet file, or a DataFrame; long (fund, ticker, market value or quantity,
            currency, class, sector, region) or wide (tickers by funds).
        prices: daily prices or returns, wide or long, of any currency's pairs (`EURUSD`), too.
        volumes: average or daily volumes.
        funds: NAV by fund.
        fx: pairs of currencies.
        name: of the scenario.
        currency: of rows that name none.
        kind: what the numbers of `prices` are.
        proxies: column of the prices by instrument, where the names differ or there are no prices.
        rules: of mending, see `stress.own_book.mending.rules.Rules`.
        half_life: days, of the weights of volatilities.
        assumed: file of values in place of assumptions, as `assumed.csv` of a folder.

    Returns:
        `scenario` for `stress.run`, `report`, `returns`, and the parts.

    Raises:
        ScenarioError: data that can be read in two ways, or that no rule mends; names file, key and what is allowed.
        MissingExtra: a Parquet file, and pyarrow is not installed.

    Example:
        >>> import stress
        >>> book = stress.from_book("positions.csv", "prices.csv")  # doctest: +SKIP
        >>> tree = stress.run(book.scenario, paths=1e5)  # doctest: +SKIP
    """
    report = DataReport()
    settle = Settled(assumed, report)
    default = _default_currency(currency)
    sheet, read = read_positions(positions, report)
    rows = with_ids(read, report)
    facts = facts_of(sheet, rows, report)
    if not any("currency" in row.facts for row in rows):
        report.add(READ, sheet.name, f"no column of currencies: all is taken to be in {default}")
    plain = {row.instrument for row in rows if not currencies_of(row)}
    facts = {instrument: of for instrument, of in facts.items() if instrument in plain}
    of_funds = read_funds(funds, report) if funds is not None else {}
    needed = _currencies(rows, of_funds, default)
    classes = _classes(facts)
    market = read_market(prices, fx, kind, classes, needed, proxies or {}, rules or Rules(), report)
    multipliers = {instrument: of["multiplier"] for instrument, of in facts.items() if "multiplier" in of}
    quotes = Quotes(default, market.rate, market.price, multipliers)
    holdings = value(rows, quotes, sheet.name, report)
    held = {asset for positions_of in holdings.funds.values() for asset in positions_of}
    facts = {instrument: of for instrument, of in facts.items() if instrument in held}
    codes = [code for code in market.legs if asset_of(code) in held]
    if not held:
        raise sheet.error("holds no position that bears a risk", "a position other than cash in USD")

    def usd_price(instrument: str) -> float | None:
        price, (own, unit) = market.price(instrument), major(facts[instrument].get("currency", default))
        return None if price is None else price * unit * market.rate(own) * multipliers.get(instrument, 1.0)

    by_volume = read_volumes(volumes, report) if volumes is not None else {}
    for stranger in [instrument for instrument in by_volume if instrument not in facts]:
        report.add(LEFT_OUT, stranger, "a volume of what nobody holds", rule="volumes of what nobody holds")
    totals = {asset: holdings.total(asset) for asset in held}
    assets = asset_rows(facts, codes, totals, by_volume, usd_price, settle, report)
    returns = None if prices is None else market.asset_returns(facts, codes)
    put_volatilities(assets, returns, half_life, settle, report)
    together = moves_together(assets, returns, report)
    dof = settle.number(
        Assumption("shocks.dof", assumptions.DOF, "tails of daily returns", "C", assumptions.DOF_SOURCE)
    )
    rates = {row["id"]: row["margin"] for row in assets}
    own = fund_rows(rows, holdings, rates, of_funds, market.rate, settle, report)
    _limits(codes, assets, report)
    settle.finish()
    given = {"positions": positions, "prices": prices, "volumes": volumes, "funds": funds, "exchange rates": fx}
    sources = [f"{what}: {Path(x).name}" for what, x in given.items() if isinstance(x, str | Path)]
    book = OwnBook(name, tuple(sources), assets, together, own, dof, returns, report)
    build_problem(book.scenario)
    return book


def _default_currency(code: str) -> str:
    if major(code)[0] not in CODES:
        raise ScenarioError(
            "is no currency", file="--currency", key="", value=code, allowed="a code such as USD or EUR"
        )
    return code


def _classes(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    kinds = {name: class_of(name, of.get("asset_class", "")) for name, of in facts.items()}
    return {name: kind.asset_class for name, kind in kinds.items() if kind is not None}  # `facts_of` has refused others


def _currencies(rows: Sequence[Position], funds: Mapping[str, FundFacts], default: str) -> dict[str, str]:
    """Currencies other than the dollar, and who needs the rate of each."""
    found: dict[str, str] = {}
    for row in rows:
        for code in currencies_of(row) or (own_currency(row, default)[0],):
            found.setdefault(code, f"{row.instrument} ({row.where})")
    for name, facts in funds.items():
        found.setdefault(major(facts.currency or BASE)[0], f"the NAV of {name}")
    return {code: who for code, who in found.items() if code != BASE}


def _limits(codes: Sequence[str], assets: Sequence[Mapping[str, Any]], report: DataReport) -> None:
    """What the numbers leave out, a line each."""
    if codes:
        what = (
            "a position in them is one in the local price and one in the currency, the product of both moves left out"
        )
        report.add(LIMITS, "currencies", f"{', '.join(codes)}: {what}; they count in gross, not in net leverage")
    regions = {row["region"] for row in assets} - {"", "global"}
    if "asia" in regions and len(regions) > 1:
        report.add(
            LIMITS, "correlation", "markets that close at other hours look less alike by daily closes than they are"
        )
